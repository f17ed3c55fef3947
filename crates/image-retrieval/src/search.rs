//! `search`: one image, several or a folder against an index.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use silknow_config::{DeviceChoice, Precision, VoteRule};
use silknow_errors::Result;
use silknow_evaluation::{Answer as ShownAnswer, ExplainedHit, Neighbour, Picture, SearchHit, Section, Work};
use silknow_files as files;
use silknow_index::{Hit, Index, Search};
use silknow_network::Model;
use silknow_progress::Observer;
use silknow_records::{Object, Record, Variable};

use crate::classifier;
use crate::context::Context;
use crate::describing::{Listed, SkippedImage, describe_images};
use crate::explaining::pair_shares;
use crate::image_list;
use crate::path_text;
use crate::retriever::{Answer, Prediction, Retriever, Votes};
use crate::voting;

/// What `search` needs to know.
#[derive(Clone, Debug)]
pub struct SearchParameters {
    /// Images and folders of images to search for.
    pub queries: Vec<PathBuf>,
    /// Folder of `kdtree.npz`.
    pub treepath: PathBuf,
    /// Folder of the model that built it.
    pub model_path: PathBuf,
    /// What an answer consists of; how it votes is said by the fields below.
    pub search: Search,
    /// How the neighbours vote.
    pub vote: VoteRule,
    /// The temperature of a weighted vote; none stands for that of the model.
    pub vote_temperature: Option<f64>,
    /// The share of the vote below which nothing is predicted, in `[0, 1]`.
    pub confidence_threshold: f64,
    /// A page with the pictures to write, if wanted.
    pub html: Option<PathBuf>,
    /// For how many of the first neighbours of a query the page shows what makes them similar.
    pub explained: usize,
    /// Images that the network describes at once.
    pub batch_size: usize,
    /// Where the network runs.
    pub device: DeviceChoice,
    /// Numbers that it computes with.
    pub precision: Precision,
}

/// The answers to all queries.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SearchSummary {
    /// One per query image that could be read, sorted by path.
    pub results: Vec<SearchResult>,
    /// Query images that could not be read, each with the reason.
    pub skipped: Vec<SkippedImage>,
    /// The page that was written, if one was.
    #[serde(serialize_with = "path_text::serialize_optional")]
    pub html: Option<PathBuf>,
}

/// The answer to one query.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SearchResult {
    /// The query image.
    #[serde(serialize_with = "path_text::serialize")]
    pub query: PathBuf,
    /// The predicted class of each variable.
    pub predictions: Vec<Label>,
    /// What the neighbours say of each variable.
    pub votes: Vec<VariableVotes>,
    /// Nearest first.
    pub neighbours: Vec<FoundImage>,
}

/// A variable with its class.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Label {
    /// The variable's name.
    pub variable: String,
    /// Its class as files hold it, several joined by `___`; none where unknown.
    pub class: Option<String>,
    /// Its class as people read it, several joined by commas; none where unknown.
    pub text: Option<String>,
}

/// What the neighbours of a query say of one variable.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct VariableVotes {
    /// The variable's name.
    pub variable: String,
    /// How sure the vote is of its class, in `[0, 1]`, also where it was too low for a prediction; 0 where no neighbour's label
    /// is known.
    pub confidence: f64,
    /// The classes that neighbours have, the most probable first.
    pub classes: Vec<ClassVotes>,
}

/// What the neighbours of a query say of one class.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ClassVotes {
    /// The class as files hold it.
    pub class: String,
    /// The class as people read it.
    pub text: String,
    /// Its share of the vote, in `[0, 1]`.
    pub probability: f64,
    /// Neighbours that have it.
    pub neighbours: usize,
}

/// A neighbour of a query.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FoundImage {
    /// Where the image is.
    pub image: PathBuf,
    /// Its position in the index.
    pub position: u64,
    /// Euclidean distance of the descriptors, in `[0, 2]`.
    pub distance: f32,
    /// Its classes.
    pub labels: Vec<Label>,
    /// The object that it shows.
    pub object: FoundObject,
    /// Where the picture was taken from, where that is known.
    pub source: Option<String>,
}

/// The object that a neighbour shows, as far as it is known.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FoundObject {
    /// Its identifier within its museum.
    pub id: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// Its museum.
    pub museum: Option<String>,
    /// Its title.
    pub title: Option<String>,
}

