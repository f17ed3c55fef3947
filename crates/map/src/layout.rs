//! Laying out the edges on a plane: neighbours attract each other, and images drawn at random repel.
//!
//! Source: McInnes, Healy and Melville, UMAP, 2018, section 4 and appendix C, with the curve 1 / (1 + a d^(2b)) for a least distance of 0.1.
//! Everything runs in one order on one thread, so that a seed gives the same points everywhere.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use silknow_errors::Result;
use silknow_index::{Index, MemoryIndex};
use silknow_progress::Observer;

use crate::graph::Edge;

/// The curve for a least distance of 0.1 and a spread of 1.
const A: f32 = 1.576_943_5;
const B: f32 = 0.895_060_9;

/// Passes over all edges: more for small collections, where they cost nothing.
const MOST_PASSES: usize = 500;
const LEAST_PASSES: usize = 200;

/// Images up to which there are the most passes.
const SMALL: usize = 10_000;

/// Images drawn to repel for each attraction.
const REPULSIONS: usize = 5;

/// The longest step along an axis.
const MOST_STEP: f32 = 4.0;

/// The side of the square that the layout begins in.
const SIDE: f32 = 10.0;

/// Steps of the search for a principal axis.
const POWER_STEPS: usize = 30;

/// The points of all images, in `[0, 1]` along both axes.
pub(crate) fn points(index: &MemoryIndex, edges: &[Edge], seed: u64, observer: &dyn Observer) -> Result<Vec<[f32; 2]>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut points = beginning(index, &mut rng);
    let passes = if index.len() <= SMALL { MOST_PASSES } else { LEAST_PASSES };
    let strongest = edges.iter().map(|edge| edge.weight).fold(0.0, f32::max);
    // An edge takes part in a share of the passes that is its weight.
    let every: Vec<f32> = edges.iter().map(|edge| strongest / edge.weight).collect();
    let mut next = every.clone();
    let progress = observer.begin("laying out", passes as u64);
    for pass in 0..passes {
        observer.check()?;
        let step = 1.0 - pass as f32 / passes as f32;
        for (number, edge) in edges.iter().enumerate() {
            if next[number] > pass as f32 + 1.0 {
                continue;
            }
            next[number] += every[number];
            let (from, to) = (edge.from as usize, edge.to as usize);
            attract(&mut points, from, to, step);
            for _ in 0..REPULSIONS {
                let other = rng.random_range(0..points.len());
                if other != from {
                    repel(&mut points, from, other, step);
                }
            }
        }
        progress.advance(1);
    }
    Ok(within_square(points))
}

/// Where the images begin: along the two axes in which their descriptors differ most.
fn beginning(index: &MemoryIndex, rng: &mut ChaCha8Rng) -> Vec<[f32; 2]> {
    let (dims, descriptors) = (index.dims(), index.descriptors());
    let mut mean = vec![0.0f64; dims];
    for row in descriptors.chunks_exact(dims) {
        mean.iter_mut().zip(row).for_each(|(mean, &value)| *mean += f64::from(value) / index.len() as f64);
    }
    let along = |axis: &[f64], row: &[f32]| -> f64 {
        row.iter().zip(&mean).zip(axis).map(|((&value, mean), axis)| (f64::from(value) - mean) * axis).sum()
    };
    let mut axes: Vec<Vec<f64>> = Vec::new();
    for _ in 0..2 {
        let mut axis: Vec<f64> = (0..dims).map(|_| rng.random_range(-1.0..1.0)).collect();
        for _ in 0..POWER_STEPS {
            let mut sum = vec![0.0f64; dims];
            for row in descriptors.chunks_exact(dims) {
                let share = along(&axis, row);
                let values = row.iter().zip(&mean);
                sum.iter_mut().zip(values).for_each(|(sum, (&value, mean))| *sum += share * (f64::from(value) - mean));
            }
            for before in &axes {
                let share: f64 = before.iter().zip(&sum).map(|(a, b)| a * b).sum();
                sum.iter_mut().zip(before).for_each(|(sum, axis)| *sum -= share * axis);
            }
            let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
            if length < 1e-12 {
                break;
            }
            axis = sum.into_iter().map(|value| value / length).collect();
        }
        axes.push(axis);
    }
    let points = descriptors.chunks_exact(dims).map(|row| [along(&axes[0], row) as f32, along(&axes[1], row) as f32]);
    // Equal descriptors would stay on one point for ever.
    let apart = |[x, y]: [f32; 2], rng: &mut ChaCha8Rng| {
        [x * SIDE + rng.random_range(-1e-2..1e-2), y * SIDE + rng.random_range(-1e-2..1e-2)]
    };
    within_square(points.collect()).into_iter().map(|point| apart(point, rng)).collect()
}

fn attract(points: &mut [[f32; 2]], from: usize, to: usize, step: f32) {
    let (dx, dy) = (points[from][0] - points[to][0], points[from][1] - points[to][1]);
    let squared = dx * dx + dy * dy;
    if squared <= 0.0 {
        return;
    }
    let powered = squared.powf(B);
    let pull = -2.0 * A * B * powered / squared / (1.0 + A * powered);
    let (x, y) = (clipped(pull * dx) * step, clipped(pull * dy) * step);
    points[from] = [points[from][0] + x, points[from][1] + y];
    points[to] = [points[to][0] - x, points[to][1] - y];
}

fn repel(points: &mut [[f32; 2]], from: usize, other: usize, step: f32) {
    let (dx, dy) = (points[from][0] - points[other][0], points[from][1] - points[other][1]);
    let squared = dx * dx + dy * dy;
    let push = 2.0 * B / ((0.001 + squared) * (1.0 + A * squared.powf(B)));
    points[from][0] += clipped(push * dx) * step;
    points[from][1] += clipped(push * dy) * step;
}

fn clipped(length: f32) -> f32 {
    length.clamp(-MOST_STEP, MOST_STEP)
}

/// The points moved and scaled, equally along both axes, into the unit square.
fn within_square(points: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    let end = |axis: usize, better: fn(f32, f32) -> f32| points.iter().map(|point| point[axis]).reduce(better);
    let (Some(left), Some(right)) = (end(0, f32::min), end(0, f32::max)) else { return points };
    let (Some(top), Some(bottom)) = (end(1, f32::min), end(1, f32::max)) else { return points };
    let side = (right - left).max(bottom - top).max(f32::MIN_POSITIVE);
    let (x, y) = ((side - (right - left)) / 2.0, (side - (bottom - top)) / 2.0);
    let place = |at: f32, margin: f32| ((at + margin) / side).clamp(0.0, 1.0);
    points.iter().map(|point| [place(point[0] - left, x), place(point[1] - top, y)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_fill_the_square_without_being_stretched() {
        let points = within_square(vec![[-2.0, 1.0], [2.0, 1.0], [0.0, 3.0]]);
        assert_eq!(points, [[0.0, 0.25], [1.0, 0.25], [0.5, 0.75]]);
    }
}
