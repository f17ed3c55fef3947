//! Thumbnails, which are kept in memory up to a limit.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use silknow_image_retrieval::{Result, SmallPicture, decode};

/// The sizes that are made, in pixels of the longer side. A request gets the smallest that is not below what it asks for.
const SIZES_PX: [u32; 5] = [96, 160, 320, 640, 1280];

/// The size where a request asks for none.
const DEFAULT_PX: u32 = 320;

/// Thumbnails that were made before.
#[derive(Debug)]
pub(crate) struct Thumbnails {
    most_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_file: HashMap<Key, Arc<[u8]>>,
    /// In the order in which they were made.
    order: VecDeque<Key>,
    bytes: usize,
}

/// The file with its time of change in nanoseconds, and the size.
type Key = (PathBuf, u128, u32);

impl Thumbnails {
    pub fn new(most_bytes: usize) -> Self {
        Self { most_bytes, kept: Mutex::default() }
    }

    /// The thumbnail of an image file as JPEG.
    ///
    /// # Errors
    /// A file that is not there or is no picture.
    pub fn get(&self, file: &Path, size_px: Option<u32>) -> Result<Arc<[u8]>> {
        let wanted = size_px.unwrap_or(DEFAULT_PX);
        let size = SIZES_PX.into_iter().find(|&size| size >= wanted).unwrap_or(SIZES_PX[SIZES_PX.len() - 1]);
        let key = (file.to_path_buf(), changed(file), size);
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().by_file.get(&key) {
            return Ok(Arc::clone(known));
        }
        let made: Arc<[u8]> = SmallPicture::of(&decode(file)?, size)?.jpeg.into();
        lock().keep(key, Arc::clone(&made), self.most_bytes);
        Ok(made)
    }
}

impl Kept {
    fn keep(&mut self, key: Key, made: Arc<[u8]>, most_bytes: usize) {
        if made.len() > most_bytes {
            return;
        }
        self.bytes += made.len();
        match self.by_file.insert(key.clone(), made) {
            // Another request made it at the same time.
            Some(before) => self.bytes -= before.len(),
            None => self.order.push_back(key),
        }
        while self.bytes > most_bytes {
            let Some(oldest) = self.order.pop_front() else { return };
            self.bytes -= self.by_file.remove(&oldest).map_or(0, |gone| gone.len());
        }
    }
}

/// When a file was changed last, in nanoseconds since 1970; 0 where that is not known.
fn changed(file: &Path) -> u128 {
    let time = std::fs::metadata(file).and_then(|about| about.modified()).ok();
    time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_thumbnails_make_room() {
        let mut kept = Kept::default();
        let key = |name: &str| (PathBuf::from(name), 0, 96);
        for name in ["a", "b", "b", "c"] {
            kept.keep(key(name), vec![0; 40].into(), 100);
        }
        assert_eq!((kept.bytes, kept.order.len()), (80, 2));
        assert!(!kept.by_file.contains_key(&key("a")) && kept.by_file.contains_key(&key("c")));
        kept.keep(key("large"), vec![0; 101].into(), 100);
        assert_eq!(kept.by_file.len(), 2);
    }
}
