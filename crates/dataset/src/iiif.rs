//! IIIF manifests and collections in the place of a table.
//!
//! The manifests are turned into a table, `iiif_table.csv` in the image folder, which people can look at. Objects and labels
//! are read from it like those of other tables: one row a picture; columns for the object, its title, licence and
//! attribution; one more column for each label of the metadata.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use silknow_errors::{Error, Result};
use silknow_fetch::{Address, Client, Policy};
use silknow_files as files;
use silknow_progress::Observer;
use silknow_records::rows::Row;
use silknow_records::{Labels, MISSING, Object};

use crate::bad_rows::BadCell;
use crate::catalogue::{Catalogue, Entry, folder_of};
use crate::cell_text::last_segment;
use crate::labels::{Labelling, Written};
use crate::literal::parse_entries;
use crate::manifest::{Document, Manifest, Member, parse};
use crate::remainder::Remainder;
use crate::table::Table;
use crate::table_options::TableOptions;

/// The table that is made of manifests, in the image folder.
pub const IIIF_TABLE: &str = "iiif_table.csv";

/// The list of manifests that could not be read, in the image folder.
pub const IIIF_FAILURES: &str = "iiif_failures.csv";

/// The longest document, in bytes.
const MAX_BYTES: u64 = 32 << 20;

/// The most documents that are read.
const MAX_DOCUMENTS: usize = 100_000;

/// How deep collections may stand in collections.
const MAX_DEPTH: usize = 16;

/// The most labels of metadata that become columns: the most frequent ones.
const MAX_COLUMNS: usize = 60;

/// A label with a longer text, in characters, is a description and no variable.
const MAX_CLASS_CHARS: usize = 100;

/// The columns that every such table has; the labels of the metadata follow.
const COLUMNS: [&str; 6] = ["image", "object_id", "object_address", "title", "licence", "attribution"];

/// True for a source that is read as a manifest or a collection: a web address, or a file whose name ends in `.json`.
pub(crate) fn is_iiif(source: &Path) -> bool {
    is_web(source) || source.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

fn is_web(source: &Path) -> bool {
    let text = source.to_string_lossy().to_ascii_lowercase();
    text.starts_with("http:") || text.starts_with("https:")
}

/// Reads a manifest, or a collection with all that it lists, as a catalogue. The policy learns how far the addresses of its
/// pictures may lead.
///
/// # Errors
/// A source that cannot be read or holds no picture; an interruption; a folder that cannot be written. A document in a
/// collection that cannot be read is listed in [`IIIF_FAILURES`] and passed over, with a warning.
pub(crate) fn read(
    source: &Path,
    options: &TableOptions,
    image_folder: &Path,
    policy: &mut Policy,
    observer: &dyn Observer,
) -> Result<Catalogue> {
    options.refuse_groups(source)?;
    let mut client = Client::new(Policy { limit_bytes: MAX_BYTES, ..policy.clone() })?;
    let found = walk(source, &mut client, observer)?;
    policy.reach = client.policy().reach;
    files::create_folder(image_folder)?;
    write_rows(
        &image_folder.join(IIIF_FAILURES),
        std::iter::once(vec!["address".to_owned(), "reason".to_owned()])
            .chain(found.failures.iter().map(|(place, reason)| vec![place.clone(), reason.clone()])),
    )?;
    if let Some((place, reason)) = found.failures.first() {
        observer.warning(&format!(
            "{} documents could not be read and are passed over, as `{place}`: {reason}; `{}` lists them",
            found.failures.len(),
            image_folder.join(IIIF_FAILURES).display()
        ));
    }
    if found.manifests.iter().all(|manifest| manifest.images.is_empty()) {
        return Err(Error::data("no picture in this manifest or collection")
            .in_file(source)
            .hint("a manifest of the IIIF Presentation API, version 2 or 3, is expected"));
    }
    let table = image_folder.join(IIIF_TABLE);
    write_table(&table, &found.manifests)?;
    catalogue(&table, options, folder_of(source), observer)
}

/// What was found behind a source.
struct Found {
    manifests: Vec<Manifest>,
    /// Documents that could not be read, with the reasons.
    failures: Vec<(String, String)>,
}

/// Where a document lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Web(String),
    File(PathBuf),
}

impl Place {
    fn of(source: &Path) -> Self {
        if is_web(source) { Self::Web(source.display().to_string()) } else { Self::File(source.to_path_buf()) }
    }

    /// Where a reference in the document at this place leads.
    fn join(&self, reference: &str) -> Result<Self, String> {
        match self {
            Self::Web(base) => Ok(Self::Web(Address::parse(base)?.join(reference)?.to_string())),
            Self::File(_) if is_web(Path::new(reference)) => Ok(Self::Web(Address::parse(reference)?.to_string())),
            Self::File(_) if reference.contains("://") => Err("it is no http or https address".to_owned()),
            Self::File(base) => Ok(Self::File(folder_of(base).join(reference))),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Web(address) => silknow_fetch::without_userinfo(address),
            Self::File(path) => path.display().to_string(),
        }
    }

