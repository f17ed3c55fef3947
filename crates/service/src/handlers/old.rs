//! The two endpoints of the ADASilk server, as its page asks for them.

use std::sync::Arc;

use axum::extract::{Request, State};
use schemars::JsonSchema;
use serde::Serialize;
use silknow_image_retrieval::Search;

use crate::admission::{Place, compute};
use crate::app::App;
use crate::collection::Collection;
use crate::fault::Fault;
use crate::incoming::Incoming;
use crate::json::Json;
use crate::queries::describe_upload;
use crate::searching::{Query, nearest};

/// Objects in every list.
const OBJECTS: usize = 20;

/// The answer of the ADASilk server.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RetrieveAnswer {
    /// The addresses of the nearest objects in the index `visual`, nearest first.
    pub visual_uris: Vec<String>,
    /// The addresses of the nearest objects in the index `semantic`, nearest first.
    pub semantic_uris: Vec<String>,
}

/// `GET /api/status`: that the server is there.
pub(crate) async fn status() -> Json<&'static str> {
    Json("OK")
}

/// `POST /api/retrieve`: the nearest objects of an uploaded picture.
pub(crate) async fn retrieve(State(app): State<Arc<App>>, request: Request) -> Result<Json<RetrieveAnswer>, Fault> {
    let place = app.queue.enter()?;
    let incoming = Incoming::read(request, app.limits.upload_bytes).await?;
    let [upload] = incoming.uploads.as_slice() else {
        return Err(Fault::bad_request(format!("one picture is expected, and {} came", incoming.uploads.len()))
            .hint("send it as multipart/form-data in the field `file`"));
    };
    let all: Vec<Arc<Collection>> = app.holdings.all().collect();
    // A server with one index gives its answer under both names.
    let find = |name: &str| match all.as_slice() {
        [only] => Some(Arc::clone(only)),
        all => all.iter().find(|collection| collection.name == name).cloned(),
    };
    let (visual, semantic) = (find("visual"), find("semantic"));
    let is_one = matches!((&visual, &semantic), (Some(a), Some(b)) if Arc::ptr_eq(a, b));
    let visual_uris = addresses(&app, &place, visual.as_ref(), upload).await?;
    let semantic_uris =
        if is_one { visual_uris.clone() } else { addresses(&app, &place, semantic.as_ref(), upload).await? };
    Ok(Json(RetrieveAnswer { visual_uris, semantic_uris }))
}

/// The addresses of the nearest objects; none without an index.
async fn addresses(
    app: &Arc<App>,
    place: &Place,
    collection: Option<&Arc<Collection>>,
    upload: &axum::body::Bytes,
) -> Result<Vec<String>, Fault> {
    let Some(collection) = collection else { return Ok(Vec::new()) };
    let descriptor = describe_upload(app, place, collection, upload).await?;
    let collection = Arc::clone(collection);
    compute(place, move || {
        let mut search = Search::nearest(OBJECTS);
        search.group_by_object = true;
        let query = Query { descriptor, stored: Vec::new(), is: None };
        let hits = nearest(&collection, &query, &search)?;
        Ok(hits.iter().map(|hit| hit.record.object.address_or_id().to_owned()).collect())
    })
    .await
}
