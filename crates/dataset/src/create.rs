//! The operation `create-dataset`: from a table to images, collection files, master files and statistics.
//!
//! The order of the steps, the names of the files and the summary are here; the steps themselves are the other modules.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_config::{CreateDatasetParameters, Duplicates as Choice};
use silknow_errors::counts::counted;
use silknow_errors::{Error, Result};
use silknow_fetch::{Policy, Reach, without_userinfo};
use silknow_files as files;
use silknow_files::{Batch, FolderLock};
use silknow_progress::Observer;
use silknow_records::{Labels, Vocabulary, VocabularyBuilder, object_key};

use crate::bad_rows::write_table_failures;
use crate::catalogue::Catalogue;
use crate::companions::{self, CLASSES_FILE, RECORDS_FILE};
use crate::duplicates::{DUPLICATES_FILE, Duplicates, StatedGroups};
use crate::filter::{self, FilterCounts, Limits};
use crate::iiif;
use crate::images::{ImageFolder, write_failures};
use crate::object_list::ObjectList;
use crate::parts::Parts;
pub use crate::parts::{MASTER_FILE, MASTER_FILE_PREDICTION, MASTER_FILE_TREE};
use crate::samples::{Candidate, Candidates, Listing, candidates};
use crate::standing::is_same_file;
use crate::statistics::Statistics;
use crate::table_options::TableOptions;

/// The list of images that could not be fetched or read, in the image folder.
pub const FAILURES_FILE: &str = "download_failures.csv";

/// The statistics to read, in the master folder.
pub const STATISTICS_FILE: &str = "dataset_statistics.txt";

/// The statistics for programs, in the master folder.
pub const STATISTICS_TABLE: &str = "dataset_statistics.tsv";

/// The column of the museum in collection files.
const MUSEUM: &str = "museum";

/// What `create-dataset` did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CreateDatasetSummary {
    /// The folder of the collection and master files.
    pub master_dir: PathBuf,
    /// The variables with at least one class, in the order of the collection files: those to train with.
    pub variables: Vec<String>,
    /// Objects in the table.
    pub objects_in_table: usize,
    /// Filters before fetching.
    pub before_fetching: FilterCounts,
    /// Images fetched by this run.
    pub images_fetched: usize,
    /// Those of them that took the place of another picture, because their address or their original changed.
    pub images_replaced: usize,
    /// Images that an earlier run had fetched.
    pub images_already_there: usize,
    /// Images that could not be fetched or read; [`FAILURES_FILE`] lists them.
    pub images_failed: usize,
    /// The list of failures.
    pub failures_file: PathBuf,
    /// Filters after fetching.
    pub after_fetching: FilterCounts,
    /// Equal and nearly equal images; [`DUPLICATES_FILE`] lists them.
    pub duplicates: Duplicates,
    /// Samples in the collections.
    pub samples: usize,
    /// Objects in the collections.
    pub objects: usize,
    /// Samples in each collection.
    pub collection_samples: Vec<usize>,
    /// Further samples, in the collections of objects that are kept whatever is known of them.
    pub rule_samples: usize,
    /// Classes and their counts.
    pub statistics: Statistics,
}

/// Creates a dataset: reads the table, filters, fetches and rescales the images, filters again, splits the
/// objects into five parts, and writes the collection files, the master files, the statistics, and what else the table
/// tells of the images and classes ([`RECORDS_FILE`], [`CLASSES_FILE`]).
///
/// Images that are equal or nearly equal stay in one part, as those of one object do, or all but one of them are dropped;
/// [`DUPLICATES_FILE`] lists them. All files of the master folder take their names together at the end, so that a run that
/// fails leaves none of them.
///
/// The source is a knowledge-graph export, a table whose first column is `image_file` or `image`, or a folder of
/// images, or an IIIF manifest or collection. Run again after an interruption, it goes on where it stopped. The same source
/// and parameters give the same files, but for the table that tells when each image was fetched.
///
/// # Errors
/// What is wrong in the table; a museum that neither the table nor the knowledge graph has; no sample left, and which filter removed how many; a
/// folder that cannot be written or in which another run works; a table that this would overwrite; an interruption. An
/// image that cannot be fetched or read is not an error: it is listed in [`FAILURES_FILE`].
pub fn create_dataset(parameters: &CreateDatasetParameters, observer: &dyn Observer) -> Result<CreateDatasetSummary> {
    create_dataset_with(parameters, Policy::default(), observer)
}

