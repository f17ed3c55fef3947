//! `kNN_LUT.csv`: per query its neighbours as Python list literals, for programs.
//!
//! Owns the layout and the escapes. `ast.literal_eval` reads every cell of the last four columns.

use std::path::Path;

use csv::{QuoteStyle, WriterBuilder};
use silknow_errors::{Error, Result};
use silknow_files as files;

use super::{Answers, distance_text};

/// The name of the file within its folder.
pub const FILE_NAME: &str = "kNN_LUT.csv";

const HEADER: &str = "input_image_name,kNN_image_names,kNN_kg_object_uri,kNN_kD_index,kNN_descriptor_dist\n";

/// Writes `kNN_LUT.csv` into `folder`: one line per query, neighbours nearest first.
pub fn write(folder: impl AsRef<Path>, answers: &Answers<'_>) -> Result<()> {
    let path = folder.as_ref().join(FILE_NAME);
    files::write_with(&path, |file| {
        std::io::Write::write_all(file, HEADER.as_bytes())
            .map_err(|cause| files::refused("cannot write", &path, cause))?;
        let mut table = WriterBuilder::new().quote_style(QuoteStyle::NonNumeric).from_writer(file);
        for (query, name) in answers.query_names.iter().enumerate() {
            let (positions, distances) = answers.neighbours.of(query);
            let names = || positions.iter().map(|&position| answers.index_names[position as usize].as_str());
            let cells = [
                name.clone(),
                list(names().map(string_literal)),
                list(names().map(|name| string_literal(object_id(name)))),
                list(positions.iter().map(u32::to_string)),
                list(distances.iter().map(|&distance| distance_text(distance))),
            ];
            table
                .write_record(&cells)
                .map_err(|cause| Error::io(format!("cannot write `{}`", path.display())).caused_by(cause))?;
        }
        table.flush().map_err(|cause| files::refused("cannot write", &path, cause))
    })
}

/// The object that an image belongs to: the second `__` field of its file name, `""` where there is none.
pub fn object_id(image_name: &str) -> &str {
    // Collection files made on Windows separate folders by backslashes.
    let file_name = image_name.rsplit(['/', '\\']).next().unwrap_or(image_name);
    let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
    stem.split("__").nth(1).unwrap_or("")
}

/// A Python list of what are Python literals already.
fn list(literals: impl Iterator<Item = String>) -> String {
    format!("[{}]", literals.collect::<Vec<_>>().join(", "))
}

/// A Python string literal, with single quotes.
fn string_literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for character in text.chars() {
        match character {
            '\'' | '\\' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            control if control.is_control() => literal.push_str(&format!("\\x{:02x}", u32::from(control))),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_the_second_field_of_the_file_name() {
        assert_eq!(object_id("../img/imatex__14b8c2a9__1.jpg"), "14b8c2a9");
        assert_eq!(object_id(r"img\garin__dc34__a__b.png"), "dc34");
        assert_eq!(object_id("museum__object.jpg"), "object");
        assert_eq!(object_id("my__folder/plain.jpg"), "");
        assert_eq!(object_id(""), "");
    }

    #[test]
    fn literals_escape_what_python_would_misread() {
        assert_eq!(string_literal("l'été.jpg"), r"'l\'été.jpg'");
        assert_eq!(string_literal("a\\b\n\u{7}\u{85}"), r"'a\\b\n\x07\x85'");
    }
}
