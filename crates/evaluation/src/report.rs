//! The report of an evaluation: what stands on `report.html`, in words for people who did not make the system.
//!
//! The tables and their wording are chosen here; `page` gives them their look. The parts are public, so that a demonstration
//! or another report can take them and add its own.

use std::path::Path;

use silknow_index::classification::Classification;
use silknow_records::LabelMatrix;
use silknow_records::class_text::text_of;

use crate::cards::{Answer, Neighbour, Picture, SearchHit, Work};
use crate::choice::{Grade, choose};
use crate::folds::{FIGURES, FoldStatistics};
use crate::matrix::MatrixPicture;
use crate::metrics::{FEW_SAMPLES, VariableMetrics};
use crate::page::{Cell, DISTANCE_IN_WORDS, KeyFigure, Page, Part, Section, Table, thousands};
use crate::summary::EvaluationSummary;

/// The name of the page within the result folder.
pub const FILE_NAME: &str = "report.html";

/// How many queries are shown with their pictures.
const SHOWN_QUERIES: usize = 12;

/// How many neighbours of a query are shown; more would hardly be looked at.
const SHOWN_NEIGHBOURS: usize = 12;

/// How many pairs of confused classes are listed.
const SHOWN_CONFUSIONS: usize = 8;

/// Both matrices of a variable.
#[derive(Clone, Debug)]
pub struct VariablePictures {
    /// With numbers of samples.
    pub counts: MatrixPicture,
    /// With shares of the rows.
    pub shares: MatrixPicture,
}

/// The page of an evaluation. `pictures` has the matrices of the summary's variables in their order; image paths of
/// the classification are relative to `folder`.
pub fn evaluation_page(
    classification: &Classification,
    folder: &Path,
    summary: &EvaluationSummary,
    pictures: &[VariablePictures],
) -> Page {
    // The pictures come first, because they say most to people who did not make the system. Figures for comparing systems follow.
    let mut sections = vec![overview_section(summary), queries_section(classification, folder)];
    sections.extend(summary.folds.as_ref().map(folds_section));
    sections
        .extend(summary.variables.iter().zip(pictures).map(|(metrics, pictures)| variable_section(metrics, pictures)));
    sections.push(reading_section());
    let title = if summary.folds.is_some() { "Cross-validation" } else { "Evaluation" };
    Page {
        title: title.to_owned(),
        introduction: vec![introduction(summary)],
        key_figures: key_figures(summary),
        sections,
        footer: match &summary.classification {
            serde_json::Value::Null => Vec::new(),
            meta => vec![format!("Classification: {meta}")],
        },
    }
}

fn introduction(summary: &EvaluationSummary) -> String {
    let samples = thousands(summary.samples);
    let by = match summary.k {
        Some(1) => "the label of its most similar image".to_owned(),
        Some(k) => format!("the labels of its {k} most similar images"),
        None => "the labels of its most similar images".to_owned(),
    };
    let whence = match &summary.folds {
        Some(folds) => format!(
            " The collection was split into {} parts; each part was searched with a network and an index made from \
             the others, so that every image was tested once, by a system that had never seen it.",
            folds.folds
        ),
        None => String::new(),
    };
    format!(
        "For each of {samples} query images the index was searched for similar images, and its class was predicted \
         from {by}. Where the true class is known, this page compares the two.{whence}"
    )
}

/// Queries, neighbours, and the means over the variables.
pub fn key_figures(summary: &EvaluationSummary) -> Vec<KeyFigure> {
    let evaluated = summary.variables.iter().filter(|metrics| metrics.evaluated > 0).count();
    let over = match evaluated {
        1 => "of one variable".to_owned(),
        n => format!("mean of {n} variables"),
    };
    let mut figures = vec![KeyFigure::new(thousands(summary.samples), "query images", "")];
    figures.extend(summary.k.map(|k| KeyFigure::new(k.to_string(), "neighbours per query", "")));
    if evaluated > 0 {
        figures.push(KeyFigure::new(percent(summary.mean_accuracy), "accuracy", over.clone()));
        figures.push(KeyFigure::new(percent(summary.mean_f1), "mean F1", over));
    }
    figures
}

