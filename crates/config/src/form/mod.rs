//! The forms that values have: how the text of a value is read, checked, written and described.
//!
//! A form belongs to a type, so a key whose form does not fit its type does not compile. Which key has which form is
//! said where the key is declared.

mod contract;
mod list;
mod number;
mod text;
mod word;

pub(crate) use contract::Optional;
pub use contract::{Fault, Form};
pub use list::{Ranges, ranges, variables, variables_or_none, widths, words};
pub use number::{Interval, Number, NumberOr, Whole, number, number_or, whole};
pub use text::{column, contact, file_name, path, sheet};
pub use word::{backbone, choice, frozen_share, truth, weights};

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T: std::fmt::Debug>(form: impl Form<T>, texts: &[&str]) {
        for text in texts {
            let parsed = form.parse(text);
            assert!(parsed.is_none(), "{} took `{text}` as {parsed:?}", form.expected());
        }
    }

    #[test]
    fn whole_numbers_end_at_their_bounds() {
        assert_eq!(whole(0..=5).parse("0"), Some(0u64));
        assert_eq!(whole(0..6).parse("5"), Some(5usize));
        assert_eq!(whole(0..).parse("18446744073709551615"), Some(u64::MAX));
        refused::<u32>(whole(0..=5), &["6", "-1", "+1", "2.0", "", "five", "1 2"]);
        refused::<u32>(whole(0..), &["4294967296"]);
    }

    #[test]
    fn numbers_end_at_their_bounds_also_after_rounding() {
        let form = number(Interval::above(0.0, 1.0));
        assert_eq!(form.parse("1e-4"), Some(1e-4f64));
        assert_eq!(form.parse("1"), Some(1.0f32));
        refused::<f64>(form, &["0", "1.01", "1e-60", "nan", "inf", "-0.1", "0,1", ""]);
    }

    #[test]
    fn a_word_may_stand_for_a_number() {
        let form = number_or("model", Interval::above(0.0, 100.0));
        assert_eq!(form.parse("model"), Some(None::<f64>));
        assert_eq!(form.parse("0.05"), Some(Some(0.05f64)));
        assert_eq!(
            (form.write(&None::<f64>).as_deref(), form.write(&Some(1e-4f64)).as_deref()),
            (Some("model"), Some("1e-4"))
        );
        assert_eq!(Form::<f64>::write(&number(Interval::closed(0.0, 1.0)), &0.0).as_deref(), Some("0"));
        refused::<Option<f64>>(form, &["0", "101", "Model", "", "nan"]);
    }

    #[test]
    fn ranges_have_their_length_and_their_order() {
        let form = ranges(Interval::above(0.0, 1.0));
        assert_eq!(form.parse("[0.7, 1]"), Some([0.7, 1.0]));
        assert_eq!(form.parse("0.7,1"), Some([0.7, 1.0]));
        refused::<[f32; 2]>(form, &["[1, 0.7]", "[0.7]", "[0.7, 1, 1]", "[0, 1]", "[0.7, 1", "0.7, 1]", "[0.7,, 1]"]);
        refused::<[f32; 4]>(form, &["[0.1, 0.2]", "[0.1, 0.2, 0.4, 0.3]"]);
    }

    #[test]
    fn lists_may_wear_brackets_and_quotes() {
        for text in ["garin, imatex", "[garin,imatex]", "['garin', \"imatex\"]"] {
            assert_eq!(words().parse(text).unwrap(), ["garin", "imatex"]);
        }
        assert_eq!(widths().parse("[]").unwrap(), Vec::<usize>::new());
        refused(words(), &["", "[]", "garin, garin", "garin,"]);
        refused(widths(), &["[0]", "[1.5]", "[1024, x]", "[70000]"]);
    }

    #[test]
    fn variables_lose_their_mark_and_may_hold_no_blank() {
        assert_eq!(variables().parse("#place, timespan").unwrap(), ["place", "timespan"]);
        refused(variables(), &["#time span", "##place", "#", "#place, place", "", "[]"]);
    }

    #[test]
    fn variables_may_be_none_where_the_key_says_so() {
        assert_eq!(variables_or_none().parse("#place").unwrap(), ["place"]);
        assert_eq!(variables_or_none().parse(""), Some(Vec::new()));
        assert_eq!(variables_or_none().parse("[]"), Some(Vec::new()));
        assert_eq!(variables_or_none().write(&Vec::new()).as_deref(), Some(""));
        refused(variables_or_none(), &["#", "#place,", "#place, place"]);
    }

    #[test]
    fn truths_may_be_written_small() {
        assert_eq!(truth().parse("True"), Some(true));
        assert_eq!(truth().parse("false"), Some(false));
        refused(truth(), &["yes", "1", ""]);
    }

    #[test]
    fn a_file_name_has_no_folder() {
        assert_eq!(file_name().parse("masterfile.txt").unwrap(), "masterfile.txt");
        refused(file_name(), &["./masterfile.txt", "", "a\tb"]);
    }
}
