//! Colour profiles: from the colours that an ICC profile describes to those of sRGB.
//!
//! The intent is the perceptual one, as in Pillow's `ImageCms`. A profile that describes sRGB, or nearly so, changes no
//! pixel; a profile that cannot be read, or that is made for other channels than the picture has, is passed over, as
//! browsers do.

use std::sync::{Arc, Mutex, PoisonError};

use moxcms::{ColorProfile, DataColorSpace, Layout, RenderingIntent, Transform8BitExecutor, TransformOptions};
use silknow_errors::Error;

use crate::guard::guarded;

/// What a picture's numbers stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channels {
    Grey,
    Rgb,
    /// Shares of the four inks: 255 is all of it.
    Cmyk,
}

/// Converts colours of 8 bits to sRGB.
#[derive(Clone)]
pub(crate) struct ToSrgb {
    channels: Channels,
    transform: Arc<Transform8BitExecutor>,
}

/// The largest profile that is looked at, and the largest that is kept for the next picture.
const MAX_PROFILE_BYTES: usize = 8 << 20;
const MAX_KEPT_BYTES: usize = 1 << 20;

/// Differences of up to this many steps of 255 are taken for none: profiles of sRGB state its curve with more or fewer
/// points.
const SAME: u8 = 3;

/// What a profile became.
struct Made {
    profile: Vec<u8>,
    channels: Channels,
    conversion: Option<ToSrgb>,
}

/// What the last profiles became. The pictures of a collection mostly share one or two.
static LAST: Mutex<Vec<Made>> = Mutex::new(Vec::new());
const KEPT: usize = 8;

impl ToSrgb {
    /// The conversion for a profile; `None` where nothing is to be converted.
    pub(crate) fn of(profile: &[u8], channels: Channels) -> Option<Self> {
        if profile.is_empty() || profile.len() > MAX_PROFILE_BYTES {
            return None;
        }
        let lock = || LAST.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |made: &&Made| made.channels == channels && made.profile == profile;
        if let Some(known) = lock().iter().find(is_it) {
            return known.conversion.clone();
        }
        let made = guarded("ICC", || Ok::<_, Error>(Self::make(profile, channels))).unwrap_or_default();
        if profile.len() <= MAX_KEPT_BYTES {
            let mut last = lock();
            last.truncate(KEPT - 1);
            last.insert(0, Made { profile: profile.to_vec(), channels, conversion: made.clone() });
        }
        made
    }