/// A line per variable with its main figures, and the warnings.
pub fn overview_section(summary: &EvaluationSummary) -> Section {
    let mut header = vec!["Variable".to_owned(), "Accuracy".to_owned(), "Mean F1".to_owned()];
    if let Some(k) = summary.k {
        header.extend([format!("Precision at {k}"), "Mean average precision".to_owned()]);
    }
    header.extend(["Classes", "Evaluated images", "of all"].map(str::to_owned));
    let row = |metrics: &VariableMetrics| {
        let known = |share: f64| if metrics.evaluated > 0 { Cell::Share(share) } else { nothing() };
        let mut row = vec![Cell::Text(text_of(&metrics.variable)), known(metrics.accuracy), known(metrics.mean_f1)];
        if summary.k.is_some() {
            let ranking = metrics.ranking.as_ref().filter(|ranking| ranking.queries > 0);
            row.push(ranking.map_or(nothing(), |ranking| Cell::Share(ranking.precision_at_k)));
            row.push(ranking.map_or(nothing(), |ranking| Cell::Share(ranking.mean_average_precision)));
        }
        row.push(Cell::Number(metrics.classes.len().to_string()));
        row.push(Cell::Number(thousands(metrics.evaluated)));
        row.push(Cell::Number(percent(metrics.share_evaluated)));
        row
    };
    let rows = summary.variables.iter().map(row).collect();
    Section {
        title: "Overview".to_owned(),
        parts: vec![
            Part::Table(Table { caption: String::new(), header, rows }),
            Part::Text("What these figures mean is said at the end of the page.".to_owned()),
        ],
    }
}

fn folds_section(folds: &FoldStatistics) -> Section {
    let mut header = vec!["Variable".to_owned()];
    header.extend((0..folds.folds).map(|fold| format!("cv{fold}")));
    header.extend(["Mean", "Deviation"].map(str::to_owned));
    let table = |(title, figure): crate::folds::Figure| {
        let row = |variable| {
            let spread = figure(variable);
            let mut row = vec![Cell::Text(text_of(&variable.variable))];
            row.extend(
                spread.per_fold.iter().map(|value| value.map_or(nothing(), |value| Cell::Number(percent(value)))),
            );
            row.push(Cell::Share(spread.mean));
            row.push(Cell::Number(format!("± {}", percent(spread.deviation))));
            row
        };
        Table { caption: title.to_owned(), header: header.clone(), rows: folds.variables.iter().map(row).collect() }
    };
    Section {
        title: "Over the folds".to_owned(),
        parts: vec![
            Part::Text(
                "How much the figures differ from part to part of the collection: mean and standard deviation over the \
                 folds. The figures elsewhere on this page are those of all folds' images together."
                    .to_owned(),
            ),
            Part::Tables(FIGURES.into_iter().map(table).collect()),
        ],
    }
}

/// A choice of queries with their neighbours' pictures; image paths are relative to `folder`.
pub fn queries_section(classification: &Classification, folder: &Path) -> Section {
    let mut parts = Vec::new();
    let chosen = choose(classification, SHOWN_QUERIES);
    let shown: usize = chosen.iter().map(|(_, queries)| queries.len()).sum();
    if shown == 0 {
        parts.push(Part::Text("No query has a known label and a prediction, so none is shown.".to_owned()));
    } else {
        parts.push(Part::Text(format!(
            "{shown} queries, evenly drawn from those that went well, so-so and badly; their numbers here say nothing \
             about how often each happens. {DISTANCE_IN_WORDS} A dash stands for a class that is not known."
        )));
    }
    for (grade, queries) in chosen.into_iter().filter(|(_, queries)| !queries.is_empty()) {
        let heading = match grade {
            Grade::Good => "All right",
            Grade::Middling => "Partly right",
            Grade::Failed => "Mostly wrong",
        };
        parts.push(Part::Heading(heading.to_owned()));
        parts.push(Part::Hits(queries.iter().map(|&query| search_hit(classification, folder, query)).collect()));
    }
    Section { title: "Queries and their neighbours".to_owned(), parts }
}

