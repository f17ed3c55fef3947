//! Confusion matrices as pictures: one SVG that stands in the report page and is rasterised for the PNG file.
//!
//! The picture is legible for one class as for some hundred. The counts come from `metrics`; `raster` makes the pixels.

mod colour_map;
mod layout;
mod lettering;

use std::f32::consts::FRAC_1_SQRT_2;

use maud::{Markup, html};
use silknow_errors::Result;

use self::colour_map::{colour, hex, is_dark};
use self::layout::{Direction, GAP, LINE, Layout, MARGIN, NUMBERS_UP_TO};
use self::lettering::Name;
use crate::metrics::ConfusionMatrix;
use crate::raster::{self, FONT_FAMILY};

/// What the cells show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Numbers of samples; the colour map ends at the largest.
    Counts,
    /// Shares of the row with two decimals; the colour map ends at 1.
    Shares,
}

/// A drawn matrix.
#[derive(Clone, Debug)]
pub struct MatrixPicture {
    svg: String,
    width_px: f32,
    legend: Vec<(String, String)>,
}

impl MatrixPicture {
    /// The picture as an `svg` element: it stands alone as a file and inside a page.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The width at which the lettering has its intended size.
    pub fn width_px(&self) -> f32 {
        self.width_px
    }

    /// The classes that are shown as numbers, because no font of this machine has their letters: number and text.
    pub fn legend(&self) -> &[(String, String)] {
        &self.legend
    }

    /// The picture as a PNG file on white.
    ///
    /// # Errors
    /// None that is known of; a fault of this program would be reported.
    pub fn png(&self) -> Result<Vec<u8>> {
        raster::png(&self.svg)
    }
}

/// Above this number of classes zeros are left blank: the eye finds the others better.
const ZEROS_UP_TO: usize = 25;
const INK: &str = "#1b2733";
const FAINT_INK: &str = "#5c6b7a";

/// Draws a confusion matrix: rows truth, columns prediction.
///
/// # Errors
/// None that is known of; a fault of this program would be reported.
pub fn draw(matrix: &ConfusionMatrix, title: &str, subtitle: &str, cells: Cells) -> Result<MatrixPicture> {
    let values = Values::new(matrix, cells);
    let digits = values.texts.iter().flatten().map(String::len).max().unwrap_or(1);
    let ticks: Vec<String> = values.ticks.iter().map(|(_, text)| text.clone()).collect();
    let layout = Layout::new(&matrix.texts, digits, title, subtitle, &ticks)?;
    let middle = px(layout.width / 2.0);
    let (width, height) = (px(layout.width), px(layout.height));
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox=(format!("0 0 {width} {height}"))
            font-family=(FONT_FAMILY) fill=(INK) role="img" aria-label=(format!("{title}. {subtitle}")) {
            g text-anchor="middle" {
                text x=(middle) y=(px(MARGIN + layout.title_px)) font-size=(px(layout.title_px)) { (title) }
                text x=(middle) y=(px(MARGIN + layout.title_px + 1.7 * layout.subtitle_px))
                    font-size=(px(layout.subtitle_px)) fill=(FAINT_INK) { (subtitle) }
            }
            @if matrix.classes.is_empty() {
                text x=(middle) y=(px(layout.top + 4.0 * GAP)) font-size=(px(layout.axis_px)) text-anchor="middle" {
                    "No sample has both a known truth and a prediction."
                }
            } @else {
                (plot(&layout, &values))
                (axes(&layout))
                (colour_bar(&layout, &values))
            }
        }
    };
    let numbered = layout.lettering.numbered.iter();
    let legend = numbered.map(|&class| (lettering::number(class), matrix.texts[class].clone())).collect();
    Ok(MatrixPicture { svg: svg.into_string(), width_px: layout.width, legend })
}

/// What is drawn in the cells.
struct Values {
    /// Per cell the place in the colour map, in `[0, 1]`.
    shades: Vec<Vec<f64>>,
    /// Per cell its lettering.
    texts: Vec<Vec<String>>,
    /// Lettering along the colour bar with places in `[0, 1]`.
    ticks: Vec<(f64, String)>,
}

impl Values {
    fn new(matrix: &ConfusionMatrix, cells: Cells) -> Self {
        let each = |write: &dyn Fn(usize, usize) -> String| -> Vec<Vec<String>> {
            let n = matrix.classes.len();
            (0..n).map(|row| (0..n).map(|column| write(row, column)).collect()).collect()
        };
        match cells {
            Cells::Counts => {
                let largest = matrix.counts.iter().flatten().copied().max().unwrap_or(0).max(1);
                let shade = |row: &Vec<u64>| row.iter().map(|&count| count as f64 / largest as f64).collect();
                Self {
                    shades: matrix.counts.iter().map(shade).collect(),
                    texts: each(&|row, column| matrix.counts[row][column].to_string()),
                    ticks: round_steps(largest)
                        .map(|count| (count as f64 / largest as f64, count.to_string()))
                        .collect(),
                }
            }
            Cells::Shares => {
                let shares = matrix.shares();
                let texts = each(&|row, column| format!("{:.2}", shares[row][column]));
                let ticks = (0..=5).map(|fifth| f64::from(fifth) / 5.0).map(|at| (at, format!("{at:.1}"))).collect();
                Self { shades: shares, texts, ticks }
            }
        }
    }
}