    fn make(profile: &[u8], channels: Channels) -> Option<Self> {
        let profile = ColorProfile::new_from_slice(profile).ok()?;
        let (space, layout) = match channels {
            Channels::Grey => (DataColorSpace::Gray, Layout::Gray),
            Channels::Rgb => (DataColorSpace::Rgb, Layout::Rgb),
            Channels::Cmyk => (DataColorSpace::Cmyk, Layout::Rgba),
        };
        if profile.color_space != space {
            return None;
        }
        let options = TransformOptions { rendering_intent: RenderingIntent::Perceptual, ..TransformOptions::default() };
        let transform = profile.create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, options).ok()?;
        let made = Self { channels, transform };
        let probe = probe(channels);
        let mut result = vec![0; probe.len() / made.width() * 3];
        made.transform.transform(&probe, &mut result).ok()?;
        let unchanged: Vec<u8> = match channels {
            Channels::Grey => probe.iter().flat_map(|&value| [value; 3]).collect(),
            Channels::Rgb => probe,
            Channels::Cmyk => return Some(made),
        };
        let differ = unchanged.iter().zip(&result).any(|(a, b)| a.abs_diff(*b) > SAME);
        differ.then_some(made)
    }

    pub(crate) fn channels(&self) -> Channels {
        self.channels
    }

    /// Bytes of a colour before the conversion.
    fn width(&self) -> usize {
        match self.channels {
            Channels::Grey => 1,
            Channels::Rgb => 3,
            Channels::Cmyk => 4,
        }
    }

    /// Converts colours to RGB.
    pub(crate) fn convert(&self, source: &[u8], target: &mut [u8]) {
        // The conversion was tried when it was made, and fails for lengths that do not fit alone.
        let converted = self.transform.transform(source, target);
        debug_assert!(converted.is_ok(), "{converted:?}");
    }

    /// Converts pixels that begin with three bytes of RGB and have `width` bytes.
    fn convert_pixels(&self, pixels: &mut [u8], width: usize) {
        const BLOCK: usize = 1024;
        let (mut source, mut target) = ([0; 3 * BLOCK], [0; 3 * BLOCK]);
        for pixels in pixels.chunks_mut(width * BLOCK) {
            let length = pixels.len() / width * 3;
            for (colour, pixel) in source.chunks_exact_mut(3).zip(pixels.chunks_exact(width)) {
                colour.copy_from_slice(&pixel[..3]);
            }
            self.convert(&source[..length], &mut target[..length]);
            for (colour, pixel) in target.chunks_exact(3).zip(pixels.chunks_exact_mut(width)) {
                pixel[..3].copy_from_slice(colour);
            }
        }
    }

    /// Converts RGB where it is.
    pub(crate) fn convert_in_place(&self, rgb: &mut [u8]) {
        self.convert_pixels(rgb, 3);
    }

    /// Converts RGB with alpha where it is.
    pub(crate) fn convert_with_alpha(&self, rgba: &mut [u8]) {
        self.convert_pixels(rgba, 4);
    }

    /// Converts grey pixels of `width` bytes, which begin with three equal ones.
    pub(crate) fn convert_grey(&self, pixels: &mut [u8], width: usize) {
        let all: Vec<u8> = (0..=255).collect();
        let mut table = [0; 3 * 256];
        self.convert(&all, &mut table);
        for pixel in pixels.chunks_exact_mut(width) {
            let value = usize::from(pixel[0]);
            pixel[..3].copy_from_slice(&table[3 * value..3 * value + 3]);
        }
    }
}

/// Colours from all over the range.
fn probe(channels: Channels) -> Vec<u8> {
    match channels {
        Channels::Grey => (0..=255).collect(),
        Channels::Cmyk => vec![0; 4],
        Channels::Rgb => {
            let steps = || (0..=255).step_by(17);
            let greys = (0..=255).map(|value| [value; 3]);
            let others = steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| [r, g, b])));
            greys.chain(others).flatten().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(profile: &ColorProfile) -> Vec<u8> {
        profile.encode().unwrap()
    }

    #[test]
    fn a_profile_of_srgb_and_a_broken_one_convert_nothing() {
        assert!(ToSrgb::of(&profile(&ColorProfile::new_srgb()), Channels::Rgb).is_none());
        let wide = profile(&ColorProfile::new_adobe_rgb());
        assert!(ToSrgb::of(&wide, Channels::Rgb).is_some());
        assert!(ToSrgb::of(&wide, Channels::Grey).is_none());
        assert!(ToSrgb::of(&wide[..200], Channels::Rgb).is_none());
        assert!(ToSrgb::of(b"no profile", Channels::Rgb).is_none());
    }

    #[test]
    fn wide_colours_are_converted_and_alpha_stays() {
        let adobe = ToSrgb::of(&profile(&ColorProfile::new_adobe_rgb()), Channels::Rgb).unwrap();
        // Greens of Adobe RGB lie outside sRGB, and greys stay.
        let mut pixels = [100, 150, 100, 7, 90, 90, 90, 8];
        adobe.convert_with_alpha(&mut pixels);
        assert!(pixels[0] < 80 && pixels[1].abs_diff(150) <= 2 && pixels[3] == 7, "{pixels:?}");
        assert!(pixels[4..7].iter().all(|value| value.abs_diff(90) <= 2) && pixels[7] == 8, "{pixels:?}");
    }

    #[test]
    fn grey_of_another_gamma_is_converted() {
        let grey = ToSrgb::of(&profile(&ColorProfile::new_gray_with_gamma(1.0)), Channels::Grey).unwrap();
        let mut pixels = [0, 0, 0, 55, 55, 55, 255, 255, 255];
        grey.convert_grey(&mut pixels, 3);
        // 55 of 255 is a light of 0.2157, for which sRGB has 128.
        assert_eq!(pixels, [0, 0, 0, 128, 128, 128, 255, 255, 255]);
    }
}
