//! The table of records: what is known of images beside their labels, one row per image.
//!
//! It is the content of `records.csv` beside collection files, and of an array in an index. The columns are
//! `image_file,object_id,object_uri,museum,source,title`, then those that are no variables; UTF-8, separated by commas. What a
//! spreadsheet program makes of it (other separators, UTF-16) is read too.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read, Write};
use std::sync::Arc;

use silknow_errors::{Error, Result};

use crate::record::Record;
use crate::rows::{Row, Rows};
use crate::unicode::composed;

/// The headers of the columns that every table of records has, in its order.
pub const COLUMNS: [&str; 6] = ["image_file", "object_id", "object_uri", "museum", "source", "title"];

/// Writes a table of records row by row.
pub struct TableWriter<W: Write> {
    rows: csv::Writer<W>,
    further: Vec<Arc<str>>,
}

impl<W: Write> TableWriter<W> {
    /// Begins a table with these further columns, which are those of [`Record::further`].
    ///
    /// # Errors
    /// What the writer refuses.
    pub fn new(into: W, further: Vec<Arc<str>>) -> io::Result<Self> {
        let mut rows = csv::Writer::from_writer(into);
        rows.write_record(COLUMNS.into_iter().chain(further.iter().map(|header| &**header)))?;
        Ok(Self { rows, further })
    }

