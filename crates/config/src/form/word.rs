//! Words of which there are a few, and the names that other parts of the program know.

use std::marker::PhantomData;

use super::contract::Form;
use super::text::is_line;
use crate::choice::{Architecture, Weights, Word};
use crate::frozen_share::FrozenShare;
use crate::key::{Kind, Plain};

/// `True` or `False`.
pub fn truth() -> impl Form<bool> {
    Truth
}

/// One of the words of `T`.
pub fn choice<T: Word>() -> impl Form<T> {
    Choice(PhantomData)
}

/// The name of a backbone. Which names there are is checked where the families of backbones are known.
pub fn backbone() -> impl Form<Architecture> {
    BackboneForm
}

/// `imagenet`, `builtin`, `none` or the path of a weight file.
pub fn weights() -> impl Form<Weights> {
    WeightsForm
}

/// `auto`, or a number from 0 to 1.
pub fn frozen_share() -> impl Form<FrozenShare> {
    FrozenShareForm
}

struct Truth;
struct Choice<T>(PhantomData<fn() -> T>);
struct BackboneForm;
struct WeightsForm;
struct FrozenShareForm;

impl Form<bool> for Truth {
    fn kind(&self) -> Kind {
        Kind::Truth
    }

    fn expected(&self) -> String {
        "True or False".to_owned()
    }

    fn parse(&self, text: &str) -> Option<bool> {
        text.to_ascii_lowercase().parse().ok()
    }

    fn write(&self, value: &bool) -> Option<String> {
        Some(if *value { "True" } else { "False" }.to_owned())
    }

    fn plain(&self, value: &bool) -> Option<Plain> {
        Some(Plain::Truth(*value))
    }
}

impl<T: Word> Form<T> for Choice<T> {
    fn kind(&self) -> Kind {
        Kind::Choice(T::words())
    }

    fn expected(&self) -> String {
        match T::words() {
            [others @ .., before, last] => {
                let others: String = others.iter().map(|other| format!("{}, ", other.word)).collect();
                format!("{others}{} or {}", before.word, last.word)
            }
            words => words.iter().map(|only| only.word).collect(),
        }
    }

    fn parse(&self, text: &str) -> Option<T> {
        text.parse().ok()
    }

    fn write(&self, value: &T) -> Option<String> {
        Some(value.to_string())
    }
}

impl Form<Architecture> for BackboneForm {
    fn kind(&self) -> Kind {
        Kind::Backbone
    }

    fn expected(&self) -> String {
        "the name of a backbone".to_owned()
    }

    fn parse(&self, text: &str) -> Option<Architecture> {
        Architecture::new(text)
    }

    fn write(&self, value: &Architecture) -> Option<String> {
        Some(value.to_string())
    }
}

impl Form<Weights> for WeightsForm {
    fn kind(&self) -> Kind {
        Kind::Weights
    }

    fn expected(&self) -> String {
        "imagenet, builtin, none or the path of a weight file".to_owned()
    }

    fn parse(&self, text: &str) -> Option<Weights> {
        is_line(text).then(|| Weights::from(text.to_owned()))
    }

    fn write(&self, value: &Weights) -> Option<String> {
        Some(value.to_string())
    }
}

impl Form<FrozenShare> for FrozenShareForm {
    fn kind(&self) -> Kind {
        Kind::Text
    }

    fn expected(&self) -> String {
        "auto or a number from 0 to 1".to_owned()
    }

    fn parse(&self, text: &str) -> Option<FrozenShare> {
        FrozenShare::parse(text)
    }

    fn write(&self, value: &FrozenShare) -> Option<String> {
        Some(value.to_string())
    }
}
