//! From where each image file was fetched: the table `image_sources.csv` beside the images.
//!
//! A file is the image of an address only while this table says so. An image is entered before it is fetched, with nothing
//! but its name, and again when it is there. A run that is killed in between therefore leaves no file that could be
//! taken for that of another address.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use silknow_errors::{Error, Result};
use silknow_fetch::Fetched;
use silknow_files as files;
use silknow_files::digest::hexadecimal;
use silknow_progress::Observer;
use silknow_records::rows::{Row, Rows};

/// The table of sources, in the image folder.
pub(crate) const SOURCES_FILE: &str = "image_sources.csv";

/// The first header begins with this; the version of the format follows.
const FIRST_HEADER: &str = "image (version ";

const VERSION: u32 = 1;

const COLUMNS: usize = 7;

/// While images are fetched, the table is written at most this often.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(10);

/// While images are fetched, at most one part in so many of the time is spent on writing the table.
const SHARE: u32 = 200;

/// What is known of an image file and its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The address as it is requested, or the whole path of a copied file.
    pub(crate) source: Box<str>,
    /// The length of the file.
    pub(crate) bytes: u64,
    /// SHA-256 of the file, where it is known.
    sha256: Option<[u8; 32]>,
    /// When a copied original was last changed, in nanoseconds since 1970.
    pub(crate) modified: Option<u64>,
    /// The `ETag` of the server's answer, else its `Last-Modified`; may be empty.
    validator: Box<str>,
    /// When the file was fetched, in seconds since 1970.
    fetched: u64,
}

impl Entry {
    /// An image that was there before this table, and is `bytes` long.
    pub(crate) fn adopted(source: String, bytes: u64) -> Self {
        let source = source.into();
        Self { source, bytes, sha256: None, modified: None, validator: Box::default(), fetched: seconds_now() }
    }

    /// An image that came over the network.
    pub(crate) fn fetched(source: String, file: &Fetched) -> Self {
        let validator: String = file.validator.chars().filter(|letter| !letter.is_control()).take(200).collect();
        Self { sha256: digest_of(&file.sha256), validator: validator.into(), ..Self::adopted(source, file.bytes) }
    }

    /// A copy of an original that was last changed at `modified`.
    pub(crate) fn copied(source: String, content: &[u8], modified: Option<u64>) -> Self {
        let sha256 = Some(Sha256::digest(content).into());
        Self { sha256, modified, ..Self::adopted(source, content.len() as u64) }
    }
}

/// The sources of the images of one folder.
#[derive(Debug)]
pub(crate) struct Sources {
    path: PathBuf,
    table: Mutex<Table>,
    /// True where images without an entry are those of an earlier version, which had no such table. Where the table is
    /// damaged, they may be of any address.
    adopts: bool,
}

#[derive(Debug)]
struct Table {
    /// By identifier in lower case, as some file systems do not tell letter case; `None` while it is not known of which
    /// source the file is.
    entries: BTreeMap<Box<str>, Option<Box<Entry>>>,
    changed: bool,
    written: Instant,
    /// How long writing took.
    cost: Duration,
}

