//! The results of the old toolbox: class names of the truth and of the predictions.

use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_index::Classification;
use silknow_records::{LabelMatrix, Labels, VocabularyBuilder};

use super::vocabulary::{labels, vocabulary};
use super::{Entries, pickle_of};
use crate::pickle;

/// Reads a `pred_gt.npz` of the old toolbox. It names no images: they are called by their positions. The variables are
/// called by `names`, where given, position by position; the file has their beginnings alone.
///
/// # Errors
/// A file of another kind, a pickle with anything that plain data do not need, truth and predictions of different numbers
/// of images or variables.
pub fn read_results(path: impl AsRef<Path>, names: Option<&[String]>) -> Result<Classification> {
    let path = path.as_ref();
    let bytes = pickle_of(path)?;
    parse(&bytes, names).map_err(|error| error.in_file(path))
}

/// Reads the pickle of such a file.
pub(super) fn parse(bytes: &[u8], names: Option<&[String]>) -> Result<Classification> {
    let pickle = pickle::load(bytes)?;
    let entries = Entries::of(&pickle)?;
    let listed = vocabulary(&entries.view("label2class_list")?, names)?;
    let variables = listed.len();
    let mut classes = VocabularyBuilder::from(listed);
    let mut column = |name: &str| -> Result<Vec<Labels>> {
        entries.view(name)?.items(name)?.map(|sample| labels(&sample?, name, &mut classes, variables)).collect()
    };
    let (truth, predictions) = (column("Groundtruth")?, column("Predictions")?);
    if truth.len() != predictions.len() {
        return Err(Error::data(format!(
            "{} images have a truth, and {} a prediction",
            truth.len(),
            predictions.len()
        )));
    }
    let matrix = |labels: &[Labels]| LabelMatrix::of(variables, labels);
    Classification::from_labels(classes.into_vocabulary(), matrix(&truth), matrix(&predictions))
}
