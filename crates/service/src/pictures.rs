//! Pictures of an index as browsers show them. Nothing but pictures leaves the server, whatever an index names.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::UNIX_EPOCH;

use image::metadata::Orientation;
use image::{ImageDecoder, ImageReader};
use silknow_image_retrieval::{Result, SmallPicture, decode};

/// The largest file that is sent as it is, in bytes. A larger one is made smaller.
const MOST_BYTES: u64 = 50_000_000;

/// The longer side of a picture that is made for browsers, in pixels.
const LONGEST_SIDE_PX: u32 = 4096;

/// A picture that browsers show.
#[derive(Debug)]
pub(crate) struct Shown {
    pub kind: &'static str,
    pub content: Vec<u8>,
}

impl Shown {
    /// The picture of a file: the file itself where browsers read it, else as JPEG.
    ///
    /// # Errors
    /// A file that is not there or is no picture.
    pub fn of(path: &Path) -> Result<Self> {
        if let Some(shown) = as_it_is(path) {
            return Ok(shown);
        }
        let content = SmallPicture::of(&decode(path)?, LONGEST_SIDE_PX)?.jpeg;
        Ok(Self { kind: "image/jpeg", content })
    }
}

/// The file of a format that browsers read; none for others, for large files and for those that cannot be read.
fn as_it_is(path: &Path) -> Option<Shown> {
    let mut file = fs::File::open(path).ok()?;
    if file.metadata().ok()?.len() > MOST_BYTES {
        return None;
    }
    let mut content = Vec::new();
    // A file may grow after it was measured.
    file.by_ref().take(MOST_BYTES).read_to_end(&mut content).ok()?;
    kind_of(&content).map(|kind| Shown { kind, content })
}

fn kind_of(content: &[u8]) -> Option<&'static str> {
    match content {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// A tag that changes with a file; none where it is not there.
pub(crate) fn tag(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok()?;
    let changed = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{:x}-{:x}", changed.as_nanos(), about.len()))
}

/// Width and height of the upright picture of a file in pixels, without decoding it where its beginning tells.
pub(crate) fn size_px(path: &Path) -> Option<(u32, u32)> {
    let from_head = || {
        let mut decoder = ImageReader::open(path).ok()?.with_guessed_format().ok()?.into_decoder().ok()?;
        let (width, height) = decoder.dimensions();
        let turns = matches!(
            decoder.orientation().unwrap_or(Orientation::NoTransforms),
            Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
        );
        Some(if turns { (height, width) } else { (width, height) })
    };
    from_head().or_else(|| decode(path).ok().map(|picture| picture.dimensions()))
}
