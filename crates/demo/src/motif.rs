//! Figures: flowers, foliage, animals and geometry, each as the tone at a point of the unit square.
//!
//! Where figures stand on the cloth is decided by `layout`; the woven colour of a tone comes from `palette` and `weave`.

use std::f32::consts::{FRAC_PI_2, PI};

use crate::catalogue::Depiction;

/// What part of the pattern a point belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Between the figures.
    Ground,
    /// The other ground of stripes, lattices and strewn dots.
    SecondGround,
    /// Most of the figure.
    Figure,
    /// Inner parts of the figure, frames.
    Second,
    /// Small parts: eyes, centres.
    Accent,
}

impl Tone {
    /// True for the parts that are woven in the other face than the ground.
    pub fn is_figure(self) -> bool {
        !matches!(self, Tone::Ground | Tone::SecondGround)
    }
}

/// A figure, ready to be asked for tones.
#[derive(Clone, Debug)]
pub enum Motif {
    /// A rosette of so many petals on a leafy stem.
    Rosette(f32),
    /// A tulip on a leafy stem.
    Tulip,
    /// A bent branch with leaves on both sides.
    Branch,
    /// Leaves fanned out from a foot.
    Palmette(u32),
    /// A standing bird.
    Bird(Bird),
    /// A walking lion.
    Lion(Outline),
    /// Stars of eight points, and crosses between them.
    Star,
    /// Lozenges of two colours in turn.
    Lozenge,
    /// Squares in turn with small lozenges.
    Chequer,
}

/// How a figure takes the room of its repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// It stands alone, framed.
    Single,
    /// It goes on to the repeat's edge and meets its neighbours there.
    Tiled,
    /// Copies of it stand between, so that little ground is left.
    Dense,
}

/// The outlines of a bird's parts.
#[derive(Clone, Debug)]
pub struct Bird {
    body: Outline,
    wing: Outline,
}

impl Motif {
    /// The variant of a depiction that `choice`, in [0, 1), picks; `None` for stripes, which have no figure.
    pub fn of(depiction: Depiction, choice: f32) -> Option<Self> {
        let pick = |number: u32| (choice * number as f32) as u32;
        Some(match depiction {
            Depiction::Flowers => match pick(4) {
                0 => Self::Rosette(5.0),
                1 => Self::Rosette(6.0),
                2 => Self::Rosette(8.0),
                _ => Self::Tulip,
            },
            Depiction::Foliage => match pick(3) {
                0 => Self::Branch,
                1 => Self::Palmette(5),
                _ => Self::Palmette(7),
            },
            Depiction::Animals => match pick(2) {
                0 => Self::Bird(Bird { body: Outline::through(&BIRD_BODY), wing: Outline::through(&BIRD_WING) }),
                _ => Self::Lion(Outline::through(&LION_BODY)),
            },
            Depiction::Geometry => match pick(3) {
                0 => Self::Star,
                1 => Self::Lozenge,
                _ => Self::Chequer,
            },
            Depiction::Stripes => return None,
        })
    }

    /// How the figure takes its room.
    pub fn growth(&self) -> Growth {
        match self {
            Self::Rosette(_) | Self::Tulip | Self::Bird(_) | Self::Lion(_) => Growth::Single,
            Self::Branch | Self::Palmette(_) => Growth::Dense,
            Self::Star | Self::Lozenge | Self::Chequer => Growth::Tiled,
        }
    }

    /// The tone at a point, the figure standing in the square [-1, 1] (y downwards); `None` outside the figure.
    /// Only figures that are tiled go on beyond the square.
    pub fn tone(&self, x: f32, y: f32) -> Option<Tone> {
        if self.growth() != Growth::Tiled && (x.abs() > 1.0 || y.abs() > 1.0) {
            return None;
        }
        match self {
            Self::Rosette(petals) => rosette(x, y + 0.22, *petals).or_else(|| stem(x, y)),
            Self::Tulip => tulip(x, y).or_else(|| stem(x, y)),
            Self::Branch => branch(x, y),
            Self::Palmette(leaves) => palmette(x, y, *leaves),
            Self::Bird(outlines) => bird(x, y, outlines),
            Self::Lion(body) => lion(x, y, body),
            Self::Star => star(x, y),
            Self::Lozenge => lozenge(x, y),
            Self::Chequer => chequer(x, y),
        }
    }
}

