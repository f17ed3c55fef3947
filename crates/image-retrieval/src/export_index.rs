//! `export-index`: an index for other tools.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_index::{CLASSIFICATION_FILE, Classification, Index, MemoryIndex};
use silknow_migration::{write_faiss, write_parquet, write_projector, write_toolbox_index, write_toolbox_results};

use crate::context::Context;

/// A format that indexes are exported to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportFormat {
    /// FAISS's flat index, with a table of names and labels beside it.
    Faiss,
    /// A Parquet file.
    Parquet,
    /// The two tables of the Embedding Projector.
    Tsv,
    /// The layout of the old Python toolbox.
    Toolbox,
}

impl ExportFormat {
    /// All formats, by the names that they are asked for by.
    pub const ALL: [(&'static str, Self); 4] =
        [("faiss", Self::Faiss), ("parquet", Self::Parquet), ("tsv", Self::Tsv), ("toolbox", Self::Toolbox)];

    /// The format that a file of this name has.
    ///
    /// # Errors
    /// A name that tells of none.
    pub fn of_name(path: &Path) -> Result<Self> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("faiss" | "index") => Ok(Self::Faiss),
            Some("parquet") => Ok(Self::Parquet),
            Some("tsv") => Ok(Self::Tsv),
            Some("npz") => Ok(Self::Toolbox),
            _ => {
                Err(Error::configuration(format!("the name `{}` does not tell which format is wanted", path.display()))
                    .hint("end it in .faiss, .parquet, .tsv or .npz, or give --format"))
            }
        }
    }
}

/// What `export-index` needs to know.
#[derive(Clone, Debug)]
pub struct ExportIndexParameters {
    /// Folder of `kdtree.npz`, or of `pred_gt.npz` for the old layout.
    pub treepath: PathBuf,
    /// The file to write.
    pub out: PathBuf,
    /// Its format.
    pub format: ExportFormat,
}

/// What `export-index` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ExportIndexSummary {
    /// The files that were written.
    pub written: Vec<PathBuf>,
    /// Images of the index or of the results.
    pub images: usize,
}

impl fmt::Display for ExportIndexSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<String> = self.written.iter().map(|path| path.display().to_string()).collect();
        write!(f, "{} images in {}", self.images, files.join(" and "))
    }
}

/// Writes an index in a format of other tools. Image paths are relative to the folder of the file, in the old layout to the
/// working directory, as they were then. The old layout is written of results too, where the folder has no index.
///
/// # Errors
/// An index that cannot be read, a folder that is not writable.
pub fn export_index(parameters: &ExportIndexParameters, context: &Context<'_>) -> Result<ExportIndexSummary> {
    let ExportIndexParameters { treepath, out, format } = parameters;
    files::create_folder(folder_of(out))?;
    let holds = |name: &str| treepath.join(name).is_file();
    if *format == ExportFormat::Toolbox && holds(CLASSIFICATION_FILE) && !holds("kdtree.npz") {
        let results = Classification::read(treepath)?;
        write_toolbox_results(out, &results)?;
        return Ok(ExportIndexSummary { written: vec![out.clone()], images: results.names.len() });
    }
    let index = MemoryIndex::read(treepath)?;
    context.observer.check()?;
    write_index(&index, Some(treepath), out, *format)
}

/// Does what [`export_index`] does with an index in memory, whose image paths are relative to a folder; without one they stay as
/// they are.
///
/// # Errors
/// A folder that is not writable.
pub fn write_index(
    index: &MemoryIndex,
    folder: Option<&Path>,
    out: &Path,
    format: ExportFormat,
) -> Result<ExportIndexSummary> {
    let names_from = if format == ExportFormat::Toolbox { Path::new(".") } else { folder_of(out) };
    let names = match folder {
        Some(folder) => index.names_relative_to(folder, names_from)?,
        None => index.records().iter().map(|record| record.name.clone()).collect(),
    };
    let mut written = vec![out.to_path_buf()];
    match format {
        ExportFormat::Faiss => {
            write_faiss(out, index.dims(), index.descriptors())?;
            written.push(with_ending(out, "_images.csv"));
            files::write(&written[1], table(index, &names))?;
        }
        ExportFormat::Parquet => write_parquet(out, index, &names)?,
        ExportFormat::Tsv => {
            written.push(with_ending(out, "_metadata.tsv"));
            write_projector(out, &written[1], index, &names)?;
        }
        ExportFormat::Toolbox => write_toolbox_index(out, index, &names)?,
    }
    Ok(ExportIndexSummary { written, images: index.len() })
}

/// The folder that a file is in.
fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file beside another one.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    path.with_file_name(format!("{}{ending}", path.file_stem().unwrap_or_default().to_string_lossy()))
}

/// Names and labels as a comma-separated table, which `import-index` reads.
fn table(index: &MemoryIndex, names: &[String]) -> String {
    let variables = &index.vocabulary().variables;
    let cell = |text: &str| {
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let header = std::iter::once("image".to_owned()).chain(variables.iter().map(|variable| cell(&variable.name)));
    let mut text = header.collect::<Vec<_>>().join(",") + "\n";
    for (record, name) in index.records().iter().zip(names) {
        let labels = variables.iter().enumerate();
        let labels = labels.map(|(at, variable)| cell(&variable.class_names(record.labels.classes(at))));
        text += &(std::iter::once(cell(name)).chain(labels).collect::<Vec<_>>().join(",") + "\n");
    }
    text
}
