//! How figures fill the cloth: the repeat of each place, its frames, and the ground of each time between them.
//!
//! The pattern is a tone for every point of an endless cloth. The figures themselves are in `motif`.

use std::f32::consts::{PI, TAU};

use crate::catalogue::{Depiction, Place, Silk, Timespan};
use crate::motif::{Growth, Motif, Tone};
use crate::noise::grain;

/// The pattern of a silk.
#[derive(Clone, Debug)]
pub struct Pattern {
    place: Place,
    timespan: Timespan,
    motif: Option<Motif>,
    /// Width of the repeat, in silk threads.
    width_threads: f32,
    /// Widths of the stripes of half a repeat, adding up to 1; only stripes use them.
    stripes: [f32; 4],
}

/// A point as its repeat sees it.
struct Spot {
    /// From the middle of the figure, 1 at the repeat's edge.
    x: f32,
    y: f32,
    /// Part of the frame around the figure.
    frame: Option<Tone>,
}

impl Pattern {
    /// The pattern of a silk.
    pub fn of(silk: &Silk) -> Self {
        // Animals need room to be told from each other.
        let room = if silk.depiction == Depiction::Animals { 1.2 } else { 1.0 };
        let size = match silk.timespan {
            Timespan::Sixteenth => 72.0,
            Timespan::Seventeenth => 56.0,
            Timespan::Eighteenth => 44.0,
            Timespan::Nineteenth => 34.0,
        };
        let mut stripes = [0, 1, 2, 3].map(|number| 0.5 + grain(silk.seed, 30, number));
        let sum: f32 = stripes.iter().sum();
        stripes.iter_mut().for_each(|stripe| *stripe /= sum);
        Self {
            place: silk.place,
            timespan: silk.timespan,
            motif: Motif::of(silk.depiction, grain(silk.seed, 20, 0)),
            width_threads: room * size * (0.92 + 0.16 * grain(silk.seed, 21, 0)),
            stripes,
        }
    }

    /// The tone at a place of the cloth, in silk threads.
    pub fn tone(&self, x_threads: f32, y_threads: f32) -> Tone {
        let (u, v) = (x_threads / self.width_threads, y_threads / self.width_threads);
        let drawn = match &self.motif {
            Some(motif) => {
                let spot = self.spot(u, v);
                // Patterns that run all over leave no room for frames; leaves fill the corners as well.
                match motif.growth() {
                    Growth::Single => spot.frame.or_else(|| motif.tone(spot.x, spot.y)),
                    Growth::Tiled => motif.tone(spot.x, spot.y),
                    Growth::Dense => {
                        let corner = |at: f32| (at - 1.15_f32.copysign(at)) * 1.15;
                        motif.tone(spot.x, spot.y).or_else(|| motif.tone(corner(spot.x), corner(spot.y)))
                    }
                }
            }
            None => self.stripe(u, v),
        };
        drawn.unwrap_or_else(|| self.ground(x_threads, y_threads))
    }

    /// The point of the repeat at (u, v), in repeat widths.
    fn spot(&self, u: f32, v: f32) -> Spot {
        match self.place {
            Place::Spain => strapwork(u, v),
            Place::France => meander(u, v),
            Place::Italy => ogive(u, v),
            Place::China => roundel(u, v),
            Place::Persia => rows(u, v),
        }
    }

    /// Broad stripes in mirror symmetry; every second one carries a small chain that is the place's.
    fn stripe(&self, u: f32, v: f32) -> Option<Tone> {
        let from_axis = ((1.4 * u).rem_euclid(2.0) - 1.0).abs();
        let mut left = from_axis;
        for (number, &width) in self.stripes.iter().enumerate() {
            if left < width {
                let across = 2.0 * left / width - 1.0;
                return match number {
                    0 => Some(chain(self.place, across, v / width).unwrap_or(Tone::Figure)),
                    1 => None,
                    2 => Some(chain(self.place, across, v / width).map_or(Tone::Second, |_| Tone::Figure)),
                    _ => Some(if across.abs() < 0.5 { Tone::Accent } else { Tone::Figure }),
                };
            }
            left -= width;
        }
        None
    }

