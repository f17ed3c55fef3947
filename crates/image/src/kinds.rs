//! Which format a file has, told by its first bytes, and the words for formats that are not read.

use image::ImageFormat;
use silknow_errors::{Error, Result};

use crate::refusal::{CONVERT, FETCH_AGAIN};

/// As many bytes of a file's beginning as it takes to tell its format.
pub(crate) const TELLING_BYTES: usize = 4096;

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Jpeg,
    Png,
    Tiff,
    WebP,
    Gif,
    Bmp,
    Jpeg2000,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Tiff => "TIFF",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Jpeg2000 => "JPEG 2000",
        }
    }

    /// The format as the crate of the decoders knows it.
    ///
    /// # Panics
    /// For JPEG 2000, which it does not have.
    pub(crate) fn decoder(self) -> ImageFormat {
        match self {
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Png => ImageFormat::Png,
            Self::Tiff => ImageFormat::Tiff,
            Self::WebP => ImageFormat::WebP,
            Self::Gif => ImageFormat::Gif,
            Self::Bmp => ImageFormat::Bmp,
            Self::Jpeg2000 => unreachable!("JPEG 2000 has a decoder of its own"),
        }
    }
}

/// What the beginning of a file shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Read(Format),
    /// A picture of a format that is not read, with the format's name and how to convert it.
    Picture(&'static str, &'static str),
    /// Something else, in words.
    Other(&'static str, &'static str),
    Page,
    Unknown,
}

const EDITOR: &str = "open it with an image editor and save it as JPEG or PNG";
const HEIC: &str = "on a Mac open it with Preview and choose File, Export; an iPhone takes JPEG when Settings, Camera, \
                    Formats says Most Compatible; elsewhere GIMP or ImageMagick convert it";
const RAW: &str = "develop it with the camera's program, darktable or RawTherapee, and export JPEG or TIFF";
const PAGES: &str = "export its pictures as JPEG, PNG or TIFF";
const UNPACK: &str = "unpack it and give the pictures in it";
const STILL: &str = "give a picture in its place";

