//! Loading ahead: order, equality with loading one by one, failures, and ending early.

use std::path::Path;

use image::Rgb;
use rand::RngExt;
use silknow_config::Augmentation;
use silknow_image::{Batch, Loader, LoaderSettings, Pipeline, Request, RgbImage, Source, View, decode, save, view_rng};

fn pipeline() -> Pipeline {
    Pipeline { input_size: 16, ..Pipeline::default() }
}

fn augmentation() -> Augmentation {
    Augmentation { random_crop: [0.7, 1.0], random_rotation90: true, gaussian_noise: 0.01, ..Augmentation::none() }
}

/// `count` requests for pictures of different sizes in `folder`, every third view plain.
fn requests(folder: &Path, count: u32) -> Vec<Request> {
    (0..count)
        .map(|number| {
            let identity = format!("{number}.png");
            let path = folder.join(&identity);
            let mut rng = view_rng(0, &identity, 0);
            let side = |number: u32| 8 + number * 7 % 90;
            save(&RgbImage::from_fn(side(number), side(number + 1), |_, _| Rgb(rng.random())), &path).unwrap();
            let view = if number % 3 == 0 { View::Plain } else { View::Augmented(u64::from(number)) };
            Request { source: Source::File(path), identity, view }
        })
        .collect()
}

fn settings(batch_size: usize, threads: usize) -> LoaderSettings {
    LoaderSettings { batch_size, threads, pipeline: pipeline(), augmentation: augmentation(), seed: 5 }
}

fn load(requests: &[Request], batch_size: usize, threads: usize) -> Vec<Batch> {
    Loader::start(requests.to_vec(), settings(batch_size, threads)).collect()
}

fn one_by_one(folder: &Path, requests: &[Request]) -> Vec<f32> {
    let mut pixels = vec![0.0; requests.len() * pipeline().values_per_image()];
    for (request, out) in requests.iter().zip(pixels.chunks_exact_mut(pipeline().values_per_image())) {
        let image = decode(folder.join(&request.identity)).unwrap();
        pipeline().view(&image, request.view, &augmentation(), 5, &request.identity, out);
    }
    pixels
}

#[test]
fn decoded_images_give_what_their_files_give() {
    let folder = tempfile::tempdir().unwrap();
    let requests = requests(folder.path(), 7);
    let pixels = |request: &Request| Source::Pixels(decode(folder.path().join(&request.identity)).unwrap().into());
    let decoded: Vec<_> = requests.iter().map(|it| Request { source: pixels(it), ..it.clone() }).collect();
    let values = |requests| load(requests, 3, 2).into_iter().flat_map(|batch| batch.pixels).collect::<Vec<_>>();
    assert!(values(&decoded) == values(&requests), "the pixels of files and of decoded images differ");
}

#[test]
fn batches_hold_what_loading_one_by_one_gives_in_order_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let requests = requests(folder.path(), 23);
    let expected = one_by_one(folder.path(), &requests);
    for (batch_size, threads) in [(1, 1), (4, 1), (4, 3), (7, 8), (23, 2), (100, 2)] {
        let batches = load(&requests, batch_size, threads);
        assert_eq!(batches.len(), requests.len().div_ceil(batch_size));
        assert!(batches.iter().enumerate().all(|(number, batch)| batch.first == number * batch_size));
        let positions: Vec<usize> = batches.iter().flat_map(|batch| batch.positions.clone()).collect();
        assert_eq!(positions, (0..23).collect::<Vec<_>>());
        let pixels: Vec<f32> = batches.into_iter().flat_map(|batch| batch.pixels).collect();
        assert!(pixels == expected, "batches of {batch_size} on {threads} threads differ");
    }
}

#[test]
fn a_failing_image_is_listed_and_spoils_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut requests = requests(folder.path(), 6);
    std::fs::write(folder.path().join("2.png"), "<html>").unwrap();
    requests[5].source = Source::File(folder.path().join("absent.jpg"));
    let batches = load(&requests, 3, 2);
    assert_eq!(batches[0].positions, [0, 1]);
    assert_eq!(batches[1].positions, [3, 4]);
    assert_eq!((batches[0].failures[0].0, batches[1].failures[0].0), (2, 5));
    assert!(batches[0].failures[0].1.to_string().contains("2.png: a page of HTML"));
    assert!(batches[1].failures[0].1.to_string().contains("absent.jpg"));
    assert!(batches[0].pixels == one_by_one(folder.path(), &requests[..2]));
    assert!(batches[1].pixels == one_by_one(folder.path(), &requests[3..5]));
}

#[test]
fn no_requests_give_no_batches() {
    assert!(load(&[], 4, 3).is_empty());
}

#[test]
fn a_batch_size_and_a_number_of_threads_of_zero_count_as_one() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(load(&requests(folder.path(), 2), 0, 0).len(), 2);
}

#[test]
fn dropping_the_loader_early_ends_its_threads() {
    let folder = tempfile::tempdir().unwrap();
    let requests = requests(folder.path(), 40);
    for taken in 0..4 {
        let mut loader = Loader::start(requests.clone(), settings(3, 4));
        assert_eq!(loader.by_ref().take(taken).count(), taken);
        // Dropping joins the threads: this test ends only if they do.
        drop(loader);
    }
}

#[test]
fn work_ahead_is_bounded_by_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let mut requests = requests(folder.path(), 60);
    let mut loader = Loader::start(std::mem::take(&mut requests), settings(5, 2));
    let first = loader.next().unwrap();
    assert_eq!(first.positions.len(), 5);
    // Ten were taken or may be under way; the twentieth picture was not opened yet, so it can still be removed.
    std::fs::remove_file(folder.path().join("20.png")).unwrap();
    let failed: Vec<usize> = loader.flat_map(|batch| batch.failures).map(|(position, _)| position).collect();
    assert_eq!(failed, [20]);
}