/// One query of a classification with its neighbours; image paths are relative to `folder`.
pub fn search_hit(classification: &Classification, folder: &Path, query: usize) -> SearchHit {
    let picture = |name: &String| Picture { name: name.clone(), path: folder.join(name) };
    let vocabulary = &classification.vocabulary;
    let texts = |labels: &LabelMatrix, row: usize| -> Vec<Option<String>> {
        vocabulary
            .variables
            .iter()
            .enumerate()
            .map(|(v, variable)| variable.class_texts(labels.classes(row, v)))
            .collect()
    };
    let truth = texts(&classification.truth, query);
    let predictions = texts(&classification.predictions, query);
    let answers = vocabulary.names().into_iter().zip(truth.into_iter().zip(predictions));
    let neighbours = classification.neighbours.iter().flat_map(|near| {
        (query * near.k..query * near.k + near.k.min(SHOWN_NEIGHBOURS)).map(|neighbour| Neighbour {
            picture: picture(&near.names[neighbour]),
            distance: near.distances[neighbour],
            labels: texts(&near.labels, neighbour),
            work: Work::default(),
        })
    });
    SearchHit {
        query: picture(&classification.names[query]),
        answers: answers.map(|(variable, (truth, prediction))| Answer { variable, truth, prediction }).collect(),
        neighbours: neighbours.collect(),
    }
}

/// All about one variable: figures per class, what is confused with what, both matrices.
pub fn variable_section(metrics: &VariableMetrics, pictures: &VariablePictures) -> Section {
    let mut parts: Vec<Part> = metrics.warnings().into_iter().map(Part::Warning).collect();
    if metrics.evaluated > 0 {
        parts.insert(
            0,
            Part::Text(format!(
                "{} of {} images have a known {} and a prediction of it; {} of these predictions are right.",
                thousands(metrics.evaluated),
                thousands(metrics.samples),
                text_of(&metrics.variable),
                percent(metrics.accuracy),
            )),
        );
        let confusions = confusions_table(metrics);
        let mut tables = vec![classes_table(metrics)];
        tables.extend((!confusions.rows.is_empty()).then_some(confusions));
        parts.push(Part::Tables(tables));
        parts.push(Part::Matrices(vec![pictures.counts.clone(), pictures.shares.clone()]));
        let legend = pictures.counts.legend();
        if !legend.is_empty() {
            parts.push(Part::Text(
                "The machine that drew the matrices has no font for some names; numbers stand in their place:"
                    .to_owned(),
            ));
            parts.push(Part::Definitions(legend.to_vec()));
        }
    }
    Section { title: capitalised(&text_of(&metrics.variable)), parts }
}

fn classes_table(metrics: &VariableMetrics) -> Table {
    let mut rows: Vec<Vec<Cell>> = metrics
        .classes
        .iter()
        .map(|class| {
            vec![
                Cell::Text(class.text.clone()),
                Cell::Share(class.precision),
                Cell::Share(class.recall),
                Cell::Share(class.f1),
                Cell::Number(thousands(class.samples)),
            ]
        })
        .collect();
    rows.push(vec![
        Cell::Text("Mean of the classes".to_owned()),
        Cell::Share(metrics.mean_precision),
        Cell::Share(metrics.mean_recall),
        Cell::Share(metrics.mean_f1),
        Cell::Number(String::new()),
    ]);
    let header = ["Class", "Precision", "Recall", "F1", "Images"].map(str::to_owned).to_vec();
    Table { caption: "Per class".to_owned(), header, rows }
}

