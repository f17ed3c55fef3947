//! Filters: which images of an index may be answers.
//!
//! A filter is made by [reading](Filter::parse) an expression or from its parts. It is applied before the nearest images
//! are chosen, so that an answer has as many neighbours as the filter leaves, and is exact.
//!
//! ```
//! use silknow_index::Filter;
//!
//! let read = Filter::parse("place=ES|FR, technique=?*, museum!=garin")?;
//! let made = Filter::everything()
//!     .and_one_of("place", ["ES", "FR"])
//!     .and_known("technique")
//!     .and_none_of("museum", ["garin"]);
//! assert_eq!(read, made);
//! # Ok::<(), silknow_errors::Error>(())
//! ```

mod parse;

use std::fmt;

use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_records::class_text::name_of;
use silknow_records::{Record, Vocabulary, object_key};

/// Which images may be answers: those for which every term holds. Without a term, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<Term>,
}

/// What one field of an image must be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    /// The name of a variable, or one of [`FIELDS`].
    field: String,
    /// True where none of the values may hold, false where one of them must.
    negated: bool,
    values: Vec<Value>,
}

/// A value that a term names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    /// `?*`: something is known.
    Known,
    /// `?`: nothing is known.
    Unknown,
    /// A class, a museum, an object, the name of an image.
    Is(String),
}

/// What can be asked for besides variables. A variable of the same name counts more.
const FIELDS: [&str; 4] = ["museum", "collection", "object", "image"];

impl Filter {
    /// The filter that every image passes.
    pub fn everything() -> Self {
        Self::default()
    }

    /// True when every image passes.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// Reads an expression such as `place=ES|FR, technique=?*, museum!=garin`.
    ///
    /// Terms are separated by commas, and all of them must hold. `=` means one of the values, `!=` none of them; `?*` is
    /// any known value and `?` an unknown one. A field is a variable, or `museum` (also called `collection`), `object`
    /// (its identifier or its address) or `image` (its name in the index). A class is written by its text or its name.
    /// Fields and values with `,`, `|`, `=`, `!`, `"` or blanks at their ends stand in double quotes, in which `""` is a
    /// quote. An expression without a term is [`everything`](Self::everything).
    ///
    /// # Errors
    /// An expression that cannot be read, with the position of the first character that does not fit.
    pub fn parse(expression: &str) -> Result<Self> {
        parse::parse(expression).map(|terms| Self { terms })
    }

    /// This filter, and the field is one of the values.
    #[must_use]
    pub fn and_one_of(self, field: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.and(field, false, values.into_iter().map(|value| Value::Is(value.into())).collect())
    }

    /// This filter, and the field differs from all of the values. An unknown field differs from all.
    #[must_use]
    pub fn and_none_of(self, field: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.and(field, true, values.into_iter().map(|value| Value::Is(value.into())).collect())
    }

    /// This filter, and the field is known.
    #[must_use]
    pub fn and_known(self, field: impl Into<String>) -> Self {
        self.and(field, false, vec![Value::Known])
    }

    /// This filter, and the field is not known.
    #[must_use]
    pub fn and_unknown(self, field: impl Into<String>) -> Self {
        self.and(field, false, vec![Value::Unknown])
    }

    /// This filter without its terms about a field.
    #[must_use]
    pub fn without(mut self, field: &str) -> Self {
        self.terms.retain(|term| term.field != field);
        self
    }

    fn and(mut self, field: impl Into<String>, negated: bool, values: Vec<Value>) -> Self {
        self.terms.push(Term { field: field.into(), negated, values });
        self
    }

    /// The filter for records whose labels are written with this vocabulary.
    ///
    /// # Errors
    /// A field that is neither a variable nor one of the fields, and a class that the variable does not have: both with
    /// the names that there are.
    pub fn resolve(&self, vocabulary: &Vocabulary) -> Result<Matcher> {
        self.terms.iter().map(|term| term.resolve(vocabulary)).collect::<Result<_>>().map(|tests| Matcher { tests })
    }
}

