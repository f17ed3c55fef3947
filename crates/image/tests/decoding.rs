//! Decoding real and broken files: what other programs write, and what a web server sends instead.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba, RgbaImage};
use silknow_errors::ErrorKind;
use silknow_image::{Pipeline, RgbImage, decode, decode_bytes, decode_first_page};

fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A picture with enough in it that its compressed data fill most of a file.
fn picture() -> RgbImage {
    RgbImage::from_fn(40, 30, |x, y| Rgb([(x * 6) as u8, (y * 8) as u8, ((x * 37 + y * 91) % 251) as u8]))
}

fn largest_difference(found: &RgbImage, expected: &RgbImage) -> u8 {
    assert_eq!(found.dimensions(), expected.dimensions());
    found.as_raw().iter().zip(expected.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

fn message(bytes: &[u8]) -> String {
    let error = decode_bytes(bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    error.to_string()
}

#[test]
fn every_lossless_format_decodes_to_the_same_pixels_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    for format in [ImageFormat::Png, ImageFormat::Tiff, ImageFormat::WebP, ImageFormat::Bmp] {
        let path = folder.path().join("picture.txt");
        std::fs::write(&path, encoded(picture(), format)).unwrap();
        assert_eq!(decode(&path).unwrap(), picture(), "{format:?}");
    }
}

#[test]
fn baseline_and_progressive_jpeg_decode_to_nearly_the_same_pixels() {
    let jpeg = decode_bytes(&encoded(picture(), ImageFormat::Jpeg)).unwrap();
    assert_eq!(jpeg.dimensions(), (40, 30));
    assert_eq!(decode(reference("files/progressive.jpg")).unwrap().dimensions(), (24, 16));
}

#[test]
fn cmyk_and_ycck_are_converted_as_pillow_does() {
    for name in ["cmyk", "ycck"] {
        let found = decode(reference(&format!("cmyk/{name}.jpg"))).unwrap();
        let expected = decode(reference(&format!("cmyk/{name}_rgb.png"))).unwrap();
        let difference = largest_difference(&found, &expected);
        assert!(difference <= 4, "{name}: {difference}");
    }
}

#[test]
fn every_exif_orientation_is_turned_upright() {
    let upright = decode(reference("upright/upright.png")).unwrap();
    for orientation in 1..=8 {
        let found = decode(reference(&format!("upright/orientation_{orientation}.jpg"))).unwrap();
        let difference = largest_difference(&found, &upright);
        assert!(difference < 12, "orientation {orientation}: {difference}");
    }
}

#[test]
fn sixteen_bit_grey_of_other_programs_is_scaled_to_eight() {
    let expected = decode(reference("files/grey_8_bit.png")).unwrap();
    for name in ["files/grey_16_bit.png", "files/grey_16_bit.tif"] {
        assert!(largest_difference(&decode(reference(name)).unwrap(), &expected) <= 1, "{name}");
    }
}

#[test]
fn sixteen_bit_colour_and_grey_are_scaled_to_eight() {
    let colour: ImageBuffer<Rgb<u16>, _> = ImageBuffer::from_pixel(2, 2, Rgb([0, 128 * 257, 65535]));
    let grey: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_pixel(2, 2, Luma([40_000]));
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        assert_eq!(decode_bytes(&encoded(colour.clone(), format)).unwrap().get_pixel(1, 1).0, [0, 128, 255]);
        assert_eq!(decode_bytes(&encoded(grey.clone(), format)).unwrap().get_pixel(1, 1).0, [156; 3]);
    }
}

#[test]
fn a_palette_becomes_its_colours() {
    let found = decode(reference("files/palette.png")).unwrap();
    assert_eq!(found, decode(reference("files/palette_rgb.png")).unwrap());
}

#[test]
fn the_first_frame_of_an_animation_counts() {
    let found = decode(reference("files/animation.gif")).unwrap();
    assert_eq!(found, decode(reference("files/palette_rgb.png")).unwrap());
}

#[test]
fn a_tiff_of_several_pages_says_so_and_a_circle_of_directories_ends() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let page = |name: &str| decode_first_page(&std::fs::read(corpus.join(name)).unwrap()).unwrap();
    let several = page("tiff_pages.tif");
    assert_eq!(several.pages, 3);
    assert_eq!(several.note().unwrap(), "the file has 3 pages; the first one is taken");
    for name in ["tiff_circle_of_directories.tif", "tiff_grey.tif", "png_rgb.png"] {
        assert_eq!((page(name).pages, page(name).note()), (1, None), "{name}");
    }
}

#[test]
fn a_profile_of_srgb_changes_no_byte() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    assert_eq!(decode(corpus.join("png_profile_srgb.png")).unwrap(), decode(corpus.join("png_rgb.png")).unwrap());
    let jpeg = std::fs::read(corpus.join("jpeg_profile_srgb.jpg")).unwrap();
    let start = jpeg.windows(12).position(|bytes| bytes == b"ICC_PROFILE\0").unwrap() - 4;
    let length = usize::from(u16::from_be_bytes([jpeg[start + 2], jpeg[start + 3]]));
    let without = [&jpeg[..start], &jpeg[start + 2 + length..]].concat();
    assert_eq!(decode_bytes(&jpeg).unwrap(), decode_bytes(&without).unwrap());
}