/// [`create_dataset`] with the given time-outs, retries and proxy.
///
/// # Errors
/// Those of [`create_dataset`], and a proxy address that cannot be read.
pub fn create_dataset_with(
    parameters: &CreateDatasetParameters,
    policy: Policy,
    observer: &dyn Observer,
) -> Result<CreateDatasetSummary> {
    let mut policy = policy.with_contact(parameters.user_agent_contact.as_deref().unwrap_or_default())?;
    if parameters.allow_private_addresses {
        policy.reach = Reach::Everywhere;
    }
    check_source(parameters)?;
    let options = TableOptions::of(parameters)?;
    let stated_groups = StatedGroups::read(parameters.groups.as_deref())?;
    let mut catalogue = if iiif::is_iiif(&parameters.csvfile) {
        iiif::read(&parameters.csvfile, &options, &parameters.imgsavepath, &mut policy, observer)?
    } else {
        Catalogue::read_with(&parameters.csvfile, &options, observer)?
    };
    let folder = ImageFolder::new(&parameters.imgsavepath, policy)?;
    let objects_in_table = catalogue.entries.len();
    let entries = std::mem::take(&mut catalogue.entries);
    let Candidates { mut samples, contradicting } = candidates(entries, &catalogue.file, parameters.strict, observer)?;
    catalogue.bad_rows.extend(contradicting);
    mark_listed(&mut samples, parameters, observer)?;
    let limits = limits(&samples, parameters, observer);
    let before_fetching = filter_first(&catalogue, &mut samples, parameters, limits, observer)?;

    let locks = take_folders(parameters)?;
    locks.iter().for_each(ImageFolder::remove_abandoned);
    let images = folder.bring(&samples, &catalogue.image_folder, observer)?;
    let failures_file = parameters.imgsavepath.join(FAILURES_FILE);
    write_failures(&failures_file, &images.failures)?;
    write_table_failures(&parameters.imgsavepath, &catalogue.bad_rows)?;
    if images.interrupted {
        return Err(Error::interrupted());
    }
    if !images.failures.is_empty() {
        let (failed, list) = (counted(images.failures.len(), "image", "images"), failures_file.display());
        observer.warning(&format!("{failed} could not be fetched or read; `{list}` says why"));
    }
    let mut after_fetching = filter::second_pass(&mut samples, &catalogue.vocabulary, &images.has_image, limits);
    if samples.is_empty() {
        return Err(after_fetching.nothing_left(limits).in_file(&failures_file));
    }

    let duplicates =
        find_duplicates(&mut samples, &catalogue.vocabulary, &folder, &stated_groups, parameters, observer)?;
    if duplicates.dropped() > 0 {
        let has_image = vec![true; samples.len()];
        let again = filter::second_pass(&mut samples, &catalogue.vocabulary, &has_image, limits);
        after_fetching.small_classes.extend(again.small_classes);
        after_fetching.with_too_few_labels += again.with_too_few_labels;
        after_fetching.after = again.after;
        if samples.is_empty() {
            return Err(after_fetching.nothing_left(limits).in_file(&catalogue.file));
        }
    }

    let mut vocabulary = keep_occurring_classes(&catalogue.vocabulary, &mut samples);
    let parts = Parts::of(&samples, &vocabulary, &duplicates, parameters, observer);
    let labelled = samples.iter().filter(|sample| sample.listing != Listing::Alone);
    let statistics = Statistics::count(&vocabulary, labelled.map(|sample| &sample.record));
    if catalogue.has_museums {
        append_museums(&mut vocabulary, &mut samples);
    }
    let batch = Batch::new();
    companions::write_records(&batch, &parameters.master_dir, &samples, catalogue.remainder.as_ref())?;
    companions::write_classes(&batch, &parameters.master_dir, &vocabulary)?;
    duplicates.write(&batch, &parameters.master_dir.join(DUPLICATES_FILE))?;
    parts.write(&batch, &vocabulary, &samples, &parameters.master_dir)?;
    statistics.write_text(&batch, parameters.master_dir.join(STATISTICS_FILE))?;
    statistics.write_table(&batch, parameters.master_dir.join(STATISTICS_TABLE))?;
    batch.commit()?;
    Ok(CreateDatasetSummary {
        master_dir: parameters.master_dir.clone(),
        variables: learnable_variables(&statistics, observer),
        objects_in_table,
        before_fetching,
        images_fetched: images.fetched,
        images_replaced: images.replaced,
        images_already_there: images.already_there,
        images_failed: images.failures.len(),
        failures_file,
        after_fetching,
        duplicates,
        samples: samples.len(),
        objects: samples.iter().map(|sample| object_key(&sample.record.name)).collect::<BTreeSet<_>>().len(),
        collection_samples: parts.collections.iter().map(Vec::len).collect(),
        rule_samples: parts.rules.iter().flatten().map(Vec::len).sum(),
        statistics,
    })
}

