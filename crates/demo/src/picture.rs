//! Photographs of cloth: threads as round yarns in the light, pile, metal, wool's fuzz, and the camera.
//!
//! This module owns the light and the picture file; `weave` makes the cloth.

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use silknow_errors::{Error, Result};

use crate::catalogue::{Material, Silk, View};
use crate::noise::{grain, smooth};
use crate::palette::{Colour, mix, scale};
use crate::weave::{Cloth, Crossing, Fibre, coarseness};

/// The picture of a silk in a view.
pub fn photograph(silk: &Silk, view: &View) -> RgbImage {
    let camera = Camera::of(silk, view);
    let cloth = camera.cloth(silk);
    RgbImage::from_fn(view.size_px.0, view.size_px.1, |x, y| Rgb(developed(camera.seen(&cloth, x, y))))
}

/// A picture as a JPEG file.
pub fn jpeg(picture: &RgbImage) -> Result<Vec<u8>> {
    /// As museums publish them.
    const QUALITY: u8 = 90;
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode_image(picture)
        .map_err(|cause| Error::internal("a picture cannot be encoded").caused_by(cause))?;
    Ok(bytes)
}

/// From linear light to sRGB; see [`crate::palette::linear`].
fn developed(colour: Colour) -> [u8; 3] {
    colour.map(|value| (value.clamp(0.0, 1.0).sqrt() * 255.0 + 0.5) as u8)
}

/// How a fibre answers to light.
struct Finish {
    /// Light from everywhere.
    ambient: f32,
    /// Light from the lamp, scattered.
    scattered: f32,
    /// Light from the lamp, mirrored along the thread.
    lustre: f32,
    /// Share of the thread's own colour in the mirrored light.
    tint: f32,
}

fn finish(fibre: Fibre) -> Finish {
    match fibre {
        Fibre::Silk => Finish { ambient: 0.24, scattered: 0.62, lustre: 0.42, tint: 0.55 },
        Fibre::Linen => Finish { ambient: 0.34, scattered: 0.72, lustre: 0.015, tint: 0.5 },
        Fibre::Metal => Finish { ambient: 0.12, scattered: 0.40, lustre: 1.5, tint: 0.8 },
        Fibre::Wool => Finish { ambient: 0.36, scattered: 0.66, lustre: 0.0, tint: 1.0 },
    }
}

/// Where the camera and the lamp stand, with what is the same for all pixels worked out.
struct Camera {
    seed: u32,
    material: Material,
    size_px: (f32, f32),
    pitch_px: f32,
    cosine: f32,
    sine: f32,
    /// Thread numbers in the middle of the picture.
    centre: (f32, f32),
    exposure: f32,
    /// Towards the lamp, in the cloth's frame: across the warp, along the warp, upwards.
    lamp: [f32; 3],
    /// Halfway between lamp and eye.
    halfway: [f32; 3],
    /// Crossing that lies next towards the lamp.
    lampwards: (i32, i32),
    /// How far warps (by picture row) and wefts (by column) stray from straight, in threads.
    warp_strays: Vec<f32>,
    weft_strays: Vec<f32>,
}

impl Camera {
    /// Threads beyond the picture's corners that strayed ones may reach.
    const MARGIN_THREADS: f32 = 3.0;

    fn of(silk: &Silk, view: &View) -> Self {
        /// Height of the lamp above the cloth: the sine of its elevation.
        const LAMP_HEIGHT: f32 = 0.66;
        let coarseness = coarseness(silk.material);
        let (sine, cosine) = view.rotation_rad.sin_cos();
        // The lamp is given in the picture's frame and needed in the cloth's.
        let (lamp_y, lamp_x) = (view.light_rad - view.rotation_rad).sin_cos();
        let reach = (1.0 - LAMP_HEIGHT * LAMP_HEIGHT).sqrt();
        let lamp = [lamp_x * reach, lamp_y * reach, LAMP_HEIGHT];
        let length = (lamp[0].powi(2) + lamp[1].powi(2) + (lamp[2] + 1.0).powi(2)).sqrt();
        let seed = silk.seed ^ view.pitch_px.to_bits();
        let strays = |length: u32, line: f32| {
            let stray = |at: u32| 1.6 * (smooth(seed, at as f32 / 70.0, line) - 0.5);
            (0..length).map(stray).collect()
        };
        Self {
            seed,
            material: silk.material,
            size_px: (view.size_px.0 as f32, view.size_px.1 as f32),
            pitch_px: view.pitch_px * coarseness,
            cosine,
            sine,
            centre: (view.centre_threads.0 / coarseness, view.centre_threads.1 / coarseness),
            exposure: view.exposure,
            lamp,
            halfway: [lamp[0] / length, lamp[1] / length, (lamp[2] + 1.0) / length],
            lampwards: (lamp_x.round() as i32, lamp_y.round() as i32),
            warp_strays: strays(view.size_px.1, 0.5),
            weft_strays: strays(view.size_px.0, 9.5),
        }
    }

