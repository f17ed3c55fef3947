//! What is known of an image: its name, the object that it shows, and its labels.
//!
//! A [`Record`] is this knowledge, from the table that it is read from to the answer of a search. Labels are sets of
//! classes, one set per variable, written as class indices into a [`Vocabulary`]. A [`LabelMatrix`] holds the labels of
//! many images in the form that files and losses use.
//!
//! ```
//! use silknow_records::{Object, Record, VocabularyBuilder};
//!
//! let mut classes = VocabularyBuilder::new(["place", "material"]);
//! let mut record = Record::new("img/0001.jpg", 2);
//! record.object = Object { address: Some("https://museum.example/objects/47".into()), ..Object::with_id("47") };
//! let spain = classes.class_of(0, "ES");
//! let (silk, cotton) = (classes.class_of(1, "silk"), classes.class_of(1, "raw cotton"));
//! record.labels.set(0, &[spain]);
//! record.labels.set(1, &[cotton, silk]);
//! assert_eq!(record.labels.classes(1), [silk, cotton]);
//!
//! let vocabulary = classes.into_vocabulary();
//! assert_eq!(vocabulary.variables[1].class_name(cotton), "raw_cotton");
//! assert_eq!(vocabulary.variables[1].class_text(cotton), "raw cotton");
//! ```

pub mod class_text;
mod delimiter;
pub mod encoding;
mod labels;
mod matrix;
mod record;
pub mod rows;
pub mod set_text;
pub mod table;
pub mod unicode;
mod vocabulary;

pub use class_text::is_missing;
pub use labels::Labels;
pub use matrix::LabelMatrix;
pub use record::{NO_MUSEUM, Object, Record, is_web_address, object_key};
pub use vocabulary::{Translation, Variable, Vocabulary, VocabularyBuilder};

/// The class index of a missing label, in files and matrices.
pub const MISSING: i32 = -1;

/// How a missing label is written.
pub const MISSING_NAME: &str = "nan";
