//! The layers of a ResNet, of version 1 or 2, one after the other: images in, feature maps or pooled values out.
//!
//! This module decides on the order of the layers, the memory between them and the schedule: which images go through
//! which layers together, and on which thread.
#![expect(unsafe_code, reason = "threads share the rows of the pool's result")]

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::convolution::{Activation, Convolution, Finish};
use crate::instructions::Instructions;
use crate::kernels::{Activate, Kernels, MaxPool};
use crate::layer::{Layer, LayerKind};
use crate::maps::{Maps, Shape, padded_offset};
use crate::memory::Target;
use crate::numbers::Precision;
use crate::threads::{as_team, in_shares};
use crate::winograd::Scratch;

/// Images that one thread takes through the deep layers together, so that each weight that is fetched serves all.
const GROUP: usize = 8;

/// Words of one set of maps that a thread keeps in its cache between layers. Large maps go through their layers
/// image by image, small ones together.
const WORDS_AT_ONCE: usize = 1024 * 1024;

/// Zero pixels on every side of an image: half the stem's kernel.
const STEM_BORDER: usize = 3;

/// A residual block: its convolutions in order, and the convolution on the way around where there is one.
#[derive(Clone, Debug)]
pub struct Block {
    /// The convolutions from input to output.
    pub convolutions: Vec<Convolution>,
    /// The convolution on the way around; without it the input is added as it is.
    pub shortcut: Option<Convolution>,
}

/// A pre-activated residual unit: normalisation and rectification, convolutions, and the way around them.
#[derive(Clone, Debug)]
pub struct Unit {
    /// What comes before the convolutions.
    pub activation: Activation,
    /// The convolutions from input to output; the last of them is 1 x 1.
    pub convolutions: Vec<Convolution>,
    /// The convolution on the way around, of the activated input; without it the input is added as it is, of which every
    /// second pixel where the convolutions halve the maps.
    pub shortcut: Option<Convolution>,
}

/// What the pool after the stem reads beyond the border of the maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolBorder {
    /// Zeros, on all sides.
    Zeros,
    /// Nothing. Maps with an even number of rows or columns have the border at their end alone.
    Nothing,
}

/// What [`Engine::run`] delivers for each image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The maps after the last block: channels, rows, columns.
    Maps,
    /// Their mean over all positions: one value per channel.
    Pooled,
}

/// A frozen ResNet, ready to run on square images of one size.
pub struct Engine {
    instructions: Instructions,
    kernels: Kernels,
    input_px: usize,
    /// Always single: its input has three channels, which no words hold, and it is little work.
    stem: Layer,
    stem_kernels: Kernels,
    rectified_stem: bool,
    pool_border: PoolBorder,
    blocks: Vec<Residual>,
    /// What comes after the last unit of a pre-activated network.
    activation: Option<Activation>,
    output: Output,
    /// Memory of the groups that run at the moment or ran before.
    workspaces: Mutex<Vec<Workspace>>,
}

/// What one layer did on a group of images: where the time goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerTime {
    /// Which layer.
    pub kind: LayerKind,
    /// Multiplications and additions of the plain convolution over all images of the group.
    pub operations: f64,
    /// Time spent.
    pub time: Duration,
}

/// Packs layer after layer, so that no second copy of all weights is ever needed.
pub struct EngineBuilder {
    engine: Engine,
}

struct Residual {
    /// What comes before the layers of a pre-activated unit.
    activation: Option<Activation>,
    layers: Vec<Layer>,
    shortcut: Option<Layer>,
}

impl Residual {
    fn output(&self) -> Shape {
        self.layers.last().expect("a block has convolutions").output()
    }
}

/// The maps between the layers of one group of images.
#[derive(Default)]
struct Workspace {
    /// The images with their border of zeros; then what goes into a stretch of blocks, for the whole group.
    whole: Maps,
    /// What comes out of it.
    next: Maps,
    current: Maps,
    /// The same, activated for the unit that comes next.
    activated: Maps,
    around: Maps,
    inner: [Maps; 2],
    scratch: Scratch,
    /// The time of each layer, where somebody wants to know.
    times: Option<Vec<LayerTime>>,
}

