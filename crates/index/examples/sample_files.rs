//! Writes a small `kdtree.npz` and `pred_gt.npz` into a folder: `cargo run --example sample_files -- FOLDER`.
//!
//! The committed files of a format version were made with it, and `tests/formats/check_with_numpy.py` reads what it
//! writes.

use std::sync::Arc;

use silknow_errors::Result;
use silknow_index::{IndexMeta, MemoryIndex, Queries, Search, Truth, retrieve};
use silknow_progress::Silent;
use silknow_records::{Record, VocabularyBuilder};

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let mut classes = VocabularyBuilder::new(["place", "timespan"]);
    let images = [
        ("img/m__11__a.jpg", ["ES", "eighteenth_century_(dates_CE)"]),
        ("img/m__12__b.jpg", ["FR", "nan"]),
        ("img/plain_ñ.jpg", ["nan", "nan"]),
    ];
    let records = images.map(|(name, labels)| {
        let mut record = Record::new(name, 2);
        record.labels = classes.labels_named(labels);
        Arc::new(record)
    });
    let descriptors = vec![1.0, 0.0, 0.6, 0.8, 0.0, -1.0];
    let meta = IndexMeta::new("0123456789abcdef").with("master_file", "master_file_tree.txt");
    let truth = classes.clone().labels_of(["ES", "nan"]);
    let vocabulary = classes.into_vocabulary();
    let index = MemoryIndex::new(vocabulary.clone(), records.into(), descriptors, 2, meta)?;
    index.write(&folder)?;
    let queries = Queries {
        names: vec!["query/m__21__a.jpg".to_owned()],
        descriptors: vec![0.8, 0.6],
        truth: Some(Truth { vocabulary, labels: vec![truth] }),
        opinions: None,
    };
    let found = retrieve(&index, queries, &Search::nearest(2), &Silent)?;
    found.write("0123456789abcdef", &folder, &folder)?;
    Ok(())
}
