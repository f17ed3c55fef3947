//! What searches answer.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use silknow_image_retrieval::config::{DeviceChoice, Precision, VoteRule};
use silknow_image_retrieval::{Context, Filter, Index, Search, SearchParameters, Silent, decode, search};
use silknow_service::Settings;

use crate::workshop::{Served, Workshop};

/// Names and distances of an answer, with every bit of the latter.
fn hits(answer: &Value) -> Vec<(String, u32)> {
    let hit = |hit: &Value| {
        let distance = hit["distance"].as_f64().unwrap() as f32;
        (hit["image"].as_str().unwrap().to_owned(), distance.to_bits())
    };
    answer["hits"].as_array().unwrap().iter().map(hit).collect()
}

/// The same of what the operation `search` finds for a picture of the index.
fn found_by_search(position: usize, change: impl FnOnce(&mut Search)) -> Vec<(String, u32)> {
    let workshop = Workshop::get();
    let mut search_of = Search::nearest(10);
    change(&mut search_of);
    let parameters = SearchParameters {
        queries: vec![workshop.picture(position)],
        treepath: workshop.path("index"),
        model_path: workshop.path("model"),
        search: search_of,
        vote: VoteRule::Majority,
        vote_temperature: None,
        confidence_threshold: 0.0,
        html: None,
        explained: 0,
        batch_size: 32,
        device: DeviceChoice::Auto,
        precision: Precision::F32,
    };
    let summary = search(&parameters, &Context::new(&Silent, &workshop.path("cache"))).unwrap();
    let name = |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    summary.results[0].neighbours.iter().map(|it| (name(&it.image), it.distance.to_bits())).collect()
}

#[test]
fn sixteen_clients_see_what_search_finds_to_the_bit_while_the_index_is_read_anew() {
    let workshop = Workshop::get();
    let served = Served::start(workshop.settings());
    let expected: Vec<_> = (0..8).map(|position| found_by_search(position, |_| {})).collect();
    let reads_on = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while reads_on.load(Ordering::Relaxed) {
                served.reload.store(true, Ordering::Relaxed);
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        });
        let asking: Vec<_> = (0..16)
            .map(|client| {
                let (served, expected) = (&served, &expected);
                scope.spawn(move || {
                    for step in 0..4 {
                        let position = (client * 3 + step * 5) % expected.len();
                        let answer = served.client.upload(&workshop.picture(position), &json!({ "k": 10 })).ok();
                        assert_eq!(hits(&answer), expected[position], "client {client}, picture {position}");
                    }
                })
            })
            .collect();
        let outcomes: Vec<_> = asking.into_iter().map(|asking| asking.join()).collect();
        reads_on.store(false, Ordering::Relaxed);
        assert!(outcomes.iter().all(Result::is_ok), "a client saw another answer");
    });
    let metrics = served.client.get("/metrics").text();
    let count = |name: &str| -> u64 {
        let line = metrics.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(count("silknow_described_pictures_total"), 64);
    assert!(count("silknow_reloads_total") > 0 && count("silknow_refused_reloads_total") == 0, "{metrics}");
}

