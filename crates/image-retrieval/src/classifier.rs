//! What a model's own classifier says: the probabilities of classes, from the extra heads that training left.

use silknow_errors::{Error, Result};
use silknow_index::{Opinions, Vote, Voters};
use silknow_network::extra_heads::{CLASS_HEAD, CLASS_SET_HEAD};
use silknow_records::{Variable, Vocabulary};

/// The extra heads of a model, with what they gave for N images.
#[derive(Clone, Copy)]
pub(crate) struct HeadOutputs<'a> {
    /// The names of the heads.
    pub(crate) names: &'a [&'a str],
    /// What each of them gave, `[N, width]` row by row.
    pub(crate) values: &'a [Vec<f32>],
    /// The number of images N.
    pub(crate) images: usize,
}

/// What the classifier says of the images, where the vote asks for it. `vocabulary` is that of the model.
///
/// # Errors
/// A model without a classifier; heads that do not belong to the vocabulary.
pub(crate) fn opinions(vote: &Vote, vocabulary: &Vocabulary, heads: HeadOutputs<'_>) -> Result<Option<Opinions>> {
    if vote.voters == Voters::Neighbours {
        return Ok(None);
    }
    let mut opinions = Opinions::on(heads.images);
    for (name, scores) in heads.names.iter().zip(heads.values) {
        let (variable, probabilities): (_, fn(&mut [f32])) =
            match (name.strip_prefix(CLASS_HEAD), name.strip_prefix(CLASS_SET_HEAD)) {
                (Some(variable), _) => (variable, softmax),
                (_, Some(variable)) => (variable, sigmoid),
                _ => continue,
            };
        let variable = known(vocabulary, variable, scores.len(), heads.images)?;
        let mut values = scores.clone();
        values.chunks_mut(variable.classes.len()).for_each(probabilities);
        opinions = opinions.with(variable.clone(), values);
    }
    if opinions.is_empty() {
        return Err(without_classifier());
    }
    Ok(Some(opinions))
}

/// Refuses a vote that needs a classifier, where none of the heads of a model is one.
///
/// # Errors
/// As the name says.
pub(crate) fn check<'a>(vote: &Vote, mut heads: impl Iterator<Item = &'a str>) -> Result<()> {
    let is_classifier = |head: &str| head.starts_with(CLASS_HEAD) || head.starts_with(CLASS_SET_HEAD);
    if vote.voters == Voters::Neighbours || heads.any(is_classifier) { Ok(()) } else { Err(without_classifier()) }
}

fn without_classifier() -> Error {
    Error::configuration("the model has no classifier to vote")
        .hint("train with `recipe; best` or a loss that has one, such as `classification`, or let the neighbours vote")
}

/// The variable of a head that gave so many scores.
fn known<'a>(vocabulary: &'a Vocabulary, name: &str, scores: usize, images: usize) -> Result<&'a Variable> {
    let variable = vocabulary.variables.iter().find(|variable| variable.name == name);
    variable.filter(|variable| scores == images * variable.classes.len()).ok_or_else(|| {
        Error::data(format!("the model's classifier for `{name}` does not fit its classes"))
            .hint("copy the whole model folder again, or train again")
    })
}

/// Scores to probabilities of which one holds.
fn softmax(scores: &mut [f32]) {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter_mut().for_each(|score| *score = (*score - largest).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// Scores to probabilities each of which may hold.
fn sigmoid(scores: &mut [f32]) {
    scores.iter_mut().for_each(|score| *score = 1.0 / (1.0 + (-*score).exp()));
}

#[cfg(test)]
mod tests {
    use silknow_index::Hits;

    use super::*;

    #[test]
    fn scores_become_probabilities_of_one_class_or_of_each() {
        let vocabulary = Vocabulary {
            variables: vec![Variable::new("place", ["DE", "ES"]), Variable::new("material", ["gold", "silk"])],
        };
        let values = [vec![0.0, 3.0f32.ln(), 100.0, -100.0], vec![0.0, 0.0, 3.0f32.ln(), -200.0], vec![9.0; 2]];
        let names = ["class.place", "classes.material", "other"];
        let heads = HeadOutputs { names: &names, values: &values, images: 2 };
        let vote = Vote { voters: Voters::Classifier, ..Vote::majority() };
        let opinions = opinions(&vote, &vocabulary, heads).unwrap().unwrap();
        let mut same = vocabulary.clone();
        let hits: Hits = [Vec::new(), Vec::new()].into_iter().collect();
        let ballots = vote.ballots(&hits, 2, Some(&opinions.aligned(&mut same).unwrap())).unwrap();
        let share = |query: usize, variable: usize, class| ballots[query][variable].share_of(class);
        assert!((share(0, 0, 0) - 0.25).abs() < 1e-6 && (share(0, 0, 1) - 0.75).abs() < 1e-6);
        assert_eq!((share(1, 0, 0), share(1, 0, 1)), (1.0, 0.0));
        assert_eq!((share(0, 1, 0), share(0, 1, 1)), (0.5, 0.5));
        assert!((share(1, 1, 0) - 0.75).abs() < 1e-6 && share(1, 1, 1) < 1e-6);
    }

    #[test]
    fn a_model_without_a_classifier_is_told_so_and_asked_only_where_it_votes() {
        let vocabulary = Vocabulary { variables: vec![Variable::new("place", ["DE", "ES"])] };
        let (names, values) = (["other"], [vec![0.0]]);
        let none = HeadOutputs { names: &names, values: &values, images: 1 };
        assert_eq!(opinions(&Vote::majority(), &vocabulary, none).unwrap(), None);
        let mean = Vote { voters: Voters::Both, ..Vote::majority() };
        for refused in [opinions(&mean, &vocabulary, none).map(|_| ()), check(&mean, names.into_iter())] {
            let message = refused.unwrap_err().to_string();
            assert!(message.contains("has no classifier") && message.contains("recipe; best"), "{message}");
        }
        let (names, values) = (["class.place"], [vec![0.0]]);
        let misfit = HeadOutputs { names: &names, values: &values, images: 1 };
        assert!(opinions(&mean, &vocabulary, misfit).unwrap_err().to_string().contains("does not fit its classes"));
        assert!(check(&mean, names.into_iter()).is_ok());
    }
}
