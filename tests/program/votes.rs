//! Votes from one end to the other: all rules, the files that they leave, what makes pictures similar, two runs compared.

use std::fs;

use silknow_image_retrieval::{Classification, RgbImage};

use crate::place::{Outcome, Place};

const PICTURES: u32 = 40;

/// Pictures of two places, which are colours, and two materials, which are stripes, in two collections.
fn pictures() -> Place {
    let place = Place::new();
    fs::create_dir(place.path().join("samples")).unwrap();
    let mut rows = [String::new(), String::new()];
    for number in 0..PICTURES {
        let (is_red, is_wide) = (number % 2 == 0, number / 2 % 2 == 0);
        let name = format!("museum__{number}__a.png");
        let picture = RgbImage::from_fn(48, 48, |x, y| {
            let is_on = (x / if is_wide { 12 } else { 3 }).is_multiple_of(2);
            let noise = (x * 31 + y * 17 + number * 7) % 60;
            let colour = if is_red { [230, 40, 50] } else { [40, 60, 230] };
            colour.map(|value: u32| ((if is_on { value } else { value / 4 }) + noise / 3) as u8).into()
        });
        picture.save(place.path().join("samples").join(&name)).unwrap();
        let (origin, material) = (if is_red { "ES" } else { "FR" }, if is_wide { "silk" } else { "gold" });
        rows[usize::from(number % 5 == 4)] += &format!("{name}\t{origin}\t{material}\t\n");
    }
    for (name, rows) in ["collection_1.txt", "collection_2.txt"].into_iter().zip(rows) {
        place.write(&format!("samples/{name}"), format!("#image_file\t#place\t#material\t\n{rows}"));
    }
    place.write("samples/master.txt", "collection_1.txt\n");
    place.write("samples/queries.txt", "collection_2.txt\n");
    place.write("samples/folds.txt", "collection_1.txt\ncollection_2.txt\n");
    place
}

fn succeeds(outcome: Outcome) -> Outcome {
    assert_eq!(outcome.code, Some(0), "{outcome}");
    outcome
}

fn run(place: &Place, line: &str, more: &[&str]) -> Outcome {
    place.run(&line.split_whitespace().chain(more.iter().copied()).collect::<Vec<_>>())
}

/// A training that validates, with this loss.
fn train(place: &Place, folder: &str, loss: &[&str]) {
    let line = format!(
        "train-model --master_file_name master.txt --master_dir samples --logpath {folder} --backbone resnet18 --weights builtin \
         --device cpu --input_size 48 --add_fc [16] --how_many_training_steps 6 --train_batch_size 20 --val_percentage 30 \
         --how_often_validation 2 --learning_rate 0.01"
    );
    succeeds(run(place, &line, &[&["--relevant_variables", "#place, #material"], loss].concat()));
    let build = format!(
        "build-kdtree --model_path {folder} --master_file_tree master.txt --master_dir_tree samples --savepath {folder} \
         --device cpu"
    );
    succeeds(run(place, &build, &["--relevant_variables", "#place, #material"]));
}

fn get_knn(place: &Place, model: &str, savepath: &str, more: &[&str]) -> Outcome {
    let line = format!(
        "get-knn --model_path {model} --treepath {model} --master_file_prediction queries.txt --master_dir_prediction samples \
         --savepath {savepath} --device cpu"
    );
    run(place, &line, more)
}

fn text(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path().join(name)).unwrap()
}

/// The figures of `evaluation_details.json`.
fn details(place: &Place, folder: &str) -> serde_json::Value {
    succeeds(run(place, &format!("evaluate-model --pred_gt_path {folder} --result_path {folder}"), &[]));
    serde_json::from_str(&text(place, &format!("{folder}/evaluation_details.json"))).unwrap()
}

