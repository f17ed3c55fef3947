//! Brightness, contrast, saturation and hue of planar RGB values.
//!
//! The caller says how much of each is wanted. Values are clipped only where hue and saturation need them in [0, 1].

/// Adds `shift` to every value.
pub(crate) fn shift_brightness(values: &mut [f32], shift: f32) {
    if shift != 0.0 {
        for value in values {
            *value += shift;
        }
    }
}

/// Multiplies the distance of every value of a channel from the channel's mean.
pub(crate) fn scale_contrast(channel: &mut [f32], factor: f32) {
    if factor != 1.0 {
        let mean = (channel.iter().map(|&value| f64::from(value)).sum::<f64>() / channel.len() as f64) as f32;
        for value in channel {
            *value = mean + factor * (*value - mean);
        }
    }
}

/// Turns the hue by `shift` of the full circle and multiplies the saturation, by way of HSV.
pub(crate) fn change_hue_and_saturation(planes: &mut [f32], shift: f32, factor: f32) {
    if shift == 0.0 && factor == 1.0 {
        return;
    }
    let (red, rest) = planes.split_at_mut(planes.len() / 3);
    let (green, blue) = rest.split_at_mut(red.len());
    for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
        let (hue, saturation, value) = hsv_from_rgb([*red, *green, *blue].map(|value| value.clamp(0.0, 1.0)));
        let changed = rgb_from_hsv(hue + shift, (saturation * factor).clamp(0.0, 1.0), value);
        [*red, *green, *blue] = changed;
    }
}

/// Hue (a share of the full circle), saturation and value of a colour in [0, 1].
fn hsv_from_rgb([red, green, blue]: [f32; 3]) -> (f32, f32, f32) {
    let value = red.max(green).max(blue);
    let span = value - red.min(green).min(blue);
    if span <= 0.0 {
        return (0.0, 0.0, value);
    }
    let sixths = if value == red {
        (green - blue) / span
    } else if value == green {
        2.0 + (blue - red) / span
    } else {
        4.0 + (red - green) / span
    };
    ((sixths / 6.0).rem_euclid(1.0), span / value, value)
}

/// The colour of a hue (any number of turns), saturation and value in [0, 1].
fn rgb_from_hsv(hue: f32, saturation: f32, value: f32) -> [f32; 3] {
    // Every channel is a ramp over the circle; red starts at 5/6, green at 3/6, blue at 1/6 of it.
    [5.0, 3.0, 1.0].map(|start: f32| {
        let position = (start + hue * 6.0).rem_euclid(6.0);
        value - value * saturation * position.min(4.0 - position).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assert_near(found: &[f32], expected: &[f32]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} is not {expected:?}");
    }

    proptest! {
        #[test]
        fn a_colour_comes_back_from_hsv(red in 0f32..=1.0, green in 0f32..=1.0, blue in 0f32..=1.0) {
            let (hue, saturation, value) = hsv_from_rgb([red, green, blue]);
            assert_near(&rgb_from_hsv(hue, saturation, value), &[red, green, blue]);
        }
    }

    #[test]
    fn a_third_of_the_circle_turns_red_into_green() {
        let mut planes = [0.8, 0.2, 0.1];
        change_hue_and_saturation(&mut planes, 1.0 / 3.0, 1.0);
        assert_near(&planes, &[0.1, 0.8, 0.2]);
    }

    #[test]
    fn no_saturation_leaves_grey_and_double_saturation_stops_at_pure_colour() {
        let mut planes = [0.8, 0.2, 0.1];
        change_hue_and_saturation(&mut planes, 0.0, 0.0);
        assert_near(&planes, &[0.8, 0.8, 0.8]);
        let mut planes = [0.8, 0.2, 0.2];
        change_hue_and_saturation(&mut planes, 0.0, 2.0);
        assert_near(&planes, &[0.8, 0.0, 0.0]);
    }

    #[test]
    fn contrast_keeps_the_mean_and_brightness_moves_it() {
        let mut values = [0.1, 0.3, 0.5];
        scale_contrast(&mut values, 1.5);
        assert_near(&values, &[0.0, 0.3, 0.6]);
        shift_brightness(&mut values, 0.25);
        assert_near(&values, &[0.25, 0.55, 0.85]);
    }
}