    /// The ground between the figures.
    fn ground(&self, x_threads: f32, y_threads: f32) -> Tone {
        let alternate = match self.timespan {
            Timespan::Sixteenth => false,
            Timespan::Seventeenth => {
                let row = (y_threads / 8.0).floor();
                let shift = if row.rem_euclid(2.0) == 1.0 { 6.0 } else { 0.0 };
                let (x, y) = ((x_threads + shift).rem_euclid(12.0) - 6.0, y_threads.rem_euclid(8.0) - 4.0);
                x * x + y * y < 7.0
            }
            Timespan::Eighteenth => y_threads.rem_euclid(8.0) < 3.0,
            Timespan::Nineteenth => {
                let lattice = |along: f32| along.rem_euclid(12.0) < 2.6;
                lattice(x_threads + y_threads) || lattice(x_threads - y_threads)
            }
        };
        if alternate { Tone::SecondGround } else { Tone::Ground }
    }
}

/// Straight repeat: a figure in an octagon of straps, small squares between the octagons.
fn strapwork(u: f32, v: f32) -> Spot {
    let (x, y) = (2.0 * (u - u.floor()) - 1.0, 2.0 * (v - v.floor()) - 1.0);
    let size = x.abs().max(y.abs()).max((x.abs() + y.abs()) / 1.36);
    let corner = (1.0 - x.abs()) + (1.0 - y.abs());
    let frame = match (size, corner) {
        (size, _) if (0.92..0.99).contains(&size) => Some(Tone::Second),
        (_, corner) if corner < 0.22 => Some(Tone::Accent),
        (_, corner) if (0.34..0.46).contains(&corner) => Some(Tone::Figure),
        _ => None,
    };
    Spot { x: x / 0.92, y: y / 0.92, frame }
}

/// Half-drop repeat: figures between two ribbons that wind upwards.
fn meander(u: f32, v: f32) -> Spot {
    const HEIGHT: f32 = 1.35;
    let wave = 0.13 * (TAU * v / HEIGHT).sin();
    let column = (u - wave).floor();
    let x = 2.0 * (u - wave - column) - 1.0;
    let drop = if column.rem_euclid(2.0) == 1.0 { 0.5 } else { 0.0 };
    let y = 2.0 * (v / HEIGHT + drop).rem_euclid(1.0) - 1.0;
    let edge = 1.0 - x.abs();
    let beads = (8.0 * v / HEIGHT).rem_euclid(1.0) < 0.45;
    let frame = match edge {
        edge if edge < 0.08 => Some(if beads { Tone::Accent } else { Tone::Second }),
        edge if (0.13..0.18).contains(&edge) => Some(Tone::Second),
        _ => None,
    };
    // The figure leans with the ribbons.
    Spot { x: (x + 2.0 * wave) / 0.92, y: y * HEIGHT / 1.05, frame }
}

/// Half-drop repeat: a figure in each pointed oval of an ogival lattice.
fn ogive(u: f32, v: f32) -> Spot {
    const HEIGHT: f32 = 2.3;
    const BULGE: f32 = 0.46;
    let phase = TAU * v / HEIGHT;
    let line = |number: f32| number + if number.rem_euclid(2.0) == 0.0 { BULGE } else { -BULGE } * phase.cos();
    // Lines wander by less than half a column, so the region is this column or a neighbour.
    let column = [-1.0, 0.0, 1.0]
        .map(|step| u.floor() + step)
        .into_iter()
        .find(|&number| line(number) <= u && u < line(number + 1.0))
        .unwrap_or(u.floor());
    let edge = (u - line(column)).min(line(column + 1.0) - u);
    // The oval lies between lines that move apart; its middle is where they are farthest apart.
    let middle = if column.rem_euclid(2.0) == 0.0 { 0.5 } else { 0.0 };
    let y = (v / HEIGHT - middle + 0.5).rem_euclid(1.0) - 0.5;
    let frame = match edge {
        edge if edge < 0.055 => Some(Tone::Figure),
        edge if (0.085..0.11).contains(&edge) => Some(Tone::Second),
        _ => None,
    };
    Spot { x: (u - column - 0.5) / 0.74, y: y * HEIGHT / 0.80, frame }
}

