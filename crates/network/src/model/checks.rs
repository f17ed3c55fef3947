//! Checks of what a model says of itself, before anything of that size is allocated.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use silknow_errors::{Error, Result};
use silknow_image::Pipeline;

use super::facts::Facts;
use crate::families::design_of;
use crate::head::{HEAD_PREFIX, head_tensors};
use crate::top::BACKBONE_PREFIX;
use crate::weights::{misshapen, missing};

/// Widths of a fully connected layer that can be read; far beyond what is of use, and short of what memory refuses.
const WIDTHS: RangeInclusive<usize> = 1..=65_536;

/// The most fully connected layers that can be read.
const MOST_LAYERS: usize = 16;

/// The most weights of one fully connected layer that can be read.
const MOST_WEIGHTS: usize = 1 << 28;

/// Sides of the network's input that can be read, in pixels.
const INPUT_SIZES: RangeInclusive<usize> = 32..=2048;

/// Checks the numbers of a description before anything is made by them.
///
/// # Errors
/// The first number that is out of range, with the range.
pub(super) fn check_ranges(facts: &Facts) -> Result<()> {
    let Pipeline { input_size, mean, std, .. } = facts.pipeline;
    let refused = |what: String, range: String| Err(Error::data(what).hint(range));
    if !INPUT_SIZES.contains(&input_size) {
        let range = format!("it must be from {} to {}", INPUT_SIZES.start(), INPUT_SIZES.end());
        return refused(format!("the `input_size` is {input_size}"), range);
    }
    if !mean.iter().chain(&std).all(|value| value.is_finite()) || !std.iter().all(|&value| value > 0.0) {
        let range = "both are three finite numbers, and `std` is greater than 0".to_owned();
        return refused(format!("the `mean` is {mean:?} and the `std` {std:?}"), range);
    }
    if let Some(width) = facts.add_fc.iter().find(|width| !WIDTHS.contains(width)) {
        let range = format!("it must be from {} to {}", WIDTHS.start(), WIDTHS.end());
        return refused(format!("a layer of `add_fc` has the width {width}"), range);
    }
    let share = facts.frozen_share;
    if !(0.0..=1.0).contains(&share) || (share > 0.0 && facts.add_fc.is_empty()) {
        let range = "it must be from 0 to 1, and 0 without trained layers".to_owned();
        return refused(format!("the `frozen_share` is {share}"), range);
    }
    let inputs = design_of(facts.architecture)?.pooled_features();
    let too_large = std::iter::once(&inputs).chain(&facts.add_fc).zip(&facts.add_fc).any(|(a, b)| a * b > MOST_WEIGHTS);
    if too_large || facts.add_fc.len() > MOST_LAYERS {
        let range = format!("there may be {MOST_LAYERS} layers of {MOST_WEIGHTS} weights each");
        return refused(format!("the layers `add_fc` {:?} are too many or too large", facts.add_fc), range);
    }
    if let Some(vote) = facts.vote
        && !(vote.temperature.is_finite() && vote.temperature > 0.0 && vote.neighbours > 0)
    {
        let range = "the temperature must be greater than 0, and one neighbour or more must vote".to_owned();
        return refused(
            format!("the `vote` has the temperature {} and {} neighbours", vote.temperature, vote.neighbours),
            range,
        );
    }
    Ok(())
}

/// Checks that the tensors are those of the backbone and the head, each with its shape.
pub(super) fn check_shapes(facts: &Facts, shapes: &BTreeMap<String, Vec<usize>>) -> Result<()> {
    let design = design_of(facts.architecture)?;
    let prefixed = |(name, shape)| (format!("{BACKBONE_PREFIX}{name}"), shape);
    let mut expected: BTreeMap<_, _> = design.tensors().into_iter().map(prefixed).collect();
    expected.extend(head_tensors(design.pooled_features(), &facts.add_fc));
    for (name, shape) in &expected {
        match shapes.get(name) {
            None => return Err(missing(name)),
            Some(other) if other != shape => return Err(misshapen(name, other, shape)),
            Some(_) => {}
        }
    }
    match shapes.keys().find(|name| !expected.contains_key(*name)) {
        None => Ok(()),
        Some(name) if name.starts_with(HEAD_PREFIX) => {
            Err(Error::data(format!("the tensor `{name}` does not belong to the head {:?}", facts.add_fc)))
        }
        Some(name) => {
            Err(Error::data(format!("the tensor `{name}` does not belong to a model of {}", facts.architecture)))
        }
    }
}
