//! The files of an evaluation and of a cross-validation, written into fresh folders.

use std::path::Path;

use silknow_evaluation::{Fold, evaluate, evaluate_folds};
use silknow_index::classification::{Classification, RankedNeighbours};
use silknow_progress::{Recorder, Silent, StopAfter};
use silknow_records::{LabelMatrix, MISSING, Variable, Vocabulary};

/// 40 queries; variables with two classes, with one, without predictions and without labels.
fn classification() -> Classification {
    let names = ["place", "single", "unpredicted", "unlabelled"];
    let variable = |name: &str| Variable::new(name, ["a_class", "b"]);
    let rows =
        |row: &dyn Fn(i32) -> [i32; 4], n: i32| LabelMatrix::from_indices(4, (0..n).flat_map(row).collect()).unwrap();
    Classification {
        vocabulary: Vocabulary { variables: names.map(variable).to_vec() },
        names: (0..40).map(|query| format!("images/{query}.jpg")).collect(),
        truth: rows(&|query| [query % 2, 0, 1, MISSING], 40),
        predictions: rows(&|query| [i32::from(query % 3 == 0), 0, MISSING, 1], 40),
        neighbours: Some(RankedNeighbours {
            k: 3,
            names: (0..120).map(|near| format!("images/{}.jpg", near % 40)).collect(),
            distances: (0..120).map(|near| 0.1 * (near % 3) as f32).collect(),
            labels: rows(&|near| [near % 2, 0, MISSING, 1], 120),
        }),
        shares: None,
        meta: String::new(),
    }
}

fn written(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_variable_has_its_files_though_it_cannot_be_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::default();
    let summary = evaluate(&classification(), folder.path(), folder.path(), None, &recorder).unwrap();
    let mut expected: Vec<String> = ["place", "single", "unpredicted", "unlabelled"]
        .iter()
        .flat_map(|variable| {
            ["Confusion_Matrix.png", "Confusion_Matrix_normalized.png", "evaluation_results.txt"]
                .map(|file| format!("{variable}_{file}"))
        })
        .chain(["evaluation_details.json", "evaluation_summary.json", "report.html"].map(str::to_owned))
        .collect();
    expected.sort();
    assert_eq!(written(folder.path()), expected);
    for name in expected.iter().filter(|name| name.ends_with(".png")) {
        assert!(image::open(folder.path().join(name)).unwrap().width() > 300, "{name}");
    }
    assert_eq!(summary.variable("place").unwrap().evaluated, 40);
    let warnings = recorder.warnings().join("\n");
    for part in
        ["`single`: there is one class only (`a_class`)", "`unpredicted`: no labelled", "`unlabelled`: no sample"]
    {
        assert!(warnings.contains(part), "{warnings}");
    }
    assert_eq!(summary.warnings, recorder.warnings());
}

#[test]
fn the_report_stands_alone_and_shows_missing_pictures_as_such() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("images")).unwrap();
    for half in 0..20 {
        let path = folder.path().join(format!("images/{half}.jpg"));
        image::RgbImage::from_pixel(30, 20, image::Rgb([90, 10, 10])).save(path).unwrap();
    }
    evaluate(&classification(), folder.path(), folder.path(), None, &Silent).unwrap();
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("data:image/jpeg;base64,"));
    assert!(page.contains("picture not found"));
    for outside in ["<script", "<link", "@import", "url(", "src=\"http", "href=\"http"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_same_classification_gives_the_same_files() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for folder in &folders {
        evaluate(&classification(), Path::new("/nowhere"), folder.path(), None, &Silent).unwrap();
    }
    for name in written(folders[0].path()) {
        let [first, second] = [0, 1].map(|run| std::fs::read(folders[run].path().join(&name)).unwrap());
        assert_eq!(first, second, "{name}");
    }
}

#[test]
fn an_empty_classification_is_warned_about_and_written() {
    let mut empty = classification();
    empty.names.clear();
    empty.truth = LabelMatrix::new(4);
    empty.predictions = LabelMatrix::new(4);
    empty.neighbours = None;
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::default();
    let summary = evaluate(&empty, folder.path(), folder.path(), None, &recorder).unwrap();
    assert_eq!((summary.samples, summary.mean_f1, recorder.warnings().len()), (0, 0.0, 4));
    assert_eq!(written(folder.path()).len(), 15);
}

#[test]
fn folds_are_evaluated_together_with_their_spread() {
    let folder = tempfile::tempdir().unwrap();
    let whole = classification();
    let mut narrow = classification();
    narrow.neighbours = Some(RankedNeighbours {
        k: 2,
        names: vec!["images/1.jpg".into(); 80],
        distances: vec![0.5; 80],
        labels: LabelMatrix::from_indices(4, [0, MISSING, MISSING, MISSING].repeat(80)).unwrap(),
    });
    let recorder = Recorder::default();
    let folders = [folder.path().join("cv0"), folder.path().join("cv1")];
    let folds =
        [Fold { classification: &whole, folder: &folders[0] }, Fold { classification: &narrow, folder: &folders[1] }];
    let summary = evaluate_folds(&folds, folder.path(), None, &recorder).unwrap();
    assert_eq!(summary.samples, 80);
    let accuracy = &summary.folds.as_ref().unwrap().variables[0].accuracy;
    assert_eq!(accuracy.per_fold.len(), 2);
    assert_eq!((accuracy.mean, accuracy.deviation), (summary.variables[0].accuracy, 0.0));
    assert!(recorder.warnings()[0].contains("between 2 and 3 neighbours"), "{:?}", recorder.warnings());
    let statistics = folder.path().join("top_k_statistics");
    assert_eq!(written(&statistics).len(), 4);
    let text = std::fs::read_to_string(statistics.join("single_kNN_statistics.txt")).unwrap();
    assert!(text.contains("k: 2\n") && text.contains("all unlabelled: 50.00 %"), "{text}");
    assert!(folder.path().join("crossvalidation_results.txt").is_file());
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("Over the folds") && page.contains("Cross-validation"));
}

#[test]
fn a_stop_is_obeyed_between_variables() {
    let folder = tempfile::tempdir().unwrap();
    let error = evaluate(&classification(), folder.path(), folder.path(), None, &StopAfter::questions(0)).unwrap_err();
    assert!(error.is_interruption());
    assert!(written(folder.path()).is_empty());
}
