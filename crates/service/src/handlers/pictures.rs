//! `GET /api/v1/images/…`, `/api/v1/thumbnails/…` and `/api/v1/works/…`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::admission::compute;
use crate::app::App;
use crate::fault::Fault;
use crate::incoming::{Asked, ImageId};
use crate::json::Json;
use crate::page::is_known;
use crate::pictures::{Shown, tag};
use crate::queries::position;
use crate::request::{IndexChoice, ThumbnailChoice};
use crate::work::Work;

/// How long a browser may show a picture without asking again. Others than it may keep none, since a collection may be private.
const KEEP: &str = "private, max-age=3600";

/// The picture of an image.
pub(crate) async fn image(
    State(app): State<Arc<App>>,
    ImageId(id): ImageId,
    Asked(choice): Asked<IndexChoice>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let path = file(&app, choice.index.as_deref(), &id)?;
    picture(&app, path, &headers, |path| {
        let shown = Shown::of(path).map_err(|error| unreadable(&error))?;
        Ok((shown.kind, shown.content.into()))
    })
    .await
}

/// The thumbnail of an image.
pub(crate) async fn thumbnail(
    State(app): State<Arc<App>>,
    ImageId(id): ImageId,
    Asked(choice): Asked<ThumbnailChoice>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let path = file(&app, choice.index.as_deref(), &id)?;
    let (making, size) = (Arc::clone(&app), choice.size);
    picture(&app, path, &headers, move |path| {
        let made = making.thumbnails.get(path, size).map_err(|error| unreadable(&error))?;
        Ok(("image/jpeg", made))
    })
    .await
}

/// What is known of an image.
pub(crate) async fn work(
    State(app): State<Arc<App>>,
    ImageId(id): ImageId,
    Asked(choice): Asked<IndexChoice>,
) -> Result<Json<Work>, Fault> {
    let collection = app.collection(choice.index.as_deref())?;
    Ok(Json(Work::of(&collection, position(&collection, &id)?)))
}

/// The file of an image. An index names its images itself: what a client asks for is looked up, and never becomes a path.
fn file(app: &App, index: Option<&str>, id: &str) -> Result<PathBuf, Fault> {
    let collection = app.collection(index)?;
    Ok(collection.picture(position(&collection, id)?))
}

/// A picture that is made from a file, unless the client has it already.
async fn picture(
    app: &App,
    path: PathBuf,
    headers: &HeaderMap,
    make: impl FnOnce(&Path) -> Result<(&'static str, Arc<[u8]>), Fault> + Send + 'static,
) -> Result<Response, Fault> {
    let tag = tag(&path).map(|tag| format!("\"{tag}\""));
    let mut response = match &tag {
        Some(tag) if is_known(headers, tag) => StatusCode::NOT_MODIFIED.into_response(),
        _ => {
            let place = app.pictures.enter()?;
            let (kind, content) = compute(&place, move || make(&path)).await?;
            let body = axum::body::Bytes::from_owner(content);
            ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
        }
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(KEEP));
    if let Some(tag) = tag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// The log says which file it is; the client is told no path.
fn unreadable(error: &silknow_image_retrieval::Error) -> Fault {
    tracing::warn!(reason = error.in_one_line(), "a picture cannot be shown");
    Fault::new(StatusCode::NOT_FOUND, "no_picture", "the file of this picture is not there, or is damaged")
}
