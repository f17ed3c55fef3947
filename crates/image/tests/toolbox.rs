//! The pixels of the Python toolbox, against every 16th of what it fed its network.

use silknow_arrays::npz;
use silknow_image::{Pipeline, Pixels, decode};
use silknow_test_support::shared;

/// The mean difference, of values from 0 to 1.
fn difference(picture: &str, pipeline: &Pipeline) -> Option<f64> {
    let folder = shared("toolbox")?.join("migration/fixtures/old_pixels");
    let (shape, expected) = npz::Reader::open(folder.join("every_16th_pixel.npz")).unwrap().f32(picture).unwrap();
    assert_eq!(shape, [14, 14, 3]);
    let mut planes = vec![0.0; pipeline.values_per_image()];
    pipeline.plain(&decode(folder.join(picture)).unwrap(), &mut planes);
    let side = pipeline.input_size;
    let found = (0..expected.len()).map(|at| {
        let (row, column, channel) = (at / 3 / 14 * 16, at / 3 % 14 * 16, at % 3);
        planes[(channel * side + row) * side + column]
    });
    let sum: f64 = found.zip(&expected).map(|(found, expected)| f64::from((found - expected).abs())).sum();
    Some(sum / expected.len() as f64)
}

#[test]
fn pictures_become_what_the_toolbox_made_of_them() {
    let unscaled = Pipeline { mean: [0.0; 3], std: [1.0; 3], ..Pipeline::default() };
    let toolbox = Pipeline { pixels: Pixels::Toolbox, ..unscaled.clone() };
    // The small picture is neither blurred nor cropped: what it differs by, a little more than a grey level, is how TensorFlow
    // decodes JPEG, with its fast transform.
    let Some(by_decoding) = difference("small.jpg", &toolbox) else { return };
    assert!(by_decoding < 1.4 / 255.0, "{}", by_decoding * 255.0);
    for picture in ["landscape.jpg", "portrait.jpg"] {
        let apart = difference(picture, &toolbox).unwrap();
        assert!(apart < by_decoding, "{picture}: {}", apart * 255.0);
        let ours = difference(picture, &unscaled).unwrap();
        assert!(ours > 2.0 * apart, "{picture}: {}", ours * 255.0);
    }
}

#[test]
fn any_picture_becomes_pixels_in_0_to_1() {
    for (width, height) in [(1, 1), (1, 7), (5, 2), (300, 40), (224, 224), (31, 500)] {
        let picture = silknow_image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([(x * 7 % 256) as u8, (y * 11 % 256) as u8, 255])
        });
        let pipeline = Pipeline { input_size: 48, mean: [0.0; 3], std: [1.0; 3], pixels: Pixels::Toolbox };
        let mut planes = vec![f32::NAN; pipeline.values_per_image()];
        pipeline.plain(&picture, &mut planes);
        assert!(planes.iter().all(|value| (0.0..=1.0001).contains(value)), "{width} x {height}");
    }
}
