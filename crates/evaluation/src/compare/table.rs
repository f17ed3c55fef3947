//! A comparison as tables for the terminal.

use std::fmt;

use super::comparison::{Comparison, Paired};
use crate::bootstrap::Estimate;
use crate::text_table::aligned;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "A: {} ({} images)", self.run_a.display(), self.images_a)?;
        writeln!(f, "B: {} ({} images)", self.run_b.display(), self.images_b)?;
        writeln!(f, "compared: {} images of {} objects\n", self.images_common, self.objects)?;
        let header = [
            "accuracy",
            "images",
            "A",
            "B",
            "B - A",
            "95 % interval",
            "p",
            "only A right",
            "only B right",
            "McNemar p",
        ];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        for variable in &self.variables {
            let test = &variable.mcnemar;
            let mut row = vec![variable.variable.clone(), variable.images.to_string()];
            row.extend(cells(variable.figures.map(|figures| figures.accuracy)));
            row.extend([test.only_a_right.to_string(), test.only_b_right.to_string(), probability(test.p_value)]);
            rows.push(row);
        }
        rows.push(mean_row(self.means.map(|means| means.accuracy)));
        writeln!(f, "{}", aligned(&rows))?;
        let mut rows = vec![["mean F1", "images", "A", "B", "B - A", "95 % interval", "p"].map(str::to_owned).to_vec()];
        for variable in &self.variables {
            let mut row = vec![variable.variable.clone(), variable.images.to_string()];
            row.extend(cells(variable.figures.map(|figures| figures.mean_f1)));
            rows.push(row);
        }
        rows.push(mean_row(self.means.map(|means| means.mean_f1)));
        write!(f, "{}", aligned(&rows))
    }
}

fn mean_row(mean: Option<Paired>) -> Vec<String> {
    [["mean", ""].map(str::to_owned).to_vec(), cells(mean).to_vec()].concat()
}

/// The cells of a figure: A, B, their difference, its interval and p.
fn cells(paired: Option<Paired>) -> [String; 5] {
    let Some(Paired { a, b, difference: Estimate { value, low, high }, p_value }) = paired else {
        return std::array::from_fn(|_| "-".to_owned());
    };
    [
        format!("{a:.3}"),
        format!("{b:.3}"),
        format!("{value:+.3}"),
        format!("{low:+.3} to {high:+.3}"),
        probability(p_value),
    ]
}

fn probability(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}
