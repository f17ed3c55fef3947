//! Whether one run is better than another for the same images, or by chance.
//!
//! Differences have intervals of confidence by the paired bootstrap over objects, and McNemar's test counts the images that one
//! run alone has right. McNemar's test takes images for independent of each other, which images of one object are not; where the
//! two disagree, the bootstrap is to be believed.

mod comparison;
mod mcnemar;
mod pairing;
mod table;

use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_progress::Observer;

use crate::bootstrap::{Drawn, Figures, RESAMPLES, Samples, draw};
use crate::folds::{Fold, pool};
pub use comparison::{Comparison, Paired, PairedFigures, Run, VariableComparison};
pub use mcnemar::McNemar;
use pairing::{PairedRuns, common_images, common_variables};

/// Compares two runs for the images that both have.
///
/// Images are the same where their paths are. Where that leaves some out and every file name is there once in each run, the
/// file names decide, so that runs can be compared whose folders were moved.
///
/// # Errors
/// No image or no variable in common; paths that share no root with the working directory; an interruption.
pub fn compare(a: Run<'_>, b: Run<'_>, observer: &dyn Observer) -> Result<Comparison> {
    let folds: Vec<Fold<'_>> = a.folds.iter().chain(b.folds).copied().collect();
    let images_a = a.folds.iter().map(|fold| fold.classification.names.len()).sum();
    let both = pool(&folds, Path::new("."))?;
    let images_b = both.names.len() - images_a;
    let mut warnings = Vec::new();
    let common = common_images(&both.names, images_a, &mut warnings);
    if common.is_empty() {
        return Err(Error::data(format!(
            "the two runs have no image in common: {images_a} in {} and {images_b} in {}",
            a.folder.display(),
            b.folder.display()
        ))
        .hint("compare runs that were made with the same queries"));
    }
    if common.len() < images_a.max(images_b) {
        warnings.insert(
            0,
            format!(
                "the runs have different images: {images_a} and {images_b}, of which the {} common ones are compared",
                common.len()
            ),
        );
    }
    let variables = common_variables(a, b, &both, &mut warnings)?;
    let paired = PairedRuns::of(&both, &common, &variables, &mut warnings);
    let progress = observer.begin("drawing", RESAMPLES as u64);
    let mut drawn: Vec<[Drawn; 2]> = Vec::with_capacity(RESAMPLES);
    for number in 0..RESAMPLES {
        observer.check()?;
        let weights = draw(paired.samples[0].object_count, number);
        drawn.push(paired.samples.each_ref().map(|samples| samples.figures(&weights)));
        progress.advance(1);
    }
    let whole = paired.samples.each_ref().map(Samples::undrawn);
    let figures = |figure: &dyn Fn(&Drawn) -> Option<Figures>| {
        let of_both = |[a, b]: &[Drawn; 2]| Some([figure(a)?, figure(b)?]);
        PairedFigures::of(of_both(&whole)?, &drawn.iter().filter_map(of_both).collect::<Vec<_>>())
    };
    let comparisons = variables.iter().enumerate().map(|(place, &v)| VariableComparison {
        variable: both.vocabulary.variables[v].name.clone(),
        enters_means: paired.counted[place],
        figures: figures(&|drawn| drawn.variables[place]),
        ..paired.counts[place].clone()
    });
    warnings.extend(variables.iter().enumerate().filter(|&(place, _)| !paired.counted[place]).map(|(_, &v)| {
        format!("`{}`: fewer than two classes occur, so it does not enter the means", both.vocabulary.variables[v].name)
    }));
    Ok(Comparison {
        run_a: a.folder.to_owned(),
        run_b: b.folder.to_owned(),
        images_a,
        images_b,
        images_common: common.len(),
        objects: paired.samples[0].object_count,
        means: figures(&|drawn| drawn.means),
        variables: comparisons.collect(),
        warnings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::variable;
    use silknow_index::classification::Classification;
    use silknow_progress::Silent;
    use silknow_records::{LabelMatrix, MISSING, Vocabulary};

    /// Images of `place` by their names, each with truth and prediction.
    fn run(classes: &[&str], images: &[(&str, i32, i32)]) -> Classification {
        let labels = |of: &dyn Fn(&(&str, i32, i32)) -> i32| {
            LabelMatrix::from_indices(1, images.iter().map(of).collect()).unwrap()
        };
        let vocabulary = Vocabulary { variables: vec![variable("place", classes)] };
        let mut made = Classification::from_labels(vocabulary, labels(&|it| it.1), labels(&|it| it.2)).unwrap();
        made.names = images.iter().map(|it| it.0.to_owned()).collect();
        made
    }

    fn compared(a: &Classification, b: &Classification, folders: [&str; 2]) -> Result<Comparison> {
        let [folder_a, folder_b] = folders.map(Path::new);
        let folds = [Fold { classification: a, folder: folder_a }, Fold { classification: b, folder: folder_b }];
        let (folds_a, folds_b) = folds.split_at(1);
        compare(Run { folder: folder_a, folds: folds_a }, Run { folder: folder_b, folds: folds_b }, &Silent)
    }

    #[test]
    fn runs_over_the_same_images_are_compared_by_image_and_class() {
        // The classes of B stand in another order; its folder is another one with the same images.
        let a = run(
            &["DE", "ES"],
            &[
                ("../i/m__1__a.jpg", 0, 0),
                ("../i/m__1__b.jpg", 0, 1),
                ("../i/m__2.jpg", 1, 0),
                ("../i/m__3.jpg", -1, 0),
            ],
        );
        let b = run(
            &["ES", "DE"],
            &[("i/m__3.jpg", -1, 0), ("i/m__2.jpg", 0, 0), ("i/m__1__a.jpg", 1, 1), ("i/m__1__b.jpg", 1, 1)],
        );
        let comparison = compared(&a, &b, ["/run/one", "/run"]).unwrap();
        assert_eq!((comparison.images_common, comparison.objects, comparison.warnings.len()), (4, 3, 0));
        let place = &comparison.variables[0];
        assert_eq!((place.labelled, place.images, place.enters_means), (3, 3, true));
        assert_eq!((place.mcnemar.only_a_right, place.mcnemar.only_b_right, place.mcnemar.p_value), (0, 2, 0.5));
        let accuracy = place.figures.unwrap().accuracy;
        assert_eq!((accuracy.a, accuracy.b, accuracy.difference.value), (1.0 / 3.0, 1.0, 1.0 - 1.0 / 3.0));
        assert!(accuracy.difference.low >= 0.5 && accuracy.difference.high == 1.0, "{accuracy:?}");
        assert_eq!(comparison.means.unwrap().accuracy, accuracy);
        let text = comparison.to_string();
        assert!(text.contains("compared: 4 images of 3 objects") && text.contains("+0.667"), "{text}");
    }

    #[test]
    fn equal_runs_do_not_differ() {
        let a = run(&["DE", "ES"], &[("a.jpg", 0, 0), ("b.jpg", 1, 0), ("c.jpg", 1, 1)]);
        let accuracy = compared(&a, &a, ["/run", "/run"]).unwrap().variables[0].figures.unwrap().accuracy;
        assert_eq!((accuracy.difference.low, accuracy.difference.high, accuracy.p_value), (0.0, 0.0, 1.0));
    }

    #[test]
    fn common_images_alone_are_compared_and_counted() {
        let a = run(&["DE", "ES"], &[("a.jpg", 0, 0), ("b.jpg", 1, 0), ("c.jpg", 1, 1)]);
        let b = run(&["DE", "ES"], &[("b.jpg", 1, 1), ("c.jpg", 0, 1), ("d.jpg", 1, 1)]);
        let comparison = compared(&a, &b, ["/run", "/run"]).unwrap();
        assert_eq!((comparison.images_common, comparison.variables[0].images), (2, 1));
        let warnings = comparison.warnings.join("\n");
        assert!(warnings.contains("3 and 3, of which the 2 common ones are compared"), "{warnings}");
        assert!(warnings.contains("different true labels of 1 images"), "{warnings}");
        let other = run(&["DE", "ES"], &[("x.jpg", 0, 0)]);
        let message = compared(&a, &other, ["/run", "/run"]).unwrap_err().to_string();
        assert!(message.contains("no image in common: 3 in /run and 1 in /run"), "{message}");
    }

    #[test]
    fn moved_folders_are_matched_by_the_names_of_their_images() {
        let a = run(&["DE", "ES"], &[("x/a.jpg", 0, 0), ("x/b.jpg", 1, 0)]);
        let b = run(&["DE", "ES"], &[("y/b.jpg", 1, 1), ("y/a.jpg", 0, 0)]);
        let comparison = compared(&a, &b, ["/run", "/other"]).unwrap();
        assert_eq!(comparison.images_common, 2);
        assert!(comparison.warnings[0].contains("same file name"), "{:?}", comparison.warnings);
    }

    #[test]
    fn withheld_predictions_show_in_the_coverage() {
        let a = run(&["DE", "ES"], &[("a.jpg", 0, 0), ("b.jpg", 1, 1), ("c.jpg", 1, MISSING)]);
        let b = run(&["DE", "ES"], &[("a.jpg", 0, 0), ("b.jpg", 1, 0), ("c.jpg", 1, 1)]);
        let place = &compared(&a, &b, ["/run", "/run"]).unwrap().variables[0];
        assert_eq!((place.labelled, place.images, place.coverage_a, place.coverage_b), (3, 2, 2.0 / 3.0, 1.0));
        assert_eq!((place.mcnemar.only_a_right, place.mcnemar.only_b_right), (1, 0));
    }

    #[test]
    fn runs_without_a_common_variable_are_refused() {
        let a = run(&["DE", "ES"], &[("a.jpg", 0, 0)]);
        let mut b = a.clone();
        b.vocabulary.variables[0].name = "technique".to_owned();
        let message = compared(&a, &b, ["/run", "/run"]).unwrap_err().to_string();
        assert!(message.contains("no variable in common") && message.contains("`technique`"), "{message}");
    }
}
