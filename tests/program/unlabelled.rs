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