impl EngineBuilder {
    /// Begins a network with its stem: a convolution with three input channels, rectified, then a maximum pool over
    /// 3 x 3 pixels with stride 2.
    ///
    /// # Panics
    /// When this processor does not have the instructions for the precision, or the stem's shapes do not fit each other.
    pub fn new(stem: &Convolution, input_px: usize, instructions: Instructions, precision: Precision) -> Self {
        Self::with_stem(stem, true, PoolBorder::Zeros, input_px, instructions, precision)
    }

    /// Begins a network of pre-activated units with its stem: a convolution with three input channels, which is not
    /// rectified, then a maximum pool over 3 x 3 pixels with stride 2.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn pre_activated(
        stem: &Convolution,
        border: PoolBorder,
        input_px: usize,
        instructions: Instructions,
        precision: Precision,
    ) -> Self {
        Self::with_stem(stem, false, border, input_px, instructions, precision)
    }

    fn with_stem(
        stem: &Convolution,
        rectified_stem: bool,
        pool_border: PoolBorder,
        input_px: usize,
        instructions: Instructions,
        precision: Precision,
    ) -> Self {
        let kernels = Kernels::of(instructions, precision);
        let stem_kernels = Kernels::of(instructions, Precision::Single);
        assert_eq!(
            (stem.inputs, stem.kernel_px),
            (3, 2 * STEM_BORDER + 1),
            "an image has three channels, its stem 7 x 7"
        );
        assert_fits(stem, 3);
        let engine = Engine {
            instructions,
            kernels,
            input_px,
            stem: Layer::stem(stem, input_px, &stem_kernels),
            stem_kernels,
            rectified_stem,
            pool_border,
            blocks: Vec::new(),
            activation: None,
            output: Output::Maps,
            workspaces: Mutex::default(),
        };
        Self { engine }
    }

    /// Adds a residual block.
    ///
    /// # Panics
    /// When its shapes do not fit each other or what stands before it.
    #[must_use]
    pub fn block(self, block: &Block) -> Self {
        assert!(self.engine.rectified_stem, "blocks stand in networks whose stem is rectified");
        self.residual(None, &block.convolutions, block.shortcut.as_ref())
    }

    /// Adds a pre-activated unit.
    ///
    /// # Panics
    /// When its shapes do not fit each other or what stands before it, or its last convolution is not 1 x 1.
    #[must_use]
    pub fn unit(self, unit: &Unit) -> Self {
        assert!(!self.engine.rectified_stem, "units stand in networks whose stem is not rectified");
        let last = unit.convolutions.last().expect("a unit has convolutions");
        assert_eq!(last.kernel_px, 1, "the last convolution of a unit is 1 x 1");
        assert_channels(&unit.activation, self.engine.maps().channels);
        self.residual(Some(unit.activation.clone()), &unit.convolutions, unit.shortcut.as_ref())
    }

    /// Adds what comes after the last unit.
    ///
    /// # Panics
    /// When it has other channels than the unit, or there is none.
    #[must_use]
    pub fn activation(mut self, activation: &Activation) -> Self {
        assert!(!self.engine.rectified_stem && !self.engine.blocks.is_empty(), "it comes after a unit");
        assert_channels(activation, self.engine.maps().channels);
        self.engine.activation = Some(activation.clone());
        self
    }

    fn residual(
        mut self,
        activation: Option<Activation>,
        convolutions: &[Convolution],
        shortcut: Option<&Convolution>,
    ) -> Self {
        let kernels = &self.engine.kernels;
        let input = self.engine.maps();
        let basic = convolutions.iter().all(|convolution| convolution.kernel_px == 3);
        let mut shape = input;
        let layers: Vec<Layer> = convolutions
            .iter()
            .map(|convolution| {
                assert_fits(convolution, shape.channels);
                let layer = Layer::new(convolution, shape, basic, kernels);
                shape = layer.output();
                layer
            })
            .collect();
        let shortcut = shortcut.map(|convolution| {
            assert_fits(convolution, input.channels);
            Layer::new(convolution, input, basic, kernels)
        });
        let around = match &shortcut {
            Some(layer) => layer.output(),
            None if activation.is_some() && shape.height < input.height => every_second(input),
            None => input,
        };
        assert_eq!(around, shape, "both ways of a block end in the same shape");
        self.engine.blocks.push(Residual { activation, layers, shortcut });
        self
    }

    /// The network as it stands.
    pub fn finish(mut self, output: Output) -> Engine {
        self.engine.output = output;
        self.engine
    }
}

