//! Cross-validation: folds pooled into one classification, and the spread of the figures over the folds.
//!
//! The folds may have different classes, so their vocabularies are merged first. The figures of each fold come from `metrics`.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_index::StatedShares;
use silknow_index::classification::{Classification, RankedNeighbours};
use silknow_records::{LabelMatrix, Labels, MISSING, Variable, Vocabulary};

use crate::metrics::VariableMetrics;
use crate::text_table::aligned;

/// The name of the text file with mean and deviation over the folds.
pub const FILE_NAME: &str = "crossvalidation_results.txt";

/// One fold of a cross-validation.
#[derive(Clone, Copy, Debug)]
pub struct Fold<'a> {
    /// What was tested in this fold.
    pub classification: &'a Classification,
    /// The folder that its image paths are relative to.
    pub folder: &'a Path,
}

/// A figure over the folds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Mean over the folds that have the figure, 0 without one.
    pub mean: f64,
    /// Standard deviation of the same (divisor n - 1), 0 with fewer than two.
    pub deviation: f64,
    /// The figure per fold; none where the fold has no sample for it.
    pub per_fold: Vec<Option<f64>>,
}

impl Spread {
    fn of(per_fold: Vec<Option<f64>>) -> Self {
        let known: Vec<f64> = per_fold.iter().copied().flatten().collect();
        let count = known.len() as f64;
        let mean = crate::averages::mean(known.iter().copied());
        let squares: f64 = known.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = if known.len() < 2 { 0.0 } else { (squares / (count - 1.0)).sqrt() };
        Self { mean, deviation, per_fold }
    }
}

/// The spread of one variable's figures over the folds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct VariableSpread {
    /// Its name.
    pub variable: String,
    /// Share of correct predictions.
    pub accuracy: Spread,
    /// Unweighted mean of the classes' precision.
    pub mean_precision: Spread,
    /// Unweighted mean of the classes' recall.
    pub mean_recall: Spread,
    /// Unweighted mean of the classes' F1.
    pub mean_f1: Spread,
    /// Precision at k of the ranked neighbours.
    pub precision_at_k: Spread,
    /// Mean average precision of the ranked neighbours.
    pub mean_average_precision: Spread,
}

/// Mean and deviation over the folds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FoldStatistics {
    /// The number of folds.
    pub folds: usize,
    /// Per variable, in the pooled vocabulary's order.
    pub variables: Vec<VariableSpread>,
}

impl FoldStatistics {
    /// The spread of the figures of each of the pooled variables; variables are matched by name.
    pub fn of(folds: &[Fold<'_>], pooled: &Vocabulary) -> Self {
        let variables = pooled.variables.iter().map(|variable| VariableSpread::of(folds, &variable.name)).collect();
        Self { folds: folds.len(), variables }
    }

    /// The content of `crossvalidation_results.txt`: every figure of every fold, in per cent.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "Cross-validation with {} folds: figures in %, mean and standard deviation (n - 1) over the folds\n",
            self.folds
        );
        for (title, figure) in FIGURES {
            let mut header = vec!["Variable".to_owned()];
            header.extend((0..self.folds).map(|fold| format!("cv{fold}")));
            header.extend(["mean", "deviation"].map(str::to_owned));
            let mut rows = vec![header];
            for variable in &self.variables {
                let spread = figure(variable);
                let mut row = vec![variable.variable.clone()];
                row.extend(spread.per_fold.iter().map(|value| value.map_or("-".to_owned(), percent)));
                row.extend([percent(spread.mean), percent(spread.deviation)]);
                rows.push(row);
            }
            text.push_str(&format!("\n{title}\n{}", aligned(&rows)));
        }
        text
    }

    /// Mean and deviation of the main figures, for the terminal.
    pub(crate) fn to_short_text(&self) -> String {
        let mut rows = vec![["over the folds", "accuracy", "mean F1"].map(str::to_owned).to_vec()];
        let both = |spread: &Spread| format!("{:.3} ± {:.3}", spread.mean, spread.deviation);
        for variable in &self.variables {
            rows.push(vec![variable.variable.clone(), both(&variable.accuracy), both(&variable.mean_f1)]);
        }
        aligned(&rows)
    }
}

