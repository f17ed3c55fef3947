//! Picture cards: a query with its neighbours, their distances and labels, as a table in a page.
//!
//! A retrieval is shown with or without known truth; pictures that belong together for another reason stand in a row.

use std::path::{Path, PathBuf};

use maud::{Markup, html};
use silknow_files as files;
use silknow_records::class_text::text_of;
use silknow_records::{Object, is_web_address};

use crate::thumbnails::Thumbnail;

/// An image of the collection.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// How it is named to people; of a path the last part is shown.
    pub name: String,
    /// Where the file is. One that cannot be read is shown as a placeholder.
    pub path: PathBuf,
}

impl Picture {
    /// Its name without folders.
    pub(crate) fn last_part(&self) -> &str {
        last_part(&self.name)
    }
}

/// What is known and said of one variable of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The variable's name.
    pub variable: String,
    /// The text of the true class, where it is known.
    pub truth: Option<String>,
    /// The text of the predicted class, where there is one.
    pub prediction: Option<String>,
    /// How sure the vote is of its class, in `[0, 1]`, also where it was too low for a prediction; none where nobody votes.
    pub confidence: Option<f64>,
}

/// A similar image.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// The image.
    pub picture: Picture,
    /// Euclidean distance of the descriptors, in `[0, 2]`.
    pub distance: f32,
    /// The texts of its classes, in the order of the query's answers; none where unknown.
    pub labels: Vec<Option<String>>,
    /// The work that it shows.
    pub work: Work,
}

/// What a page says of the work that an image shows, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// Its title.
    pub title: Option<String>,
    /// Its museum and its identifier there.
    pub inventory: Option<String>,
    /// Its address, for a link.
    pub address: Option<String>,
}

/// A query with what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchHit {
    /// The query's image.
    pub query: Picture,
    /// Per variable what is known and said of it.
    pub answers: Vec<Answer>,
    /// Nearest first.
    pub neighbours: Vec<Neighbour>,
}

/// Where a card stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place<'a> {
    /// The folder of the page, from which pictures can be reached; none where the page is not in a file.
    pub folder: Option<&'a Path>,
    /// True below a heading within the section.
    pub is_below_heading: bool,
}

impl Place<'_> {
    /// The address of a file from the page; none where the page has no folder.
    fn address_of(&self, path: &Path) -> Option<String> {
        let path = files::relative_to(path, self.folder?).ok()?;
        let mut address = String::with_capacity(path.len());
        for byte in path.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => address.push(byte.into()),
                other => address.push_str(&format!("%{other:02X}")),
            }
        }
        Some(address)
    }
}

/// Longest side of the pictures in pixels: twice what the page shows, for dense screens.
const PICTURE_PX: u32 = 280;

impl SearchHit {
    /// How many variables with known truth and prediction are predicted right, and how many there are.
    pub fn right_of_known(&self) -> (usize, usize) {
        let known: Vec<_> =
            self.answers.iter().filter(|answer| answer.truth.is_some() && answer.prediction.is_some()).collect();
        (known.iter().filter(|answer| answer.truth == answer.prediction).count(), known.len())
    }

    /// The card, under a heading of the level above it.
    pub(crate) fn card(&self, place: Place<'_>) -> Markup {
        let has_truth = self.answers.iter().any(|answer| answer.truth.is_some());
        html! {
            article.card {
                @if place.is_below_heading { h4 title=(self.query.name) { (last_part(&self.query.name)) } }
                @else { h3 title=(self.query.name) { (last_part(&self.query.name)) } }
                @if has_truth { p.verdict { (self.verdict()) } }
                div.scroll tabindex="0" role="group" aria-label=(format!("{} and its neighbours", self.query.name)) {
                    table.hit { (self.pictures_row(has_truth, place)) (self.label_rows(has_truth)) }
                }
            }
        }
    }

    fn verdict(&self) -> Markup {
        let (right, known) = self.right_of_known();
        html! {
            @if known == 0 { "No known label has a prediction." }
            @else if right == known {
                (mark(true)) @if known == 1 { " The prediction is right." } @else { " All " (known) " predictions are right." }
            }
            @else if right == 0 {
                (mark(false)) @if known == 1 { " The prediction is wrong." } @else { " None of " (known) " predictions is right." }
            }
            @else if right == 1 { "1 of " (known) " predictions is right." }
            @else { (right) " of " (known) " predictions are right." }
        }
    }