fn assert_fits(convolution: &Convolution, channels: usize) {
    assert_eq!(convolution.inputs, channels, "a layer reads the channels that the one before it wrote");
    assert!(convolution.outputs.is_multiple_of(64), "channels come in multiples of 64");
    let len = convolution.outputs * convolution.inputs * convolution.kernel_px * convolution.kernel_px;
    assert_eq!((convolution.weights.len(), convolution.shift.len()), (len, convolution.outputs));
}

fn assert_channels(activation: &Activation, channels: usize) {
    assert_eq!((activation.scale.len(), activation.shift.len()), (channels, channels));
}

impl Engine {
    /// The instructions that it runs on.
    pub fn instructions(&self) -> Instructions {
        self.instructions
    }

    /// The format of the numbers between its layers.
    pub fn precision(&self) -> Precision {
        self.kernels.precision
    }

    /// Numbers that [`run`](Self::run) delivers for each image.
    pub fn output_len(&self) -> usize {
        self.len_of(self.output)
    }

    fn len_of(&self, output: Output) -> usize {
        let shape = self.maps();
        match output {
            Output::Maps => shape.pixels() * shape.channels,
            Output::Pooled => shape.channels,
        }
    }

    /// Runs images: normalised pixels `[images, 3, input_px, input_px]` to `[images, output_len]`, on the threads of
    /// the current rayon pool.
    ///
    /// The values of an image do not depend on the others, nor on the number of threads.
    ///
    /// # Panics
    /// When `pixels` has another length.
    pub fn run(&self, pixels: &[f32], images: usize) -> Vec<f32> {
        self.run_to(self.output, pixels, images)
    }

    /// As [`run`](Self::run), with the maps after the last block `[images, channels, rows, columns]` whatever it was
    /// [finished](EngineBuilder::finish) for.
    ///
    /// # Panics
    /// When `pixels` has another length.
    pub fn run_to_maps(&self, pixels: &[f32], images: usize) -> Vec<f32> {
        self.run_to(Output::Maps, pixels, images)
    }

    fn run_to(&self, wanted: Output, pixels: &[f32], images: usize) -> Vec<f32> {
        let image_len = 3 * self.input_px * self.input_px;
        assert_eq!(pixels.len(), images * image_len);
        let output_len = self.len_of(wanted);
        let mut output = vec![0.0; images * output_len];
        if images == 0 {
            return output;
        }
        let threads = rayon::current_num_threads();
        if images < threads {
            as_team(threads, || self.run_group(pixels, wanted, &mut output, threads));
        } else {
            // Each thread gets the same number of groups, and the groups are of nearly the same size.
            let rounds = images.div_ceil(threads * GROUP);
            let group = images.div_ceil(threads * rounds);
            pixels
                .par_chunks(group * image_len)
                .zip(output.par_chunks_mut(group * output_len))
                .for_each(|(pixels, output)| self.run_group(pixels, wanted, output, 1));
        }
        output
    }

    /// Runs images as one group on this thread and tells how long each layer took, in order; a layer that large maps
    /// pass image by image comes as often.
    ///
    /// # Panics
    /// When `pixels` has another length than for `images` images.
    pub fn layer_times(&self, pixels: &[f32], images: usize) -> Vec<LayerTime> {
        assert_eq!(pixels.len(), images * 3 * self.input_px * self.input_px);
        let mut workspace = self.lock().pop().unwrap_or_default();
        workspace.times = Some(Vec::new());
        self.run_layers(pixels, &mut workspace, 1);
        let times = workspace.times.take().unwrap_or_default();
        self.lock().push(workspace);
        times
    }

    /// The maps of one image after the last block, or after the stem.
    fn maps(&self) -> Shape {
        self.blocks.last().map_or_else(|| self.stem_maps(), Residual::output)
    }

