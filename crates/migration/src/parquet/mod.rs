//! An index as a Parquet file: a column of names, one of descriptors (lists of numbers), one of labels per variable.
//!
//! Values are stored plain and uncompressed: descriptors hardly shrink. Every column of a group of rows is one page.

mod thrift;

use std::io::Write;
use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_index::{Index, MemoryIndex};

use crate::bytes::put_varint;
use thrift::{Item, Struct, number_item, text_item};

/// The first and the last four bytes of every file.
const MAGIC: &[u8] = b"PAR1";

/// About the bytes of descriptors in a group of rows.
const GROUP_BYTES: usize = 32 << 20;

// Numbers of the format, by the names that it gives them.
const FLOAT: i32 = 4;
const BYTE_ARRAY: i32 = 6;
const REQUIRED: i32 = 0;
const OPTIONAL: i32 = 1;
const REPEATED: i32 = 2;
const CONVERTED_UTF8: i32 = 0;
const CONVERTED_LIST: i32 = 3;
const PLAIN: i32 = 0;
const RLE: i32 = 3;
const UNCOMPRESSED: i32 = 0;
const DATA_PAGE: i32 = 0;

/// A column of one group of rows.
struct Column {
    path: Vec<String>,
    kind: i32,
    values: usize,
    page: Vec<u8>,
}

/// Writes descriptors, `names` and labels. A missing label is null; the classes of a set are joined by `___`.
///
/// # Errors
/// What the file system refuses; more than the format's sizes hold.
pub fn write_parquet(path: impl AsRef<Path>, index: &MemoryIndex, names: &[String]) -> Result<()> {
    let path = path.as_ref();
    let rows = (GROUP_BYTES / (4 * index.dims()).max(1)).max(1);
    let labels = label_columns(index);
    files::write_with(path, |file| {
        let mut offset = 0_u64;
        let mut put = |bytes: &[u8]| {
            offset += bytes.len() as u64;
            file.write_all(bytes).map(|()| offset).map_err(|cause| files::refused("cannot write", path, cause))
        };
        put(MAGIC)?;
        let mut groups = Vec::new();
        for start in (0..index.len()).step_by(rows) {
            let end = (start + rows).min(index.len());
            let mut chunks = Vec::new();
            let mut total = 0_u64;
            for column in columns(index, names, &labels, start..end) {
                let size = i32::try_from(column.page.len())
                    .map_err(|_| Error::data("a column of the index is too large for a Parquet file"))?;
                let header = page_header(size, column.values as i32);
                let first = put(&header)? - header.len() as u64;
                put(&column.page)?;
                let bytes = (header.len() + column.page.len()) as u64;
                total += bytes;
                chunks.push(chunk(&column, first as i64, bytes as i64));
            }
            let group =
                Struct::default().list(1, Item::Struct, &chunks).i64(2, total as i64).i64(3, (end - start) as i64);
            groups.push(group.finish());
        }
        let footer = Struct::default()
            .i32(1, 1)
            .list(2, Item::Struct, &schema(&labels))
            .i64(3, index.len() as i64)
            .list(4, Item::Struct, &groups)
            .text(6, "silknow")
            .finish();
        put(&footer)?;
        put(&(footer.len() as u32).to_le_bytes())?;
        put(MAGIC)?;
        Ok(())
    })
}

/// The headers of the columns of labels, and the labels of all images.
fn label_columns(index: &MemoryIndex) -> Vec<(String, Vec<Option<String>>)> {
    let mut taken = vec!["name".to_owned(), "descriptor".to_owned()];
    let variables = index.vocabulary().variables.iter().enumerate();
    let column = |(position, variable): (usize, &silknow_records::Variable)| {
        let mut header = variable.name.clone();
        while taken.contains(&header) {
            header.push('_');
        }
        taken.push(header.clone());
        let label = |classes: &[i32]| (!classes.is_empty()).then(|| variable.class_names(classes));
        let labels = index.records().iter().map(|record| label(record.labels.classes(position)));
        (header, labels.collect())
    };
    variables.map(column).collect()
}