    fn read(&self, client: &Client, observer: &dyn Observer) -> Result<Vec<u8>> {
        match self {
            Self::Web(address) => client.get(address, observer).map(|response| response.body),
            Self::File(path) => files::read_limited(path, MAX_BYTES),
        }
    }
}

/// Reads the source and, level by level, all that it lists. Each document is read once, so that circles end. The client
/// follows a source of the public network to public addresses alone.
fn walk(source: &Path, client: &mut Client, observer: &dyn Observer) -> Result<Found> {
    let mut found = Found { manifests: Vec::new(), failures: Vec::new() };
    let mut level = vec![Place::of(source)];
    let mut seen: BTreeSet<Place> = level.iter().cloned().collect();
    for depth in 0..=MAX_DEPTH {
        if level.is_empty() {
            break;
        }
        let progress = observer.begin("read manifests", level.len() as u64);
        let documents: Vec<(Place, Result<Document>)> = level
            .into_par_iter()
            .map(|place| {
                let document = if observer.interrupted() {
                    Err(Error::interrupted())
                } else {
                    place.read(&*client, observer).and_then(|content| parse(&content).map_err(Error::data))
                };
                progress.advance(1);
                (place, document)
            })
            .collect();
        if let (0, Place::Web(address)) = (depth, &documents[0].0) {
            *client = client.led_by(address);
        }
        let mut next = Vec::new();
        for (place, document) in documents {
            match document {
                Err(error) if error.is_interruption() => return Err(error),
                Err(error) if depth == 0 => {
                    let hint = "csvfile is read as an IIIF manifest when it is a web address or ends in .json; save a table as a file";
                    return Err(Error::data(format!("cannot read the manifest `{}`", place.shown()))
                        .caused_by(error)
                        .hint(hint));
                }
                Err(error) => found.failures.push((place.shown(), error.in_one_line())),
                Ok(document) => take(document, &place, &mut found, &mut next),
            }
        }
        next.retain(|place| seen.insert(place.clone()));
        if depth == MAX_DEPTH || seen.len() > MAX_DOCUMENTS {
            let reason =
                format!("more than {MAX_DOCUMENTS} documents, or collections in more than {MAX_DEPTH} collections");
            found.failures.extend(next.drain(..).map(|place| (place.shown(), reason.clone())));
        }
        level = next;
    }
    Ok(found)
}

/// Keeps a manifest, or what a collection lists.
fn take(document: Document, place: &Place, found: &mut Found, next: &mut Vec<Place>) {
    match document {
        Document::Manifest(mut manifest) => {
            if manifest.id.is_empty() {
                manifest.id = place.shown();
            }
            if manifest.images.is_empty() {
                found.failures.push((place.shown(), "the manifest has no picture".to_owned()));
            }
            found.manifests.push(manifest);
        }
        Document::Collection(members) => {
            for member in members {
                match member {
                    Member::Embedded(document) => take(document, place, found, next),
                    Member::Reference(reference) => match place.join(&reference) {
                        Ok(place) => next.push(place),
                        Err(reason) => found.failures.push((reference, reason)),
                    },
                }
            }
        }
    }
}

/// Writes the table: one row a picture.
fn write_table(path: &Path, manifests: &[Manifest]) -> Result<()> {
    let labels = label_columns(manifests);
    let ids = object_ids(manifests);
    let header = COLUMNS.iter().map(|name| (*name).to_owned()).chain(labels.iter().cloned()).collect();
    let rows = manifests.iter().zip(&ids).flat_map(|(manifest, id)| {
        let of_label = |label: &String| {
            let values = manifest.metadata.iter().filter(|(name, _)| name == label).flat_map(|(_, values)| values);
            python_list(values)
        };
        let of_object: Vec<String> = [id, &manifest.id, &manifest.title, &manifest.licence, &manifest.attribution]
            .into_iter()
            .cloned()
            .chain(labels.iter().map(of_label))
            .collect();
        manifest.images.iter().map(move |image| std::iter::once(image.clone()).chain(of_object.clone()).collect())
    });
    write_rows(path, std::iter::once(header).chain(rows))
}

fn write_rows(path: &Path, mut rows: impl Iterator<Item = Vec<String>>) -> Result<()> {
    files::write_with(path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        rows.try_for_each(|row| writer.write_record(row))
            .and_then(|()| writer.flush().map_err(csv::Error::from))
            .map_err(|cause| files::refused("cannot write", path, cause.into()))
    })
}

/// The labels of the metadata that become columns, in the order in which they come first.
fn label_columns(manifests: &[Manifest]) -> Vec<String> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (label, _) in manifests.iter().flat_map(|manifest| &manifest.metadata) {
        let order = counts.len();
        counts.entry(label).or_insert((0, order)).0 += 1;
    }
    let is_free = |label: &str| !COLUMNS.iter().any(|column| column.eq_ignore_ascii_case(label));
    let mut labels: Vec<(&str, (usize, usize))> = counts.into_iter().filter(|(label, _)| is_free(label)).collect();
    labels.sort_by_key(|(_, (count, order))| (std::cmp::Reverse(*count), *order));
    labels.truncate(MAX_COLUMNS);
    labels.sort_by_key(|(_, (_, order))| *order);
    labels.into_iter().map(|(label, _)| label.to_owned()).collect()
}

