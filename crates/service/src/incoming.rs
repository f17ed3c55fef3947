//! Reading requests: query strings, JSON, forms with files. Nothing of them is kept.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError};
use serde::de::DeserializeOwned;

use crate::fault::Fault;
use crate::form::{Part, boundary, parts};
use crate::request::SearchRequest;

/// The longest JSON of a request, in bytes.
const MOST_JSON_BYTES: usize = 1 << 20;

/// The most files of one request.
pub(crate) const MOST_UPLOADS: usize = 8;

/// How many times the limit of an upload is read, and not kept, before the connection is closed.
const MOST_PASSED_OVER: u64 = 4;

/// What a query string asks for.
pub(crate) struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let read = Query::try_from_uri(&parts.uri).map_err(|rejection| Fault::bad_request(rejection.body_text()))?;
        Ok(Self(read.0))
    }
}

/// The image that a path names.
pub(crate) struct ImageId(pub String);

impl<S: Send + Sync> FromRequestParts<S> for ImageId {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let read = Path::from_request_parts(parts, state).await;
        let Path(id) = read.map_err(|rejection| Fault::bad_request(rejection.body_text()))?;
        Ok(Self(id))
    }
}

/// A search with the files that came with it.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub search: SearchRequest,
    /// The contents of the files, in their order.
    pub uploads: Vec<Bytes>,
}

impl Incoming {
    /// Reads the body of a request: the JSON of a search, or a form with files named `file` and, where more is to be said, that JSON
    /// in the field `query`.
    pub async fn read(request: Request, limit_bytes: u64) -> Result<Self, Fault> {
        let length: Option<u64> = stated(&request, header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        if length.is_some_and(|length| length > limit_bytes) {
            pass_over(request, limit_bytes.saturating_mul(MOST_PASSED_OVER)).await;
            return Err(Fault::too_large(limit_bytes));
        }
        let kind = stated(&request, header::CONTENT_TYPE).unwrap_or_default().to_owned();
        if let Some(boundary) = boundary(&kind) {
            return read_form(request, boundary, limit_bytes).await;
        }
        if kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
            let limit = MOST_JSON_BYTES.min(usize::try_from(limit_bytes).unwrap_or(usize::MAX));
            return Ok(Self { search: parsed(&body(request, limit).await?)?, uploads: Vec::new() });
        }
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Err(Fault::new(status, "unsupported_media_type", "the request is neither JSON nor a form")
            .hint("send application/json, or multipart/form-data with the picture in the field `file`"))
    }
}

/// Reads what is too large without keeping it: a client that is still sending would see a broken connection in place of the answer.
async fn pass_over(request: Request, limit_bytes: u64) {
    let mut body = request.into_body();
    let mut passed = 0;
    while let Some(Ok(frame)) = body.frame().await {
        passed += frame.data_ref().map_or(0, |data| data.len() as u64);
        if passed > limit_bytes {
            return;
        }
    }
}

/// What a header of a request says.
fn stated(request: &Request, name: HeaderName) -> Option<&str> {
    request.headers().get(name)?.to_str().ok()
}

async fn read_form(request: Request, boundary: &str, limit_bytes: u64) -> Result<Incoming, Fault> {
    let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
    let form = body(request, limit).await?;
    let parts = parts(&form, boundary, MOST_UPLOADS + 1);
    let parts = parts.map_err(|reason| Fault::bad_request(format!("the form cannot be read: {reason}")))?;
    let (mut search, mut uploads) = (None, Vec::new());
    for Part { name, content } in parts {
        match name.as_str() {
            "file" if uploads.len() == MOST_UPLOADS => {
                return Err(Fault::bad_request(format!("a form may have up to {MOST_UPLOADS} files")));
            }
            "file" => uploads.push(content),
            "query" if search.is_some() => return Err(Fault::bad_request("the form has the field `query` twice")),
            "query" => search = Some(parsed(&content)?),
            other => {
                return Err(Fault::bad_request(format!("the form has an unknown field `{other}`"))
                    .hint("pictures are in fields named `file`, everything else is JSON in the field `query`"));
            }
        }
    }
    let search = search.map_or_else(|| parsed(b"{}"), Ok)?;
    Ok(Incoming { search, uploads })
}

/// The whole body of a request.
async fn body(request: Request, limit: usize) -> Result<Bytes, Fault> {
    to_bytes(request.into_body(), limit).await.map_err(|error| {
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            if error.is::<LengthLimitError>() {
                return Fault::too_large(limit as u64);
            }
            cause = error.source();
        }
        Fault::bad_request("the request ended before its body was whole")
    })
}

fn parsed(json: &[u8]) -> Result<SearchRequest, Fault> {
    serde_json::from_slice(json).map_err(|cause| {
        Fault::bad_request(format!("the JSON of the request cannot be read: {cause}"))
            .hint("/api/v1/openapi.json describes requests")
    })
}
