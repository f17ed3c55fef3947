//! Tells a JPEG file that was cut from one that is whole.
//!
//! The decoder fills what is missing with grey and says nothing, as viewers do; a collection must not hold
//! such pictures, so the end of the file is looked for here. Other formats' decoders notice by themselves.

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
    use super::jpeg_is_cut;

    const WHOLE: [u8; 17] = [0xFF, 0xD8, 0xFF, 0xE1, 0, 4, 0xFF, 0xD9, 0xFF, 0xDA, 0, 2, 7, 0xFF, 0x00, 0xFF, 0xD9];

    #[test]
    fn every_cut_is_noticed_though_a_thumbnail_ends_earlier() {
        assert!(!jpeg_is_cut(&WHOLE));
        for length in 0..WHOLE.len() {
            assert!(jpeg_is_cut(&WHOLE[..length]), "{length} bytes");
        }
    }

    #[test]
    fn bytes_behind_the_end_do_no_harm() {
        assert!(!jpeg_is_cut(&[&WHOLE[..], &[0, 1, 2]].concat()));
    }
}