#[test]
fn a_stored_image_is_searched_with_every_choice_of_search() {
    let workshop = Workshop::get();
    let served = Served::start(workshop.settings());
    let ask = |more: Value| {
        let mut request = json!({ "image": workshop.id(3), "k": 10 });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        served.client.post_json("/api/v1/search", &request).ok()
    };
    let index = workshop.memory();
    let variable = &index.vocabulary().variables[0];
    let filter = format!("{}={}", variable.name, variable.classes[0]);
    let filtered = Filter::parse(&filter).unwrap();
    for (request, expected) in [
        (json!({}), found_by_search(3, |_| {})),
        (json!({ "histogram": false }), found_by_search(3, |_| {})),
        (json!({ "exclude_self": true }), found_by_search(3, |search| search.exclude_self = true)),
        (json!({ "group_by": "object" }), found_by_search(3, |search| search.group_by_object = true)),
        (json!({ "filter": filter }), found_by_search(3, |search| search.filter = filtered.clone())),
        (json!({ "max_distance": 0.5 }), found_by_search(3, |search| search.max_distance = Some(0.5))),
    ] {
        assert_eq!(hits(&ask(request.clone())), expected, "{request}");
    }
    let whole = hits(&ask(json!({ "k": 12 })));
    let (first, second) = (ask(json!({ "k": 7 })), ask(json!({ "k": 5, "offset": 7 })));
    assert_eq!([hits(&first), hits(&second)].concat(), whole);
    assert_eq!(second["hits"][0]["rank"], 8);
    assert_eq!(first["total"], workshop.memory().records().len());
    assert_eq!(first["complete"], true);
    assert_eq!(ask(json!({ "k": 7, "histogram": false }))["complete"], false);
}

#[test]
fn an_answer_says_what_is_known_and_what_supports_a_prediction() {
    let workshop = Workshop::get();
    let served = Served::start(workshop.settings());
    let answer = served
        .client
        .post_json("/api/v1/search", &json!({ "image": workshop.id(0), "k": 15, "exclude_self": true }))
        .ok();
    let index = workshop.memory();
    let count = answer["distances"]["counts"].as_array().unwrap().iter().map(|it| it.as_u64().unwrap()).sum::<u64>();
    assert_eq!(count, answer["total"].as_u64().unwrap());
    assert_eq!(answer["distances"]["edges"].as_array().unwrap().len(), 25);
    let hit = &answer["hits"][0];
    let record = index.records().iter().find(|it| it.name.ends_with(hit["image"].as_str().unwrap())).unwrap();
    assert_eq!(hit["object"], *record.object.id);
    assert_eq!(hit["museum"], record.object.museum.as_deref().unwrap());
    for variable in &index.vocabulary().variables {
        let name = variable.name.as_str();
        let known = &answer["query"]["labels"][name];
        let classes = |labels: &Value| -> Vec<String> {
            labels.as_array().unwrap().iter().map(|class| class["name"].as_str().unwrap().to_owned()).collect()
        };
        let predicted = answer["predictions"][name].as_array().unwrap();
        let reference = if classes(known).is_empty() {
            predicted.first().map_or_else(Vec::new, |class| vec![class["name"].as_str().unwrap().to_owned()])
        } else {
            classes(known)
        };
        for hit in answer["hits"].as_array().unwrap() {
            let labels = classes(&hit["labels"][name]);
            let expected = match () {
                () if reference.is_empty() => Value::Null,
                () if labels.is_empty() => json!("unknown"),
                () if labels.iter().any(|class| reference.contains(class)) => json!("agrees"),
                () => json!("differs"),
            };
            assert_eq!(hit["agreement"][name], expected, "{name}: {hit}");
        }
        for class in predicted {
            let voters: Vec<f64> = answer["hits"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|hit| classes(&hit["labels"][name]).contains(&class["name"].as_str().unwrap().to_owned()))
                .map(|hit| hit["distance"].as_f64().unwrap())
                .collect();
            let support = &class["support"];
            assert_eq!(support["neighbours"], voters.len());
            assert!((support["nearest"].as_f64().unwrap() - voters[0]).abs() < 1e-6);
            let mean = voters.iter().sum::<f64>() / voters.len() as f64;
            assert!((support["mean"].as_f64().unwrap() - mean).abs() < 1e-6);
        }
        assert_eq!(answer["sure"][name], !predicted.is_empty());
    }
}