/// The beginnings by which formats are told that need no more than that, with the position of each.
const BEGINNINGS: &[(usize, &[u8], Content)] = &[
    (0, b"\xFF\xD8\xFF", Content::Read(Format::Jpeg)),
    (0, b"\x89PNG\r\n\x1A\n", Content::Read(Format::Png)),
    (0, b"GIF87a", Content::Read(Format::Gif)),
    (0, b"GIF89a", Content::Read(Format::Gif)),
    (0, b"\0\0\0\x0CjP  ", Content::Read(Format::Jpeg2000)),
    (0, b"\xFF\x4F\xFF\x51", Content::Read(Format::Jpeg2000)),
    (8, b"CR\x02\0", Content::Picture("Canon raw", RAW)),
    (0, b"II*\0", Content::Read(Format::Tiff)),
    (0, b"MM\0*", Content::Read(Format::Tiff)),
    (0, b"II+\0", Content::Read(Format::Tiff)),
    (0, b"MM\0+", Content::Read(Format::Tiff)),
    (0, b"BM", Content::Read(Format::Bmp)),
    (0, b"\xFF\x0A", Content::Picture("JPEG XL", EDITOR)),
    (0, b"\0\0\0\x0CJXL ", Content::Picture("JPEG XL", EDITOR)),
    (0, b"8BPS", Content::Picture("Photoshop", EDITOR)),
    (0, b"gimp xcf", Content::Picture("GIMP", EDITOR)),
    (0, b"IIU\0", Content::Picture("Panasonic raw", RAW)),
    (0, b"IIRO", Content::Picture("Olympus raw", RAW)),
    (0, b"IIRS", Content::Picture("Olympus raw", RAW)),
    (0, b"MMOR", Content::Picture("Olympus raw", RAW)),
    (0, b"FUJIFILMCCD-RAW", Content::Picture("Fujifilm raw", RAW)),
    (0, b"FOVb", Content::Picture("Sigma raw", RAW)),
    (0, b"\0MRM", Content::Picture("Minolta raw", RAW)),
    (6, b"HEAPCCDR", Content::Picture("Canon raw", RAW)),
    (0, b"\x76\x2F\x31\x01", Content::Picture("OpenEXR", EDITOR)),
    (0, b"#?RADIANCE", Content::Picture("Radiance HDR", EDITOR)),
    (0, b"#?RGBE", Content::Picture("Radiance HDR", EDITOR)),
    (0, b"qoif", Content::Picture("QOI", EDITOR)),
    (0, b"farbfeld", Content::Picture("farbfeld", EDITOR)),
    (0, b"DDS ", Content::Picture("DDS", EDITOR)),
    (0, b"II\xBC", Content::Picture("JPEG XR", EDITOR)),
    (0, b"BPG\xFB", Content::Picture("BPG", EDITOR)),
    (0, b"FLIF", Content::Picture("FLIF", EDITOR)),
    (0, b"SIMPLE  =", Content::Picture("FITS", EDITOR)),
    (0, b"\x59\xA6\x6A\x95", Content::Picture("Sun raster", EDITOR)),
    (0, b"\x01\xDA\x00", Content::Picture("SGI", EDITOR)),
    (0, b"\x01\xDA\x01", Content::Picture("SGI", EDITOR)),
    (128, b"DICM", Content::Picture("DICOM", "export it as PNG or TIFF with a DICOM viewer")),
    (0, b"AT&TFORM", Content::Picture("DjVu", PAGES)),
    (0, b"%PDF", Content::Other("a PDF document", PAGES)),
    (0, b"%!PS", Content::Other("a PostScript document", PAGES)),
    (0, b"\xC5\xD0\xD3\xC6", Content::Other("a PostScript document", PAGES)),
    (0, b"PK\x03\x04", Content::Other("a ZIP archive or an office document", UNPACK)),
    (0, b"\x1F\x8B\x08", Content::Other("a gzip archive", UNPACK)),
    (0, b"7z\xBC\xAF\x27\x1C", Content::Other("a 7z archive", UNPACK)),
    (0, b"Rar!\x1A\x07", Content::Other("a RAR archive", UNPACK)),
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Content::Other("an office document", PAGES)),
    (0, b"\x1A\x45\xDF\xA3", Content::Other("a video", STILL)),
];

/// Tells what the beginning of a file shows.
pub(crate) fn content(start: &[u8]) -> Content {
    let found = BEGINNINGS.iter().find(|(at, bytes, _)| start.get(*at..).is_some_and(|rest| rest.starts_with(bytes)));
    if let Some((_, _, content)) = found {
        return *content;
    }
    match start {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => return Content::Read(Format::WebP),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', ..] => return Content::Other("a video", STILL),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => return of_brands(start),
        [b'P', b'1'..=b'7', b' ' | b'\t' | b'\r' | b'\n', ..] => return Content::Picture("PNM", EDITOR),
        // Icons and cursors: how many there are, and a byte that is always 0 in the first entry.
        [0, 0, 1 | 2, 0, 1..=255, 0, _, _, _, 0, ..] => return Content::Picture("ICO", EDITOR),
        [b'F', b'O', b'R', b'M', _, _, _, _, b'I' | b'P', b'L' | b'B', b'B' | b'M', ..] => {
            return Content::Picture("IFF", EDITOR);
        }
        [0x0A, 0 | 2 | 3 | 4 | 5, 1, 1 | 2 | 4 | 8, ..] => return Content::Picture("PCX", EDITOR),
        _ => {}
    }
    if is_targa(start) {
        return Content::Picture("TGA", EDITOR);
    }
    if is_markup(start) {
        let text = String::from_utf8_lossy(start);
        return if text.contains("<svg") { Content::Picture("SVG", "export it as PNG") } else { Content::Page };
    }
    Content::Unknown
}

/// The format that the content shows.
///
/// # Errors
/// An empty file, and every format that is not read, by its name.
pub(crate) fn recognise(bytes: &[u8]) -> Result<Format> {
    if bytes.is_empty() {
        return Err(Error::data("the file is empty").hint(FETCH_AGAIN));
    }
    match content(&bytes[..bytes.len().min(TELLING_BYTES)]) {
        Content::Read(format) => Ok(format),
        Content::Picture(name, hint) => Err(picture_refusal(name).hint(hint)),
        Content::Other(what, hint) => Err(Error::data(format!("{what}, not an image")).hint(hint)),
        Content::Page => {
            Err(Error::data("a page of HTML or XML, not an image").hint("look at the address in a browser"))
        }
        Content::Unknown => Err(Error::data("not an image of a known format").hint(CONVERT)),
    }
}

