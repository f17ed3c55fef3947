//! The rows of a delimited text, each with the line on which it truly stands.
//!
//! Every table of this kind is read through this: exports, plain tables, the table of records, the tables of classes and of
//! aliases. Lines may end in `\n`, `\r\n` or `\r`.

mod reader;
mod row;
#[cfg(test)]
mod tests;

pub use reader::Rows;
pub use row::Row;
