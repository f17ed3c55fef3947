//! Requests that cannot be answered: each has a status, a code, a sentence.

use serde_json::json;
use ureq::http::Method;

use crate::workshop::{Served, Workshop};

#[test]
fn a_request_that_cannot_be_answered_is_told_why() {
    let workshop = Workshop::get();
    let served = Served::start(workshop.settings());
    let client = &served.client;
    for (request, status, code) in [
        (json!({}), 400, "bad_request"),
        (json!({ "image": "nothing.jpg" }), 404, "no_such_image"),
        (json!({ "image": workshop.id(0), "index": "nothing" }), 404, "no_such_index"),
        (json!({ "image": workshop.id(0), "kk": 3 }), 400, "bad_request"),
        (json!({ "image": workshop.id(0), "k": 0 }), 400, "bad_request"),
        (json!({ "image": workshop.id(0), "k": 1001 }), 400, "bad_request"),
        (json!({ "image": workshop.id(0), "offset": 10_000 }), 400, "bad_request"),
        (json!({ "image": workshop.id(0), "vote": "loud" }), 400, "bad_request"),
        (json!({ "image": workshop.id(0), "vote": "weighted" }), 400, "bad_request"),
        (json!({ "queries": [{ "upload": 0 }] }), 400, "bad_request"),
        (json!({ "queries": [{ "image": workshop.id(0), "upload": 0 }] }), 400, "bad_request"),
        (json!({ "queries": [{ "image": workshop.id(0), "weight": 0 }] }), 400, "bad_request"),
        (json!({ "queries": [{ "image": workshop.id(0), "region": [0.5, 0.5, 0.6, 0.1] }] }), 400, "bad_request"),
        (json!({ "queries": [{ "address": "http://127.0.0.1/a.jpg" }] }), 403, "no_addresses"),
        (json!({ "image": workshop.id(0), "queries": [{ "upload": 0 }] }), 400, "bad_request"),
        (json!([1]), 400, "bad_request"),
    ] {
        let answer = client.post_json("/api/v1/search", &request);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{request}: {}", answer.text());
    }
    let filter = client.post_json("/api/v1/search", &json!({ "image": workshop.id(0), "filter": "place=" }));
    assert_eq!((filter.status, filter.code().as_str()), (400, "bad_filter"));
    assert_eq!(filter.json()["error"]["position"], 7);
    let filter = client.get("/api/v1/facets?filter=nothing%3D1");
    assert_eq!((filter.status, filter.code().as_str()), (400, "bad_filter"));
    assert_eq!(client.get("/api/v1/facets?filtre=x").code(), "bad_request");

    assert_eq!(client.get("/nothing").code(), "not_found");
    assert_eq!(client.get("/api/v1/search").code(), "method_not_allowed");
    let text = client.send(Method::POST, "/api/v1/search", &[("content-type", "text/plain")], b"x".to_vec());
    assert_eq!((text.status, text.code().as_str()), (415, "unsupported_media_type"));
    let torn = [("content-type", "multipart/form-data; boundary=x")];
    assert_eq!(client.send(Method::POST, "/api/v1/search", &torn, b"--x\r\nnonsense".to_vec()).code(), "bad_request");
}

#[test]
fn pictures_that_cannot_be_read_and_uploads_above_the_limit_are_refused() {
    let workshop = Workshop::get();
    let mut settings = workshop.settings();
    settings.limits.upload_bytes = 200_000;
    let served = Served::start(settings);
    let post = |content: &[u8]| served.client.post_files("/api/v1/search", &[content], None);
    for broken in [b"".as_slice(), b"<html>", &std::fs::read(workshop.picture(0)).unwrap()[..700]] {
        let answer = post(broken);
        assert_eq!((answer.status, answer.code().as_str()), (422, "unreadable_picture"), "{}", answer.text());
        assert!(!answer.text().contains("silknow-service"), "a path of the server is told: {}", answer.text());
    }
    let answer = post(&vec![0; 300_000]);
    assert_eq!((answer.status, answer.code().as_str()), (413, "too_large"));
    let pictures = vec![b"x".as_slice(); 9];
    assert_eq!(served.client.post_files("/api/v1/search", &pictures, None).code(), "bad_request");
    // The server still answers.
    assert_eq!(served.client.get("/healthz").status, 200);
}
