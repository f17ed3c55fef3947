//! Line charts for pages: drawn as SVG in the page's own colours, with the same numbers as a table for those who do not see it.

use maud::{Markup, html};

/// Numbers against numbers as lines.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// What stands on the horizontal axis.
    pub across: Axis,
    /// What stands on the vertical axis.
    pub up: Axis,
    /// The lines; six are told apart.
    pub lines: Vec<Line>,
    /// True for a diagonal from corner to corner, on which both axes have the same value.
    pub diagonal: bool,
}

/// An axis of a chart.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What its numbers are.
    pub title: String,
    /// Where it begins and ends.
    pub range: [f64; 2],
    /// True for shares, which are written as per cent.
    pub is_share: bool,
}

/// A line of a chart.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is; may be empty where it is the only one.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
    /// True where every point is marked.
    pub marked: bool,
}

const WIDTH_PX: f64 = 460.0;
const HEIGHT_PX: f64 = 300.0;
const LEFT_PX: f64 = 58.0;
const RIGHT_PX: f64 = 24.0;
const TOP_PX: f64 = 12.0;
const BOTTOM_PX: f64 = 46.0;

/// Parts between the marks of an axis.
const PARTS: u32 = 5;

/// The most points of a line that are drawn; a training may have many more steps than the picture has pixels.
const MOST_POINTS: usize = 400;

/// The most rows of the table of a chart.
const MOST_ROWS: usize = 25;

impl Axis {
    /// An axis of shares, from 0 to 1.
    pub fn share(title: impl Into<String>) -> Self {
        Self { title: title.into(), range: [0.0, 1.0], is_share: true }
    }

    /// An axis from 0, or from the lowest where that is below, to the highest of some numbers.
    pub fn around(title: impl Into<String>, numbers: impl Iterator<Item = f64>) -> Self {
        let (low, high) = numbers.fold((0.0_f64, 0.0_f64), |(low, high), number| (low.min(number), high.max(number)));
        Self { title: title.into(), range: [low, if high > low { high } else { low + 1.0 }], is_share: false }
    }

    /// How far along the axis a number stands, in `[0, 1]`.
    fn place(&self, number: f64) -> f64 {
        ((number - self.range[0]) / (self.range[1] - self.range[0])).clamp(0.0, 1.0)
    }

    fn text(&self, number: f64) -> String {
        let [low, high] = self.range;
        match self.is_share {
            true => format!("{:.0} %", 100.0 * number),
            false if high - low >= f64::from(2 * PARTS) => format!("{number:.0}"),
            false => format!("{number:.2}"),
        }
    }

    fn marks(&self) -> impl Iterator<Item = f64> {
        let [low, high] = self.range;
        (0..=PARTS).map(move |part| low + (high - low) * f64::from(part) / f64::from(PARTS))
    }
}

impl Chart {
    pub(crate) fn markup(&self) -> Markup {
        html! {
            figure.chart {
                div.scroll tabindex="0" role="group" aria-label=(self.title) { (self.svg()) }
                figcaption {
                    strong { (self.title) }
                    @if self.lines.len() > 1 {
                        ul.legend aria-label="Lines" {
                            @for (number, line) in self.lines.iter().enumerate() {
                                li {
                                    svg viewBox="0 0 26 10" width="26" height="10" aria-hidden="true" {
                                        path class=(line_class(number)) d="M0 5H26" {}
                                    }
                                    (line.name)
                                }
                            }
                        }
                    }
                }
                details { summary { "The numbers" } (self.table()) }
            }
        }
    }