impl Term {
    fn resolve(&self, vocabulary: &Vocabulary) -> Result<Test> {
        let known = self.values.contains(&Value::Known);
        let unknown = self.values.contains(&Value::Unknown);
        let named =
            || self.values.iter().filter_map(|value| if let Value::Is(name) = value { Some(name) } else { None });
        let field = match vocabulary.position(&self.field) {
            Some(variable) => {
                let classes = named().map(|name| class_of(vocabulary, variable, name)).collect::<Result<_>>()?;
                Field::Variable { variable, classes }
            }
            None => {
                let values: Vec<String> = named().cloned().collect();
                match self.field.as_str() {
                    "museum" | "collection" => Field::Museum(values.iter().map(|museum| name_of(museum)).collect()),
                    "object" => Field::Object(values),
                    "image" => Field::Image(values),
                    other => return Err(unknown_field(other, vocabulary)),
                }
            }
        };
        Ok(Test { field, negated: self.negated, known, unknown })
    }
}

fn unknown_field(field: &str, vocabulary: &Vocabulary) -> Error {
    let names = vocabulary.names();
    let present = || names.iter().map(String::as_str).chain(FIELDS);
    let guess = nearest(field, present()).map_or_else(String::new, |guess| format!("did you mean `{guess}`? "));
    Error::configuration(format!("the filter asks for `{field}`, which this index does not have"))
        .hint(format!("{guess}it can be filtered by {}", present().collect::<Vec<_>>().join(", ")))
}

/// How many classes a hint lists.
const LISTED_CLASSES: usize = 20;

fn class_of(vocabulary: &Vocabulary, variable: usize, value: &str) -> Result<i32> {
    let variable = &vocabulary.variables[variable];
    let name = name_of(value);
    if let Some(class) = variable.classes.iter().position(|class| *class == name) {
        return Ok(class as i32);
    }
    let guess = nearest(&name, variable.classes.iter().map(String::as_str));
    let guess = guess.map_or_else(String::new, |guess| format!("did you mean `{guess}`? "));
    let listed = variable.classes.iter().take(LISTED_CLASSES).map(String::as_str).collect::<Vec<_>>().join(", ");
    let rest = if variable.classes.len() > LISTED_CLASSES { ", and others" } else { "" };
    Err(Error::configuration(format!(
        "the filter asks for `{}={value}`, and no image of this index has that class",
        variable.name
    ))
    .hint(format!("{guess}the classes of `{}` are {listed}{rest}; `?` asks for unknown ones", variable.name)))
}

/// A filter for the records of one index.
#[derive(Clone, Debug)]
pub struct Matcher {
    tests: Vec<Test>,
}

#[derive(Clone, Debug)]
struct Test {
    field: Field,
    negated: bool,
    known: bool,
    unknown: bool,
}

#[derive(Clone, Debug)]
enum Field {
    Variable { variable: usize, classes: Vec<i32> },
    Museum(Vec<String>),
    Object(Vec<String>),
    Image(Vec<String>),
}

impl Matcher {
    /// True when every term holds for the image.
    pub fn matches(&self, record: &Record) -> bool {
        self.tests.iter().all(|test| test.holds(record))
    }
}

impl Test {
    fn holds(&self, record: &Record) -> bool {
        let is = |values: &[String], text: &str| values.iter().any(|value| value == text);
        let (is_known, is_named) = match &self.field {
            Field::Variable { variable, classes } => {
                let found = record.labels.classes(*variable);
                (!found.is_empty(), found.iter().any(|class| classes.contains(class)))
            }
            Field::Museum(values) => {
                // Both the text of the museum, which the record has, and its name, which files hold, are understood.
                let museum = record.object.museum.as_deref().map(name_of);
                (museum.is_some(), museum.is_some_and(|museum| is(values, &museum)))
            }
            Field::Object(values) => {
                let (id, address) = (&*record.object.id, record.object.address.as_deref());
                let is_known = !id.is_empty() || address.is_some();
                let is_id = is_known && (is(values, id) || is(values, object_key(&record.name)));
                (is_known, is_id || address.is_some_and(|address| is(values, address)))
            }
            Field::Image(values) => (true, is(values, &record.name)),
        };
        let one_holds = is_named || (self.known && is_known) || (self.unknown && !is_known);
        one_holds != self.negated
    }
}

