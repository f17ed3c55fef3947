//! How training images are varied.
//!
//! These are the settings; the image crate draws a variation and applies it to pixels.

use serde::{Deserialize, Serialize};

use crate::field::{Field, defaulted, optional};
use crate::form::{Interval, number, ranges, truth};
use crate::group::Group;

crate::parameters! {
    /// What may happen to a training image. Every image draws anew from these ranges.
    ///
    /// Values are on the scale `[0, 1]` where not stated otherwise. Values within the documented ranges are
    /// guaranteed once the parameters that hold this have been validated. The defaults are the documented ones: crop
    /// `[0.7, 1]`, rotation by 90 degrees, noise 0.01, both flips.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Augmentation {
        /// Augmentation: smallest and largest share of a side that a central crop keeps
        ///
        /// In (0, 1]; the crop is resized back. `[1, 1]`: no crop.
        random_crop: [f32; 2] = defaulted([0.7, 1.0], ranges(Interval::above(0.0, 1.0)));
        /// Augmentation: rotate every other image by 90 degrees
        ///
        /// Each with probability 0.5.
        random_rotation90: bool = defaulted(true, truth());
        /// Augmentation: standard deviation of the noise, on a scale from 0 to 1
        ///
        /// Gaussian, on `[0, 1]` values, clipped after; 0: none. At most 1.
        gaussian_noise: f32 = defaulted(0.01, number(Interval::closed(0.0, 1.0)));
        /// Augmentation: mirror left and right
        ///
        /// With probability 0.5.
        flip_left_right: bool = defaulted(true, truth());
        /// Augmentation: mirror top and bottom
        ///
        /// With probability 0.5.
        flip_up_down: bool = defaulted(true, truth());
        /// Augmentation: least and greatest shear, horizontal, then vertical
        ///
        /// Factors (tangents, -1 to 1): lowest and highest horizontal, lowest and highest vertical.
        random_shear: Option<[f32; 4]> =
            optional(ranges(Interval::closed(-1.0, 1.0)), [-0.1, 0.1, -0.1, 0.1]).further();
        /// Augmentation: largest change of brightness, in per cent
        ///
        /// Up or down, in per cent (0 to 100) of the full scale.
        random_brightness: Option<f32> = optional(number(Interval::closed(0.0, 100.0)), 10.0).further();
        /// Augmentation: least and greatest factor on the contrast
        ///
        /// 1: unchanged; 0 to 10.
        random_contrast: Option<[f32; 2]> = factors();
        /// Augmentation: least and greatest factor on the saturation
        ///
        /// 1: unchanged; 0 to 10.
        random_saturation: Option<[f32; 2]> = factors();
        /// Augmentation: largest shift of the hue, as a share of the full circle
        ///
        /// Forth or back (0 to 0.5).
        random_hue: Option<f32> = optional(number(Interval::closed(0.0, 0.5)), 0.05).further();
        /// Augmentation: largest rotation either way, in degrees
        ///
        /// 0 to 180.
        random_rotation: Option<f32> = optional(number(Interval::closed(0.0, 180.0)), 10.0).further();
    }
}

fn factors() -> Field<Option<[f32; 2]>> {
    optional(ranges(Interval::closed(0.0, 10.0)), [0.8, 1.2]).further()
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

/// The documented augmentation.
impl Default for Augmentation {
    fn default() -> Self {
        Self::initial()
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
