//! How far the confidence of predictions can be trusted.

use silknow_records::class_text::text_of;

use super::cells::{nothing, percent};
use crate::calibration::{Calibration, CoveragePoint};
use crate::chart::{Axis, Chart, Line};
use crate::details::{EvaluationDetails, VariableDetails};
use crate::page::{Cell, Part, Section, Table};

/// The confidences at which the table of confidence says what is left and right.
const SHOWN_THRESHOLDS: [f64; 3] = [0.0, 0.5, 0.75];

/// How many lines of one chart are told apart.
const LINES_OF_A_CHART: usize = 6;

/// How far the confidence of predictions can be trusted; none where no neighbours are at hand.
pub(super) fn confidence_section(details: &EvaluationDetails) -> Option<Section> {
    let calibrated: Vec<(&VariableDetails, &Calibration)> =
        details.variables.iter().filter_map(|variable| Some((variable, variable.calibration.as_ref()?))).collect();
    if calibrated.is_empty() {
        return None;
    }
    let vote = match details.vote.temperature {
        None => "Every neighbour counts one.".to_owned(),
        Some(temperature) => format!("A neighbour at the distance d counts exp(-d²/{temperature})."),
    };
    let vote = match details.vote.rule {
        "classifier" => "The model's own classifier decides; the neighbours do not vote.".to_owned(),
        "mean" => format!("{vote} The mean of their shares and of what the model's own classifier says decides."),
        _ => vote,
    };
    let threshold = match details.vote.confidence_threshold {
        0.0 => String::new(),
        threshold => format!(
            " Below {} the prediction was withheld (not sure); here such predictions count with the class that the vote has.",
            percent(threshold)
        ),
    };
    let row = |&(variable, calibration): &(&VariableDetails, &Calibration)| {
        let mut row = vec![
            Cell::Text(text_of(&variable.variable)),
            Cell::Number(percent(calibration.expected_calibration_error)),
            Cell::Number(format!("{:+.1} %", 100.0 * calibration.overconfidence)),
        ];
        for threshold in SHOWN_THRESHOLDS {
            let point = calibration.coverage.iter().find(|point| (point.threshold - threshold).abs() < 1e-9);
            row.push(point.and_then(|point| point.accuracy).map_or(nothing(), |share| Cell::Number(percent(share))));
            row.push(point.map_or(nothing(), |point| Cell::Number(percent(point.coverage))));
        }
        row
    };
    let mut header = ["Variable", "Calibration error", "Too sure by"].map(str::to_owned).to_vec();
    for threshold in SHOWN_THRESHOLDS {
        let sure = match threshold {
            0.0 => "all".to_owned(),
            threshold => format!("{:.0} % sure", 100.0 * threshold),
        };
        header.extend([format!("Accuracy, {sure}"), format!("Coverage, {sure}")]);
    }
    let table = Table { caption: "Confidence".to_owned(), header, rows: calibrated.iter().map(row).collect() };
    let charts = calibrated.chunks(LINES_OF_A_CHART).flat_map(|some| [coverage_chart(some), reliability_chart(some)]);
    Some(Section {
        title: "How sure the predictions are".to_owned(),
        parts: vec![
            Part::Text(format!(
                "The confidence of a prediction is the share of its class in the vote of the neighbours. {vote}{threshold} Unsure \
                 predictions can be left out: then fewer images have a prediction, and more of these are right."
            )),
            Part::Table(table),
            Part::Charts(charts.collect()),
        ],
    })
}

fn coverage_chart(variables: &[(&VariableDetails, &Calibration)]) -> Chart {
    let line = |&(variable, calibration): &(&VariableDetails, &Calibration)| {
        let point = |point: &CoveragePoint| Some((point.coverage, point.accuracy?));
        Line {
            name: text_of(&variable.variable),
            points: calibration.coverage.iter().rev().filter_map(point).collect(),
            marked: false,
        }
    };
    Chart {
        title: "What is gained by leaving unsure predictions out".to_owned(),
        across: Axis::share("images with a prediction (coverage)"),
        up: Axis::share("of these right (accuracy)"),
        lines: variables.iter().map(line).collect(),
        diagonal: false,
    }
}

fn reliability_chart(variables: &[(&VariableDetails, &Calibration)]) -> Chart {
    let line = |&(variable, calibration): &(&VariableDetails, &Calibration)| Line {
        name: text_of(&variable.variable),
        points: calibration.reliability.iter().map(|bin| (bin.confidence, bin.accuracy)).collect(),
        marked: true,
    };
    Chart {
        title: "Whether confidences keep what they promise".to_owned(),
        across: Axis::share("confidence"),
        up: Axis::share("of these right (accuracy)"),
        lines: variables.iter().map(line).collect(),
        diagonal: true,
    }
}
