//! Where in two pictures their similarity comes from.

use burn::tensor::{Tensor, TensorData};
use silknow_errors::{Error, Result};

use super::ready::Model;
use crate::device::numbers;
use crate::features::FeatureShape;

/// What the backbone sees at every place of a picture: its last maps, of which the pooled values are the mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Places {
    shape: FeatureShape,
    /// `[C, H, W]`
    maps: Vec<f32>,
}

/// Where in two pictures their similarity comes from.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The product of the two descriptors, 1 - d^2 / 2 at the distance d; in `[-1, 1]`.
    pub similarity: f32,
    /// What the places of the first picture add to it.
    pub first: Contributions,
    /// What the places of the second picture add to it.
    pub second: Contributions,
}

/// What every place of a picture adds to a similarity. Together they are the similarity; some may be negative.
///
/// The places are those of a grid over the square in the middle of the picture that the network sees.
#[derive(Clone, Debug, PartialEq)]
pub struct Contributions {
    /// Rows of the grid.
    pub rows: usize,
    /// Columns of the grid.
    pub columns: usize,
    /// `[rows, columns]`, row by row.
    pub values: Vec<f32>,
}

impl Model {
    /// Looks at the places of `n` images: normalised pixels `[n, 3, S, S]`, row by row.
    ///
    /// # Errors
    /// A backbone that does not take the mean over places; when `pixels` has another length.
    pub fn places(&self, pixels: &[f32], n: usize) -> Result<Vec<Places>> {
        let maps = self.backbone.run_before_pool(pixels, n)?.ok_or_else(|| {
            let name = self.facts.architecture;
            Error::configuration(format!("the backbone {name} does not tell the places of a picture apart"))
                .hint("its similarities cannot be explained; leave the explanation out")
        })?;
        let places = |values: &[f32]| Places { shape: maps.shape, maps: values.to_vec() };
        Ok(maps.values.chunks(maps.shape.len()).map(places).collect())
    }

    /// Where the similarity of each of some pairs of pictures comes from.
    ///
    /// A place x of the P places of a picture, with the values m(x) in the maps, adds (v . m(x) + b) / P to the similarity s = v . p + b,
    /// where p is the mean of m, v the slope of s with respect to p for given lengths, and b the part of the biases (after
    /// Stylianou et al. 2019, who have no layers in between).
    ///
    /// # Errors
    /// Places of another model's backbone; a device that delivers another type than `f32`.
    pub fn explain(&self, pairs: &[(&Places, &Places)]) -> Result<Vec<Explanation>> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let inputs = self.head.head.inputs();
        if let Some(places) = pairs.iter().flat_map(|&(a, b)| [a, b]).find(|places| places.shape.channels != inputs) {
            let given = places.shape.channels;
            return Err(Error::internal(format!("places with {given} values for a model whose backbone has {inputs}")));
        }
        let first = self.contributions(pairs.iter().copied())?;
        let second = self.contributions(pairs.iter().map(|&(a, b)| (b, a)))?;
        let both = first.into_iter().zip(second);
        Ok(both.map(|((similarity, first), (_, second))| Explanation { similarity, first, second }).collect())
    }

    /// The similarity of every pair, and what the places of its first picture add to it.
    fn contributions<'a>(
        &self,
        pairs: impl Iterator<Item = (&'a Places, &'a Places)> + Clone,
    ) -> Result<Vec<(f32, Contributions)>> {
        let count = pairs.clone().count();
        let pooled = |means: Vec<f32>| {
            let features = means.len() / count;
            Tensor::<2>::from_data(TensorData::new(means, [count, features]), &self.device)
        };
        let own = pooled(pairs.clone().flat_map(|(own, _)| own.means()).collect());
        let others = pooled(pairs.clone().flat_map(|(_, other)| other.means()).collect());
        let slopes = self.head.similarity_slopes(own, others);
        let (of_pooled, similarity) = (numbers(slopes.of_pooled)?, numbers(slopes.similarity)?);
        let rows = of_pooled.chunks(of_pooled.len() / count).zip(similarity);
        Ok(pairs
            .zip(rows)
            .map(|((own, _), (slopes, similarity))| (similarity, own.parts(slopes, similarity)))
            .collect())
    }
}

impl Places {
    fn count(&self) -> usize {
        self.shape.height * self.shape.width
    }

    /// The mean of every channel over all places.
    fn means(&self) -> impl Iterator<Item = f32> {
        let places = self.count();
        self.maps.chunks(places).map(move |map| map.iter().sum::<f32>() / places as f32)
    }

    /// The parts of a similarity, which are its slopes times what is seen at every place; what the biases add belongs to no
    /// place, and is shared among all.
    fn parts(&self, slopes: &[f32], similarity: f32) -> Contributions {
        let places = self.count();
        let mut values = vec![0.0; places];
        for (map, slope) in self.maps.chunks(places).zip(slopes) {
            for (value, seen) in values.iter_mut().zip(map) {
                *value += slope * seen / places as f32;
            }
        }
        let rest = (similarity - values.iter().sum::<f32>()) / places as f32;
        values.iter_mut().for_each(|value| *value += rest);
        Contributions { rows: self.shape.height, columns: self.shape.width, values }
    }
}