/// 0 and its multiples of 1, 2 or 5 times a power of ten up to `largest`: at most seven numbers.
fn round_steps(largest: u64) -> impl Iterator<Item = u64> {
    let powers = std::iter::successors(Some(1u64), |power| power.checked_mul(10));
    let step = powers
        .flat_map(|power| [1, 2, 5].map(|factor| power.saturating_mul(factor)))
        .find(|&step| largest / step <= 6)
        .unwrap_or(largest);
    (0..=largest / step).map(move |number| number * step)
}

/// The cells with their numbers.
fn plot(layout: &Layout, values: &Values) -> Markup {
    let n = values.shades.len();
    let (cell, side) = (px(layout.cell), px(layout.side));
    let positions = move || (0..n).flat_map(move |row| (0..n).map(move |column| (row, column)));
    let at = |index: usize| px(index as f32 * layout.cell);
    let centre = |index: usize| px((index as f32 + 0.5) * layout.cell);
    let baseline = |index: usize| px((index as f32 + 0.5) * layout.cell + 0.36 * layout.number_px);
    let number = |row: usize, column: usize| {
        html! { text x=(centre(column)) y=(baseline(row)) { (values.texts[row][column]) } }
    };
    let is_dark = |row: usize, column: usize| is_dark(colour(values.shades[row][column]));
    let is_zero = |row: usize, column: usize| values.shades[row][column] == 0.0;
    html! {
        g transform=(format!("translate({} {})", px(layout.left), px(layout.top))) {
            rect width=(side) height=(side) fill=(hex(colour(0.0))) {}
            g shape-rendering="crispEdges" {
                @for (row, column) in positions().filter(|&(row, column)| !is_zero(row, column)) {
                    rect x=(at(column)) y=(at(row)) width=(cell) height=(cell)
                        fill=(hex(colour(values.shades[row][column]))) {}
                }
            }
            @if n <= NUMBERS_UP_TO {
                path d=(grid(n, layout.cell)) stroke="#ffffff" stroke-width="1" fill="none" {}
                g font-size=(px(layout.number_px)) text-anchor="middle" {
                    @if n <= ZEROS_UP_TO {
                        g fill="#8d9aa8" {
                            @for (row, column) in positions().filter(|&(row, column)| is_zero(row, column)) {
                                (number(row, column))
                            }
                        }
                    }
                    @for (row, column) in positions()
                        .filter(|&(row, column)| !is_zero(row, column) && !is_dark(row, column)) {
                        (number(row, column))
                    }
                    g fill="#ffffff" {
                        @for (row, column) in positions().filter(|&(row, column)| is_dark(row, column)) {
                            (number(row, column))
                        }
                    }
                }
            }
            rect width=(side) height=(side) fill="none" stroke="#9fb0c2" stroke-width="1" {}
        }
    }
}

/// The lines between the cells, as path data.
fn grid(n: usize, cell: f32) -> String {
    let side = px(n as f32 * cell);
    (1..n).map(|line| px(line as f32 * cell)).map(|at| format!("M0 {at}H{side}M{at} 0V{side}")).collect()
}

/// The class names and what the axes mean.
fn axes(layout: &Layout) -> Markup {
    let middle = layout.side / 2.0;
    html! {
        g font-size=(px(layout.name_px)) {
            @for (index, name) in layout.lettering.names.iter().enumerate() {
                (row_name(layout, index, name)) (column_name(layout, index, name))
            }
        }
        g font-size=(px(layout.axis_px)) text-anchor="middle" fill=(FAINT_INK) {
            text x=(px(layout.left + middle)) y=(px(layout.height - MARGIN)) { "Predicted label" }
            text transform=(format!("translate({} {}) rotate(-90)", px(layout.true_label_x), px(layout.top + middle))) {
                "True label"
            }
        }
    }
}

/// A name left of its row.
fn row_name(layout: &Layout, index: usize, name: &Name) -> Markup {
    let middle = layout.top + (index as f32 + 0.5) * layout.cell;
    let spread = name.lines.len() as f32 - 1.0;
    lines(layout, name, "end", &format!("translate({} {})", px(layout.left - GAP), px(middle)), -spread / 2.0)
}

/// A name below its column.
fn column_name(layout: &Layout, index: usize, name: &Name) -> Markup {
    let x = px(layout.left + (index as f32 + 0.5) * layout.cell);
    let bottom = layout.top + layout.side;
    let spread = name.lines.len() as f32 - 1.0;
    match layout.direction {
        Direction::Level => {
            let first = bottom + GAP + layout.name_px / 2.0;
            lines(layout, name, "middle", &format!("translate({x} {})", px(first)), 0.0)
        }
        Direction::Slanted => {
            // The lines lie around the one that ends below the middle of the column; the first must not touch the plot.
            let y = bottom + GAP + spread / 2.0 * LINE * layout.name_px * FRAC_1_SQRT_2;
            lines(layout, name, "end", &format!("translate({x} {}) rotate(-45)", px(y)), -spread / 2.0)
        }
        Direction::Upright => {
            lines(layout, name, "end", &format!("translate({x} {}) rotate(-90)", px(bottom + GAP)), -spread / 2.0)
        }
    }
}

