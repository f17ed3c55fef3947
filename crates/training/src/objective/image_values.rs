//! The values of images that come from their pixels.

use silknow_errors::Result;
use silknow_image::{Loader, LoaderSettings, Pipeline, Request, View};
use silknow_progress::Observer;

use super::colour::{COLOUR_BINS, COLOURS, colours_of};
use super::{Asks, ImageValues};
use crate::features::SourceImage;

/// Side of the square, in pixels, that values are taken from: the middle of an image, as the network sees it.
const SIDE_PX: usize = 128;

/// Images that are loaded at once.
const AT_ONCE: usize = 64;

/// Values that pixels give, `[3, SIDE_PX, SIDE_PX]` on the scale from 0 to 1.
struct Measure {
    name: &'static str,
    width: usize,
    of_pixels: fn(&[f32]) -> Vec<f32>,
}

const MEASURES: [Measure; 1] =
    [Measure { name: COLOURS, width: COLOUR_BINS, of_pixels: |pixels| colours_of(pixels).to_vec() }];

/// The values of N images that an objective asks for, as far as pixels tell them; none where it asks for no such values.
///
/// An image that cannot be read has zeros: it takes part in no training, and the store of its features warns of it.
///
/// # Errors
/// An interruption.
pub fn values_of_images(asks: &Asks, images: &[SourceImage], observer: &dyn Observer) -> Result<Option<ImageValues>> {
    let asked = |measure: &&Measure| asks.values.iter().any(|(name, _)| name == measure.name);
    let measures: Vec<&Measure> = MEASURES.iter().filter(asked).collect();
    if measures.is_empty() {
        return Ok(None);
    }
    let progress = observer.begin("reading colours", images.len() as u64);
    let request = |image: &SourceImage| Request {
        source: image.source.clone(),
        identity: image.identity.clone(),
        view: View::Plain,
    };
    let pipeline = Pipeline { input_size: SIDE_PX, mean: [0.0; 3], std: [1.0; 3], ..Pipeline::default() };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let pixels_per_image = pipeline.values_per_image();
    let settings = LoaderSettings::plain(pipeline, AT_ONCE, threads);
    let mut tables: Vec<Vec<f32>> = measures.iter().map(|measure| vec![0.0; images.len() * measure.width]).collect();
    for batch in Loader::start(images.iter().map(request).collect(), settings) {
        observer.check()?;
        for (&image, pixels) in batch.positions.iter().zip(batch.pixels.chunks_exact(pixels_per_image)) {
            for (measure, table) in measures.iter().zip(&mut tables) {
                table[image * measure.width..][..measure.width].copy_from_slice(&(measure.of_pixels)(pixels));
            }
        }
        progress.advance((batch.positions.len() + batch.failures.len()) as u64);
    }
    let mut values = ImageValues::new(images.len());
    for (measure, table) in measures.iter().zip(tables) {
        values.insert(measure.name, measure.width, table)?;
    }
    Ok(Some(values))
}
