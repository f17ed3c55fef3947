//! What the readers of `kdtree.npz` and `pred_gt.npz` share: arrays of an expected shape, labels within their classes.
//!
//! Owns the checks and the wording of what is wrong. Does not own which arrays a file holds.

use std::path::{Path, PathBuf};

use silknow_arrays::npz;
use silknow_errors::{Error, Result};
use silknow_records::{LabelMatrix, Vocabulary};

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

    /// The variables and classes of `label2class_list`.
    pub fn vocabulary(&mut self) -> Result<Vocabulary> {
        let (shape, cells) = self.arrays.text("label2class_list")?;
        Vocabulary::from_table(&shape, &cells).map_err(|error| self.wrong(error.message()))
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
        LabelMatrix::from_indices(vocabulary.len(), indices)
    }

    fn width(&self, name: &str, shape: &[usize], rows: usize) -> Result<usize> {
        match *shape {
            [found, width] if found == rows => Ok(width),
            _ => Err(self.wrong(format!("`{name}` has shape {shape:?}, expected {rows} rows and two dimensions"))),
        }
    }
}
