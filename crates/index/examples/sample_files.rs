//! Writes a small `kdtree.npz` and `pred_gt.npz` into a folder: `cargo run --example sample_files -- FOLDER`.
//!
//! The committed files of a format version were made with it, and `tests/formats/check_with_numpy.py` reads what it
//! writes.

use silknow_errors::Result;
use silknow_index::{DescriptorIndex, IndexMeta, Queries, Retriever};
use silknow_progress::Silent;
use silknow_records::{LabelMatrix, MISSING, Variable, Vocabulary};

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let index = DescriptorIndex {
        vocabulary: Vocabulary {
            variables: vec![
                Variable::new("place", ["ES", "FR"]),
                Variable::new("timespan", ["eighteenth_century_(dates_CE)"]),
            ],
        },
        names: texts(&["img/m__11__a.jpg", "img/m__12__b.jpg", "img/plain_ñ.jpg"]),
        labels: LabelMatrix::from_indices(2, vec![0, 0, 1, MISSING, MISSING, MISSING])?,
        descriptors: vec![1.0, 0.0, 0.6, 0.8, 0.0, -1.0],
        dims: 2,
        meta: IndexMeta::new("0123456789abcdef").with("master_file", "master_file_tree.txt"),
    };
    index.write(&folder)?;
    let queries = Queries {
        names: texts(&["query/m__21__a.jpg"]),
        descriptors: vec![0.8, 0.6],
        labels: Some(vec![vec![Some("ES".to_owned()), None]]),
    };
    let found = Retriever::new(&index)?.retrieve(queries, 2, &Silent)?;
    found.write(&index, &index.names, &folder)?;
    Ok(())
}
