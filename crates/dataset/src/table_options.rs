//! What the parameters say of a table.

use silknow_config::CreateDatasetParameters;
use silknow_errors::Result;
use silknow_records::class_text::MissingWords;

use crate::aliases::Aliases;

/// How a table is to be understood, where it does not say so itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableOptions {
    /// The sheet of a workbook.
    pub(crate) sheet: Option<String>,
    /// The column of the images.
    pub(crate) image_column: Option<String>,
    /// The column of the objects.
    pub(crate) object_column: Option<String>,
    /// The columns that are variables.
    pub(crate) variables: Option<Vec<String>>,
    /// What labels are replaced by.
    pub(crate) aliases: Aliases,
    /// What counts as no label.
    pub(crate) missing: MissingWords,
    /// Whether a bad cell ends the work.
    pub(crate) strict: bool,
}

impl TableOptions {
    /// What the parameters say of tables. The table of aliases is read.
    ///
    /// # Errors
    /// Those of reading the table of aliases.
    pub(crate) fn of(parameters: &CreateDatasetParameters) -> Result<Self> {
        let aliases = parameters.label_aliases.as_deref().map(Aliases::read).transpose()?;
        Ok(Self {
            sheet: parameters.sheet.clone(),
            image_column: parameters.image_column.clone(),
            object_column: parameters.object_column.clone(),
            variables: parameters.variables.clone(),
            aliases: aliases.unwrap_or_default(),
            missing: parameters.missing_values.as_ref().map_or_else(MissingWords::default, MissingWords::new),
            strict: parameters.strict,
        })
    }
}
