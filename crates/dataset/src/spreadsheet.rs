//! Spreadsheets of Excel and LibreOffice (`.xlsx`, `.xlsb`, `.xls`, `.ods`) as delimited text, of which every row stands on
//! the line of its number in the spreadsheet.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use calamine::{Data, DataRef, ExcelDateTime, Ods, Reader, SheetVisible, Xls, Xlsb, Xlsx};
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_progress::Observer;

/// What the cells of a spreadsheet hold where a formula failed; such a text says nothing.
pub(crate) const ERRORS: [&str; 8] = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#DATA!"];

/// The first bytes of a zip file, which `.xlsx`, `.xlsb` and `.ods` are.
const ZIP: &[u8] = b"PK\x03\x04";

/// The first bytes of a compound file, which `.xls` is.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The first sheet of a spreadsheet that is shown and not empty, as text whose cells are separated by commas; `None` for a
/// file that is no spreadsheet. The sheet is named where there are others.
///
/// Line breaks within cells become blanks, so that the lines of the text are the rows of the sheet.
///
/// # Errors
/// A spreadsheet that cannot be read, has no cells, or gives more text than [`files::TEXT_BYTES`].
pub(crate) fn read(file: &Path, observer: &dyn Observer) -> Result<Option<Arc<[u8]>>> {
    let mut begin = Vec::new();
    let refused = |cause| files::refused("cannot read", file, cause);
    files::open(file)?.take(COMPOUND.len() as u64).read_to_end(&mut begin).map_err(refused)?;
    let read = if begin.starts_with(ZIP) {
        read_zip(file)?
    } else if begin == COMPOUND {
        first_sheet(Xls::new(files::open(file)?).map_err(|cause| unreadable(file, cause))?, file)?
    } else {
        return Ok(None);
    };
    let Some((name, text)) = read.sheet else {
        return Err(Error::data("the spreadsheet has no sheet with cells")
            .in_file(file)
            .hint("check that this is the right file"));
    };
    if read.sheets > 1 {
        let (path, others) = (file.display(), read.sheets - 1);
        observer.info(&format!("`{path}`: the sheet `{name}` is read; {others} other sheets are not"));
    }
    Ok(Some(text.into()))
}

/// What was found in a workbook.
struct Workbook {
    sheets: usize,
    /// The name and the text of the first sheet that is not empty.
    sheet: Option<(String, Vec<u8>)>,
}

fn read_zip(file: &Path) -> Result<Workbook> {
    let xlsx = match Xlsx::new(files::open(file)?) {
        Ok(workbook) => return read_xlsx(workbook, file),
        Err(cause) => unreadable(file, cause),
    };
    if let Ok(workbook) = Xlsb::new(files::open(file)?) {
        return first_sheet(workbook, file);
    }
    match Ods::new(files::open(file)?) {
        Ok(workbook) => first_sheet(workbook, file),
        Err(cause) if file.extension().is_some_and(|it| it.eq_ignore_ascii_case("ods")) => Err(unreadable(file, cause)),
        Err(_) => Err(xlsx),
    }
}

/// Reads an `.xlsx` cell by cell: it may have many rows, and cells far apart.
fn read_xlsx(mut workbook: Xlsx<BufReader<std::fs::File>>, file: &Path) -> Result<Workbook> {
    let names = shown(workbook.sheets_metadata());
    for name in &names {
        let mut sheet = SheetText::new(file);
        // A sheet may be a chart, which has no cells.
        let Ok(mut cells) = workbook.worksheet_cells_reader(name) else { continue };
        while let Some(cell) = cells.next_cell().map_err(|cause| unreadable(file, cause))? {
            let (row, column) = cell.get_position();
            sheet.put(row, column, text_of(cell.get_value()))?;
        }
        if let Some(text) = sheet.finish()? {
            return Ok(Workbook { sheets: names.len(), sheet: Some((name.clone(), text)) });
        }
    }
    Ok(Workbook { sheets: names.len(), sheet: None })
}

fn first_sheet<S: std::io::Seek + Read, R: Reader<S>>(mut workbook: R, file: &Path) -> Result<Workbook> {
    let names = shown(workbook.sheets_metadata());
    for name in &names {
        let Ok(range) = workbook.worksheet_range(name) else { continue };
        let (first_row, first_column) = range.start().unwrap_or_default();
        let mut sheet = SheetText::new(file);
        for (row, column, cell) in range.used_cells() {
            sheet.put(first_row + row as u32, first_column + column as u32, text_of_data(cell))?;
        }
        if let Some(text) = sheet.finish()? {
            return Ok(Workbook { sheets: names.len(), sheet: Some((name.clone(), text)) });
        }
    }
    Ok(Workbook { sheets: names.len(), sheet: None })
}

/// The names of the sheets that the program shows.
fn shown(sheets: &[calamine::Sheet]) -> Vec<String> {
    sheets.iter().filter(|sheet| sheet.visible == SheetVisible::Visible).map(|sheet| sheet.name.clone()).collect()
}

