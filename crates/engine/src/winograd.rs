//! A 3 x 3 convolution of stride 1 through Winograd's tiles: packed points of the weights, and the walk over tiles.
//!
//! The transforms lie in `kernels::winograd`, where the method is explained.
#![expect(unsafe_code, reason = "threads write interleaved channels of the same tiles, which no slices can express")]

use rayon::prelude::*;

use crate::convolution::{Convolution, Finish};
use crate::kernels::{
    FAR, Kernels, NEAR, POINTS, PixelsToPoints, PointsToPixels, Product, ProductOfPoints, TILE_IN, TILE_OUT,
};
use crate::maps::{Aligned, Maps, Shape, padded_offset};
use crate::memory::Target;
use crate::numbers::{MAX_PER_WORD, Precision};
use crate::threads::in_shares;

/// Tiles that pass through the three steps together on one thread. More tiles use each weight more often once it is
/// fetched; fewer keep the points nearer.
const TILES_AT_ONCE: usize = 64;

/// Tiles of one image from which on the method is used in basic blocks. The points of the weights are four times as many
/// as the weights; with few tiles to use them on, a single image waits for the memory that they come from. A network
/// of basic blocks has most of its weights in such layers, one of bottlenecks a tenth: there the other images count.
const FEWEST_TILES_IN_BASIC_BLOCKS: usize = 9;

/// The points of the weights: the matrix G of the source for the interpolation points of the kernels.
const WEIGHT_TRANSFORM: [[f64; 3]; TILE_IN] = {
    let (a, b) = (NEAR as f64, FAR as f64);
    let (near, far) = (0.5 / (a * a * (a * a - b * b)), 0.5 / (b * b * (b * b - a * a)));
    [
        [1.0 / (a * a * b * b), 0.0, 0.0],
        [near, near * a, near * a * a],
        [near, -near * a, near * a * a],
        [far, far * b, far * b * b],
        [far, -far * b, far * b * b],
        [0.0, 0.0, 1.0],
    ]
};

/// Memory for the points of some tiles, used again by layer after layer.
#[derive(Default)]
pub(crate) struct Scratch {
    inputs: Aligned,
    outputs: Aligned,
}

/// A convolution as 36 matrix products between two transforms.
pub(crate) struct Winograd {
    /// For each panel of output channels and in it for each point a packed matrix.
    weights: Aligned,
    shift: Vec<f32>,
    /// What the products begin with: zeros.
    nothing: Vec<f32>,
    inputs: usize,
    panels: usize,
}

impl Winograd {
    /// Whether the method exists for a convolution and is faster on maps of this shape.
    pub(crate) fn pays(convolution: &Convolution, output: Shape, in_basic_block: bool) -> bool {
        let tiles = output.height.div_ceil(TILE_OUT) * output.width.div_ceil(TILE_OUT);
        let fewer_products = tiles * POINTS < output.pixels() * 9;
        let enough_tiles = !in_basic_block || tiles >= FEWEST_TILES_IN_BASIC_BLOCKS;
        convolution.kernel_px == 3 && convolution.stride_px == 1 && fewer_products && enough_tiles
    }

    pub(crate) fn new(convolution: &Convolution, kernels: &Kernels) -> Self {
        let (inputs, outputs) = (convolution.inputs, convolution.outputs);
        let (precision, panel_width) = (kernels.points, kernels.panel);
        let per_word = precision.per_word();
        let matrix_len = inputs / per_word * panel_width;
        let mut weights = Aligned::default();
        weights.resize(outputs / panel_width * POINTS * matrix_len);
        weights.as_mut_slice().par_chunks_mut(POINTS * matrix_len).enumerate().for_each(|(panel, packed)| {
            let mut numbers = [[0.0; MAX_PER_WORD]; POINTS];
            for word in 0..inputs / per_word {
                for lane in 0..panel_width {
                    for place in 0..per_word {
                        let points = points_of(convolution, panel * panel_width + lane, word * per_word + place);
                        numbers.iter_mut().zip(points).for_each(|(numbers, point)| numbers[place] = point);
                    }
                    for (matrix, numbers) in packed.chunks_exact_mut(matrix_len).zip(&numbers) {
                        matrix[word * panel_width + lane] = precision.word(&numbers[..per_word]);
                    }
                }
            }
        });
        Self {
            weights,
            shift: convolution.shift.clone(),
            nothing: vec![0.0; outputs],
            inputs,
            panels: outputs / kernels.panel,
        }
    }

