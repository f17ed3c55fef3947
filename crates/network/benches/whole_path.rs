//! How much of the network's own rate is left when the images come from files: decoding, rescaling and the head are to
//! hide behind the backbone.
//!
//! Measured, in turns, on all threads: pixels in memory to pooled values; image files to descriptors, as `build-kdtree`
//! makes them; and image files, augmented as training does by default, to pooled values. The images are those of a folder, the first argument, or of the shared collection
//! (`SILKNOW_SHARED`); the depth is the second, resnet152 unless stated. Weights are random.

use std::path::PathBuf;
use std::time::Instant;

use silknow_config::{Architecture, Augmentation, DeviceChoice};
use silknow_image::{Loader, LoaderSettings, Request, Source, View};
use silknow_network::{Placement, Precision, StoredModel, WeightFile, frozen_backbone};
use silknow_progress::Silent;

const SIDE_PX: usize = 224;
const BATCH: usize = 32;
const IMAGES: usize = 192;
const ROUNDS: usize = 5;

fn files(folder: Option<String>) -> Vec<PathBuf> {
    let folder = folder.map(PathBuf::from).unwrap_or_else(|| {
        let shared = std::env::var_os("SILKNOW_SHARED").map_or_else(|| PathBuf::from("../../../shared"), PathBuf::from);
        shared.join("data/met-art/images")
    });
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|cause| panic!("{}: {cause}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort();
    files.truncate(IMAGES);
    files
}

fn seconds(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let files = files(arguments.next());
    let depth = arguments.next().map_or(Architecture::RESNET152, |depth| depth.parse().expect("a backbone"));
    let weights = WeightFile::random(depth, 1).expect("it is a known backbone");
    let threads = rayon::current_num_threads();
    println!("{depth}, {} files, {threads} threads, images/s", files.len());
    for &precision in Precision::ALL {
        let Ok(placement) = Placement::choose(DeviceChoice::Cpu, precision) else { continue };
        let backbone = frozen_backbone(&weights, depth, 0, SIDE_PX, &placement).expect("the weights fit");
        let model = StoredModel::untrained(&weights, depth, &[1024, 128], 1, SIDE_PX).expect("the weights fit");
        let model = model.open(&placement).expect("the model is whole");
        let pixels = vec![0.5; BATCH * 3 * SIDE_PX * SIDE_PX];
        let requests: Vec<Request> = files
            .iter()
            .map(|file| Request {
                source: Source::File(file.clone()),
                identity: file.display().to_string(),
                view: View::Augmented(0),
            })
            .collect();
        let (mut alone, mut whole, mut augmented) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            alone.push(seconds(|| {
                for first in (0..files.len()).step_by(BATCH) {
                    let images = BATCH.min(files.len() - first);
                    let values = backbone.run(&pixels[..images * 3 * SIDE_PX * SIDE_PX], images);
                    std::hint::black_box(values.expect("the pixels fit"));
                }
            }));
            whole.push(seconds(|| {
                let described = model.describe_files(&files, BATCH, threads, &Silent).expect("nobody interrupts");
                assert_eq!(described.kept.len(), files.len(), "a file could not be read");
            }));
            augmented.push(seconds(|| {
                let pipeline = model.pipeline().clone();
                let settings = LoaderSettings {
                    augmentation: Augmentation::default(),
                    ..LoaderSettings::plain(pipeline, BATCH, threads)
                };
                for batch in Loader::start(requests.clone(), settings) {
                    let values = backbone.run(&batch.pixels, batch.positions.len());
                    std::hint::black_box(values.expect("the pixels fit"));
                }
            }));
        }
        let ratio = |times: &[f64]| median(alone.iter().zip(times).map(|(alone, time)| alone / time).collect());
        let (of_whole, of_augmented) = (ratio(&whole), ratio(&augmented));
        let rate = |times| files.len() as f64 / median(times);
        println!("{precision:4}  network   {:7.2}", rate(alone));
        println!("      files     {:7.2}  ratio {of_whole:.3}", rate(whole));
        println!("      augmented {:7.2}  ratio {of_augmented:.3}", rate(augmented));
    }
}
