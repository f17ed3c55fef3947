//! Irregularity that is the same on every machine and thread: values hashed from a seed and a place.
//!
//! A value depends on its place alone, so that threads may compute places in any order. What is drawn in sequence (labels,
//! views) comes from a random generator instead.

/// A value in [0, 1) for an integer place; neighbouring places are independent.
#[inline]
pub fn grain(seed: u32, x: i32, y: i32) -> f32 {
    let mut h = seed ^ (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2c1b_3c6d);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297a_2d39);
    h ^= h >> 15;
    (h >> 8) as f32 / (1 << 24) as f32
}

/// A value in [0, 1) that varies smoothly, with a wavelength of about two units.
#[inline]
pub fn smooth(seed: u32, x: f32, y: f32) -> f32 {
    let (column, row) = (x.floor(), y.floor());
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (s, t) = (ease(x - column), ease(y - row));
    let (column, row) = (column as i32, row as i32);
    let upper = grain(seed, column, row) * (1.0 - s) + grain(seed, column + 1, row) * s;
    let lower = grain(seed, column, row + 1) * (1.0 - s) + grain(seed, column + 1, row + 1) * s;
    upper * (1.0 - t) + lower * t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grain_fills_the_unit_interval_evenly() {
        let mut counts = [0; 4];
        for x in -50..50 {
            for y in -50..50 {
                counts[(grain(7, x, y) * 4.0) as usize] += 1;
            }
        }
        assert!(counts.iter().all(|count| (2300..2700).contains(count)), "{counts:?}");
    }

    #[test]
    fn smooth_meets_the_grain_at_whole_numbers_and_does_not_jump() {
        assert_eq!(smooth(3, -4.0, 9.0), grain(3, -4, 9));
        for step in 0..400 {
            let x = step as f32 * 0.01 - 2.0;
            assert!((smooth(3, x, 0.3) - smooth(3, x + 0.01, 0.3)).abs() < 0.03);
        }
    }
}
