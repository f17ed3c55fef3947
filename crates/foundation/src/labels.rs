//! Variables, their classes, and the class indices of samples: the vocabulary that all rooms share.
//!
//! Owns the mapping between names and indices. Does not own where labels come from (dataset) or what is
//! predicted from them (index).

use std::collections::{BTreeSet, HashMap};

use crate::error::{Error, Result};

/// The class index of a missing label.
pub const MISSING: i32 = -1;

/// How a missing label is written.
pub const MISSING_NAME: &str = "nan";

/// True for the spellings of a missing label: empty, `nan`, `NaN`.
pub fn is_missing(label: &str) -> bool {
    let label = label.trim();
    label.is_empty() || label.eq_ignore_ascii_case(MISSING_NAME)
}

/// A semantic property with its classes in index order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name, without `#`.
    pub name: String,
    /// Its classes; a class's position is its index.
    pub classes: Vec<String>,
}

/// The variables under consideration, in one fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// The variables in order.
    pub variables: Vec<Variable>,
}

impl Vocabulary {
    /// Collects the classes of each variable from label rows `[N][V]`; classes are sorted by name.
    pub fn from_labels<'a>(names: &[String], rows: impl IntoIterator<Item = &'a [Option<String>]>) -> Self {
        let mut classes = vec![BTreeSet::new(); names.len()];
        for row in rows {
            for (seen, label) in classes.iter_mut().zip(row) {
                if let Some(label) = label {
                    seen.insert(label.clone());
                }
            }
        }
        let variables = names
            .iter()
            .zip(classes)
            .map(|(name, classes)| Variable { name: name.clone(), classes: classes.into_iter().collect() })
            .collect();
        Self { variables }
    }

    /// The vocabulary of a table of labels `[N][V]`, and the table's class indices.
    ///
    /// # Errors
    /// Other than `count` rows, or a row with other than V entries.
    pub fn of_table(names: &[String], rows: &[Vec<Option<String>>], count: usize) -> Result<(Self, LabelMatrix)> {
        if rows.len() != count {
            return Err(Error::data(format!("{} rows of labels for {count} samples", rows.len()))
                .hint("give every sample one row of labels"));
        }
        if let Some((position, row)) = rows.iter().enumerate().find(|(_, row)| row.len() != names.len()) {
            return Err(Error::data(format!(
                "row {position} of the labels has {} entries for {} variables",
                row.len(),
                names.len()
            )));
        }
        let mut vocabulary = Self::from_labels(names, rows.iter().map(Vec::as_slice));
        let matrix = vocabulary.encode(rows.iter().map(Vec::as_slice));
        Ok((vocabulary, matrix))
    }

    /// The number of variables.
    pub fn len(&self) -> usize {
        self.variables.len()
    }

    /// True without variables.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// The variables' names in order.
    pub fn names(&self) -> Vec<String> {
        self.variables.iter().map(|variable| variable.name.clone()).collect()
    }

    /// The name of class `index` of variable `variable`; `nan` for [`MISSING`].
    pub fn class_name(&self, variable: usize, index: i32) -> &str {
        usize::try_from(index).map_or(MISSING_NAME, |index| &self.variables[variable].classes[index])
    }

    /// Turns label rows `[N][V]` into class indices. Classes that are new here are appended to the vocabulary,
    /// so that indices given out before stay valid.
    pub fn encode<'a>(&mut self, rows: impl IntoIterator<Item = &'a [Option<String>]>) -> LabelMatrix {
        let mut index: Vec<HashMap<String, i32>> = self
            .variables
            .iter()
            .map(|variable| (0..).zip(&variable.classes).map(|(i, c)| (c.clone(), i)).collect())
            .collect();
        let mut matrix = LabelMatrix::new(self.len());
        let mut row_indices = vec![MISSING; self.len()];
        for row in rows {
            for (v, label) in row.iter().enumerate() {
                row_indices[v] = match label {
                    None => MISSING,
                    Some(label) => *index[v].entry(label.clone()).or_insert_with(|| {
                        self.variables[v].classes.push(label.clone());
                        self.variables[v].classes.len() as i32 - 1
                    }),
                };
            }
            matrix.push(&row_indices);
        }
        matrix
    }

    /// The table stored in the files: row v holds variable v's name, then its classes, padded with `""`.
    /// Shape `[V, 1 + C]`, flattened row by row, with C the largest number of classes.
    pub fn to_table(&self) -> (Vec<usize>, Vec<String>) {
        let width = 1 + self.variables.iter().map(|variable| variable.classes.len()).max().unwrap_or(0);
        let mut cells = Vec::with_capacity(width * self.len());
        for variable in &self.variables {
            cells.push(variable.name.clone());
            cells.extend(variable.classes.iter().cloned());
            cells.resize(cells.len().next_multiple_of(width), String::new());
        }
        (vec![self.len(), width], cells)
    }

    /// The reverse of [`to_table`](Self::to_table).
    ///
    /// # Errors
    /// A table that is not of shape `[V, 1 + C]`, or with a gap or a repetition among the classes of a variable.
    pub fn from_table(shape: &[usize], cells: &[String]) -> Result<Self> {
        let &[rows, width] = shape else {
            return Err(Error::data(format!("label2class_list has shape {shape:?}, expected [V, 1 + C]")));
        };
        if width == 0 || cells.len() != rows * width {
            return Err(Error::data(format!("label2class_list has shape {shape:?} and {} cells", cells.len())));
        }
        let mut variables = Vec::with_capacity(rows);
        for row in cells.chunks_exact(width) {
            let known = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
            let (name, classes) =
                row[..known].split_first().ok_or_else(|| Error::data("label2class_list has a row without a name"))?;
            let distinct: BTreeSet<_> = classes.iter().collect();
            if distinct.len() != classes.len() || classes.iter().any(String::is_empty) {
                return Err(Error::data(format!("label2class_list repeats or skips a class of `{name}`")));
            }
            variables.push(Variable { name: name.clone(), classes: classes.to_vec() });
        }
        Ok(Self { variables })
    }
}

