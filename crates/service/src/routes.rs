//! All routes with what they ask for and answer, in one table: the router and the OpenAPI document are both made from it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use schemars::{Schema, SchemaGenerator};

use crate::app::App;
use crate::facets::Facets;
use crate::fault::Fault;
use crate::guard::{admit, catch_methods, watch};
use crate::handlers::{old, pictures, search, state};
use crate::listing::Listing;
use crate::page;
use crate::plane::Plane;
use crate::request::{ExportChoice, FacetChoice, IndexChoice, ListChoice, SearchRequest, ThumbnailChoice};
use crate::searching::SearchAnswer;
use crate::work::Work;

/// A route with what is said of it in the OpenAPI document.
pub(crate) struct Route {
    pub method: &'static str,
    /// As the router has it.
    pub path: &'static str,
    pub about: &'static str,
    /// The parameters of the query string.
    pub asks: Option<SchemaOf>,
    /// The body of the request.
    pub takes: Takes,
    /// The body of the answer.
    pub gives: Gives,
    handler: fn() -> MethodRouter<Arc<App>>,
}

/// The schema of a type, which it adds to a generator.
type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a request brings.
#[derive(Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    /// A search as JSON, or as a form with files.
    Search(SchemaOf),
    /// A form with one file.
    File,
}

/// What an answer is.
#[derive(Clone, Copy)]
pub(crate) enum Gives {
    Json(SchemaOf),
    /// Other content, of one of these kinds.
    Other(&'static [&'static str]),
}

fn schema<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

const PLAIN: Gives = Gives::Other(&["text/plain"]);

/// All routes of the API.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        method: "get",
        path: "/api/status",
        about: "That the server is there, as the ADASilk server says it",
        asks: None,
        takes: Takes::Nothing,
        gives: Gives::Json(schema::<String>),
        handler: || get(old::status),
    },
    Route {
        method: "post",
        path: "/api/retrieve",
        about: "The nearest objects of a picture, as the ADASilk server gives them",
        asks: None,
        takes: Takes::File,
        gives: Gives::Json(schema::<old::RetrieveAnswer>),
        handler: || post(old::retrieve),
    },
    Route {
        method: "get",
        path: "/api/v1/indexes",
        about: "The indexes that are served",
        asks: None,
        takes: Takes::Nothing,
        gives: Gives::Json(schema::<state::IndexesAnswer>),
        handler: || get(state::indexes),
    },
    Route {
        method: "post",
        path: "/api/v1/search",
        about: "The nearest works of pictures, and what they say of them",
        asks: None,
        takes: Takes::Search(schema::<SearchRequest>),
        gives: Gives::Json(schema::<SearchAnswer>),
        handler: || post(search::search),
    },
    Route {
        method: "post",
        path: "/api/v1/export",
        about: "The nearest works of pictures as a file",
        asks: Some(schema::<ExportChoice>),
        takes: Takes::Search(schema::<SearchRequest>),
        gives: Gives::Other(&["text/csv", "application/json"]),
        handler: || post(search::export),
    },
    Route {
        method: "get",
        path: "/api/v1/images/{*id}",
        about: "The picture of an image",
        asks: Some(schema::<IndexChoice>),
        takes: Takes::Nothing,
        gives: Gives::Other(&["image/jpeg", "image/png", "image/gif", "image/webp"]),
        handler: || get(pictures::image),
    },
    Route {
        method: "get",
        path: "/api/v1/thumbnails/{*id}",
        about: "The thumbnail of an image",
        asks: Some(schema::<ThumbnailChoice>),
        takes: Takes::Nothing,
        gives: Gives::Other(&["image/jpeg"]),
        handler: || get(pictures::thumbnail),
    },
    Route {
        method: "get",
        path: "/api/v1/works/{*id}",
        about: "What is known of an image",
        asks: Some(schema::<IndexChoice>),
        takes: Takes::Nothing,
        gives: Gives::Json(schema::<Work>),
        handler: || get(pictures::work),
    },
    Route {
        method: "get",
        path: "/api/v1/works",
        about: "The works of an index in its order, under a filter",
        asks: Some(schema::<ListChoice>),
        takes: Takes::Nothing,
        gives: Gives::Json(schema::<Listing>),
        handler: || get(state::works),
    },
    Route {
        method: "get",
        path: "/api/v1/facets",
        about: "The number of images of every class under a filter",
        asks: Some(schema::<FacetChoice>),
        takes: Takes::Nothing,
        gives: Gives::Json(schema::<Facets>),
        handler: || get(state::facets),
    },
    Route {
        method: "get",
        path: "/api/v1/map",
        about: "The images of an index on a plane, where similar ones lie close together",
        asks: Some(schema::<IndexChoice>),
        takes: Takes::Nothing,
        gives: Gives::Json(schema::<Plane>),
        handler: || get(state::map),
    },
    Route {
        method: "get",
        path: "/healthz",
        about: "That the server runs",
        asks: None,
        takes: Takes::Nothing,
        gives: PLAIN,
        handler: || get(state::healthz),
    },
    Route {
        method: "get",
        path: "/readyz",
        about: "That the server takes requests",
        asks: None,
        takes: Takes::Nothing,
        gives: PLAIN,
        handler: || get(state::readyz),
    },
    Route {
        method: "get",
        path: "/metrics",
        about: "What the server counted, for Prometheus",
        asks: None,
        takes: Takes::Nothing,
        gives: PLAIN,
        handler: || get(state::metrics),
    },
];

/// The router with all routes and the layers around them. `document` is the OpenAPI document.
pub(crate) fn router(app: &Arc<App>, document: String) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    let document: Arc<str> = document.into();
    router
        .route("/api/v1/openapi.json", get(async move || json_text(&document)))
        .route("/", get(page::index))
        .route("/assets/{digest}/{*name}", get(page::asset))
        .fallback(async |request: Request| {
            let sentence = format!("there is no `{}`", request.uri().path());
            Fault::new(StatusCode::NOT_FOUND, "not_found", sentence).hint("/api/v1/openapi.json lists what there is")
        })
        .layer(from_fn(catch_methods))
        .layer(from_fn_with_state(Arc::clone(app), admit))
        .layer(from_fn_with_state(Arc::clone(app), watch))
        .with_state(Arc::clone(app))
}

fn json_text(text: &str) -> impl axum::response::IntoResponse + use<> {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], text.to_owned())
}
