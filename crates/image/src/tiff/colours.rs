//! From samples of 8 bits to RGB: palettes, CMYK, YCbCr and CIE Lab.

use super::layout::{Colours, YCbCr};
use crate::conversions::{rgb_of_inks, rgb_of_lab};

/// Turns a row of colours, [`Colours::count`] bytes each, into RGB.
pub(super) fn to_rgb(colours: &Colours, row: &[u8], target: &mut [u8]) {
    let pixels = target.as_chunks_mut::<3>().0;
    match colours {
        Colours::Grey { .. } => pixels.iter_mut().zip(row).for_each(|(pixel, &value)| *pixel = [value; 3]),
        Colours::Rgb => target.copy_from_slice(row),
        Colours::Palette(palette) => {
            let colour = |index: u8| palette.get(usize::from(index)).copied().unwrap_or_default();
            pixels.iter_mut().zip(row).for_each(|(pixel, &index)| *pixel = colour(index));
        }
        Colours::Cmyk => {
            pixels.iter_mut().zip(row.as_chunks::<4>().0).for_each(|(pixel, inks)| *pixel = rgb_of_inks(*inks));
        }
        Colours::YCbCr(kind) => {
            pixels.iter_mut().zip(row.as_chunks::<3>().0).for_each(|(pixel, values)| *pixel = kind.rgb(*values));
        }
        Colours::Lab { .. } => {
            pixels.iter_mut().zip(row.as_chunks::<3>().0).for_each(|(pixel, values)| *pixel = rgb_of_lab(*values));
        }
    }
}

impl YCbCr {
    fn rgb(&self, values: [u8; 3]) -> [u8; 3] {
        let [red_share, green_share, blue_share] = self.coefficients;
        let [y_black, y_white, cb_black, cb_white, cr_black, cr_white] = self.reference;
        let scaled = |value: u8, black: f64, white: f64, full: f64| (f64::from(value) - black) * full / (white - black);
        let y = scaled(values[0], y_black, y_white, 255.0);
        let cb = scaled(values[1], cb_black, cb_white, 127.0);
        let cr = scaled(values[2], cr_black, cr_white, 127.0);
        let red = y + cr * (2.0 - 2.0 * red_share);
        let blue = y + cb * (2.0 - 2.0 * blue_share);
        let green = (y - blue_share * blue - red_share * red) / green_share;
        [red, green, blue].map(|value| value.round() as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brightness_and_differences_become_rgb() {
        let kind = YCbCr {
            subsampling: (1, 1),
            coefficients: [0.299, 0.587, 0.114],
            reference: [0.0, 255.0, 128.0, 255.0, 128.0, 255.0],
        };
        assert_eq!(kind.rgb([76, 85, 255]), [254, 0, 0]);
        assert_eq!(kind.rgb([100, 128, 128]), [100; 3]);
    }
}