fn schema(labels: &[(String, Vec<Option<String>>)]) -> Vec<Vec<u8>> {
    let text = |name: &str, repetition: i32| {
        let kind = Struct::default().i32(1, BYTE_ARRAY).i32(3, repetition).text(4, name).i32(6, CONVERTED_UTF8);
        kind.nested(10, Struct::default().nested(1, Struct::default())).finish()
    };
    let mut elements = vec![
        Struct::default().text(4, "schema").i32(5, 2 + labels.len() as i32).finish(),
        text("name", REQUIRED),
        // A list is a group of a repeated group of an element.
        Struct::default()
            .i32(3, REQUIRED)
            .text(4, "descriptor")
            .i32(5, 1)
            .i32(6, CONVERTED_LIST)
            .nested(10, Struct::default().nested(3, Struct::default()))
            .finish(),
        Struct::default().i32(3, REPEATED).text(4, "list").i32(5, 1).finish(),
        Struct::default().i32(1, FLOAT).i32(3, REQUIRED).text(4, "element").finish(),
    ];
    elements.extend(labels.iter().map(|(header, _)| text(header, OPTIONAL)));
    elements
}

/// The columns of some rows.
fn columns(
    index: &MemoryIndex,
    names: &[String],
    labels: &[(String, Vec<Option<String>>)],
    rows: std::ops::Range<usize>,
) -> Vec<Column> {
    let mut page = Vec::new();
    names[rows.clone()].iter().for_each(|name| text_value(&mut page, name));
    let mut columns = vec![Column { path: vec!["name".to_owned()], kind: BYTE_ARRAY, values: rows.len(), page }];

    let dims = index.dims();
    let values = rows.len() * dims;
    // The first number of a list repeats nothing, all others repeat its level; all of them are there.
    let repeats = rows.clone().flat_map(|_| [(1, 0), (dims - 1, 1)]);
    let mut page = levels(repeats);
    page.extend(levels([(values, 1)]));
    page.extend(index.descriptors()[rows.start * dims..rows.end * dims].iter().flat_map(|value| value.to_le_bytes()));
    let path = ["descriptor", "list", "element"].map(str::to_owned).into();
    columns.push(Column { path, kind: FLOAT, values, page });

    for (header, labels) in labels {
        let labels = &labels[rows.clone()];
        let mut page = levels(labels.iter().map(|label| (1, u8::from(label.is_some()))));
        labels.iter().flatten().for_each(|label| text_value(&mut page, label));
        columns.push(Column { path: vec![header.clone()], kind: BYTE_ARRAY, values: rows.len(), page });
    }
    columns
}

fn text_value(page: &mut Vec<u8>, text: &str) {
    page.extend((text.len() as u32).to_le_bytes());
    page.extend(text.as_bytes());
}

/// Levels of one bit, as runs of a count and a level, behind their length in bytes.
fn levels(runs: impl IntoIterator<Item = (usize, u8)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut waiting = (0, 0);
    let mut put = |(count, level): (usize, u8)| {
        if count > 0 {
            put_varint(&mut bytes, (count as u64) << 1);
            bytes.push(level);
        }
    };
    for (count, level) in runs {
        if level == waiting.1 {
            waiting.0 += count;
        } else {
            put(waiting);
            waiting = (count, level);
        }
    }
    put(waiting);
    [(bytes.len() as u32).to_le_bytes().as_slice(), &bytes].concat()
}

fn page_header(size: i32, values: i32) -> Vec<u8> {
    let data = Struct::default().i32(1, values).i32(2, PLAIN).i32(3, RLE).i32(4, RLE);
    Struct::default().i32(1, DATA_PAGE).i32(2, size).i32(3, size).nested(5, data).finish()
}

/// The description of a column of a group, whose page begins at a byte of the file.
fn chunk(column: &Column, first: i64, bytes: i64) -> Vec<u8> {
    let path: Vec<_> = column.path.iter().map(|part| text_item(part)).collect();
    let meta = Struct::default()
        .i32(1, column.kind)
        .list(2, Item::Number, &[number_item(PLAIN), number_item(RLE)])
        .list(3, Item::Text, &path)
        .i32(4, UNCOMPRESSED)
        .i64(5, column.values as i64)
        .i64(6, bytes)
        .i64(7, bytes)
        .i64(9, first);
    Struct::default().i64(2, first).nested(3, meta).finish()
}