    /// Appends the row of a record. Further columns of the record that the table does not have are left out.
    ///
    /// # Errors
    /// What the writer refuses.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        let Record { name, object, source, .. } = record;
        for cell in [Some(&**name), Some(&object.id), object.address.as_deref(), object.museum.as_deref()] {
            self.rows.write_field(cell.unwrap_or_default())?;
        }
        for cell in [source.as_deref(), object.title.as_deref()] {
            self.rows.write_field(cell.unwrap_or_default())?;
        }
        for header in &self.further {
            let cell = record.further.iter().find(|(it, _)| Arc::ptr_eq(it, header) || it == header);
            self.rows.write_field(cell.map_or("", |(_, cell)| cell))?;
        }
        self.rows.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// Hands the writer back, with everything written.
    ///
    /// # Errors
    /// What the writer refuses.
    pub fn finish(self) -> io::Result<W> {
        self.rows.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

/// The table of these records. The further columns are those that any of them has; they stand in an order that agrees
/// with that of every record, where there is one.
pub fn write_table<'a>(records: impl Iterator<Item = &'a Record> + Clone) -> Vec<u8> {
    let write = || -> io::Result<Vec<u8>> {
        let mut table = TableWriter::new(Vec::new(), further_columns(records.clone()))?;
        records.clone().try_for_each(|record| table.write(record))?;
        table.finish()
    };
    write().expect("memory takes every byte")
}

/// Reads a table of records and takes over object, source and further columns of each row into the record of that name.
///
/// Columns are found by their headers, so their order does not count, and all but `image_file` may be missing: what has
/// no column stays as it is in the records. A column with another header than [`COLUMNS`], or one that repeats one of them, is a further
/// one; one without a header is passed over. So are rows whose image is not among the records: a table may be of a larger
/// collection. Reading is fastest where rows and records have the same order. No more than one row is held beside the
/// records.
///
/// # Errors
/// Text that is not UTF-8, a table without header or without `image_file`, a further header that stands twice, a row of
/// another length than the header's or without an image, and an image that has two rows. The line is named, and the
/// column where there is one; the file is left to the caller.
pub fn read_table(from: impl Read, records: &mut [Record]) -> Result<()> {
    let mut rows = Rows::sniffed(from, &COLUMNS)?;
    let header = rows.next().transpose()?.ok_or_else(|| {
        Error::data("the table of records is empty").hint(format!("expected the header {}", COLUMNS.join(",")))
    })?;
    let columns = Columns::of(&header)?;
    let mut places = Places::new(records.len());
    for row in rows {
        let row = row?;
        row.check_length(header.len())?;
        let name = row.cell(columns.image);
        if name.is_empty() {
            return Err(columns.error_at(&row, columns.image, "the image is missing"));
        }
        match places.next(name, row.line(), records) {
            Place::Free(position) => columns.fill(&row, &mut records[position]),
            Place::Unknown => {}
            Place::Taken(line) => {
                let message = format!("the image `{name}` stands on line {line} too");
                return Err(columns.error_at(&row, columns.image, message).hint("remove one of the two rows"));
            }
        }
    }
    Ok(())
}

/// The headers of all further columns.
///
/// A header stands behind those that come before it in any record. Where records contradict each other, the header that
/// was seen first goes first.
fn further_columns<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<Arc<str>> {
    let mut headers: Vec<Arc<str>> = Vec::new();
    let mut positions: HashMap<Arc<str>, usize> = HashMap::new();
    let mut before = BTreeSet::new();
    for record in records {
        let mut last = None;
        for (header, _) in record.further.iter().filter(|(header, _)| !header.is_empty()) {
            let position = *positions.entry(header.clone()).or_insert_with(|| {
                headers.push(header.clone());
                headers.len() - 1
            });
            before.extend(last.map(|last| (last, position)));
            last = Some(position);
        }
    }
    let mut left: Vec<usize> = (0..headers.len()).collect();
    let mut ordered = Vec::with_capacity(headers.len());
    while !left.is_empty() {
        let is_first = |&position: &usize| !left.iter().any(|&other| before.contains(&(other, position)));
        let next = left.iter().position(is_first).unwrap_or(0);
        ordered.push(headers[left.remove(next)].clone());
    }
    ordered
}

/// Where the fields of a record stand in the rows of a table.
struct Columns {
    headers: Vec<Arc<str>>,
    image: usize,
    id: Option<usize>,
    address: Option<usize>,
    museum: Option<usize>,
    source: Option<usize>,
    title: Option<usize>,
    further: Vec<usize>,
}

impl Columns {
    fn of(header: &Row) -> Result<Self> {
        let headers: Vec<Arc<str>> = header.cells().map(|cell| cell.trim().into()).collect();
        let [image, id, address, museum, source, title] =
            COLUMNS.map(|name| headers.iter().position(|header| **header == *name));
        let image = image.ok_or_else(|| {
            let present: Vec<&str> = headers.iter().map(|header| &**header).collect();
            Error::data(format!("the table of records has no column `{}`", COLUMNS[0]))
                .at_line(header.line())
                .hint(format!("the columns are {}", present.join(", ")))
        })?;
        let fixed = [Some(image), id, address, museum, source, title];
        let mut seen = BTreeSet::new();
        let mut further = Vec::new();
        for (column, name) in headers.iter().enumerate() {
            if fixed.contains(&Some(column)) || name.is_empty() {
                continue;
            }
            if !seen.insert(name.clone()) {
                return Err(Error::data("this column occurs twice in the header")
                    .at_line(header.line_of(column))
                    .at_column(&**name)
                    .hint("remove or rename one of the two"));
            }
            further.push(column);
        }
        Ok(Self { headers, image, id, address, museum, source, title, further })
    }

    fn fill(&self, row: &Row, record: &mut Record) {
        let known = |column: usize| Some(row.cell(column)).filter(|cell| !cell.is_empty()).map(Box::<str>::from);
        let object = &mut record.object;
        if let Some(column) = self.id {
            object.id = row.cell(column).into();
        }
        for (column, field) in [
            (self.address, &mut object.address),
            (self.museum, &mut object.museum),
            (self.title, &mut object.title),
            (self.source, &mut record.source),
        ] {
            if let Some(column) = column {
                *field = known(column);
            }
        }
        let further = self.further.iter().filter_map(|&column| Some((self.headers[column].clone(), known(column)?)));
        record.further = further.collect();
    }

