//! Rescaling for a collection's folder, and the files it writes.

use image::{ImageFormat, Rgb};
use silknow_errors::ErrorKind;
use silknow_image::{COLLECTION_SHORTER_SIDE_PX, LONGEST_SIDE_PX, RgbImage, decode, rescale_shorter_side, save};

#[test]
fn the_shorter_side_gets_its_length_and_the_aspect_ratio_stays() {
    for ((width, height), expected) in [
        ((1000, 2000), (448, 896)),
        ((1200, 900), (597, 448)),
        ((448, 448), (448, 448)),
        ((100, 50), (896, 448)),
        ((449, 448), (449, 448)),
    ] {
        let found = rescale_shorter_side(&RgbImage::new(width, height), COLLECTION_SHORTER_SIDE_PX);
        assert_eq!(found.dimensions(), expected, "{width} x {height}");
    }
}

#[test]
fn a_very_long_line_stays_within_the_longest_side_and_keeps_a_pixel() {
    assert_eq!(rescale_shorter_side(&RgbImage::new(1, 10_000), 448).dimensions(), (7, LONGEST_SIDE_PX));
    assert_eq!(rescale_shorter_side(&RgbImage::new(200_000, 1), 448).dimensions(), (LONGEST_SIDE_PX, 1));
    assert_eq!(rescale_shorter_side(&RgbImage::new(1, 1), 448).dimensions(), (448, 448));
}

#[test]
fn fine_stripes_become_grey_and_not_coarse_stripes() {
    let stripes = RgbImage::from_fn(900, 900, |x, _| Rgb([if x % 2 == 0 { 255 } else { 0 }; 3]));
    let small = rescale_shorter_side(&stripes, 100);
    let inner = small.enumerate_pixels().filter(|(x, y, _)| (5..95).contains(x) && (5..95).contains(y));
    for (x, y, pixel) in inner {
        assert!(pixel.0[0].abs_diff(128) < 8, "{x}, {y}: {pixel:?}");
    }
}

#[test]
fn the_ending_decides_the_format_and_the_file_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let image = RgbImage::from_fn(32, 20, |x, y| Rgb([x as u8 * 8, y as u8 * 12, 100]));
    for (name, format) in [("a.png", ImageFormat::Png), ("a.jpg", ImageFormat::Jpeg), ("a.JPEG", ImageFormat::Jpeg)] {
        let path = folder.path().join("img").join(name);
        save(&image, &path).unwrap();
        assert_eq!(image::guess_format(&std::fs::read(&path).unwrap()).unwrap(), format);
        let found = decode(&path).unwrap();
        let difference = found.as_raw().iter().zip(image.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(difference <= if format == ImageFormat::Png { 0 } else { 8 }, "{name}: {difference}");
    }
}

#[test]
fn another_ending_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let error = save(&RgbImage::new(4, 4), folder.path().join("a.tiff")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_image_too_long_for_jpeg_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = save(&RgbImage::new(70_000, 1), folder.path().join("a.jpg")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
