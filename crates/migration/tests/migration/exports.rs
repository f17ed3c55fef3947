//! Indexes for other tools.

use std::sync::Arc;

use silknow_index::{Classification, Index, IndexMeta, MemoryIndex};
use silknow_migration::{
    Descriptors, ToolboxIndex, read_faiss, read_results, write_faiss, write_parquet, write_projector,
    write_toolbox_index, write_toolbox_results,
};
use silknow_records::{LabelMatrix, Record, VocabularyBuilder};

use crate::data;

/// Three images: the second has no place, the third two techniques.
fn sample() -> (MemoryIndex, Vec<String>) {
    let mut classes = VocabularyBuilder::new(["place", "name"]);
    let records = [("a.jpg", "ES", "damask"), ("é b.jpg", "nan", "twill"), ("c\t.jpg", "FR", "damask")].map(
        |(name, place, weave)| {
            let mut record = Record::new(name, 2);
            record.labels = classes.labels_of([place, weave]);
            record
        },
    );
    let [first, second, mut third] = records;
    third.labels.set(1, &[1, 0]);
    let records: Vec<Arc<Record>> = [first, second, third].map(Arc::new).into();
    let names = records.iter().map(|record| record.name.clone()).collect();
    let descriptors = vec![1.0, 0.0, 0.6, -0.8, 0.0, 1.0];
    (MemoryIndex::new(classes.into_vocabulary(), records, descriptors, 2, IndexMeta::new("x")).unwrap(), names)
}

#[test]
fn a_flat_index_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let (index, _) = sample();
    let path = folder.path().join("a.faiss");
    write_faiss(&path, index.dims(), index.descriptors()).unwrap();
    assert_eq!(read_faiss(&path).unwrap(), Descriptors { dims: 2, values: index.descriptors().to_vec() });
    // FAISS 1.15 wrote this file: IndexFlatL2(2) with the same vectors.
    assert_eq!(std::fs::read(path).unwrap(), std::fs::read(data("small.faiss")).unwrap());
}

#[test]
fn a_parquet_file_is_the_one_that_pandas_and_duckdb_opened() {
    let folder = tempfile::tempdir().unwrap();
    let (index, names) = sample();
    let path = folder.path().join("a.parquet");
    write_parquet(&path, &index, &names).unwrap();
    // pandas 3.1 and DuckDB 2.0 opened this file.
    assert_eq!(std::fs::read(path).unwrap(), std::fs::read(data("small.parquet")).unwrap());
}

#[test]
fn the_tables_of_the_projector_have_a_row_an_image() {
    let folder = tempfile::tempdir().unwrap();
    let (index, names) = sample();
    let [vectors, metadata] = ["v.tsv", "m.tsv"].map(|name| folder.path().join(name));
    write_projector(&vectors, &metadata, &index, &names).unwrap();
    assert_eq!(std::fs::read_to_string(vectors).unwrap(), "1\t0\n0.6\t-0.8\n0\t1\n");
    let table = "name\tplace\tname\na.jpg\tES\tdamask\né b.jpg\tnan\ttwill\nc .jpg\tFR\tdamask___twill\n";
    assert_eq!(std::fs::read_to_string(metadata).unwrap(), table);
}

#[test]
fn the_old_layout_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let (index, names) = sample();
    let path = folder.path().join("kdtree.npz");
    write_toolbox_index(&path, &index, &names).unwrap();
    let read = ToolboxIndex::read(&path).unwrap();
    assert_eq!((&read.vocabulary, &read.names, read.dims), (index.vocabulary(), &names, 2));
    assert_eq!(read.descriptors, index.descriptors());
    let labels: Vec<_> = index.records().iter().map(|record| record.labels.clone()).collect();
    assert_eq!(read.labels, labels, "sets of classes too");

    let labels = |indices: &[i32]| LabelMatrix::from_indices(2, indices.to_vec()).unwrap();
    let results =
        Classification::from_labels(index.vocabulary().clone(), labels(&[0, 1, -1, 0]), labels(&[1, -1, 0, 0]))
            .unwrap();
    let path = folder.path().join("pred_gt.npz");
    write_toolbox_results(&path, &results).unwrap();
    assert_eq!(read_results(&path, None).unwrap(), results);
}
