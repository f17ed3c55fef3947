//! How much each pooled value of an image adds to its similarity to another.
//!
//! The similarity s of two images is the product of their descriptors, which is 1 - d^2 / 2 at the distance d. For given lengths
//! of what the head gives, and between two kinks of its rectified layers, it is a linear function of the pooled values p of one
//! of them: s = v . p + b, where v is the slope of s with respect to p and b what the biases add. The pooled values are means over places, so every place has
//! its part of s. Without a head v is the other image's pooled values over both lengths, and b is 0.

use burn::tensor::Tensor;

use crate::top::{TopNetwork, unit_length};

/// For N pairs of images, how the similarity follows from the pooled values of the first.
pub(crate) struct Slopes {
    /// v, `[N, F]`.
    pub(crate) of_pooled: Tensor<2>,
    /// The similarity s, `[N, 1]`.
    pub(crate) similarity: Tensor<2>,
}

impl TopNetwork {
    /// The slopes of the similarity of pairs, of whose images the pooled values `[N, F]` are given. The network has no retrained
    /// parts beside its backbone.
    pub(crate) fn similarity_slopes(&self, pooled: Tensor<2>, others: Tensor<2>) -> Slopes {
        let share = self.frozen_share();
        let (outputs, other_outputs) = (self.head.forward(pooled.clone()), self.head.forward(others.clone()));
        let trained = towards(outputs, other_outputs);
        let frozen = towards(pooled.clone(), others);
        Slopes {
            of_pooled: self.head.slopes(pooled, trained.direction) * (1.0 - share) + frozen.direction * share,
            similarity: trained.similarity * (1.0 - share) + frozen.similarity * share,
        }
    }
}

/// Rows against other rows.
struct Towards {
    /// The other rows over both lengths: what the similarity is the product with.
    direction: Tensor<2>,
    /// The products of the rows at unit length, `[N, 1]`.
    similarity: Tensor<2>,
}

fn towards(rows: Tensor<2>, others: Tensor<2>) -> Towards {
    let (unit, other) = (unit_length(rows.clone()), unit_length(others));
    // A row without a direction is zero at unit length, and has no similarity to anything.
    let length = rows.powi_scalar(2).sum_dim(1).clamp_min(f32::MIN_POSITIVE).sqrt();
    let has_direction = unit.clone().powi_scalar(2).sum_dim(1);
    Towards { similarity: (unit * other.clone()).sum_dim(1), direction: other * has_direction / length }
}
