//! Small classifications that the unit tests of this crate share.
//!
//! Compiled for tests only.

use silknow_index::classification::{Classification, RankedNeighbours};
use silknow_records::{LabelMatrix, MISSING, Variable, Vocabulary};

pub(crate) fn variable(name: &str, classes: &[&str]) -> Variable {
    Variable::new(name, classes.iter().copied())
}

/// Four queries with two neighbours each; `place` is known for three, `technique` for none.
pub(crate) fn classification() -> Classification {
    let labels = |place: &[i32]| {
        LabelMatrix::from_indices(2, place.iter().flat_map(|&index| [index, MISSING]).collect()).unwrap()
    };
    Classification {
        vocabulary: Vocabulary {
            variables: vec![variable("place", &["DE", "ES"]), variable("technique", &["damask"])],
        },
        names: (0..4).map(|query| format!("images/query_{query}.jpg")).collect(),
        truth: labels(&[0, 1, 1, MISSING]),
        predictions: labels(&[0, 0, 1, 1]),
        neighbours: Some(RankedNeighbours {
            k: 2,
            names: (0..8).map(|neighbour| format!("images/near_{neighbour}.jpg")).collect(),
            distances: [0.1, 0.2].repeat(4),
            labels: labels(&[0, MISSING, 0, 1, 1, 0, 1, 1]),
        }),
        shares: None,
        meta: r#"{"model":"abc"}"#.into(),
    }
}
