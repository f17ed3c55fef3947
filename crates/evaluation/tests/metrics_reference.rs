//! The figures of random classifications against scikit-learn's, SciPy's and NumPy's. `reference/make_metrics.py` and
//! `reference/make_details.py` made the data; counts must be equal, shares equal to 1e-12, probabilities to 1e-9 of their value.

use serde_json::Value;
use silknow_evaluation::calibration::Calibration;
use silknow_evaluation::compare::McNemar;
use silknow_evaluation::graded::{GradedRanking, recall_at};
use silknow_evaluation::metrics::VariableMetrics;
use silknow_evaluation::ranking::RankingMetrics;
use silknow_evaluation::sets::SetMetrics;
use silknow_index::classification::{Classification, RankedNeighbours};
use silknow_index::{Neighbours, Vote};
use silknow_records::{LabelMatrix, Variable, Vocabulary};

fn integers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

fn assert_close(ours: impl IntoIterator<Item = f64>, theirs: &Value, what: &str) {
    let ours: Vec<f64> = ours.into_iter().collect();
    let theirs: Vec<f64> = match theirs {
        Value::Array(values) => values.iter().map(|value| value.as_f64().unwrap()).collect(),
        single => vec![single.as_f64().unwrap()],
    };
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (our, their) in ours.iter().zip(&theirs) {
        assert!((our - their).abs() < 1e-12, "{what}: {our} is not {their}");
    }
}

fn classification(case: &Value) -> Classification {
    let labels = |name: &str| {
        let indices: Vec<i32> = integers(&case[name]).into_iter().map(|index| index as i32).collect();
        LabelMatrix::from_indices(1, indices).unwrap()
    };
    let classes = (0..case["classes"].as_u64().unwrap()).map(|class| class.to_string());
    let truth = labels("truth");
    Classification {
        vocabulary: Vocabulary { variables: vec![Variable::new("place", classes)] },
        names: (0..truth.len()).map(|sample| format!("{sample}.jpg")).collect(),
        predictions: labels("predictions"),
        truth,
        neighbours: None,
        shares: None,
        meta: String::new(),
    }
}

#[test]
fn figures_equal_scikit_learns() {
    let reference: Value = serde_json::from_str(include_str!("reference/metrics.json")).unwrap();
    for case in reference["cases"].as_array().unwrap() {
        let metrics = VariableMetrics::of(&classification(case), 0);
        let labels: Vec<String> = integers(&case["labels"]).iter().map(i64::to_string).collect();
        assert_eq!(metrics.confusion_matrix.classes, labels);
        let counts: Vec<Vec<u64>> = serde_json::from_value(case["confusion_matrix"].clone()).unwrap();
        assert_eq!(metrics.confusion_matrix.counts, counts);
        let support: Vec<u64> = metrics.classes.iter().map(|class| class.samples).collect();
        assert_eq!(support, serde_json::from_value::<Vec<u64>>(case["support"].clone()).unwrap());
        assert_close([metrics.accuracy], &case["accuracy"], "accuracy");
        assert_close(metrics.classes.iter().map(|class| class.precision), &case["precision"], "precision");
        assert_close(metrics.classes.iter().map(|class| class.recall), &case["recall"], "recall");
        assert_close(metrics.classes.iter().map(|class| class.f1), &case["f1"], "f1");
        assert_close([metrics.mean_f1], &case["f1_macro"], "mean f1");
    }
}

fn details() -> Value {
    serde_json::from_str(include_str!("reference/details.json")).unwrap()
}

#[test]
fn figures_by_sets_equal_scikit_learns() {
    for case in details()["sets"].as_array().unwrap() {
        let sets = |name: &str| -> Vec<Vec<i32>> { serde_json::from_value(case[name].clone()).unwrap() };
        let (truth, predictions) = (sets("truth"), sets("predictions"));
        let metrics = SetMetrics::count(truth.iter().zip(&predictions).map(|(a, b)| (a.as_slice(), b.as_slice())));
        assert_eq!(metrics.evaluated, case["evaluated"].as_u64().unwrap());
        assert_close([metrics.exact_match], &case["exact_match"], "exact match");
        assert_close([metrics.micro_precision], &case["micro_precision"], "micro precision");
        assert_close([metrics.micro_recall], &case["micro_recall"], "micro recall");
        assert_close([metrics.micro_f1], &case["micro_f1"], "micro f1");
        assert_close([metrics.macro_f1], &case["macro_f1"], "macro f1");
        assert_close([metrics.jaccard], &case["jaccard"], "jaccard");
    }
}