/// The pairs of classes that are confused most often.
fn confusions_table(metrics: &VariableMetrics) -> Table {
    let matrix = &metrics.confusion_matrix;
    let n = matrix.classes.len();
    let mut pairs: Vec<(u64, usize, usize)> = (0..n)
        .flat_map(|truth| (0..n).map(move |guess| (truth, guess)))
        .filter(|&(truth, guess)| truth != guess && matrix.counts[truth][guess] > 0)
        .map(|(truth, guess)| (matrix.counts[truth][guess], truth, guess))
        .collect();
    pairs.sort_by_key(|&(count, truth, guess)| (std::cmp::Reverse(count), truth, guess));
    let shares = matrix.shares();
    let row = |&(count, truth, guess): &(u64, usize, usize)| {
        vec![
            Cell::Text(matrix.texts[truth].clone()),
            Cell::Text(matrix.texts[guess].clone()),
            Cell::Number(thousands(count)),
            Cell::Share(shares[truth][guess]),
        ]
    };
    Table {
        caption: "Confused most often".to_owned(),
        header: ["Truth", "taken for", "Images", "of the class"].map(str::to_owned).to_vec(),
        rows: pairs.iter().take(SHOWN_CONFUSIONS).map(row).collect(),
    }
}

/// What the figures mean.
pub fn reading_section() -> Section {
    let few = format!(
        "A class with fewer than {FEW_SAMPLES} images: one image more or less moves its figures by 5 % or more."
    );
    let terms = [
        (
            "Evaluated images",
            "Those whose true class is known and for which there is a prediction. All other figures but the last two are about these.",
        ),
        ("Accuracy", "The share of right predictions. A frequent class counts much, a rare one little."),
        ("Precision", "Of the images that were taken for a class, the share that belong to it."),
        ("Recall", "Of the images that belong to a class, the share that were found to."),
        ("F1", "Precision and recall in one figure (their harmonic mean). It is 0 where a class was never hit."),
        (
            "Mean F1",
            "The plain mean of all classes' F1, in which a rare class counts as much as a frequent one. The fairest single figure.",
        ),
        (
            "Precision at k",
            "Of the k most similar images with a known class, the share that have the query's class; mean over the queries with a known class. Images of unknown class are passed over.",
        ),
        (
            "Mean average precision",
            "The same with a reward for right images at the front: the precision up to each right image, averaged; 0 where there is none.",
        ),
        (
            "Confusion matrix",
            "Each row is a true class, each column a predicted one. What is right stands on the diagonal, every other number is a confusion. The second matrix shows shares of the row.",
        ),
        ("Uncertain figures", few.as_str()),
    ];
    let terms = terms.map(|(term, meaning)| (term.to_owned(), meaning.to_owned())).to_vec();
    Section { title: "How to read this page".to_owned(), parts: vec![Part::Definitions(terms)] }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn nothing() -> Cell {
    Cell::Number("–".to_owned())
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::classification;

    #[test]
    fn confusions_are_listed_by_number() {
        let mut metrics = VariableMetrics::of(&classification(), 0);
        metrics.confusion_matrix.counts = vec![vec![5, 2], vec![3, 9]];
        let rows = confusions_table(&metrics).rows;
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0][..2], [Cell::Text("ES".into()), Cell::Text("DE".into())]);
        assert_eq!(rows[0][3], Cell::Share(0.25));
    }

    #[test]
    fn a_hit_has_the_query_its_answers_and_its_neighbours() {
        let hit = search_hit(&classification(), Path::new("/run"), 1);
        assert_eq!(hit.query.path, Path::new("/run/images/query_1.jpg"));
        assert_eq!(hit.answers[0].truth.as_deref(), Some("ES"));
        assert_eq!(hit.answers[0].prediction.as_deref(), Some("DE"));
        assert_eq!(hit.answers[1].truth, None);
        assert_eq!(hit.neighbours[1].labels, [Some("ES".to_owned()), None]);
        assert_eq!(hit.neighbours.len(), 2);
    }

    #[test]
    fn the_overview_shows_a_dash_where_nothing_was_evaluated() {
        let section = overview_section(&EvaluationSummary::of(&classification()));
        let Part::Table(table) = &section.parts[0] else { panic!("a table comes first") };
        assert_eq!(table.header[3], "Precision at 2");
        assert!(matches!(table.rows[0][1], Cell::Share(_)));
        assert_eq!(table.rows[1][1], nothing());
    }
}
