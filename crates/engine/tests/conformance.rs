//! The engine against plain sums in double precision, on every instruction set that this processor has, in every format
//! of numbers that it has for it.
//!
//! The networks are small, with all kinds of layers: strides, ways around, basic blocks and bottlenecks, maps that
//! Winograd's tiles cover and that they do not.

use silknow_engine::{
    Activation, Block, Convolution, EngineBuilder, Instructions, Output, PoolBorder, Precision, Unit,
};

/// Numbers between -1 and 1 that follow from their position: a linear congruential generator.
fn numbers(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn convolution(seed: u64, inputs: usize, outputs: usize, kernel_px: usize, stride_px: usize) -> Convolution {
    let fan_in = inputs * kernel_px * kernel_px;
    // As large as keeps the size of the values from layer to layer.
    let scale = (6.0 / fan_in as f32).sqrt();
    let weights = numbers(seed, outputs * fan_in).into_iter().map(|value| value * scale).collect();
    Convolution { inputs, outputs, kernel_px, stride_px, weights, shift: numbers(seed + 1, outputs) }
}

/// Maps in double precision: channels, height, width.
#[derive(Clone)]
struct Exact {
    channels: usize,
    side: usize,
    values: Vec<f64>,
}

impl Exact {
    fn at(&self, channel: usize, row: Option<usize>, column: Option<usize>) -> f64 {
        match (row.filter(|&row| row < self.side), column.filter(|&column| column < self.side)) {
            (Some(row), Some(column)) => self.values[(channel * self.side + row) * self.side + column],
            _ => 0.0,
        }
    }

    fn convolve(&self, layer: &Convolution) -> Self {
        let (kernel, padding) = (layer.kernel_px, layer.kernel_px / 2);
        let side = (self.side + 2 * padding - kernel) / layer.stride_px + 1;
        let mut values = Vec::with_capacity(layer.outputs * side * side);
        for output in 0..layer.outputs {
            for (row, column) in (0..side * side).map(|position| (position / side, position % side)) {
                let mut sum = f64::from(layer.shift[output]);
                for input in 0..layer.inputs {
                    for (y, x) in (0..kernel * kernel).map(|position| (position / kernel, position % kernel)) {
                        let weight = layer.weights[((output * layer.inputs + input) * kernel + y) * kernel + x];
                        let from =
                            |position: usize, offset: usize| (position * layer.stride_px + offset).checked_sub(padding);
                        sum += f64::from(weight) * self.at(input, from(row, y), from(column, x));
                    }
                }
                values.push(sum);
            }
        }
        Self { channels: layer.outputs, side, values }
    }

    fn rectify(mut self) -> Self {
        self.values.iter_mut().for_each(|value| *value = value.max(0.0));
        self
    }

    fn max_pool(&self) -> Self {
        let side = (self.side - 1) / 2 + 1;
        let mut values = Vec::new();
        for channel in 0..self.channels {
            for (row, column) in (0..side * side).map(|position| (position / side, position % side)) {
                let from = |position: usize, offset: usize| (2 * position + offset).checked_sub(1);
                let nine = (0..9).map(|tap| self.at(channel, from(row, tap / 3), from(column, tap % 3)));
                values.push(nine.fold(0.0, f64::max));
            }
        }
        Self { channels: self.channels, side, values }
    }

    /// A pool of which `border` says what lies around the maps.
    fn bordered_max_pool(&self, border: PoolBorder) -> Self {
        let side = self.side.div_ceil(2);
        // Without a border, maps with an even number of rows are read from the first on.
        let before = if border == PoolBorder::Nothing && self.side.is_multiple_of(2) { 0 } else { 1 };
        let mut values = Vec::new();
        for channel in 0..self.channels {
            for (row, column) in (0..side * side).map(|position| (position / side, position % side)) {
                let from = |position: usize, offset: usize| {
                    (2 * position + offset).checked_sub(before).filter(|&position| position < self.side)
                };
                let nine = (0..9).filter_map(|tap| match (from(row, tap / 3), from(column, tap % 3)) {
                    (None, _) | (_, None) if border == PoolBorder::Nothing => None,
                    (row, column) => Some(self.at(channel, row, column)),
                });
                values.push(nine.fold(f64::NEG_INFINITY, f64::max));
            }
        }
        Self { channels: self.channels, side, values }
    }

    fn activate(&self, activation: &Activation) -> Self {
        let pixels = self.side * self.side;
        let mut values = self.values.clone();
        for (channel, values) in values.chunks_exact_mut(pixels).enumerate() {
            let (scale, shift) = (f64::from(activation.scale[channel]), f64::from(activation.shift[channel]));
            values.iter_mut().for_each(|value| *value = (*value * scale + shift).max(0.0));
        }
        Self { values, ..*self }
    }

    fn unit(&self, unit: &Unit) -> Self {
        let activated = self.activate(&unit.activation);
        let (last, before) = unit.convolutions.split_last().unwrap();
        let inner = before.iter().fold(activated.clone(), |maps, layer| maps.convolve(layer).rectify());
        let mut sum = inner.convolve(last);
        let around = match &unit.shortcut {
            Some(shortcut) => activated.convolve(shortcut),
            None if sum.side < self.side => self.every_second(),
            None => self.clone(),
        };
        sum.values.iter_mut().zip(around.values).for_each(|(sum, around)| *sum += around);
        sum
    }

    fn every_second(&self) -> Self {
        let side = self.side.div_ceil(2);
        let positions = (0..self.channels * side * side).map(|at| (at / (side * side), at / side % side, at % side));
        let values = positions.map(|(channel, row, column)| self.at(channel, Some(2 * row), Some(2 * column)));
        Self { channels: self.channels, side, values: values.collect() }
    }

    fn block(&self, block: &Block) -> Self {
        let around = block.shortcut.as_ref().map_or_else(|| self.clone(), |shortcut| self.convolve(shortcut));
        let (last, before) = block.convolutions.split_last().unwrap();
        let inner = before.iter().fold(self.clone(), |maps, layer| maps.convolve(layer).rectify());
        let mut sum = inner.convolve(last);
        sum.values.iter_mut().zip(around.values).for_each(|(sum, around)| *sum += around);
        sum.rectify()
    }
}

fn basic_blocks() -> Vec<Block> {
    let first =
        Block { convolutions: vec![convolution(1, 64, 64, 3, 1), convolution(2, 64, 64, 3, 1)], shortcut: None };
    let second = Block {
        convolutions: vec![convolution(3, 64, 128, 3, 2), convolution(4, 128, 128, 3, 1)],
        shortcut: Some(convolution(5, 64, 128, 1, 2)),
    };
    vec![first, second]
}

fn bottlenecks() -> Vec<Block> {
    let block = |seed: u64, inputs, width, outputs, stride, shortcut: bool| Block {
        convolutions: vec![
            convolution(seed, inputs, width, 1, 1),
            convolution(seed + 2, width, width, 3, stride),
            convolution(seed + 4, width, outputs, 1, 1),
        ],
        shortcut: shortcut.then(|| convolution(seed + 6, inputs, outputs, 1, stride)),
    };
    // 512 channels and more are stored with a wider pitch.
    vec![block(10, 64, 64, 256, 1, true), block(20, 256, 64, 256, 1, false), block(30, 256, 128, 512, 2, true)]
}

/// The largest difference relative to the largest value.
fn difference(values: &[f32], exact: &[f64]) -> f64 {
    assert_eq!(values.len(), exact.len());
    let largest = exact.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    assert!(largest > 0.1, "a network of zeros would prove nothing");
    values.iter().zip(exact).map(|(&value, exact)| (f64::from(value) - exact).abs() / largest).fold(0.0, f64::max)
}

/// What this processor can run.
fn kinds() -> Vec<(Instructions, Precision)> {
    Instructions::available()
        .into_iter()
        .flat_map(|instructions| Precision::ALL.map(|precision| (instructions, precision)))
        .filter(|(instructions, precision)| instructions.supports(*precision))
        .collect()
}

/// How far values may lie from the exact ones, relative to the largest. bfloat16 has 8 bits: what is stored is rounded
/// by up to 2e-3 of itself, in Winograd's points too, layer after layer.
fn tolerance(precision: Precision) -> f64 {
    match precision {
        Precision::Single => 1e-5,
        Precision::Bf16 => 2e-2,
    }
}

fn assert_conforms(blocks: &[Block], sides: &[usize]) {
    let stem = convolution(7, 3, 64, 7, 2);
    for &side in sides {
        let images = 3;
        let pixels = numbers(side as u64, images * 3 * side * side);
        for cut in 0..=blocks.len() {
            let exact: Vec<Exact> = pixels
                .chunks(3 * side * side)
                .map(|pixels| {
                    let values = pixels.iter().copied().map(f64::from).collect();
                    let stem = Exact { channels: 3, side, values }.convolve(&stem).rectify().max_pool();
                    blocks[..cut].iter().fold(stem, |maps, block| maps.block(block))
                })
                .collect();
            let pooled = |maps: &Exact| -> Vec<f64> {
                let pixels = maps.side * maps.side;
                maps.values.chunks(pixels).map(|channel| channel.iter().sum::<f64>() / pixels as f64).collect()
            };
            let maps: Vec<f64> = exact.iter().flat_map(|maps| maps.values.clone()).collect();
            let means: Vec<f64> = exact.iter().flat_map(pooled).collect();
            for (instructions, precision) in kinds() {
                for (output, expected) in [(Output::Maps, &maps), (Output::Pooled, &means)] {
                    let engine = blocks[..cut]
                        .iter()
                        .fold(EngineBuilder::new(&stem, side, instructions, precision), EngineBuilder::block)
                        .finish(output);
                    let values = engine.run(&pixels, images);
                    let difference = difference(&values, expected);
                    assert!(
                        difference < tolerance(precision),
                        "{instructions}, {precision:?}, {side} px, cut {cut}, {output:?}: {difference:e}"
                    );
                }
            }
        }
    }
}

#[test]
fn basic_blocks_equal_plain_sums_in_double_precision() {
    assert_conforms(&basic_blocks(), &[32, 57, 90]);
}

#[test]
fn bottlenecks_equal_plain_sums_in_double_precision() {
    assert_conforms(&bottlenecks(), &[31, 64]);
}

fn activation(seed: u64, channels: usize) -> Activation {
    let scale = numbers(seed, channels).into_iter().map(|value| 1.0 + 0.25 * value).collect();
    Activation { scale, shift: numbers(seed + 1, channels) }
}

/// Units with a shortcut, with every second pixel, and with neither.
fn units() -> Vec<Unit> {
    let unit = |seed: u64, inputs, width, outputs, stride, shortcut: bool| Unit {
        activation: activation(seed + 8, inputs),
        convolutions: vec![
            convolution(seed, inputs, width, 1, 1),
            convolution(seed + 2, width, width, 3, stride),
            convolution(seed + 4, width, outputs, 1, 1),
        ],
        shortcut: shortcut.then(|| convolution(seed + 6, inputs, outputs, 1, stride)),
    };
    vec![
        unit(10, 64, 64, 256, 1, true),
        unit(20, 256, 64, 256, 1, false),
        unit(30, 256, 64, 256, 2, false),
        unit(40, 256, 128, 512, 1, true),
    ]
}

#[test]
fn pre_activated_units_equal_plain_sums_in_double_precision() {
    let (stem, units, images) = (convolution(7, 3, 64, 7, 2), units(), 2);
    for (side, border) in [(32, PoolBorder::Nothing), (57, PoolBorder::Nothing), (32, PoolBorder::Zeros)] {
        let pixels = numbers(side as u64, images * 3 * side * side);
        for cut in 0..=units.len() {
            let exact: Vec<Exact> = pixels
                .chunks(3 * side * side)
                .map(|pixels| {
                    let values = pixels.iter().copied().map(f64::from).collect();
                    let stem = Exact { channels: 3, side, values }.convolve(&stem).bordered_max_pool(border);
                    units[..cut].iter().fold(stem, |maps, unit| maps.unit(unit))
                })
                .collect();
            let maps: Vec<f64> = exact.iter().flat_map(|maps| maps.values.clone()).collect();
            for (instructions, precision) in kinds() {
                let builder = || {
                    let begun = EngineBuilder::pre_activated(&stem, border, side, instructions, precision);
                    units[..cut].iter().fold(begun, EngineBuilder::unit)
                };
                let what = format!("{instructions}, {precision:?}, {side} px, {border:?}, cut {cut}");
                let apart = difference(&builder().finish(Output::Maps).run(&pixels, images), &maps);
                assert!(apart < tolerance(precision), "{what}: {apart:e}");
                if cut == 0 {
                    continue;
                }
                let last = activation(50, exact[0].channels);
                let means: Vec<f64> = exact
                    .iter()
                    .flat_map(|maps| {
                        let (pixels, maps) = (maps.side * maps.side, maps.activate(&last));
                        maps.values
                            .chunks(pixels)
                            .map(|values| values.iter().sum::<f64>() / pixels as f64)
                            .collect::<Vec<_>>()
                    })
                    .collect();
                let engine = builder().activation(&last).finish(Output::Pooled);
                let apart = difference(&engine.run(&pixels, images), &means);
                assert!(apart < tolerance(precision), "{what}, pooled: {apart:e}");
            }
        }
    }
}

#[test]
fn an_image_has_the_same_values_alone_in_a_group_and_with_any_number_of_threads() {
    let (images, side) = (11, 57);
    let stem = convolution(7, 3, 64, 7, 2);
    let pixels = numbers(1, images * 3 * side * side);
    for (instructions, precision) in kinds() {
        let blocks = bottlenecks();
        let engine = blocks
            .iter()
            .fold(EngineBuilder::new(&stem, side, instructions, precision), EngineBuilder::block)
            .finish(Output::Maps);
        let run = |threads: usize, at_once: usize| -> Vec<f32> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let groups = pixels.chunks(at_once * 3 * side * side);
            pool.install(|| groups.flat_map(|group| engine.run(group, group.len() / (3 * side * side))).collect())
        };
        let expected = run(1, 1);
        for (threads, at_once) in [(1, 11), (2, 1), (3, 2), (7, 1), (3, 11), (64, 1)] {
            assert!(
                run(threads, at_once) == expected,
                "{instructions}, {precision:?}, {threads} threads, {at_once} at once"
            );
        }
    }
}

#[test]
fn no_images_give_no_values() {
    let engine = EngineBuilder::new(&convolution(7, 3, 64, 7, 2), 32, Instructions::best(), Precision::Single)
        .finish(Output::Pooled);
    assert!(engine.run(&[], 0).is_empty());
}