#[test]
fn regions_and_weighted_sums_are_searched() {
    let workshop = Workshop::get();
    let served = Served::start(workshop.settings());
    let picture = decode(workshop.picture(2)).unwrap();
    let (width, height) = picture.dimensions();
    let part = image::imageops::crop_imm(&picture, 0, height / 2, width / 2, height - height / 2).to_image();
    let mut png = std::io::Cursor::new(Vec::new());
    part.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let of_part = served.client.post_files("/api/v1/search", &[png.get_ref()], Some(&json!({ "k": 5 }))).ok();
    let share = [
        0.0,
        (height / 2) as f64 / f64::from(height),
        (width / 2) as f64 / f64::from(width),
        (height - height / 2) as f64 / f64::from(height),
    ];
    let region = json!({ "k": 5, "queries": [{ "image": workshop.id(2), "region": share }] });
    assert_eq!(hits(&served.client.post_json("/api/v1/search", &region).ok()), hits(&of_part));

    let uploads = [std::fs::read(workshop.picture(1)).unwrap(), std::fs::read(workshop.picture(4)).unwrap()];
    let uploads = [uploads[0].as_slice(), &uploads[1]];
    let both = json!({ "k": 4, "queries": [{ "upload": 0 }, { "upload": 1, "weight": 1.0 }] });
    let stored = json!({ "k": 4, "queries": [{ "image": workshop.id(1) }, { "image": workshop.id(4) }] });
    let found = served.client.post_files("/api/v1/search", &uploads, Some(&both)).ok();
    assert_eq!(hits(&found), hits(&served.client.post_json("/api/v1/search", &stored).ok()));
    // The sum of two descriptors of unit length is as far from the one as from the other, and nearer to both than they are.
    let whole = |queries: Value| {
        let asked = json!({ "k": 1000, "queries": queries });
        let found = hits(&served.client.post_json("/api/v1/search", &asked).ok());
        move |position: usize| {
            let hit = found.iter().find(|(name, _)| *name == workshop.id(position)).expect("all images are listed");
            f32::from_bits(hit.1)
        }
    };
    let of_sum = whole(json!([{ "image": workshop.id(1) }, { "image": workshop.id(4) }]));
    let of_one = whole(json!([{ "image": workshop.id(1) }]));
    assert!((of_sum(1) - of_sum(4)).abs() < 1e-5, "{} and {}", of_sum(1), of_sum(4));
    assert!(of_sum(4) < of_one(4), "{} and {}", of_sum(4), of_one(4));

    let away = json!({ "k": 1, "queries": [{ "image": workshop.id(1), "weight": -1.0 }] });
    let whole = json!({ "k": 1000, "image": workshop.id(1) });
    let farthest = hits(&served.client.post_json("/api/v1/search", &whole).ok()).pop().unwrap().0;
    assert_eq!(hits(&served.client.post_json("/api/v1/search", &away).ok())[0].0, farthest);
    let nothing = json!({ "queries": [{ "image": workshop.id(1) }, { "image": workshop.id(1), "weight": -1.0 }] });
    let refused = served.client.post_json("/api/v1/search", &nothing);
    assert_eq!((refused.status, refused.code().as_str()), (422, "queries_cancel"));
}

#[test]
fn the_old_servers_endpoints_answer_as_its_page_expects() {
    let workshop = Workshop::get();
    let served = Served::start(Settings::new(vec![workshop.index("visual"), workshop.index("other")]));
    let status = served.client.get("/api/status");
    assert_eq!((status.status, status.text().as_str()), (200, "\"OK\""));
    let upload = std::fs::read(workshop.picture(0)).unwrap();
    let answer = served.client.post_files("/api/retrieve", &[&upload], None).ok();
    let visual = answer["visualUris"].as_array().unwrap();
    assert_eq!((visual.len(), answer["semanticUris"].as_array().unwrap().len()), (20, 0));
    let index = workshop.memory();
    assert_eq!(visual[0], index.records()[0].object.address_or_id());
    let distinct: HashSet<&str> = visual.iter().map(|uri| uri.as_str().unwrap()).collect();
    assert_eq!(distinct.len(), 20);

    let alone = Served::start(workshop.settings());
    let answer = alone.client.post_files("/api/retrieve", &[&upload], None).ok();
    assert_eq!(answer["visualUris"], answer["semanticUris"]);
    assert_eq!(answer["visualUris"].as_array().unwrap(), visual);
}