fn picture_refusal(name: &str) -> Error {
    Error::data(format!("{name} images are not supported; convert it to JPEG"))
}

/// The refusal of a camera's raw file that begins as a TIFF does.
pub(crate) fn raw_refusal(name: &str) -> Error {
    let name = if name == "raw" { "camera raw".to_owned() } else { format!("{name} (camera raw)") };
    picture_refusal(&name).hint(RAW)
}

/// A file of boxes: its brands say what it holds.
fn of_brands(start: &[u8]) -> Content {
    let length = start[..4].iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
    let brands = start.get(8..length.clamp(8, start.len())).unwrap_or_default();
    let has = |wanted: &[&[u8; 4]]| brands.as_chunks::<4>().0.iter().any(|brand| wanted.contains(&brand));
    if has(&[b"avif", b"avis"]) {
        Content::Picture("AVIF", EDITOR)
    } else if has(&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"]) {
        Content::Picture("HEIC", HEIC)
    } else if has(&[b"crx "]) {
        Content::Picture("Canon raw", RAW)
    } else {
        Content::Other("a video", STILL)
    }
}

/// Whether the fields of a Targa header, which begins with no mark, make sense together.
fn is_targa(start: &[u8]) -> bool {
    let &[_, map, kind, map_start_low, map_start_high, map_low, map_high, map_bits, ..] = start else { return false };
    let Some(&[width_low, width_high, height_low, height_high, bits, flags]) = start.get(12..18) else { return false };
    let has_map = map == 1 && matches!(kind, 1 | 9) && matches!(map_bits, 15 | 16 | 24 | 32) && bits == 8;
    let has_none = map == 0 && [map_start_low, map_start_high, map_low, map_high, map_bits] == [0; 5];
    let has_colours = matches!((kind, bits), (2 | 10, 15 | 16 | 24 | 32) | (3 | 11, 8 | 16));
    let has_sides = (width_low | width_high) > 0 && (height_low | height_high) > 0;
    (has_map || has_none && has_colours) && has_sides && flags & 0xC0 == 0
}

/// True for text that opens with a tag, after white space and a byte-order mark.
fn is_markup(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    text.trim_ascii_start().first() == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_are_not_read_are_named() {
        let brand = |brand: &[u8]| [b"\0\0\0\x18ftyp", brand, b"\0\0\0\0mif1miaf"].concat();
        let targa = [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 3, 0, 24, 0x20];
        let dicom = [&[0; 128][..], b"DICM"].concat();
        let files: [(&[u8], &str); 14] = [
            (&brand(b"heic"), "HEIC images are not supported; convert it to JPEG"),
            (&brand(b"avif"), "AVIF images"),
            (&brand(b"crx "), "HEIC images"),
            (b"\xFF\x0A\xFA\x7F", "JPEG XL images"),
            (b"%PDF-1.7\n", "a PDF document, not an image"),
            (b"8BPS\0\x01", "Photoshop images"),
            (b"<?xml version='1.0'?><!-- x --><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG images"),
            (b"II*\0\x10\0\0\0CR\x02\0", "Canon raw images"),
            (&dicom, "DICOM images"),
            (b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0", "ICO images"),
            (&targa, "TGA images"),
            (b"\x76\x2F\x31\x01\x02\0\0\0", "OpenEXR images"),
            (b"qoif\0\0\0\x01", "QOI images"),
            (b"PK\x03\x04\x14\0", "a ZIP archive"),
        ];
        for (start, expected) in files {
            let message = recognise(start).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn text_is_no_picture() {
        for text in ["image\tlabel\na.jpg\tb\n", "P6x", "", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"] {
            assert_eq!(content(text.as_bytes()), Content::Unknown, "{text}");
        }
    }
}
