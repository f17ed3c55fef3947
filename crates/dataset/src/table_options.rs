//! What the parameters say of a table.

use std::path::Path;

use silknow_config::CreateDatasetParameters;
use silknow_errors::suggest::nearest;
use silknow_errors::{Error, Result};
use silknow_records::class_text::{MissingWords, variable_name};

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
    /// The variables of which an image may have several classes at once, as they were named.
    pub(crate) multi_label_variables: Vec<String>,
    /// The groups of objects that are kept; `None` for all.
    pub(crate) category_group: Option<Vec<String>>,
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
            multi_label_variables: parameters.multi_label_variables.clone().unwrap_or_default(),
            category_group: parameters.category_group.clone(),
            aliases: aliases.unwrap_or_default(),
            missing: parameters.missing_values.as_ref().map_or_else(MissingWords::default, MissingWords::new),
            strict: parameters.strict,
        })
    }

    /// For each of these variables whether an image may have several classes of it at once.
    ///
    /// # Errors
    /// Several classes asked for of a variable that is not among these.
    pub(crate) fn takes_sets(&self, variables: &[String]) -> Result<Vec<bool>> {
        let mut takes_sets = vec![false; variables.len()];
        for named in &self.multi_label_variables {
            let name = variable_name(named);
            let position = variables.iter().position(|variable| *variable == name).ok_or_else(|| {
                let guess = nearest(&name, variables.iter().map(String::as_str));
                let guess = guess.map_or_else(String::new, |guess| format!("did you mean `{guess}`? "));
                let list = if variables.is_empty() { "there are none".to_owned() } else { variables.join(", ") };
                Error::configuration(format!("multi_label_variables: there is no variable `{name}`"))
                    .hint(format!("{guess}the variables are {list}"))
            })?;
            takes_sets[position] = true;
        }
        Ok(takes_sets)
    }

    /// Refuses groups of objects for a source that has none.
    ///
    /// # Errors
    /// Groups that are asked for.
    pub(crate) fn refuse_groups(&self, source: &Path) -> Result<()> {
        if self.category_group.is_none() {
            return Ok(());
        }
        Err(Error::configuration(format!("category_group: `{}` has no groups of objects", source.display()))
            .hint("a table has them in a column category_group; leave the key out"))
    }

    /// True for a variable of which several classes are asked for.
    pub(crate) fn is_named_multi(&self, variable: &str) -> bool {
        self.multi_label_variables.iter().any(|named| variable_name(named) == variable)
    }
}
