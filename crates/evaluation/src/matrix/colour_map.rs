//! The blue colour map of the matrices, and which lettering is legible on it.
//!

/// A colour: red, green, blue.
pub(super) type Colour = [u8; 3];

/// The colour at `place` in `[0, 1]`: pale to deep with evenly falling lightness.
pub(super) fn colour(place: f64) -> Colour {
    const STOPS: [Colour; 6] =
        [[245, 249, 254], [207, 226, 244], [143, 190, 228], [74, 144, 204], [29, 95, 163], [10, 46, 99]];
    let scaled = place.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let below = (scaled as usize).min(STOPS.len() - 2);
    let share = scaled - below as f64;
    std::array::from_fn(|channel| {
        let (from, to) = (f64::from(STOPS[below][channel]), f64::from(STOPS[below + 1][channel]));
        (from + share * (to - from)).round() as u8
    })
}

/// As `#rrggbb`.
pub(super) fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// True where white is more legible than dark ink: the contrast formula of the web content guidelines (WCAG 2).
pub(super) fn is_dark(colour: Colour) -> bool {
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = colour.map(linear);
    let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    // White (1.05) and the ink (0.02 + 0.05) contrast alike where 1.05 / x = x / 0.07.
    luminance + 0.05 < 0.27
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_falls_in_lightness_from_end_to_end() {
        assert_eq!(hex(colour(0.0)), "#f5f9fe");
        assert_eq!(hex(colour(1.0)), "#0a2e63");
        let lightness = |step: i32| colour(f64::from(step) / 50.0).map(u32::from).iter().sum::<u32>();
        assert!((1..=50).all(|step| lightness(step) < lightness(step - 1)));
        assert!(!is_dark(colour(0.0)) && is_dark(colour(1.0)));
    }
}
