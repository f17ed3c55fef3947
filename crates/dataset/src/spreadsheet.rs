//! Spreadsheets of Excel and LibreOffice (`.xlsx`, `.xlsb`, `.xls`, `.ods`) as delimited text, of which every row stands on
//! the line of its number in the spreadsheet.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use calamine::{Data, DataRef, Dimensions, ExcelDateTime, Ods, Reader, SheetVisible, Xls, Xlsb, Xlsx};
use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_progress::Observer;
use silknow_records::class_text::tidied;

use crate::foreign;
use crate::ods_merges::merged_downwards;

/// What the cells of a spreadsheet hold where a formula failed; such a text says nothing.
const ERRORS: [&str; 8] = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#DATA!"];

/// The text of a cell whose formula was never worked out.
const WITHOUT_VALUE: &str = "#FORMULA WITHOUT VALUE";

/// Why the text of a cell says nothing; `None` for every other text.
pub(crate) fn fault(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with('#') {
        return None;
    }
    match text {
        WITHOUT_VALUE => Some(
            "the formula in this cell has no value: open the workbook in a spreadsheet program and save it there"
                .to_owned(),
        ),
        error if ERRORS.contains(&error) => Some(format!("`{error}` is an error of the spreadsheet program")),
        _ => None,
    }
}

/// The first bytes of a zip file, which `.xlsx`, `.xlsb` and `.ods` are.
const ZIP: &[u8] = b"PK\x03\x04";

/// The first bytes of a compound file, which `.xls` is.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// A sheet of a workbook as text whose cells are separated by commas; `None` for a file that is no workbook. It is the
/// `wanted` one, by its name or its number, or the first that is shown and has a table: two rows of two cells. Without any,
/// the first with cells is taken. The sheets that are not read are said.
///
/// Line breaks within cells become blanks, so that the lines of the text are the rows of the sheet.
///
/// # Errors
/// A workbook that cannot be read, has no such sheet, has no cells, or gives more text than [`files::TEXT_BYTES`].
pub(crate) fn read(file: &Path, wanted: Option<&str>, observer: &dyn Observer) -> Result<Option<Arc<[u8]>>> {
    let mut begin = Vec::new();
    let refused = |cause| files::refused("cannot read", file, cause);
    files::open(file)?.take(COMPOUND.len() as u64).read_to_end(&mut begin).map_err(refused)?;
    let choice = Choice { file, wanted };
    let found = if begin.starts_with(ZIP) {
        read_zip(choice)?
    } else if begin == COMPOUND {
        let workbook = Xls::new(files::open(file)?).map_err(|cause| unreadable(file, cause))?;
        choice.of_workbook(workbook, |workbook, name| workbook.merge_cells_by_sheet_name(name).unwrap_or_default())?
    } else {
        if wanted.is_some() {
            observer.warning(&format!("sheet: `{}` is no workbook and has no sheets", file.display()));
        }
        return Ok(None);
    };
    if !found.others.is_empty() {
        let others: Vec<String> = found.others.iter().map(|name| format!("`{name}`")).collect();
        let how = if wanted.is_some() { "" } else { "; the key sheet names another" };
        observer.info(&format!(
            "`{}`: the sheet `{}` is read, and not {}{how}",
            file.display(),
            found.name,
            others.join(", ")
        ));
    }
    Ok(Some(found.text.into()))
}

/// The sheet that is read.
struct Found {
    name: String,
    text: Vec<u8>,
    /// The other sheets that the program shows.
    others: Vec<String>,
}

/// Which sheet of a workbook is read.
#[derive(Clone, Copy)]
struct Choice<'a> {
    file: &'a Path,
    wanted: Option<&'a str>,
}

fn read_zip(choice: Choice<'_>) -> Result<Found> {
    let file = choice.file;
    let xlsx = match Xlsx::new(files::open(file)?) {
        Ok(workbook) => return read_xlsx(workbook, choice),
        Err(cause) => unreadable(file, cause),
    };
    if let Ok(workbook) = Xlsb::new(files::open(file)?) {
        return choice.of_workbook(workbook, |_, _| Vec::new());
    }
    match Ods::new(files::open(file)?) {
        Ok(workbook) => {
            let mut merged = merged_downwards(file)?;
            choice.of_workbook(workbook, |_, name| merged.remove(name).unwrap_or_default())
        }
        Err(cause) if file.extension().is_some_and(|it| it.eq_ignore_ascii_case("ods")) => Err(unreadable(file, cause)),
        Err(_) => Err(foreign::archive(file).unwrap_or(xlsx)),
    }
}