#[test]
fn every_vote_goes_through_all_verbs() {
    let place = pictures();
    train(&place, "model", &["--loss_ind", "combined", "--loss_weights", "classification=1, supervised_contrastive=1"]);
    for vote in ["majority", "weighted", "classifier", "mean"] {
        succeeds(get_knn(&place, "model", vote, &["--vote", vote]));
        let details = details(&place, vote);
        assert_eq!(details["vote"]["rule"], vote);
        let calibration = &details["variables"][0]["calibration"];
        assert_eq!(calibration["evaluated"], 8, "{vote}: {calibration}");
        assert!(text(&place, &format!("{vote}/kNN_votes.csv")).lines().count() == 1 + 2 * 8);
        let found = Classification::read(place.path().join(vote)).unwrap();
        let states_shares = matches!(vote, "classifier" | "mean");
        assert_eq!(found.shares.is_some(), states_shares, "{vote}");
        if let Some(shares) = found.shares {
            let sum: f32 = shares.of(0, 1).iter().map(|(_, share)| share).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{vote}: {sum}");
        }
    }
    let temperature = details(&place, "weighted")["vote"]["temperature"].as_f64().unwrap();
    assert!(text(&place, "model/model.json").contains(&format!("\"temperature\": {temperature}")), "{temperature}");
    assert_eq!(details(&place, "mean")["vote"]["temperature"].as_f64(), Some(temperature));

    let compared = succeeds(run(&place, "compare majority weighted", &[]));
    assert!(compared.stdout.contains("place") && compared.stdout.contains("material"), "{compared}");
    let json = succeeds(run(&place, "compare majority classifier --json", &[]));
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["images_common"], &json["variables"][1]["images"]), (&8.into(), &8.into()));

    let search = "search samples/museum__4__a.png --treepath model --model_path model --num_neighbors 3 --html found.html \
        --explain 2 --vote classifier --device cpu --json";
    let found = succeeds(run(&place, search, &[]));
    let found: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    let votes = &found["results"][0]["votes"][1];
    assert_eq!((&votes["variable"], votes["classes"].as_array().unwrap().len()), (&"material".into(), 2));
    let page = text(&place, "found.html");
    assert!(page.contains("What makes them similar") && page.matches("class=\"pair\"").count() == 2);
    let alone = run(&place, "search samples/museum__4__a.png --treepath model --model_path model --explain 2", &[]);
    assert!(alone.code == Some(2) && alone.stderr.contains("--html"), "{alone}");
}

#[test]
fn a_model_without_a_classifier_refuses_its_votes_and_leaves_nothing() {
    let place = pictures();
    train(&place, "plain", &[]);
    for vote in ["classifier", "mean"] {
        let refused = get_knn(&place, "plain", "nothing", &["--vote", vote]);
        assert!(refused.code == Some(2) && refused.stderr.contains("the model has no classifier to vote"), "{refused}");
        assert!(refused.stderr.contains("hint: train with `recipe; best`"), "{refused}");
        assert!(!place.path().join("nothing").exists());
    }
}

#[test]
fn a_cross_validation_votes_with_the_classifiers_of_its_folds_and_explains() {
    let place = pictures();
    let line = "crossvalidation --master_file_name folds.txt --master_dir samples --logpath folds --backbone resnet18 --weights \
        builtin --device cpu --input_size 48 --add_fc [16] --how_many_training_steps 4 --how_often_validation 2 --loss_ind \
        classification --num_neighbors 3 --train_batch_size 8 --vote mean";
    succeeds(run(&place, line, &["--relevant_variables", "#place, #material"]));
    let details: serde_json::Value = serde_json::from_str(&text(&place, "folds/evaluation_details.json")).unwrap();
    assert_eq!(
        (&details["vote"]["rule"], &details["variables"][0]["calibration"]["evaluated"]),
        (&"mean".into(), &40.into())
    );
    let report = text(&place, "folds/report.html");
    assert!(report.contains("What makes them similar") && report.contains("what the model's own classifier says"));
    assert!(report.matches("class=\"pair\"").count() >= 6, "two neighbours of each of some queries");
    let again = succeeds(run(&place, line, &["--relevant_variables", "#place, #material", "--resume", "True"]));
    assert!(!again.stdout.contains("samples trained each fold"), "finished folds are kept: {again}");
}
