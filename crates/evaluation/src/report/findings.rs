//! What a report is made from.

use std::collections::HashMap;
use std::path::Path;

use silknow_index::classification::Classification;
use silknow_records::Object;

use crate::details::EvaluationDetails;
use crate::matrix::MatrixPicture;
use crate::summary::EvaluationSummary;

/// Both matrices of a variable.
#[derive(Clone, Debug)]
pub(crate) struct VariablePictures {
    /// With numbers of samples.
    pub counts: MatrixPicture,
    /// With shares of the rows.
    pub shares: MatrixPicture,
}

/// What a report is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Findings<'a> {
    pub classification: &'a Classification,
    /// What the image paths of the classification are relative to.
    pub folder: &'a Path,
    pub summary: &'a EvaluationSummary,
    pub details: &'a EvaluationDetails,
    /// What is known of the objects that neighbours show, by the names of their images.
    pub works: &'a HashMap<String, Object>,
}
