//! How the training went that made the descriptors.

use crate::chart::{Axis, Chart, Line};
use crate::details::EvaluationDetails;
use crate::learning_curve::LearningCurve;
use crate::page::{Part, Section};

/// The course of the training, or of every fold's; none where nothing is known of it.
pub(super) fn learning_section(details: &EvaluationDetails) -> Option<Section> {
    let chart = |title: &str, up: Option<&str>, points: &dyn Fn(&LearningCurve) -> &Vec<(f64, f64)>| {
        let of_curve =
            |curve: &LearningCurve| Line { name: curve.name.clone(), points: points(curve).clone(), marked: false };
        let lines: Vec<Line> =
            details.learning_curves.iter().map(of_curve).filter(|line| !line.points.is_empty()).collect();
        let numbers = || lines.iter().flat_map(|line| &line.points);
        let (across, up) = (
            Axis::around("step", numbers().map(|(step, _)| *step)),
            up.map_or_else(|| Axis::share("mean F1"), |up| Axis::around(up, numbers().map(|(_, number)| *number))),
        );
        (!lines.is_empty()).then(|| Chart { title: title.to_owned(), across, up, lines, diagonal: false })
    };
    let charts = [
        chart("Mean F1 of the vote on the validation split", None, &|curve| &curve.validation_mean_f1),
        chart("Loss of each step", Some("loss"), &|curve| &curve.loss),
    ];
    let charts: Vec<Chart> = charts.into_iter().flatten().collect();
    (!charts.is_empty()).then(|| Section {
        title: "Learning curve".to_owned(),
        parts: vec![
            Part::Text("How the training went that made the descriptors, step by step.".to_owned()),
            Part::Charts(charts),
        ],
    })
}