/// A blossom seen from the front, around the origin.
fn rosette(x: f32, y: f32, petals: f32) -> Option<Tone> {
    let (radius, angle) = (x.hypot(y), y.atan2(x) + FRAC_PI_2);
    let lobe = (petals * angle / 2.0).cos().abs();
    if radius < 0.17 {
        Some(Tone::Accent)
    } else if radius < 0.25 + 0.14 * lobe {
        Some(Tone::Second)
    } else if radius < 0.46 + 0.32 * lobe.sqrt() && !(lobe < 0.16 && radius > 0.34) {
        Some(Tone::Figure)
    } else {
        None
    }
}

/// A blossom seen from the side: a cup of three pointed petals.
fn tulip(x: f32, y: f32) -> Option<Tone> {
    let middle = leaf(x, y, (0.0, 0.2), -FRAC_PI_2, 1.05, 0.22);
    let sides = leaf(x.abs(), y, (0.05, 0.22), -FRAC_PI_2 + 0.55, 1.1, 0.24);
    match (middle, sides) {
        (Some(_), _) => Some(Tone::Second),
        (None, Some(Tone::Second)) => Some(Tone::Accent),
        (None, part) => part,
    }
}

/// A stem below a blossom, with a pair of leaves and a pair of buds.
fn stem(x: f32, y: f32) -> Option<Tone> {
    if segment(x, y, (0.0, 0.1), (0.0, 1.0)) < 0.05 {
        return Some(Tone::Second);
    }
    let side = x.abs();
    leaf(side, y, (0.0, 0.95), -0.75, 0.85, 0.16)
        .map(|part| if part == Tone::Second { Tone::Second } else { Tone::Figure })
        .or_else(|| ((side - 0.82).hypot(y - 0.12) < 0.13).then_some(Tone::Accent))
        .or_else(|| (segment(side, y, (0.0, 0.55), (0.8, 0.18)) < 0.035).then_some(Tone::Second))
}

fn branch(x: f32, y: f32) -> Option<Tone> {
    const PAIRS: i32 = 4;
    let bend = |y: f32| 0.14 * (2.6 * y).sin();
    if (x - bend(y)).abs() < 0.045 && y > -0.75 {
        return Some(Tone::Second);
    }
    if let Some(part) = leaf(x, y, (bend(-0.6), -0.55), -FRAC_PI_2, 0.45, 0.13) {
        return Some(part);
    }
    (0..PAIRS).find_map(|pair| {
        let foot = 0.95 - 0.45 * pair as f32;
        let size = 0.95 - 0.13 * pair as f32;
        // Leaves of a side stand a little higher than their partners, as on a real branch.
        let right = leaf(x, y, (bend(foot), foot), -0.65, size, 0.15);
        right.or_else(|| leaf(x, y, (bend(foot - 0.2), foot - 0.2), PI + 0.65, size, 0.15))
    })
}

fn palmette(x: f32, y: f32, leaves: u32) -> Option<Tone> {
    const FOOT: f32 = 0.62;
    let radius = x.hypot(y - FOOT);
    if radius < 0.14 {
        return Some(Tone::Accent);
    }
    // Two volutes carry the fan.
    let volute = (x.abs() - 0.42).hypot(y - FOOT - 0.1);
    if (0.13..0.22).contains(&volute) || segment(x.abs(), y, (0.1, FOOT + 0.1), (0.4, FOOT + 0.28)) < 0.05 {
        return Some(Tone::Second);
    }
    let half = (leaves / 2) as i32;
    (-half..=half).find_map(|number| {
        let share = number as f32 / half as f32;
        let length = 1.5 - 0.55 * share.abs();
        leaf(x, y, (0.0, FOOT), -FRAC_PI_2 + 1.25 * share, length, 0.92 / leaves as f32)
    })
}

/// Body outline of a bird that faces right.
const BIRD_BODY: [(f32, f32); 14] = [
    (0.86, -0.50),
    (0.66, -0.62),
    (0.48, -0.74),
    (0.27, -0.58),
    (0.12, -0.28),
    (-0.30, -0.02),
    (-0.75, 0.10),
    (-0.98, 0.42),
    (-0.62, 0.46),
    (-0.22, 0.52),
    (0.20, 0.48),
    (0.50, 0.12),
    (0.54, -0.28),
    (0.66, -0.42),
];

const BIRD_WING: [(f32, f32); 6] =
    [(0.26, -0.10), (0.34, 0.14), (0.10, 0.32), (-0.30, 0.30), (-0.66, 0.22), (-0.16, 0.00)];

/// Body outline of a lion that faces right, without head, legs and tail.
const LION_BODY: [(f32, f32); 11] = [
    (0.66, -0.34),
    (0.25, -0.36),
    (-0.20, -0.26),
    (-0.58, -0.32),
    (-0.80, -0.12),
    (-0.74, 0.18),
    (-0.45, 0.22),
    (-0.05, 0.10),
    (0.30, 0.18),
    (0.60, 0.26),
    (0.76, 0.00),
];

