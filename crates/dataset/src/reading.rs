//! Which reader a source has: that of folders, of tables of images, or of exports.

use std::path::Path;

use silknow_config::CreateDatasetParameters;
use silknow_errors::Result;
use silknow_progress::{Observer, Silent};

use crate::catalogue::Catalogue;
use crate::layout::Layout;
use crate::table::Table;
use crate::table_options::TableOptions;
use crate::{export, folder, image_table};

impl Catalogue {
    /// Reads the source that the parameters name, as they say. What deserves a look is said to the observer.
    ///
    /// # Errors
    /// A source or a table of aliases that cannot be read, and what is wrong in it with file, line and column.
    pub fn of(parameters: &CreateDatasetParameters, observer: &dyn Observer) -> Result<Self> {
        Self::read_with(&parameters.csvfile, &TableOptions::of(parameters)?, observer)
    }

    /// Reads a source that says itself how it is to be understood.
    ///
    /// # Errors
    /// A source that cannot be read, and what is wrong in it with file, line and column.
    pub fn read(source: &Path) -> Result<Self> {
        Self::read_with(source, &TableOptions::default(), &Silent)
    }

    /// Reads a source of any layout: a folder of images, a table with a column of images, or a knowledge-graph export.
    ///
    /// # Errors
    /// A source that cannot be read, and what is wrong in it with file, line and column.
    pub(crate) fn read_with(source: &Path, options: &TableOptions, observer: &dyn Observer) -> Result<Self> {
        if source.is_dir() {
            options.refuse_groups(source)?;
            options.takes_sets(&[])?;
            return folder::read_folder(source, observer);
        }
        let table = Table::read(source, options.sheet.as_deref(), observer)?;
        match Layout::of(&table, options)? {
            Layout::Images(columns) => image_table::read(&table, columns, options, observer),
            Layout::Export => export::read(&table, options, observer),
        }
    }
}
