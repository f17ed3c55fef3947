//! The OpenAPI document.

use serde_json::Value;
use silknow_service::openapi_document;

use crate::workshop::{Served, Workshop};

#[test]
fn the_document_is_the_one_that_is_reviewed() {
    insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&openapi_document()).unwrap());
}

#[test]
fn every_reference_leads_to_a_schema() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = openapi_document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "only {} references", found.len());
    for reference in found {
        let path = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(path).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn the_server_gives_the_document_and_answers_each_of_its_paths() {
    let served = Served::start(Workshop::get().settings());
    let document = served.client.get("/api/v1/openapi.json").ok();
    assert_eq!(document, openapi_document());
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", &Workshop::get().id(0));
        for method in methods.as_object().unwrap().keys() {
            let answer = served.client.send(method.to_uppercase().parse().unwrap(), &path, &[], Vec::new());
            let is_absent = answer.status == 404 && answer.code() != "no_map";
            assert!(!is_absent && ![405, 500].contains(&answer.status), "{method} {path}: {}", answer.text());
        }
    }
}
