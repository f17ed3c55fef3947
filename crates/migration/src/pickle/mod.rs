//! Python pickles as the old toolbox wrote them, read without executing anything.
//!
//! A pickle is a program for a machine with a stack. This machine knows the instructions that lists, dictionaries, texts,
//! numbers and NumPy arrays need, and a fixed list of names; a name is a label here and is never looked up or called.

mod array;
mod machine;
mod value;
mod view;
mod writer;

pub(crate) use machine::load;
pub(crate) use value::{Node, Pickle, Value};
pub(crate) use view::View;
pub(crate) use writer::Writer;
