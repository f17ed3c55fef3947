//! Who lies close to whom: the nearest neighbours, as edges with weights.
//!
//! Source: McInnes, Healy and Melville, UMAP, 2018, section 3.1: the weight of a neighbour falls from 1 at the nearest one, at a rate
//! by which the weights of all add up to the logarithm of their number; of the two directions of an edge the probability that one of
//! both holds is taken.

use std::collections::BTreeMap;

use silknow_errors::Result;
use silknow_index::{Filter, Index, MemoryIndex};
use silknow_progress::Observer;

/// An edge between two images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edge {
    /// The lower position.
    pub from: u32,
    /// The higher position.
    pub to: u32,
    /// In `(0, 1]`.
    pub weight: f32,
}

/// Images that are asked for their neighbours at once.
const STEP: usize = 1024;

/// Steps of the search for a rate.
const HALVINGS: usize = 64;

/// The edges between all images and their `k` nearest others, by position.
pub(crate) fn edges(index: &MemoryIndex, k: usize, observer: &dyn Observer) -> Result<Vec<Edge>> {
    let progress = observer.begin("finding neighbours", index.len() as u64);
    // Ordered, so that edges come in the same order whatever happens.
    let mut weights: BTreeMap<(u32, u32), f32> = BTreeMap::new();
    for (step, descriptors) in index.descriptors().chunks(STEP * index.dims()).enumerate() {
        observer.check()?;
        // One more than wanted, since an image is its own nearest neighbour.
        let hits = index.nearest(descriptors, k + 1, &Filter::everything())?;
        for (row, hits) in hits.iter().enumerate() {
            let own = (step * STEP + row) as u64;
            let others = hits.iter().filter(|hit| hit.position != own).take(k);
            let (positions, distances): (Vec<u64>, Vec<f32>) = others.map(|hit| (hit.position, hit.distance)).unzip();
            for (position, weight) in positions.into_iter().zip(falling(&distances)) {
                let key = (own.min(position) as u32, own.max(position) as u32);
                weights.entry(key).and_modify(|other| *other += weight - *other * weight).or_insert(weight);
            }
        }
        progress.advance(hits.len() as u64);
    }
    Ok(weights.into_iter().map(|((from, to), weight)| Edge { from, to, weight }).collect())
}

/// The weights of neighbours at ascending distances.
fn falling(distances: &[f32]) -> Vec<f32> {
    // Neighbours that are equal to the image have the full weight, and tell no scale.
    let nearest = distances.iter().copied().find(|&distance| distance > 0.0).unwrap_or_default();
    let weight = |distance: f32, scale: f64| (-f64::from((distance - nearest).max(0.0)) / scale).exp();
    let wanted = (distances.len() as f64).log2().max(f64::MIN_POSITIVE);
    let (mut low, mut high) = (1e-12f64, 1e3f64);
    for _ in 0..HALVINGS {
        let middle = (low * high).sqrt();
        let sum: f64 = distances.iter().map(|&distance| weight(distance, middle)).sum();
        if sum > wanted { high = middle } else { low = middle }
    }
    distances.iter().map(|&distance| weight(distance, high) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_fall_with_the_distance_and_add_up_to_the_logarithm() {
        let weights = falling(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]);
        assert!(weights.is_sorted_by(|a, b| a > b) && weights[0] == 1.0, "{weights:?}");
        assert!((weights.iter().sum::<f32>() - 3.0).abs() < 1e-3, "{weights:?}");
        assert!(falling(&[0.0, 0.0]).iter().all(|&weight| weight == 1.0));
        assert!(falling(&[0.4, 0.4, 0.4]).iter().all(|weight| weight.is_finite()));
    }
}
