//! What the readers of `kdtree.npz` and `pred_gt.npz` share: arrays of an expected shape, labels within their classes.
//!
//! The checks and the wording of what is wrong are the same for both files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use silknow_arrays::npz::{self, Array};
use silknow_errors::{Error, Result};
use silknow_records::{LabelMatrix, Vocabulary};

/// The array of the texts of classes that do not follow from their names: rows of variable, class, text.
pub(crate) const CLASS_TEXTS: &str = "class_texts";

/// The array `class_texts`; none where every text follows from its name.
pub(crate) fn class_texts(vocabulary: &Vocabulary) -> Option<Array> {
    let cells: Vec<String> = vocabulary.unusual_texts().flatten().map(str::to_owned).collect();
    (!cells.is_empty()).then(|| Array::text([cells.len() / 3, 3], cells))
}

/// The array of the labels that are sets of two or more classes: rows of image, variable and class, each with its position.
/// None where no label is such a set.
pub(crate) fn label_sets(labels: &LabelMatrix) -> Option<Array> {
    let rows = labels.larger_sets().flat_map(|(sample, variable, classes)| {
        classes.iter().flat_map(move |&class| [sample as i32, variable as i32, class])
    });
    let rows: Vec<i32> = rows.collect();
    (!rows.is_empty()).then(|| Array::i32([rows.len() / 3, 3], rows))
}

/// An open file whose layout is being checked.
pub(crate) struct File {
    path: PathBuf,
    arrays: npz::Reader,
    /// The verb of the command line that makes such a file.
    made_by: &'static str,
}

impl File {
    /// Opens the file that the verb `made_by` writes.
    ///
    /// # Errors
    /// A missing file, with the step that was left out; a file that is no such container.
    pub fn open(path: &Path, made_by: &'static str) -> Result<Self> {
        if !path.exists() {
            return Err(Error::data(format!("`{}` does not exist", path.display()))
                .hint(format!("give the folder that {made_by} wrote (its `savepath`), or run {made_by} first")));
        }
        Ok(Self { path: path.to_path_buf(), arrays: npz::Reader::open(path)?, made_by })
    }

    /// The error for a layout that is not the expected one.
    pub fn wrong(&self, what: impl Into<String>) -> Error {
        Error::data(what)
            .in_file(&self.path)
            .hint(format!("the file was made by another program or version; run {} again", self.made_by))
    }

    pub fn contains(&self, name: &str) -> bool {
        self.arrays.contains(name)
    }

    /// The variables and classes of `label2class_list`, with the texts of `class_texts` where there are any.
    pub fn vocabulary(&mut self) -> Result<Vocabulary> {
        let (shape, cells) = self.arrays.text("label2class_list")?;
        let mut vocabulary = Vocabulary::from_table(&shape, &cells).map_err(|error| self.wrong(error.message()))?;
        if self.contains(CLASS_TEXTS) {
            let (shape, cells) = self.arrays.text(CLASS_TEXTS)?;
            if !matches!(shape.as_slice(), [_, 3]) {
                return Err(self.wrong(format!("`{CLASS_TEXTS}` has shape {shape:?}, expected three columns")));
            }
            for row in cells.as_chunks::<3>().0 {
                let [variable, class, text] = row.each_ref().map(String::as_str);
                vocabulary.set_text(variable, class, text);
            }
        }
        Ok(vocabulary)
    }

    /// Puts the sets of two or more classes into the labels, where the file has an array of them.
    pub fn label_sets(&mut self, name: &str, vocabulary: &Vocabulary, labels: &mut LabelMatrix) -> Result<()> {
        if !self.contains(name) {
            return Ok(());
        }
        let rows = self.places(name)?;
        let mut sets: BTreeMap<(usize, usize), Vec<i32>> = BTreeMap::new();
        for [image, variable, class] in rows {
            let (Ok(image), Ok(variable)) = (usize::try_from(image), usize::try_from(variable)) else {
                return Err(self.wrong(format!("`{name}` holds a negative number")));
            };
            let classes = vocabulary.variables.get(variable).map_or(0, |variable| variable.classes.len() as i32);
            if image >= labels.len() || !(0..classes).contains(&class) {
                return Err(self.wrong(format!(
                    "`{name}` names image {image}, variable {variable}, class {class}, which is not there"
                )));
            }
            sets.entry((image, variable)).or_default().push(class);
        }
        for ((image, variable), classes) in sets {
            labels.set(image, variable, &classes);
        }
        Ok(())
    }

