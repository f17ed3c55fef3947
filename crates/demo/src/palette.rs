//! Colours: the colourways of each place, and what time, fibre and weave make of them.
//!
//! This module owns colour. `weave` says which thread has which colour, `picture` adds the light.

use crate::catalogue::{Depiction, Material, Place, Silk, Technique, Timespan};
use crate::motif::Tone;
use crate::noise::grain;

/// A colour in linear light, red, green, blue, each about 0 to 1.
pub type Colour = [f32; 3];

/// The green of leaves.
const LEAF: u32 = 0x4f7f3c;

/// The colours of one silk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Palette {
    /// The warp of the ground, and the pile or weft where a tone has no thread of its own.
    pub ground: Colour,
    /// The second ground of stripes, lattices and strewn dots.
    pub second_ground: Colour,
    /// Most of the figure.
    pub figure: Colour,
    /// Inner parts of the figure, frames.
    pub second: Colour,
    /// Small parts: eyes, centres.
    pub accent: Colour,
}

impl Palette {
    /// The palette of a silk.
    pub fn of(silk: &Silk) -> Self {
        let colourways = colourways(silk.place);
        let choice = (grain(silk.seed, 1, 0) * colourways.len() as f32) as usize;
        let [ground, figure, second, accent] = colourways[choice].map(linear);
        let mut colours = match silk.depiction {
            // Foliage is tinted towards green, within the colours of the place.
            Depiction::Foliage => [ground, mix(figure, linear(LEAF), 0.4), second, accent],
            _ => [ground, figure, second, accent],
        };
        if silk.technique == Technique::Damask {
            // All threads have one hue. The figure is seen because it shows the other face of the cloth.
            let other_face = other_face(ground, silk.material);
            colours = [ground, other_face, other_face, ground];
        }
        let [ground, figure, second, accent] = dye(colours, silk);
        let second_ground = match silk.technique {
            Technique::Damask => mix(ground, second, 0.6),
            _ => mix(ground, second, 0.7),
        };
        Self { ground, second_ground, figure, second, accent }
    }

    /// The colour of a tone.
    pub fn colour(&self, tone: Tone) -> Colour {
        match tone {
            Tone::Ground => self.ground,
            Tone::SecondGround => self.second_ground,
            Tone::Figure => self.figure,
            Tone::Second => self.second,
            Tone::Accent => self.accent,
        }
    }
}

/// The weft of a damask. Lustre makes it stand out; threads without lustre are dyed lighter or darker.
fn other_face(ground: Colour, material: Material) -> Colour {
    match material {
        Material::Silk | Material::MetalThread => scale(mix(ground, [1.0; 3], 0.04), 1.25),
        Material::Linen | Material::Wool if brightness(ground) > 0.3 => scale(ground, 0.5),
        Material::Linen | Material::Wool => scale(mix(ground, [1.0; 3], 0.08), 1.6),
    }
}

/// Ground, figure, second and accent of the colourways of a place, as sRGB.
fn colourways(place: Place) -> [[u32; 4]; 3] {
    match place {
        Place::Spain => [
            [0x2f5d3a, 0xd9a441, 0xc8552b, 0xefe0b0],
            [0xb98a2e, 0x2c4a2f, 0xe8dcae, 0x8f2f1e],
            [0x4b6b2f, 0xe3c46a, 0x1f2a22, 0xd06a32],
        ],
        Place::France => [
            [0xe9dfd0, 0xd48fa0, 0x8fb09a, 0x9db6d3],
            [0xb9cfe0, 0xf3e7dc, 0xdc9fae, 0x8ea887],
            [0xe6c3c6, 0xf6efe2, 0x93ab8c, 0xb79ac0],
        ],
        Place::Italy => [
            [0x7d1526, 0xd8a94e, 0xefe3c8, 0x4a0d18],
            [0xa81f2d, 0xf0e4cd, 0xc99a3f, 0x5e101c],
            [0x5c0f2e, 0xcfa046, 0xb8324a, 0xf2e6cf],
        ],
        Place::China => [
            [0xe8b21e, 0xc3301d, 0x1f4fa3, 0xf5efe0],
            [0xcf2e1c, 0xf0c02f, 0x1d5aa8, 0x1c7a63],
            [0x1c4c9c, 0xf2c22c, 0xd23a22, 0xf3ead6],
        ],
        Place::Persia => [
            [0x1d2a5c, 0x38a3a5, 0xe39a3b, 0xf0e2c4],
            [0x2a8f95, 0xf1ddb0, 0x1f2c66, 0xe0782f],
            [0x253a78, 0xe2a54a, 0x58b7b0, 0xb8435a],
        ],
    }
}

