//! Colours of inks and of CIE Lab as RGB, where no profile says more, and colours with alpha on white.

/// The colour of inks without a profile, as Pillow has it.
pub(crate) fn rgb_of_inks([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let light = 255 - u32::from(black);
    [cyan, magenta, yellow].map(|ink| (light - rounded_product(u32::from(ink), light)) as u8)
}

/// The product of two shares of 255.
fn rounded_product(a: u32, b: u32) -> u32 {
    let product = a * b + 128;
    ((product >> 8) + product) >> 8
}

/// The colour of a lightness of 0 to 255 and of two signed bytes, under the light D50 for which TIFF states Lab.
pub(crate) fn rgb_of_lab([lightness, a, b]: [u8; 3]) -> [u8; 3] {
    let fy = (f64::from(lightness) / 2.55 + 16.0) / 116.0;
    let cube = |f: f64| if f > 6.0 / 29.0 { f * f * f } else { (f - 4.0 / 29.0) * 3.0 * (6.0_f64 / 29.0).powi(2) };
    let x = 0.9642 * cube(fy + f64::from(a as i8) / 500.0);
    let y = cube(fy);
    let z = 0.8249 * cube(fy - f64::from(b as i8) / 200.0);
    // From the light D50 (Bradford) to linear sRGB.
    const ROWS: [[f64; 3]; 3] =
        [[3.134_136, -1.617_386, -0.490_662], [-0.978_796, 1.916_254, 0.033_443], [0.071_955, -0.228_977, 1.405_386]];
    ROWS.map(|row| {
        let linear = (row[0] * x + row[1] * y + row[2] * z).clamp(0.0, 1.0);
        let curved = if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
        (255.0 * curved).round() as u8
    })
}

/// Lays a row of RGB on white, as far as `alpha` does not cover it. Colours with
/// `associated` alpha are multiplied by it already.
pub(crate) fn lay_on_white(rgb: &mut [u8], alpha: &[u8], associated: bool) {
    for (pixel, &alpha) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(alpha) {
        let white = 255 - u32::from(alpha);
        for value in pixel {
            let colour = u32::from(*value);
            *value = if associated {
                (colour + white).min(255) as u8
            } else {
                ((colour * u32::from(alpha) + 255 * white + 127) / 255) as u8
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inks_and_lab_become_rgb() {
        assert_eq!(rgb_of_inks([0, 0, 0, 0]), [255; 3]);
        assert_eq!(rgb_of_inks([255, 0, 0, 0]), [0, 255, 255]);
        assert_eq!(rgb_of_inks([0, 128, 255, 55]), [200, 100, 0]);
        assert_eq!(rgb_of_lab([255, 0, 0]), [255; 3]);
        assert_eq!(rgb_of_lab([0, 0, 0]), [0; 3]);
        // Pure red of sRGB is 54.29, 80.81, 69.89 under D50.
        let red = rgb_of_lab([138, 81, 70]);
        assert!(red[0] >= 253 && red[1] <= 6 && red[2] <= 6, "{red:?}");
    }

    #[test]
    fn alpha_is_laid_on_white() {
        let mut rgb = [200, 100, 0, 100, 50, 0];
        lay_on_white(&mut rgb[..3], &[128], false);
        lay_on_white(&mut rgb[3..], &[128], true);
        assert_eq!(rgb, [227, 177, 127, 227, 177, 127]);
    }
}
