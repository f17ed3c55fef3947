//! The figures of random classifications against scikit-learn's. `reference/make_metrics.py` made the data;
//! counts must be equal, shares equal to 1e-12.

use serde_json::Value;
use silknow_evaluation::metrics::VariableMetrics;
use silknow_index::classification::Classification;
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