    /// The piece of cloth that the picture shows, turned corners and strayed threads included.
    fn cloth(&self, silk: &Silk) -> Cloth {
        let (width, height) = self.size_px;
        let across = (width * self.cosine.abs() + height * self.sine.abs()) / self.pitch_px / 2.0;
        let down = (width * self.sine.abs() + height * self.cosine.abs()) / self.pitch_px / 2.0;
        let range = |centre: f32, half: f32| {
            (centre - half - Self::MARGIN_THREADS).floor() as i32..(centre + half + Self::MARGIN_THREADS).ceil() as i32
        };
        Cloth::weave(silk, range(self.centre.0, across), range(self.centre.1, down))
    }

    /// The light that reaches a pixel.
    #[inline]
    fn seen(&self, cloth: &Cloth, x: u32, y: u32) -> Colour {
        let (dx, dy) = (x as f32 + 0.5 - self.size_px.0 / 2.0, y as f32 + 0.5 - self.size_px.1 / 2.0);
        let warp = (dx * self.cosine + dy * self.sine) / self.pitch_px + self.centre.0 + self.warp_strays[y as usize];
        let weft = (dy * self.cosine - dx * self.sine) / self.pitch_px + self.centre.1 + self.weft_strays[x as usize];
        let number = (warp.floor() as i32, weft.floor() as i32);
        let within = (warp - warp.floor(), weft - weft.floor());
        let crossing = cloth.crossing(number.0, number.1);
        // The cloth lies in gentle waves, which lustrous threads show much and dull ones little.
        let wave = 1.3 * (smooth(self.seed ^ 0x61, dx / 130.0 + dy / 400.0, dy / 180.0) - 0.5);
        let towards_lamp = cloth.crossing(number.0 + self.lampwards.0, number.1 + self.lampwards.1).is_pile;
        let colour = if crossing.is_pile {
            let away = cloth.crossing(number.0 - self.lampwards.0, number.1 - self.lampwards.1).is_pile;
            let rim = if !towards_lamp {
                1.6
            } else if !away {
                0.6
            } else {
                1.0
            };
            scale(self.pile(crossing, (x, y), wave), rim)
        } else {
            let shadow = if towards_lamp { 0.5 } else { 1.0 };
            scale(self.thread(crossing, number, within, wave), shadow)
        };
        let colour = if self.material == Material::Wool { self.fuzzed(colour, x, y) } else { colour };
        let film = 1.0 + 0.05 * (grain(self.seed ^ 0x62, x as i32, y as i32) - 0.5);
        scale(colour, self.exposure * film)
    }

