//! `search`: one image, several or a folder against an index.
//!
//! Owns the answer's form in the terminal. Leaves the page to the evaluation, the search to the index.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_config::{DeviceChoice, Precision};
use silknow_errors::{Error, Result};
use silknow_evaluation::{Answer, Neighbour, Picture, SearchHit};
use silknow_files as files;
use silknow_index::{DescriptorIndex, Queries, Retrieval, Retriever};
use silknow_records::MISSING;

use crate::context::Context;
use crate::describing::{SkippedImage, describe_images};
use crate::image_list;
use crate::searching::load_model_and_index;

/// What `search` needs to know.
#[derive(Clone, Debug)]
pub struct SearchParameters {
    /// Images and folders of images to search for.
    pub queries: Vec<PathBuf>,
    /// Folder of `kdtree.npz`.
    pub treepath: PathBuf,
    /// Folder of the model that built it.
    pub model_path: PathBuf,
    /// Neighbours per query, at least 1.
    pub num_neighbors: usize,
    /// A page with the pictures to write, if wanted.
    pub html: Option<PathBuf>,
    /// Images that the network describes at once.
    pub batch_size: usize,
    /// Where the network runs.
    pub device: DeviceChoice,
    /// Numbers that it computes with.
    pub precision: Precision,
}

/// The answers to all queries.
#[derive(Clone, Debug, Serialize)]
pub struct SearchSummary {
    /// One per query image that could be read, sorted by path.
    pub results: Vec<SearchResult>,
    /// Query images that could not be read, each with the reason.
    pub skipped: Vec<SkippedImage>,
    /// The page that was written, if one was.
    pub html: Option<PathBuf>,
}

/// The answer to one query.
#[derive(Clone, Debug, Serialize)]
pub struct SearchResult {
    /// The query image.
    pub query: PathBuf,
    /// The predicted class of each variable.
    pub predictions: Vec<Label>,
    /// Nearest first.
    pub neighbours: Vec<FoundImage>,
}

/// A variable with its class.
#[derive(Clone, Debug, Serialize)]
pub struct Label {
    /// The variable's name.
    pub variable: String,
    /// Its class; none where unknown.
    pub class: Option<String>,
}

/// A neighbour of a query.
#[derive(Clone, Debug, Serialize)]
pub struct FoundImage {
    /// Where the image is.
    pub image: PathBuf,
    /// Its position in the index.
    pub position: u32,
    /// Euclidean distance of the descriptors, in `[0, 2]`.
    pub distance: f32,
    /// Its classes.
    pub labels: Vec<Label>,
}

/// Finds the nearest neighbours of images in an index and predicts the images' classes.
///
/// # Errors
/// A missing image, a model or an index that cannot be read, an index of another model, no readable query, an
/// interruption.
pub fn search(parameters: &SearchParameters, context: &Context<'_>) -> Result<SearchSummary> {
    if parameters.num_neighbors == 0 {
        return Err(Error::configuration("`num_neighbors` must be at least 1"));
    }
    let images = image_list::expand(&parameters.queries)?;
    let (model, index) =
        load_model_and_index(&parameters.model_path, &parameters.treepath, parameters.device, parameters.precision)?;
    let (described, skipped) = describe_images(&model, &images, parameters.batch_size, context.observer)?;
    let kept: Vec<PathBuf> = described.kept.iter().map(|&position| images[position].clone()).collect();
    let names = kept.iter().map(|path| path.display().to_string()).collect();
    let queries = Queries { names, descriptors: described.descriptors, labels: None };
    let retrieval = Retriever::new(&index)?.retrieve(queries, parameters.num_neighbors, context.observer)?;
    let index_images: Vec<PathBuf> =
        index.names_relative_to(&parameters.treepath, ".")?.into_iter().map(PathBuf::from).collect();
    let results: Vec<SearchResult> =
        (0..kept.len()).map(|query| answer(&retrieval, query, &kept[query], &index, &index_images)).collect();
    if let Some(page) = &parameters.html {
        let hits: Vec<SearchHit> = results.iter().map(hit).collect();
        let introduction = format!("Searched among {} images in {}.", index.len(), parameters.treepath.display());
        files::write(page, silknow_evaluation::search_page("Similar images", &introduction, &hits))?;
    }
    Ok(SearchSummary { results, skipped, html: parameters.html.clone() })
}

fn answer(
    retrieval: &Retrieval,
    query: usize,
    path: &Path,
    index: &DescriptorIndex,
    index_images: &[PathBuf],
) -> SearchResult {
    let labels = |row: &[i32]| -> Vec<Label> {
        row.iter()
            .zip(&retrieval.vocabulary.variables)
            .map(|(&class, variable)| Label {
                variable: variable.name.clone(),
                class: (class != MISSING).then(|| variable.classes[class as usize].clone()),
            })
            .collect()
    };
    let near = &retrieval.neighbours;
    let range = query * near.k..(query + 1) * near.k;
    let neighbours = near.positions[range.clone()]
        .iter()
        .zip(&near.distances[range])
        .map(|(&position, &distance)| FoundImage {
            image: index_images[position as usize].clone(),
            position,
            distance,
            labels: labels(index.labels.row(position as usize)),
        })
        .collect();
    SearchResult { query: path.to_path_buf(), predictions: labels(retrieval.predictions.row(query)), neighbours }
}

fn hit(result: &SearchResult) -> SearchHit {
    let picture = |path: &Path| Picture { name: path.display().to_string(), path: path.to_path_buf() };
    SearchHit {
        query: picture(&result.query),
        answers: result
            .predictions
            .iter()
            .map(|label| Answer { variable: label.variable.clone(), truth: None, prediction: label.class.clone() })
            .collect(),
        neighbours: result
            .neighbours
            .iter()
            .map(|found| Neighbour {
                picture: picture(&found.image),
                distance: found.distance,
                labels: found.labels.iter().map(|label| label.class.clone()).collect(),
            })
            .collect(),
    }
}

impl fmt::Display for SearchSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, result) in self.results.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{}", result.query.display())?;
            let widest = result.predictions.iter().map(|label| label.variable.chars().count()).max().unwrap_or(0);
            for label in &result.predictions {
                writeln!(f, "  {:<widest$}  {}", label.variable, class(label))?;
            }
            writeln!(f, "  {:>4}  {:>8}  image", "rank", "distance")?;
            for (rank, found) in (1..).zip(&result.neighbours) {
                let labels: Vec<&str> = found.labels.iter().map(class).collect();
                writeln!(
                    f,
                    "  {rank:>4}  {:>8.4}  {}  [{}]",
                    found.distance,
                    found.image.display(),
                    labels.join(", ")
                )?;
            }
        }
        if let Some(page) = &self.html {
            write!(f, "\npage with the pictures: {}", page.display())?;
        }
        Ok(())
    }
}

fn class(label: &Label) -> &str {
    label.class.as_deref().unwrap_or("-")
}