    fn pictures_row(&self, has_truth: bool, place: Place<'_>) -> Markup {
        // Without variables, as in an index of unlabelled images, nothing is predicted.
        let has_predictions = !self.answers.is_empty();
        let columns = if has_truth { 2 } else { 1 };
        html! {
            thead {
                tr {
                    td {}
                    th.query scope="colgroup" colspan=(columns) { (figure(&self.query, "Query", place)) }
                    @for (rank, near) in (1..).zip(&self.neighbours) {
                        th scope="col" { (figure(&near.picture, &format!("Neighbour {rank}"), place)) (near.work.caption()) }
                    }
                }
                tr.heads {
                    th scope="row" { "distance" }
                    @if has_truth { th.query scope="col" { "truth" } }
                    @if has_predictions { th.query scope="col" { "predicted" } } @else { td.query {} }
                    @for near in &self.neighbours { td.number { (format!("{:.3}", near.distance)) } }
                }
            }
        }
    }

    fn label_rows(&self, has_truth: bool) -> Markup {
        html! {
            tbody {
                @for (v, answer) in self.answers.iter().enumerate() {
                    tr {
                        th scope="row" { (text_of(&answer.variable)) }
                        @if has_truth { td.query { (label(answer.truth.as_deref(), None)) } }
                        td.query { (answer.predicted()) }
                        @for near in &self.neighbours {
                            td { (label(near.labels.get(v).and_then(Option::as_deref), answer.truth.as_deref())) }
                        }
                    }
                }
            }
        }
    }
}

impl Answer {
    /// The prediction with its confidence.
    fn predicted(&self) -> Markup {
        let per_cent = self.confidence.map(|confidence| format!("{:.0} %", 100.0 * confidence));
        html! {
            @match (&self.prediction, per_cent) {
                (None, Some(per_cent)) => span.unknown { "not sure " small { (per_cent) } },
                (prediction, per_cent) => {
                    (label(prediction.as_deref(), self.truth.as_deref()))
                    @if let Some(per_cent) = per_cent { " " small.confidence { (per_cent) } }
                }
            }
        }
    }
}

impl Work {
    /// What is known of an object.
    pub fn of(object: &Object) -> Self {
        let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        let id = (!object.id.is_empty()).then_some(&*object.id);
        let inventory: Vec<&str> = [object.museum.as_deref(), id].into_iter().flatten().collect();
        Self {
            title: text(&object.title),
            inventory: (!inventory.is_empty()).then(|| inventory.join(" ")),
            address: text(&object.address),
        }
    }

    /// Title, inventory number and a link, as far as they are known. Only addresses of the web are linked.
    fn caption(&self) -> Markup {
        let title = self.title.as_deref();
        html! {
            @if *self != Self::default() {
                p.work {
                    @match self.address.as_ref().filter(|address| is_web_address(address)) {
                        Some(address) => a href=(address) rel="noopener noreferrer" { (title.unwrap_or("the work")) },
                        None => @if let Some(title) = title { (title) },
                    }
                    @if let Some(inventory) = &self.inventory { span.inventory { (inventory) } }
                }
            }
        }
    }
}

/// A class, marked right or wrong where the truth is known; a dash where the class is not known.
fn label(class: Option<&str>, truth: Option<&str>) -> Markup {
    html! {
        @match (class, truth) {
            (None, _) => span.unknown title="unknown" { "–" span.spoken { " unknown" } },
            (Some(class), None) => (class),
            (Some(class), Some(truth)) => {
                span class=(if class == truth { "right" } else { "wrong" }) {
                    (mark(class == truth)) " " (class)
                }
            }
        }
    }
}

/// Right or wrong by shape and by word, not by colour alone.
fn mark(right: bool) -> Markup {
    let (sign, word, class) = if right { ("✓", "right:", "mark right") } else { ("✗", "wrong:", "mark wrong") };
    html! { span class=(class) aria-hidden="true" { (sign) } span.spoken { (word) } }
}

