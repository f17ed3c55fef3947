//! Reading and writing the expression of a filter.

use silknow_errors::{Error, Result};

use super::{Term, Value};

/// What ends a field that is not in quotes.
const SPECIAL: [char; 5] = [',', '|', '=', '!', '"'];

/// What ends a value that is not in quotes. Addresses may hold the other signs.
const SPECIAL_IN_VALUES: [char; 3] = [',', '|', '"'];

/// The terms of an expression.
pub(super) fn parse(expression: &str) -> Result<Vec<Term>> {
    let mut reader = Reader { expression, place: 0 };
    let mut terms = Vec::new();
    reader.pass_blanks();
    if reader.rest().is_empty() {
        return Ok(terms);
    }
    loop {
        terms.push(reader.term()?);
        if !reader.goes_on()? {
            return Ok(terms);
        }
    }
}

/// A field or a value as an expression can hold it.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = !text.is_empty() && text.trim() == text && !text.contains(SPECIAL) && !text.starts_with('?');
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

struct Reader<'a> {
    expression: &'a str,
    /// The byte at which reading goes on.
    place: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.expression[self.place..]
    }

    fn pass_blanks(&mut self) {
        let blanks = self.rest().len() - self.rest().trim_start().len();
        self.place += blanks;
    }

    /// Passes over `expected` and the blanks before it, where it comes next.
    fn take(&mut self, expected: &str) -> bool {
        self.pass_blanks();
        let comes = self.rest().starts_with(expected);
        if comes {
            self.place += expected.len();
        }
        comes
    }

    /// True when a comma announces another term, false at the end.
    fn goes_on(&mut self) -> Result<bool> {
        if self.take(",") {
            return Ok(true);
        }
        if self.rest().is_empty() { Ok(false) } else { Err(self.wrong("`,` or `|` is expected here")) }
    }

    fn term(&mut self) -> Result<Term> {
        let field = match self.text(&SPECIAL)? {
            (field, _) if !field.is_empty() => field,
            _ => return Err(self.wrong("the name of a variable is expected here")),
        };
        let negated = if self.take("!=") {
            true
        } else if self.take("=") {
            false
        } else {
            return Err(self.wrong(&format!("`=` or `!=` is expected after `{field}`")));
        };
        let mut values = vec![self.value()?];
        while self.take("|") {
            values.push(self.value()?);
        }
        Ok(Term { field, negated, values })
    }

    fn value(&mut self) -> Result<Value> {
        self.pass_blanks();
        if self.rest().starts_with(['=', '!']) {
            return Err(self.wrong("a value is expected here"));
        }
        match self.text(&SPECIAL_IN_VALUES)? {
            (text, true) => Ok(Value::Is(text)),
            (text, false) => match text.as_str() {
                "" => Err(self.wrong("a value is expected here")),
                "?" => Ok(Value::Unknown),
                "?*" => Ok(Value::Known),
                _ => Ok(Value::Is(text)),
            },
        }
    }

    /// A field or a value, which ends before one of `special`, and whether it stood in quotes.
    fn text(&mut self, special: &[char]) -> Result<(String, bool)> {
        self.pass_blanks();
        if !self.rest().starts_with('"') {
            let length = self.rest().find(special).unwrap_or(self.rest().len());
            let text = self.rest()[..length].trim_end().to_owned();
            self.place += length;
            return Ok((text, false));
        }
        let opened = self.place;
        self.place += 1;
        let mut text = String::new();
        loop {
            let Some(length) = self.rest().find('"') else {
                self.place = opened;
                return Err(self.wrong("the quote that opens here is never closed"));
            };
            text.push_str(&self.rest()[..length]);
            self.place += length + 1;
            if !self.rest().starts_with('"') {
                return Ok((text, true));
            }
            text.push('"');
            self.place += 1;
        }
    }

    fn wrong(&self, what: &str) -> Error {
        let number = self.expression[..self.place].chars().count() + 1;
        let found = match self.rest().chars().next() {
            Some(character) => format!("found `{character}`"),
            None => "the filter ends".to_owned(),
        };
        Error::configuration(format!("the filter `{}`, character {number}: {what}; {found}", self.expression))
            .at_column(number)
            .hint(
                "write it like `place=ES|FR, technique=?*, museum!=garin`; names with `,`, `|`, `=`, `!` or `\"` stand in double quotes",
            )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Filter;
    use proptest::prelude::*;

    #[test]
    fn blanks_around_names_do_not_count_and_quotes_keep_everything() {
        let filter = Filter::parse(r#" "odd, name" = " a|b ""c"" "|d e ,x!=?"#).unwrap();
        let expected = Filter::everything().and_one_of("odd, name", [" a|b \"c\" ", "d e"]);
        assert_eq!(filter.to_string(), r#""odd, name"=" a|b ""c"" "|d e, x!=?"#);
        assert_eq!(Filter::parse(r#""odd, name"=" a|b ""c"" "|d e"#).unwrap(), expected);
        assert_eq!(Filter::parse(r#"x="?""#).unwrap(), Filter::everything().and_one_of("x", ["?"]));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_position() {
        for (expression, expected) in [
            ("place", "character 6: `=` or `!=` is expected after `place`; the filter ends"),
            ("place=", "character 7: a value is expected here; the filter ends"),
            ("place=ES,", "character 10: the name of a variable is expected here; the filter ends"),
            ("place=ES||FR", "character 10: a value is expected here; found `|`"),
            ("plaçe=ES, x!y", "character 12: `=` or `!=` is expected after `x`; found `!`"),
            ("place=\"ES", "character 7: the quote that opens here is never closed; found `\"`"),
            ("place=\"ES\"x", "character 11: `,` or `|` is expected here; found `x`"),
            ("place==ES", "character 7: a value is expected here; found `=`"),
            ("=ES", "character 1: the name of a variable is expected here; found `=`"),
        ] {
            let message = Filter::parse(expression).unwrap_err().to_string();
            assert!(message.contains(expected), "{expression}: {message}");
        }
    }

    proptest! {
        #[test]
        fn an_expression_written_is_read_as_the_same_filter(
            terms in proptest::collection::vec(("\\PC{1,6}", any::<bool>(), proptest::collection::vec("\\PC{0,6}", 1..3)), 0..4),
        ) {
            let mut filter = Filter::everything();
            for (field, negated, values) in terms {
                filter = if negated { filter.and_none_of(field, values) } else { filter.and_one_of(field, values) };
            }
            prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            let _ = Filter::parse(&text);
        }
    }
}