/// Reads an `.xlsx` cell by cell: it may have many rows, and cells far apart.
fn read_xlsx(mut workbook: Xlsx<BufReader<std::fs::File>>, choice: Choice<'_>) -> Result<Found> {
    let file = choice.file;
    let sheets = workbook.sheets_metadata().to_vec();
    choice.find(&sheets, |name| {
        let merged = workbook.merge_cells_by_sheet_name(name).unwrap_or_default();
        let mut sheet = SheetText::new(file, &merged);
        // A sheet may be a chart, which has no cells.
        let Ok(mut cells) = workbook.worksheet_cells_reader(name) else { return Ok(sheet) };
        while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(|cause| unreadable(file, cause))? {
            let mut text = text_of(&cell.value);
            if text.is_empty() && cell.formula.is_some() && !matches!(cell.value, DataRef::String(_)) {
                text = WITHOUT_VALUE.to_owned();
            }
            sheet.put(cell.pos.0, cell.pos.1, text)?;
        }
        Ok(sheet)
    })
}

impl Choice<'_> {
    /// Reads a workbook of another kind; `merged` tells the merged cells of a sheet.
    fn of_workbook<S: std::io::Seek + Read, R: Reader<S>>(
        self,
        mut workbook: R,
        mut merged: impl FnMut(&R, &str) -> Vec<Dimensions>,
    ) -> Result<Found> {
        let sheets = workbook.sheets_metadata().to_vec();
        self.find(&sheets, |name| {
            let mut sheet = SheetText::new(self.file, &merged(&workbook, name));
            let Ok(range) = workbook.worksheet_range(name) else { return Ok(sheet) };
            let (first_row, first_column) = range.start().unwrap_or_default();
            for (row, column, cell) in range.used_cells() {
                sheet.put(first_row + row as u32, first_column + column as u32, text_of_data(cell))?;
            }
            Ok(sheet)
        })
    }

    /// Reads the sheet that is wanted.
    fn find<'b>(
        self,
        sheets: &[calamine::Sheet],
        mut read: impl FnMut(&str) -> Result<SheetText<'b>>,
    ) -> Result<Found> {
        let shown: Vec<&str> = shown(sheets).collect();
        let found = |name: &str, text| {
            let others = shown.iter().filter(|other| **other != name).map(|other| (*other).to_owned()).collect();
            Found { name: name.to_owned(), text, others }
        };
        let empty = |message: String| Error::data(message).in_file(self.file).hint("check that this is the right file");
        if let Some(wanted) = self.wanted {
            let name = self.named(sheets, wanted)?;
            let text = read(name)?.finish()?;
            return text.map(|text| found(name, text)).ok_or_else(|| empty(format!("the sheet `{name}` has no cells")));
        }
        let mut first = None;
        for name in &shown {
            let sheet = read(name)?;
            let is_table = sheet.is_table();
            match sheet.finish()? {
                Some(text) if is_table => return Ok(found(name, text)),
                Some(text) => first = first.or(Some((*name, text))),
                None => {}
            }
        }
        let (name, text) = first.ok_or_else(|| empty("the spreadsheet has no sheet with cells".to_owned()))?;
        Ok(found(name, text))
    }

    /// The name of the sheet that a key names, in any letter case, or numbers among those that are shown.
    fn named<'b>(self, sheets: &'b [calamine::Sheet], wanted: &str) -> Result<&'b str> {
        let names = || sheets.iter().map(|sheet| sheet.name.as_str());
        let alike = |name: &&str| tidied(name).to_lowercase() == tidied(wanted).to_lowercase();
        let by_name = names().find(|name| *name == wanted).or_else(|| names().find(alike));
        let number = wanted.trim().parse().ok().and_then(|number: usize| number.checked_sub(1));
        by_name.or_else(|| shown(sheets).nth(number?)).ok_or_else(|| {
            let list: Vec<String> = names().map(|name| format!("`{name}`")).collect();
            let guess = nearest(wanted, names());
            let guess = guess.map_or_else(String::new, |guess| format!("did you mean `{guess}`? "));
            Error::configuration(format!("sheet: `{}` has no sheet `{wanted}`", self.file.display()))
                .hint(format!("{guess}the sheets are {}", list.join(", ")))
        })
    }
}

