//! Augmented views: what is drawn for a view, and how it changes the pixels.
//!
//! The random numbers of a view are drawn here from the ranges of the configuration, and every change after the
//! resampling is made here. The crop is a part of the resampling.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::StandardNormal;
use sha2::{Digest, Sha256};
use silknow_config::Augmentation;

use crate::colour;

/// The random numbers of one view of one image.
///
/// They depend on the seed, the image's identity (its path in the collection, say) and the view's number
/// alone, so that a view is the same on whatever thread and in whatever order it is made.
pub fn view_rng(seed: u64, identity: &str, view: u64) -> ChaCha8Rng {
    let digest = Sha256::new()
        .chain_update(b"silknow augmented view")
        .chain_update(seed.to_le_bytes())
        .chain_update(view.to_le_bytes())
        .chain_update(identity)
        .finalize();
    ChaCha8Rng::from_seed(digest.into())
}

/// What is drawn for one view; the noise is drawn while it is added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// Share of each side that the central crop keeps.
    pub crop: f32,
    /// Rotate by 90 degrees, anticlockwise.
    pub quarter_turn: bool,
    /// Mirror left and right.
    pub flip_left_right: bool,
    /// Mirror top and bottom.
    pub flip_up_down: bool,
    /// Tangents of the horizontal and the vertical shear.
    pub shear: [f32; 2],
    /// Rotation in degrees.
    pub rotation_degrees: f32,
    /// What is added to every value.
    pub brightness: f32,
    /// Factor on the distance from a channel's mean.
    pub contrast: f32,
    /// Factor on the saturation.
    pub saturation: f32,
    /// Shift of the hue, as a share of the full circle.
    pub hue: f32,
}

impl Draw {
    /// Draws every change from its range, in a fixed order. What is switched off draws nothing.
    pub fn new(augmentation: &Augmentation, rng: &mut impl Rng) -> Self {
        let [smallest, largest] = augmentation.random_crop;
        let mut coin = |on: bool| on && rng.random_bool(0.5);
        let quarter_turn = coin(augmentation.random_rotation90);
        let flip_left_right = coin(augmentation.flip_left_right);
        let flip_up_down = coin(augmentation.flip_up_down);
        let mut between = |low: f32, high: f32| low + (high - low) * rng.random::<f32>();
        let mut either_way = |largest: Option<f32>| largest.map_or(0.0, |largest| between(-largest, largest));
        let rotation_degrees = either_way(augmentation.random_rotation);
        let brightness = either_way(augmentation.random_brightness) / 100.0;
        let hue = either_way(augmentation.random_hue);
        let mut factor = |range: Option<[f32; 2]>| range.map_or(1.0, |[low, high]| between(low, high));
        let contrast = factor(augmentation.random_contrast);
        let saturation = factor(augmentation.random_saturation);
        let shear = augmentation
            .random_shear
            .map_or([0.0; 2], |[left, right, up, down]| [between(left, right), between(up, down)]);
        let crop = if smallest == largest { largest } else { between(smallest, largest) };
        Self {
            crop,
            quarter_turn,
            flip_left_right,
            flip_up_down,
            shear,
            rotation_degrees,
            brightness,
            contrast,
            saturation,
            hue,
        }
    }

    /// Carries out what follows the crop, but for the noise, on three planes of `size` x `size` values in [0, 1].
    ///
    /// `scratch` is of the planes' length and holds nothing of use after.
    pub(crate) fn apply(&self, planes: &mut [f32], scratch: &mut [f32], size: usize) {
        if self.quarter_turn || self.flip_left_right || self.flip_up_down {
            scratch.copy_from_slice(planes);
            for (target, source) in planes.chunks_exact_mut(size * size).zip(scratch.chunks_exact(size * size)) {
                self.turn(source, target, size);
            }
        }
        if self.shear != [0.0; 2] || self.rotation_degrees != 0.0 {
            scratch.copy_from_slice(planes);
            self.warp(scratch, planes, size);
        }
        colour::shift_brightness(planes, self.brightness);
        for plane in planes.chunks_exact_mut(size * size) {
            colour::scale_contrast(plane, self.contrast);
        }
        colour::change_hue_and_saturation(planes, self.hue, self.saturation);
    }

    /// Quarter turn, then left and right, then top and bottom.
    fn turn(&self, source: &[f32], target: &mut [f32], size: usize) {
        for (y, row) in target.chunks_exact_mut(size).enumerate() {
            let y = if self.flip_up_down { size - 1 - y } else { y };
            for (x, value) in row.iter_mut().enumerate() {
                let x = if self.flip_left_right { size - 1 - x } else { x };
                *value = if self.quarter_turn { source[x * size + size - 1 - y] } else { source[y * size + x] };
            }
        }
    }

