//! The store with a backbone that counts, on small pictures.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use silknow_image::{decode, save};
use silknow_progress::{Recorder, Silent, StopAfter};

use super::*;

const SIDE_PX: usize = 8;

/// Hands on the first four pixels of each colour, and counts images.
struct Counting(Arc<AtomicUsize>);

impl FrozenBackbone for Counting {
    fn feature_shape(&self) -> FeatureShape {
        FeatureShape { channels: 3, height: 2, width: 2 }
    }

    fn run(&self, pixels: &[f32], n: usize) -> Result<Vec<f32>> {
        self.0.fetch_add(n, Ordering::Relaxed);
        let colours = pixels.chunks_exact(SIDE_PX * SIDE_PX);
        Ok(colours.flat_map(|colour| &colour[..4]).copied().collect())
    }
}

fn pictures(folder: &Path, count: usize) -> Vec<SourceImage> {
    let picture = |number: usize| {
        let path = folder.join(format!("{number}.png"));
        let picture = RgbImage::from_fn(16, 16, |x, y| image::Rgb([x as u8 * 9, y as u8 * 7, number as u8 * 20]));
        save(&picture, &path).unwrap();
        SourceImage::file(path, format!("{number}.png"))
    };
    (0..count).map(picture).collect()
}

fn settings(folder: &Path) -> StoreSettings {
    StoreSettings {
        pipeline: Pipeline { input_size: SIDE_PX, ..Pipeline::default() },
        augmentation: Augmentation::default(),
        augmented_views: 0,
        seed: 1,
        shared: false,
        memory_limit_bytes: DEFAULT_MEMORY_LIMIT_BYTES,
        spill_folder: folder.join("logs"),
    }
}

fn store(images: Vec<SourceImage>, settings: StoreSettings) -> (FeatureStore, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    (FeatureStore::new(images, Box::new(Counting(Arc::clone(&count))), settings), count)
}

fn prepared(store: &mut FeatureStore, wanted: &[SampleView]) -> Vec<f32> {
    store.prepare(wanted, &Silent).unwrap();
    store.read(wanted).unwrap()
}

#[test]
fn the_backbone_sees_an_image_and_view_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, count) = store(pictures(folder.path(), 3), settings(folder.path()));
    let plain = [(0, View::Plain), (1, View::Plain), (0, View::Plain)];
    let first = prepared(&mut store, &plain);
    assert_eq!(first.len(), 3 * 12);
    assert_eq!(first[..12], first[24..]);
    assert_ne!(first[..12], first[12..24]);
    assert_eq!(prepared(&mut store, &plain), first);
    let other = prepared(&mut store, &[(0, View::Augmented(0))]);
    assert_ne!(other, first[..12]);
    assert_eq!((count.load(Ordering::Relaxed), store.backbone_images()), (3, 3));
}

#[test]
fn draws_become_views_as_the_settings_say() {
    let folder = tempfile::tempdir().unwrap();
    let with = |augmentation: Augmentation, augmented_views| {
        let settings = StoreSettings { augmentation, augmented_views, ..settings(folder.path()) };
        let (store, _) = store(Vec::new(), settings);
        [0, 1, 2, 3].map(|epoch| store.training_view(epoch))
    };
    use View::{Augmented, Plain};
    assert_eq!(with(Augmentation::none(), 2), [Plain; 4]);
    assert_eq!(with(Augmentation::default(), 0), [0, 1, 2, 3].map(Augmented));
    assert_eq!(with(Augmentation::default(), 2), [0, 1, 0, 1].map(Augmented));
}

#[test]
fn features_beyond_the_memory_limit_go_to_disk_and_come_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let images = pictures(folder.path(), 6);
    let wanted: Vec<SampleView> = (0..6).map(|sample| (sample, View::Augmented(3))).collect();
    let (mut roomy, _) = store(images.clone(), settings(folder.path()));
    let (mut tight, count) = store(images, StoreSettings { memory_limit_bytes: 100, ..settings(folder.path()) });
    let expected = prepared(&mut roomy, &wanted);
    assert_eq!(prepared(&mut tight, &wanted), expected);
    assert_eq!(tight.memory_bytes, 96);
    tight.release(&wanted);
    assert_eq!(tight.memory_bytes, 0);
    assert_eq!(prepared(&mut tight, &wanted), expected);
    assert_eq!(count.load(Ordering::Relaxed), 12);
    drop(tight);
    assert_eq!(std::fs::read_dir(folder.path().join("logs")).unwrap().count(), 0);
}

