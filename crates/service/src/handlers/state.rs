//! What is served and how the server is: indexes, facets, health, metrics.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use silknow_image_retrieval::Index;

use crate::admission::compute;
use crate::app::App;
use crate::collection::Collection;
use crate::facets::{Facet, Facets, by_class};
use crate::fault::Fault;
use crate::incoming::Asked;
use crate::json::Json;
use crate::listing::Listing;
use crate::plane::Plane;
use crate::request::{FacetChoice, IndexChoice, ListChoice};
use crate::searching::{filter, page_size};

/// The indexes that are served.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct IndexesAnswer {
    /// The indexes; the first is searched where a request names none.
    indexes: Vec<IndexAnswer>,
    /// Whether requests may name addresses of pictures.
    addresses: bool,
    /// The largest upload, in bytes.
    upload_bytes: u64,
}

/// An index that is served.
#[derive(Debug, Serialize, JsonSchema)]
struct IndexAnswer {
    /// Its name in requests.
    name: String,
    /// Objects that its images show.
    works: usize,
    /// Its images.
    images: usize,
    /// The length of its descriptors.
    descriptor_length: usize,
    /// Tells its model from others.
    fingerprint: String,
    /// Its variables, with the number of images of every class.
    variables: Vec<Facet>,
    /// Whether there is a map of it.
    map: bool,
}

impl IndexAnswer {
    fn of(collection: &Collection) -> Self {
        let records = || collection.records().iter().map(|record| &**record);
        let variables = collection.vocabulary().variables.iter().enumerate();
        Self {
            name: collection.name.clone(),
            works: collection.works(),
            images: collection.records().len(),
            descriptor_length: collection.index().dims(),
            fingerprint: collection.describer.fingerprint().to_owned(),
            variables: variables.map(|(v, variable)| by_class(variable, v, records())).collect(),
            map: collection.points().is_some(),
        }
    }
}

/// The indexes that are served.
pub(crate) async fn indexes(State(app): State<Arc<App>>) -> Result<Json<IndexesAnswer>, Fault> {
    let place = app.queue.enter()?;
    let counting = Arc::clone(&app);
    let indexes = compute(&place, move || Ok(counting.holdings.all().map(|it| IndexAnswer::of(&it)).collect())).await?;
    let (addresses, upload_bytes) = (app.addresses.is_some(), app.limits.upload_bytes);
    Ok(Json(IndexesAnswer { indexes, addresses, upload_bytes }))
}

/// The number of images of every class under a filter.
pub(crate) async fn facets(
    State(app): State<Arc<App>>,
    Asked(choice): Asked<FacetChoice>,
) -> Result<Json<Facets>, Fault> {
    let place = app.queue.enter()?;
    let collection = app.collection(choice.index.as_deref())?;
    let filter = filter(choice.filter.as_deref(), &collection)?;
    compute(&place, move || Facets::of(&collection, &filter)).await.map(Json)
}

/// The map of an index.
pub(crate) async fn map(State(app): State<Arc<App>>, Asked(choice): Asked<IndexChoice>) -> Result<Json<Plane>, Fault> {
    let place = app.queue.enter()?;
    let collection = app.collection(choice.index.as_deref())?;
    compute(&place, move || {
        let absent = || Fault::new(StatusCode::NOT_FOUND, "no_map", "there is no map of this index");
        Plane::of(&collection).ok_or_else(|| absent().hint("run build-map with the folder of the index"))
    })
    .await
    .map(Json)
}

/// The works of an index in its order.
pub(crate) async fn works(
    State(app): State<Arc<App>>,
    Asked(choice): Asked<ListChoice>,
) -> Result<Json<Listing>, Fault> {
    let place = app.queue.enter()?;
    let collection = app.collection(choice.index.as_deref())?;
    let filter = filter(choice.filter.as_deref(), &collection)?;
    let k = page_size(choice.k, app.defaults)?;
    compute(&place, move || {
        let matcher = filter.resolve(collection.vocabulary()).map_err(|error| Fault::filter(&error))?;
        Ok(Listing::of(&collection, &matcher, choice.offset, k))
    })
    .await
    .map(Json)
}

/// That the server runs.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// That the server takes requests.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    if app.ends.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server ends\n").into_response();
    }
    "ready\n".into_response()
}

/// What the server counted.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let images: Vec<(String, usize)> =
        app.holdings.all().map(|collection| (collection.name.clone(), collection.records().len())).collect();
    let text = app.metrics.to_text(&images, app.queue.taken());
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"))], text).into_response()
}
