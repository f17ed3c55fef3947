//! Tables of plain text for the terminal and for text files.
//!
//! The first column is aligned to the left and figures to the right, with two blanks between columns.

/// Rows of equally many cells as aligned lines, each ended by a line feed.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::aligned;

    #[test]
    fn names_stand_left_and_figures_right() {
        let rows = [["variable", "F1"], ["é", "0.123"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows), "variable     F1\né         0.123\n");
    }
}
