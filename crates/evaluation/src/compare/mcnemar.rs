//! McNemar's exact test for the images that one of two runs alone has right.

use serde::Serialize;

/// McNemar's exact test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct McNemar {
    /// Images that run A alone has right.
    pub only_a_right: u64,
    /// Images that run B alone has right.
    pub only_b_right: u64,
    /// How likely it is that a fair coin, thrown for each of these images, gives as uneven a result; in `(0, 1]`.
    pub p_value: f64,
}

impl McNemar {
    /// The test of so many images that one run alone has right.
    pub fn of(only_a_right: u64, only_b_right: u64) -> Self {
        Self { only_a_right, only_b_right, p_value: coin(only_a_right.min(only_b_right), only_a_right + only_b_right) }
    }
}

/// The probability that one side of a fair coin comes up at most `fewer` times of `throws`, whichever side that is.
fn coin(fewer: u64, throws: u64) -> f64 {
    // The logarithm of each probability follows from that of the one before; the first is 2 to the power of -throws.
    let mut logarithm = -(throws as f64) * std::f64::consts::LN_2;
    let mut sum = logarithm.exp();
    for heads in 1..=fewer {
        logarithm += ((throws - heads + 1) as f64 / heads as f64).ln();
        sum += logarithm.exp();
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coin_is_exact() {
        // 2 * (1 + 10 + 45) / 1024 and, with equal sides, 1.
        assert!((McNemar::of(2, 8).p_value - 112.0 / 1024.0).abs() < 1e-12);
        assert_eq!((McNemar::of(0, 0).p_value, McNemar::of(5, 5).p_value), (1.0, 1.0));
        assert!((McNemar::of(8, 0).p_value - 2.0 / 256.0).abs() < 1e-12);
        let uneven = McNemar::of(5000, 5300).p_value;
        assert!((0.003..0.004).contains(&uneven), "{uneven}");
    }
}