/// The lines of a name around a point, the first by `first` line distances below it.
fn lines(layout: &Layout, name: &Name, anchor: &str, transform: &str, first: f32) -> Markup {
    // Letters sit on a base line about a third of the font size below their middle.
    let drop = 0.36 * layout.name_px;
    html! {
        g text-anchor=(anchor) transform=(transform) {
            @if let Some(whole) = &name.whole { title { (whole) } }
            @for (number, line) in name.lines.iter().enumerate() {
                text y=(px(drop + (first + number as f32) * LINE * layout.name_px)) { (line) }
            }
        }
    }
}

/// The colour map with its numbers, as high as the plot.
fn colour_bar(layout: &Layout, values: &Values) -> Markup {
    const STRIPES: usize = 64;
    let height = layout.side;
    let stripe = height / STRIPES as f32;
    let x = layout.left + height + 2.0 * GAP;
    html! {
        g transform=(format!("translate({} {})", px(x), px(layout.top))) {
            @for number in 0..STRIPES {
                // Each stripe reaches under the one above it, so that no seam shows.
                @let shade = 1.0 - number as f64 / (STRIPES - 1) as f64;
                rect y=(px(number as f32 * stripe)) width=(px(layout.bar_width)) height=(px(height - number as f32 * stripe))
                    fill=(hex(colour(shade))) {}
            }
            rect width=(px(layout.bar_width)) height=(px(height)) fill="none" stroke="#9fb0c2" {}
            g font-size=(px(layout.subtitle_px)) fill=(FAINT_INK) {
                @for (at, text) in &values.ticks {
                    text x=(px(layout.bar_width + GAP)) y=(px((1.0 - *at as f32) * height + 0.36 * layout.subtitle_px)) { (text) }
                }
            }
        }
    }
}

/// A length with at most one decimal: finer is invisible and only makes files long.
fn px(length: f32) -> String {
    let text = format!("{length:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n: usize, name: &dyn Fn(usize) -> String) -> ConfusionMatrix {
        ConfusionMatrix {
            classes: (0..n).map(name).collect(),
            texts: (0..n).map(name).collect(),
            counts: (0..n).map(|row| (0..n).map(|column| if row == column { 90 } else { 1 }).collect()).collect(),
        }
    }

    fn size(picture: &MatrixPicture) -> (u32, u32) {
        let png = picture.png().unwrap();
        let picture = image::load_from_memory(&png).unwrap();
        (picture.width(), picture.height())
    }

    #[test]
    fn pictures_of_any_number_of_classes_are_drawn() {
        for n in [0, 1, 2, 60, 61, 500] {
            let matrix = matrix(n, &|class| format!("class {class}"));
            let picture = draw(&matrix, "Confusion matrix: place", "", Cells::Counts).unwrap();
            let (width, height) = size(&picture);
            assert!(width >= 400 && height >= 150, "{n} classes: {width} x {height}");
            assert!(width <= 5000 && height <= 5000, "{n} classes: {width} x {height}");
        }
    }

    #[test]
    fn names_lose_their_middle_only_at_the_end_of_the_rope() {
        let long = draw(&matrix(3, &|class| format!("{} {class}", "w".repeat(40))), "", "", Cells::Shares).unwrap();
        assert!(long.svg().contains(&"w".repeat(40)) && !long.svg().contains('…'));
        let endless = draw(&matrix(3, &|class| format!("{} {class}", "w".repeat(400))), "", "", Cells::Shares).unwrap();
        assert!(endless.svg().contains("…") && endless.svg().contains("w 1</text>"));
        assert!(endless.width_px() < 1200.0);
    }

    #[test]
    fn names_that_look_like_markup_are_letters() {
        let picture = draw(&matrix(2, &|class| format!("<a & \"b\"> \u{1}{class}")), "<&>", "", Cells::Counts).unwrap();
        assert!(picture.svg().contains("&lt;a &amp; &quot;b&quot;&gt;"));
        picture.png().unwrap();
    }

    #[test]
    fn dark_cells_have_white_numbers() {
        let picture = draw(&matrix(2, &|class| class.to_string()), "", "", Cells::Counts).unwrap();
        let white = picture.svg().split("<g fill=\"#ffffff\">").nth(1).unwrap().split("</g>").next().unwrap();
        assert_eq!(white.matches("90").count(), 2);
        assert!(!white.contains(">1<"));
    }

    #[test]
    fn the_colour_bar_has_round_numbers() {
        assert_eq!(round_steps(1).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(round_steps(90).collect::<Vec<_>>(), [0, 20, 40, 60, 80]);
        assert_eq!(round_steps(1450).collect::<Vec<_>>(), [0, 500, 1000]);
        assert!(round_steps(u64::MAX).count() <= 7);
    }
}
