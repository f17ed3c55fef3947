//! The page builder: one self-contained HTML page from a title, key figures, tables, matrices and picture cards.
//!
//! Every page that this software writes is built here. It looks right in light and dark, on narrow and wide screens and on
//! paper, and needs no scripts and nothing from outside.

use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use silknow_errors::Result;
use silknow_files as files;

use crate::cards::{self, Picture, Place, SearchHit};
use crate::chart::Chart;
use crate::explained::{self, ExplainedHit};
use crate::matrix::MatrixPicture;

const STYLE: &str = include_str!("../assets/page.css");

/// A page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What the page is about, in a few words.
    pub title: String,
    /// Paragraphs below the title.
    pub introduction: Vec<String>,
    /// The figures to see first.
    pub key_figures: Vec<KeyFigure>,
    /// The rest, in order; each is reachable from the list of contents.
    pub sections: Vec<Section>,
    /// How the page came about, in small print.
    pub footer: Vec<String>,
}

/// A large figure with its meaning.
#[derive(Clone, Debug)]
pub struct KeyFigure {
    /// The figure as shown.
    pub value: String,
    /// What it is.
    pub label: String,
    /// More about it, in small print; may be empty.
    pub note: String,
}

impl KeyFigure {
    /// A figure with its meaning and a note, which may be empty.
    pub fn new(value: impl Into<String>, label: impl Into<String>, note: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), note: note.into() }
    }
}

/// A part of a page with a heading.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// Its content in order.
    pub parts: Vec<Part>,
}

/// What a section is made of.
#[derive(Clone, Debug)]
pub enum Part {
    /// A heading within the section.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A paragraph that must not be overlooked.
    Warning(String),
    /// A table.
    Table(Table),
    /// Tables beside each other where there is room.
    Tables(Vec<Table>),
    /// Confusion matrices, beside each other where there is room.
    Matrices(Vec<MatrixPicture>),
    /// Line charts, beside each other where there is room.
    Charts(Vec<Chart>),
    /// Terms and what they mean.
    Definitions(Vec<(String, String)>),
    /// Queries with their neighbours.
    Hits(Vec<SearchHit>),
    /// Why the first neighbours of queries were found.
    Explained(Vec<ExplainedHit>),
    /// Pictures beside each other, each with a line about it.
    Pictures(Vec<(Picture, String)>),
}

/// A table whose first column names the row.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What it shows; may be empty.
    pub caption: String,
    /// Headings of the columns.
    pub header: Vec<String>,
    /// Rows with as many cells as there are headings.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A figure as shown, aligned to the right.
    Number(String),
    /// A share in `[0, 1]`, as per cent with a bar.
    Share(f64),
}

/// A page for the results of a search, with a card per query.
pub fn search_page(title: &str, introduction: &str, hits: &[SearchHit]) -> Page {
    let images = hits.iter().map(|hit| hit.neighbours.len()).max().unwrap_or(0);
    Page {
        title: title.to_owned(),
        introduction: vec![introduction.to_owned()].into_iter().filter(|text| !text.is_empty()).collect(),
        key_figures: vec![
            KeyFigure::new(thousands(hits.len() as u64), if hits.len() == 1 { "query" } else { "queries" }, ""),
            KeyFigure::new(thousands(images as u64), "neighbours per query", "nearest first"),
        ],
        sections: vec![Section {
            title: "Most similar images".to_owned(),
            parts: vec![Part::Text(DISTANCE_IN_WORDS.to_owned()), Part::Hits(hits.to_vec())],
        }],
        footer: Vec::new(),
    }
}

/// Matrices up to this width stand beside each other.
const BESIDE_UP_TO_PX: f32 = 900.0;

/// What the distances mean to people who did not make them.
pub(crate) const DISTANCE_IN_WORDS: &str = "The distance says how far two images are apart in the eyes of the \
    network: 0 means alike, 2 is the largest possible.";

impl Page {
    /// The page as HTML. Pictures are read from their files now; one that cannot be shown leaves a placeholder.
    pub fn to_html(&self) -> String {
        self.markup(None).into_string()
    }