    /// The maps of one image after the stem and its pool.
    fn stem_maps(&self) -> Shape {
        Shape { precision: self.kernels.precision, ..pooled(self.stem.output()) }
    }

    /// Some images, with `threads` threads within each layer.
    fn run_group(&self, pixels: &[f32], wanted: Output, output: &mut [f32], threads: usize) {
        let mut workspace = self.lock().pop().unwrap_or_default();
        self.run_layers(pixels, &mut workspace, threads);
        match wanted {
            Output::Maps => channels_first(&workspace.whole, output),
            Output::Pooled => mean_over_pixels(&workspace.whole, output),
        }
        self.lock().push(workspace);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Workspace>> {
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves the maps of all images in `workspace.whole`.
    fn run_layers(&self, pixels: &[f32], workspace: &mut Workspace, threads: usize) {
        let images = pixels.len() / (3 * self.input_px * self.input_px);
        let Workspace { whole, next, .. } = workspace;
        next.reset(images, self.stem_maps());
        for image in 0..images {
            let pixels = &pixels[image * 3 * self.input_px * self.input_px..][..3 * self.input_px * self.input_px];
            with_border(pixels, self.input_px, STEM_BORDER, whole);
            let (inner, scratch) = (&mut workspace.inner[0], &mut workspace.scratch);
            inner.reset(1, self.stem.output());
            let finish = Finish { accumulate: false, rectify: self.rectified_stem };
            let step = Step { kernels: &self.stem_kernels, finish, threads };
            step.run(&self.stem, whole, inner, None, scratch, &mut workspace.times);
            max_pool(&self.kernels, inner, self.pool_border, next.images_values_mut(image, 1), threads);
        }
        std::mem::swap(&mut workspace.whole, &mut workspace.next);
        let mut blocks = self.blocks.as_slice();
        while let Some(first) = blocks.first() {
            let together = images_together(first, images);
            let stretch = blocks.iter().take_while(|block| images_together(block, images) == together).count();
            let (these, others) = blocks.split_at(stretch);
            let last = if others.is_empty() { self.activation.as_ref() } else { None };
            self.run_stretch(these, last, together, workspace, threads);
            blocks = others;
        }
    }

    /// Takes `workspace.whole` through some blocks, `together` images at once, and then through an activation.
    fn run_stretch(
        &self,
        blocks: &[Residual],
        activation: Option<&Activation>,
        together: usize,
        workspace: &mut Workspace,
        threads: usize,
    ) {
        let images = workspace.whole.images();
        let output = blocks.last().expect("a stretch has blocks").output();
        workspace.next.reset(images, output);
        for first in (0..images).step_by(together) {
            let count = together.min(images - first);
            workspace.current.reset(count, workspace.whole.shape());
            workspace.current.values_mut().copy_from_slice(workspace.whole.images_values(first, count));
            if let Some(activation) = &blocks[0].activation {
                activate(&self.kernels, activation, &workspace.current, &mut workspace.activated, threads);
            }
            for (position, block) in blocks.iter().enumerate() {
                if block.activation.is_some() {
                    let following = blocks.get(position + 1).map_or(activation, |next| next.activation.as_ref());
                    self.run_unit(block, following, workspace, threads);
                } else {
                    self.run_block(block, workspace, threads);
                }
            }
            let result = if activation.is_some() { &workspace.activated } else { &workspace.current };
            workspace.next.images_values_mut(first, count).copy_from_slice(result.images_values(0, count));
        }
        std::mem::swap(&mut workspace.whole, &mut workspace.next);
    }

    /// Takes `workspace.current` through one block. The last layer adds its result to what went around the block, in
    /// place.
    fn run_block(&self, block: &Residual, workspace: &mut Workspace, threads: usize) {
        let Workspace { current, around, inner, scratch, times, .. } = workspace;
        let images = current.images();
        let step =
            |accumulate, rectify| Step { kernels: &self.kernels, finish: Finish { accumulate, rectify }, threads };
        if let Some(shortcut) = &block.shortcut {
            around.reset(images, shortcut.output());
            step(false, false).run(shortcut, current, around, None, scratch, times);
        }
        let [from, to] = inner;
        let (last, before) = block.layers.split_last().expect("a block has convolutions");
        for (position, layer) in before.iter().enumerate() {
            to.reset(images, layer.output());
            let input = if position == 0 { &*current } else { &*from };
            step(false, true).run(layer, input, to, None, scratch, times);
            std::mem::swap(from, to);
        }
        if block.shortcut.is_some() {
            std::mem::swap(current, around);
        }
        step(true, true).run(last, from, current, None, scratch, times);
    }

    /// Takes `workspace.current`, whose activated form is `workspace.activated`, through one unit. The last layer adds its
    /// result to what went around the unit, in place, and activates it for what follows while it is in registers.
    fn run_unit(&self, unit: &Residual, following: Option<&Activation>, workspace: &mut Workspace, threads: usize) {
        let Workspace { current, activated, around, inner, scratch, times, .. } = workspace;
        let images = current.images();
        let step =
            |accumulate, rectify| Step { kernels: &self.kernels, finish: Finish { accumulate, rectify }, threads };
        if let Some(shortcut) = &unit.shortcut {
            around.reset(images, shortcut.output());
            step(false, false).run(shortcut, activated, around, None, scratch, times);
            std::mem::swap(current, around);
        } else if unit.output() != current.shape() {
            take_every_second(current, around);
            std::mem::swap(current, around);
        }
        let [from, to] = inner;
        let (last, before) = unit.layers.split_last().expect("a unit has convolutions");
        for (position, layer) in before.iter().enumerate() {
            to.reset(images, layer.output());
            let input = if position == 0 { &*activated } else { &*from };
            step(false, true).run(layer, input, to, None, scratch, times);
            std::mem::swap(from, to);
        }
        // Nobody reads what was activated for this unit any more.
        let also = following.map(|following| {
            activated.reset(images, last.output());
            (following, &mut *activated)
        });
        step(true, false).run(last, from, current, also, scratch, times);
    }
}

/// How a layer is run.
struct Step<'a> {
    kernels: &'a Kernels,
    finish: Finish,
    threads: usize,
}

impl Step<'_> {
    fn run(
        &self,
        layer: &Layer,
        input: &Maps,
        output: &mut Maps,
        also: Option<(&Activation, &mut Maps)>,
        scratch: &mut Scratch,
        times: &mut Option<Vec<LayerTime>>,
    ) {
        let start = Instant::now();
        layer.run(self.kernels, input, output, self.finish, also, scratch, self.threads);
        if let Some(times) = times {
            let operations = layer.operations() * output.images() as f64;
            times.push(LayerTime { kind: layer.kind(), operations, time: start.elapsed() });
        }
    }
}

