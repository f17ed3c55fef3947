//! How training images are varied.
//!
//! Owns the settings. Drawing a variation and applying it to pixels belongs to the image crate.

use serde::{Deserialize, Serialize};

/// What may happen to a training image. Every image draws anew from these ranges.
///
/// Values are on the scale `[0, 1]` where not stated otherwise. Values within the documented ranges are
/// guaranteed once the parameters that hold this have been validated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Augmentation {
    /// Lower and upper bound of the share of each side that a central crop keeps, in (0, 1]; the crop is
    /// resized back. `[1, 1]`: no crop.
    pub random_crop: [f32; 2],
    /// Rotate by 90 degrees with probability 0.5.
    pub random_rotation90: bool,
    /// Standard deviation of Gaussian noise on `[0, 1]` values, clipped after; 0: none. At most 1.
    pub gaussian_noise: f32,
    /// Mirror left and right with probability 0.5.
    pub flip_left_right: bool,
    /// Mirror top and bottom with probability 0.5.
    pub flip_up_down: bool,
    /// Shear factors (tangents, -1 to 1): lowest and highest horizontal, lowest and highest vertical.
    pub random_shear: Option<[f32; 4]>,
    /// Largest change of brightness, up or down, in per cent (0 to 100) of the full scale.
    pub random_brightness: Option<f32>,
    /// Lower and upper bound of the factor on the contrast (1: unchanged; 0 to 10).
    pub random_contrast: Option<[f32; 2]>,
    /// Lower and upper bound of the factor on the saturation (1: unchanged; 0 to 10).
    pub random_saturation: Option<[f32; 2]>,
    /// Largest shift of the hue, forth or back, as a share of the full circle (0 to 0.5).
    pub random_hue: Option<f32>,
    /// Largest rotation, either way, in degrees (0 to 180).
    pub random_rotation: Option<f32>,
}

impl Augmentation {
    /// Images as they are.
    pub fn none() -> Self {
        Self {
            random_crop: [1.0, 1.0],
            random_rotation90: false,
            gaussian_noise: 0.0,
            flip_left_right: false,
            flip_up_down: false,
            random_shear: None,
            random_brightness: None,
            random_contrast: None,
            random_saturation: None,
            random_hue: None,
            random_rotation: None,
        }
    }

    /// True when no image can come out changed, so that its features need computing only once.
    pub fn is_none(&self) -> bool {
        let unchanged_factor = |range: Option<[f32; 2]>| range.is_none_or(|range| range == [1.0, 1.0]);
        self.random_crop == [1.0, 1.0]
            && !self.random_rotation90
            && self.gaussian_noise == 0.0
            && !self.flip_left_right
            && !self.flip_up_down
            && self.random_shear.is_none_or(|shear| shear == [0.0; 4])
            && self.random_brightness.unwrap_or(0.0) == 0.0
            && unchanged_factor(self.random_contrast)
            && unchanged_factor(self.random_saturation)
            && self.random_hue.unwrap_or(0.0) == 0.0
            && self.random_rotation.unwrap_or(0.0) == 0.0
    }
}

/// The documented augmentation: crop `[0.7, 1]`, rotation by 90 degrees, noise 0.01, both flips.
impl Default for Augmentation {
    fn default() -> Self {
        Self {
            random_crop: [0.7, 1.0],
            random_rotation90: true,
            gaussian_noise: 0.01,
            flip_left_right: true,
            flip_up_down: true,
            ..Self::none()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Augmentation;

    #[test]
    fn settings_that_change_nothing_count_as_none() {
        assert!(Augmentation::none().is_none());
        assert!(!Augmentation::default().is_none());
        let idle = Augmentation {
            random_shear: Some([0.0; 4]),
            random_contrast: Some([1.0, 1.0]),
            random_hue: Some(0.0),
            ..Augmentation::none()
        };
        assert!(idle.is_none());
        assert!(!Augmentation { random_rotation: Some(5.0), ..Augmentation::none() }.is_none());
    }
}
