//! Class names beside a matrix: as people read them, broken into lines, cut only as the last resort. A name with letters that
//! no font has becomes a number.

use silknow_errors::Result;

use crate::raster;

/// The width of a blank in units of the font size.
const BLANK_EM: f32 = 0.32;
/// A name up to this width stands on one line: some thirty letters.
const ONE_LINE_EM: f32 = 15.0;
/// A line is never wider than this; what is longer loses its middle, since names often differ at the end.
const WIDEST_EM: f32 = 40.0;

/// A class name as lettered.
#[derive(Debug, PartialEq)]
pub(super) struct Name {
    pub lines: Vec<String>,
    /// The whole name where it was cut, or became a number.
    pub whole: Option<String>,
}

/// All names with what they need: the widest line in units of the font size, and the most lines.
#[derive(Debug, Default)]
pub(super) struct Lettering {
    pub names: Vec<Name>,
    pub width_em: f32,
    pub lines: usize,
    /// The positions of the names that became numbers.
    pub numbered: Vec<usize>,
}

impl Lettering {
    /// Breaks the texts of classes into at most `most_lines` lines each.
    pub(super) fn new(texts: &[String], most_lines: usize) -> Result<Self> {
        let shown: Vec<String> = texts.iter().map(|text| text.replace(char::is_control, " ")).collect();
        let missing = raster::measure(&words_of(&shown).concat())?.missing;
        let numbered: Vec<usize> =
            (0..shown.len()).filter(|&class| shown[class].contains(|letter| missing.contains(&letter))).collect();
        let mut drawn = shown.clone();
        numbered.iter().for_each(|&class| drawn[class] = number(class));
        let words = words_of(&drawn);
        let mut widths = raster::measure(&words.concat())?.widths_em.into_iter();
        let mut lettering = Self::default();
        for (class, words) in drawn.into_iter().zip(words) {
            let words: Vec<Word> = words.into_iter().zip(&mut widths).collect();
            let (name, width_em) = broken(class, &words, most_lines);
            lettering.width_em = lettering.width_em.max(width_em);
            lettering.lines = lettering.lines.max(name.lines.len());
            lettering.names.push(name);
        }
        for &class in &numbered {
            lettering.names[class].whole = Some(shown[class].clone());
        }
        lettering.numbered = numbered;
        Ok(lettering)
    }
}

/// What stands in the place of the name of the class at a position.
pub(super) fn number(class: usize) -> String {
    format!("no. {}", class + 1)
}

fn words_of(names: &[String]) -> Vec<Vec<String>> {
    names.iter().map(|name| name.split_whitespace().map(str::to_owned).collect()).collect()
}

/// A word and its width in units of the font size.
type Word = (String, f32);

/// A name in as few lines as are comfortable, of about the same width each, and the width of the widest.
fn broken(name: String, words: &[Word], most_lines: usize) -> (Name, f32) {
    let whole_em = line_width(words);
    let lines = (1..most_lines).find(|&lines| whole_em / lines as f32 <= ONE_LINE_EM).unwrap_or(most_lines.max(1));
    let widest_word = words.iter().map(|(_, width)| *width).fold(0.0, f32::max);
    let mut limit = widest_word.max(whole_em / lines as f32);
    // Words do not fill lines evenly: the least width that needs no more lines is a little above the mean.
    let mut filled = fill(words, limit);
    while filled.len() > lines {
        limit += 0.5;
        filled = fill(words, limit);
    }
    let width_em = filled.iter().map(|line| line_width(line)).fold(0.0, f32::max);
    if width_em > WIDEST_EM {
        let shown = without_middle(&name, WIDEST_EM / whole_em);
        return (Name { lines: vec![shown], whole: Some(name) }, WIDEST_EM);
    }
    let text = |line: &[Word]| line.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(" ");
    (Name { lines: filled.into_iter().map(text).collect(), whole: None }, width_em)
}

fn line_width(words: &[Word]) -> f32 {
    words.iter().map(|(_, width)| width).sum::<f32>() + BLANK_EM * words.len().saturating_sub(1) as f32
}

/// Lines no wider than `limit`, each with as many words as fit and at least one.
fn fill(words: &[Word], limit: f32) -> Vec<&[Word]> {
    let mut lines = Vec::new();
    let mut start = 0;
    for end in 1..=words.len() {
        if end == words.len() || line_width(&words[start..=end]) > limit {
            lines.push(&words[start..end]);
            start = end;
        }
    }
    lines
}

/// Head and tail of a name, together about `share` of it.
fn without_middle(name: &str, share: f32) -> String {
    let letters: Vec<char> = name.chars().collect();
    // Letters differ in width; a margin of a tenth covers that for all usual names.
    let kept = (0.9 * letters.len() as f32 * share) as usize;
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(name: &str, most_lines: usize) -> Vec<String> {
        Lettering::new(&[name.to_owned()], most_lines).unwrap().names.remove(0).lines
    }

    #[test]
    fn short_names_stand_on_one_line_and_long_ones_on_even_lines() {
        assert_eq!(lines("nineteenth century", 3), ["nineteenth century"]);
        assert_eq!(lines("velvet cut and uncut on satin ground", 2), ["velvet cut and uncut", "on satin ground"]);
        assert_eq!(lines("velvet cut and uncut on satin ground", 1), ["velvet cut and uncut on satin ground"]);
    }

    #[test]
    fn every_word_of_a_broken_name_is_there() {
        let name = "embroidered with metal thread and silk floss on a ground of ivory satin and velvet";
        let broken = lines(name, 3);
        assert_eq!(broken.len(), 3);
        assert_eq!(broken.join(" "), name);
    }

    #[test]
    fn a_name_with_letters_that_no_font_has_becomes_its_number() {
        let names = ["silk".to_owned(), "\u{5ffff} damask".to_owned()];
        let lettering = Lettering::new(&names, 3).unwrap();
        assert_eq!(lettering.numbered, [1]);
        assert_eq!(lettering.names[0], Name { lines: vec!["silk".into()], whole: None });
        assert_eq!(lettering.names[1], Name { lines: vec!["no. 2".into()], whole: Some(names[1].clone()) });
    }

    #[test]
    fn only_an_endless_name_loses_its_middle() {
        let lettering = Lettering::new(&[format!("begin{}end", "w".repeat(300)), String::new()], 3).unwrap();
        let cut = &lettering.names[0];
        assert!(cut.lines[0].starts_with("begin") && cut.lines[0].ends_with("end") && cut.lines[0].contains('…'));
        assert_eq!(cut.whole.as_ref().unwrap().len(), 308);
        assert_eq!(lettering.width_em, WIDEST_EM);
    }
}