/// Queries with neighbours, as the vote of the case predicts them.
fn with_neighbours(case: &Value) -> (Classification, Vote) {
    let variables = case["variables"].as_array().unwrap().len();
    let labels = |name: &str| {
        let indices: Vec<i32> = integers(&case[name]).into_iter().map(|index| index as i32).collect();
        LabelMatrix::from_indices(variables, indices).unwrap()
    };
    let (k, temperature) = (case["k"].as_u64().unwrap() as usize, case["temperature"].as_f64().unwrap());
    let distances = case["distances"].as_array().unwrap().iter().map(|it| it.as_f64().unwrap() as f32).collect();
    let (near, truth) = (labels("labels"), labels("truth"));
    let classes: Vec<String> = (0..case["classes"].as_u64().unwrap()).map(|class| class.to_string()).collect();
    let variable = |v: usize| Variable::new(format!("v{v}"), classes.iter().cloned());
    let (vote, made_with) = match temperature {
        0.0 => (Vote::majority(), String::new()),
        temperature => (Vote::weighted(temperature), format!(r#""vote_temperature":"{temperature}""#)),
    };
    let made = Classification {
        vocabulary: Vocabulary { variables: (0..variables).map(variable).collect() },
        names: (0..truth.len()).map(|sample| format!("{sample}.jpg")).collect(),
        predictions: labels("predictions"),
        neighbours: Some(RankedNeighbours {
            k,
            names: (0..near.len()).map(|neighbour| format!("near_{neighbour}.jpg")).collect(),
            distances,
            labels: near,
        }),
        truth,
        shares: None,
        meta: format!(
            r#"{{"format_version":1,"model_fingerprint":"","software_version":"","made_with":{{{made_with}}}}}"#
        ),
    };
    (made, vote)
}

#[test]
fn figures_of_neighbours_equal_scikit_learns_and_numpys() {
    for case in details()["neighbours"].as_array().unwrap() {
        let (made, vote) = with_neighbours(case);
        let near = made.neighbours.as_ref().unwrap();
        let positions = (0..near.labels.len() as u32).collect();
        let found = Neighbours { k: near.k, positions, distances: near.distances.clone() };
        assert_eq!(vote.predict_from(&near.labels, &found, near.k), made.predictions);
        for (v, expected) in case["variables"].as_array().unwrap().iter().enumerate() {
            let calibration = Calibration::of(&made, v).unwrap();
            assert_close([calibration.expected_calibration_error], &expected["calibration_error"], "calibration");
            assert_close([calibration.overconfidence], &expected["overconfidence"], "overconfidence");
            let ranking = RankingMetrics::of(&made.truth, near, v);
            assert_close([ranking.mean_average_precision], &expected["mean_average_precision"], "average precision");
            let theirs: Vec<(u64, f64)> = serde_json::from_value(expected["recall_at"].clone()).unwrap();
            let ours = recall_at(&made.truth, near, v);
            for (k, recall) in theirs {
                let our = ours.iter().find(|at| at.k == k).unwrap();
                assert!((our.recall - recall).abs() < 1e-12, "recall at {k}: {} is not {recall}", our.recall);
            }
        }
        let graded = GradedRanking::of(&made).unwrap();
        assert_close([graded.ndcg], &case["ndcg"], "ndcg");
        assert_close([graded.mean_grade], &case["mean_grade"], "mean grade");
    }
}

#[test]
fn the_test_of_mcnemar_equals_scipys_binomial_test() {
    let pairs: Vec<(u64, u64, f64)> = serde_json::from_value(details()["mcnemar"].clone()).unwrap();
    for (a, b, p) in pairs {
        let ours = McNemar::of(a, b).p_value;
        assert!((ours - p).abs() <= 1e-9 * p, "{a} against {b}: {ours} is not {p}");
    }
}