/// How many images go through a block together.
fn images_together(block: &Residual, images: usize) -> usize {
    let shape = block.output();
    let fit = (WORDS_AT_ONCE / (shape.pixels() * shape.pitch())).clamp(1, images);
    // Powers of two, so that neighbouring blocks mostly agree.
    1 << fit.ilog2()
}

/// Height and width after a pool over 3 x 3 pixels with stride 2, whatever its border.
fn pooled(shape: Shape) -> Shape {
    every_second(shape)
}

/// Height and width of every second row and column, from the first on.
fn every_second(shape: Shape) -> Shape {
    Shape { height: shape.height.div_ceil(2), width: shape.width.div_ceil(2), ..shape }
}

/// Every second pixel of every second row.
fn take_every_second(maps: &Maps, into: &mut Maps) {
    let (shape, pitch) = (maps.shape(), maps.shape().pitch());
    let after = every_second(shape);
    into.reset(maps.images(), after);
    for (pixel, values) in into.values_mut().chunks_exact_mut(pitch).enumerate() {
        let (image, position) = (pixel / after.pixels(), pixel % after.pixels());
        let (row, column) = (2 * (position / after.width), 2 * (position % after.width));
        let from = ((image * shape.height + row) * shape.width + column) * pitch;
        values.copy_from_slice(&maps.values()[from..from + pitch]);
    }
}