/// Class indices of samples, `[N, V]` row by row; [`MISSING`] where the label is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelMatrix {
    variables: usize,
    indices: Vec<i32>,
}

impl LabelMatrix {
    /// An empty matrix of V variables.
    pub fn new(variables: usize) -> Self {
        Self { variables, indices: Vec::new() }
    }

    /// A matrix from its indices, row by row.
    ///
    /// # Errors
    /// When the indices are not a whole number of rows.
    pub fn from_indices(variables: usize, indices: Vec<i32>) -> Result<Self> {
        if indices.len().checked_rem(variables).unwrap_or(indices.len()) != 0 {
            return Err(Error::data(format!("{} label indices are no whole rows of {variables}", indices.len())));
        }
        Ok(Self { variables, indices })
    }

    /// Appends the class indices of one sample.
    ///
    /// # Panics
    /// When `row` has not V entries.
    pub fn push(&mut self, row: &[i32]) {
        assert_eq!(row.len(), self.variables, "a label row has one entry per variable");
        self.indices.extend_from_slice(row);
    }

    /// The number of samples N. Without variables there are none.
    pub fn len(&self) -> usize {
        self.indices.len().checked_div(self.variables).unwrap_or(0)
    }

    /// True without samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of variables V.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// The class indices of one sample.
    pub fn row(&self, sample: usize) -> &[i32] {
        &self.indices[sample * self.variables..][..self.variables]
    }

    /// All indices, row by row.
    pub fn indices(&self) -> &[i32] {
        &self.indices
    }

    /// The rows of the given samples, in their order.
    #[must_use]
    pub fn select(&self, samples: &[usize]) -> Self {
        let indices = samples.iter().flat_map(|&sample| self.row(sample)).copied().collect();
        Self { variables: self.variables, indices }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(rows: &[&[&str]]) -> Vec<Vec<Option<String>>> {
        let cell = |cell: &&str| (!is_missing(cell)).then(|| (*cell).to_owned());
        rows.iter().map(|row| row.iter().map(cell).collect()).collect()
    }

    #[test]
    fn classes_are_sorted_and_new_ones_appended() {
        let rows = labels(&[&["ES", "nan"], &["DE", "damask"]]);
        let names = ["place".to_owned(), "technique".to_owned()];
        let mut vocabulary = Vocabulary::from_labels(&names, rows.iter().map(Vec::as_slice));
        assert_eq!(vocabulary.variables[0].classes, ["DE", "ES"]);
        let query = labels(&[&["AT", "NaN"], &["ES", "damask"]]);
        let matrix = vocabulary.encode(query.iter().map(Vec::as_slice));
        assert_eq!(matrix.indices(), [2, MISSING, 1, 0]);
        assert_eq!(vocabulary.class_name(0, 2), "AT");
        assert_eq!(vocabulary.class_name(1, MISSING), "nan");
    }

    #[test]
    fn a_table_of_labels_must_be_a_rectangle_of_the_expected_size() {
        let names = ["place".to_owned(), "technique".to_owned()];
        let rows = labels(&[&["ES", "nan"], &["DE", "damask"]]);
        let (vocabulary, matrix) = Vocabulary::of_table(&names, &rows, 2).unwrap();
        assert_eq!(vocabulary.variables[0].classes, ["DE", "ES"]);
        assert_eq!(matrix.indices(), [1, MISSING, 0, 0]);
        assert!(Vocabulary::of_table(&names, &rows, 3).unwrap_err().to_string().contains("2 rows of labels for 3"));
        let ragged = labels(&[&["ES", "nan"], &["DE"]]);
        assert!(Vocabulary::of_table(&names, &ragged, 2).unwrap_err().to_string().contains("row 1 of the labels"));
    }

    #[test]
    fn a_table_read_back_is_the_vocabulary() {
        let vocabulary = Vocabulary {
            variables: vec![
                Variable { name: "place".into(), classes: vec!["DE".into(), "ES".into()] },
                Variable { name: "empty".into(), classes: vec![] },
            ],
        };
        let (shape, cells) = vocabulary.to_table();
        assert_eq!(shape, [2, 3]);
        assert_eq!(Vocabulary::from_table(&shape, &cells).unwrap(), vocabulary);
    }

    #[test]
    fn a_table_with_a_gap_is_refused() {
        let cells: Vec<String> = ["place", "", "ES"].map(String::from).into();
        assert!(Vocabulary::from_table(&[1, 3], &cells).is_err());
    }
}
