//! The cells that the tables of a report share.

use crate::bootstrap::Estimate;
use crate::page::Cell;

/// A share in per cent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// The bounds of an interval of confidence.
pub(super) fn interval(estimate: Option<Estimate>) -> Cell {
    estimate.map_or(nothing(), |Estimate { low, high, .. }| {
        Cell::Number(format!("{:.1} – {:.1} %", 100.0 * low, 100.0 * high))
    })
}

/// The cell of a figure that is not known.
pub(super) fn nothing() -> Cell {
    Cell::Number("–".to_owned())
}
