//! Names with a weight each, as in `semantic=0.4, colour=0.1`: a key's value that says how much each of several things counts.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use silknow_errors::{Error, suggest};

use crate::choice::{LossKind, Word};
use crate::form::{Fault, Form};
use crate::key::Kind;

/// What a weight may belong to.
pub trait Weighed: Clone + PartialEq + Display + Send + Sync + 'static {
    /// What such things are called in messages: "losses".
    const WHAT: &'static str;
    /// A valid value of a key.
    const EXAMPLE: &'static str;

    /// The thing of this name, which is not empty.
    ///
    /// # Errors
    /// What is wrong with the name, and what to do.
    fn named(name: &str) -> Result<Self, (String, Option<String>)>;
}

/// Weights by name, finite and not negative, one of them above 0, no name twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound = "K: Weighed")]
pub struct NamedWeights<K>(Vec<(K, f64)>);

/// The weights of the losses that a sum is made of.
pub type LossWeights = NamedWeights<LossKind>;

/// The weights of variables; one that is not named has the weight 1.
pub type VariableWeights = NamedWeights<String>;

impl<K> NamedWeights<K> {
    /// The names with their weights, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&K, f64)> {
        self.0.iter().map(|(name, weight)| (name, *weight))
    }
}

impl VariableWeights {
    /// The weights of these variables, in their order.
    pub fn of(&self, variables: &[String]) -> Vec<f64> {
        let weight = |variable: &String| self.0.iter().find(|(name, _)| name == variable).map_or(1.0, |named| named.1);
        variables.iter().map(weight).collect()
    }
}

impl<K: Weighed> NamedWeights<K> {
    /// The weights of [`EXAMPLE`](Weighed::EXAMPLE).
    pub(crate) fn example() -> Self {
        Self::parse(K::EXAMPLE).expect("the example is valid")
    }

    /// The weights of a text such as `semantic=0.4, colour=0.1`, with or without brackets.
    ///
    /// # Errors
    /// The first part that is wrong.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let trimmed = text.trim();
        let bare = match trimmed.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']').ok_or_else(|| Fault {
                start: text.trim_end().chars().count(),
                what: "the bracket is not closed".to_owned(),
                hint: None,
            })?,
            None => trimmed,
        };
        let mut weights: Vec<(K, f64)> = Vec::new();
        let mut rest = bare;
        let mut position = (bare.as_ptr() as usize) - (text.as_ptr() as usize);
        loop {
            let (entry, more) = rest.split_once(',').map_or((rest, None), |(entry, more)| (entry, Some(more)));
            let start = position + (entry.len() - entry.trim_start().len());
            let (name, weight) = Self::entry(entry.trim()).map_err(|(offset, what, hint)| Fault {
                start: text[..start + offset].chars().count(),
                what,
                hint,
            })?;
            if weights.iter().any(|(other, _)| *other == name) {
                let what = format!("`{name}` has a weight already");
                return Err(Fault { start: text[..start].chars().count(), what, hint: None });
            }
            weights.push((name, weight));
            let Some(more) = more else { break };
            position += entry.len() + 1;
            rest = more;
        }
        if weights.iter().all(|(_, weight)| *weight == 0.0) {
            let hint = Some("give one of them a weight above 0".to_owned());
            return Err(Fault { start: 0, what: "all weights are 0".to_owned(), hint });
        }
        Ok(Self(weights))
    }

    /// The name and the weight of one entry, or at which of its bytes it is wrong, what is wrong, and what to do.
    fn entry(entry: &str) -> Result<(K, f64), (usize, String, Option<String>)> {
        let Some((name, weight)) = entry.split_once('=') else {
            let what =
                if entry.is_empty() { "an entry is empty".to_owned() } else { format!("`{entry}` has no weight") };
            return Err((0, what, Some(format!("write `name=weight`, as in `{}`", K::EXAMPLE))));
        };
        let at_weight = name.len() + 1 + (weight.len() - weight.trim_start().len());
        let (name, weight) = (name.trim(), weight.trim());
        if name.is_empty() {
            return Err((0, "a weight has no name".to_owned(), None));
        }
        let named = K::named(name).map_err(|(what, hint)| (0, what, hint))?;
        match weight.parse::<f64>() {
            Ok(value) if value.is_finite() && value >= 0.0 => Ok((named, value)),
            _ => {
                let what = format!("the weight of `{name}` is `{weight}`");
                Err((at_weight, what, Some("a weight is a number of at least 0".to_owned())))
            }
        }
    }
}

impl<K: Display> Display for NamedWeights<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, weight)) in self.0.iter().enumerate() {
            let between = if position == 0 { "" } else { ", " };
            write!(f, "{between}{name}={weight}")?;
        }
        Ok(())
    }
}

impl<K: Weighed> TryFrom<String> for NamedWeights<K> {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text).map_err(|fault| Error::configuration(format!("the weights `{text}`: {}", fault.what)))
    }
}

impl<K: Weighed> From<NamedWeights<K>> for String {
    fn from(weights: NamedWeights<K>) -> Self {
        weights.to_string()
    }
}