impl Sources {
    /// Reads the table of an image folder. Where there is none, it is empty. Rows that are damaged are left out, with a
    /// warning: their images are fetched again.
    ///
    /// # Errors
    /// A table that cannot be read, or that a later version wrote.
    pub(crate) fn read(folder: &Path, observer: &dyn Observer) -> Result<Self> {
        let path = folder.join(SOURCES_FILE);
        let mut entries = BTreeMap::new();
        let mut damaged = None;
        if path.exists() {
            let mut rows = Rows::new(files::open(&path)?, b',');
            match rows.next() {
                Some(Ok(header)) if version_of(&header).is_some_and(|version| version > VERSION) => {
                    return Err(Error::data("a later version of this program wrote this table")
                        .in_file(&path)
                        .hint("use that version, or another folder for the images (imgsavepath)"));
                }
                Some(Ok(header)) if version_of(&header) == Some(VERSION) => {}
                _ => damaged = Some(1),
            }
            for row in rows {
                let line = row.as_ref().map_or(0, Row::line);
                match row.ok().as_ref().and_then(entry_of) {
                    Some((id, entry)) => drop(entries.insert(id, entry)),
                    None => damaged = damaged.or(Some(line)),
                }
            }
        }
        if let Some(line) = damaged {
            observer.warning(&format!(
                "{}:{line}: this table of sources is damaged and made anew; images that it does not tell of are fetched again",
                path.display()
            ));
        }
        let table = Table { entries, changed: damaged.is_some(), written: Instant::now(), cost: Duration::ZERO };
        Ok(Self { path, table: Mutex::new(table), adopts: damaged.is_none() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of an image.
    pub(crate) fn get(&self, id: &str) -> Option<Entry> {
        self.table().entries.get(id.to_lowercase().as_str())?.as_deref().cloned()
    }

    /// Whether the file of an image is taken for one of an earlier version.
    pub(crate) fn is_adopted(&self, id: &str) -> bool {
        self.adopts && !self.table().entries.contains_key(id.to_lowercase().as_str())
    }

    /// Enters an image that is about to be fetched.
    pub(crate) fn expect(&self, id: &str) {
        self.insert(id, None);
    }

    /// Enters what is known of an image now.
    pub(crate) fn set(&self, id: &str, entry: Entry) {
        self.insert(id, Some(Box::new(entry)));
    }

    fn insert(&self, id: &str, entry: Option<Box<Entry>>) {
        let mut table = self.table();
        table.entries.insert(id.to_lowercase().into(), entry);
        table.changed = true;
    }

    /// Writes the table, where it was changed.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn save(&self) -> Result<()> {
        self.write(&mut self.table())
    }

    /// Writes the table now and then.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn save_in_time(&self) -> Result<()> {
        let mut table = self.table();
        let interval = SHORTEST_INTERVAL.max(table.cost.saturating_mul(SHARE));
        if table.written.elapsed() >= interval { self.write(&mut table) } else { Ok(()) }
    }

    fn write(&self, table: &mut Table) -> Result<()> {
        if !table.changed {
            return Ok(());
        }
        let start = Instant::now();
        files::write_with(&self.path, |file| {
            let mut writer = csv::Writer::from_writer(file);
            let version = format!("{FIRST_HEADER}{VERSION})");
            let header = [version.as_str(), "source", "bytes", "sha256", "modified_ns", "validator", "fetched_s"];
            let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
            let written = writer.write_record(header).and_then(|()| {
                table.entries.iter().try_for_each(|(id, entry)| {
                    let Some(entry) = entry else { return writer.write_record([id, "", "", "", "", "", "0"]) };
                    let (bytes, modified) = (entry.bytes.to_string(), number(entry.modified));
                    let (sha256, fetched) = (entry.sha256.map(|it| hexadecimal(&it)), entry.fetched.to_string());
                    let sha256 = sha256.unwrap_or_default();
                    writer.write_record([id, &*entry.source, &bytes, &sha256, &modified, &entry.validator, &fetched])
                })
            });
            written
                .and_then(|()| writer.flush().map_err(csv::Error::from))
                .map_err(|cause| files::refused("cannot write", &self.path, cause.into()))
        })?;
        (table.changed, table.written, table.cost) = (false, Instant::now(), start.elapsed());
        Ok(())
    }
}

fn version_of(header: &Row) -> Option<u32> {
    header.cells().next()?.strip_prefix(FIRST_HEADER)?.strip_suffix(')')?.parse().ok()
}

/// The identifier and the entry of a row; `None` for a damaged one.
fn entry_of(row: &Row) -> Option<(Box<str>, Option<Box<Entry>>)> {
    let cells: Vec<&str> = row.cells().collect();
    let [id, source, bytes, sha256, modified, validator, fetched]: [&str; COLUMNS] = cells.try_into().ok()?;
    let number = |text: &str| text.parse::<u64>().ok();
    let optional = |text: &str| if text.is_empty() { Some(None) } else { number(text).map(Some) };
    (!id.is_empty()).then_some(())?;
    let (modified, fetched) = (optional(modified)?, number(fetched)?);
    let sha256 = if sha256.is_empty() { None } else { Some(digest_of(sha256)?) };
    let entry = optional(bytes)?.map(|bytes| Entry {
        source: source.into(),
        bytes,
        sha256,
        modified,
        validator: validator.into(),
        fetched,
    });
    Some((id.into(), entry.map(Box::new)))
}

/// The digest that hexadecimal digits give; `None` for a text that is none.
fn digest_of(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let is_digits = rest.is_empty() && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes.filter(|_| is_digits)?.try_into().ok()
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A time in nanoseconds since 1970; 0 for an earlier one.
pub(crate) fn nanoseconds(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_progress::Recorder;

    fn entry(source: &str) -> Entry {
        let file = Fetched { bytes: 5, sha256: "a".repeat(64), validator: "\"x, y\"".into() };
        Entry::fetched(source.into(), &file)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::default();
        let sources = Sources::read(folder.path(), &recorder).unwrap();
        sources.set("A", entry("http://x.org/a,b.jpg"));
        sources.set("b", Entry::copied("/pics/\"b\".jpg".into(), b"x", Some(7)));
        sources.expect("c");
        sources.save().unwrap();
        let again = Sources::read(folder.path(), &recorder).unwrap();
        assert_eq!(again.get("a"), sources.get("A"));
        assert_eq!(again.get("b"), sources.get("b"));
        assert_eq!((again.get("c"), again.is_adopted("c"), again.is_adopted("d")), (None, false, true));
        assert!(recorder.warnings().is_empty());
    }

    #[test]
    fn a_damaged_table_keeps_its_good_rows_and_a_later_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SOURCES_FILE);
        let recorder = Recorder::default();
        let sources = Sources::read(folder.path(), &recorder).unwrap();
        sources.set("a", entry("http://x.org/a.jpg"));
        sources.save().unwrap();
        let text = files::read_text(&path).unwrap();
        files::write(&path, format!("{text}b,http://x.org/b.jpg,12")).unwrap();
        let again = Sources::read(folder.path(), &recorder).unwrap();
        assert_eq!((again.get("a"), again.get("b"), again.is_adopted("b")), (sources.get("a"), None, false));
        assert!(recorder.warnings()[0].contains("image_sources.csv:3: this table of sources is damaged"));
        again.save().unwrap();
        assert_eq!(files::read_text(&path).unwrap(), text);
        files::write(&path, text.replace("version 1", "version 2")).unwrap();
        assert!(Sources::read(folder.path(), &recorder).unwrap_err().to_string().contains("a later version"));
    }
}