#[test]
fn what_another_training_will_draw_is_not_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let images = pictures(folder.path(), 2);
    for (shared, augmented_views, kept) in [(false, 0, false), (true, 0, true), (false, 3, true)] {
        let settings = StoreSettings { shared, augmented_views, ..settings(folder.path()) };
        let (mut store, count) = store(images.clone(), settings);
        let wanted = [(0, View::Augmented(0)), (1, View::Plain)];
        prepared(&mut store, &wanted);
        store.release(&wanted);
        prepared(&mut store, &wanted);
        assert_eq!(count.load(Ordering::Relaxed), if kept { 2 } else { 3 });
    }
}

#[test]
fn an_unreadable_image_is_reported_once_and_spoils_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let images = pictures(folder.path(), 3);
    std::fs::write(folder.path().join("1.png"), "no picture").unwrap();
    let (mut store, _) = store(images, settings(folder.path()));
    let recorder = Recorder::default();
    let wanted = [(0, View::Plain), (1, View::Plain), (2, View::Plain), (1, View::Augmented(0))];
    store.prepare(&wanted[..3], &recorder).unwrap();
    store.prepare(&wanted, &recorder).unwrap();
    let warnings = recorder.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("1.png"), "{warnings:?}");
    assert!(store.unreadable(1).is_some() && store.unreadable(0).is_none());
    assert_eq!(store.read(&[wanted[0], wanted[2]]).unwrap().len(), 24);
    assert!(store.read(&wanted[..2]).unwrap_err().to_string().contains("cannot be read any more"));
}

#[test]
fn an_interruption_keeps_what_was_computed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, count) = store(pictures(folder.path(), 1), settings(folder.path()));
    prepared(&mut store, &[(0, View::Plain)]);
    let wanted = [(0, View::Plain), (0, View::Augmented(0))];
    assert!(store.prepare(&wanted, &StopAfter::questions(0)).unwrap_err().is_interruption());
    prepared(&mut store, &wanted);
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[test]
fn pictures_in_memory_give_the_features_of_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let files = pictures(folder.path(), 3);
    let in_memory = files.iter().map(|image| {
        let pixels = decode(folder.path().join(&image.identity)).unwrap();
        SourceImage::pixels(pixels, image.identity.clone())
    });
    let wanted = [(0, View::Plain), (2, View::Augmented(1)), (1, View::Augmented(0))];
    let (mut of_memory, _) = store(in_memory.collect(), settings(folder.path()));
    let (mut of_files, _) = store(files, settings(folder.path()));
    assert_eq!(prepared(&mut of_memory, &wanted), prepared(&mut of_files, &wanted));
}

#[test]
fn the_second_view_is_another_one_and_fixed_views_all_meet() {
    let folder = tempfile::tempdir().unwrap();
    let store_of = |augmented_views, augmentation| {
        let settings = StoreSettings { augmented_views, augmentation, ..settings(folder.path()) };
        store(pictures(folder.path(), 1), settings).0
    };
    assert_eq!(store_of(0, Augmentation::none()).second_view(0), None);
    for views in 0..5 {
        let store = store_of(views, Augmentation::default());
        let pairs: HashSet<(Key, Key)> = (0..20)
            .map(|epoch| (key((0, store.training_view(epoch))), key((0, store.second_view(epoch).unwrap()))))
            .collect();
        assert!(pairs.iter().all(|(first, second)| first != second));
        let distinct: HashSet<Key> = pairs.iter().flat_map(|&(first, second)| [first, second]).collect();
        // New views for every draw; the plain view beside a single fixed one; every ordered pair of several.
        let (expected_pairs, expected_views) = match views {
            0 => (20, 40),
            1 => (1, 2),
            views => (views * (views - 1), views),
        };
        assert_eq!((pairs.len(), distinct.len()), (expected_pairs, expected_views), "{views} views");
    }
}
