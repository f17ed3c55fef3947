//! Why pictures were found: the parts of both that make them similar, and the variables that they agree in.

use std::path::PathBuf;

use maud::{Markup, html};
use silknow_errors::Result;
use silknow_records::class_text::text_of;

use crate::cards::{Picture, SearchHit};
use crate::glow::PlaceShares;
use crate::thumbnails::Thumbnail;

/// The look of these parts of a page.
pub(crate) const STYLE: &str = include_str!("../assets/explained.css");

/// Longest side of the pictures in pixels: twice what the page shows, for dense screens.
const PICTURE_PX: u32 = 440;

/// Where in a query and in a neighbour their similarity comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct PairShares {
    /// In the query.
    pub query: PlaceShares,
    /// In the neighbour.
    pub neighbour: PlaceShares,
}

/// A query of a report with some of its neighbours, whose similarities are to be explained.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The fold that it belongs to; 0 without folds.
    pub fold: usize,
    /// The picture of the query.
    pub query: PathBuf,
    /// The pictures of its neighbours.
    pub neighbours: Vec<PathBuf>,
}

/// Explains similarities: for everything that is asked the shares of every neighbour, none for one that cannot be looked at.
pub type Explain<'a> = dyn Fn(&[Asked]) -> Result<Vec<Vec<Option<PairShares>>>> + 'a;

/// Why the first neighbours of a query were found.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedHit {
    query: Picture,
    /// What the variables are compared with.
    compared_with: &'static str,
    neighbours: Vec<ExplainedNeighbour>,
}

#[derive(Clone, Debug, PartialEq)]
struct ExplainedNeighbour {
    /// Counted from 1.
    rank: usize,
    picture: Picture,
    distance: f32,
    shares: PairShares,
    chips: Vec<Chip>,
}

/// What is said of one variable.
#[derive(Clone, Debug, PartialEq)]
struct Chip {
    variable: String,
    agreement: Agreement,
}

#[derive(Clone, Debug, PartialEq)]
enum Agreement {
    Agrees(String),
    Differs { query: String, neighbour: String },
    Unknown,
}

impl ExplainedHit {
    /// An explanation of the first neighbours of a hit, as far as there are shares for them, nearest first; none stands for a
    /// neighbour that could not be looked at. None without any.
    ///
    /// The variables of a neighbour are compared with the truth of the query, or with what is predicted where no truth is
    /// known.
    pub fn new(hit: &SearchHit, shares: Vec<Option<PairShares>>) -> Option<Self> {
        let has_truth = hit.answers.iter().any(|answer| answer.truth.is_some());
        let chip = |(v, labels): (usize, &[Option<String>])| {
            let answer = &hit.answers[v];
            let query = if has_truth { &answer.truth } else { &answer.prediction };
            let agreement = match (query, labels.get(v).and_then(Option::as_ref)) {
                (Some(query), Some(neighbour)) if query == neighbour => Agreement::Agrees(query.clone()),
                (Some(query), Some(neighbour)) => {
                    Agreement::Differs { query: query.clone(), neighbour: neighbour.clone() }
                }
                _ => Agreement::Unknown,
            };
            Chip { variable: answer.variable.clone(), agreement }
        };
        let neighbours: Vec<ExplainedNeighbour> = hit
            .neighbours
            .iter()
            .zip(shares)
            .enumerate()
            .filter_map(|(position, (near, shares))| {
                Some(ExplainedNeighbour {
                    rank: position + 1,
                    picture: near.picture.clone(),
                    distance: near.distance,
                    shares: shares?,
                    chips: (0..hit.answers.len()).map(|v| chip((v, near.labels.as_slice()))).collect(),
                })
            })
            .collect();
        let compared_with = if has_truth { "the truth" } else { "what is predicted" };
        (!neighbours.is_empty()).then(|| Self { query: hit.query.clone(), compared_with, neighbours })
    }

    pub(crate) fn card(&self) -> Markup {
        html! {
            article.card.explained {
                h3 title=(self.query.name) { (self.query.last_part()) }
                div.pairs {
                    @for near in &self.neighbours { (near.pair(&self.query, self.compared_with)) }
                }
            }
        }
    }
}

impl ExplainedNeighbour {
    fn pair(&self, query: &Picture, compared_with: &str) -> Markup {
        html! {
            div.pair {
                div.both {
                    (glowing(query, &self.shares.query, "Query"))
                    (glowing(&self.picture, &self.shares.neighbour, &format!("Neighbour {}", self.rank)))
                }
                @if !self.chips.is_empty() {
                    ul.chips aria-label=(format!("Variables of the neighbour against {compared_with}")) {
                        @for chip in &self.chips { (chip.markup()) }
                    }
                }
                p.about { "distance " (format!("{:.3}", self.distance)) }
            }
        }
    }
}