#[test]
fn alpha_is_laid_on_white() {
    let image = RgbaImage::from_fn(3, 1, |x, _| Rgba([200, 100, 0, [0, 128, 255][x as usize]]));
    let found = decode_bytes(&encoded(image, ImageFormat::Png)).unwrap();
    assert_eq!(found.into_raw(), [255, 255, 255, 227, 177, 127, 200, 100, 0]);
    let grey: ImageBuffer<LumaA<u8>, _> = ImageBuffer::from_pixel(1, 1, LumaA([50, 0]));
    assert_eq!(decode_bytes(&encoded(grey, ImageFormat::Png)).unwrap().into_raw(), [255; 3]);
}

#[test]
fn a_transparent_gif_is_laid_on_white() {
    let mut bytes = Vec::new();
    GifEncoder::new(&mut bytes).encode_frame(Frame::new(RgbaImage::from_pixel(4, 4, Rgba([0, 0, 0, 0])))).unwrap();
    assert_eq!(decode_bytes(&bytes).unwrap().get_pixel(2, 2).0, [255; 3]);
}

#[test]
fn no_cut_file_decodes() {
    let mut gif = Vec::new();
    GifEncoder::new(&mut gif).encode_frame(Frame::new(DynamicImage::from(picture()).into_rgba8())).unwrap();
    let files = [
        ("JPEG", encoded(picture(), ImageFormat::Jpeg)),
        ("JPEG", std::fs::read(reference("files/progressive.jpg")).unwrap()),
        ("PNG", encoded(picture(), ImageFormat::Png)),
        ("TIFF", encoded(picture(), ImageFormat::Tiff)),
        ("WebP", encoded(picture(), ImageFormat::WebP)),
        ("BMP", encoded(picture(), ImageFormat::Bmp)),
        ("GIF", gif),
    ];
    for (name, bytes) in files {
        for percent in [1, 10, 50, 80, 90] {
            let length = bytes.len() * percent / 100;
            let message = message(&bytes[..length]);
            assert!(length < 20 || message.contains(name), "{name}, {percent} %: {message}");
        }
    }
}

#[test]
fn noise_in_a_file_never_panics() {
    let mut files =
        [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Tiff, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp]
            .map(|format| encoded(picture(), format));
    let mut decoded = 0;
    for bytes in &mut files {
        for start in 4..bytes.len().min(160) {
            let before = bytes[start];
            bytes[start] = !before;
            decoded += usize::from(decode_bytes(bytes).is_ok());
            bytes[start] = before;
        }
    }
    assert!(decoded > 0, "some damage is not visible in the structure");
}

#[test]
fn what_is_no_image_says_so() {
    assert!(message(b"").starts_with("the file is empty"));
    assert!(message(b"<!DOCTYPE html><html>Not found</html>").contains("HTML"));
    assert!(message(b"\xEF\xBB\xBF \n<?xml version=\"1.0\"?><Error/>").contains("XML"));
    assert!(message(b"name\tlabel\nsilk.jpg\tES\n").starts_with("not an image of a known format"));
    assert!(message(b"P6 2 2 255\n0123456789ab").contains("not supported"));
}

#[test]
fn an_error_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.jpg");
    std::fs::write(&path, "<html>").unwrap();
    let message = decode(&path).unwrap_err().to_string();
    assert!(message.contains("silk.jpg: a page of HTML"), "{message}");
    let message = decode(folder.path().join("absent.jpg")).unwrap_err().to_string();
    assert!(message.contains("absent.jpg"), "{message}");
}

/// A PNG whose header says that it has this many pixels; there is nothing behind it but a start of data.
fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    let header = [&b"IHDR"[..], &width.to_be_bytes(), &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let checksum = |bytes: &[u8]| {
        !bytes.iter().fold(!0u32, |sum, &byte| {
            (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
        })
    };
    let chunk =
        |body: &[u8]| [&(body.len() as u32 - 4).to_be_bytes()[..], body, &checksum(body).to_be_bytes()].concat();
    [&b"\x89PNG\r\n\x1A\n"[..], &chunk(&header), &chunk(b"IDAT\x78\x9c\x63\x60"), &chunk(b"IEND")].concat()
}

#[test]
fn a_bomb_is_refused_from_its_header() {
    let message = message(&png_bomb(100_000, 100_000));
    assert!(message.contains("100000 x 100000 pixels is above the limit of 200 megapixels"), "{message}");
    // The same file with a harmless header gets past the limit and is found cut.
    let message = decode_bytes(&png_bomb(100, 100)).unwrap_err().to_string();
    assert!(message.contains("cut"), "{message}");
}

#[test]
fn a_jpeg_bomb_is_refused_from_its_header() {
    let mut bytes = encoded(picture(), ImageFormat::Jpeg);
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    let message = message(&bytes);
    assert!(message.contains("65535 x 65535 pixels is above the limit"), "{message}");
}

#[test]
fn one_pixel_and_a_long_line_go_through_the_pipeline() {
    let pipeline = Pipeline { input_size: 32, ..Pipeline::default() };
    for (width, height) in [(1, 1), (1, 10_000), (10_000, 1)] {
        let image = RgbImage::from_pixel(width, height, Rgb([255, 0, 128]));
        let decoded = decode_bytes(&encoded(image, ImageFormat::Png)).unwrap();
        let mut out = vec![0.0; pipeline.values_per_image()];
        pipeline.plain(&decoded, &mut out);
        let red = (1.0 - pipeline.mean[0]) / pipeline.std[0];
        assert!(out[..32 * 32].iter().all(|value| (value - red).abs() < 1e-5), "{width} x {height}");
    }
}