    fn error_at(&self, row: &Row, column: usize, message: impl Into<String>) -> Error {
        Error::data(message).at_line(row.line_of(column)).at_column(&*self.headers[column])
    }
}

/// Finds the records of rows, each once.
struct Places {
    /// The line that filled each record; 0 for none.
    lines: Vec<u64>,
    /// The record that is next when rows and records have the same order.
    next: usize,
    /// The records by name; made when a row is out of order.
    sorted: Option<Vec<usize>>,
}

/// True for names that look the same.
fn is_same(one: &str, other: &str) -> bool {
    one == other || composed(one) == composed(other)
}

enum Place {
    Free(usize),
    /// All records of this name are filled, by the row on this line.
    Taken(u64),
    Unknown,
}

impl Places {
    fn new(records: usize) -> Self {
        Self { lines: vec![0; records], next: 0, sorted: None }
    }

    /// The record that the row of this image on this line fills.
    fn next(&mut self, name: &str, line: u64, records: &[Record]) -> Place {
        let position =
            if records.get(self.next).is_some_and(|record| is_same(&record.name, name) && self.lines[self.next] == 0) {
                self.next
            } else {
                let sorted = self.sorted.get_or_insert_with(|| {
                    let mut sorted: Vec<usize> = (0..records.len()).collect();
                    sorted.sort_by_cached_key(|&position| composed(&records[position].name).into_owned());
                    sorted
                });
                let name = composed(name);
                let first = sorted.partition_point(|&position| composed(&records[position].name) < name);
                let mut same =
                    sorted[first..].iter().copied().take_while(|&position| composed(&records[position].name) == name);
                let Some(known) = same.clone().next() else { return Place::Unknown };
                let Some(free) = same.find(|&position| self.lines[position] == 0) else {
                    return Place::Taken(self.lines[known]);
                };
                free
            };
        self.lines[position] = line;
        self.next = position + 1;
        Place::Free(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Object;
    use proptest::prelude::*;

    fn named(names: &[&str]) -> Vec<Record> {
        names.iter().map(|name| Record::new(*name, 0)).collect()
    }

    fn message(table: &str) -> String {
        let error = read_table(table.as_bytes(), &mut named(&["a.jpg"])).unwrap_err();
        error.in_file("records.csv").to_string()
    }

    #[test]
    fn a_table_that_a_spreadsheet_program_saved_again_is_read() {
        let text = "\u{feff}sep=;\r\nimage_file;title\r\ncafe\u{301}.jpg;\"a; b\"\r\n";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), &utf16] {
            let mut records = [Record::new("other.jpg", 0), Record::new("caf\u{e9}.jpg", 0)];
            read_table(bytes, &mut records).unwrap();
            assert_eq!(records[1].object.title.as_deref(), Some("a; b"));
        }
    }

    #[test]
    fn a_table_is_written_with_its_fixed_columns_first() {
        let mut record = Record::new("img/mad__47__a.jpg", 0);
        record.object.address = Some("http://x.org/47".into());
        record.object.title = Some("Silk, \"figured\"".into());
        record.source = Some("http://x.org/a.jpg".into());
        record.further = vec![("text".into(), "two\nlines".into())];
        let records = [Record::new("img/b.jpg", 0), record];
        let expected = "image_file,object_id,object_uri,museum,source,title,text\nimg/b.jpg,,,,,,\n\
            img/mad__47__a.jpg,47,http://x.org/47,mad,http://x.org/a.jpg,\"Silk, \"\"figured\"\"\",\"two\nlines\"\n";
        assert_eq!(String::from_utf8(write_table(records.iter())).unwrap(), expected);
    }

    #[test]
    fn columns_are_found_by_name_and_what_has_none_stays() {
        let mut records = named(&["mad__1__a.jpg", "b.jpg", "c.jpg"]);
        let table =
            "\u{feff}title, image_file ,note,,source\r\nB,b.jpg,n,x,s\r\nZ,unknown.jpg,,,\r\nA,mad__1__a.jpg,,y,\r\n";
        read_table(table.as_bytes(), &mut records).unwrap();
        assert_eq!((&*records[0].object.id, records[0].object.title.as_deref()), ("1", Some("A")));
        assert_eq!((records[1].source.as_deref(), records[0].source.as_deref()), (Some("s"), None));
        assert_eq!(records[1].further, [("note".into(), "n".into())]);
        assert!(records[0].further.is_empty());
        assert_eq!(records[2], Record::new("c.jpg", 0));
    }

