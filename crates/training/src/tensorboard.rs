//! Event files that TensorBoard opens, with scalar values: protocol-buffer messages in TFRecord frames. Which values are
//! logged is decided in `metrics`. Source of the layouts: TensorFlow's `record_writer.h`, `event.proto` and `summary.proto`.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use silknow_errors::Result;
use silknow_files::{create_folder, refused};

const NAME_BEGINS: &str = "events.out.tfevents.";
/// Stands where TensorFlow puts the host's name, which is private.
const NAME_ENDS: &str = ".silknow";

/// An event file that grows.
///
/// It is appended to, not swapped as a whole like other files: TensorBoard keeps it open and reads on. A record
/// that was cut by a crash fails its checksum there and is passed over.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Begins a file in `folder` (created where missing), in place of earlier files of this program there, which
    /// TensorBoard would otherwise draw as one zigzag line.
    pub fn create(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        create_folder(folder)?;
        remove_earlier(folder)?;
        let path = folder.join(format!("{NAME_BEGINS}{}{NAME_ENDS}", seconds_since_1970() as u64));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(|cause| refused("cannot write", &path, cause))?;
        let mut events = Self { path, file };
        events.append(&version_event(seconds_since_1970()))?;
        Ok(events)
    }

    /// Appends the values of one step, each with its tag.
    pub fn scalars(&mut self, step: u64, values: &[(&str, f32)]) -> Result<()> {
        self.append(&scalar_event(seconds_since_1970(), step, values))
    }

    fn append(&mut self, event: &[u8]) -> Result<()> {
        // One write per record, without a buffer: what is logged can be seen at once.
        self.file.write_all(&record(event)).map_err(|cause| refused("cannot write", &self.path, cause))
    }
}

fn remove_earlier(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(|cause| refused("cannot read the folder", folder, cause))?;
    for entry in entries {
        let path = entry.map_err(|cause| refused("cannot read the folder", folder, cause))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(NAME_BEGINS) && name.ends_with(NAME_ENDS) {
            fs::remove_file(&path).map_err(|cause| refused("cannot replace", &path, cause))?;
        }
    }
    Ok(())
}

fn seconds_since_1970() -> f64 {
    // A clock before 1970 is wrong anyway; TensorBoard only sorts by it.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// The first event of every file.
fn version_event(wall_time: f64) -> Vec<u8> {
    let mut event = wall_time_field(wall_time);
    put_bytes(&mut event, 3, b"brain.Event:2");
    event
}

fn scalar_event(wall_time: f64, step: u64, values: &[(&str, f32)]) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in values {
        let mut message = Vec::new();
        put_bytes(&mut message, 1, tag.as_bytes());
        put_key(&mut message, 2, WireType::Fixed32);
        message.extend(value.to_le_bytes());
        put_bytes(&mut summary, 1, &message);
    }
    let mut event = wall_time_field(wall_time);
    put_key(&mut event, 2, WireType::Varint);
    put_varint(&mut event, step);
    put_bytes(&mut event, 5, &summary);
    event
}

fn wall_time_field(wall_time: f64) -> Vec<u8> {
    let mut event = Vec::new();
    put_key(&mut event, 1, WireType::Fixed64);
    event.extend(wall_time.to_le_bytes());
    event
}

/// The kinds of protocol-buffer fields used here, with their numbers.
#[derive(Clone, Copy)]
enum WireType {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

fn put_key(message: &mut Vec<u8>, field: u64, wire_type: WireType) {
    put_varint(message, field << 3 | wire_type as u64);
}

fn put_bytes(message: &mut Vec<u8>, field: u64, content: &[u8]) {
    put_key(message, field, WireType::Bytes);
    put_varint(message, content.len() as u64);
    message.extend(content);
}

fn put_varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

/// The TFRecord frame: length, its checksum, content, its checksum.
fn record(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(content.len() + 16);
    record.extend(length);
    record.extend(masked_checksum(&length).to_le_bytes());
    record.extend(content);
    record.extend(masked_checksum(content).to_le_bytes());
    record
}

/// TensorFlow rotates and shifts the checksum, because a checksum over data with checksums in it is weak.
fn masked_checksum(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), bit by bit. There are a few short records a second, so a table would not pay.
fn crc32c(bytes: &[u8]) -> u32 {
    const REVERSED_POLYNOMIAL: u32 = 0x82f6_3b78;
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ REVERSED_POLYNOMIAL } else { crc >> 1 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // The check value of the CRC catalogue, and a vector of RFC 3720, B.4.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn a_scalar_is_framed_and_encoded_to_the_byte() {
        let event = scalar_event(1.0, 300, &[("loss", 0.5)]);
        let expected = [
            &[0x09][..],
            &1f64.to_le_bytes(), // wall_time
            &[0x10, 0xac, 0x02], // step 300
            &[0x2a, 0x0d],       // summary of 13 bytes
            &[0x0a, 0x0b],       // value of 11 bytes
            &[0x0a, 0x04],
            b"loss",
            &[0x15],
            &0.5f32.to_le_bytes(),
        ]
        .concat();
        assert_eq!(event, expected);
        let framed = record(&event);
        assert_eq!(framed.len(), expected.len() + 16);
        assert_eq!(framed[..8], (expected.len() as u64).to_le_bytes());
        assert_eq!(framed[12..12 + expected.len()], expected);
    }

    #[test]
    fn a_new_file_replaces_earlier_ones_of_this_program_only() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("events.out.tfevents.1.host");
        let earlier = folder.path().join("events.out.tfevents.1.silknow");
        fs::write(&other, "theirs").unwrap();
        fs::write(&earlier, "ours").unwrap();
        EventFile::create(folder.path()).unwrap().scalars(1, &[("loss", 1.0)]).unwrap();
        assert!(other.exists() && !earlier.exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
