//! What this crate reads in the structure of a JPEG file by itself: whether its end is there, which kind of JPEG it is,
//! its colour profile, and how much the decoder will keep in memory.
//!
//! The decoder fills what is missing at the end with grey and says nothing, as viewers do. A collection must not hold
//! such pictures, so the end of the file is looked for here. The decoders of other formats notice a missing end.

use silknow_errors::Result;

use crate::refusal::unsupported;

/// True when a JPEG stream ends before its end-of-image marker.
///
/// Segments are stepped over by their lengths, so that the end of an embedded thumbnail is not taken for
/// the end of the picture.
pub(crate) fn jpeg_is_cut(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            END_OF_IMAGE => return false,
            // A stuffed zero, a stand-alone marker, a restart or the start of the image: no length follows.
            0x00 | 0x01 | 0xD0..=0xD8 => {}
            _ => {
                let Some(length) = bytes.get(at..at + 2) else { return true };
                at += usize::from(u16::from_be_bytes([length[0], length[1]]));
            }
        }
    }
    true
}

const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const APP2: u8 = 0xE2;
const APP14: u8 = 0xEE;

/// The segments before the first scan, each with its marker and without its length. A stream that ends or makes no
/// sense ends them too.
fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let marker = next_marker(bytes, &mut at)?;
            match marker {
                0x00 | 0x01 | 0xD0..=0xD8 => {}
                END_OF_IMAGE | START_OF_SCAN => return None,
                _ => {
                    let length = bytes.get(at..at + 2)?;
                    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                    let body = bytes.get(at + 2..at + length)?;
                    at += length;
                    return Some((marker, body));
                }
            }
        }
    })
}

/// What the start of a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    process: u8,
    precision: u8,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) components: u8,
}

impl Frame {
    /// The first frame of a file, or the header of a hierarchy of frames or of JPEG-LS.
    pub(crate) fn find(bytes: &[u8]) -> Option<Self> {
        segments(bytes).find_map(|(marker, body)| match (marker, body) {
            (0xC4 | 0xC8 | 0xCC, _) => None,
            (0xC0..=0xCF | 0xDE | 0xF7, &[precision, h1, h0, w1, w0, components, ..]) => {
                let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
                Some(Self { process: marker, precision, width: side(w1, w0), height: side(h1, h0), components })
            }
            _ => None,
        })
    }

    /// Refuses the kinds of JPEG that are not decoded, by their names.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        let kind = match self.process {
            0xC0..=0xC2 => match self.precision {
                8 => return Ok(()),
                bits => return Err(unsupported(name, format_args!("{bits}-bit JPEG"))),
            },
            0xC3 => "lossless JPEG",
            0xC5..=0xC7 | 0xDE => "hierarchical JPEG",
            0xC9 | 0xCA => "arithmetic coding of JPEG",
            0xCB => "lossless JPEG with arithmetic coding",
            0xF7 => "JPEG-LS",
            _ => "hierarchical JPEG with arithmetic coding",
        };
        Err(unsupported(name, kind))
    }
}

/// The colour profile of a file, put together from its parts; `None` when there is none or a part is missing.
pub(crate) fn icc_profile(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<(u8, u8, &[u8])> = segments(bytes)
        .filter(|(marker, _)| *marker == APP2)
        .filter_map(|(_, body)| match body.strip_prefix(b"ICC_PROFILE\0")? {
            [number, count, data @ ..] => Some((*number, *count, data)),
            _ => None,
        })
        .collect();
    parts.sort_by_key(|part| part.0);
    let whole = parts.iter().zip(1..).all(|(&(number, count, _), expected): (_, usize)| {
        usize::from(number) == expected && usize::from(count) == parts.len()
    });
    (whole && !parts.is_empty()).then(|| parts.iter().flat_map(|part| part.2).copied().collect())
}

/// How four components are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inks {
    Cmyk,
    /// The first three are brightness and colours of what is left of the light.
    Ycck,
}

