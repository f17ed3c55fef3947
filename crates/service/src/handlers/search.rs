//! `POST /api/v1/search` and `POST /api/v1/export`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::admission::{Place, compute};
use crate::app::App;
use crate::collection::Collection;
use crate::export::{csv, iiif};
use crate::fault::Fault;
use crate::incoming::{Asked, Incoming};
use crate::json::Json;
use crate::pictures::size_px;
use crate::queries::{position, query};
use crate::request::{ExportChoice, ExportFormat};
use crate::searching::{Plan, SearchAnswer, answer};

/// The nearest works of what the request names.
pub(crate) async fn search(State(app): State<Arc<App>>, request: Request) -> Result<Json<SearchAnswer>, Fault> {
    let place = app.queue.enter()?;
    found(&app, &place, request).await.map(|(_, answer)| Json(answer))
}

/// The nearest works as a file.
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    Asked(choice): Asked<ExportChoice>,
    request: Request,
) -> Result<Response, Fault> {
    let place = app.queue.enter()?;
    let base = base(request.headers(), app.access.behind_proxy);
    let (collection, answer) = found(&app, &place, request).await?;
    let (kind, name, content) = match choice.format {
        ExportFormat::Csv => {
            ("text/csv; charset=utf-8", "works.csv", csv::table(&answer, &collection.vocabulary().names())?)
        }
        ExportFormat::Json => ("application/json", "works.json", to_json(&answer)?),
        ExportFormat::Iiif => {
            let manifest = compute(&place, move || {
                let size = |id: &str| Ok(size_px(&collection.picture(position(&collection, id)?)).unwrap_or((1, 1)));
                let sizes = answer.hits.iter().map(|hit| size(&hit.work.image)).collect::<Result<Vec<_>, Fault>>()?;
                to_json(&iiif::manifest(&answer, &base, &sizes))
            });
            ("application/json", "manifest.json", manifest.await?)
        }
    };
    let mut response = content.into_response();
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")).map_err(Fault::internal)?;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

async fn found(app: &Arc<App>, place: &Place, request: Request) -> Result<(Arc<Collection>, SearchAnswer), Fault> {
    let incoming = Incoming::read(request, app.limits.upload_bytes).await?;
    // Taken once, so that the whole request sees one state of the index.
    let collection = app.collection(incoming.search.index.as_deref())?;
    let plan = Plan::of(&incoming.search, &collection, app.defaults)?;
    let query = query(app, place, &collection, &incoming).await?;
    let searched = Arc::clone(&collection);
    let answer = compute(place, move || answer(&searched, &query, &plan)).await?;
    Ok((collection, answer))
}

fn to_json(value: &impl serde::Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec_pretty(value).map_err(Fault::internal)
}

/// Where clients reach the server: the host was checked before.
fn base(headers: &HeaderMap, behind_proxy: bool) -> String {
    let stated = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_secure = behind_proxy && stated("x-forwarded-proto") == Some("https");
    format!("{}://{}", if is_secure { "https" } else { "http" }, stated("host").unwrap_or("localhost"))
}