fn figure(picture: &Picture, role: &str, place: Place<'_>) -> Markup {
    let name = last_part(&picture.name);
    let shown = |small: Thumbnail, what: &str| {
        html! { img src=(small.address) width=(small.width_px) height=(small.height_px) alt=(what); }
    };
    html! {
        figure.picture {
            div.frame {
                @match Thumbnail::of(&picture.path, PICTURE_PX) {
                    Some(small) => @match place.address_of(&picture.path) {
                        Some(whole) => a href=(whole) { (shown(small, &format!("{role}: {name}, open the whole picture"))) },
                        None => (shown(small, &format!("{role}: {name}"))),
                    },
                    None => span.placeholder role="img" aria-label=(format!("{role}: {name}, picture not found")) {
                        "picture not found"
                    }
                }
            }
            figcaption { strong { (role) } span.file title=(picture.name) { (name) } }
        }
    }
}

/// Pictures beside each other, each with a line about it.
pub(crate) fn row(pictures: &[(Picture, String)], place: Place<'_>) -> Markup {
    html! {
        article.card {
            div.scroll tabindex="0" role="group" aria-label="pictures" {
                table.hit.row { tbody { tr { @for (picture, about) in pictures { td { (figure(picture, about, place)) } } } } }
            }
        }
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(truth: Option<&str>) -> SearchHit {
        let picture = |name: &str| Picture { name: name.into(), path: PathBuf::from("/nowhere").join(name) };
        SearchHit {
            query: picture("images/query.jpg"),
            answers: vec![Answer {
                variable: "place".into(),
                truth: truth.map(str::to_owned),
                prediction: Some("ES".into()),
                confidence: Some(2.0 / 3.0),
            }],
            neighbours: ["ES", "FR", ""]
                .map(|label| Neighbour {
                    picture: picture("near.jpg"),
                    distance: 0.25,
                    labels: vec![(!label.is_empty()).then(|| label.to_owned())],
                    work: Work::default(),
                })
                .to_vec(),
        }
    }

    #[test]
    fn right_and_wrong_are_told_in_words_and_signs() {
        let card = hit(Some("ES")).card(Place::default()).into_string();
        assert_eq!(card.matches("✓").count(), 3, "verdict, prediction and one neighbour: {card}");
        assert_eq!(card.matches("✗").count(), 1);
        assert_eq!(card.matches("wrong:").count(), 1);
        assert_eq!(card.matches("–").count(), 1);
        assert!(card.contains("The prediction is right."));
    }

    #[test]
    fn without_truth_nothing_is_marked() {
        let card = hit(None).card(Place::default()).into_string();
        assert!(!card.contains('✓') && !card.contains('✗') && !card.contains("truth"), "{card}");
        assert!(card.contains("predicted") && card.contains("0.250") && card.contains("67 %"));
        assert!(card.contains("<h3 ") && !card.contains("<h4 "));
    }

    #[test]
    fn a_withheld_prediction_is_said_to_be_unsure() {
        let mut unsure = hit(Some("ES"));
        unsure.answers[0].prediction = None;
        let card = unsure.card(Place { is_below_heading: true, ..Place::default() }).into_string();
        assert!(card.contains("not sure <small>67 %</small>") && card.contains("<h4 "), "{card}");
    }

    #[test]
    fn a_shown_picture_leads_to_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l'été 1?.png");
        image::RgbImage::new(4, 4).save(&path).unwrap();
        let picture = Picture { name: "l'été 1?.png".into(), path };
        let place = Place { folder: Some(folder.path()), is_below_heading: false };
        let row = super::row(&[(picture.clone(), "Query".to_owned())], place).into_string();
        assert!(row.contains(r#"<a href="l%27%C3%A9t%C3%A9%201%3F.png">"#), "{row}");
        assert!(!super::row(&[(picture, "Query".to_owned())], Place::default()).into_string().contains("href"));
    }

    #[test]
    fn a_work_is_told_by_title_and_number_and_linked_when_its_address_is_of_the_web() {
        let caption = |address: &str| {
            let work = Work {
                title: Some("Robe <1760>".into()),
                inventory: Some("garin 47".into()),
                address: Some(address.into()),
            };
            work.caption().into_string()
        };
        let linked = caption("https://museum.example/47?a=1&b=2");
        assert!(linked.contains(r#"<a href="https://museum.example/47?a=1&amp;b=2""#), "{linked}");
        assert!(linked.contains("Robe &lt;1760&gt;") && linked.contains("garin 47"), "{linked}");
        assert!(!caption("javascript:alert(1)").contains("href"));
        assert_eq!(Work::default().caption().into_string(), "");
    }

    #[test]
    fn a_missing_picture_is_a_placeholder() {
        assert_eq!(hit(None).card(Place::default()).into_string().matches("picture not found</span>").count(), 4);
    }
}
