//! What an objective is given for one batch.

use std::sync::Arc;

use silknow_records::{LabelMatrix, Record};

use super::ImageValues;

/// Descriptors of B images, and what is known of these.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Batch<'a> {
    /// The labels of the images, `[B, V]`, in the order of `relevant_variables`.
    pub labels: &'a LabelMatrix,
    /// The descriptors, `[B, dims]` row by row; those of training have unit length.
    pub descriptors: &'a [f32],
    /// Length D of a descriptor.
    pub dims: usize,
    /// The records of the images, `[B]`; empty when the objective does not ask for them.
    pub records: &'a [Arc<Record>],
    /// The descriptors of a second view of every image, `[B, dims]` row by row; empty when the objective does not ask for
    /// them.
    pub second_view: &'a [f32],
    /// How much each variable counts, `[V]`, not negative, one above 0; empty when all count alike. Only ratios matter.
    pub variable_weights: &'a [f64],
    values: Option<&'a ImageValues>,
    pub(super) heads: Option<&'a ImageValues>,
}

impl<'a> Batch<'a> {
    /// A batch of labels and descriptors.
    ///
    /// # Panics
    /// When the descriptors are not one row of `dims` values for every row of labels.
    pub fn new(labels: &'a LabelMatrix, descriptors: &'a [f32], dims: usize) -> Self {
        assert_eq!(descriptors.len(), labels.len() * dims, "a batch has one descriptor for every row of labels");
        Self {
            labels,
            descriptors,
            dims,
            records: &[],
            second_view: &[],
            variable_weights: &[],
            values: None,
            heads: None,
        }
    }

    /// The same batch with records.
    ///
    /// # Panics
    /// When there is not one record for every row of labels.
    #[must_use]
    pub fn with_records(mut self, records: &'a [Arc<Record>]) -> Self {
        assert_eq!(records.len(), self.len(), "a batch has one record for every row of labels");
        self.records = records;
        self
    }

    /// The same batch with values of the images.
    ///
    /// # Panics
    /// When they are not those of B images.
    #[must_use]
    pub fn with_values(mut self, values: &'a ImageValues) -> Self {
        assert_eq!(values.images(), self.len(), "a batch has values of every image");
        self.values = Some(values);
        self
    }

    /// The same batch with weights of the variables.
    ///
    /// # Panics
    /// When there is not one finite weight of at least 0 for every variable, and one above 0.
    #[must_use]
    pub fn with_variable_weights(mut self, weights: &'a [f64]) -> Self {
        assert_eq!(weights.len(), self.labels.variables(), "every variable has a weight");
        assert!(weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0), "weights are not negative");
        assert!(weights.iter().any(|weight| *weight > 0.0), "one variable counts");
        self.variable_weights = weights;
        self
    }

    /// The same batch with the descriptors of a second view of every image.
    ///
    /// # Panics
    /// When they are not as many as those of the first.
    #[must_use]
    pub fn with_second_view(mut self, descriptors: &'a [f32]) -> Self {
        assert_eq!(descriptors.len(), self.descriptors.len(), "every image has two views or none");
        self.second_view = descriptors;
        self
    }

    /// The same batch with what extra heads give, by the names of the heads.
    ///
    /// # Panics
    /// When these are not the outputs for B images.
    #[must_use]
    pub fn with_heads(mut self, outputs: &'a ImageValues) -> Self {
        assert_eq!(outputs.images(), self.len(), "a batch has outputs of the heads for every image");
        self.heads = Some(outputs);
        self
    }

    /// The number of images B.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True without images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The descriptor of one image, `[D]`.
    pub fn descriptor(&self, image: usize) -> &'a [f32] {
        &self.descriptors[image * self.dims..][..self.dims]
    }

    /// How much a variable counts; 1 where all count alike.
    pub fn variable_weight(&self, variable: usize) -> f64 {
        self.variable_weights.get(variable).copied().unwrap_or(1.0)
    }

    /// Hands some of its images, in the order given, to `use_it` as a batch of their own.
    pub(super) fn with_images<T>(&self, images: &[usize], use_it: impl FnOnce(&Batch<'_>) -> T) -> T {
        let rows = |values: &[f32]| -> Vec<f32> {
            let row = |&image: &usize| values.get(image * self.dims..(image + 1) * self.dims).unwrap_or_default();
            images.iter().flat_map(row).copied().collect()
        };
        let labels = self.labels.select(images);
        let (descriptors, second_view) = (rows(self.descriptors), rows(self.second_view));
        let records: Vec<Arc<Record>> =
            images.iter().filter_map(|&image| self.records.get(image)).map(Arc::clone).collect();
        let values = self.values.map(|values| values.select(images));
        let heads = self.heads.map(|heads| heads.select(images));
        use_it(&Batch {
            labels: &labels,
            descriptors: &descriptors,
            dims: self.dims,
            records: &records,
            second_view: &second_view,
            variable_weights: self.variable_weights,
            values: values.as_ref(),
            heads: heads.as_ref(),
        })
    }

    /// The values that are known under a name, `[B, width]` row by row.
    ///
    /// # Panics
    /// When the objective did not ask for them.
    pub fn values(&self, name: &str) -> &'a [f32] {
        self.values
            .and_then(|values| values.get(name))
            .unwrap_or_else(|| panic!("the objective did not ask for the values `{name}`"))
    }

    /// What the head of this name gives, `[B, width]` row by row.
    ///
    /// # Panics
    /// When the objective did not ask for it.
    pub fn head(&self, name: &str) -> &'a [f32] {
        self.heads
            .and_then(|heads| heads.get(name))
            .unwrap_or_else(|| panic!("the objective did not ask for the head `{name}`"))
    }
}
