//! The main figures of all variables, of their neighbours, and of the folds.

use silknow_records::class_text::text_of;

use super::cells::{interval, nothing, percent};
use crate::details::{EvaluationDetails, VariableDetails};
use crate::folds::{FIGURES, FoldStatistics};
use crate::metrics::VariableMetrics;
use crate::page::{Cell, Part, Section, Table, thousands};
use crate::summary::EvaluationSummary;

/// A line per variable with its main figures, and one with their means.
pub(super) fn overview_section(summary: &EvaluationSummary, details: &EvaluationDetails) -> Section {
    let header = [
        "Variable",
        "Accuracy",
        "95 % interval",
        "Mean F1",
        "95 % interval",
        "Coverage",
        "Classes",
        "Evaluated images",
        "of all",
    ];
    let row = |(metrics, details): (&VariableMetrics, &VariableDetails)| {
        let known = |share: f64| if metrics.evaluated > 0 { Cell::Share(share) } else { nothing() };
        vec![
            Cell::Text(text_of(&metrics.variable)),
            known(metrics.accuracy),
            interval(details.accuracy),
            known(metrics.mean_f1),
            interval(details.mean_f1),
            if metrics.labelled > 0 { Cell::Number(percent(details.coverage)) } else { nothing() },
            Cell::Number(metrics.classes.len().to_string()),
            Cell::Number(thousands(metrics.evaluated)),
            Cell::Number(percent(metrics.share_evaluated)),
        ]
    };
    let mut rows: Vec<Vec<Cell>> = summary.variables.iter().zip(&details.variables).map(row).collect();
    if summary.variables_in_means > 0 && summary.variables.len() > 1 {
        let means = [
            Cell::Text(format!("Mean of {}", summary.variables_in_means)),
            Cell::Share(summary.mean_accuracy),
            interval(details.mean_accuracy),
            Cell::Share(summary.mean_f1),
            interval(details.mean_f1),
        ];
        let blank = || Cell::Number(String::new());
        rows.push(means.into_iter().chain([blank(), blank(), blank(), blank()]).collect());
    }
    let mut parts = vec![Part::Table(Table {
        caption: "Predictions".to_owned(),
        header: header.map(str::to_owned).to_vec(),
        rows,
    })];
    let left_out: Vec<String> = summary
        .variables
        .iter()
        .filter(|metrics| !metrics.enters_means())
        .map(|metrics| text_of(&metrics.variable))
        .collect();
    if !left_out.is_empty() {
        parts.push(Part::Text(format!(
            "{} {} not enter the means: fewer than two classes occur, so that nothing could be wrong.",
            left_out.join(", "),
            if left_out.len() == 1 { "does" } else { "do" },
        )));
    }
    parts.extend(ranking_table(summary, details).map(Part::Table));
    if let Some(graded) = &details.graded_ranking {
        parts.push(Part::Text(format!(
            "Over all variables together, the neighbours agree with the query in {} of the labels that both have; their order has an \
             nDCG of {:.3}.",
            percent(graded.mean_grade),
            graded.ndcg
        )));
    }
    parts.push(Part::Text("What these figures mean is said at the end of the page.".to_owned()));
    Section { title: "Overview".to_owned(), parts }
}

/// How the neighbours are ranked; none where none are at hand.
fn ranking_table(summary: &EvaluationSummary, details: &EvaluationDetails) -> Option<Table> {
    let k = summary.k?;
    let cutoffs: Vec<u64> =
        details.variables.iter().map(|it| &it.recall_at).find(|it| !it.is_empty())?.iter().map(|it| it.k).collect();
    let mut header = vec!["Variable".to_owned()];
    header.extend(cutoffs.iter().map(|k| format!("Recall at {k}")));
    header.extend([format!("Precision at {k}"), "Mean average precision".to_owned()]);
    let row = |(metrics, details): (&VariableMetrics, &VariableDetails)| {
        let ranking = metrics.ranking.as_ref().filter(|ranking| ranking.queries > 0);
        let mut row = vec![Cell::Text(text_of(&metrics.variable))];
        row.extend((0..cutoffs.len()).map(|place| match details.recall_at.get(place) {
            Some(at) => Cell::Number(percent(at.recall)),
            None => nothing(),
        }));
        row.push(ranking.map_or(nothing(), |ranking| Cell::Share(ranking.precision_at_k)));
        row.push(ranking.map_or(nothing(), |ranking| Cell::Share(ranking.mean_average_precision)));
        row
    };
    let rows = summary.variables.iter().zip(&details.variables).map(row).collect();
    Some(Table { caption: "Neighbours".to_owned(), header, rows })
}

pub(super) fn folds_section(folds: &FoldStatistics) -> Section {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::classification;
    use silknow_progress::Silent;

    #[test]
    fn the_overview_shows_a_dash_where_nothing_was_evaluated() {
        let summary = EvaluationSummary::of(&classification());
        let details = EvaluationDetails::of(&classification(), &summary.variables, Vec::new(), &Silent).unwrap();
        let section = overview_section(&summary, &details);
        let Part::Table(table) = &section.parts[0] else { panic!("a table comes first") };
        assert_eq!((&*table.header[3], &*table.header[5]), ("Mean F1", "Coverage"));
        assert!(matches!(table.rows[0][1], Cell::Share(_)));
        assert_eq!((&table.rows[1][1], &table.rows[1][2]), (&nothing(), &nothing()));
        assert_eq!(table.rows[0][5], Cell::Number("100.0 %".into()));
        let ranking = ranking_table(&summary, &details).unwrap();
        assert_eq!(ranking.header[1..4], ["Recall at 1", "Recall at 2", "Precision at 2"]);
    }
}
