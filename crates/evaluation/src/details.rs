//! What an evaluation finds beyond its summary: intervals of confidence, calibration, sets, museums, confusions, learning curves.
//!
//! `evaluation_details.json` holds it for programs; the report shows it to people.

use std::path::Path;

use serde::Serialize;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_index::classification::Classification;
use silknow_index::{Vote, Voters, Weights};
use silknow_progress::Observer;

use crate::bootstrap::{self, Drawn, Estimate, Samples, column, draw};
use crate::calibration::Calibration;
use crate::confusions::{self, Confusion};
use crate::graded::{GradedRanking, RecallAt, recall_at};
use crate::learning_curve::LearningCurve;
use crate::metrics::VariableMetrics;
use crate::museums::{MuseumMetrics, by_museum};
use crate::sets::SetMetrics;

/// The name of the file within the result folder.
pub const FILE_NAME: &str = "evaluation_details.json";

/// The version of the file's format; a reader refuses a higher one.
pub const FORMAT_VERSION: u32 = 1;

/// The figures of an evaluation beyond its summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EvaluationDetails {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Version of the software that evaluated.
    pub software_version: &'static str,
    /// Query images.
    pub samples: u64,
    /// The objects that they show; images whose names tell of no object stand for themselves.
    pub objects: u64,
    /// How the neighbours voted.
    pub vote: VoteDetails,
    /// How the intervals of confidence were made.
    pub bootstrap: BootstrapDetails,
    /// The mean accuracy over the variables that enter the means; none without any.
    pub mean_accuracy: Option<Estimate>,
    /// The mean F1 over the same variables.
    pub mean_f1: Option<Estimate>,
    /// How the order of the neighbours follows their similarity over all variables.
    pub graded_ranking: Option<GradedRanking>,
    /// Per variable, in the vocabulary's order.
    pub variables: Vec<VariableDetails>,
    /// The course of the training, or of every fold's, where a table of it lies beside the classification.
    pub learning_curves: Vec<LearningCurve>,
}

/// Who predicted, and how neighbours voted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct VoteDetails {
    /// `majority`, `weighted`, `classifier`, or `mean` for that of the neighbours' vote and the classifier.
    pub rule: &'static str,
    /// The temperature of the weights; none where all votes are equal.
    pub temperature: Option<f64>,
    /// Predictions of less confidence were withheld.
    pub confidence_threshold: f64,
}

/// How intervals of confidence were made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BootstrapDetails {
    /// How often the objects were drawn.
    pub resamples: usize,
    /// The probability with which an interval should hold the true figure.
    pub level: f64,
    /// The seed of the draws.
    pub seed: u64,
}

/// The figures of one variable beyond its summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct VariableDetails {
    /// Its name.
    pub variable: String,
    /// Whether it enters the means over the variables.
    pub enters_means: bool,
    /// The share of the samples with a known truth that have a prediction, in `[0, 1]`; 0 without any.
    pub coverage: f64,
    /// The share of correct predictions; none where nothing was evaluated.
    pub accuracy: Option<Estimate>,
    /// The unweighted mean F1 over the classes; none where nothing was evaluated.
    pub mean_f1: Option<Estimate>,
    /// Figures by sets, where labels are sets of classes.
    pub sets: Option<SetMetrics>,
    /// The share of queries that have a right neighbour among the first.
    pub recall_at: Vec<RecallAt>,
    /// How far the confidence of the predictions can be trusted, where neighbours are at hand.
    pub calibration: Option<Calibration>,
    /// Per museum, where the names of images tell of museums.
    pub museums: Vec<MuseumMetrics>,
    /// The classes that were taken for each other most often.
    pub confusions: Vec<Confusion>,
}

impl EvaluationDetails {
    /// The details of a classification with the metrics of its variables.
    ///
    /// # Errors
    /// An interruption.
    pub(crate) fn of(
        classification: &Classification,
        metrics: &[VariableMetrics],
        learning_curves: Vec<LearningCurve>,
        observer: &dyn Observer,
    ) -> Result<Self> {
        let samples = Samples::with_metrics(classification, metrics);
        let drawn = resampled(&samples, observer)?;
        let undrawn = samples.undrawn();
        let estimate =
            |figure: &dyn Fn(&Drawn) -> Option<f64>| Estimate::of(figure(&undrawn)?, &column(&drawn, figure));
        let museums = by_museum(classification);
        let details = |(v, metrics): (usize, &VariableMetrics)| VariableDetails {
            variable: metrics.variable.clone(),
            enters_means: metrics.enters_means(),
            coverage: metrics.coverage(),
            accuracy: estimate(&|drawn| Some(drawn.variables[v]?.accuracy)),
            mean_f1: estimate(&|drawn| Some(drawn.variables[v]?.mean_f1)),
            sets: SetMetrics::of(classification, v),
            recall_at: classification
                .neighbours
                .as_ref()
                .map_or(Vec::new(), |near| recall_at(&classification.truth, near, v)),
            calibration: Calibration::of(classification, v),
            museums: museums
                .iter()
                .map(|(museum, samples)| MuseumMetrics::of(classification, v, museum, samples))
                .collect(),
            confusions: confusions::most_frequent(classification, v),
        };
        Ok(Self {
            format_version: FORMAT_VERSION,
            software_version: env!("CARGO_PKG_VERSION"),
            samples: classification.names.len() as u64,
            objects: samples.object_count as u64,
            vote: VoteDetails::of(Vote::of_description(&classification.meta)),
            bootstrap: BootstrapDetails {
                resamples: bootstrap::RESAMPLES,
                level: bootstrap::LEVEL,
                seed: bootstrap::SEED,
            },
            mean_accuracy: estimate(&|drawn| Some(drawn.means?.accuracy)),
            mean_f1: estimate(&|drawn| Some(drawn.means?.mean_f1)),
            graded_ranking: GradedRanking::of(classification),
            variables: metrics.iter().enumerate().map(details).collect(),
            learning_curves,
        })
    }

    /// Writes `evaluation_details.json` into `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)
            .map_err(|cause| Error::internal("the details cannot be written as JSON").caused_by(cause))?;
        files::write(folder.join(FILE_NAME), json + "\n")
    }
}

/// Drawings between two looks at whether the work should stop.
const DRAWINGS_PER_STEP: usize = 50;

fn resampled(samples: &Samples, observer: &dyn Observer) -> Result<Vec<Drawn>> {
    let mut drawn = Vec::with_capacity(bootstrap::RESAMPLES);
    for number in 0..bootstrap::RESAMPLES {
        if number.is_multiple_of(DRAWINGS_PER_STEP) {
            observer.check()?;
        }
        drawn.push(samples.figures(&draw(samples.object_count, number)));
    }
    Ok(drawn)
}

impl VoteDetails {
    fn of(vote: Vote) -> Self {
        let (rule, temperature) = match vote.weights {
            Weights::Equal => ("majority", None),
            Weights::ByDistance { temperature } => ("weighted", Some(temperature)),
        };
        let rule = match vote.voters {
            Voters::Neighbours => rule,
            Voters::Classifier => "classifier",
            Voters::Both => "mean",
        };
        Self { rule, temperature, confidence_threshold: vote.least_confidence }
    }
}