/// The limits that apply to these samples. Where no label is known at all, none can be asked for.
fn limits(samples: &[Candidate], parameters: &CreateDatasetParameters, observer: &dyn Observer) -> Limits {
    let is_labelled = samples.iter().any(|sample| sample.record.labels.known() > 0);
    if !is_labelled && parameters.num_labeled > 0 {
        observer.info("no label is known of any image: all are kept, to be searched (num_labeled has no effect)");
    }
    Limits {
        min_class_samples: parameters.minnumsamples,
        min_labels: if is_labelled { parameters.num_labeled } else { 0 },
    }
}

/// Marks the samples of the objects that are kept whatever is known of them.
fn mark_listed(samples: &mut [Candidate], parameters: &CreateDatasetParameters, observer: &dyn Observer) -> Result<()> {
    let Some(file) = &parameters.rule_objects else { return Ok(()) };
    let list = ObjectList::read(file)?;
    let mut found = BTreeSet::new();
    for sample in samples.iter_mut().filter(|sample| list.contains(&sample.record.object)) {
        sample.listing = Listing::Listed;
        found.insert(&*sample.record.object.id);
    }
    let (found, listed, file) = (found.len(), list.len(), file.display());
    if found < listed {
        let lacking = counted(listed - found, "object", "objects");
        observer.warning(&format!("{lacking} of {listed} in `{file}` without an image in the table"));
    }
    Ok(())
}

/// Keeps the museums asked for, then applies the limits.
fn filter_first(
    catalogue: &Catalogue,
    samples: &mut Vec<Candidate>,
    parameters: &CreateDatasetParameters,
    limits: Limits,
    observer: &dyn Observer,
) -> Result<FilterCounts> {
    let museums = catalogue.has_museums.then_some(parameters.retaincollections.as_slice());
    match museums {
        Some(museums) => filter::check_museums(museums, samples, &catalogue.file, observer)?,
        None => observer.info("the table has no museums: retaincollections has no effect"),
    }
    let counts = filter::first_pass(samples, &catalogue.vocabulary, museums, limits);
    if samples.is_empty() { Err(counts.nothing_left(limits).in_file(&catalogue.file)) } else { Ok(counts) }
}

/// Keeps other runs out of the image folder and the master folder, which may be the same.
fn take_folders(parameters: &CreateDatasetParameters) -> Result<Vec<FolderLock>> {
    let mut folders = Vec::new();
    for folder in [&parameters.imgsavepath, &parameters.master_dir] {
        files::create_folder(folder)?;
        let real = folder.canonicalize().map_err(|cause| files::refused("cannot resolve", folder, cause))?;
        if !folders.contains(&real) {
            folders.push(real);
        }
    }
    folders.iter().map(FolderLock::take).collect()
}

/// Refuses a source that would be overwritten: a table in the folder into which tables of the same names are written.
fn check_source(parameters: &CreateDatasetParameters) -> Result<()> {
    let is_source = |name: &&str| is_same_file(&parameters.csvfile, &parameters.master_dir.join(name));
    let Some(name) = [RECORDS_FILE, CLASSES_FILE, DUPLICATES_FILE].into_iter().find(is_source) else { return Ok(()) };
    Err(Error::configuration(format!("csvfile: `{}` would be overwritten", parameters.csvfile.display())).hint(
        format!("`{name}` in master_dir is a file that is written; rename the table, or choose another master_dir"),
    ))
}

