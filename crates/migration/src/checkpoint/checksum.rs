//! CRC-32C, masked as TensorFlow's files have it.

/// One step of eight bits for every byte, with the reversed polynomial of Castagnoli.
const STEPS: [u32; 256] = {
    let mut steps = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut remainder = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            remainder = (remainder >> 1) ^ if remainder & 1 == 1 { 0x82F6_3B78 } else { 0 };
            bit += 1;
        }
        steps[byte] = remainder;
        byte += 1;
    }
    steps
};

/// CRC-32C of the bytes, rotated and shifted so that a checksum of data that hold checksums is no weaker.
pub(crate) fn masked_crc32c<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u32 {
    let bytes = parts.into_iter().flatten();
    let crc = !bytes.fold(u32::MAX, |crc, &byte| (crc >> 8) ^ STEPS[usize::from(crc as u8 ^ byte)]);
    crc.rotate_right(15).wrapping_add(0xA282_EAD8)
}

#[cfg(test)]
mod tests {
    use super::masked_crc32c;

    #[test]
    fn the_check_value_of_the_polynomial_is_met() {
        // 0xE3069283 is the published check value of CRC-32C.
        let mask = |crc: u32| crc.rotate_right(15).wrapping_add(0xA282_EAD8);
        assert_eq!(masked_crc32c([b"123456789".as_slice()]), mask(0xE306_9283));
        assert_eq!(masked_crc32c([b"1234".as_slice(), b"56789"]), mask(0xE306_9283));
    }
}
