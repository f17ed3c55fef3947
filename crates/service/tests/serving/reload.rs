//! An index that changes while it is served.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use silknow_image_retrieval::{Filter, Index, Map, Silent};
use silknow_service::{NamedIndex, Settings};

use crate::workshop::{Served, Workshop};

/// Longer than any machine takes to read a small index.
const PATIENCE: Duration = Duration::from_secs(30);

fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_changed_index_takes_the_place_of_the_old_one_and_a_broken_one_is_refused() {
    let workshop = Workshop::get();
    let treepath = workshop.path("changing");
    fs::create_dir_all(&treepath).unwrap();
    let mut index = workshop.memory();
    let all = index.len();
    index.save(&treepath).unwrap();
    let named = NamedIndex { name: "silk".into(), treepath: treepath.clone(), model_path: workshop.path("model") };
    let served = Served::start(Settings::new(vec![named]));
    let images = || served.client.get("/api/v1/indexes").ok()["indexes"][0]["images"].as_u64().unwrap() as usize;
    let metric = |line: &str| served.client.get("/metrics").text().lines().any(|it| it == line);
    assert_eq!(images(), all);

    // The files are looked at every few seconds; nobody has to ask.
    index.remove(&Filter::parse(&format!("image={}", index.records()[0].name)).unwrap()).unwrap();
    index.save(&treepath).unwrap();
    wait_for("the reading of the changed index", || images() == all - 1);

    let has_map = || served.client.get("/api/v1/map").status == 200;
    assert!(!has_map());
    Map::of(&index, 5, 1, &Silent).unwrap().write(&treepath).unwrap();
    wait_for("the reading of the map", has_map);
    assert_eq!(served.client.get("/api/v1/map").ok()["points"].as_array().unwrap().len(), all - 1);

    fs::write(treepath.join("kdtree.npz"), b"no index").unwrap();
    served.reload.store(true, Ordering::Relaxed);
    wait_for("the refusal of the broken index", || metric("silknow_refused_reloads_total 1"));
    assert_eq!(images(), all - 1);

    workshop.memory().save(&treepath).unwrap();
    served.reload.store(true, Ordering::Relaxed);
    wait_for("the reading of the mended index", || images() == all);
}
