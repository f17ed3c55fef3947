//! Pictures, thumbnails, the page, and what no path leads to.

use serde_json::json;

use crate::workshop::{Served, Workshop};

#[test]
fn pictures_and_thumbnails_are_those_of_the_index() {
    let workshop = Workshop::get();
    let served = Served::start(workshop.settings());
    let answer = served.client.post_json("/api/v1/search", &json!({ "image": workshop.id(1), "k": 1 })).ok();
    let hit = &answer["hits"][0];
    let picture = served.client.get(hit["picture"].as_str().unwrap());
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/jpeg"));
    assert_eq!(picture.body, std::fs::read(workshop.picture(1)).unwrap());
    assert_eq!(picture.header("x-content-type-options"), "nosniff");

    let thumbnail = served.client.get(&format!("{}&size=100", hit["thumbnail"].as_str().unwrap()));
    let (width, height) = silknow_image_retrieval::decode_bytes(&thumbnail.body).unwrap().dimensions();
    assert_eq!((thumbnail.status, width.max(height)), (200, 160));
    let again = served.client.get_with(
        &format!("{}&size=100", hit["thumbnail"].as_str().unwrap()),
        &[("if-none-match", thumbnail.header("etag"))],
    );
    assert_eq!((again.status, again.body.len()), (304, 0));

    let work = served.client.get(&format!("/api/v1/works/{}", workshop.id(1))).ok();
    assert_eq!(work["labels"], hit["labels"]);
    assert_eq!(work["distance"], serde_json::Value::Null);
}

#[test]
fn no_path_leads_to_another_file() {
    let workshop = Workshop::get();
    let served = Served::start(workshop.settings());
    for id in [
        "../../collection/export.csv",
        "..%2f..%2fcollection%2fexport.csv",
        "%2e%2e/%2e%2e/collection/export.csv",
        "%252E%252E/export.csv",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..%5c..%5cetc%5cpasswd",
        "nothing.jpg",
        "%00",
        "a%ff",
    ] {
        for kind in ["images", "thumbnails", "works"] {
            let answer = served.client.get(&format!("/api/v1/{kind}/{id}"));
            assert!([400, 404].contains(&answer.status), "{kind} {id}: {} {}", answer.status, answer.text());
            assert!(
                ["bad_request", "no_such_image", "not_found"].contains(&answer.code().as_str()),
                "{}",
                answer.text()
            );
        }
    }
    for path in ["/assets/x/../../Cargo.toml", "/assets/x/%2e%2e/%2e%2e/Cargo.toml", "/assets/x/Cargo.toml"] {
        assert_eq!(served.client.get(path).status, 404, "{path}");
    }
}
