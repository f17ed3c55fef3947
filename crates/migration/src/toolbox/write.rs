//! The old layout of the toolbox's files, for readers of then: class names instead of indices, everything in one pickle.

use std::path::Path;

use silknow_arrays::npz;
use silknow_errors::Result;
use silknow_index::{Classification, Index, MemoryIndex};
use silknow_records::{LabelMatrix, Variable, Vocabulary};

use crate::pickle::Writer;

/// Writes an index as the old toolbox did, with the images called by `names`. Where the toolbox had a kd-tree of scikit-learn,
/// which opens in the version alone that wrote it, stand the descriptors as an array: `KDTree(index["Tree"])` makes the tree.
///
/// # Errors
/// What the file system refuses.
pub fn write_toolbox_index(path: impl AsRef<Path>, index: &MemoryIndex, names: &[String]) -> Result<()> {
    let variables = &index.vocabulary().variables;
    let classes = |record: usize, variable: usize| {
        let labels = index.records()[record].labels.classes(variable);
        let names = labels.iter().map(|&class| variables[variable].class_name(class));
        if labels.is_empty() { vec![silknow_records::MISSING_NAME] } else { names.collect() }
    };
    let pickle = Writer::pickle(|writer| {
        writer.dict(|writer| {
            writer.text("Tree");
            writer.number_array(&[index.len(), index.dims()], index.descriptors());
            writer.text("Labels");
            writer.list(|writer| {
                for record in 0..index.len() {
                    writer.list(|writer| {
                        (0..variables.len()).for_each(|variable| writer.texts(classes(record, variable)))
                    });
                }
            });
            writer.text("DictTrain");
            writer.dict(|writer| {
                for (record, name) in names.iter().enumerate() {
                    writer.text(name);
                    writer.dict(|writer| {
                        for (variable, Variable { name, .. }) in variables.iter().enumerate() {
                            writer.text(name);
                            writer.texts(classes(record, variable));
                        }
                    });
                }
            });
            writer.text("relevant_variables");
            writer.texts(variables.iter().map(|variable| variable.name.as_str()));
            writer.text("label2class_list");
            writer.list(|writer| class_arrays(writer, index.vocabulary()));
        });
    });
    npz::write_pickle(path, &pickle)
}

/// Writes results as the old toolbox did. It named no images. Of a set of classes it has the lowest, as it knew no sets.
///
/// # Errors
/// What the file system refuses.
pub fn write_toolbox_results(path: impl AsRef<Path>, results: &Classification) -> Result<()> {
    let variables = results.vocabulary.len();
    let names = |labels: &LabelMatrix| -> Vec<&str> {
        let cells = labels.indices().iter().enumerate();
        cells.map(|(at, &class)| results.vocabulary.class_name(at % variables, class)).collect()
    };
    let pickle = Writer::pickle(|writer| {
        writer.dict(|writer| {
            for (key, labels) in [("Groundtruth", &results.truth), ("Predictions", &results.predictions)] {
                writer.text(key);
                writer.text_array(&[labels.len(), variables], &names(labels));
            }
            writer.text("label2class_list");
            writer.objects(&[variables], |writer| writer.list(|writer| class_arrays(writer, &results.vocabulary)));
        });
    });
    npz::write_pickle(path, &pickle)
}

/// Per variable an array of its name and its classes.
fn class_arrays(writer: &mut Writer, vocabulary: &Vocabulary) {
    for variable in &vocabulary.variables {
        let row: Vec<&str> = std::iter::once(&variable.name).chain(&variable.classes).map(String::as_str).collect();
        writer.text_array(&[row.len()], &row);
    }
}
