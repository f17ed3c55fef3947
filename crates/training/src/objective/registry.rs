//! Which objective a value of `loss_ind` stands for.

use silknow_config::{LossKind, TrainingParameters};
use silknow_errors::Result;
use silknow_progress::Observer;
use silknow_records::Vocabulary;

use super::{
    Classification, Colour, Combined, Objective, Rules, SelfSimilarity, Semantic, SoftContrastive,
    SoftContrastiveIncomp, SoftTriplet, SoftTripletIncomp, SupervisedContrastive,
};
use crate::selection::TrainingInputs;

/// The objective that the parameters ask for, for labels of this vocabulary.
///
/// Of the inputs, the labels of the training samples tell how often a class occurs, and the records of all images which
/// objects there are.
///
/// # Errors
/// Lists of rules that cannot be read; labels of other variables than the vocabulary's; a sum without a weight above 0.
pub fn of_parameters(
    parameters: &TrainingParameters,
    vocabulary: &Vocabulary,
    inputs: &TrainingInputs<'_>,
    observer: &dyn Observer,
) -> Result<Box<dyn Objective>> {
    let made_from = MadeFrom { parameters, vocabulary, inputs, observer };
    if parameters.loss_ind != LossKind::Combined {
        if parameters.objective.loss_weights.is_some() {
            observer.warning(&format!("loss_weights is not used: loss_ind is {}", parameters.loss_ind));
        }
        return made_from.objective(parameters.loss_ind);
    }
    let computed = parameters.objective.computed(parameters.loss_ind);
    let parts =
        computed.into_iter().map(|(loss, weight)| Ok((loss.name().to_owned(), weight, made_from.objective(loss)?)));
    Ok(Box::new(Combined::new(parts.collect::<Result<Vec<_>>>()?)?))
}

/// What objectives are made from.
struct MadeFrom<'a> {
    parameters: &'a TrainingParameters,
    vocabulary: &'a Vocabulary,
    inputs: &'a TrainingInputs<'a>,
    observer: &'a dyn Observer,
}

impl MadeFrom<'_> {
    fn objective(&self, loss: LossKind) -> Result<Box<dyn Objective>> {
        let TrainingInputs { labels, train, records, .. } = *self.inputs;
        let settings = &self.parameters.objective;
        Ok(match loss {
            LossKind::SoftContrastive => Box::new(SoftContrastive { margin: self.parameters.margin.into() }),
            LossKind::SoftContrastiveIncomp => Box::new(SoftContrastiveIncomp),
            LossKind::SoftTriplet => Box::new(SoftTriplet),
            LossKind::SoftTripletIncomp => Box::new(SoftTripletIncomp),
            LossKind::Semantic => Box::new(Semantic),
            LossKind::Classification => Box::new(
                Classification::new(self.vocabulary, labels, train, settings.class_weight_power)?
                    .with_focus(settings.focal_gamma)?,
            ),
            LossKind::SupervisedContrastive => {
                Box::new(SupervisedContrastive { temperature: settings.contrastive_temperature })
            }
            LossKind::Rules => Box::new(Rules::read(
                settings.similar_rules.as_deref(),
                settings.dissimilar_rules.as_deref(),
                records,
                self.observer,
            )?),
            LossKind::Colour => Box::new(Colour),
            LossKind::SelfSimilarity => {
                if self.parameters.loss_ind == LossKind::SelfSimilarity {
                    self.observer.warning("self_similarity alone makes all descriptors alike: add it to other losses");
                }
                Box::new(SelfSimilarity)
            }
            LossKind::Combined => unreachable!("a sum is no part of itself, which the weights are checked for"),
        })
    }
}
