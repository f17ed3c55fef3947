//! Vector pictures to pixels, and the widths of texts.
//!
//! A font is carried along so that a picture looks the same on every machine. Letters that it lacks, as those of Chinese or
//! Thai, are taken from the fonts of the system; where these lack them too, the caller is told.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, FontResolver};
use silknow_errors::{Error, Result};

/// The families of texts in pictures: the carried font, and what comes near it where a browser lacks it.
pub(crate) const FONT_FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

const FONT: &[u8] = include_bytes!("../assets/DejaVuSans.ttf");

/// No picture has a longer side: a hundred megabytes of pixels are enough.
const LONGEST_SIDE_PX: f32 = 5000.0;

/// Device pixels per unit where the picture is small enough: sharp on dense screens and in print.
const SHARPNESS: f32 = 2.0;

static CARRIED: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| Arc::new(carried()));

/// The carried font, and behind it those of the system. Listing them takes a while, so that it happens only when it must.
static WITH_SYSTEM: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = carried();
    fonts.load_system_fonts();
    Arc::new(fonts)
});

fn carried() -> fontdb::Database {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_source(fontdb::Source::Binary(Arc::new(FONT)));
    fonts
}

/// An SVG, and letters that no font has: the first of every piece of text that has some.
fn parse(svg: &str) -> Result<(usvg::Tree, BTreeSet<char>)> {
    let (tree, missing) = parse_with(svg, &CARRIED)?;
    if missing.is_empty() { Ok((tree, missing)) } else { parse_with(svg, &WITH_SYSTEM) }
}

fn parse_with(svg: &str, fonts: &Arc<fontdb::Database>) -> Result<(usvg::Tree, BTreeSet<char>)> {
    let missing = Mutex::new(BTreeSet::new());
    let other_font = FontResolver::default_fallback_selector();
    let font_resolver = FontResolver {
        select_fallback: Box::new(|letter, used, fonts| {
            let font = other_font(letter, used, fonts);
            if font.is_none() {
                missing.lock().unwrap_or_else(PoisonError::into_inner).insert(letter);
            }
            font
        }),
        ..FontResolver::default()
    };
    let options = usvg::Options { fontdb: Arc::clone(fonts), font_resolver, ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options)
        .map_err(|cause| Error::internal("a picture is not valid SVG").caused_by(cause))?;
    drop(options);
    Ok((tree, missing.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

/// Draws an SVG on white and encodes it as PNG.
///
/// # Errors
/// Text that is no SVG.
pub(crate) fn png(svg: &str) -> Result<Vec<u8>> {
    let (tree, _) = parse(svg)?;
    let size = tree.size();
    let scale = SHARPNESS.min(LONGEST_SIDE_PX / size.width().max(size.height()));
    let side = |length: f32| (length * scale).ceil().max(1.0) as u32;
    let mut pixels = Pixmap::new(side(size.width()), side(size.height()))
        .ok_or_else(|| Error::internal(format!("a picture of {size:?} cannot be drawn")))?;
    pixels.fill(resvg::tiny_skia::Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|cause| Error::internal("a picture cannot be encoded").caused_by(cause))
}

/// Texts as they can be drawn.
pub(crate) struct Measured {
    /// The widths in units of the font size.
    pub widths_em: Vec<f32>,
    /// Letters that no font has. Of each text that has such letters, at least one is here.
    pub missing: BTreeSet<char>,
}

/// Measures texts.
///
/// # Errors
/// None that is known of: the texts are escaped.
pub(crate) fn measure(texts: &[String]) -> Result<Measured> {
    const SIZE: f32 = 100.0;
    let svg = maud::html! {
        svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" font-family=(FONT_FAMILY) font-size=(SIZE) {
            @for (number, text) in texts.iter().enumerate() { text id=(format!("t{number}")) { (text) } }
        }
    };
    let mut widths = vec![0.0; texts.len()];
    let (tree, missing) = parse(&svg.into_string())?;
    collect_widths(tree.root(), &mut widths);
    Ok(Measured { widths_em: widths.into_iter().map(|width| width / SIZE).collect(), missing })
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
        let Measured { widths_em: widths, missing } =
            measure(&["0".into(), "00000".into(), String::new(), "<&>".into()]).unwrap();
        assert!(missing.is_empty());
        // A digit of DejaVu Sans is 1303 of 2048 units wide.
        assert!((widths[0] - 0.636).abs() < 0.01, "{widths:?}");
        assert!((widths[1] - 5.0 * 0.636).abs() < 0.02, "{widths:?}");
        assert_eq!(widths[2], 0.0);
        assert!(widths[3] > 1.5, "{widths:?}");
    }

    /// No font has the last letters of a plane, which Unicode keeps free for ever.
    #[test]
    fn letters_without_a_font_are_told() {
        let missing = measure(&["silk".into(), "a\u{5fffe}".into(), "\u{5ffff}b".into()]).unwrap().missing;
        assert_eq!(missing.into_iter().collect::<Vec<_>>(), ['\u{5fffe}', '\u{5ffff}']);
    }

    #[test]
    fn a_huge_picture_is_drawn_smaller() {
        let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="20000" height="10"/>"#;
        let pixels = Pixmap::decode_png(&png(svg).unwrap()).unwrap();
        assert_eq!(pixels.width(), LONGEST_SIDE_PX as u32);
    }
}
