//! What the program takes from its environment.

use crate::host;
use crate::place::Place;

/// A collection with one image on a host that only a proxy could know.
fn with_an_image_far_away() -> Place {
    let place = Place::new();
    place.write("table.csv", "image_file,weave\nhttp://museum.example/silk.jpg,twill\n");
    place
}

const CREATE: [&str; 5] = ["create-dataset", "--csvfile", "table.csv", "--minnumsamples", "1"];

#[test]
fn requests_go_through_the_proxy_of_the_environment() {
    // A host that is no proxy refuses, which shows that it was asked.
    let proxy = host::serve(Default::default());
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let place = with_an_image_far_away();
        let outcome = place.outcome(place.command(&CREATE).env(variable, &proxy.address).output().unwrap());
        assert_eq!(outcome.code, Some(3), "{outcome}");
        let list = std::fs::read_to_string(place.path().join("samples/data/download_failures.csv")).unwrap();
        assert!(list.contains("404"), "{variable}: {list}");
    }
}

#[test]
fn a_proxy_that_is_none_is_an_error_that_names_the_variables() {
    let place = with_an_image_far_away();
    let outcome = place.outcome(place.command(&CREATE).env("HTTPS_PROXY", "gopher://proxy").output().unwrap());
    assert_eq!(outcome.code, Some(2), "{outcome}");
    assert!(outcome.stderr.contains("HTTPS_PROXY"), "{outcome}");
    assert!(!place.path().join("samples").exists());
}

#[test]
fn without_a_network_the_error_says_which_weights_to_put_where() {
    let place = Place::new();
    place.write("silk.jpg", include_bytes!("../../crates/image/tests/reference/files/progressive.jpg"));
    let outcome = place.run(&["describe", "silk.jpg", "--backbone", "resnet18", "--weights", "imagenet"]);
    assert_eq!(outcome.code, Some(3), "{outcome}");
    assert!(outcome.stderr.contains("the ImageNet weights are not here and cannot be fetched"), "{outcome}");
    assert!(outcome.stderr.contains("put it at [FOLDER]/cache/resnet18.tv_in1k.safetensors"), "{outcome}");
}