/// What chance, fibre and age make of the dyes of one silk.
fn dye(colours: [Colour; 4], silk: &Silk) -> [Colour; 4] {
    const UNDYED_LINEN: u32 = 0xd6c8a8;
    const BROWNED: u32 = 0x9a7a52;
    // All colours deviate by the same amount, as dyes of one batch do, so that threads of one colour keep one colour.
    let batch = [0, 1, 2].map(|channel| 0.88 + 0.24 * grain(silk.seed, 10, channel));
    colours.map(|colour| {
        let colour = [0, 1, 2].map(|channel| colour[channel] * batch[channel]);
        let on_fibre = match silk.material {
            Material::Silk | Material::MetalThread => colour,
            Material::Linen => mix(colour, linear(UNDYED_LINEN), 0.42),
            Material::Wool => scale(saturate(colour, 0.9), 0.72),
        };
        match silk.timespan {
            Timespan::Sixteenth => scale(mix(saturate(on_fibre, 0.75), linear(BROWNED), 0.32), 0.85),
            Timespan::Seventeenth => mix(saturate(on_fibre, 0.88), linear(BROWNED), 0.14),
            Timespan::Eighteenth => mix(on_fibre, [1.0; 3], 0.10),
            Timespan::Nineteenth => scale(saturate(on_fibre, 1.5), 0.92),
        }
    })
}

/// An sRGB colour in linear light; a square is near enough to the true curve, and cheap to undo a pixel.
pub fn linear(srgb: u32) -> Colour {
    [16, 8, 0].map(|shift| {
        let value = ((srgb >> shift) & 0xff) as f32 / 255.0;
        value * value
    })
}

/// `share` of `b` in `a`.
pub fn mix(a: Colour, b: Colour, share: f32) -> Colour {
    [0, 1, 2].map(|channel| a[channel] + (b[channel] - a[channel]) * share)
}

/// A colour made brighter or darker.
pub fn scale(colour: Colour, factor: f32) -> Colour {
    colour.map(|value| value * factor)
}

/// A colour made more (above 1) or less (below 1) pure.
fn saturate(colour: Colour, amount: f32) -> Colour {
    let grey = brightness(colour);
    colour.map(|value| (grey + (value - grey) * amount).max(0.0))
}

/// How bright a colour looks.
fn brightness(colour: Colour) -> f32 {
    0.3 * colour[0] + 0.55 * colour[1] + 0.15 * colour[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silk(place: Place, technique: Technique) -> Silk {
        let (timespan, material) = (Timespan::Eighteenth, Material::Silk);
        Silk { place, timespan, technique, material, depiction: Depiction::Flowers, seed: 5 }
    }

    /// Distance of two colours once they are made equally bright.
    fn distance(a: Colour, b: Colour) -> f32 {
        let (a, b) = (scale(a, 1.0 / brightness(a)), scale(b, 1.0 / brightness(b)));
        (0..3).map(|channel| (a[channel] - b[channel]).powi(2)).sum::<f32>().sqrt()
    }

    #[test]
    fn a_damask_has_one_hue_and_a_satin_several() {
        for place in [Place::Spain, Place::France, Place::Italy, Place::China, Place::Persia] {
            let damask = Palette::of(&silk(place, Technique::Damask));
            let satin = Palette::of(&silk(place, Technique::Satin));
            let [one, several] = [damask, satin].map(|palette| distance(palette.ground, palette.figure));
            assert!(2.0 * one < several, "{place:?}: {one} {several}");
        }
    }
}