/// A figure's title and where it stands.
pub(crate) type Figure = (&'static str, fn(&VariableSpread) -> &Spread);

/// The figures that the files show, in their order.
pub(crate) const FIGURES: [Figure; 6] = [
    ("Overall accuracy", |variable| &variable.accuracy),
    ("Mean precision", |variable| &variable.mean_precision),
    ("Mean recall", |variable| &variable.mean_recall),
    ("Mean F1", |variable| &variable.mean_f1),
    ("Precision at k", |variable| &variable.precision_at_k),
    ("Mean average precision", |variable| &variable.mean_average_precision),
];

fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}

impl VariableSpread {
    fn of(folds: &[Fold<'_>], name: &str) -> Self {
        let per_fold: Vec<Option<VariableMetrics>> = folds
            .iter()
            .map(|fold| {
                let v = fold.classification.vocabulary.position(name)?;
                Some(VariableMetrics::of(fold.classification, v))
            })
            .collect();
        let spread = |figure: &dyn Fn(&VariableMetrics) -> Option<f64>| {
            Spread::of(per_fold.iter().map(|metrics| metrics.as_ref().and_then(figure)).collect())
        };
        let evaluated = |metrics: &VariableMetrics, value: f64| (metrics.evaluated > 0).then_some(value);
        let ranked = |metrics: &VariableMetrics| metrics.ranking.clone().filter(|ranking| ranking.queries > 0);
        Self {
            variable: name.to_owned(),
            accuracy: spread(&|metrics| evaluated(metrics, metrics.accuracy)),
            mean_precision: spread(&|metrics| evaluated(metrics, metrics.mean_precision)),
            mean_recall: spread(&|metrics| evaluated(metrics, metrics.mean_recall)),
            mean_f1: spread(&|metrics| evaluated(metrics, metrics.mean_f1)),
            precision_at_k: spread(&|metrics| Some(ranked(metrics)?.precision_at_k)),
            mean_average_precision: spread(&|metrics| Some(ranked(metrics)?.mean_average_precision)),
        }
    }
}

/// One classification of all folds' samples, in the order of the folds.
///
/// Variables and classes are merged by name, classes sorted; a variable that a fold lacks is missing there.
/// Image paths become relative to `folder`. Folds with different numbers of neighbours keep the smallest; when one
/// has no neighbours, the whole has none.
///
/// # Errors
/// No folds at all; image paths that share no root with `folder`.
pub fn pool(folds: &[Fold<'_>], folder: &Path) -> Result<Classification> {
    if folds.is_empty() {
        return Err(Error::data("there is no fold to pool"));
    }
    let vocabulary = merged(folds);
    let k = folds.iter().map(|fold| fold.classification.neighbours.as_ref().map(|near| near.k)).min().flatten();
    let mut pooled = Classification {
        truth: LabelMatrix::new(vocabulary.len()),
        predictions: LabelMatrix::new(vocabulary.len()),
        neighbours: k.map(|k| RankedNeighbours {
            k,
            names: Vec::new(),
            distances: Vec::new(),
            labels: LabelMatrix::new(vocabulary.len()),
        }),
        names: Vec::new(),
        shares: folds
            .iter()
            .all(|fold| fold.classification.shares.is_some())
            .then(|| StatedShares::new(vocabulary.len())),
        meta: folds[0].classification.meta.clone(),
        vocabulary,
    };
    for fold in folds {
        append(&mut pooled, fold, folder)?;
    }
    Ok(pooled)
}

fn append(pooled: &mut Classification, fold: &Fold<'_>, folder: &Path) -> Result<()> {
    let single = fold.classification;
    let translation = Translation::new(&single.vocabulary, &pooled.vocabulary);
    let moved = |name: &String| files::relative_to(fold.folder.join(name), folder);
    for (sample, name) in single.names.iter().enumerate() {
        pooled.names.push(moved(name)?);
        pooled.truth.push_labels(&translation.labels(&single.truth, sample));
        pooled.predictions.push_labels(&translation.labels(&single.predictions, sample));
        if let (Some(all), Some(shares)) = (&mut pooled.shares, &single.shares) {
            all.push(translation.shares(shares, sample));
        }
        if let (Some(all), Some(near)) = (&mut pooled.neighbours, &single.neighbours) {
            for neighbour in sample * near.k..sample * near.k + all.k {
                all.names.push(moved(&near.names[neighbour])?);
                all.distances.push(near.distances[neighbour]);
                all.labels.push_labels(&translation.labels(&near.labels, neighbour));
            }
        }
    }
    Ok(())
}

/// All variables in order of their first occurrence, each with all its classes sorted by name.
fn merged(folds: &[Fold<'_>]) -> Vocabulary {
    let mut variables: Vec<(String, BTreeSet<String>)> = Vec::new();
    for variable in folds.iter().flat_map(|fold| &fold.classification.vocabulary.variables) {
        let classes = variable.classes.iter().cloned();
        match variables.iter_mut().find(|(name, _)| *name == variable.name) {
            Some((_, known)) => known.extend(classes),
            None => variables.push((variable.name.clone(), classes.collect())),
        }
    }
    let variable = |(name, classes): (String, BTreeSet<String>)| Variable::new(name, classes);
    let mut merged = Vocabulary { variables: variables.into_iter().map(variable).collect() };
    for [variable, class, text] in folds.iter().flat_map(|fold| fold.classification.vocabulary.unusual_texts()) {
        merged.set_text(variable, class, text);
    }
    merged
}

/// From class indices of one vocabulary to those of another that holds all of it.
struct Translation {
    /// Per variable of the target: its position in the source and the new index of each class.
    columns: Vec<Option<(usize, Vec<i32>)>>,
}

impl Translation {
    fn new(from: &Vocabulary, to: &Vocabulary) -> Self {
        let column = |target: &Variable| {
            let v = from.position(&target.name)?;
            let index = |class: &String| target.classes.binary_search(class).map_or(MISSING, |index| index as i32);
            Some((v, from.variables[v].classes.iter().map(index).collect()))
        };
        Self { columns: to.variables.iter().map(column).collect() }
    }

    fn labels(&self, labels: &LabelMatrix, sample: usize) -> Labels {
        let mut translated = Labels::missing(self.columns.len());
        for (variable, column) in self.columns.iter().enumerate() {
            let Some((v, indices)) = column else { continue };
            let classes: Vec<i32> = labels.classes(sample, *v).iter().map(|&class| indices[class as usize]).collect();
            translated.set(variable, &classes);
        }
        translated
    }

    fn shares(&self, shares: &StatedShares, sample: usize) -> Vec<Vec<(i32, f32)>> {
        let of_column = |column: &Option<(usize, Vec<i32>)>| {
            let Some((v, indices)) = column else { return Vec::new() };
            shares.of(sample, *v).iter().map(|&(class, share)| (indices[class as usize], share)).collect()
        };
        self.columns.iter().map(of_column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{classification, variable};

    /// A second fold whose vocabulary has other classes in another order, and no `technique`.
    fn second() -> Classification {
        Classification {
            vocabulary: Vocabulary { variables: vec![variable("place", &["FR", "ES"])] },
            names: vec!["a.jpg".into(), "b.jpg".into()],
            truth: LabelMatrix::from_indices(1, vec![0, 1]).unwrap(),
            predictions: LabelMatrix::from_indices(1, vec![1, 1]).unwrap(),
            neighbours: Some(RankedNeighbours {
                k: 3,
                names: (0..6).map(|near| format!("n{near}.jpg")).collect(),
                distances: vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
                labels: LabelMatrix::from_indices(1, vec![0, 0, 1, 1, 1, 0]).unwrap(),
            }),
            shares: None,
            meta: String::new(),
        }
    }

    #[test]
    fn folds_are_pooled_by_the_names_of_their_classes() {
        let (first, second) = (classification(), second());
        let folds = [
            Fold { classification: &first, folder: Path::new("/run/cv0") },
            Fold { classification: &second, folder: Path::new("/run/cv1") },
        ];
        let pooled = pool(&folds, Path::new("/run")).unwrap();
        assert_eq!(pooled.vocabulary.variables[0].classes, ["DE", "ES", "FR"]);
        assert_eq!(pooled.names[0], "cv0/images/query_0.jpg");
        assert_eq!(pooled.names[5], "cv1/b.jpg");
        assert_eq!(pooled.truth.row(4), [2, MISSING]);
        assert_eq!(pooled.truth.row(5), [1, MISSING]);
        let near = pooled.neighbours.unwrap();
        assert_eq!((near.k, near.names.len()), (2, 12));
        assert_eq!(near.names[10], "cv1/n3.jpg");
        assert_eq!(near.labels.row(8), [2, MISSING]);
    }

    #[test]
    fn stated_shares_are_pooled_where_all_folds_state_them() {
        let shares = |rows: Vec<Vec<Vec<(i32, f32)>>>| {
            let mut shares = StatedShares::new(rows[0].len());
            rows.into_iter().for_each(|row| shares.push(row));
            Some(shares)
        };
        let mut first = classification();
        first.shares = shares(vec![vec![vec![(1, 0.75), (0, 0.25)], vec![]]; 4]);
        let mut second = second();
        let pooled = |second: &Classification| {
            let folds = [
                Fold { classification: &first, folder: Path::new("/run/cv0") },
                Fold { classification: second, folder: Path::new("/run/cv1") },
            ];
            pool(&folds, Path::new("/run")).unwrap().shares
        };
        assert_eq!(pooled(&second), None);
        second.shares = shares(vec![vec![vec![(0, 0.5)]], vec![vec![(1, 1.0)]]]);
        let pooled = pooled(&second).unwrap();
        assert_eq!(
            (pooled.of(3, 0), pooled.of(4, 0), pooled.of(5, 0)),
            (&[(1, 0.75), (0, 0.25)][..], &[(2, 0.5)][..], &[(1, 1.0)][..])
        );
        assert!(pooled.of(5, 1).is_empty());
    }

    #[test]
    fn the_spread_leaves_out_folds_without_the_figure() {
        let spread = Spread::of(vec![Some(0.5), None, Some(0.7)]);
        assert!((spread.mean - 0.6).abs() < 1e-12);
        assert!((spread.deviation - 0.02_f64.sqrt()).abs() < 1e-12);
        assert_eq!(Spread::of(vec![Some(0.5)]).deviation, 0.0);
        assert_eq!(Spread::of(vec![None]).mean, 0.0);
    }

    #[test]
    fn the_text_has_every_fold_of_every_figure() {
        let (first, second) = (classification(), second());
        let folds = [
            Fold { classification: &first, folder: Path::new("/run/cv0") },
            Fold { classification: &second, folder: Path::new("/run/cv1") },
        ];
        let pooled = pool(&folds, Path::new("/run")).unwrap();
        let text = FoldStatistics::of(&folds, &pooled.vocabulary).to_text();
        assert!(text.contains("Overall accuracy\nVariable     cv0    cv1   mean  deviation\n"), "{text}");
        assert!(text.contains("place      66.67  50.00  58.33      11.79\n"), "{text}");
        assert!(text.contains("technique      -      -   0.00       0.00\n"), "{text}");
    }

    #[test]
    fn no_fold_is_an_error() {
        assert!(pool(&[], Path::new("/run")).unwrap_err().to_string().contains("no fold"));
    }
}
