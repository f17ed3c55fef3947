//! `<variable>_evaluation_results.txt`: the figures of one variable as a text table.
//!
//! The layout is that of earlier versions of the toolbox to the byte, because people have programs that read it.

use std::fmt::Write;

use crate::metrics::VariableMetrics;

/// The content of `<variable>_evaluation_results.txt`; figures in per cent with two decimals.
pub fn results_text(metrics: &VariableMetrics) -> String {
    let mut text = format!("Total amount of data ({}): {} images \n \n", metrics.variable, metrics.evaluated);
    let _ = write!(text, "Overall Accuracy: {:.2} % \n \n", 100.0 * metrics.accuracy);
    text.push_str("Class       \t Precision   \t Recall  \t f1-score \tContribution\n");
    text.push_str("            \t [%]         \t [%]     \t [%]      \n");
    for class in &metrics.classes {
        let _ = writeln!(
            text,
            "{} \t\t {:.2}        \t {:.2}    \t {:.2}   \t {} ",
            class.class,
            100.0 * class.precision,
            100.0 * class.recall,
            100.0 * class.f1,
            class.samples
        );
    }
    let _ = writeln!(
        text,
        "Average     \t {:.2}        \t {:.2}    \t {:.2} ",
        100.0 * metrics.mean_precision,
        100.0 * metrics.mean_recall,
        100.0 * metrics.mean_f1
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ConfusionMatrix;

    #[test]
    fn the_layout_is_that_of_the_documentation() {
        let matrix = ConfusionMatrix {
            classes: vec!["DE".into(), "ES".into()],
            texts: vec![String::new(); 2],
            counts: vec![vec![2, 1], vec![0, 5]],
        };
        let text = results_text(&VariableMetrics::from_matrix("place", matrix));
        let expected = "Total amount of data (place): 8 images \n \nOverall Accuracy: 87.50 % \n \n\
            Class       \t Precision   \t Recall  \t f1-score \tContribution\n\
            \u{20}           \t [%]         \t [%]     \t [%]      \n\
            DE \t\t 100.00        \t 66.67    \t 80.00   \t 3 \n\
            ES \t\t 83.33        \t 100.00    \t 90.91   \t 5 \n\
            Average     \t 91.67        \t 83.33    \t 85.45 \n";
        assert_eq!(text, expected);
    }

    #[test]
    fn without_evaluated_samples_the_text_says_so() {
        let text = results_text(&VariableMetrics::from_matrix("place", ConfusionMatrix::default()));
        assert!(text.starts_with("Total amount of data (place): 0 images \n \nOverall Accuracy: 0.00 % \n"), "{text}");
        assert!(text.ends_with("Average     \t 0.00        \t 0.00    \t 0.00 \n"), "{text}");
    }
}
