//! The exact index in memory.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_records::{LabelMatrix, Record, Vocabulary};

use crate::filter::Filter;
use crate::index::{Hit, Hits, Index};
use crate::meta::IndexMeta;
use crate::neighbours::{Positions, Structure, check_count, check_k, check_rows};
use crate::root::root_of;

/// Records with descriptors in memory. Neighbours are exact.
///
/// The descriptors are held once. What a search needs beside them (one and a half copies in the order in which the
/// processor reads them, for more than a few dimensions) is made when the first search comes, and anew after a change.
#[derive(Clone, Debug)]
pub struct MemoryIndex {
    pub(crate) vocabulary: Vocabulary,
    pub(crate) records: Vec<Arc<Record>>,
    /// `[N, D]`, row by row.
    pub(crate) descriptors: Vec<f32>,
    pub(crate) dims: usize,
    pub(crate) meta: IndexMeta,
    structure: OnceLock<Arc<Structure>>,
}

impl MemoryIndex {
    /// An index of N records with their descriptors `[N, D]`, row by row. The labels of the records are written with
    /// `vocabulary`.
    ///
    /// # Errors
    /// Descriptors that are not one row of D finite values per record, labels of another number of variables or of classes
    /// that the vocabulary does not have, more than 2^32 - 1 records.
    pub fn new(
        vocabulary: Vocabulary,
        records: Vec<Arc<Record>>,
        descriptors: Vec<f32>,
        dims: usize,
        meta: IndexMeta,
    ) -> Result<Self> {
        records.iter().try_for_each(|record| check_labels(&vocabulary, record))?;
        Self::with_checked_labels(vocabulary, records, descriptors, dims, meta)
    }

    /// As [`new`](Self::new), for records whose labels are known to be of the vocabulary.
    pub(crate) fn with_checked_labels(
        vocabulary: Vocabulary,
        records: Vec<Arc<Record>>,
        descriptors: Vec<f32>,
        dims: usize,
        meta: IndexMeta,
    ) -> Result<Self> {
        if dims == 0 || descriptors.len() != records.len() * dims {
            return Err(Error::data(format!(
                "{} names for {} descriptor values of {dims} dimensions",
                records.len(),
                descriptors.len()
            ))
            .hint("give every descriptor one name"));
        }
        check_count(records.len())?;
        check_descriptors(&records, &descriptors, dims)?;
        Ok(Self { vocabulary, records, descriptors, dims, meta, structure: OnceLock::new() })
    }

    /// The records, in the order of their positions.
    pub fn records(&self) -> &[Arc<Record>] {
        &self.records
    }

    /// The descriptors `[N, D]`, row by row.
    pub fn descriptors(&self) -> &[f32] {
        &self.descriptors
    }

    /// Which model made it, and how.
    pub fn meta(&self) -> &IndexMeta {
        &self.meta
    }

    /// The labels of all records.
    pub fn labels(&self) -> LabelMatrix {
        LabelMatrix::of(self.vocabulary.len(), self.records.iter().map(|record| &record.labels))
    }

    /// The names of the records, which are relative to `index_folder`, relative to `folder` instead.
    ///
    /// # Errors
    /// A working directory that is gone, folders without a common root.
    pub fn names_relative_to(&self, index_folder: impl AsRef<Path>, folder: impl AsRef<Path>) -> Result<Vec<String>> {
        let index_folder = index_folder.as_ref();
        self.records.iter().map(|record| files::relative_to(index_folder.join(&record.name), &folder)).collect()
    }

    /// The folder below which the images lie, relative to the folder of the index; empty for that folder itself.
    pub fn image_root(&self) -> String {
        root_of(self.records.iter().map(|record| record.name.as_str()))
    }

    /// What searches need beside the descriptors, made now if it was not before. An index without records has none.
    pub fn prepare(&self) {
        if !self.records.is_empty() {
            self.structure.get_or_init(|| Arc::new(Structure::new(&self.descriptors, self.dims)));
        }
    }

    /// The positions of the records that pass the filter; none where all do.
    fn allowed(&self, filter: &Filter) -> Result<Option<Positions>> {
        if filter.is_everything() {
            return Ok(None);
        }
        let matcher = filter.resolve(&self.vocabulary)?;
        let passes: Vec<bool> = self.records.par_iter().map(|record| matcher.matches(record)).collect();
        Ok(Some(passes.into_iter().collect()))
    }
}

/// Equal when they hold the same; how far searches are prepared does not count.
impl PartialEq for MemoryIndex {
    fn eq(&self, other: &Self) -> bool {
        self.vocabulary == other.vocabulary
            && self.records == other.records
            && self.descriptors == other.descriptors
            && self.dims == other.dims
            && self.meta == other.meta
    }
}

impl Index for MemoryIndex {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn dims(&self) -> usize {
        self.dims
    }

    fn len(&self) -> usize {
        self.records.len()
    }

    fn model_fingerprint(&self) -> &str {
        &self.meta.model_fingerprint
    }

    fn nearest(&self, descriptors: &[f32], k: usize, filter: &Filter) -> Result<Hits> {
        check_k(k)?;
        check_rows("query", descriptors, self.dims)?;
        let allowed = self.allowed(filter)?;
        self.prepare();
        let Some(structure) = self.structure.get() else {
            return Ok(descriptors.chunks_exact(self.dims).map(|_| Vec::new()).collect());
        };
        let found = structure.nearest(&self.descriptors, descriptors, k, allowed.as_ref());
        let hit = |(&position, &distance): (&u32, &f32)| Hit {
            position: position.into(),
            distance,
            record: Arc::clone(&self.records[position as usize]),
        };
        let mut hits = Hits::default();
        for query in 0..descriptors.len() / self.dims {
            let (positions, distances) = found.of(query);
            hits.push(positions.iter().zip(distances).map(hit));
        }
        Ok(hits)
    }

