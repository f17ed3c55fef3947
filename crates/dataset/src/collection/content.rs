//! What the files of a collection say: images with their labels.

use std::path::PathBuf;
use std::sync::Arc;

use silknow_records::{LabelMatrix, Record, Vocabulary, object_key};

/// An image of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What is known of it. Its name is the one in the collection file; its labels are classes of
    /// [`Collections::vocabulary`].
    pub record: Arc<Record>,
    /// Which of [`Collections::files`] lists it.
    pub collection: usize,
}

/// The samples of a master file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collections {
    /// The collection files, as the master file names them, in its order.
    pub files: Vec<String>,
    /// The folder that the names of images are relative to: the master file's.
    pub master_dir: PathBuf,
    /// The variables, in the order in which they were asked for, with the classes that occur, sorted by name.
    pub vocabulary: Vocabulary,
    /// The samples, in file order.
    pub samples: Vec<Sample>,
}

impl Collections {
    /// Where the image of a sample is: its name, from the master file's folder.
    pub fn image(&self, sample: &Sample) -> PathBuf {
        self.master_dir.join(&sample.record.name)
    }

    /// The key of every sample's object, in sample order; see [`object_key`].
    pub fn object_keys(&self) -> Vec<&str> {
        self.samples.iter().map(|sample| object_key(&sample.record.name)).collect()
    }

    /// The names of the variables.
    pub fn variables(&self) -> Vec<String> {
        self.vocabulary.names()
    }

    /// The labels of the samples `[N, V]`.
    pub fn labels(&self) -> LabelMatrix {
        LabelMatrix::of(self.vocabulary.len(), self.samples.iter().map(|sample| &sample.record.labels))
    }

    /// The given samples, in their order, with the classes that occur in them.
    #[must_use]
    pub fn select(&self, samples: &[usize]) -> Self {
        let mut samples: Vec<Sample> = samples.iter().map(|&sample| self.samples[sample].clone()).collect();
        let (vocabulary, translation) = self.vocabulary.occurring(samples.iter().map(|sample| &sample.record.labels));
        // Records are shared unless the indices of classes change.
        if vocabulary != self.vocabulary {
            for sample in &mut samples {
                let labels = translation.apply(&sample.record.labels);
                Arc::make_mut(&mut sample.record).labels = labels;
            }
        }
        Self { files: self.files.clone(), master_dir: self.master_dir.clone(), vocabulary, samples }
    }
}
