//! What an objective asks for.

use silknow_errors::{Error, Result};
use silknow_records::{LabelMatrix, MISSING};

/// The samples that an objective can learn from.
///
/// They are ordered: each takes all that those before it take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Samples {
    /// Those with a label for every variable.
    Complete,
    /// Those with a label for at least one variable.
    Labelled,
    /// All.
    Any,
}

impl Samples {
    /// True for a sample of this kind, by its labels.
    pub fn suits(self, labels: &LabelMatrix, sample: usize) -> bool {
        match self {
            Self::Complete => labels.row(sample).iter().all(|&label| label != MISSING),
            Self::Labelled => labels.row(sample).iter().any(|&label| label != MISSING),
            Self::Any => true,
        }
    }
}

/// What an objective needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asks {
    /// The samples that it can learn from. The others are left out of the batches.
    pub samples: Samples,
    /// The fewest samples that it can compare, at least 1.
    pub smallest_batch: usize,
    /// True when it needs [`Batch::records`](super::Batch::records).
    pub records: bool,
    /// The names of the [`Batch::values`](super::Batch::values) that it needs, each with the number of values of an image.
    pub values: Vec<(String, usize)>,
    /// The extra heads whose outputs it needs, by name, each with the number of outputs for an image.
    pub heads: Vec<(String, usize)>,
    /// True when it needs [`Batch::second_view`](super::Batch::second_view).
    pub second_view: bool,
}

impl Asks {
    /// An objective that needs labels and descriptors alone.
    pub fn new(samples: Samples, smallest_batch: usize) -> Self {
        Self { samples, smallest_batch, records: false, values: Vec::new(), heads: Vec::new(), second_view: false }
    }

    /// Asks for the records too.
    #[must_use]
    pub fn with_records(mut self) -> Self {
        self.records = true;
        self
    }

    /// Asks for `width` values of every image, which are known under this name.
    #[must_use]
    pub fn with_values(mut self, name: impl Into<String>, width: usize) -> Self {
        self.values.push((name.into(), width));
        self
    }

    /// Asks for a linear layer of this name with `width` outputs for every image. It is trained with the network, and takes
    /// what the last fully connected layer gives before that is brought to unit length; without such layers, the values
    /// of the backbone.
    #[must_use]
    pub fn with_head(mut self, name: impl Into<String>, width: usize) -> Self {
        self.heads.push((name.into(), width));
        self
    }

    /// Asks for the descriptors of a second view of every image, which is augmented in another way than the first. The
    /// training then needs an augmentation. In validation the first view is the image as it is.
    #[must_use]
    pub fn with_second_view(mut self) -> Self {
        self.second_view = true;
        self
    }

    /// What this and another objective, of the given name, need for the same batches.
    ///
    /// # Errors
    /// A head that both ask for, values of one name in different numbers.
    pub(super) fn joined(mut self, other: Self, name: &str) -> Result<Self> {
        self.samples = self.samples.max(other.samples);
        self.smallest_batch = self.smallest_batch.max(other.smallest_batch);
        self.records |= other.records;
        self.second_view |= other.second_view;
        for (values, width) in other.values {
            match self.values.iter().find(|(known, _)| *known == values) {
                None => self.values.push((values, width)),
                Some((_, known)) if *known == width => {}
                Some((_, known)) => {
                    let message = format!("{name} asks for {width} values `{values}`, another part for {known}");
                    return Err(Error::internal(message));
                }
            }
        }
        for (head, width) in other.heads {
            if self.heads.iter().any(|(known, _)| *known == head) {
                return Err(Error::internal(format!("{name} asks for the head `{head}`, as another part does")));
            }
            self.heads.push((head, width));
        }
        Ok(self)
    }

    /// Checks that the objective of this name asks for what can be given.
    ///
    /// # Errors
    /// No name, a smallest batch without samples, heads without outputs, two heads of one name.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        if name.is_empty() || self.smallest_batch == 0 {
            return Err(Error::internal("an objective has a name, and a smallest batch of at least one sample"));
        }
        for (position, (head, width)) in self.heads.iter().enumerate() {
            let twice = self.heads[..position].iter().any(|(other, _)| other == head);
            if head.is_empty() || *width == 0 || twice {
                let message = format!("{name} asks for a head `{head}` with {width} outputs");
                let hint = "every head has a name of its own, and at least one output";
                return Err(Error::internal(message).hint(hint));
            }
        }
        Ok(())
    }
}