/// Scales, shifts and rectifies all maps.
fn activate(kernels: &Kernels, activation: &Activation, maps: &Maps, into: &mut Maps, threads: usize) {
    let (shape, pitch) = (maps.shape(), maps.shape().pitch());
    into.reset(maps.images(), shape);
    let pixels = maps.pixels();
    let share = pixels.div_ceil(threads);
    let parts = into.values_mut().chunks_mut(share * pitch).zip(maps.values()[..pixels * pitch].chunks(share * pitch));
    let run = |(into, from): (&mut [f32], &[f32])| {
        kernels.run(&Activate {
            input: from,
            scale: &activation.scale,
            shift: &activation.shift,
            channels: shape.channels,
            pitch,
            // SAFETY: this is the only kernel that writes this part.
            output: unsafe { Target::new(into) },
        });
    };
    if threads == 1 {
        parts.for_each(run);
    } else {
        parts.collect::<Vec<_>>().into_par_iter().for_each(run);
    }
}

/// One image `[3, side, side]` with its channels side by side and a border of zeros.
fn with_border(pixels: &[f32], side: usize, border: usize, maps: &mut Maps) {
    let width = side + 2 * border;
    maps.reset(1, Shape { height: width, width, channels: 3, precision: Precision::Single });
    let values = maps.values_mut();
    values.fill(0.0);
    for (channel, plane) in pixels.chunks_exact(side * side).enumerate() {
        for (row, line) in plane.chunks_exact(side).enumerate() {
            let first = ((row + border) * width + border) * 3 + channel;
            for (value, &pixel) in values[first..].iter_mut().step_by(3).zip(line) {
                *value = pixel;
            }
        }
    }
}

fn max_pool(kernels: &Kernels, input: &Maps, border: PoolBorder, output: &mut [f32], threads: usize) {
    let shape = input.shape();
    let after = pooled(shape);
    // Where nothing lies beyond the border, a pixel that is read twice wins no more than once.
    let offset = |row: usize, column: usize| match border {
        PoolBorder::Zeros => padded_offset(input, shape, 0, row, column, 1),
        PoolBorder::Nothing => {
            // An odd number of rows has one beyond both ends, an even one beyond the last alone.
            let inside = |position: usize, len: usize| position.saturating_sub(len % 2).min(len - 1);
            let (row, column) = (inside(row, shape.height), inside(column, shape.width));
            padded_offset(input, shape, 0, row, column, 0)
        }
    };
    // SAFETY: a share writes its own rows of the result alone.
    let output = unsafe { Target::new(output) };
    in_shares(threads, after.height, |rows| {
        for row in rows {
            let offsets: Vec<[u32; 9]> = (0..after.width)
                .map(|column| std::array::from_fn(|tap| offset(2 * row + tap / 3, 2 * column + tap % 3)))
                .collect();
            kernels.run(&MaxPool {
                input: input.values(),
                offsets: &offsets,
                channels: shape.channels,
                output,
                first: row * after.width * (shape.channels / kernels.precision.per_word()),
            });
        }
    });
}

/// `[images, pixels, channels]` to `[images, channels, pixels]`.
fn channels_first(maps: &Maps, output: &mut [f32]) {
    let shape = maps.shape();
    for (image, output) in output.chunks_exact_mut(shape.pixels() * shape.channels).enumerate() {
        for (pixel, values) in maps.images_values(image, 1).chunks_exact(shape.pitch()).enumerate() {
            for channel in 0..shape.channels {
                output[channel * shape.pixels() + pixel] = shape.precision.number(values, channel);
            }
        }
    }
}

/// The mean over all pixels of each image, channel by channel.
fn mean_over_pixels(maps: &Maps, output: &mut [f32]) {
    let shape = maps.shape();
    for (image, output) in output.chunks_exact_mut(shape.channels).enumerate() {
        output.fill(0.0);
        for values in maps.images_values(image, 1).chunks_exact(shape.pitch()) {
            for (channel, sum) in output.iter_mut().enumerate() {
                *sum += shape.precision.number(values, channel);
            }
        }
        output.iter_mut().for_each(|sum| *sum /= shape.pixels() as f32);
    }
}
