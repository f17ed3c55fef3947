//! The OpenAPI document, made from the routes and from the types that they take and give.
//!
//! Source: <https://spec.openapis.org/oas/v3.1.1.html>.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::fault::ErrorAnswer;
use crate::routes::{Gives, ROUTES, Route, Takes};

/// Where the document keeps schemas.
const SCHEMAS: &str = "/components/schemas";

/// The document.
pub(crate) fn document() -> Value {
    let settings = || SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = SCHEMAS.into());
    let mut generators = Generators {
        asked: settings().into_generator(),
        given: settings().for_serialize().into_generator(),
        inline: settings().with(|settings| settings.inline_subschemas = true).into_generator(),
    };
    let mut paths = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path.replace("{*", "{")).or_insert_with(|| json!({}));
        path[route.method] = operation(route, &mut generators);
    }
    let mut schemas = generators.asked.take_definitions(true);
    schemas.extend(generators.given.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "SILKNOW Image Retrieval",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Works of a collection that are similar to pictures, and what they say of them.",
            "license": { "name": env!("CARGO_PKG_LICENSE") },
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
        "security": [{}, { "token": [] }],
    })
}

/// What collects the schemas of types. A type that is given has all of its fields, one that is asked for may lack those with a default.
struct Generators {
    asked: SchemaGenerator,
    given: SchemaGenerator,
    /// For types whose fields stand by themselves.
    inline: SchemaGenerator,
}

fn operation(route: &Route, generators: &mut Generators) -> Value {
    let mut operation = json!({
        "summary": route.about,
        "operationId": operation_id(route),
        "responses": {
            "200": { "description": route.about, "content": given(route.gives, generators) },
            "default": {
                "description": "Why there is no answer",
                "content": { "application/json": { "schema": schema_of::<ErrorAnswer>(&mut generators.given) } },
            },
        },
    });
    let parameters = parameters(route, generators);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    let file = json!({ "type": "string", "format": "binary" });
    let form = |schema: Value| json!({ "multipart/form-data": { "schema": schema } });
    match route.takes {
        Takes::Nothing => {}
        Takes::File => {
            let schema = json!({ "type": "object", "properties": { "file": file }, "required": ["file"] });
            operation["requestBody"] = json!({ "required": true, "content": form(schema) });
        }
        Takes::Search(schema) => {
            let search = schema(&mut generators.asked);
            let files = json!({ "type": "array", "items": file });
            let mut content = form(json!({ "type": "object", "properties": { "query": search, "file": files } }));
            content["application/json"] = json!({ "schema": search });
            operation["requestBody"] = json!({ "required": true, "content": content });
        }
    }
    operation
}

fn given(gives: Gives, generators: &mut Generators) -> Value {
    match gives {
        Gives::Json(schema) => json!({ "application/json": { "schema": schema(&mut generators.given) } }),
        Gives::Other(kinds) => kinds.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect::<Map<_, _>>().into(),
    }
}

/// The parts of the path, and the fields of what the query string asks for.
fn parameters(route: &Route, generators: &mut Generators) -> Vec<Value> {
    let mut parameters = Vec::new();
    if route.path.ends_with("{*id}") {
        parameters.push(json!({
            "name": "id",
            "in": "path",
            "required": true,
            "description": "The image as answers name it, percent-encoded; its slashes may stay",
            "schema": { "type": "string" },
        }));
    }
    let schema = route.asks.map(|asks| asks(&mut generators.inline)).unwrap_or_default();
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        parameters.push(json!({ "name": name, "in": "query", "required": false, "schema": field }));
    }
    parameters
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The method and the words of the path.
fn operation_id(route: &Route) -> String {
    let words = route.path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    [route.method].into_iter().chain(words).collect::<Vec<_>>().join("_")
}