fn bird(x: f32, y: f32, outlines: &Bird) -> Option<Tone> {
    let near = |a, b, width: f32| segment(x, y, a, b) < width;
    if (x - 0.50).hypot(y + 0.54) < 0.07 {
        return Some(Tone::Accent);
    }
    if outlines.wing.contains(x, y) {
        // Feathers across the wing.
        let feather = (x * 9.0 - y * 4.0).rem_euclid(1.0) < 0.3;
        return Some(if feather { Tone::Accent } else { Tone::Second });
    }
    if outlines.body.contains(x, y) {
        return Some(Tone::Figure);
    }
    let legs = near((0.02, 0.45), (0.06, 0.90), 0.06)
        || near((0.22, 0.42), (0.30, 0.90), 0.06)
        || near((0.0, 0.92), (0.45, 0.92), 0.06);
    let crest = near((0.40, -0.70), (0.26, -0.96), 0.04) || near((0.46, -0.70), (0.44, -0.98), 0.04);
    (legs || crest).then_some(Tone::Second)
}

fn lion(x: f32, y: f32, body: &Outline) -> Option<Tone> {
    let near = |a, b, width: f32| segment(x, y, a, b) < width;
    let (radius, angle) = ((x - 0.58).hypot(y + 0.42), (y + 0.42).atan2(x - 0.58));
    if (x - 0.66).hypot(y + 0.48) < 0.055 {
        return Some(Tone::Accent);
    }
    if radius < 0.20 || near((0.66, -0.38), (0.86, -0.34), 0.10) {
        return Some(Tone::Figure);
    }
    if radius < 0.34 + 0.05 * (9.0 * angle).cos() {
        return Some(Tone::Second);
    }
    let legs = near((0.50, 0.15), (0.52, 0.86), 0.085)
        || near((0.60, 0.10), (0.84, 0.26), 0.085)
        || near((0.84, 0.26), (0.86, 0.52), 0.085)
        || near((-0.66, 0.10), (-0.50, 0.46), 0.11)
        || near((-0.50, 0.46), (-0.66, 0.86), 0.075)
        || near((-0.46, 0.14), (-0.28, 0.48), 0.09)
        || near((-0.28, 0.48), (-0.36, 0.86), 0.075)
        || near((0.52, 0.88), (0.64, 0.88), 0.07)
        || near((-0.66, 0.88), (-0.54, 0.88), 0.07)
        || near((-0.36, 0.88), (-0.24, 0.88), 0.07);
    if legs || body.contains(x, y) {
        return Some(Tone::Figure);
    }
    let tail = near((-0.76, -0.14), (-0.95, -0.42), 0.05) || near((-0.95, -0.42), (-0.80, -0.70), 0.05);
    let tuft = (x + 0.72).hypot(y + 0.76) < 0.12;
    if tuft { Some(Tone::Second) } else { tail.then_some(Tone::Figure) }
}

fn star(x: f32, y: f32) -> Option<Tone> {
    // The union of a square and its quarter turn.
    let (x, y) = (x.abs(), y.abs());
    let size = x.max(y).min((x + y) * std::f32::consts::FRAC_1_SQRT_2);
    match size {
        size if size < 0.16 => Some(Tone::Accent),
        size if size < 0.24 => None,
        size if size < 0.62 => Some(Tone::Figure),
        size if size < 0.70 => Some(Tone::Second),
        size if size > 1.05 => Some(Tone::Figure),
        _ => None,
    }
}

fn lozenge(x: f32, y: f32) -> Option<Tone> {
    let size = x.abs() + y.abs();
    match size {
        size if size < 0.24 => Some(Tone::Accent),
        size if size < 0.42 => None,
        size if size < 0.92 => Some(Tone::Figure),
        size if size < 1.12 => None,
        size if size < 1.64 => Some(Tone::Second),
        _ => Some(Tone::Accent),
    }
}

/// Squares in turn with small lozenges. (Laced straps look livelier, but in few threads they come out as hooks
/// that all turn one way, a figure that nobody wants to find.)
fn chequer(x: f32, y: f32) -> Option<Tone> {
    let (column, row) = ((2.0 * x).floor(), (2.0 * y).floor());
    if (column + row).rem_euclid(2.0) == 0.0 {
        return Some(Tone::Figure);
    }
    let from_middle = (2.0 * x - column - 0.5).abs() + (2.0 * y - row - 0.5).abs();
    (from_middle < 0.26).then_some(Tone::Accent)
}