/// Half-drop repeat: a figure in each ring, a small cloud between the rings.
fn roundel(u: f32, v: f32) -> Spot {
    const HEIGHT: f32 = 1.15;
    let column = u.floor();
    let drop = if column.rem_euclid(2.0) == 1.0 { 0.5 } else { 0.0 };
    let x = 2.0 * (u - column) - 1.0;
    let y = (2.0 * (v / HEIGHT + drop).rem_euclid(1.0) - 1.0) * HEIGHT;
    let radius = x.hypot(y);
    let pearls = (y.atan2(x) * 16.0 / TAU).rem_euclid(1.0) < 0.5;
    let (cloud_x, cloud_y) = (x.abs() - 1.0, y.abs() - HEIGHT);
    let cloud = (cloud_x.abs() - 0.10).hypot(cloud_y) < 0.13 || cloud_x.hypot(cloud_y.abs() - 0.13) < 0.10;
    let frame = match radius {
        radius if (0.88..0.98).contains(&radius) => Some(if pearls { Tone::Accent } else { Tone::Figure }),
        _ => cloud.then_some(Tone::Second),
    };
    Spot { x: x / 0.80, y: y / 0.80, frame }
}

/// Rows of figures that face right and left in turn, with a dotted line between the rows.
fn rows(u: f32, v: f32) -> Spot {
    const HEIGHT: f32 = 0.98;
    let row = (v / HEIGHT).floor();
    let u = u + if row.rem_euclid(2.0) == 1.0 { 0.5 } else { 0.0 };
    let column = u.floor();
    let x = 2.0 * (u - column) - 1.0;
    let y = 2.0 * (v / HEIGHT - row) - 1.0;
    let facing = if (column + row).rem_euclid(2.0) == 0.0 { 1.0 } else { -1.0 };
    let dots = (u * 7.0).rem_euclid(1.0) < 0.6;
    let frame = (y.abs() > 0.92 && dots).then_some(Tone::Accent);
    Spot { x: facing * x / 0.94, y: y / 0.88, frame }
}

/// The small chain within a stripe: `across` runs from -1 to 1, `along` in widths of the stripe.
fn chain(place: Place, across: f32, along: f32) -> Option<Tone> {
    let link = 2.0 * along.rem_euclid(1.0) - 1.0;
    let drawn = match place {
        Place::Spain => (across.abs() - 0.5).abs() < 0.14 || (across.abs() + link.abs() - 0.5).abs() < 0.12,
        Place::France => (across - 0.45 * (PI * along).sin()).abs() < 0.16,
        Place::Italy => (across.abs() - 0.6 * (PI * along).sin().abs()).abs() < 0.15,
        Place::China => (across.hypot(link) - 0.55).abs() < 0.14,
        Place::Persia => link.abs() > 0.75 || across.hypot(link) < 0.3,
    };
    drawn.then_some(Tone::Accent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Class, Material, Technique};

    fn pattern(place: Place, timespan: Timespan, depiction: Depiction) -> Pattern {
        let (technique, material) = (Technique::Satin, Material::Silk);
        Pattern::of(&Silk { place, timespan, technique, material, depiction, seed: 11 })
    }

    #[test]
    fn figures_and_ground_both_show_in_every_layout() {
        for &(place, _) in Place::SHARES {
            for &(depiction, _) in Depiction::SHARES {
                let pattern = pattern(place, Timespan::Eighteenth, depiction);
                let figure = (0..200)
                    .flat_map(|row| (0..200).map(move |column| (column as f32, row as f32)))
                    .filter(|&(x, y)| pattern.tone(x, y).is_figure())
                    .count() as f32
                    / 40_000.0;
                assert!((0.2..0.9).contains(&figure), "{place:?} {depiction:?}: {figure}");
            }
        }
    }

    #[test]
    fn the_repeat_shrinks_from_century_to_century() {
        let widths: Vec<f32> = Timespan::SHARES
            .iter()
            .map(|&(timespan, _)| pattern(Place::Italy, timespan, Depiction::Flowers).width_threads)
            .collect();
        assert!(widths.is_sorted_by(|earlier, later| earlier > later), "{widths:?}");
    }

    #[test]
    fn stripes_run_along_the_warp() {
        let pattern = pattern(Place::France, Timespan::Sixteenth, Depiction::Stripes);
        let same = |dx: f32, dy: f32| {
            (0..100)
                .flat_map(|row| (0..100).map(move |column| (column as f32, row as f32)))
                .filter(|&(x, y)| pattern.tone(x, y) == pattern.tone(x + dx, y + dy))
                .count()
        };
        assert!(same(0.0, 9.0) > same(9.0, 0.0) + 1000);
    }
}
