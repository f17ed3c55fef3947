//! Cloth: which thread lies on top at every crossing, how far it floats, and of what colour and fibre it is.
//!
//! The pattern comes from `layout` and the colours from `palette`; `picture` shows how a thread looks in the light.

use std::ops::Range;

use crate::catalogue::{Depiction, Material, Silk, Technique, Timespan};
use crate::layout::Pattern;
use crate::motif::Tone;
use crate::noise::{grain, smooth};
use crate::palette::{Colour, Palette, linear, mix, scale};

/// The rule by which warp and weft cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draft {
    /// Over one, under one.
    Tabby,
    /// The warp goes over so many wefts and under so many, one step further from thread to thread.
    Twill {
        /// Wefts that the warp passes over.
        over: i32,
        /// Wefts that the warp passes under.
        under: i32,
    },
    /// The warp passes under one weft of so many; the bindings lie scattered.
    WarpSatin,
    /// The weft passes under one warp of so many.
    WeftSatin,
}

impl Draft {
    /// The number of threads after which a satin repeats: the usual eight ends.
    const SATIN_ENDS: i32 = 8;
    /// How many threads the binding moves on from warp to warp: no common divisor with the ends.
    const SATIN_STEP: i32 = 3;

    /// True where the warp lies on top, at a warp and a weft by number.
    pub fn warp_is_up(self, warp: i32, weft: i32) -> bool {
        match self {
            Self::Tabby => (warp + weft).rem_euclid(2) == 0,
            Self::Twill { over, under } => (warp + weft).rem_euclid(over + under) < over,
            Self::WarpSatin => (weft - Self::SATIN_STEP * warp).rem_euclid(Self::SATIN_ENDS) != 0,
            Self::WeftSatin => (weft - Self::SATIN_STEP * warp).rem_euclid(Self::SATIN_ENDS) == 0,
        }
    }

    /// The drafts of ground and figure.
    fn of(silk: &Silk) -> (Self, Self) {
        match silk.technique {
            Technique::Tabby => (Self::Tabby, Self::Tabby),
            Technique::Twill => (Self::Twill { over: 3, under: 1 }, Self::Twill { over: 1, under: 3 }),
            Technique::Satin | Technique::Damask => (Self::WarpSatin, Self::WeftSatin),
            // Pile stands on a tabby, which binds it tightly; the ground between is a satin.
            Technique::Velvet => (Self::WarpSatin, Self::Tabby),
        }
    }
}

/// What the thread on top is of; it settles lustre and surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fibre {
    /// Lustrous filament.
    Silk,
    /// Dull, uneven.
    Linen,
    /// A gilt strip wound around a core.
    Metal,
    /// Fuzzy.
    Wool,
}

/// One crossing of a warp and a weft.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// True when the warp lies on top.
    pub warp_is_up: bool,
    /// Crossings of the same float before this one.
    pub before: u16,
    /// Crossings of the float.
    pub float: u16,
    /// Colour of the thread on top.
    pub colour: Colour,
    /// Colour of the thread below, as dark as it looks in the gap between its neighbours.
    pub below: Colour,
    /// What the thread on top is of.
    pub fibre: Fibre,
    /// True when cut pile covers the crossing.
    pub is_pile: bool,
}

/// A piece of cloth: crossings by warp and weft number.
#[derive(Clone, Debug)]
pub struct Cloth {
    warps: Range<i32>,
    wefts: Range<i32>,
    crossings: Vec<Crossing>,
}

/// How much thicker the threads of a material are than silk.
pub fn coarseness(material: Material) -> f32 {
    match material {
        Material::Silk | Material::MetalThread => 1.0,
        Material::Linen => 1.2,
        Material::Wool => 1.5,
    }
}

impl Cloth {
    /// Weaves the part of a silk that lies in the ranges of warp (across) and weft (downwards) numbers.
    pub fn weave(silk: &Silk, warps: Range<i32>, wefts: Range<i32>) -> Self {
        let loom = Loom::of(silk);
        let crossings = wefts.clone().flat_map(|weft| warps.clone().map(move |warp| (warp, weft)));
        let crossings = crossings.map(|(warp, weft)| loom.crossing(warp, weft)).collect();
        let mut cloth = Self { warps, wefts, crossings };
        cloth.measure_floats();
        cloth
    }