/// The expression, as [`Filter::parse`] reads it.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, term) in self.terms.iter().enumerate() {
            let values: Vec<String> = term.values.iter().map(Value::to_string).collect();
            let comma = if number == 0 { "" } else { ", " };
            let sign = if term.negated { "!=" } else { "=" };
            write!(f, "{comma}{}{sign}{}", parse::quoted(&term.field), values.join("|"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known => f.write_str("?*"),
            Self::Unknown => f.write_str("?"),
            Self::Is(text) => f.write_str(&parse::quoted(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_records::{Object, VocabularyBuilder};

    /// Three images of the variables place and technique; the last has two techniques and no place.
    fn records() -> (Vocabulary, Vec<Record>) {
        let mut builder = VocabularyBuilder::new(["place", "technique"]);
        let mut records = Vec::new();
        for (name, cells) in [
            ("img/garin__1__a.jpg", ["ES", "damask weave"]),
            ("img/mad__2__b.jpg", ["FR", "nan"]),
            ("img/plain.jpg", ["nan", "nan"]),
        ] {
            let mut record = Record::new(name, 2);
            record.labels = builder.labels_of(cells);
            records.push(record);
        }
        let techniques = [builder.class_of(1, "lampas"), builder.class_of(1, "damask weave")];
        records[2].labels.set(1, &techniques);
        records[1].object.museum = Some("Musée des Tissus".into());
        records[1].object.address = Some("https://mad.example/2".into());
        records[2].object = Object::default();
        (builder.into_vocabulary(), records)
    }

    fn passing(expression: &str) -> Vec<usize> {
        let (vocabulary, records) = records();
        let matcher = Filter::parse(expression).unwrap().resolve(&vocabulary).unwrap();
        (0..records.len()).filter(|&position| matcher.matches(&records[position])).collect()
    }

    #[test]
    fn every_kind_of_term_keeps_the_images_that_it_says() {
        for (expression, expected) in [
            ("", [0, 1, 2].as_slice()),
            ("place=ES|FR", &[0, 1]),
            ("place!=ES", &[1, 2]),
            ("place=?", &[2]),
            ("place=?*", &[0, 1]),
            ("place!=?", &[0, 1]),
            ("place=ES|?", &[0, 2]),
            ("technique=damask weave", &[0, 2]),
            ("technique=damask_weave|lampas", &[0, 2]),
            ("technique!=lampas", &[0, 1]),
            ("museum=garin", &[0]),
            ("collection!=garin", &[1, 2]),
            ("museum=?", &[2]),
            ("museum=Musée des Tissus|garin", &[0, 1]),
            ("museum=Musée_des_Tissus", &[1]),
            ("object=2", &[1]),
            ("object=https://mad.example/2", &[1]),
            ("object=garin__1", &[0]),
            ("object!=1, place=?*", &[1]),
            ("image=img/plain.jpg", &[2]),
            ("place=ES, technique=?*, museum!=mad", &[0]),
            ("museum!=Musée des Tissus", &[0, 2]),
            ("place=ES, place=FR", &[]),
        ] {
            assert_eq!(passing(expression), expected, "{expression}");
        }
    }

    #[test]
    fn a_filter_without_a_field_keeps_its_other_terms() {
        let filter = Filter::parse("place=ES, museum!=garin, place!=FR").unwrap();
        assert_eq!(filter.clone().without("place"), Filter::everything().and_none_of("museum", ["garin"]));
        assert_eq!(filter.clone().without("technique"), filter);
    }

    #[test]
    fn an_unknown_field_and_an_unknown_class_are_named_with_those_that_there_are() {
        let (vocabulary, _) = records();
        let refusal = |text: &str| Filter::parse(text).unwrap().resolve(&vocabulary).unwrap_err().to_string();
        let message = refusal("plaec=ES");
        assert!(message.contains("`plaec`") && message.contains("did you mean `place`?"), "{message}");
        let message = refusal("place!=SE");
        assert!(message.contains("`place=SE`") && message.contains("the classes of `place` are ES, FR"), "{message}");
    }

    #[test]
    fn a_variable_counts_more_than_a_field_of_the_same_name() {
        let mut builder = VocabularyBuilder::new(["museum"]);
        let mut record = Record::new("img/mad__2__b.jpg", 1);
        record.labels = builder.labels_of(["Lyon"]);
        let matcher = Filter::parse("museum=Lyon").unwrap().resolve(&builder.into_vocabulary()).unwrap();
        assert!(matcher.matches(&record));
    }
}
