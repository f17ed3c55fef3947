//! All about one variable: figures per class, by sets and per museum, what is confused with what.

use silknow_records::Variable;
use silknow_records::class_text::text_of;

use super::cells::{nothing, percent};
use super::findings::{Findings, VariablePictures};
use crate::cards::Picture;
use crate::confusions::{Confusion, Example};
use crate::metrics::VariableMetrics;
use crate::museums::MuseumMetrics;
use crate::page::{Cell, Part, Section, Table, thousands};
use crate::sets::SetMetrics;

/// Of how many pairs of confused classes pictures are shown.
const PICTURED_CONFUSIONS: usize = 3;

/// All about one variable: figures per class, by sets and per museum, what is confused with what, both matrices.
pub(super) fn variable_section(findings: Findings<'_>, v: usize, pictures: &VariablePictures) -> Section {
    let Findings { classification, folder, summary, details, .. } = findings;
    let (metrics, details) = (&summary.variables[v], &details.variables[v]);
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
        let variable = &classification.vocabulary.variables[v];
        let mut tables = vec![classes_table(metrics)];
        tables.extend((!details.confusions.is_empty()).then(|| confusions_table(variable, &details.confusions)));
        tables.extend(details.sets.as_ref().map(sets_table));
        tables.extend((!details.museums.is_empty()).then(|| museums_table(&details.museums)));
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
        for confusion in details.confusions.iter().take(PICTURED_CONFUSIONS) {
            let text = |class: &str| class_text(variable, class);
            parts.push(Part::Heading(format!("{} taken for {}", text(&confusion.truth), text(&confusion.taken_for))));
            let example = |example: &Example| {
                let picture = Picture { name: example.image.clone(), path: folder.join(&example.image) };
                let about = example.confidence.map_or("Query".to_owned(), |sure| format!("{:.0} % sure", 100.0 * sure));
                (picture, about)
            };
            parts.push(Part::Pictures(confusion.examples.iter().map(example).collect()));
        }
    }
    Section { title: capitalised(&text_of(&metrics.variable)), parts }
}

/// The text of a class by its name.
fn class_text(variable: &Variable, name: &str) -> String {
    let class = variable.classes.iter().position(|class| class == name);
    class.map_or_else(|| text_of(name), |class| variable.class_text(class as i32).into_owned())
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
fn confusions_table(variable: &Variable, confusions: &[Confusion]) -> Table {
    let row = |confusion: &Confusion| {
        vec![
            Cell::Text(class_text(variable, &confusion.truth)),
            Cell::Text(class_text(variable, &confusion.taken_for)),
            Cell::Number(thousands(confusion.images)),
            Cell::Share(confusion.share_of_class),
        ]
    };
    Table {
        caption: "Confused most often".to_owned(),
        header: ["Truth", "taken for", "Images", "of the class"].map(str::to_owned).to_vec(),
        rows: confusions.iter().map(row).collect(),
    }
}

fn sets_table(sets: &SetMetrics) -> Table {
    let figures = [
        ("Exact match", sets.exact_match),
        ("Jaccard", sets.jaccard),
        ("Micro precision", sets.micro_precision),
        ("Micro recall", sets.micro_recall),
        ("Micro F1", sets.micro_f1),
        ("Macro F1", sets.macro_f1),
    ];
    Table {
        caption: "By sets of classes".to_owned(),
        header: ["Figure", "Share"].map(str::to_owned).to_vec(),
        rows: figures.map(|(name, share)| vec![Cell::Text(name.to_owned()), Cell::Share(share)]).to_vec(),
    }
}

fn museums_table(museums: &[MuseumMetrics]) -> Table {
    let row = |museum: &MuseumMetrics| {
        let known = |share: f64| if museum.evaluated > 0 { Cell::Share(share) } else { nothing() };
        vec![
            Cell::Text(museum.museum.clone().unwrap_or_else(|| "not known".to_owned())),
            known(museum.accuracy),
            known(museum.mean_f1),
            Cell::Number(thousands(museum.evaluated)),
            Cell::Number(percent(museum.share_evaluated)),
        ]
    };
    Table {
        caption: "Per museum".to_owned(),
        header: ["Museum", "Accuracy", "Mean F1", "Evaluated images", "of all"].map(str::to_owned).to_vec(),
        rows: museums.iter().map(row).collect(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