    /// Rows of three numbers: image or query, variable, class.
    pub fn places(&mut self, name: &str) -> Result<Vec<[i32; 3]>> {
        let (shape, rows) = self.arrays.i32(name)?;
        if !matches!(shape.as_slice(), [_, 3]) {
            return Err(self.wrong(format!("`{name}` has shape {shape:?}, expected three columns")));
        }
        Ok(rows.as_chunks::<3>().0.to_vec())
    }

    /// A `float32` array of one dimension and any length.
    pub fn numbers(&mut self, name: &str) -> Result<Vec<f32>> {
        let (shape, elements) = self.arrays.f32(name)?;
        match shape.as_slice() {
            [_] => Ok(elements),
            _ => Err(self.wrong(format!("`{name}` has shape {shape:?}, expected one dimension"))),
        }
    }

    /// A `float32` matrix `[rows, width]` of any width: the width and the elements.
    pub fn matrix(&mut self, name: &str, rows: usize) -> Result<(usize, Vec<f32>)> {
        let (shape, elements) = self.arrays.f32(name)?;
        Ok((self.width(name, &shape, rows)?, elements))
    }

    /// A unicode matrix `[rows, width]` of any width: the width and the elements.
    pub fn text_matrix(&mut self, name: &str, rows: usize) -> Result<(usize, Vec<String>)> {
        let (shape, elements) = self.arrays.text(name)?;
        Ok((self.width(name, &shape, rows)?, elements))
    }

    /// A unicode array of one dimension and any length.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        let (shape, elements) = self.arrays.text(name)?;
        match shape.as_slice() {
            [_] => Ok(elements),
            _ => Err(self.wrong(format!("`{name}` has shape {shape:?}, expected one dimension"))),
        }
    }

    /// Bytes.
    pub fn bytes(&mut self, name: &str) -> Result<Vec<u8>> {
        Ok(self.arrays.u8(name)?.1)
    }

    /// A single text.
    pub fn text(&mut self, name: &str) -> Result<String> {
        Ok(self.arrays.text(name)?.1.concat())
    }

    /// The text of `meta`, refused where it states a newer format.
    pub fn meta(&mut self) -> Result<String> {
        let text = self.arrays.text("meta")?.1.concat();
        crate::meta::refuse_newer(&text).map_err(|error| error.in_file(&self.path))?;
        Ok(text)
    }

    /// A matrix of class indices of the given shape, whose last dimension is that of the variables.
    pub fn labels(&mut self, name: &str, expected: &[usize], vocabulary: &Vocabulary) -> Result<LabelMatrix> {
        let (shape, indices) = self.arrays.i32(name)?;
        if shape != expected {
            return Err(self.wrong(format!("`{name}` has shape {shape:?}, expected {expected:?}")));
        }
        for row in indices.chunks(vocabulary.len().max(1)) {
            for (&index, variable) in row.iter().zip(&vocabulary.variables) {
                if index < -1 || index >= variable.classes.len() as i32 {
                    return Err(self.wrong(format!(
                        "`{name}` holds class {index}, but `{}` has {} classes",
                        variable.name,
                        variable.classes.len()
                    )));
                }
            }
        }
        let rows = expected[..expected.len() - 1].iter().product();
        LabelMatrix::from_rows(rows, vocabulary.len(), indices)
    }

    fn width(&self, name: &str, shape: &[usize], rows: usize) -> Result<usize> {
        match *shape {
            [found, width] if found == rows => Ok(width),
            _ => Err(self.wrong(format!("`{name}` has shape {shape:?}, expected {rows} rows and two dimensions"))),
        }
    }
}