fn unreadable(file: &Path, cause: impl std::fmt::Display) -> Error {
    Error::data("the spreadsheet cannot be read")
        .in_file(file)
        .caused_by(cause.to_string())
        .hint("is it protected by a password? open it and save it as .xlsx, or as \"CSV UTF-8\"")
}

/// The text of a sheet while it grows.
struct SheetText<'a> {
    file: &'a Path,
    text: Vec<u8>,
    /// The row that is being filled, from 0.
    row: u32,
    cells: Vec<String>,
    /// The number of columns of the first row that has cells.
    columns: Option<usize>,
}

impl<'a> SheetText<'a> {
    fn new(file: &'a Path) -> Self {
        Self { file, text: Vec::new(), row: 0, cells: Vec::new(), columns: None }
    }

    /// Puts a text into a cell; both indices are counted from 0, and rows come in their order.
    fn put(&mut self, row: u32, column: u32, text: String) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if row < self.row {
            return Err(unreadable(self.file, "its rows are not in order"));
        }
        while self.row < row {
            self.end_row()?;
        }
        let column = column as usize;
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        if !self.cells.is_empty() {
            let columns = *self.columns.get_or_insert(self.cells.len());
            self.cells.resize(columns.max(self.cells.len()), String::new());
            for (column, cell) in self.cells.drain(..).enumerate() {
                self.text.extend_from_slice(if column == 0 { b"\"" } else { b",\"" });
                let cell = cell.replace(['\n', '\r'], " ").replace('"', "\"\"");
                self.text.extend_from_slice(cell.as_bytes());
                self.text.push(b'"');
            }
        }
        self.text.push(b'\n');
        self.row += 1;
        if self.text.len() as u64 > files::TEXT_BYTES {
            return Err(Error::data("the spreadsheet has more than 1 GiB of text").in_file(self.file));
        }
        Ok(())
    }

    /// The text; `None` without a single cell.
    fn finish(mut self) -> Result<Option<Vec<u8>>> {
        self.end_row()?;
        Ok(self.columns.is_some().then_some(self.text))
    }
}

fn text_of(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::String(text) => text.clone(),
        DataRef::Float(number) => number_text(*number),
        other => text_of_data(&Data::from(other.clone())),
    }
}

/// A cell as Excel shows it: whole numbers without a point, dates as ISO 8601 writes them.
fn text_of_data(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number_text(*number),
        Data::Bool(truth) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
        Data::DateTime(date) => date_text(date),
        Data::DateTimeIso(date) => date.strip_suffix("T00:00:00").unwrap_or(date).to_owned(),
        Data::DurationIso(duration) => duration.clone(),
        Data::Error(error) => error.to_string(),
    }
}

/// A number with the fifteen digits that spreadsheet programs know of it.
fn number_text(number: f64) -> String {
    format!("{number:.14e}").parse::<f64>().unwrap_or(number).to_string()
}

fn date_text(date: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milliseconds) = date.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    // Times of a day have no date: the number of days is 0.
    if date.is_duration() || (0.0..1.0).contains(&date.as_f64()) {
        return time;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second, milliseconds) == (0, 0, 0, 0) { date } else { format!("{date}T{time}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType;

    #[test]
    fn numbers_and_dates_are_written_as_they_are_shown() {
        assert_eq!(number_text(1900.0), "1900");
        assert_eq!(number_text(0.1 + 0.2), "0.3");
        assert_eq!(number_text(-1.5), "-1.5");
        let date = |value| date_text(&ExcelDateTime::new(value, ExcelDateTimeType::DateTime, false));
        assert_eq!(date(43831.0), "2020-01-01");
        assert_eq!(date(43831.5), "2020-01-01T12:00:00");
        assert_eq!(date(0.25), "06:00:00");
        assert_eq!(text_of_data(&Data::Error(calamine::CellErrorType::NA)), "#N/A");
        assert_eq!(text_of_data(&Data::DateTimeIso("1900-05-01T00:00:00".into())), "1900-05-01");
    }

    #[test]
    fn rows_stand_on_their_lines() {
        let mut sheet = SheetText::new(Path::new("t.xlsx"));
        for (row, column, text) in [(2, 1, "b"), (2, 0, "a"), (3, 0, "x\n\"y\""), (5, 2, "c")] {
            sheet.put(row, column, text.to_owned()).unwrap();
        }
        let text = String::from_utf8(sheet.finish().unwrap().unwrap()).unwrap();
        assert_eq!(text, "\n\n\"a\",\"b\"\n\"x \"\"y\"\"\",\"\"\n\n\"\",\"\",\"c\"\n");
    }

    #[test]
    fn a_sheet_without_cells_gives_nothing() {
        assert!(SheetText::new(Path::new("t.xlsx")).finish().unwrap().is_none());
    }
}
