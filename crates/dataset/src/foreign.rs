//! Files in the place of a table that are none, or are written in a way that is not read, told by their first bytes.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_files as files;
use zip::ZipArchive;

/// The bytes that are looked at.
const LOOKED_AT: u64 = 4096;

const SAVE_AS_WORKBOOK: &str = "open it in a spreadsheet program, and save it as .xlsx or as \"CSV UTF-8\"";
const SAVE_AS_TEXT: &str = "export the table from its program as \"CSV UTF-8\" or .xlsx";
const UNPACK: &str = "unpack it, and give the table that is in it";

/// What files of other kinds begin with, what they are, and what to do.
const BEGINNINGS: [(&[u8], &str, &str); 18] = [
    (b"\xff\xfe\0\0", "text in UTF-32", "save it with the encoding UTF-8"),
    (b"\0\0\xfe\xff", "text in UTF-32", "save it with the encoding UTF-8"),
    (b"ID;PWXL;", "a SYLK file", SAVE_AS_WORKBOOK),
    (b"ID;PSCALC", "a SYLK file", SAVE_AS_WORKBOOK),
    (b"{\\rtf", "a text document", SAVE_AS_TEXT),
    (b"%PDF", "a PDF", SAVE_AS_TEXT),
    (b"SQLite format 3\0", "a database (SQLite)", SAVE_AS_TEXT),
    (b"\0\x01\0\0Standard Jet DB", "a database (Access)", SAVE_AS_TEXT),
    (b"\0\x01\0\0Standard ACE DB", "a database (Access)", SAVE_AS_TEXT),
    (b"PAR1", "a Parquet file", SAVE_AS_TEXT),
    (b"ARROW1", "an Arrow file", SAVE_AS_TEXT),
    (b"\x1f\x8b", "a compressed file (gzip)", UNPACK),
    (b"BZh", "a compressed file (bzip2)", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a compressed file (Zstandard)", UNPACK),
    (b"\xfd7zXZ", "a compressed file (xz)", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "an archive (7-Zip)", UNPACK),
    (b"Rar!", "an archive (RAR)", UNPACK),
    (b"\x89PNG", "a picture", "give the table, or the folder of the pictures"),
];

/// What texts of other kinds begin with, in small letters, what they are, and what to do.
const TEXT_BEGINNINGS: [(&str, &str, &str); 7] = [
    ("<!doctype html", "a web page", SAVE_AS_WORKBOOK),
    ("<html", "a web page", SAVE_AS_WORKBOOK),
    ("<head", "a web page", SAVE_AS_WORKBOOK),
    ("<meta", "a web page", SAVE_AS_WORKBOOK),
    ("<table", "a web page", SAVE_AS_WORKBOOK),
    ("{\"", "JSON", SAVE_AS_TEXT),
    ("[{", "JSON", SAVE_AS_TEXT),
];

/// What archives of other kinds hold, and what they are.
const IN_ARCHIVES: [(&str, &str); 5] = [
    ("word/document.xml", "a text document (Word)"),
    ("ppt/presentation.xml", "slides (PowerPoint)"),
    ("Index/Document.iwa", "a spreadsheet of Numbers"),
    ("Index.zip", "a spreadsheet of Numbers"),
    ("content.xml", "a document of LibreOffice that is no spreadsheet"),
];

/// Refuses a file whose beginning is that of another kind of file.
///
/// # Errors
/// Such a file, with what it is and what to do; a file that cannot be read.
pub(crate) fn refuse(file: &Path) -> Result<()> {
    let mut beginning = Vec::new();
    let failed = |cause| files::refused("cannot read", file, cause);
    files::open(file)?.take(LOOKED_AT).read_to_end(&mut beginning).map_err(failed)?;
    match kind(&beginning) {
        Some((what, advice)) => Err(Error::data(format!("this is no table, but {what}")).in_file(file).hint(advice)),
        None => Ok(()),
    }
}

fn kind(beginning: &[u8]) -> Option<(&'static str, &'static str)> {
    if let Some((_, what, advice)) = BEGINNINGS.into_iter().find(|(mark, ..)| beginning.starts_with(mark)) {
        return Some((what, advice));
    }
    let text = String::from_utf8_lossy(beginning).to_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with("<?xml") || text.starts_with("<workbook") {
        let is_sheet = text.contains("urn:schemas-microsoft-com:office:spreadsheet");
        let what = if is_sheet { "an XML spreadsheet of Excel 2003" } else { "an XML document" };
        return Some((what, if is_sheet { SAVE_AS_WORKBOOK } else { SAVE_AS_TEXT }));
    }
    let found = TEXT_BEGINNINGS.into_iter().find(|(mark, ..)| text.starts_with(mark));
    found.map(|(_, what, advice)| (what, advice))
}

/// What an archive is that is no workbook: a document of another kind, or an archive of any files.
pub(crate) fn archive(file: &Path) -> Option<Error> {
    let archive = ZipArchive::new(BufReader::new(File::open(file).ok()?)).ok()?;
    let has = |name: &str| archive.file_names().flatten().any(|file| &*file == name);
    if has("[Content_Types].xml") && has("xl/workbook.xml") {
        return None;
    }
    let known = IN_ARCHIVES.into_iter().find(|(name, _)| has(name));
    let (what, advice) = known.map_or(("an archive (zip)", UNPACK), |(_, what)| (what, SAVE_AS_TEXT));
    Some(Error::data(format!("this is no table, but {what}")).in_file(file).hint(advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_kinds_are_named_and_tables_are_not() {
        let named = |beginning: &str| kind(beginning.as_bytes()).map(|(what, _)| what);
        assert_eq!(named("\u{feff}\r\n <TABLE border=1><tr>"), Some("a web page"));
        assert_eq!(named("<?xml version='1.0'?><catalogue/>"), Some("an XML document"));
        let sheet = "<?xml version=\"1.0\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">";
        assert_eq!(named(sheet), Some("an XML spreadsheet of Excel 2003"));
        assert_eq!(kind(b"\xff\xfe\0\0i\0\0\0").map(|(what, _)| what), Some("text in UTF-32"));
        for table in ["image_file,material\n", "{id},image\n", "ID;PATH\n", "[a],b\n", "<a>,image\n", "PAR,image\n", ""]
        {
            assert_eq!(named(table), None, "{table}");
        }
    }
}