    /// Shears and rotates about the middle, with bilinear interpolation.
    ///
    /// What comes in from outside is the picture mirrored at its edge: a weave goes on, and no black corner
    /// tells the network how far the picture was turned.
    fn warp(&self, source: &[f32], target: &mut [f32], size: usize) {
        let (sine, cosine) = self.rotation_degrees.to_radians().sin_cos();
        let [horizontal, vertical] = self.shear;
        let middle = (size as f32 - 1.0) / 2.0;
        let area = size * size;
        for y in 0..size {
            for x in 0..size {
                let (dx, dy) = (x as f32 - middle, y as f32 - middle);
                let (turned_x, turned_y) = (cosine * dx - sine * dy, sine * dx + cosine * dy);
                let from_x = middle + turned_x + horizontal * turned_y;
                let from_y = middle + turned_y + vertical * turned_x;
                let (left, top) = (from_x.floor(), from_y.floor());
                let (right_share, bottom_share) = (from_x - left, from_y - top);
                let columns = [mirrored(left as i64, size), mirrored(left as i64 + 1, size)];
                let rows = [mirrored(top as i64, size) * size, mirrored(top as i64 + 1, size) * size];
                for (source, target) in source.chunks_exact(area).zip(target.chunks_exact_mut(area)) {
                    let mixed = rows.map(|row| {
                        source[row + columns[0]] * (1.0 - right_share) + source[row + columns[1]] * right_share
                    });
                    target[y * size + x] = mixed[0] * (1.0 - bottom_share) + mixed[1] * bottom_share;
                }
            }
        }
    }
}

/// The pixel that is seen at `position` when a line of `size` pixels is mirrored at both ends, again and again.
fn mirrored(position: i64, size: usize) -> usize {
    let folded = position.rem_euclid(2 * size as i64) as usize;
    if folded < size { folded } else { 2 * size - 1 - folded }
}

/// Adds Gaussian noise.
pub(crate) fn add_noise(values: &mut [f32], deviation: f32, rng: &mut impl Rng) {
    for value in values {
        let normal: f32 = rng.sample(StandardNormal);
        *value += deviation * normal;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn still() -> Draw {
        Draw::new(&Augmentation::none(), &mut view_rng(0, "", 0))
    }

    /// Three planes of 2 x 2: `1 2 / 3 4`, and the same plus 10 and 20.
    fn planes() -> Vec<f32> {
        [1.0, 2.0, 3.0, 4.0, 11.0, 12.0, 13.0, 14.0, 21.0, 22.0, 23.0, 24.0].map(|value: f32| value / 100.0).to_vec()
    }

    fn first_plane_after(draw: Draw) -> Vec<u32> {
        let mut planes = planes();
        draw.apply(&mut planes, &mut [0.0; 12], 2);
        let whole: Vec<u32> = planes.iter().map(|value| (value * 100.0).round() as u32).collect();
        assert!(whole[..4].iter().zip(&whole[4..]).all(|(first, second)| first + 10 == *second));
        whole[..4].to_vec()
    }

    #[test]
    fn nothing_drawn_changes_nothing() {
        let mut changed = planes();
        still().apply(&mut changed, &mut [0.0; 12], 2);
        assert_eq!(changed, planes());
    }

    #[test]
    fn turns_and_flips_move_pixels_in_their_order() {
        assert_eq!(first_plane_after(Draw { quarter_turn: true, ..still() }), [2, 4, 1, 3]);
        assert_eq!(first_plane_after(Draw { flip_left_right: true, ..still() }), [2, 1, 4, 3]);
        assert_eq!(first_plane_after(Draw { flip_up_down: true, ..still() }), [3, 4, 1, 2]);
        assert_eq!(first_plane_after(Draw { quarter_turn: true, flip_left_right: true, ..still() }), [4, 2, 3, 1]);
    }

    #[test]
    fn a_rotation_by_a_right_angle_is_a_quarter_turn() {
        assert_eq!(
            first_plane_after(Draw { rotation_degrees: -90.0, ..still() }),
            first_plane_after(Draw { quarter_turn: true, flip_left_right: true, flip_up_down: true, ..still() })
        );
    }

    #[test]
    fn a_shear_moves_rows_apart_and_mirrors_at_the_edge() {
        // With tangent 2 the upper row is read one pixel further left, the lower one further right.
        assert_eq!(first_plane_after(Draw { shear: [2.0, 0.0], ..still() }), [1, 1, 4, 4]);
    }

    #[test]
    fn a_mirrored_line_repeats_forth_and_back() {
        let seen: Vec<usize> = (-4..7).map(|position| mirrored(position, 3)).collect();
        assert_eq!(seen, [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0]);
        assert_eq!(mirrored(-7, 1), 0);
    }
}
