//! Descriptors of other programs, with a table of the images that they are of.

use std::io::Read;
use std::path::Path;

use silknow_arrays::npz::{self, Elements};
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_index::IndexMeta;
use silknow_records::rows::Rows;
use silknow_records::{Labels, VocabularyBuilder};

use crate::faiss::{self, Descriptors};
use crate::toolbox::{ImportedIndex, import};

/// The first bytes of a NumPy array.
const NPY_SIGNATURE: &[u8] = b"\x93NUMPY";

/// Reads descriptors from a flat index of FAISS or a NumPy array `[N, D]`. None where the file is of another kind.
///
/// # Errors
/// A missing or damaged file, an array that is no matrix of floating-point numbers.
pub fn read_descriptors(path: impl AsRef<Path>) -> Result<Option<Descriptors>> {
    let path = path.as_ref();
    let mut first = Vec::new();
    let read = files::open(path)?.take(NPY_SIGNATURE.len() as u64).read_to_end(&mut first);
    read.map_err(|cause| files::refused("cannot read", path, cause))?;
    if faiss::is_flat(&first) {
        return faiss::read_faiss(path).map(Some);
    }
    if first != NPY_SIGNATURE {
        return Ok(None);
    }
    let array = npz::read_npy(path)?;
    match (array.shape.as_slice(), array.elements) {
        (&[_, dims], Elements::F32(values)) => Ok(Some(Descriptors { dims, values })),
        (shape, _) => Err(Error::data(format!("the array of shape {shape:?} is no matrix of floating-point numbers"))
            .in_file(path)
            .hint("one row a descriptor, float32 or float64")),
    }
}

/// An index of descriptors and the table of their images: the first column names the image, further columns are variables
/// with their labels. A list of names alone needs no header.
///
/// # Errors
/// A table with another number of rows, columns without or with equal headers, descriptors that are no numbers.
pub fn import_descriptors(
    descriptors: Descriptors,
    table: &Path,
    (images_root, folder): (&Path, &Path),
    meta: IndexMeta,
) -> Result<ImportedIndex> {
    let Descriptors { dims, values } = descriptors;
    let count = values.len() / dims.max(1);
    let rows = Rows::sniffed(files::open(table)?, &[]).map_err(|error| error.in_file(table))?;
    let mut rows = rows.collect::<Result<Vec<_>>>().map_err(|error| error.in_file(table))?;
    let columns = rows.first().map_or(0, |row| row.len());
    let header = if columns == 1 && rows.len() == count || rows.is_empty() { None } else { Some(rows.remove(0)) };
    if rows.len() != count {
        return Err(Error::data(format!("{count} descriptors have a table of {} images", rows.len()))
            .in_file(table)
            .hint("one row an image, in the order of the descriptors, under one header line"));
    }
    let mut variables: Vec<String> = Vec::new();
    for cell in header.iter().flat_map(|header| header.cells().skip(1)) {
        let name = cell.trim().trim_start_matches('#').to_owned();
        if name.is_empty() || variables.contains(&name) {
            return Err(Error::data(format!("the table has a column called `{name}` that is empty or there before"))
                .in_file(table)
                .at_line(1));
        }
        variables.push(name);
    }
    let mut classes = VocabularyBuilder::new(variables);
    let (mut names, mut labels) = (Vec::new(), Vec::new());
    for row in &rows {
        row.check_length(columns).map_err(|error| error.in_file(table))?;
        names.push(row.cell(0).trim().to_owned());
        labels.push(classes.labels_of(row.cells().skip(1).take(columns - 1)));
    }
    let (vocabulary, sorted) = classes.into_sorted();
    let labels: Vec<Labels> = labels.iter().map(|labels| sorted.apply(labels)).collect();
    import(vocabulary, names, labels, (values, dims), (images_root, folder), meta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::survive_damage_on_disk;
    use silknow_arrays::npz::Array;

    fn import_table(table: &str) -> Result<ImportedIndex> {
        let folder = tempfile::tempdir().unwrap();
        let (array, list) = (folder.path().join("d.npy"), folder.path().join("d.csv"));
        npz::write_npy(&array, &Array::f32([2, 3], vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0])).unwrap();
        std::fs::write(&list, table).unwrap();
        let descriptors = read_descriptors(&array).unwrap().unwrap();
        import_descriptors(descriptors, &list, (folder.path(), folder.path()), IndexMeta::new("x"))
    }

    #[test]
    fn a_table_gives_names_and_labels_and_a_list_gives_names() {
        let imported = import_table("image;#place;weave\na.jpg;ES;twill\nb.jpg;nan;damask\n").unwrap();
        assert_eq!(imported.index.records()[1].name, "b.jpg");
        assert_eq!(imported.index.labels().indices(), [0, 1, -1, 0]);
        assert_eq!(imported.missing.len(), 2);
        let listed = import_table("a.jpg\nb.jpg\n").unwrap();
        assert_eq!((listed.index.records()[0].name.as_str(), listed.index.labels().variables()), ("a.jpg", 0));
        let with_header = import_table("image\na.jpg\nb.jpg\n").unwrap();
        assert_eq!(with_header.index.records()[0].name, "a.jpg");
    }

    #[test]
    fn damaged_arrays_are_survived() {
        let header = |descr: &str| format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 3), }}\n");
        for (descr, bytes) in [("<f4", 24), ("<f8", 48)] {
            let header = header(descr);
            let length = (header.len() as u16).to_le_bytes();
            let original = [NPY_SIGNATURE, &[1, 0], &length, header.as_bytes(), &vec![0; bytes]].concat();
            survive_damage_on_disk(&original, 8, |path| drop(read_descriptors(path)));
            let folder = tempfile::tempdir().unwrap();
            let whole = folder.path().join("whole.npy");
            std::fs::write(&whole, original).unwrap();
            assert_eq!(read_descriptors(whole).unwrap().unwrap(), Descriptors { dims: 3, values: vec![0.0; 6] });
        }
    }

    #[test]
    fn damaged_tables_are_survived() {
        let descriptors = Descriptors { dims: 2, values: vec![0.0; 6] };
        for original in
            ["image;#place;weave\na.jpg;ES;twill\nb.jpg;nan;\"da;mask\"\nc.jpg;ES;\n", "a.jpg\nb.jpg\n\"c\"\n"]
        {
            survive_damage_on_disk(original.as_bytes(), 200, |path| {
                let _ = import_descriptors(
                    descriptors.clone(),
                    path,
                    (Path::new("."), Path::new(".")),
                    IndexMeta::new("x"),
                );
            });
        }
    }

    #[test]
    fn tables_that_do_not_fit_are_refused() {
        for (table, expected) in [
            ("image;place\na.jpg;ES\n", "2 descriptors have a table of 1 images"),
            ("image;place\na.jpg;ES\nb.jpg;ES;x\n", "d.csv:3"),
            ("image;place;place\na.jpg;ES;x\nb.jpg;ES;x\n", "a column called `place`"),
            ("", "a table of 0 images"),
        ] {
            let message = import_table(table).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