/// The names of the sheets that the program shows.
fn shown(sheets: &[calamine::Sheet]) -> impl Iterator<Item = &str> {
    sheets.iter().filter(|sheet| sheet.visible == SheetVisible::Visible).map(|sheet| sheet.name.as_str())
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
    /// Rows of two filled cells or more.
    wide_rows: usize,
    /// The last row of cells that are merged with those below, by the first of them.
    merged: HashMap<(u32, u32), u32>,
    /// By column, the last row and the text of the merged cells that are open.
    open: BTreeMap<usize, (u32, String)>,
}

impl<'a> SheetText<'a> {
    /// Cells that are merged downwards have one text, which stands for all of them.
    fn new(file: &'a Path, merged: &[Dimensions]) -> Self {
        let downwards = merged.iter().filter(|cells| cells.end.0 > cells.start.0);
        Self {
            file,
            text: Vec::new(),
            row: 0,
            cells: Vec::new(),
            columns: None,
            wide_rows: 0,
            merged: downwards.map(|cells| (cells.start, cells.end.0)).collect(),
            open: BTreeMap::new(),
        }
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
        if let Some(&last) = self.merged.get(&(row, column)) {
            self.open.insert(column as usize, (last, text.clone()));
        }
        self.fill(column as usize, text);
        Ok(())
    }

    fn fill(&mut self, column: usize, text: String) {
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
    }

    fn end_row(&mut self) -> Result<()> {
        self.open.retain(|_, (last, _)| *last >= self.row);
        if !self.cells.is_empty() {
            for (column, (_, text)) in self.open.clone() {
                if self.cells.get(column).is_none_or(String::is_empty) {
                    self.fill(column, text);
                }
            }
            self.wide_rows += usize::from(self.cells.iter().filter(|cell| !cell.is_empty()).count() > 1);
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

    /// Whether the cells so far make a table: a header and a row, of two cells at least. The last row is not over yet.
    fn is_table(&self) -> bool {
        let last = self.cells.iter().filter(|cell| !cell.is_empty()).count();
        self.wide_rows + usize::from(last > 1) > 1
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
    if date.is_duration() {
        // Durations may be longer than a day.
        let hours = (date.as_f64().abs() * 24.0 + 1e-6) as u64;
        return format!("{hours:02}:{minute:02}:{second:02}");
    }
    // Times of a day have no date: the number of days is 0.
    if (0.0..1.0).contains(&date.as_f64()) {
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
        let duration = |value| date_text(&ExcelDateTime::new(value, ExcelDateTimeType::TimeDelta, false));
        assert_eq!([duration(0.25), duration(1.25), duration(4.0)], ["06:00:00", "30:00:00", "96:00:00"]);
        assert_eq!(text_of_data(&Data::Error(calamine::CellErrorType::NA)), "#N/A");
        assert_eq!(text_of_data(&Data::DateTimeIso("1900-05-01T00:00:00".into())), "1900-05-01");
    }

    #[test]
    fn rows_stand_on_their_lines() {
        let mut sheet = SheetText::new(Path::new("t.xlsx"), &[]);
        for (row, column, text) in [(2, 1, "b"), (2, 0, "a"), (3, 0, "x\n\"y\""), (5, 2, "c")] {
            sheet.put(row, column, text.to_owned()).unwrap();
        }
        let text = String::from_utf8(sheet.finish().unwrap().unwrap()).unwrap();
        assert_eq!(text, "\n\n\"a\",\"b\"\n\"x \"\"y\"\"\",\"\"\n\n\"\",\"\",\"c\"\n");
    }

    #[test]
    fn a_sheet_without_cells_gives_nothing() {
        assert!(SheetText::new(Path::new("t.xlsx"), &[]).finish().unwrap().is_none());
    }
}