impl Chip {
    fn markup(&self) -> Markup {
        let variable = text_of(&self.variable);
        html! {
            @match &self.agreement {
                Agreement::Agrees(class) => li.agrees {
                    span aria-hidden="true" { "✓ " } (variable) ": " (class) span.spoken { " agrees" }
                },
                Agreement::Differs { query, neighbour } => li.differs {
                    span aria-hidden="true" { "✗ " } (variable) ": " (query) span aria-hidden="true" { " ≠ " }
                    span.spoken { " differs from " } (neighbour)
                },
                Agreement::Unknown => li.unknown { (variable) " unknown" },
            }
        }
    }
}

fn glowing(picture: &Picture, shares: &PlaceShares, role: &str) -> Markup {
    let name = picture.last_part();
    html! {
        figure {
            @match Thumbnail::glowing(&picture.path, PICTURE_PX, shares) {
                Some(small) => img src=(small.address) width=(small.width_px) height=(small.height_px)
                    alt=(format!("{role}: {name}, orange where the similarity comes from"));,
                None => span.placeholder { "picture not found" },
            }
            figcaption { strong { (role) } " " span.file title=(picture.name) { (name) } }
        }
    }
}

/// What the pictures and signs of some hits mean, to people who did not make the network.
pub(crate) fn in_words(hits: &[ExplainedHit]) -> String {
    let compared_with = hits.first().map_or("what is predicted", |hit| hit.compared_with);
    format!(
        "The network compares what it sees at every place of two pictures. The pictures are shown in grey, and orange where they \
         are alike: a place is more orange than the others that adds more to the similarity, and grey that adds least or speaks \
         against it; pictures that are alike all over are half orange all over. The \
         network sees the square in the middle of a picture. The signs say in which variables the neighbour agrees with \
         {compared_with} of the query."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cards::{Answer, Neighbour, Work};

    fn picture(path: PathBuf) -> Picture {
        Picture { name: path.display().to_string(), path }
    }

    fn shares() -> PairShares {
        let shares = PlaceShares { rows: 1, columns: 2, values: vec![0.1, 0.5] };
        PairShares { query: shares.clone(), neighbour: shares }
    }

    fn hit(path: PathBuf, truth: [Option<&str>; 3]) -> SearchHit {
        let answer = |(variable, truth): (&str, Option<&str>)| Answer {
            variable: variable.to_owned(),
            truth: truth.map(str::to_owned),
            prediction: Some("ES".to_owned()),
            confidence: None,
        };
        let near = Neighbour {
            picture: picture(path.clone()),
            distance: 0.25,
            labels: vec![Some("ES".to_owned()), Some("<FR>".to_owned()), None],
            work: Work::default(),
        };
        SearchHit {
            query: picture(path),
            answers: ["place", "origin_of_it", "time"].into_iter().zip(truth).map(answer).collect(),
            neighbours: vec![near.clone(), near],
        }
    }

    #[test]
    fn variables_agree_differ_or_are_unknown() {
        let hit = hit("absent.jpg".into(), [Some("ES"), Some("IT"), Some("1700")]);
        let card = ExplainedHit::new(&hit, vec![None, Some(shares())]).unwrap().card().into_string();
        assert_eq!((card.matches("<li class=\"agrees\">").count(), card.matches("Neighbour 1").count()), (1, 0));
        assert!(card.contains("origin of it: IT") && card.contains("&lt;FR&gt;"), "{card}");
        assert!(card.contains("time unknown") && card.contains("Neighbour 2") && card.contains("against the truth"));
        assert_eq!(card.matches("picture not found").count(), 2);
        assert_eq!(ExplainedHit::new(&hit, vec![None]), None);
    }

    #[test]
    fn without_truth_variables_are_compared_with_what_is_predicted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silk.png");
        image::RgbImage::from_pixel(40, 20, image::Rgb([200, 80, 40])).save(&path).unwrap();
        let explained = ExplainedHit::new(&hit(path, [None; 3]), vec![Some(shares())]).unwrap();
        assert!(in_words(std::slice::from_ref(&explained)).contains("agrees with what is predicted of the query"));
        let card = explained.card().into_string();
        assert_eq!(card.matches("data:image/jpeg;base64,").count(), 2);
        assert!(card.contains("✓") && card.contains("✗") && !card.contains("truth"), "{card}");
    }
}