    fn insert(&mut self, vocabulary: &Vocabulary, mut records: Vec<Record>, descriptors: &[f32]) -> Result<()> {
        if descriptors.len() != records.len() * self.dims {
            return Err(Error::data(format!(
                "{} descriptor values are not {} rows of {} dimensions",
                descriptors.len(),
                records.len(),
                self.dims
            ))
            .hint("give every record one descriptor, made with the model of the index"));
        }
        check_count(self.len() + records.len())?;
        check_descriptors(&records, descriptors, self.dims)?;
        records.iter().try_for_each(|record| check_labels(vocabulary, record))?;
        let translation = self.vocabulary.absorb(vocabulary)?;
        for record in &mut records {
            record.labels = translation.apply(&record.labels);
        }
        self.records.extend(records.into_iter().map(Arc::new));
        self.descriptors.extend_from_slice(descriptors);
        self.structure.take();
        Ok(())
    }

    fn remove(&mut self, filter: &Filter) -> Result<usize> {
        let matcher = filter.resolve(&self.vocabulary)?;
        let (records, rows) = (&self.records, self.descriptors.chunks_exact(self.dims));
        let (kept, kept_rows): (Vec<_>, Vec<_>) =
            records.iter().zip(rows).filter(|(record, _)| !matcher.matches(record)).unzip();
        let removed = records.len() - kept.len();
        if removed > 0 {
            let (records, descriptors) = (kept.into_iter().cloned().collect(), kept_rows.concat());
            (self.records, self.descriptors) = (records, descriptors);
            self.structure.take();
        }
        Ok(removed)
    }
}

fn check_labels(vocabulary: &Vocabulary, record: &Record) -> Result<()> {
    let variables = vocabulary.len();
    if record.labels.variables() != variables {
        let found = record.labels.variables();
        return Err(Error::data(format!("`{}` has labels for {found} variables instead of {variables}", record.name)));
    }
    for (v, variable) in vocabulary.variables.iter().enumerate() {
        let classes = variable.classes.len() as i32;
        if let Some(class) = record.labels.classes(v).iter().find(|class| !(0..classes).contains(*class)) {
            return Err(Error::data(format!(
                "`{}` has class {class} of `{}`, which has {classes} classes",
                record.name, variable.name
            )));
        }
    }
    Ok(())
}

/// Refuses descriptors that are not finite numbers, naming the record.
pub(crate) fn check_descriptors<R: AsRef<Record>>(records: &[R], descriptors: &[f32], dims: usize) -> Result<()> {
    match descriptors.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(place) => Err(Error::data(format!(
            "the descriptor of `{}` holds {}, which is not a finite number",
            records[place / dims].as_ref().name,
            descriptors[place]
        ))
        .hint("the model may not have converged; train it with a lower learning rate")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use crate::index::check_model;
    use silknow_records::Variable;

    fn make(descriptors: &[f32], names: &[&str], class: i32) -> Result<MemoryIndex> {
        let records = names.iter().map(|name| {
            let mut record = Record::new(*name, 1);
            record.labels.set(0, &[class]);
            Arc::new(record)
        });
        let vocabulary = Vocabulary { variables: vec![Variable::new("place", ["ES"])] };
        MemoryIndex::new(vocabulary, records.collect(), descriptors.to_vec(), 2, IndexMeta::new("model"))
    }

    #[test]
    fn the_index_in_memory_keeps_what_an_index_promises() {
        conformance::check(&mut |vocabulary, dims| {
            let index = MemoryIndex::new(vocabulary.clone(), vec![], vec![], dims, IndexMeta::new("model"))?;
            Ok(Box::new(index))
        });
    }

    #[test]
    fn parts_that_do_not_belong_together_are_refused() {
        let index = make(&[1.0, 0.0, 0.0, 1.0], &["a", "b"], 0).unwrap();
        assert_eq!((index.len(), index.labels().indices()), (2, [0, 0].as_slice()));
        let refusals = [
            (make(&[1.0, 0.0], &["a", "b"], 0), "2 names for 2 descriptor values"),
            (make(&[1.0, 0.0, 0.0], &["a"], 0), "1 names for 3 descriptor values"),
            (make(&[1.0, f32::NAN], &["a"], 0), "the descriptor of `a` holds NaN"),
            (make(&[1.0, 0.0], &["a"], 1), "`a` has class 1 of `place`, which has 1 classes"),
        ];
        for (refused, expected) in refusals {
            let message = refused.unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn an_index_of_another_model_is_refused() {
        let index = make(&[1.0, 0.0], &["a"], 0).unwrap();
        check_model(&index, "model").unwrap();
        let message = check_model(&index, "other").unwrap_err().to_string();
        assert!(message.contains("another model") && message.contains("other"), "{message}");
    }

    #[test]
    fn names_are_told_from_another_folder() {
        let index = make(&[1.0, 0.0], &["../img/a.jpg"], 0).unwrap();
        let names = index.names_relative_to("/museum/index", "/museum/out/results").unwrap();
        assert_eq!(names, ["../../img/a.jpg"]);
    }
}
