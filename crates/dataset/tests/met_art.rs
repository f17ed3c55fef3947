//! The filters and the split on a real export of 2,092 works, against counts made with pandas.

use std::path::PathBuf;

use silknow_config::CreateDatasetParameters;
use silknow_dataset::catalogue::Catalogue;
use silknow_dataset::create::MASTER_FILE;
use silknow_dataset::{create_dataset, read_master};
use silknow_progress::Silent;
use silknow_records::object_key;
use silknow_test_support::shared;

/// The export in the shared folder; none where that is not there.
fn export() -> Option<PathBuf> {
    Some(shared("a_real_export_is_filtered_split_and_read_back")?.join("data/met-art/export.csv"))
}

#[test]
fn a_real_export_is_filtered_split_and_read_back() {
    let Some(export) = export() else { return };
    let folder = tempfile::tempdir().unwrap();
    let museums = ["european-paintings", "drawings-and-prints", "asian-art", "american-wing"];
    let parameters = CreateDatasetParameters {
        imgsavepath: folder.path().join("samples/data"),
        master_dir: folder.path().join("samples"),
        configuration_dir: folder.path().to_path_buf(),
        minnumsamples: 40,
        num_labeled: 1,
        retaincollections: museums.map(String::from).into(),
        ..CreateDatasetParameters::new(export)
    };
    let summary = create_dataset(&parameters, &Silent).unwrap();
    let first = &summary.before_fetching;
    assert_eq!((first.before, first.of_other_museums, first.small_classes.len(), first.after), (2092, 39, 21, 2053));
    assert_eq!((summary.samples, summary.images_failed, summary.after_fetching.small_classes.len()), (2053, 0, 0));
    let variables = summary.statistics.variables.iter();
    let known: Vec<(&str, usize, usize)> =
        variables.map(|v| (v.variable.as_str(), v.classes.len(), v.missing)).collect();
    let expected =
        [("place", 9, 125), ("timespan", 6, 129), ("material", 4, 468), ("technique", 8, 91), ("depiction", 8, 721)];
    assert_eq!(known, expected);
    let largest: Vec<(&str, usize)> =
        summary.statistics.variables.iter().map(|v| (v.classes[0].class.as_str(), v.classes[0].samples)).collect();
    let expected =
        [("FR", 439), ("nineteenth_century_(dates_CE)", 676), ("canvas", 638), ("oil", 850), ("landscape", 323)];
    assert_eq!(largest, expected);
    let museums: Vec<usize> = summary.statistics.museums.iter().map(|museum| museum.samples).collect();
    assert_eq!(museums, [200, 438, 510, 905]);

    let all = read_master(&parameters.master_dir, MASTER_FILE, None, &Silent).unwrap();
    assert_eq!(all.samples.len(), 2053);
    let objects: std::collections::BTreeSet<&str> =
        all.samples.iter().map(|sample| object_key(&sample.record.name)).collect();
    assert_eq!(objects.len(), 2053);
    assert!(
        summary.collection_samples.iter().all(|size| (408..=413).contains(size)),
        "{:?}",
        summary.collection_samples
    );
    let (vocabulary, labels) = (&all.vocabulary, all.labels());
    for (v, variable) in vocabulary.variables.iter().enumerate().take(5) {
        for class in 0..variable.classes.len() as i32 {
            let mut counts = [0usize; 5];
            for (index, sample) in all.samples.iter().enumerate() {
                counts[sample.collection] += usize::from(labels.row(index)[v] == class);
            }
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(
                most - least <= 2 + most / 10,
                "{} {}: {counts:?}",
                variable.name,
                variable.classes[class as usize]
            );
        }
    }
}

#[test]
fn the_materials_of_a_real_export_are_sets() {
    let Some(shared) = shared("the_materials_of_a_real_export_are_sets") else { return };
    let parameters = CreateDatasetParameters {
        multi_label_variables: Some(vec!["material".to_owned()]),
        ..CreateDatasetParameters::new(shared.join("data/met-art/export-sets.csv"))
    };
    let catalogue = Catalogue::of(&parameters, &Silent).unwrap();
    let material = &catalogue.vocabulary.variables[2];
    let (mut sizes, mut counts) = ([0; 8], vec![0; material.classes.len()]);
    for entry in &catalogue.entries {
        let classes = entry.labels.classes(2);
        sizes[classes.len()] += 1;
        classes.iter().for_each(|&class| counts[class as usize] += 1);
    }
    assert_eq!(sizes, [2, 152, 1232, 564, 134, 6, 1, 1]);
    assert_eq!(material.classes.len(), 16);
    let count = |name: &str| counts[material.classes.iter().position(|class| class == name).unwrap()];
    assert_eq!(["oil", "ink", "silk", "ivory"].map(count), [859, 823, 186, 3]);
}