    /// The crossing of a warp and a weft; outside the piece, the nearest one.
    #[inline]
    pub fn crossing(&self, warp: i32, weft: i32) -> &Crossing {
        let column = (warp.clamp(self.warps.start, self.warps.end - 1) - self.warps.start) as usize;
        let row = (weft.clamp(self.wefts.start, self.wefts.end - 1) - self.wefts.start) as usize;
        &self.crossings[row * self.warps.len() + column]
    }

    /// Fills in how long every float is; floats that leave the piece end at its edge.
    fn measure_floats(&mut self) {
        let (columns, rows) = (self.warps.len(), self.wefts.len());
        for column in 0..columns {
            self.measure_line(true, (0..rows).map(|row| row * columns + column));
        }
        for row in 0..rows {
            self.measure_line(false, row * columns..(row + 1) * columns);
        }
    }

    /// Measures the floats of one thread, whose crossings lie at `places`.
    fn measure_line(&mut self, is_warp: bool, places: impl Iterator<Item = usize>) {
        let mut float: Vec<usize> = Vec::new();
        for place in places {
            if self.crossings[place].warp_is_up == is_warp {
                float.push(place);
            } else {
                self.finish_float(&mut float);
            }
        }
        self.finish_float(&mut float);
    }

    /// Writes the length of a float to its crossings, and begins another.
    fn finish_float(&mut self, float: &mut Vec<usize>) {
        let length = float.len() as u16;
        for (before, place) in float.drain(..).enumerate() {
            self.crossings[place].before = before as u16;
            self.crossings[place].float = length;
        }
    }
}

/// What all crossings of a silk have in common.
struct Loom<'a> {
    silk: &'a Silk,
    pattern: Pattern,
    palette: Palette,
    ground: Draft,
    figure: Draft,
    coarseness: f32,
    /// Share of the crossings that are worn through where wear is worst.
    wear: f32,
}

impl<'a> Loom<'a> {
    fn of(silk: &'a Silk) -> Self {
        let (ground, figure) = Draft::of(silk);
        let wear = match silk.timespan {
            Timespan::Sixteenth => 0.9,
            Timespan::Seventeenth => 0.2,
            Timespan::Eighteenth | Timespan::Nineteenth => 0.0,
        };
        Self {
            silk,
            pattern: Pattern::of(silk),
            palette: Palette::of(silk),
            ground,
            figure,
            coarseness: coarseness(silk.material),
            wear,
        }
    }

    fn crossing(&self, warp: i32, weft: i32) -> Crossing {
        let silk = self.silk;
        let middle = |thread: i32| (thread as f32 + 0.5) * self.coarseness;
        let tone = self.pattern.tone(middle(warp), middle(weft));
        let worn = self.is_worn(warp, weft);
        let draft = if tone.is_figure() && !worn { self.figure } else { self.ground };
        let warp_is_up = draft.warp_is_up(warp, weft);
        let is_pile = silk.technique == Technique::Velvet && tone.is_figure() && !worn;
        let (warp_colour, weft_colour) = self.colours(tone);
        let (mut colour, below) = if warp_is_up { (warp_colour, weft_colour) } else { (weft_colour, warp_colour) };
        let fibre = self.fibre(tone, warp_is_up, is_pile);
        if fibre == Fibre::Metal {
            colour = gilt(silk.timespan);
        }
        if is_pile {
            colour = self.palette.colour(tone);
        }
        if worn {
            colour = mix(scale(colour, 0.9), linear(WORN_BARE), 0.45);
        }
        let below = scale(below, self.gap_brightness(draft));
        Crossing { warp_is_up, before: 0, float: 1, colour, below, fibre, is_pile }
    }

    /// Colours of warp and weft in a tone.
    fn colours(&self, tone: Tone) -> (Colour, Colour) {
        let palette = &self.palette;
        let own = palette.colour(tone);
        match self.silk.technique {
            // The figure is printed on the warp before weaving, and the weft takes part of it.
            Technique::Tabby => (own, mix(palette.ground, own, 0.7)),
            _ if tone.is_figure() => (palette.ground, own),
            _ => (own, scale(own, 0.85)),
        }
    }