    pub(crate) fn run(
        &self,
        kernels: &Kernels,
        input: &Maps,
        output: &mut Maps,
        finish: Finish,
        scratch: &mut Scratch,
        threads: usize,
    ) {
        let shape = output.shape();
        let columns = shape.width.div_ceil(TILE_OUT);
        let per_image = shape.height.div_ceil(TILE_OUT) * columns;
        let tiles = input.images() * per_image;
        let at_once = TILES_AT_ONCE * threads;
        for first in (0..tiles).step_by(at_once) {
            let block: Vec<Tile> = (first..tiles.min(first + at_once))
                .map(|tile| Tile {
                    image: tile / per_image,
                    row: tile % per_image / columns * TILE_OUT,
                    column: tile % columns * TILE_OUT,
                })
                .collect();
            let points =
                Points { tiles: block.len(), inputs: self.inputs, precision: kernels.points, outputs: shape.channels };
            scratch.inputs.resize(POINTS * points.input_point_pitch());
            scratch.outputs.resize(POINTS * points.output_point_pitch());
            self.transform_inputs(kernels, input, &block, points, &mut scratch.inputs, threads);
            self.multiply(kernels, points, &scratch.inputs, &mut scratch.outputs, threads);
            self.transform_outputs(kernels, &scratch.outputs, points, &block, output, finish, threads);
        }
    }

    fn transform_inputs(
        &self,
        kernels: &Kernels,
        input: &Maps,
        tiles: &[Tile],
        points: Points,
        into: &mut Aligned,
        threads: usize,
    ) {
        let offsets: Vec<_> = tiles.iter().map(|tile| tile.inputs(input)).collect();
        // Every thread takes some channels of all tiles.
        // SAFETY: a share writes the points of its own channels alone.
        let output = unsafe { Target::new(into.as_mut_slice()) };
        in_shares(threads, self.inputs / 16, |lines| {
            kernels.run(&PixelsToPoints {
                input: input.values(),
                offsets: &offsets,
                channels: lines.start * 16..lines.end * 16,
                output,
                tile_pitch: points.input_tile_pitch(),
                point_pitch: points.input_point_pitch(),
            });
        });
    }

    /// The products, one for each point; a thread takes some panels of some of them.
    fn multiply(&self, kernels: &Kernels, points: Points, inputs: &Aligned, outputs: &mut Aligned, threads: usize) {
        let offsets: Vec<u32> = (0..points.tiles).map(|tile| (tile * points.input_tile_pitch()) as u32).collect();
        let depth = self.inputs / points.precision.per_word();
        let matrix_len = depth * kernels.panel;
        // SAFETY: a share writes its own panels of its own points alone.
        let output = unsafe { Target::new(outputs.as_mut_slice()) };
        in_shares(threads, POINTS * self.panels, |tasks| {
            for point in tasks.start / self.panels..tasks.end.div_ceil(self.panels) {
                let first = tasks.start.max(point * self.panels) - point * self.panels;
                let last = tasks.end.min((point + 1) * self.panels) - point * self.panels;
                kernels.run(&ProductOfPoints(Product {
                    input: &inputs.as_slice()[point * points.input_point_pitch()..],
                    offsets: &offsets,
                    rows: points.tiles,
                    depth,
                    weights: &self.weights.as_slice()[point * matrix_len..],
                    panel_pitch: POINTS * matrix_len,
                    shift: &self.nothing,
                    panels: first..last,
                    output,
                    first: point * points.output_point_pitch(),
                    pitch: points.output_tile_pitch(),
                    accumulate: false,
                    rectify: false,
                    activated: None,
                }));
            }
        });
    }