#[test]
fn facets_count_a_variable_under_the_filters_of_the_others() {
    let workshop = Workshop::get();
    let served = Served::start(workshop.settings());
    let index = workshop.memory();
    let vocabulary = index.vocabulary();
    let (first, second) = (&vocabulary.variables[0], &vocabulary.variables[1]);
    let filter = format!("{}={}", first.name, first.classes[0]);
    let facets = served.client.get(&format!("/api/v1/facets?filter={filter}")).ok();
    let passing: Vec<_> = index.records().iter().filter(|it| it.labels.classes(0) == [0]).collect();
    assert_eq!(facets["total"], passing.len());
    for (class, value) in facets["variables"][0]["values"].as_array().unwrap().iter().enumerate() {
        let count = index.records().iter().filter(|it| it.labels.classes(0) == [class as i32]).count();
        assert_eq!((&value["name"], value["count"].as_u64()), (&json!(first.classes[class]), Some(count as u64)));
    }
    assert_eq!(facets["variables"][1]["name"], second.name);
    let unknown = passing.iter().filter(|it| it.labels.classes(1).is_empty()).count();
    assert_eq!(facets["variables"][1]["unknown"], unknown);
    let works = served.client.get(&format!("/api/v1/works?filter={filter}&k=2&offset=1")).ok();
    let objects: HashSet<&str> = passing.iter().map(|it| &*it.object.id).collect();
    assert_eq!((works["total"].as_u64(), works["hits"].as_array().unwrap().len()), (Some(objects.len() as u64), 2));
    let indexes = served.client.get("/api/v1/indexes").ok();
    assert_eq!(indexes["indexes"][0]["images"], index.records().len());
    let objects: HashSet<_> = index.records().iter().map(|it| (&it.object.museum, &it.object.id)).collect();
    assert_eq!(indexes["indexes"][0]["works"], objects.len());
    assert_eq!(indexes["indexes"][0]["variables"].as_array().unwrap().len(), vocabulary.variables.len());
}

#[test]
fn a_result_set_is_exported_as_a_table_as_json_and_as_a_manifest() {
    let workshop = Workshop::get();
    let served = Served::start(workshop.settings());
    let request = json!({ "image": workshop.id(0), "k": 6 });
    let export = |format: &str| served.client.post_json(&format!("/api/v1/export?format={format}"), &request);
    let answer = served.client.post_json("/api/v1/search", &request).ok();

    let table = export("csv");
    assert_eq!(table.header("content-disposition"), "attachment; filename=\"works.csv\"");
    let text = table.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("rank,distance,image,object,title,museum,address,source,licence,"), "{text}");
    assert_eq!(lines.len(), 7);
    assert!(lines[1].starts_with("1,0,") && lines[1].contains(&workshop.id(0)), "{text}");

    assert_eq!(export("json").ok(), answer);

    let manifest = export("iiif").ok();
    assert_eq!((&manifest["type"], manifest["items"].as_array().unwrap().len()), (&json!("Manifest"), 6));
    let canvas = &manifest["items"][0];
    let (width, height) = decode(workshop.picture(0)).unwrap().dimensions();
    assert_eq!((&canvas["width"], &canvas["height"]), (&json!(width), &json!(height)));
    let painting = &canvas["items"][0]["items"][0];
    assert_eq!((&painting["motivation"], &painting["target"]), (&json!("painting"), &canvas["id"]));
    let picture = painting["body"]["id"].as_str().unwrap();
    let path = picture.strip_prefix(&format!("http://{}", served.client.address())).unwrap();
    assert_eq!(served.client.get(path).status, 200);
    assert_eq!(export("xml").code(), "bad_request");
}