    /// The light from a thread at a crossing.
    #[inline]
    fn thread(&self, crossing: &Crossing, number: (i32, i32), within: (f32, f32), wave: f32) -> Colour {
        // Everything below is in the thread's own frame: across it, along it, upwards.
        let (thread, across, along, lamp, halfway) = if crossing.warp_is_up {
            (number.0, within.0, within.1, self.lamp, self.halfway)
        } else {
            let turned = |[x, y, z]: [f32; 3]| [y, x, z];
            (number.1 ^ 0x4000, within.1, within.0, turned(self.lamp), turned(self.halfway))
        };
        let place = if crossing.warp_is_up { number.1 } else { number.0 };
        let (thickness, shade) = self.irregularity(crossing.fibre, thread, place as f32 + along);
        let across = (2.0 * across - 1.0) / thickness;
        if across.abs() > 1.0 {
            return crossing.below;
        }
        // A float runs level and dips under at its ends.
        const DIP_THREADS: f32 = 0.7;
        let half = f32::from(crossing.float) / 2.0;
        let from_middle = f32::from(crossing.before) + along - half;
        let dip = (from_middle.abs() - (half - DIP_THREADS).max(0.0)).max(0.0) / DIP_THREADS;
        // Long floats are slack and cover their neighbours' bindings.
        let steepest = if crossing.float > 4 { 0.5 } else { 0.75 };
        let slope = steepest * dip.min(1.0) * from_middle.signum();
        let side = 0.72 * across;
        let up = (1.0 - side * side - slope * slope).max(0.05).sqrt();

        let finish = finish(crossing.fibre);
        let scattered = (side * lamp[0] + slope * lamp[1] + up * lamp[2]).max(0.0);
        // A lustrous thread is bright where it is perpendicular to the direction halfway between eye and lamp.
        let incline = slope / up + wave;
        let cosine = (halfway[1] - incline * halfway[2]) / (1.0 + incline * incline).sqrt();
        let mirrored = (1.0 - cosine * cosine).powi(8) * (1.0 - 0.8 * across * across);
        let glint = match crossing.fibre {
            // The strip turns on its core: some bits flash, most do not.
            Fibre::Metal => 0.25 + 2.2 * grain(self.seed ^ 0x63, number.0, number.1).powi(3),
            _ => 1.0,
        };
        let own = scale(crossing.colour, shade * (finish.ambient + finish.scattered * scattered));
        // The longer a float, the more of its fibres lie side by side and shine as one.
        let lustre = finish.lustre * (0.65 + 0.09 * f32::from(crossing.float.min(8)));
        let light = scale(mix([1.0; 3], crossing.colour, finish.tint), lustre * mirrored * glint);
        [0, 1, 2].map(|channel| own[channel] + light[channel])
    }

    /// Thickness (1 fills the pitch) and brightness of a thread at a place along it.
    #[inline]
    fn irregularity(&self, fibre: Fibre, thread: i32, along: f32) -> (f32, f32) {
        let chance = grain(self.seed ^ 0x64, thread, 0);
        match fibre {
            Fibre::Silk => (1.04 - 0.06 * chance, 0.95 + 0.10 * chance),
            Fibre::Metal => (0.98, 1.0),
            Fibre::Linen => {
                let slub = smooth(self.seed ^ 0x65, thread as f32, along / 7.0);
                (0.62 + 0.5 * slub * slub + 0.12 * chance, 0.72 + 0.3 * chance + 0.28 * slub)
            }
            Fibre::Wool => (1.0, 0.86 + 0.24 * chance),
        }
    }

    /// The light from cut pile: deep between the tufts, bright where they lean towards the lamp.
    #[inline]
    fn pile(&self, crossing: &Crossing, (x, y): (u32, u32), wave: f32) -> Colour {
        let (x, y) = (x as f32 * 5.0 / self.pitch_px, y as f32 * 5.0 / self.pitch_px);
        let tuft = smooth(self.seed ^ 0x66, x * 0.7, y * 0.7);
        let nap = 0.55 + 0.9 * (smooth(self.seed ^ 0x67, x / 45.0, y / 60.0) + 0.3 * wave).clamp(0.0, 1.0);
        let deep = 0.10 + 0.55 * tuft * tuft;
        let gloss = if crossing.fibre == Fibre::Silk || crossing.fibre == Fibre::Metal { 0.05 } else { 0.0 };
        let lit = scale(crossing.colour, deep * nap);
        lit.map(|value| value + gloss * tuft * nap * nap)
    }

