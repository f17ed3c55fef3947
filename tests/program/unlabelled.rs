//! A plain folder of images: nothing is known, and one can search, with no flag beyond the folder.

use crate::place::{JPEG, Place};

#[test]
fn a_plain_folder_is_indexed_and_searched() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("pictures")).unwrap();
    for number in 0..6u8 {
        let name = format!("pictures/{number}.png");
        let picture = silknow_image_retrieval::RgbImage::from_fn(64, 48, |x, y| {
            let on = (x / (3 + u32::from(number)) + y / 5).is_multiple_of(2);
            [if on { 220 } else { 30 + 20 * number }, 90, 10 * number].into()
        });
        picture.save(place.path().join(name)).unwrap();
    }
    place.write("pictures/same_as_0.png", std::fs::read(place.path().join("pictures/0.png")).unwrap());
    place.write("other.jpg", JPEG);

    let made = place.run(&["create-dataset", "--csvfile", "pictures"]);
    assert_eq!(made.code, Some(0), "{made}");
    assert!(made.stdout.contains("No label is known"), "{made}");
    assert!(made.stdout.contains("1 group of equal images (2 images)"), "{made}");
    let exists = |name: &str| place.path().join(name).exists();
    assert!(exists("Configuration_build_kDTree.txt") && exists("Configuration_get_kNN.txt"), "{made}");
    assert!(!exists("Configuration_train_model.txt") && !exists("Configuration_evaluate_model.txt"), "{made}");
    assert!(exists("samples/duplicates.csv") && exists("samples/duplicates.html"), "{made}");

    let built = place.run(&["build-kdtree", "--config", "Configuration_build_kDTree.txt"]);
    assert_eq!(built.code, Some(0), "{built}");
    assert!(built.stdout.starts_with("7 images with 512 values each"), "{built}");
    assert!(built.stdout.contains("untrained"), "{built}");

    let near = place.run(&["get-knn", "--config", "Configuration_get_kNN.txt", "--num_neighbors", "2"]);
    assert_eq!(near.code, Some(0), "{near}");
    assert!(!exists("output_files/kNN/pred_gt.npz"), "{near}");
    // What is left of earlier queries with labels would be taken for these.
    place.write("output_files/kNN/pred_gt.npz", "earlier");
    place.write("output_files/kNN/kNN_votes.csv", "earlier");
    let again = place.run(&["get-knn", "--config", "Configuration_get_kNN.txt", "--num_neighbors", "2"]);
    for file in ["pred_gt.npz", "kNN_votes.csv"] {
        let said = format!(
            "warning: `./output_files/kNN/{file}` was of earlier queries and does not fit these: it is removed"
        );
        assert!(again.stderr.contains(&said) && !exists(&format!("output_files/kNN/{file}")), "{again}");
    }
    let list = std::fs::read_to_string(place.path().join("output_files/kNN/knn_list.txt")).unwrap();
    assert!(list.contains("k nearest neighbours") && !list.contains("Predictions"), "{list}");

    let folders = ["--treepath", "output_files/kDTree", "--model_path", "output_files/Default"];
    let search = [&["search", "pictures/3.png", "--num_neighbors", "2", "--html", "found.html"], &folders[..]].concat();
    let found = place.run(&search);
    assert_eq!(found.code, Some(0), "{found}");
    assert!(found.stdout.contains("img/3.jpg") && !found.stdout.contains('['), "{found}");
    let page = std::fs::read_to_string(place.path().join("found.html")).unwrap();
    assert!(!page.contains("predicted"), "{page}");

    let evaluated = place.run(&["evaluate-model", "--pred_gt_path", "output_files/kNN", "--result_path", "e"]);
    assert_eq!(evaluated.code, Some(3), "{evaluated}");
    assert!(evaluated.stderr.contains("there is nothing to evaluate"), "{evaluated}");
}

#[test]
fn groups_that_descriptors_find_stay_in_one_collection() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("pictures")).unwrap();
    // Six motifs that have nothing in common.
    let motif = |number: usize, x: i32, y: i32| {
        let on = match number {
            0 => x / 9 % 2 == 0,
            1 => (x - 45).pow(2) + (y - 35).pow(2) < 700,
            2 => (x / 5 + y / 5) % 2 == 0,
            3 => x > y,
            4 => (70 * x - 90 * y).abs() < 500 || (70 * (90 - x) - 90 * y).abs() < 500,
            _ => (x * 31 + y * 17).wrapping_mul(-1_640_531_535) > 0,
        };
        [[[220, 40, 40], [20, 60, 120], [10; 3], [90, 160, 30], [30, 110, 40], [200, 0, 200]][number], [250, 230, 200]]
            [usize::from(on)]
    };
    let painted = |number: usize, border: u32| {
        silknow_image_retrieval::RgbImage::from_fn(90 + 2 * border, 70 + 2 * border, |x, y| {
            let is_inside = (border..90 + border).contains(&x) && (border..70 + border).contains(&y);
            if is_inside { motif(number, (x - border) as i32, (y - border) as i32).into() } else { [255; 3].into() }
        })
    };
    for number in 0..6 {
        painted(number, 0).save(place.path().join(format!("pictures/{number}.png"))).unwrap();
    }
    // A border changes every part of the picture that pixels are compared in.
    painted(1, 8).save(place.path().join("pictures/bordered.png")).unwrap();
    let create = ["create-dataset", "--csvfile", "pictures"];
    let made = place.run(&create);
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    assert!(!read("samples/duplicates.csv").contains("bordered"), "{made}");

    let build = ["build-kdtree", "--config", "Configuration_build_kDTree.txt", "--group_distance", "0.45"];
    let built = place.run(&build);
    assert_eq!(built.code, Some(0), "{built}");
    let list = read("output_files/kDTree/descriptor_groups.csv");
    assert!(built.stdout.contains("1 group of near images (2 images) in"), "{built}{list}");
    for image in ["1", "bordered"] {
        let row = format!("1,near,../../samples/data/img/{image}.jpg,");
        assert!(list.lines().any(|line| line.starts_with(&row)), "{list}");
    }
    assert!(read("output_files/kDTree/descriptor_groups.html").contains("Images with near descriptors"));

    let groups = ["--groups", "output_files/kDTree/descriptor_groups.csv"];
    let kept = place.run(&[&create[..], &groups].concat());
    assert!(kept.stdout.contains("1 group of stated images (2 images)"), "{kept}");
    let list = read("samples/duplicates.csv");
    assert!(list.contains("stated") && list.contains("bordered"), "{list}");
    let of_two: Vec<usize> = (1..=5)
        .filter(|part| {
            let collection = read(&format!("samples/collection_{part}.txt"));
            ["img/1.jpg", "img/bordered.jpg"].iter().any(|image| collection.contains(image))
        })
        .collect();
    assert_eq!(of_two.len(), 1, "{kept}");

    // An index without groups does not keep those of another one.
    let built = place.run(&build[..3]);
    assert!(built.stderr.contains("was of an earlier index and is removed"), "{built}");
    assert!(!place.path().join("output_files/kDTree/descriptor_groups.csv").exists());
}