/// A name for each object: the part of its address that tells it from the others, as in `…/4711/manifest.json`.
fn object_ids(manifests: &[Manifest]) -> Vec<String> {
    let short = |manifest: &Manifest| {
        let path = manifest.id.split(['?', '#']).next().unwrap_or_default();
        let path = path.trim_end_matches('/').trim_end_matches("/manifest.json").trim_end_matches("/manifest");
        last_segment(path.trim_end_matches(".json")).to_owned()
    };
    let mut uses: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for manifest in manifests {
        uses.entry(short(manifest)).or_default().insert(&manifest.id);
    }
    manifests
        .iter()
        .map(|manifest| {
            let id = short(manifest);
            if uses[&id].len() == 1 { id } else { manifest.id.clone() }
        })
        .collect()
}

/// Values as the cells of exports have them: nothing, or a list as Python writes it.
fn python_list<'a>(values: impl Iterator<Item = &'a String>) -> String {
    let quoted: Vec<String> =
        values.map(|value| format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))).collect();
    if quoted.is_empty() { String::new() } else { format!("[{}]", quoted.join(", ")) }
}

/// Reads the table that was made of manifests.
fn catalogue(file: &Path, options: &TableOptions, image_folder: PathBuf, observer: &dyn Observer) -> Result<Catalogue> {
    let table = Table::read(file, None, observer)?;
    let [image, object, address, title, licence, attribution] = table.columns(COLUMNS)?;
    let labels: Vec<usize> = (COLUMNS.len()..table.headers().len()).collect();
    let refused = |cell: BadCell| cell.error(table.file());
    let values = |row: &Row, column: usize| {
        parse_entries(row.cell(column)).map_err(|cause| refused(table.bad_cell(row, column, cause.to_string(), "")))
    };
    let mut is_description = vec![false; labels.len()];
    for row in table.rows()? {
        let row = row?.map_err(refused)?;
        for (long, &column) in is_description.iter_mut().zip(&labels) {
            *long |= values(&row, column)?.iter().any(|value| value.chars().count() > MAX_CLASS_CHARS);
        }
    }
    let columns = |wanted: bool| {
        let chosen = labels.iter().zip(&is_description).filter(move |(_, long)| **long == wanted);
        chosen.map(|(&column, _)| column).collect::<Vec<usize>>()
    };
    let (variables, descriptions) = (columns(false), columns(true));
    let names = variable_names(variables.iter().map(|&column| &*table.headers()[column]));
    let mut labelling = Labelling::new(&names, options)?;
    let mut entries = Vec::new();
    let mut several = BTreeSet::new();
    for row in table.rows()? {
        let row = row?.map_err(refused)?;
        let mut found = Labels::missing(variables.len());
        for (variable, &column) in variables.iter().enumerate() {
            let values = values(&row, column)?;
            if labelling.takes_sets(variable) {
                found.set(variable, &labelling.classes(variable, &values, Written::AsText));
                continue;
            }
            let classes = values.iter().map(|value| labelling.class(variable, value, Written::AsText));
            let known: BTreeSet<i32> = classes.filter(|&class| class != MISSING).collect();
            match known.len() {
                0 | 1 => found.set(variable, &known.into_iter().collect::<Vec<_>>()),
                _ => drop(several.insert(column)),
            }
        }
        let mut of_row = Object::with_id(row.cell(object));
        of_row.address = Some(row.cell(address).into());
        entries.push(Entry { line: row.line(), object: of_row, images: vec![row.cell(image).into()], labels: found });
    }
    let (vocabulary, translation) = labelling.finish(observer);
    for entry in &mut entries {
        entry.labels = translation.apply(&entry.labels);
    }
    if !several.is_empty() {
        let names: Vec<&str> = several.iter().map(|&column| table.headers()[column].as_str()).collect();
        observer.warning(&format!(
            "objects with several values have no label in {}; the values are kept as further columns of the records, and \
             multi_label_variables makes sets of them",
            names.join(", ")
        ));
    }
    let further = [licence, attribution].into_iter().chain(descriptions).chain(several);
    let further = further.map(|column| (table.headers()[column].as_str().into(), column)).collect();
    Ok(Catalogue {
        file: file.to_path_buf(),
        image_folder,
        vocabulary,
        has_museums: false,
        entries,
        bad_rows: Vec::new(),
        remainder: Some(Remainder { table, title: Some(title), text: None, further }),
    })
}

/// Names of variables for labels: letters, digits, `-`, `_` and dots, which stand in configuration files as they are. Each
/// name occurs once.
fn variable_names<'a>(labels: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let kept = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    let plain = |label: &str| label.chars().map(|letter| if kept(letter) { letter } else { '_' }).collect::<String>();
    labels
        .map(|label| {
            let name = plain(label.trim());
            let numbered = (2..).map(|number| format!("{name}_{number}"));
            let mut candidates = std::iter::once(name.clone()).chain(numbered);
            candidates.find(|name| taken.insert(name.clone())).unwrap_or(name)
        })
        .collect()
}