    fn svg(&self) -> Markup {
        let across = |number: f64| LEFT_PX + self.across.place(number) * (WIDTH_PX - LEFT_PX - RIGHT_PX);
        let up = |number: f64| HEIGHT_PX - BOTTOM_PX - self.up.place(number) * (HEIGHT_PX - TOP_PX - BOTTOM_PX);
        let path = |line: &Line| {
            let points = thinned(&line.points, MOST_POINTS);
            let steps = points.iter().enumerate().map(|(number, &(x, y))| {
                format!("{}{:.1} {:.1}", if number == 0 { "M" } else { "L" }, across(x), up(y))
            });
            steps.collect::<String>()
        };
        let [left, right, bottom, top] =
            [LEFT_PX, WIDTH_PX - RIGHT_PX, HEIGHT_PX - BOTTOM_PX, TOP_PX].map(|px| format!("{px:.1}"));
        html! {
            svg viewBox=(format!("0 0 {WIDTH_PX} {HEIGHT_PX}")) role="img" aria-label=(format!("{}: {} against {}", self.title, self.up.title, self.across.title)) {
                g.grid {
                    @for mark in self.up.marks() {
                        path d=(format!("M{left} {:.1}H{right}", up(mark))) {}
                        text x=(format!("{:.1}", LEFT_PX - 7.0)) y=(format!("{:.1}", up(mark) + 4.0)) text-anchor="end" { (self.up.text(mark)) }
                    }
                    @for mark in self.across.marks() {
                        path d=(format!("M{:.1} {bottom}V{top}", across(mark))) {}
                        text x=(format!("{:.1}", across(mark))) y=(format!("{:.1}", HEIGHT_PX - BOTTOM_PX + 17.0)) text-anchor="middle" { (self.across.text(mark)) }
                    }
                    text.axis x=(format!("{:.1}", (LEFT_PX + WIDTH_PX - RIGHT_PX) / 2.0)) y=(format!("{:.1}", HEIGHT_PX - 8.0)) text-anchor="middle" { (self.across.title) }
                    text.axis transform=(format!("translate(13 {:.1}) rotate(-90)", (TOP_PX + HEIGHT_PX - BOTTOM_PX) / 2.0)) text-anchor="middle" { (self.up.title) }
                }
                @if self.diagonal { path.diagonal d=(format!("M{left} {bottom}L{right} {top}")) {} }
                @for (number, line) in self.lines.iter().enumerate() {
                    path class=(line_class(number)) d=(path(line)) {}
                    @if line.marked {
                        @for &(x, y) in &thinned(&line.points, MOST_POINTS) {
                            circle class=(line_class(number)) cx=(format!("{:.1}", across(x))) cy=(format!("{:.1}", up(y))) r="3.2" {}
                        }
                    }
                }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            div.scroll.data tabindex="0" role="group" aria-label=(format!("{}, as a table", self.title)) {
                table {
                    thead {
                        tr {
                            @if self.lines.len() > 1 { th scope="col" { "Line" } }
                            th.number scope="col" { (self.across.title) }
                            th.number scope="col" { (self.up.title) }
                        }
                    }
                    tbody {
                        @for line in &self.lines {
                            @for (x, y) in thinned(&line.points, MOST_ROWS) {
                                tr {
                                    @if self.lines.len() > 1 { th scope="row" { (line.name) } }
                                    td.number { (self.across.text(x)) }
                                    td.number { @if self.up.is_share { (format!("{:.1} %", 100.0 * y)) } @else { (format!("{y:.3}")) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn line_class(number: usize) -> String {
    format!("line line{}", number % 6)
}

/// At most so many of the points, evenly spread, the first and the last among them.
fn thinned(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    if points.len() <= most {
        return points.to_vec();
    }
    (0..most).map(|number| points[number * (points.len() - 1) / (most - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_stand_where_the_axes_say() {
        let line = Line { name: String::new(), points: vec![(0.0, 0.0), (1.0, 1.0)], marked: false };
        let chart = Chart {
            title: "Coverage".into(),
            across: Axis::share("coverage"),
            up: Axis::share("accuracy"),
            lines: vec![line],
            diagonal: true,
        };
        let html = chart.markup().into_string();
        assert!(html.contains("M58.0 254.0L436.0 12.0"), "{html}");
        assert!(html.contains(">100 %<") && html.contains("The numbers") && !html.contains("legend"), "{html}");
    }

    #[test]
    fn an_axis_reaches_from_zero_to_the_highest_number() {
        assert_eq!(Axis::around("loss", [0.5, 2.0].into_iter()).range, [0.0, 2.0]);
        assert_eq!(Axis::around("loss", [-1.0, -0.5].into_iter()).range, [-1.0, 0.0]);
        assert_eq!(Axis::around("loss", [].into_iter()).range, [0.0, 1.0]);
        assert_eq!(Axis::around("step", [200.0].into_iter()).text(40.0), "40");
    }

    #[test]
    fn long_lines_keep_their_ends() {
        let points: Vec<(f64, f64)> = (0..1000).map(|step| (f64::from(step), 0.0)).collect();
        let thinned = thinned(&points, 25);
        assert_eq!((thinned.len(), thinned[0].0, thinned[24].0), (25, 0.0, 999.0));
    }
}