    /// Wool's loose hairs over everything.
    #[inline]
    fn fuzzed(&self, colour: Colour, x: u32, y: u32) -> Colour {
        let (x, y) = (x as f32, y as f32);
        let hair = smooth(self.seed ^ 0x68, x * 0.55 + y * 0.15, y * 0.11 - x * 0.05);
        let other = smooth(self.seed ^ 0x69, x * 0.1 - y * 0.06, y * 0.6 + x * 0.2);
        let strongest = hair.max(other);
        let lift = ((strongest - 0.62) * 4.0).clamp(0.0, 1.0);
        let clumps = 0.70 + 0.60 * smooth(self.seed ^ 0x6a, x * 0.14, y * 0.14);
        mix(scale(colour, clumps), scale(colour, 1.7).map(|value| value + 0.03), 0.7 * lift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Class, Depiction, Place, Technique, Timespan};

    const PLAIN: Silk = Silk {
        place: Place::Italy,
        timespan: Timespan::Sixteenth,
        technique: Technique::Tabby,
        material: Material::Silk,
        depiction: Depiction::Flowers,
        seed: 9,
    };

    const STRAIGHT: View = View {
        size_px: (160, 160),
        pitch_px: 6.0,
        rotation_rad: 0.0,
        centre_threads: (0.0, 0.0),
        light_rad: 1.5 * std::f32::consts::PI,
        exposure: 1.0,
    };

    fn brightness(silk: Silk) -> Vec<f32> {
        photograph(&silk, &STRAIGHT).pixels().map(|Rgb(c)| c.iter().map(|&v| f32::from(v)).sum::<f32>() / 3.0).collect()
    }

    fn mean(values: &[f32]) -> f32 {
        values.iter().sum::<f32>() / values.len() as f32
    }

    /// How alike pixels one crossing down and one crossing left are, less those one down and one right, in [-2, 2].
    fn leaning(pixels: &[f32]) -> f32 {
        let (width, step) = (STRAIGHT.size_px.0 as usize, STRAIGHT.pitch_px as usize);
        let middle = mean(pixels);
        let at = |x: usize, y: usize| pixels[y * width + x] - middle;
        let (mut left, mut right, mut all) = (0.0, 0.0, 0.0);
        for y in 0..width - step {
            for x in step..width - step {
                left += at(x, y) * at(x - step, y + step);
                right += at(x, y) * at(x + step, y + step);
                all += at(x, y) * at(x, y);
            }
        }
        (left - right) / all
    }

    #[test]
    fn twill_leans_to_one_side_and_tabby_to_none() {
        for seed in 1..6 {
            let tabby = leaning(&brightness(Silk { seed, ..PLAIN }));
            let twill = leaning(&brightness(Silk { seed, technique: Technique::Twill, ..PLAIN }));
            assert!(tabby.abs() < 0.1, "{tabby}");
            assert!(twill > 0.15, "{twill}");
        }
    }

    #[test]
    fn every_weave_and_every_fibre_makes_another_picture() {
        let techniques = Technique::SHARES.iter().map(|&(technique, _)| Silk { technique, ..PLAIN });
        let materials = Material::SHARES.iter().map(|&(material, _)| Silk { material, ..PLAIN });
        let pictures: Vec<Vec<f32>> = techniques.chain(materials.skip(1)).map(brightness).collect();
        for (number, a) in pictures.iter().enumerate() {
            for b in &pictures[..number] {
                let difference = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32;
                assert!(difference > 5.0, "{difference}");
            }
        }
    }

    #[test]
    fn metal_glints_and_linen_does_not() {
        let glints = |material| {
            let pixels = brightness(Silk { material, technique: Technique::Satin, ..PLAIN });
            let middle = mean(&pixels);
            let deviation = pixels.iter().map(|value| (value - middle).powi(2)).sum::<f32>() / pixels.len() as f32;
            deviation.sqrt() / middle
        };
        let (metal, linen) = (glints(Material::MetalThread), glints(Material::Linen));
        assert!(metal > 1.2 * linen, "{metal} {linen}");
    }

    #[test]
    fn a_picture_is_neither_black_nor_burnt() {
        for &(place, _) in Place::SHARES {
            for &(technique, _) in Technique::SHARES {
                let light = mean(&brightness(Silk { place, technique, ..PLAIN }));
                assert!((25.0..230.0).contains(&light), "{place:?} {technique:?}: {light}");
            }
        }
    }
}
