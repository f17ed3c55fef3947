//! Where everything of a matrix stands, in pixels.
//!
//! The sizes depend on the number of classes, from one to some hundred.

use silknow_errors::Result;

use super::lettering::Lettering;
use crate::raster;

/// Above this number of classes the cells show colours only; the numbers stand in the results text.
pub(super) const NUMBERS_UP_TO: usize = 60;
/// Above this number of classes their names are left out too.
const NAMES_UP_TO: usize = 400;

pub(super) const MARGIN: f32 = 24.0;
/// Between the plot and what belongs to it.
pub(super) const GAP: f32 = 10.0;
const NARROWEST: f32 = 420.0;

/// How the names of the columns stand below the plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Side by side.
    Level,
    /// Rising by 45 degrees.
    Slanted,
    /// Rising by 90 degrees: where columns are too narrow for slanted ones.
    Upright,
}

/// Places and sizes in pixels.
pub(super) struct Layout {
    pub lettering: Lettering,
    pub direction: Direction,
    pub cell: f32,
    pub number_px: f32,
    pub name_px: f32,
    pub title_px: f32,
    pub subtitle_px: f32,
    pub axis_px: f32,
    pub bar_width: f32,
    /// The plot's corner and side.
    pub left: f32,
    pub top: f32,
    pub side: f32,
    /// The base line of the upright axis title.
    pub true_label_x: f32,
    pub width: f32,
    pub height: f32,
}

impl Layout {
    /// The layout for classes whose cells show at most `digits` characters.
    pub(super) fn new(
        classes: &[String],
        digits: usize,
        title: &str,
        subtitle: &str,
        ticks: &[String],
    ) -> Result<Self> {
        let n = classes.len();
        let (cell, name_px) = sizes(n, digits);
        let side = cell * n.max(1) as f32;
        let shown = if n <= NAMES_UP_TO { classes } else { &[] };
        let lettering = Lettering::new(shown, lines_beside(cell, name_px))?;
        let names_width = name_px * lettering.width_em;
        let names_height = name_px * LINE * lettering.lines as f32;
        let direction = match () {
            () if names_width <= cell - 8.0 => Direction::Level,
            () if cell * std::f32::consts::FRAC_1_SQRT_2 >= LINE * name_px => Direction::Slanted,
            () => Direction::Upright,
        };
        let names_below = match direction {
            Direction::Level => names_height,
            // A text slanted by 45 degrees is as high as it is wide.
            Direction::Slanted => (names_width + names_height) * std::f32::consts::FRAC_1_SQRT_2,
            Direction::Upright => names_width,
        };

        // The title grows with the plot, so that it stays the first thing that is read.
        let growth = (side / 700.0).clamp(1.0, 2.0);
        let [title_px, subtitle_px, axis_px, bar_width] = [19.0, 13.0, 14.0, 16.0].map(|size: f32| growth * size);
        let mut texts = vec![title.to_owned(), subtitle.to_owned()];
        texts.extend(ticks.iter().cloned());
        let widths = raster::measure(&texts)?.widths_em;
        let ticks_width = subtitle_px * widths[2..].iter().copied().fold(0.0, f32::max);
        let before = MARGIN + 2.0 * axis_px + names_width + GAP;
        let content = before + side + 2.0 * GAP + bar_width + GAP + ticks_width + MARGIN;
        let titles = 2.0 * MARGIN + (title_px * widths[0]).max(subtitle_px * widths[1]);
        let width = content.max(titles).max(NARROWEST).ceil();
        let indent = (width - content) / 2.0;
        let top = (MARGIN + title_px + 1.7 * subtitle_px + 2.0 * GAP).round();
        Ok(Self {
            lettering,
            direction,
            cell,
            number_px: number_size(cell, digits),
            name_px,
            title_px,
            subtitle_px,
            axis_px,
            bar_width,
            left: (before + indent).round(),
            top,
            side,
            true_label_x: MARGIN + axis_px + indent,
            width,
            height: (top + side + GAP + names_below + 2.0 * axis_px + MARGIN).ceil(),
        })
    }
}

/// The distance of lines in units of the font size.
pub(super) const LINE: f32 = 1.2;

/// Side of a cell and size of the names.
fn sizes(classes: usize, digits: usize) -> (f32, f32) {
    match classes {
        0..=NUMBERS_UP_TO => {
            let legible = 8.5 * DIGIT_EM * digits as f32 + 6.0;
            let cell = (440.0 / classes.max(1) as f32).clamp(34.0, 100.0).max(legible).round();
            (cell, if classes <= 12 { 14.0 } else { 13.0 })
        }
        61..=NAMES_UP_TO => (14.0, 10.0),
        _ => ((5600 / classes).max(2) as f32, 10.0),
    }
}

/// A digit's width in units of the font size.
const DIGIT_EM: f32 = 0.64;

fn number_size(cell: f32, digits: usize) -> f32 {
    (cell * 0.36).min((cell - 6.0) / (DIGIT_EM * digits as f32)).min(16.0)
}

/// How many lines of a name fit between its neighbours where names are slanted; at most three.
fn lines_beside(cell: f32, name_px: f32) -> usize {
    ((cell * std::f32::consts::FRAC_1_SQRT_2 / (LINE * name_px)) as usize).clamp(1, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(classes: usize, name: &str, digits: usize) -> Layout {
        let classes: Vec<String> = (0..classes).map(|class| format!("{name}{class}")).collect();
        Layout::new(&classes, digits, "title", "", &["1.0".to_owned()]).unwrap()
    }

    #[test]
    fn names_stand_level_then_slanted_then_upright() {
        assert_eq!(layout(3, "", 2).direction, Direction::Level);
        assert_eq!(layout(30, "damask", 2).direction, Direction::Slanted);
        assert_eq!(layout(100, "damask", 2).direction, Direction::Upright);
    }

    #[test]
    fn numbers_stay_legible_and_within_their_cells() {
        for (classes, digits) in [(1, 1), (2, 7), (20, 5), (60, 4), (60, 9)] {
            let layout = layout(classes, "c", digits);
            assert!(layout.number_px >= 8.4, "{classes} classes, {digits} digits: {}", layout.number_px);
            assert!(layout.number_px * 0.64 * digits as f32 <= layout.cell - 5.9);
        }
    }

    #[test]
    fn long_names_enlarge_the_picture() {
        let (short, long) = (layout(20, "a", 2), layout(20, &"word_".repeat(8), 2));
        assert!(long.width > short.width + 150.0 && long.height > short.height + 100.0);
    }
}
