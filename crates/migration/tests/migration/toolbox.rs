//! Indexes and results of the old toolbox, written with scikit-learn and NumPy of several years.

use std::path::Path;

use silknow_index::{IndexMeta, MemoryIndex};
use silknow_migration::{ToolboxIndex, is_of_toolbox, read_results};

use crate::data;

/// Protocols 2, 3 and 4, and the modules of several versions.
const WRITERS: [&str; 4] = ["protocol2", "protocol4", "old_protocol3", "sklearn1.1.3_numpy1.23.5"];

#[test]
fn an_index_of_every_writer_is_the_same() {
    let descriptors = std::fs::read(data("kdtree_descriptors.f32")).unwrap();
    let descriptors: Vec<f32> = descriptors.as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
    let old = ToolboxIndex::read(data("kdtree_old_protocol3.npz")).unwrap();
    assert_eq!((old.dims, old.descriptors[0], old.descriptors[27]), (4, 0.579_968_63, -0.069_260_42));
    for writer in WRITERS {
        let path = data(&format!("kdtree_{writer}.npz"));
        assert!(is_of_toolbox(&path).unwrap());
        let index = ToolboxIndex::read(path).unwrap();
        let expected = if writer.starts_with("protocol") { &descriptors } else { &old.descriptors };
        assert_eq!(&index.descriptors, expected, "{writer}");
        assert_eq!(index.vocabulary.names(), ["place", "technique"]);
        assert_eq!(index.vocabulary.variables[0].classes, ["ES", "FR", "IT"]);
        assert_eq!(index.vocabulary.variables[1].classes, ["damask", "printed_fabric", "tabby", "velvet"]);
        let labels: Vec<_> = index.labels.iter().flat_map(|labels| labels.lowest().to_vec()).collect();
        assert_eq!(labels, [0, 0, 1, 3, -1, 0, 2, -1, 0, 2, 1, 0, 2, 3]);
        assert_eq!(index.names[0], "samples/data/img/garin__o0__0.jpg");
        assert_eq!(index.names[6], "samples/data/img/garin__o3__6.jpg");
    }
}

#[test]
fn an_imported_index_is_written_and_read_and_names_the_images_that_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (root, out) = (folder.path().join("toolbox"), folder.path().join("index"));
    std::fs::create_dir_all(root.join("samples/data/img")).unwrap();
    std::fs::create_dir_all(&out).unwrap();
    std::fs::write(root.join("samples/data/img/garin__o1__2.jpg"), "").unwrap();
    let index = ToolboxIndex::read(data("kdtree_protocol2.npz")).unwrap();
    let imported = index.import(&root, &out, IndexMeta::new("of-the-toolbox")).unwrap();
    assert_eq!(imported.missing.len(), 6);
    assert_eq!(imported.missing[0], Path::new(&root).join("samples/data/img/garin__o0__0.jpg"));
    imported.index.write(&out).unwrap();
    let read = MemoryIndex::read(&out).unwrap();
    assert_eq!(read.records()[2].name, "../toolbox/samples/data/img/garin__o1__2.jpg");
    assert_eq!(&*read.records()[2].object.id, "o1");
    assert_eq!(read.descriptors(), imported.index.descriptors());
    let message = ToolboxIndex::read(out.join("kdtree.npz")).unwrap_err().to_string();
    assert!(message.contains("not of the Python toolbox"), "{message}");
}

#[test]
fn results_of_every_writer_are_the_same_and_cut_names_of_variables_are_completed() {
    for writer in WRITERS {
        let results = read_results(data(&format!("pred_gt_{writer}.npz")), None).unwrap();
        assert_eq!(results.vocabulary.names(), ["place", "technique"], "the file says `pl`");
        assert_eq!(results.truth.indices(), [0, 0, 1, 3, -1, 0, 2, -1, 0, 2, 1, 0, 2, 3], "{writer}");
        assert_eq!(results.predictions.indices(), [0, 0].repeat(7), "{writer}");
    }
    let names = ["colour".to_owned(), "weave".to_owned()];
    let results = read_results(data("pred_gt_protocol2.npz"), Some(&names)).unwrap();
    assert_eq!(results.vocabulary.names(), names);
    let message = read_results(data("pred_gt_protocol2.npz"), Some(&names[..1])).unwrap_err().to_string();
    assert!(message.contains("has 2 variables, and 1 are named: colour"), "{message}");
}

#[test]
fn a_file_of_the_other_kind_says_what_is_missing() {
    let message = ToolboxIndex::read(data("pred_gt_protocol2.npz")).unwrap_err().to_string();
    assert!(message.contains("the entry `Tree` is missing; there are Groundtruth, Predictions"), "{message}");
    let message = read_results(data("kdtree_protocol2.npz"), None).unwrap_err().to_string();
    assert!(message.contains("the entry `Groundtruth` is missing"), "{message}");
}
