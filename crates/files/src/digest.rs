//! Short names for contents: hexadecimal digits, and hashes that are the same on every machine.
//!
//! The hashes are FNV-1a, which tells names apart and does not protect against forgery; where that counts, SHA-256 does.

/// Bytes as lower-case hexadecimal digits.
///
/// ```
/// assert_eq!(silknow_files::digest::hexadecimal(&[0, 0xab]), "00ab");
/// ```
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// FNV-1a of 32 bits.
pub fn fnv1a_32(bytes: impl IntoIterator<Item = u8>) -> u32 {
    bytes.into_iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// FNV-1a of 64 bits.
pub fn fnv1a_64(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_published_test_vectors() {
        assert_eq!((fnv1a_32(*b""), fnv1a_32(*b"foobar")), (0x811c_9dc5, 0xbf9c_f968));
        assert_eq!((fnv1a_64(*b""), fnv1a_64(*b"foobar")), (0xcbf2_9ce4_8422_2325, 0x8594_4171_f739_67e8));
    }
}
