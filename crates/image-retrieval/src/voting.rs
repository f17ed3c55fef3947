//! Who votes and how, from the keys and the model.

use silknow_config::VoteRule;
use silknow_errors::{Error, Result};
use silknow_index::{Vote, Voters};
use silknow_network::Facts;

/// The vote that the keys ask for. Without a temperature it is that of the model; in the mean with a classifier, neighbours
/// count one each where neither has one.
///
/// # Errors
/// A weighted vote whose temperature neither the keys nor the model tell.
pub fn vote(rule: VoteRule, temperature: Option<f64>, confidence_threshold: f64, facts: &Facts) -> Result<Vote> {
    let temperature = temperature.or(facts.vote.map(|chosen| chosen.temperature));
    let vote = match rule {
        VoteRule::Majority => Vote::majority(),
        VoteRule::Classifier => Vote { voters: Voters::Classifier, ..Vote::majority() },
        VoteRule::Mean => Vote { voters: Voters::Both, ..temperature.map_or(Vote::majority(), Vote::weighted) },
        VoteRule::Weighted => {
            let temperature = temperature.ok_or_else(|| {
                Error::configuration("the model has no temperature for weighted votes")
                    .hint("give one, such as `vote_temperature; 0.1`, or train with a validation split, which finds it")
            })?;
            Vote::weighted(temperature)
        }
    };
    Ok(Vote { least_confidence: confidence_threshold, ..vote })
}
