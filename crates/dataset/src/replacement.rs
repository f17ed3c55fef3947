//! What replaces one label.

/// What replaces a label in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replacement {
    /// The line that names the label.
    pub(crate) line: u64,
    /// The label as it stands there.
    pub(crate) old: String,
    /// The label that takes its place; empty where it becomes missing.
    pub(crate) new: String,
    /// True once a label was replaced.
    pub(crate) used: bool,
}