/// What Adobe's segment says of the inks, with a copy of the file in which it says that they are plain.
pub(crate) fn with_plain_inks(bytes: &[u8]) -> (Inks, Vec<u8>) {
    let mut copy = bytes.to_vec();
    let adobe = segments(bytes).find(|(marker, body)| *marker == APP14 && body.starts_with(b"Adobe"));
    // The transformation is the last of the twelve bytes.
    let Some((transform, start)) = adobe.and_then(|(_, body)| Some((*body.get(11)?, body.as_ptr()))) else {
        return (Inks::Cmyk, copy);
    };
    copy[start.addr() - bytes.as_ptr().addr() + 11] = 0;
    (if transform == 2 { Inks::Ycck } else { Inks::Cmyk }, copy)
}

/// The components whose coefficients the decoder keeps, two bytes for each pixel, until it has read all of the file:
/// those of a progressive picture, and of one whose scans hold less than all components. Otherwise there are none.
pub(crate) fn kept_components(bytes: &[u8]) -> u64 {
    let mut at = 0;
    let mut frame = None;
    while let Some(marker) = next_marker(bytes, &mut at) {
        if matches!(marker, 0x00 | 0x01 | 0xD0..=0xD8) {
            continue;
        }
        let segment = &bytes[at.min(bytes.len())..];
        let &[high, low, ..] = segment else { return 0 };
        match (marker, frame) {
            // The starts of frame have the codes C0 to CF, but for those of tables (C4, CC) and of no use (C8).
            (0xC0..=0xCF, _) if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                // Length, precision, height and width come before the number of components.
                let components = segment.get(7).copied().unwrap_or(0);
                frame = Some((matches!(marker, 0xC2 | 0xC6 | 0xCA | 0xCE), components));
            }
            (START_OF_SCAN, Some((progressive, components))) => {
                let in_scan = segment.get(2).copied().unwrap_or(0);
                return if progressive || in_scan < components { u64::from(components) } else { 0 };
            }
            _ => {}
        }
        at += usize::from(u16::from_be_bytes([high, low]));
    }
    0
}

/// The code of the next marker at or after `at`, which moves behind it.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    let rest = bytes.get(*at..)?;
    let start = rest.iter().position(|&byte| byte == 0xFF)?;
    // Any number of 0xFF may fill the space before the code.
    let code = start + rest[start..].iter().position(|&byte| byte != 0xFF)?;
    *at += code + 1;
    Some(rest[code])
}

#[cfg(test)]
mod tests {
    use super::{jpeg_is_cut, kept_components};

    const WHOLE: [u8; 17] = [0xFF, 0xD8, 0xFF, 0xE1, 0, 4, 0xFF, 0xD9, 0xFF, 0xDA, 0, 2, 7, 0xFF, 0x00, 0xFF, 0xD9];

    #[test]
    fn every_cut_is_noticed_though_a_thumbnail_ends_earlier() {
        assert!(!jpeg_is_cut(&WHOLE));
        for length in 0..WHOLE.len() {
            assert!(jpeg_is_cut(&WHOLE[..length]), "{length} bytes");
        }
    }

    #[test]
    fn coefficients_are_kept_of_progressive_pictures_and_of_scans_with_few_components() {
        let file = |frame: u8, in_scan: u8| {
            let table = [0xFF, 0xC4, 0, 3, 0];
            let frame = [0xFF, frame, 0, 8, 8, 0, 1, 0, 1, 3];
            [&[0xFF, 0xD8][..], &table, &frame, &[0xFF, 0xDA, 0, 3, in_scan, 0xFF, 0xD9]].concat()
        };
        assert_eq!(
            [(0xC0, 3), (0xC1, 3), (0xC0, 1), (0xC2, 3), (0xC2, 1)].map(|(a, b)| kept_components(&file(a, b))),
            [0, 0, 3, 3, 3]
        );
        for length in 0..file(0xC2, 3).len() {
            kept_components(&file(0xC2, 3)[..length]);
        }
    }

    #[test]
    fn bytes_behind_the_end_do_no_harm() {
        assert!(!jpeg_is_cut(&[&WHOLE[..], &[0, 1, 2]].concat()));
    }
}
