//! The records of an index from the samples of collections: what `build-kdtree` and the folds of a cross-validation have
//! in common.

use std::path::Path;
use std::sync::Arc;

use silknow_dataset::collection::Collections;
use silknow_errors::Result;
use silknow_files as files;
use silknow_index::{IndexMeta, MemoryIndex};

/// The index of some samples, whose descriptors `[samples, dims]` are given in their order, for the file in `folder`.
///
/// Its vocabulary has the classes of these samples alone, and the names of its records are relative to `folder`.
///
/// # Errors
/// Images that share no root with the folder; descriptors that are not finite numbers.
pub(crate) fn index_of(
    collections: &Collections,
    samples: &[usize],
    descriptors: Vec<f32>,
    dims: usize,
    folder: &Path,
    meta: IndexMeta,
) -> Result<MemoryIndex> {
    let names = names(collections, samples, folder)?;
    let selected = collections.select(samples);
    let records = selected.samples.into_iter().zip(names).map(|(sample, name)| {
        let mut record = sample.record;
        Arc::make_mut(&mut record).name = name;
        record
    });
    MemoryIndex::new(selected.vocabulary, records.collect(), descriptors, dims, meta)
}

/// The image paths of some samples, relative to a folder.
pub(crate) fn names(collections: &Collections, samples: &[usize], folder: &Path) -> Result<Vec<String>> {
    let image = |sample: &usize| collections.image(&collections.samples[*sample]);
    samples.iter().map(|sample| files::relative_to(image(sample), folder)).collect()
}