    #[expect(clippy::too_many_arguments, reason = "the three steps share their arguments, and nothing else")]
    fn transform_outputs(
        &self,
        kernels: &Kernels,
        from: &Aligned,
        points: Points,
        tiles: &[Tile],
        output: &mut Maps,
        finish: Finish,
        threads: usize,
    ) {
        let offsets: Vec<_> = tiles.iter().map(|tile| tile.outputs(output)).collect();
        // SAFETY: a share writes its own channels of all pixels, and no two tiles have a pixel in common.
        let target = unsafe { Target::new(output.values_mut()) };
        in_shares(threads, points.outputs / 16, |lines| {
            kernels.run(&PointsToPixels {
                input: from.as_slice(),
                tile_pitch: points.output_tile_pitch(),
                point_pitch: points.output_point_pitch(),
                offsets: &offsets,
                channels: lines.start * 16..lines.end * 16,
                shift: &self.shift,
                output: target,
                accumulate: finish.accumulate,
                rectify: finish.rectify,
            });
        });
    }
}

/// The 36 points of one channel pair's kernel: G g Gᵀ.
fn points_of(convolution: &Convolution, output: usize, input: usize) -> [f32; POINTS] {
    let kernel = &convolution.weights[(output * convolution.inputs + input) * 9..][..9];
    let mut half = [[0.0; 3]; TILE_IN];
    for (half, transform) in half.iter_mut().zip(WEIGHT_TRANSFORM) {
        for (column, value) in half.iter_mut().enumerate() {
            *value = (0..3).map(|row| transform[row] * f64::from(kernel[row * 3 + column])).sum::<f64>();
        }
    }
    std::array::from_fn(|point| {
        let (half, transform) = (half[point / TILE_IN], WEIGHT_TRANSFORM[point % TILE_IN]);
        (half[0] * transform[0] + half[1] * transform[1] + half[2] * transform[2]) as f32
    })
}

/// How the points of some tiles lie in memory: point, tile, channel. Those of the input have the format `precision`,
/// those of the output are single.
#[derive(Clone, Copy)]
struct Points {
    tiles: usize,
    inputs: usize,
    precision: Precision,
    outputs: usize,
}

impl Points {
    fn input_tile_pitch(self) -> usize {
        tile_pitch(self.inputs, self.precision)
    }

    fn output_tile_pitch(self) -> usize {
        tile_pitch(self.outputs, Precision::Single)
    }

    /// One cache line more than the tiles need, so that the points of a tile fall into different sets of a cache.
    fn input_point_pitch(self) -> usize {
        self.tiles * self.input_tile_pitch() + 16
    }

    fn output_point_pitch(self) -> usize {
        self.tiles * self.output_tile_pitch() + 16
    }
}

fn tile_pitch(channels: usize, precision: Precision) -> usize {
    Shape { height: 1, width: 1, channels, precision }.pitch()
}

/// A square of 4 x 4 output pixels.
struct Tile {
    image: usize,
    row: usize,
    column: usize,
}

impl Tile {
    /// Where the 6 x 6 pixels that it reads begin.
    fn inputs(&self, maps: &Maps) -> [u32; POINTS] {
        std::array::from_fn(|point| {
            let (row, column) = (self.row + point / TILE_IN, self.column + point % TILE_IN);
            padded_offset(maps, maps.shape(), self.image, row, column, 1)
        })
    }

    /// Where the 4 x 4 pixels that it writes begin.
    fn outputs(&self, maps: &Maps) -> [u32; TILE_OUT * TILE_OUT] {
        let shape = maps.shape();
        std::array::from_fn(|pixel| {
            let (row, column) = (self.row + pixel / TILE_OUT, self.column + pixel % TILE_OUT);
            if row >= shape.height || column >= shape.width {
                return PointsToPixels::OUTSIDE;
            }
            padded_offset(maps, shape, self.image, row, column, 0)
        })
    }
}