    #[test]
    fn a_further_column_may_have_the_header_of_a_fixed_one() {
        let mut record = Record::new("a.jpg", 0);
        record.source = Some("s".into());
        record.further = vec![("source".into(), "of the silk".into()), ("title".into(), "t".into())];
        let mut read = named(&["a.jpg"]);
        read_table(&*write_table([&record].into_iter()), &mut read).unwrap();
        assert_eq!(read, [record]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_column() {
        assert!(message("").contains("the table of records is empty"));
        let missing = message("image,title\na.jpg,x\n");
        assert!(missing.contains("records.csv:1: the table of records has no column `image_file`"), "{missing}");
        let twice = message("image_file,note,note\n");
        assert!(twice.contains("records.csv:1:note: this column occurs twice"), "{twice}");
        let short = message("image_file,note\n\na.jpg\n");
        assert!(short.contains("records.csv:3: the row has 1 cell, the header 2"), "{short}");
        let empty = message("note,image_file\n\"x\ny\",\n");
        assert!(empty.contains("records.csv:3:image_file: the image is missing"), "{empty}");
        let again = message("image_file\na.jpg\na.jpg\n");
        assert!(again.contains("records.csv:3:image_file: the image `a.jpg` stands on line 2 too"), "{again}");
        let error = read_table(b"image_file\na.jpg\n\xe9\n".as_slice(), &mut named(&["a.jpg"])).unwrap_err();
        let error = error.in_file("records.csv").to_string();
        assert!(error.contains("records.csv:3: the text is not UTF-8"), "{error}");
    }

    /// Records of one table: all have their further columns in the order of its headers.
    fn records() -> impl Strategy<Value = Vec<Record>> {
        let text = || proptest::option::of("\\PC{1,6}|[\",\n\r;é]{1,3}");
        let cells = proptest::collection::vec(text(), 4);
        proptest::collection::vec((text(), "\\PC{0,4}", text(), text(), text(), text(), cells), 0..12).prop_map(
            |rows| {
                let headers: Vec<Arc<str>> = ["text", "title", "a,b", "Ünïcode \"x\""].map(Arc::from).into();
                let record = |(number, row): (usize, (_, String, _, _, _, _, Vec<Option<String>>))| {
                    let (name, id, address, museum, title, source, cells): (Option<String>, _, _, _, _, _, _) = row;
                    // Names repeat now and then: an index may hold an image twice.
                    let mut record = Record::new(name.unwrap_or_else(|| format!("{}.jpg", number / 2)), 1);
                    let boxed = |text: Option<String>| text.map(Box::<str>::from);
                    record.object =
                        Object { id: id.into(), address: boxed(address), museum: boxed(museum), title: boxed(title) };
                    record.source = boxed(source);
                    let further = headers.iter().cloned().zip(cells);
                    record.further = further.filter_map(|(header, cell)| Some((header, cell?.into()))).collect();
                    record
                };
                rows.into_iter().enumerate().map(record).collect()
            },
        )
    }

    proptest! {
        #[test]
        fn a_table_read_back_fills_the_records_that_it_was_written_from(records in records(), turned: bool) {
            let bytes = write_table(records.iter());
            let mut read: Vec<Record> = records.iter().map(|record| Record::new(record.name.clone(), 1)).collect();
            let distinct = records.iter().map(|record| &record.name).collect::<BTreeSet<_>>().len();
            if turned && distinct == records.len() {
                read.reverse();
                read_table(&*bytes, &mut read).unwrap();
                read.reverse();
            } else {
                read_table(&*bytes, &mut read).unwrap();
            }
            prop_assert_eq!(&read, &records);
            prop_assert_eq!(write_table(read.iter()), bytes);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            let mut table = b"image_file,title\na.jpg,".to_vec();
            table.extend(bytes);
            let _ = read_table(&*table, &mut named(&["a.jpg"]));
        }
    }
}