/// Finds the equal and nearly equal images, drops what the parameters say, and names the images as collection files do.
fn find_duplicates(
    samples: &mut Vec<Candidate>,
    vocabulary: &Vocabulary,
    folder: &ImageFolder,
    stated: &StatedGroups,
    parameters: &CreateDatasetParameters,
    observer: &dyn Observer,
) -> Result<Duplicates> {
    let mut found = Duplicates::find(samples, vocabulary, folder, stated, observer)?;
    if parameters.duplicates == Choice::Drop {
        // A file that cannot be looked at counts as the smallest.
        let bytes = |sample: &Candidate| std::fs::metadata(folder.unscaled(sample)).map_or(0, |file| file.len());
        found.drop_all_but_one(samples, bytes);
    }
    name_images(samples, folder, &parameters.master_dir)?;
    let duplicates = found.report(samples);
    let mut is_dropped = found.dropped.into_iter();
    samples.retain(|_| is_dropped.next() == Some(false));
    Ok(duplicates)
}

/// The vocabulary of the classes that are left; the samples get their indices in it.
fn keep_occurring_classes(vocabulary: &Vocabulary, samples: &mut [Candidate]) -> Vocabulary {
    let (vocabulary, translation) = vocabulary.occurring(samples.iter().map(|sample| &sample.record.labels));
    for Candidate { record, .. } in samples {
        record.labels = translation.apply(&record.labels);
    }
    vocabulary
}

/// Makes the museum the last variable of the samples, as collection files have it.
fn append_museums(vocabulary: &mut Vocabulary, samples: &mut [Candidate]) {
    let mut museums = VocabularyBuilder::new([MUSEUM]);
    let museum = |sample: &Candidate| museums.labels_of([sample.record.object.museum.as_deref().unwrap_or_default()]);
    let of_samples: Vec<Labels> = samples.iter().map(museum).collect();
    let (museums, translation) = museums.into_sorted();
    let last = vocabulary.len();
    vocabulary.variables.extend(museums.variables);
    for (Candidate { record, .. }, museum) in samples.iter_mut().zip(of_samples) {
        let mut labels = Labels::missing(last + 1);
        (0..last).for_each(|variable| labels.set(variable, record.labels.classes(variable)));
        labels.set(last, translation.apply(&museum).classes(0));
        record.labels = labels;
    }
}

/// Gives the records the names by which collection files list their images, and takes passwords out of their sources.
fn name_images(samples: &mut [Candidate], folder: &ImageFolder, master_dir: &Path) -> Result<()> {
    for sample in samples {
        sample.record.name = files::relative_to(folder.rescaled(sample), master_dir)?;
        if sample.address().contains('@') {
            sample.record.source = Some(without_userinfo(sample.address()).into());
        }
    }
    Ok(())
}

/// The variables that have a class at all, with warnings about those that have fewer than two.
fn learnable_variables(statistics: &Statistics, observer: &dyn Observer) -> Vec<String> {
    for variable in &statistics.variables {
        match variable.classes.as_slice() {
            [] => observer.warning(&format!("the variable `{}` has no class left and is not used", variable.variable)),
            [only] => observer.warning(&format!(
                "the variable `{}` has one class only, `{}`: there is nothing to tell apart",
                variable.variable, only.class
            )),
            _ => {}
        }
    }
    statistics.labelled_variables()
}

impl fmt::Display for CreateDatasetSummary {
    /// The counts of every step, then the statistics.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = &self.before_fetching;
        let objects = counted(self.objects_in_table, "object", "objects");
        writeln!(f, "{objects} with {} in the table", counted(first.before, "image", "images"))?;
        writeln!(f, "before fetching: {first}; {} are left", first.after)?;
        writeln!(
            f,
            "images: {} fetched{}, {} already there, {} failed",
            self.images_fetched,
            match self.images_replaced {
                0 => String::new(),
                replaced => format!(" ({replaced} replaced: the address or the original changed)"),
            },
            self.images_already_there,
            self.images_failed
        )?;
        let second = &self.after_fetching;
        writeln!(f, "after fetching: {second}; {} are left", second.after)?;
        if let Some(note) = self.duplicates.note() {
            writeln!(f, "{note}")?;
        }
        if self.rule_samples > 0 {
            let further = counted(self.rule_samples, "further image", "further images");
            writeln!(f, "{further} of listed objects, without labels")?;
        }
        let sizes = self.collection_samples.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        writeln!(
            f,
            "collections in `{}`: {sizes} samples of {} in all\n",
            self.master_dir.display(),
            counted(self.objects, "object", "objects")
        )?;
        write!(f, "{}", self.statistics)
    }
}
