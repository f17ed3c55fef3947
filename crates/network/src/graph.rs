//! A network as a list of operations, so that other programs can compute it too.
//!
//! Families enter their parts, `head` and `top` what stands on them; no format of a file is known here.

use crate::weights::WeightTensor;

/// An operation on arrays. The first axis of every map and row is that of the images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// Maps `[N, C, H, W]`, a kernel `[O, C, K, K]` and, where there is one, a bias `[O]` to maps `[N, O, H', W']`.
    Convolution {
        /// Step in both directions.
        stride_px: usize,
        /// Zeros before and after, in both directions.
        border_px: [usize; 2],
    },
    /// Maps, then scale, shift, mean and variance `[C]`: scale · (x - mean) / √(variance + epsilon) + shift.
    BatchNormalisation {
        /// What is added to the variance.
        epsilon: f32,
    },
    /// The largest value of every square window of maps.
    MaximumPool {
        /// Side of a window.
        window_px: usize,
        /// Step in both directions.
        stride_px: usize,
        /// Columns and rows before and after, which are never the largest.
        border_px: [usize; 2],
    },
    /// Maps with zeros around them.
    ZeroBorder {
        /// Columns and rows before and after.
        border_px: [usize; 2],
    },
    /// Maps `[N, C, H, W]` to the means over their pixels `[N, C]`.
    GlobalAverage,
    /// Rows `[N, I]`, weights `[O, I]` and a bias `[O]` to rows `[N, O]`.
    FullyConnected,
    /// Negative values become 0.
    Rectify,
    /// The sum of two arrays.
    Add,
    /// The first array less the second, which may be one number a colour `[3, 1, 1]`.
    Subtract,
    /// The product of an array and another or a number.
    Multiply,
    /// The first array divided by the second, which may be one number a colour `[3, 1, 1]` or a row `[N, 1]`.
    Divide,
    /// Rows `[N, D]` to the sums of their squares `[N, 1]`.
    SumOfSquares,
    /// Of an array and a number, the larger.
    AtLeast,
    /// Square roots.
    Root,
    /// Rows `[N, A]` and `[N, B]` to rows `[N, A + B]`.
    Join,
}

/// An operation in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The name of what it delivers.
    pub result: String,
    /// What it does.
    pub operation: Operation,
    /// The names of what it works on: results of earlier steps, constants, and what the graph is given.
    pub operands: Vec<String>,
}

/// A network as a list of operations.
#[derive(Debug, Default)]
pub struct Graph {
    /// The operations, each after those that it needs.
    pub steps: Vec<Step>,
    /// Arrays that never change, with their names.
    pub constants: Vec<(String, WeightTensor)>,
}

impl Graph {
    /// Enters an operation whose result has this name.
    pub fn enter(&mut self, result: impl Into<String>, operation: Operation, operands: &[&str]) {
        let operands = operands.iter().map(|&name| name.to_owned()).collect();
        self.steps.push(Step { result: result.into(), operation, operands });
    }

    /// Enters an array that never changes.
    pub fn constant(&mut self, name: impl Into<String>, tensor: WeightTensor) {
        self.constants.push((name.into(), tensor));
    }

    /// Enters numbers of this shape that never change.
    pub(crate) fn numbers(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        self.constant(name, WeightTensor { shape: shape.to_vec(), data: values.to_vec() });
    }
}
