//! Why a request has no answer: a status, and an error in JSON with a code, a sentence and a hint.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use silknow_image_retrieval::{Error, ErrorKind};

use crate::json::Json;

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) struct Fault {
    pub status: StatusCode,
    body: ErrorBody,
    retry_after_s: Option<u32>,
}

/// What every error consists of.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ErrorAnswer {
    error: ErrorBody,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ErrorBody {
    /// A word for programs, which stays the same.
    code: &'static str,
    /// What is wrong, for people.
    sentence: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The first character of a filter that does not fit, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
}

impl Fault {
    pub fn new(status: StatusCode, code: &'static str, sentence: impl Into<String>) -> Self {
        let body = ErrorBody { code, sentence: sentence.into(), hint: None, position: None };
        Self { status, body, retry_after_s: None }
    }

    /// A request that cannot be understood.
    pub fn bad_request(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", sentence)
    }

    /// A fault of the server. What happened is logged; the client is not told.
    pub fn internal(what: impl std::fmt::Display) -> Self {
        tracing::error!(%what, "a request failed by a fault of the server");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server failed to answer")
            .hint("the server's log says why")
    }

    /// A server that has too much to do.
    pub fn busy() -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "busy", "too many requests wait already").hint("ask again in a second").retry_after(1)
    }

    /// An upload above the limit.
    pub fn too_large(limit_bytes: u64) -> Self {
        let megabytes = limit_bytes as f64 / 1e6;
        let sentence = format!("a request may have up to {megabytes} MB");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", sentence).hint("send a smaller picture")
    }

    /// A filter that cannot be read, or names what the index does not have.
    pub fn filter(error: &Error) -> Self {
        let mut fault = Self::from_words(StatusCode::BAD_REQUEST, "bad_filter", error);
        fault.body.position = error.column().and_then(|column| column.parse().ok());
        fault
    }

    /// A picture that cannot be read. The error is that of its bytes, which names no file.
    pub fn picture(error: &Error) -> Self {
        let fault = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable_picture", error.in_one_line());
        fault.with_hint_of(error)
    }

    /// What the error of the library says, without the place, which is the server's affair.
    fn from_words(status: StatusCode, code: &'static str, error: &Error) -> Self {
        Self::new(status, code, error.message()).with_hint_of(error)
    }

    fn with_hint_of(mut self, error: &Error) -> Self {
        self.body.hint = error.hint_text().map(str::to_owned);
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.body.hint = Some(hint.into());
        self
    }

    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Configuration => Self::from_words(StatusCode::BAD_REQUEST, "bad_request", &error),
            ErrorKind::Data => Self::from_words(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", &error),
            _ => Self::internal(error),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorAnswer { error: self.body })).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // Browsers ask for a password then.
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"silknow\", charset=\"UTF-8\""),
            );
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