impl Weighed for LossKind {
    const WHAT: &'static str = "losses";
    const EXAMPLE: &'static str = "semantic=0.4, classification=0.3, colour=0.1";

    fn named(name: &str) -> Result<Self, (String, Option<String>)> {
        let parts = || Self::words().iter().filter(|spelling| spelling.word != Self::Combined.name());
        match name.parse() {
            Ok(Self::Combined) => Err((format!("`{name}` is the sum itself"), None)),
            Ok(loss) => Ok(loss),
            Err(_) => {
                let known: Vec<&str> = parts().map(|spelling| spelling.word).collect();
                let spellings = parts().flat_map(|spelling| spelling.aliases.iter().copied().chain([spelling.word]));
                let hint = match suggest::nearest(name, spellings) {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => format!("the losses are {}", known.join(", ")),
                };
                Err((format!("`{name}` is not a known loss"), Some(hint)))
            }
        }
    }
}

/// A variable. Which variables there are is checked against `relevant_variables`.
impl Weighed for String {
    const WHAT: &'static str = "variables";
    const EXAMPLE: &'static str = "place=2, timespan=1";

    fn named(name: &str) -> Result<Self, (String, Option<String>)> {
        let bare = name.strip_prefix('#').unwrap_or(name);
        let wrong = |letter: char| letter.is_whitespace() || letter.is_control() || "#[]".contains(letter);
        if bare.is_empty() || bare.contains(wrong) {
            return Err((format!("`{name}` is not the name of a variable"), None));
        }
        Ok(bare.to_owned())
    }
}

/// Names with weights, as in `semantic=0.4, colour=0.1`.
pub(crate) fn named_weights<K: Weighed>() -> impl Form<NamedWeights<K>> {
    NamedWeightsForm(PhantomData)
}

struct NamedWeightsForm<K>(PhantomData<fn() -> K>);

impl<K: Weighed> Form<NamedWeights<K>> for NamedWeightsForm<K> {
    fn kind(&self) -> Kind {
        Kind::NamedWeights
    }

    fn expected(&self) -> String {
        format!("{} with their weights", K::WHAT)
    }

    fn parse(&self, text: &str) -> Option<NamedWeights<K>> {
        NamedWeights::parse(text).ok()
    }

    fn fault(&self, text: &str) -> Option<Fault> {
        NamedWeights::<K>::parse(text).err()
    }

    fn write(&self, value: &NamedWeights<K>) -> Option<String> {
        Some(value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_weights_in_the_order_in_which_they_were_given() {
        let weights = LossWeights::parse("[semantic = 0.4,classification=3e-1 , colour=0]").unwrap();
        let due = [(&LossKind::Semantic, 0.4), (&LossKind::Classification, 0.3), (&LossKind::Colour, 0.0)];
        assert_eq!(weights.iter().collect::<Vec<_>>(), due);
        assert_eq!(weights.to_string(), "semantic=0.4, classification=0.3, colour=0");
        assert_eq!(LossWeights::parse(&weights.to_string()).unwrap(), weights);
        assert_eq!(LossWeights::parse("triplet=1, rule=2").unwrap().to_string(), "semantic=1, rules=2");
    }

    #[test]
    fn variables_without_a_weight_weigh_1() {
        let weights = VariableWeights::parse("#place=2, größe=0.5").unwrap();
        let variables = ["timespan", "größe", "place"].map(str::to_owned);
        assert_eq!(weights.of(&variables), [1.0, 0.5, 2.0]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let fault = |text: &str| {
            let Fault { start, what, hint } = LossWeights::parse(text).unwrap_err();
            (start, what, hint.unwrap_or_default())
        };
        let place = |text: &str, start: usize, what: &str| {
            let found = fault(text);
            assert_eq!((found.0, found.1.as_str()), (start, what), "{text}");
        };
        place("semantic=1, colr=2", 12, "`colr` is not a known loss");
        assert_eq!(fault("semantic=1, colr=2").2, "did you mean `colour`?");
        assert!(fault("x=1").2.starts_with("the losses are soft_contrastive, "));
        place("semantic=1, combined=2", 12, "`combined` is the sum itself");
        place("semantic=1, colour = -2", 21, "the weight of `colour` is `-2`");
        place("colour=nan", 7, "the weight of `colour` is `nan`");
        place("colour=inf", 7, "the weight of `colour` is `inf`");
        place("colour=", 7, "the weight of `colour` is ``");
        place("colour=0.1=2", 7, "the weight of `colour` is `0.1=2`");
        place("colour", 0, "`colour` has no weight");
        place("", 0, "an entry is empty");
        place("[]", 1, "an entry is empty");
        place("colour=1,", 9, "an entry is empty");
        place("=1", 0, "a weight has no name");
        place("semantic=1, triplet=1", 12, "`semantic` has a weight already");
        place("semantic=0, colour=0", 0, "all weights are 0");
        place("[colour=1", 9, "the bracket is not closed");
        let variable = VariableWeights::parse("größe=1, a b=2").unwrap_err();
        assert_eq!((variable.start, variable.what.as_str()), (9, "`a b` is not the name of a variable"));
    }
}