/// A pointed leaf from `foot` in direction `angle`, with its midrib; `width` is half of its greatest width.
fn leaf(x: f32, y: f32, foot: (f32, f32), angle: f32, length: f32, width: f32) -> Option<Tone> {
    let (dx, dy) = (x - foot.0, y - foot.1);
    // The distance is tested first, because most points are far from most leaves and the sine is slow.
    if dx * dx + dy * dy > length * length {
        return None;
    }
    let (sine, cosine) = angle.sin_cos();
    let along = (dx * cosine + dy * sine) / length;
    let across = (dy * cosine - dx * sine).abs();
    if !(0.0..1.0).contains(&along) || across > width * (PI * along).sin() {
        None
    } else if across < 0.16 * width && along < 0.8 {
        Some(Tone::Second)
    } else {
        Some(Tone::Figure)
    }
}

/// Distance of a point from a straight segment.
fn segment(x: f32, y: f32, from: (f32, f32), to: (f32, f32)) -> f32 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let along = (((x - from.0) * dx + (y - from.1) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (x - from.0 - along * dx).hypot(y - from.1 - along * dy)
}

/// A closed smooth outline, as a polygon.
#[derive(Clone, Debug)]
pub struct Outline(Vec<(f32, f32)>);

impl Outline {
    /// The closed smooth curve (Catmull and Rom's) through the points.
    pub fn through(points: &[(f32, f32)]) -> Self {
        const STEPS: usize = 5;
        let at = |index: usize| points[index % points.len()];
        let mut polygon = Vec::with_capacity(points.len() * STEPS);
        for start in 0..points.len() {
            let [a, b, c, d] = [start, start + 1, start + 2, start + 3].map(at);
            for step in 0..STEPS {
                let t = step as f32 / STEPS as f32;
                let curve = |a: f32, b: f32, c: f32, d: f32| {
                    let bend = (2.0 * a - 5.0 * b + 4.0 * c - d) + (3.0 * (b - c) + d - a) * t;
                    0.5 * (2.0 * b + t * ((c - a) + t * bend))
                };
                polygon.push((curve(a.0, b.0, c.0, d.0), curve(a.1, b.1, c.1, d.1)));
            }
        }
        Self(polygon)
    }

    /// True inside the outline.
    pub fn contains(&self, x: f32, y: f32) -> bool {
        let mut inside = false;
        let mut previous = *self.0.last().expect("an outline has points");
        for &point in &self.0 {
            if (point.1 > y) != (previous.1 > y) {
                let crossing = previous.0 + (y - previous.1) / (point.1 - previous.1) * (point.0 - previous.0);
                inside ^= x < crossing;
            }
            previous = point;
        }
        inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares of the square that are figure, and of the figure that its mirror image covers too.
    fn coverage_and_symmetry(motif: &Motif) -> (f32, f32) {
        const STEPS: i32 = 60;
        let place = |step: i32| (step as f32 + 0.5) / STEPS as f32;
        let (mut covered, mut mirrored, mut all) = (0, 0, 0);
        for row in -STEPS..STEPS {
            for column in -STEPS..STEPS {
                all += 1;
                if motif.tone(place(column), place(row)).is_some() {
                    covered += 1;
                    mirrored += i32::from(motif.tone(-place(column), place(row)).is_some());
                }
            }
        }
        (covered as f32 / all as f32, mirrored as f32 / covered as f32)
    }

    #[test]
    fn every_figure_covers_a_fair_share_of_its_square() {
        for depiction in [Depiction::Flowers, Depiction::Foliage, Depiction::Animals, Depiction::Geometry] {
            for choice in [0.0, 0.3, 0.6, 0.9] {
                let motif = Motif::of(depiction, choice).unwrap();
                let (coverage, _) = coverage_and_symmetry(&motif);
                assert!((0.15..0.75).contains(&coverage), "{motif:?}: {coverage}");
            }
        }
        assert!(Motif::of(Depiction::Stripes, 0.5).is_none());
    }

    #[test]
    fn blossoms_are_symmetrical_and_animals_face_one_way() {
        let (_, rosette) = coverage_and_symmetry(&Motif::of(Depiction::Flowers, 0.0).unwrap());
        assert!(rosette > 0.97, "{rosette}");
        for choice in [0.0, 0.9] {
            let (_, animal) = coverage_and_symmetry(&Motif::of(Depiction::Animals, choice).unwrap());
            assert!(animal < 0.85, "{animal}");
        }
    }

    #[test]
    fn an_outline_contains_its_middle_and_nothing_far() {
        let square = Outline::through(&[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]);
        assert!(square.contains(0.0, 0.0) && square.contains(0.9, 0.9));
        assert!(!square.contains(1.6, 0.0) && !square.contains(0.0, -1.6));
    }
}
