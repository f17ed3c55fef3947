//! A result set as a table.

use crate::fault::Fault;
use crate::searching::{FoundWork, SearchAnswer};

/// The columns before those of the variables.
const COLUMNS: [&str; 9] = ["rank", "distance", "image", "object", "title", "museum", "address", "source", "licence"];

/// The works of an answer, one row each, with a column for every variable: the texts of its classes, joined by commas.
pub(crate) fn table(answer: &SearchAnswer, variables: &[String]) -> Result<Vec<u8>, Fault> {
    let mut table = ::csv::Writer::from_writer(Vec::new());
    let header = COLUMNS.into_iter().chain(variables.iter().map(String::as_str));
    table.write_record(header).map_err(Fault::internal)?;
    for hit in &answer.hits {
        table.write_record(row(hit, variables)).map_err(Fault::internal)?;
    }
    table.into_inner().map_err(Fault::internal)
}

fn row(hit: &FoundWork, variables: &[String]) -> Vec<String> {
    let work = &hit.work;
    let text = |text: &Option<String>| plain(text.as_deref().unwrap_or_default());
    let mut cells = vec![
        hit.rank.to_string(),
        hit.distance.to_string(),
        plain(&work.image),
        plain(&work.object),
        text(&work.title),
        text(&work.museum),
        text(&work.address),
        text(&work.source),
        text(&work.licence),
    ];
    let classes = |variable: &String| {
        let classes = work.labels.get(variable).map_or([].as_slice(), Vec::as_slice);
        plain(&classes.iter().map(|class| class.text.as_str()).collect::<Vec<_>>().join(", "))
    };
    cells.extend(variables.iter().map(classes));
    cells
}

/// A text that no spreadsheet program takes for a formula.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        assert_eq!(plain("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(plain("Robe à la française"), "Robe à la française");
    }
}