/// Finds the nearest neighbours of images in an index and predicts the images' classes.
///
/// # Errors
/// A missing image, a model or an index that cannot be read, an index of another model, no readable query, a filter that
/// names what the index does not have, an interruption.
pub fn search(parameters: &SearchParameters, context: &Context<'_>) -> Result<SearchSummary> {
    let observer = context.observer;
    let images = image_list::expand(&parameters.queries, observer)?;
    let SearchParameters { model_path, treepath, device, precision, .. } = parameters;
    let retriever = Retriever::open_or_import(model_path, treepath, *device, *precision, context)?;
    let index = retriever.index();
    // The filter is checked first, so that a fault in it is reported before any picture is decoded.
    parameters.search.filter.resolve(index.vocabulary())?;
    let mut search = parameters.search.clone();
    let SearchParameters { vote, vote_temperature, confidence_threshold, .. } = *parameters;
    search.vote = voting::vote(vote, vote_temperature, confidence_threshold, retriever.model().facts())?;
    classifier::check(&search.vote, retriever.model().extra_heads().map(|(name, _)| name))?;
    let (described, skipped) =
        describe_images(retriever.model(), &images, Listed::ByHand, parameters.batch_size, observer)?;
    path_text::warn_of_lost_names(&images, observer);
    let kept: Vec<&PathBuf> = described.kept.iter().map(|&position| &images[position]).collect();
    let is_query = |query: usize, record: &Record| is_same_file(kept[query], &parameters.treepath.join(&record.name));
    let answers = retriever.search_described(&described, &search, &is_query, observer)?;
    if !parameters.search.filter.is_everything() && answers.iter().all(|answer| answer.hits.is_empty()) {
        observer.warning(&format!("no image of the index passes the filter `{}`", parameters.search.filter));
    }
    let variables = &index.vocabulary().variables;
    let result = |(query, answer): (&&PathBuf, &Answer)| result(query, answer, variables, &parameters.treepath);
    let results = kept.iter().zip(&answers).map(result).collect::<Result<Vec<_>>>()?;
    if let Some(page) = &parameters.html {
        let hits: Vec<SearchHit> = results.iter().map(shown).collect();
        let explained = explained(retriever.model(), &hits, parameters.explained, observer)?;
        let introduction = format!("Searched among {} images in {}.", index.len(), parameters.treepath.display());
        // Pages of several searches may lie in one folder, so that it is not locked.
        files::remove_abandoned(page.parent().unwrap_or(Path::new(".")));
        let mut content = silknow_evaluation::search_page("Similar images", &introduction, &hits);
        content.sections.extend(Section::of_explained(explained));
        content.write(page)?;
    }
    Ok(SearchSummary { results, skipped, html: parameters.html.clone() })
}

/// What makes the first neighbours of every query similar to it.
fn explained(
    model: &Model,
    hits: &[SearchHit],
    neighbours: usize,
    observer: &dyn Observer,
) -> Result<Vec<ExplainedHit>> {
    if neighbours == 0 {
        return Ok(Vec::new());
    }
    let progress = observer.begin("explaining similarities", hits.len() as u64);
    let mut explained = Vec::with_capacity(hits.len());
    for hit in hits {
        let near: Vec<PathBuf> = hit.neighbours.iter().take(neighbours).map(|near| near.picture.path.clone()).collect();
        let shares = pair_shares(model, &hit.query.path, &near, observer)?;
        explained.extend(ExplainedHit::new(hit, shares));
        progress.advance(1);
    }
    Ok(explained)
}

