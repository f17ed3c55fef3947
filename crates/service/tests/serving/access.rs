//! Who may ask, and what every answer says to browsers.

use serde_json::json;
use silknow_image_retrieval::Policy;
use ureq::http::Method;

use crate::workshop::{Served, Workshop};

#[test]
fn every_answer_has_the_headers_that_keep_a_page_to_itself() {
    let served = Served::start(Workshop::get().settings());
    for path in ["/", "/api/status", "/nothing", "/healthz"] {
        let answer = served.client.get(path);
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

#[test]
fn hosts_and_origins_that_are_not_listed_are_refused() {
    let mut settings = Workshop::get().settings();
    settings.access.names = vec!["silk.example".into()];
    settings.access.origins = vec!["https://museum.example".into()];
    let served = Served::start(settings);
    let client = &served.client;
    let status = |host: &str| client.get_with("/api/status", &[("host", host)]).status;
    assert_eq!((status("silk.example"), status("localhost:80"), status("evil.example")), (200, 200, 421));
    assert_eq!(client.get_with("/healthz", &[("host", "10.1.2.3.nip.example")]).status, 200);

    let listed = client.get_with("/api/status", &[("origin", "https://museum.example")]);
    assert_eq!(listed.header("access-control-allow-origin"), "https://museum.example");
    let other = client.get_with("/api/status", &[("origin", "https://evil.example")]);
    assert_eq!((other.status, other.header("access-control-allow-origin")), (200, ""));
    let preflight = |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        client.send(Method::OPTIONS, "/api/v1/search", &headers, Vec::new())
    };
    let allowed = preflight("https://museum.example");
    assert_eq!((allowed.status, allowed.header("access-control-allow-methods")), (204, "GET, POST"));
    assert_eq!(preflight("https://evil.example").code(), "foreign_origin");

    let cross = [("content-type", "application/json"), ("sec-fetch-site", "cross-site")];
    assert_eq!(client.send(Method::POST, "/api/v1/search", &cross, b"{}".to_vec()).code(), "foreign_origin");
}

#[test]
fn a_private_instance_wants_its_token() {
    let mut settings = Workshop::get().settings();
    settings.access.token = Some("open sesame".into());
    let served = Served::start(settings);
    let stranger = served.client.without_token();
    let refused = stranger.get("/api/v1/indexes");
    assert_eq!((refused.status, refused.code().as_str()), (401, "no_token"));
    assert!(refused.header("www-authenticate").starts_with("Basic"));
    assert_eq!(stranger.get("/").status, 401);
    assert_eq!(stranger.get_with("/api/status", &[("authorization", "Bearer open")]).status, 401);
    assert_eq!(stranger.get("/healthz").status, 200);
    assert_eq!(served.client.get("/api/v1/indexes").status, 200);
}

#[test]
fn a_client_that_asks_too_often_is_told_when_to_come_again() {
    let mut settings = Workshop::get().settings();
    settings.limits.requests_per_second = 0.01;
    let served = Served::start(settings);
    assert_eq!(served.client.get("/api/status").status, 200);
    let refused = served.client.get("/api/status");
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_requests"));
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 10);
    assert_eq!(served.client.get("/healthz").status, 200);
}

#[test]
fn addresses_of_this_machine_and_of_private_networks_are_not_fetched() {
    let mut settings = Workshop::get().settings();
    settings.addresses = Some(Policy::default());
    let served = Served::start(settings);
    for address in [
        format!("http://{}/api/status", served.client.address()),
        "http://localhost/a.jpg".to_owned(),
        "http://2130706433/a.jpg".to_owned(),
        "http://10.0.0.1/a.jpg".to_owned(),
        "http://[::1]/a.jpg".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let answer = served.client.post_json("/api/v1/search", &json!({ "queries": [{ "address": address }] }));
        assert_eq!((answer.status, answer.code().as_str()), (422, "unreachable_address"), "{}", answer.text());
    }
}
