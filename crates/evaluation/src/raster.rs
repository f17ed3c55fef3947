//! Vector pictures to pixels, and the widths of texts, with the one font that this crate carries.
//!
//! The font is carried along so that a picture looks the same on every machine.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};
use silknow_errors::{Error, Result};

/// The families of texts in pictures: the carried font, and what comes near it where a browser lacks it.
pub(crate) const FONT_FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

const FONT: &[u8] = include_bytes!("../assets/DejaVuSans.ttf");

/// No picture has a longer side: a hundred megabytes of pixels are enough.
const LONGEST_SIDE_PX: f32 = 5000.0;

/// Device pixels per unit where the picture is small enough: sharp on dense screens and in print.
const SHARPNESS: f32 = 2.0;

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_source(fontdb::Source::Binary(Arc::new(FONT)));
    Arc::new(fonts)
});

fn parse(svg: &str) -> Result<usvg::Tree> {
    let options = usvg::Options { fontdb: FONTS.clone(), ..usvg::Options::default() };
    usvg::Tree::from_str(svg, &options).map_err(|cause| Error::internal("a picture is not valid SVG").caused_by(cause))
}

/// Draws an SVG on white and encodes it as PNG.
///
/// # Errors
/// Text that is no SVG.
pub(crate) fn png(svg: &str) -> Result<Vec<u8>> {
    let tree = parse(svg)?;
    let size = tree.size();
    let scale = SHARPNESS.min(LONGEST_SIDE_PX / size.width().max(size.height()));
    let side = |length: f32| (length * scale).ceil().max(1.0) as u32;
    let mut pixels = Pixmap::new(side(size.width()), side(size.height()))
        .ok_or_else(|| Error::internal(format!("a picture of {size:?} cannot be drawn")))?;
    pixels.fill(resvg::tiny_skia::Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|cause| Error::internal("a picture cannot be encoded").caused_by(cause))
}

/// The widths of texts in units of the font size.
///
/// # Errors
/// None that is known of: the texts are escaped.
pub(crate) fn widths_em(texts: &[String]) -> Result<Vec<f32>> {
    const SIZE: f32 = 100.0;
    let svg = maud::html! {
        svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" font-family=(FONT_FAMILY) font-size=(SIZE) {
            @for (number, text) in texts.iter().enumerate() { text id=(format!("t{number}")) { (text) } }
        }
    };
    let mut widths = vec![0.0; texts.len()];
    collect_widths(parse(&svg.into_string())?.root(), &mut widths);
    Ok(widths.into_iter().map(|width| width / SIZE).collect())
}

fn collect_widths(group: &usvg::Group, widths: &mut [f32]) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => collect_widths(group, widths),
            usvg::Node::Text(text) => {
                let number = text.id().strip_prefix('t').and_then(|number| number.parse::<usize>().ok());
                if let Some(width) = number.and_then(|number| widths.get_mut(number)) {
                    *width = text.bounding_box().width();
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_carried_font() {
        let widths = widths_em(&["0".into(), "00000".into(), String::new(), "<&>".into()]).unwrap();
        // A digit of DejaVu Sans is 1303 of 2048 units wide.
        assert!((widths[0] - 0.636).abs() < 0.01, "{widths:?}");
        assert!((widths[1] - 5.0 * 0.636).abs() < 0.02, "{widths:?}");
        assert_eq!(widths[2], 0.0);
        assert!(widths[3] > 1.5, "{widths:?}");
    }

    #[test]
    fn a_huge_picture_is_drawn_smaller() {
        let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="20000" height="10"/>"#;
        let pixels = Pixmap::decode_png(&png(svg).unwrap()).unwrap();
        assert_eq!(pixels.width(), LONGEST_SIDE_PX as u32);
    }
}