/// True when two paths lead to one file that is there.
fn is_same_file(a: &Path, b: &Path) -> bool {
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

fn result(query: &Path, answer: &Answer, variables: &[Variable], treepath: &Path) -> Result<SearchResult> {
    let neighbours = answer.hits.iter().map(|hit| found(hit, variables, treepath)).collect::<Result<_>>()?;
    let predictions = answer.predictions.iter().map(predicted).collect();
    let votes = answer.predictions.iter().map(voted).collect();
    Ok(SearchResult { query: query.to_path_buf(), predictions, votes, neighbours })
}

fn predicted(prediction: &Prediction) -> Label {
    let classes = prediction.predicted();
    let joined = |separator: &str, text: fn(&Votes) -> &str| {
        (!classes.is_empty()).then(|| classes.iter().map(text).collect::<Vec<_>>().join(separator))
    };
    Label {
        variable: prediction.variable.clone(),
        class: joined("___", |class| &class.name),
        text: joined(", ", |class| &class.text),
    }
}

fn voted(prediction: &Prediction) -> VariableVotes {
    let class = |votes: &Votes| ClassVotes {
        class: votes.name.clone(),
        text: votes.text.clone(),
        probability: votes.share,
        neighbours: votes.neighbours,
    };
    VariableVotes {
        variable: prediction.variable.clone(),
        confidence: prediction.confidence,
        classes: prediction.classes.iter().map(class).collect(),
    }
}

fn found(hit: &Hit, variables: &[Variable], treepath: &Path) -> Result<FoundImage> {
    let record = &hit.record;
    let label = |(v, variable): (usize, &Variable)| {
        let classes = record.labels.classes(v);
        let class = (!classes.is_empty()).then(|| variable.class_names(classes));
        Label { variable: variable.name.clone(), class, text: variable.class_texts(classes) }
    };
    Ok(FoundImage {
        image: files::relative_to(treepath.join(&record.name), ".")?.into(),
        position: hit.position,
        distance: hit.distance,
        labels: variables.iter().enumerate().map(label).collect(),
        object: FoundObject::of(&record.object),
        source: record.source.as_deref().map(str::to_owned),
    })
}

impl FoundObject {
    fn of(object: &Object) -> Self {
        let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        Self {
            id: (!object.id.is_empty()).then(|| object.id.to_string()),
            address: text(&object.address),
            museum: text(&object.museum),
            title: text(&object.title),
        }
    }

    /// Museum and identifier, as a curator writes them; none where neither is known.
    fn inventory(&self) -> Option<String> {
        let parts: Vec<&str> = [&self.museum, &self.id].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// The answer as a page shows it.
fn shown(result: &SearchResult) -> SearchHit {
    let picture = |path: &Path| Picture { name: path.display().to_string(), path: path.to_path_buf() };
    let answer = |(label, votes): (&Label, &VariableVotes)| ShownAnswer {
        variable: label.variable.clone(),
        truth: None,
        prediction: label.text.clone(),
        confidence: (!votes.classes.is_empty()).then_some(votes.confidence),
    };
    let neighbour = |found: &FoundImage| Neighbour {
        picture: picture(&found.image),
        distance: found.distance,
        labels: found.labels.iter().map(|label| label.text.clone()).collect(),
        work: Work {
            title: found.object.title.clone(),
            inventory: found.object.inventory(),
            address: found.object.address.clone(),
        },
    };
    SearchHit {
        query: picture(&result.query),
        answers: result.predictions.iter().zip(&result.votes).map(answer).collect(),
        neighbours: result.neighbours.iter().map(neighbour).collect(),
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
            for (label, votes) in result.predictions.iter().zip(&result.votes) {
                write!(f, "  {:<widest$}  ", label.variable)?;
                match &label.text {
                    None if !votes.classes.is_empty() => {
                        writeln!(f, "not sure ({}, {:.0} %)", votes.classes[0].text, 100.0 * votes.confidence)?;
                    }
                    _ => writeln!(f, "{}", text(label))?,
                }
            }
            writeln!(f, "  {:>4}  {:>8}  image", "rank", "distance")?;
            for (rank, found) in (1..).zip(&result.neighbours) {
                let (distance, image) = (found.distance, found.image.display());
                write!(f, "  {rank:>4}  {distance:>8.4}  {image}")?;
                if !found.labels.is_empty() {
                    let labels: Vec<&str> = found.labels.iter().map(text).collect();
                    write!(f, "  [{}]", labels.join(", "))?;
                }
                for about in [&found.object.title, &found.object.address].into_iter().flatten() {
                    write!(f, "  {about}")?;
                }
                writeln!(f)?;
            }
        }
        if let Some(page) = &self.html {
            write!(f, "\npage with the pictures: {}", page.display())?;
        }
        Ok(())
    }
}

fn text(label: &Label) -> &str {
    label.text.as_deref().unwrap_or("-")
}