    /// How much light reaches the thread below: none is in its way where long floats close over it, and wool
    /// leaves no gaps.
    fn gap_brightness(&self, draft: Draft) -> f32 {
        let by_draft = match draft {
            Draft::Tabby => 0.24,
            Draft::Twill { .. } => 0.30,
            Draft::WarpSatin | Draft::WeftSatin => 0.62,
        };
        if self.silk.material == Material::Wool { 0.5 + 0.5 * by_draft } else { by_draft }
    }

    fn fibre(&self, tone: Tone, warp_is_up: bool, is_pile: bool) -> Fibre {
        match self.silk.material {
            Material::Silk => Fibre::Silk,
            Material::Linen => Fibre::Linen,
            Material::Wool => Fibre::Wool,
            Material::MetalThread => {
                // Metal is weft only. In velvet the ground gleams around the pile; stripes of metal need no figure.
                let gilded = match self.silk.technique {
                    Technique::Velvet => !is_pile && (warp_is_up || tone == Tone::Ground),
                    _ if self.silk.depiction == Depiction::Stripes => tone.is_figure() && tone != Tone::Second,
                    _ => matches!(tone, Tone::Figure | Tone::Second),
                };
                let shows = !warp_is_up || self.silk.technique == Technique::Velvet;
                if gilded && shows { Fibre::Metal } else { Fibre::Silk }
            }
        }
    }

    /// True where the thread that made the figure is gone, in patches.
    fn is_worn(&self, warp: i32, weft: i32) -> bool {
        if self.wear == 0.0 {
            return false;
        }
        let patch = smooth(self.silk.seed ^ 0x51, warp as f32 * 0.07, weft as f32 * 0.045);
        grain(self.silk.seed ^ 0x52, warp, weft) < self.wear * (patch - 0.55).max(0.0) * 2.2
    }
}

/// Colour of threads that have lost their dye.
const WORN_BARE: u32 = 0xb59f7c;

/// Gilt tarnishes with the centuries.
fn gilt(timespan: Timespan) -> Colour {
    linear(match timespan {
        Timespan::Sixteenth => 0xb08d46,
        Timespan::Seventeenth => 0xc9a04c,
        Timespan::Eighteenth | Timespan::Nineteenth => 0xe0b552,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Place;

    fn warps_up(draft: Draft) -> usize {
        (0..8).flat_map(|weft| (0..8).map(move |warp| (warp, weft))).filter(|&(a, b)| draft.warp_is_up(a, b)).count()
    }

    #[test]
    fn drafts_show_the_faces_they_are_named_for() {
        assert_eq!(warps_up(Draft::Tabby), 32);
        assert_eq!(warps_up(Draft::Twill { over: 2, under: 2 }), 32);
        assert_eq!(warps_up(Draft::Twill { over: 3, under: 1 }), 48);
        assert_eq!(warps_up(Draft::WarpSatin), 56);
        assert_eq!(warps_up(Draft::WeftSatin), 8);
    }

    #[test]
    fn satin_bindings_never_touch() {
        let bound = |warp, weft| !Draft::WarpSatin.warp_is_up(warp, weft);
        for warp in -8..8 {
            for weft in -8..8 {
                let neighbours = [(1, 0), (0, 1), (1, 1), (1, -1)];
                assert!(!bound(warp, weft) || neighbours.iter().all(|(a, b)| !bound(warp + a, weft + b)));
            }
        }
    }

    #[test]
    fn floats_are_as_long_as_the_draft_says() {
        let silk = Silk {
            place: Place::Italy,
            timespan: Timespan::Eighteenth,
            technique: Technique::Tabby,
            material: Material::Silk,
            depiction: Depiction::Flowers,
            seed: 2,
        };
        let longest = |technique| {
            let cloth = Cloth::weave(&Silk { technique, ..silk }, -20..20, -20..20);
            cloth.crossings.iter().map(|crossing| crossing.float).max().unwrap()
        };
        assert_eq!(longest(Technique::Tabby), 1);
        assert!((3..7).contains(&longest(Technique::Twill)));
        assert!(longest(Technique::Satin) >= 7);
        let cloth = Cloth::weave(&silk, 0..4, 0..4);
        assert!(cloth.crossings.iter().all(|crossing| crossing.before < crossing.float));
    }
}
