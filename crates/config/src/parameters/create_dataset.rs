//! The parameters of `create-dataset`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::defaults::texts;
use super::training::TrainingParameters;
use crate::choice::Duplicates;
use crate::field::{defaulted, optional, required};
use crate::form::{choice, column, contact, path, sheet, truth, whole, words};
use crate::group::Group;

crate::parameters! {
    /// What `create-dataset` needs to know.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct CreateDatasetParameters {
        /// Table to begin with: an export of the knowledge graph, or any table of images and labels; a folder of images works too
        ///
        /// With its path.
        csvfile: PathBuf = required(path(), "./export.csv");
        /// Folder for the images
        ///
        /// `img_unscaled` as fetched, `img` rescaled.
        imgsavepath: PathBuf = defaulted("./samples/data/".into(), path());
        /// A class with fewer images is dropped: its images lose this label
        minnumsamples: usize = defaulted(150, whole(1..)).also(&["minnumsaples"]);
        /// Museums whose images are kept
        ///
        /// At least one. Whether the export knows them, the data decides.
        retaincollections: Vec<String> =
            defaulted(texts(["garin", "imatex", "joconde", "mad", "mfa", "risd"]), words());
        /// Images with fewer known labels are left out (0: keep all, 5: keep the fully labelled alone)
        num_labeled: usize = defaulted(1, whole(0..=5));
        /// Equal and nearly equal images: keep all, those of a group in one collection, or drop all but one of each group
        duplicates: Duplicates = defaulted(Duplicates::Keep, choice()).further();
        /// List of groups of images that stay together beside those that are found, such as descriptor_groups.csv of build-kdtree (left out: those alone)
        groups: Option<PathBuf> = optional(path(), "./output_files/kDTree/descriptor_groups.csv".into()).further();
        /// Folder for collection files, master files and statistics
        master_dir: PathBuf = defaulted("./samples/".into(), path()).further();
        /// Folder for the configuration files of the other operations
        configuration_dir: PathBuf = defaulted("./".into(), path()).further();
        /// Sheet of a workbook that has the table: its name, or its number from 1 (left out: the first with a table)
        sheet: Option<String> = optional(sheet(), "Objects".to_owned()).further();
        /// Column of a table of images that has the images (left out: found by its name, such as image_file or filename)
        image_column: Option<String> = optional(column(), "image_file".to_owned()).further();
        /// Column of a table of images that says which images show the same object (left out: found by its name, such as object or inventory_number)
        object_column: Option<String> = optional(column(), "object".to_owned()).further();
        /// Columns that are variables, or those of the export's variables that are kept (left out: the columns that look like classes)
        variables: Option<Vec<String>> = optional(words(), texts(["place", "material"])).further();
        /// Variables of which an image may have several classes at once, as in ['silk', 'gold'] or silk; gold (left out: several are no label)
        multi_label_variables: Option<Vec<String>> = optional(words(), texts(["material"])).further();
        /// Groups of an export's column category_group whose objects are kept (left out: all objects)
        category_group: Option<Vec<String>> = optional(words(), texts(["fabrics"])).further();
        /// List of objects, one address a line, or of such lists, that are kept whatever is known of them: without labels in collection_rules_1.txt to collection_rules_5.txt where their labels are too few
        rule_objects: Option<PathBuf> = optional(path(), "./samples/rules.txt".into()).further();
        /// Table old,new or variable,old,new of labels that are to be replaced by others, or class_aggregation_VARIABLE.txt with lines old ; new, or a folder of such files
        label_aliases: Option<PathBuf> = optional(path(), "./aliases.csv".into()).further();
        /// Words that stand for a missing label, in place of the usual ones (nan, None, null, n/a, N.A., -, --, ?, unknown)
        missing_values: Option<Vec<String>> = optional(words(), texts(["-", "unknown"])).further();
        /// Whether a bad cell of the table ends the work, instead of being listed while its row is left out
        strict: bool = defaulted(false, truth()).further();
        /// E-mail or web address that image servers are told as a contact; Wikimedia and others demand one
        user_agent_contact: Option<String> = optional(contact(), "curator@museum.example".into()).further();
        /// Whether addresses of this machine and of private networks may be asked, whoever leads to them; otherwise only a table of one's own and a local server lead there
        allow_private_addresses: bool = defaulted(false, truth()).further();
        /// Seed of the split into five parts.
        seed: u64 = TrainingParameters::seed();
    }
}

impl CreateDatasetParameters {
    /// The defaults, for this export.
    pub fn new(csvfile: impl Into<PathBuf>) -> Self {
        Self { csvfile: csvfile.into(), ..Self::initial() }
    }
}