    fn markup(&self, folder: Option<&Path>) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · SILKNOW Image Retrieval" }
                    style { (PreEscaped(STYLE)) (PreEscaped(explained::STYLE)) }
                }
                body {
                    (self.header())
                    main {
                        @for (number, section) in self.sections.iter().enumerate() {
                            section id=(format!("s{number}")) {
                                h2 { (section.title) }
                                @for (position, part) in section.parts.iter().enumerate() {
                                    (part.markup(Place { folder, is_below_heading: section.has_heading_above(position) }))
                                }
                            }
                        }
                    }
                    footer {
                        @for text in &self.footer { p { (text) } }
                        p { "Made with SILKNOW Image Retrieval " (env!("CARGO_PKG_VERSION")) "." }
                    }
                }
            }
        }
    }

    /// Writes the page to a file. Its pictures lead to the files that they were made from.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let folder = path.as_ref().parent().map(|folder| if folder == Path::new("") { Path::new(".") } else { folder });
        let html = self.markup(folder).into_string();
        files::write(path, html)
    }

    fn header(&self) -> Markup {
        html! {
            header {
                div.selvedge aria-hidden="true" {}
                p.house { "SILKNOW Image Retrieval" }
                h1 { (self.title) }
                @for text in &self.introduction { p.introduction { (text) } }
                @if !self.key_figures.is_empty() {
                    dl.figures {
                        @for figure in &self.key_figures {
                            div {
                                dt { (figure.label) @if !figure.note.is_empty() { small { (figure.note) } } }
                                dd { (figure.value) }
                            }
                        }
                    }
                }
                @if self.sections.len() > 1 {
                    nav aria-label="Contents" {
                        ul {
                            @for (number, section) in self.sections.iter().enumerate() {
                                li { a href=(format!("#s{number}")) { (section.title) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Section {
    /// What makes the pictures of hits similar; none without hits.
    pub fn of_explained(hits: Vec<ExplainedHit>) -> Option<Self> {
        (!hits.is_empty()).then(|| Self {
            title: "What makes them similar".to_owned(),
            parts: vec![Part::Text(explained::in_words(&hits)), Part::Explained(hits)],
        })
    }

    fn has_heading_above(&self, position: usize) -> bool {
        self.parts[..position].iter().any(|part| matches!(part, Part::Heading(_)))
    }
}

impl Part {
    fn markup(&self, place: Place<'_>) -> Markup {
        match self {
            Self::Heading(text) => html! { h3 { (text) } },
            Self::Text(text) => html! { p { (text) } },
            Self::Warning(text) => html! { p.warning { strong { "Note" } " " (with_names(text)) } },
            Self::Table(table) => table.markup(),
            Self::Tables(tables) => html! { div.beside { @for table in tables { (table.markup()) } } },
            Self::Matrices(pictures) => html! {
                div.matrices {
                    @for picture in pictures {
                        div.matrix.scroll.wide[picture.width_px() > BESIDE_UP_TO_PX] tabindex="0" role="group" aria-label="Confusion matrix" style=(format!("--width:{}px", picture.width_px())) {
                            (PreEscaped(picture.svg()))
                        }
                    }
                }
            },
            Self::Charts(charts) => html! { div.charts { @for chart in charts { (chart.markup()) } } },
            Self::Definitions(terms) => html! {
                dl.terms { @for (term, meaning) in terms { div { dt { (term) } dd { (meaning) } } } }
            },
            Self::Hits(hits) => html! { @for hit in hits { (hit.card(place)) } },
            Self::Explained(hits) => html! { @for hit in hits { (hit.card()) } },
            Self::Pictures(pictures) => cards::row(pictures, place),
        }
    }
}

impl Table {
    fn markup(&self) -> Markup {
        // A column of figures has its heading over the figures.
        let is_text = |column: usize| matches!(self.rows.first().and_then(|row| row.get(column)), Some(Cell::Text(_)));
        html! {
            div.scroll.data tabindex="0" role="group" aria-label=(if self.caption.is_empty() { "Table" } else { &self.caption }) {
                table {
                    @if !self.caption.is_empty() { caption { (self.caption) } }
                    thead {
                        tr {
                            @for (column, text) in self.header.iter().enumerate() {
                                th scope="col" class=[(!is_text(column)).then_some("number")] { (text) }
                            }
                        }
                    }
                    tbody { @for row in &self.rows { tr { @for (column, cell) in row.iter().enumerate() {
                        @match cell {
                            Cell::Text(text) if column == 0 => th scope="row" { (text) },
                            Cell::Text(text) => td { (text) },
                            Cell::Number(text) => td.number { (text) },
                            Cell::Share(share) => td.number.share style=(format!("--share:{share:.3}")) {
                                (format!("{:.1} %", 100.0 * share))
                            },
                        }
                    } } } }
                }
            }
        }
    }
}

/// A text in which names stand between back-ticks.
fn with_names(text: &str) -> Markup {
    html! {
        @for (number, piece) in text.split('`').enumerate() {
            @if number % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

/// A number with thin spaces between its thousands.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(1234567), "1\u{202f}234\u{202f}567");
    }

    #[test]
    fn a_page_needs_nothing_from_outside_and_escapes_what_it_is_given() {
        let html = Page {
            title: "A <b> & c".into(),
            introduction: vec!["<script>alert(1)</script>".into()],
            key_figures: vec![KeyFigure::new("7", "queries", "")],
            sections: vec![Section {
                title: "Table".into(),
                parts: vec![Part::Table(Table {
                    caption: "<i>".into(),
                    header: vec!["class".into(), "share".into()],
                    rows: vec![vec![Cell::Text("x".into()), Cell::Share(0.5)]],
                })],
            }],
            footer: vec![],
        }
        .to_html();
        assert!(html.contains("A &lt;b&gt; &amp; c") && html.contains("&lt;script&gt;") && html.contains("&lt;i&gt;"));
        assert!(html.contains("--share:0.500"));
        assert_eq!(with_names("`a`: b").into_string(), "<code>a</code>: b");
        for outside in ["http://", "https://", "<script", "<link", "@import", "url("] {
            assert!(!html.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_search_without_hits_is_a_page() {
        assert!(search_page("Search", "", &[]).to_html().contains("Most similar images"));
    }
}
