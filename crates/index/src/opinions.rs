//! What a classifier says of queries: the probability of every class.

use silknow_errors::{Error, Result};
use silknow_records::{Variable, Vocabulary, VocabularyBuilder};

/// What a classifier says of Q queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinions {
    queries: usize,
    variables: Vec<OnVariable>,
}

/// What it says on one variable.
#[derive(Clone, Debug, PartialEq)]
struct OnVariable {
    variable: Variable,
    /// `[Q, C]`, in `[0, 1]`.
    probabilities: Vec<f32>,
}

/// Opinions on the variables of an index, in its order and with its classes.
#[derive(Clone, Debug, PartialEq)]
pub struct AlignedOpinions {
    variables: Vec<Aligned>,
}

#[derive(Clone, Debug, PartialEq)]
struct Aligned {
    /// The classes `[C]`.
    classes: Vec<i32>,
    /// `[Q, C]`.
    probabilities: Vec<f32>,
}

impl Opinions {
    /// Of no variable, on so many queries.
    pub fn on(queries: usize) -> Self {
        Self { queries, variables: Vec::new() }
    }

    /// Adds the probabilities `[Q, C]` of the classes of a variable, row by row.
    ///
    /// # Panics
    /// When there are more or fewer.
    #[must_use]
    pub fn with(mut self, variable: Variable, probabilities: Vec<f32>) -> Self {
        assert_eq!(probabilities.len(), self.queries * variable.classes.len(), "one probability a class and query");
        self.variables.push(OnVariable { variable, probabilities });
        self
    }

    /// True when they are on no variable.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// The opinions on the variables of a vocabulary, which takes over classes that are new to it.
    ///
    /// # Errors
    /// A variable that the classifier says nothing of.
    pub fn aligned(&self, vocabulary: &mut Vocabulary) -> Result<AlignedOpinions> {
        let names = vocabulary.names();
        let on = |name: &String| {
            self.variables.iter().find(|on| on.variable.name == *name).ok_or_else(|| {
                let known: Vec<&str> = self.variables.iter().map(|on| on.variable.name.as_str()).collect();
                Error::configuration(format!("the model's classifier does not know the variable `{name}` of the index"))
                    .hint(format!("it knows {}; build an index of these, or let the neighbours vote", known.join(", ")))
            })
        };
        let found = names.iter().map(on).collect::<Result<Vec<_>>>()?;
        let mut builder = VocabularyBuilder::from(std::mem::take(vocabulary));
        let variables = found.into_iter().enumerate().map(|(v, OnVariable { variable, probabilities })| Aligned {
            classes: (0..variable.classes.len() as i32)
                .map(|class| builder.class(v, &variable.class_text(class), variable.class_name(class)))
                .collect(),
            probabilities: probabilities.clone(),
        });
        let variables = variables.collect();
        *vocabulary = builder.into_vocabulary();
        Ok(AlignedOpinions { variables })
    }
}

impl AlignedOpinions {
    /// The probability of every class that the classifier knows, of one query on a variable.
    pub(crate) fn of(&self, query: usize, variable: usize) -> impl Iterator<Item = (i32, f64)> {
        let Aligned { classes, probabilities } = &self.variables[variable];
        let row = &probabilities[query * classes.len()..][..classes.len()];
        classes.iter().zip(row).map(|(&class, &probability)| (class, f64::from(probability)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opinions_follow_the_variables_and_classes_of_the_index() {
        let opinions = Opinions::on(2)
            .with(Variable::new("time", ["1700"]), vec![0.5, 1.0])
            .with(Variable::new("place", ["FR", "ES"]), vec![0.75, 0.25, 0.125, 0.875]);
        let mut vocabulary = Vocabulary { variables: vec![Variable::new("place", ["DE", "ES"])] };
        let aligned = opinions.aligned(&mut vocabulary).unwrap();
        assert_eq!(vocabulary.variables[0].classes, ["DE", "ES", "FR"]);
        assert_eq!(aligned.of(1, 0).collect::<Vec<_>>(), [(2, 0.125), (1, 0.875)]);
        let mut unknown = Vocabulary { variables: vec![Variable::new("technique", ["damask"])] };
        let message = opinions.aligned(&mut unknown).unwrap_err().to_string();
        assert!(message.contains("`technique`") && message.contains("it knows time, place"), "{message}");
        assert_eq!(unknown.names(), ["technique"]);
    }
}
