//! The classes of a query, by the votes of its neighbours.
//!
//! A [`Vote`] is the rule, a [`Ballot`] what the neighbours of one query say of one variable.

use silknow_errors::{Error, Result};
use silknow_records::{LabelMatrix, Labels};

use crate::index::{Hit, Hits};
use crate::meta::IndexMeta;
use crate::neighbours::Neighbours;
use crate::opinions::AlignedOpinions;

/// The names under which files tell how their predictions were made.
const TEMPERATURE: &str = "vote_temperature";
const LEAST_CONFIDENCE: &str = "confidence_threshold";
const VOTERS: &str = "voters";
const CLASSIFIER: &str = "classifier";
const BOTH: &str = "neighbours and classifier";

/// How neighbours vote for the classes of a query.
///
/// A neighbour votes on a variable where its label is known, for each class of its label. The share of a class is the
/// weight of the neighbours that have it, among all neighbours with a known label. A class with a share above one half is
/// predicted; where there is none, the class with the highest share, and of several with the same the one that has the
/// nearest neighbour. So one class is predicted where every neighbour has one, and a set may be where they have sets.
///
/// The prediction is missing where no neighbour's label is known, and where its confidence lies below
/// [`least_confidence`](Self::least_confidence).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vote {
    /// What the vote of a neighbour counts.
    pub weights: Weights,
    /// The confidence from which on a prediction is made, in `[0, 1]`; 0 makes all of them.
    pub least_confidence: f64,
    /// Who votes.
    pub voters: Voters,
}

/// Who says what the classes of a query are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Voters {
    /// Its neighbours.
    #[default]
    Neighbours,
    /// A [classifier](crate::Opinions), with the probability of every class as its share.
    Classifier,
    /// Both, of whose shares the mean is taken; the classifier alone where no neighbour's label is known.
    Both,
}

/// What the vote of a neighbour counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Weights {
    /// One, at any distance.
    #[default]
    Equal,
    /// exp(-d^2 / temperature) at the Euclidean distance d. A high temperature comes close to equal weights, a low one
    /// leaves the decision to the nearest neighbour.
    ByDistance {
        /// Above 0. Squared distances of unit vectors lie in `[0, 4]`.
        temperature: f64,
    },
}

/// What the neighbours of a query say of one variable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ballot {
    /// Neighbours whose label is known.
    pub known: usize,
    /// The classes that neighbours have, by falling share; of those with the same share the one with the nearest neighbour
    /// comes first.
    pub classes: Vec<ClassShare>,
}

/// What the neighbours of a query say of one class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassShare {
    /// The class.
    pub class: i32,
    /// Neighbours that have it.
    pub neighbours: usize,
    /// Their weight among the neighbours with a known label, in `[0, 1]`: the probability that the query has the class. Where
    /// labels are sets, the shares of the classes may add up to more than 1.
    pub share: f64,
}

impl Vote {
    /// Every neighbour counts one.
    pub fn majority() -> Self {
        Self::default()
    }

    /// A neighbour at distance d counts exp(-d^2 / temperature).
    pub fn weighted(temperature: f64) -> Self {
        Self { weights: Weights::ByDistance { temperature }, ..Self::default() }
    }

    /// Adds to the description of a file how its predictions were made. Equal votes without a least confidence are what a
    /// file means that says nothing of them.
    pub(crate) fn describe(&self, mut meta: IndexMeta) -> IndexMeta {
        if let Weights::ByDistance { temperature } = self.weights {
            meta = meta.with(TEMPERATURE, temperature);
        }
        if self.least_confidence > 0.0 {
            meta = meta.with(LEAST_CONFIDENCE, self.least_confidence);
        }
        match self.voters {
            Voters::Neighbours => {}
            Voters::Classifier => meta = meta.with(VOTERS, CLASSIFIER),
            Voters::Both => meta = meta.with(VOTERS, BOTH),
        }
        meta
    }

    /// The vote that the description of a file tells of; equal votes where it tells of none, or is that of another program.
    pub fn of_description(meta: &str) -> Self {
        let Ok(meta) = IndexMeta::from_json(meta) else { return Self::majority() };
        let number = |name| meta.made_with.get(name)?.parse().ok().filter(|number: &f64| number.is_finite());
        let weights = match number(TEMPERATURE).filter(|&temperature| temperature > 0.0) {
            Some(temperature) => Weights::ByDistance { temperature },
            None => Weights::Equal,
        };
        let voters = match meta.made_with.get(VOTERS).map(String::as_str) {
            Some(CLASSIFIER) => Voters::Classifier,
            Some(BOTH) => Voters::Both,
            _ => Voters::Neighbours,
        };
        Self { weights, least_confidence: number(LEAST_CONFIDENCE).unwrap_or(0.0), voters }
    }

    /// Counts the votes of neighbours, nearest first, each with its distance and its classes.
    pub fn count<'a>(&self, neighbours: impl Iterator<Item = (f32, &'a [i32])>) -> Ballot {
        let mut ballot = Ballot::default();
        let mut total = 0.0;
        let mut nearest_squared = None;
        for (distance, classes) in neighbours.filter(|(_, classes)| !classes.is_empty()) {
            let squared = f64::from(distance).powi(2);
            // Shares do not change when all distances are taken from that of the nearest neighbour, and no temperature
            // then makes all weights 0.
            let beyond = squared - *nearest_squared.get_or_insert(squared);
            let weight = match self.weights {
                Weights::Equal => 1.0,
                Weights::ByDistance { temperature } => (-beyond / temperature).exp(),
            };
            ballot.known += 1;
            total += weight;
            for &class in classes {
                match ballot.classes.iter_mut().find(|voted| voted.class == class) {
                    Some(voted) => {
                        voted.neighbours += 1;
                        voted.share += weight;
                    }
                    None => ballot.classes.push(ClassShare { class, neighbours: 1, share: weight }),
                }
            }
        }
        ballot.classes.iter_mut().for_each(|voted| voted.share /= total);
        // The sort is stable: among equal shares the class with the nearest neighbour stays first.
        ballot.classes.sort_by(|a, b| b.share.total_cmp(&a.share));
        ballot
    }

    /// What the neighbours say of one query together with what a classifier says of it, a class with its probability each.
    /// Classes of the same share keep the order of the neighbours' votes, before all others.
    pub(crate) fn with_opinion(&self, mut ballot: Ballot, opinion: impl Iterator<Item = (i32, f64)>) -> Ballot {
        // How much the classifier counts.
        let part = match self.voters {
            Voters::Neighbours => return ballot,
            Voters::Both if ballot.known > 0 => 0.5,
            Voters::Both | Voters::Classifier => 1.0,
        };
        ballot.classes.iter_mut().for_each(|voted| voted.share *= 1.0 - part);
        for (class, probability) in opinion {
            match ballot.classes.iter_mut().find(|voted| voted.class == class) {
                Some(voted) => voted.share += part * probability,
                None => ballot.classes.push(ClassShare { class, neighbours: 0, share: part * probability }),
            }
        }
        ballot.classes.sort_by(|a, b| b.share.total_cmp(&a.share));
        ballot
    }

    /// Counts the votes of what was found for one query on a variable.
    ///
    /// # Panics
    /// When a hit has labels for fewer variables.
    pub fn count_hits(&self, hits: &[Hit], variable: usize) -> Ballot {
        self.count(hits.iter().map(|hit| (hit.distance, hit.record.labels.classes(variable))))
    }

    /// Counts the votes of the first `k` neighbours of a query on a variable, among images of which no more than the labels
    /// `[N, V]` is at hand.
    ///
    /// # Panics
    /// When a neighbour's position is not one of `labels`.
    pub fn count_neighbours(
        &self,
        labels: &LabelMatrix,
        neighbours: &Neighbours,
        k: usize,
        query: usize,
        variable: usize,
    ) -> Ballot {
        let (positions, distances) = neighbours.of(query);
        let voters = positions.iter().zip(distances).take(k);
        self.count(voters.map(|(&position, &distance)| (distance, labels.classes(position as usize, variable))))
    }

    /// The classes that a ballot predicts, ascending; none where it has no votes or is not confident enough.
    pub fn decide(&self, ballot: &Ballot) -> Vec<i32> {
        if ballot.confidence() < self.least_confidence { Vec::new() } else { ballot.winners() }
    }

    /// What is said of Q queries on V variables: per query a ballot for every variable. A vote of others than neighbours asks
    /// for `opinions` of these variables.
    ///
    /// # Errors
    /// A vote that needs a classifier's opinions, without them.
    ///
    /// # Panics
    /// When a hit has labels for fewer variables, or there are opinions on fewer queries.
    pub fn ballots(
        &self,
        hits: &Hits,
        variables: usize,
        opinions: Option<&AlignedOpinions>,
    ) -> Result<Vec<Vec<Ballot>>> {
        if self.voters != Voters::Neighbours && opinions.is_none() {
            return Err(Error::configuration("the vote needs a classifier, and there is none to be asked")
                .hint("search with pictures and a model that has a classifier, or let the neighbours vote alone"));
        }
        let ballot = |query: usize, hits: &[Hit], variable: usize| {
            let counted = self.count_hits(hits, variable);
            match opinions {
                Some(opinions) => self.with_opinion(counted, opinions.of(query, variable)),
                None => counted,
            }
        };
        let of_query = |(query, hits)| (0..variables).map(|variable| ballot(query, hits, variable)).collect();
        Ok(hits.iter().enumerate().map(of_query).collect())
    }

    /// The labels `[Q, V]` that ballots predict.
    pub fn decide_all(&self, ballots: &[Vec<Ballot>], variables: usize) -> LabelMatrix {
        self.predictions(ballots.len(), variables, |query, variable| ballots[query][variable].clone())
    }

    /// Predicts the labels `[Q, V]` of queries from what was found for them, by the votes of the neighbours.
    ///
    /// # Panics
    /// When a hit has labels for fewer variables.
    pub fn predict(&self, hits: &Hits, variables: usize) -> LabelMatrix {
        self.predictions(hits.len(), variables, |query, variable| self.count_hits(hits.of(query), variable))
    }

    /// Predicts as [`predict`](Self::predict) does, from the first `k` neighbours of queries among images of which no more
    /// than the labels `[N, V]` is at hand.
    ///
    /// # Panics
    /// When a neighbour's position is not one of `labels`.
    pub fn predict_from(&self, labels: &LabelMatrix, neighbours: &Neighbours, k: usize) -> LabelMatrix {
        self.predictions(neighbours.len(), labels.variables(), |query, variable| {
            self.count_neighbours(labels, neighbours, k, query, variable)
        })
    }

    fn predictions(&self, queries: usize, variables: usize, ballot: impl Fn(usize, usize) -> Ballot) -> LabelMatrix {
        let mut predictions = LabelMatrix::new(variables);
        for query in 0..queries {
            let mut labels = Labels::missing(variables);
            for variable in 0..variables {
                labels.set(variable, &self.decide(&ballot(query, variable)));
            }
            predictions.push_labels(&labels);
        }
        predictions
    }
}

impl Ballot {
    /// The classes that win, ascending; empty without votes.
    pub fn winners(&self) -> Vec<i32> {
        let mut winners: Vec<i32> =
            self.classes.iter().take_while(|voted| voted.share > 0.5).map(|voted| voted.class).collect();
        if winners.is_empty() {
            winners.extend(self.classes.first().map(|voted| voted.class));
        }
        winners.sort_unstable();
        winners
    }

    /// The share of the winner, and of several the lowest: how sure the prediction is, in `[0, 1]`; 0 without votes.
    pub fn confidence(&self) -> f64 {
        let above_half = self.classes.iter().take_while(|voted| voted.share > 0.5).last();
        above_half.or(self.classes.first()).map_or(0.0, |voted| voted.share)
    }

    /// The share of a class; 0 where no neighbour has it.
    pub fn share_of(&self, class: i32) -> f64 {
        self.classes.iter().find(|voted| voted.class == class).map_or(0.0, |voted| voted.share)
    }
}

/// Tests of the rule, on neighbours with labels for one variable.
#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use silknow_records::{MISSING, Record};

    use super::*;

    fn hits(near: &[(f32, &[i32])]) -> Vec<Hit> {
        let hit = |(position, &(distance, classes)): (u64, &(f32, &[i32]))| {
            let mut record = Record::new(position.to_string(), 1);
            record.labels.set(0, classes);
            Hit { position, distance, record: Arc::new(record) }
        };
        (0..).zip(near).map(hit).collect()
    }

    fn majority(classes: &[&[i32]]) -> Vec<i32> {
        let near: Vec<(f32, &[i32])> = (0..).zip(classes).map(|(rank, &classes)| (rank as f32, classes)).collect();
        Vote::majority().predict(&[hits(&near)].into_iter().collect(), 1).classes(0, 0).to_vec()
    }

    #[test]
    fn the_majority_of_the_known_labels_wins() {
        assert_eq!(majority(&[&[0], &[2], &[2]]), [2]);
        assert_eq!(majority(&[&[], &[], &[], &[4]]), [4]);
    }

    #[test]
    fn a_tie_goes_to_the_class_with_the_nearest_neighbour() {
        assert_eq!(majority(&[&[5], &[1], &[1], &[5]]), [5]);
        assert_eq!(majority(&[&[], &[1], &[5], &[5], &[1], &[0]]), [1]);
        assert_eq!(majority(&[&[3], &[1], &[2]]), [3]);
    }

    #[test]
    fn without_a_known_label_the_prediction_is_missing() {
        assert!(majority(&[&[], &[]]).is_empty());
        assert!(majority(&[]).is_empty());
        assert_eq!(Vote::weighted(0.1).count_hits(&hits(&[(0.5, &[])]), 0), Ballot::default());
    }

    #[test]
    fn every_variable_is_voted_on_by_itself_among_the_first_k() {
        let labels = LabelMatrix::from_indices(2, vec![0, MISSING, 1, 7, 1, MISSING]).unwrap();
        let neighbours = Neighbours { k: 3, positions: vec![0, 1, 2, 2, 0, 1], distances: vec![0.0; 6] };
        assert_eq!(Vote::majority().predict_from(&labels, &neighbours, 3).indices(), [1, 7, 1, 7]);
        assert_eq!(Vote::majority().predict_from(&labels, &neighbours, 1).indices(), [0, MISSING, 1, MISSING]);
    }

    #[test]
    fn a_set_is_predicted_of_the_classes_that_more_than_half_have() {
        assert_eq!(majority(&[&[0, 3], &[3]]), [3]);
        assert_eq!(majority(&[&[0, 3], &[3, 0], &[1]]), [0, 3]);
        assert_eq!(majority(&[&[0, 3], &[1], &[2, 3], &[4], &[5]]), [3]);
        let ballot = Vote::majority().count_hits(&hits(&[(0.1, &[0, 3]), (0.2, &[3]), (0.3, &[])]), 0);
        let share = |class, neighbours, share| ClassShare { class, neighbours, share };
        assert_eq!(ballot, Ballot { known: 2, classes: vec![share(3, 2, 1.0), share(0, 1, 0.5)] });
        assert_eq!((ballot.confidence(), ballot.share_of(0), ballot.share_of(9)), (1.0, 0.5, 0.0));
    }

    #[test]
    fn weights_fall_with_the_squared_distance() {
        let near = hits(&[(0.2, &[0]), (0.4, &[1]), (0.4, &[1])]);
        // exp(-0.04 / 0.1) = 0.670320 against twice exp(-0.16 / 0.1) = 0.201897.
        let ballot = Vote::weighted(0.1).count_hits(&near, 0);
        assert_eq!(ballot.winners(), [0]);
        assert!((ballot.share_of(0) - 0.670_320 / (0.670_320 + 2.0 * 0.201_897)).abs() < 1e-6, "{ballot:?}");
        assert_eq!(Vote::weighted(10.0).count_hits(&near, 0).winners(), [1]);
        let coldest = Vote::weighted(1e-300).count_hits(&near, 0);
        assert_eq!((coldest.share_of(0), coldest.share_of(1)), (1.0, 0.0));
    }

    #[test]
    fn a_classifier_speaks_alone_or_by_half() {
        let counted = Vote::majority().count_hits(&hits(&[(0.1, &[2]), (0.2, &[1]), (0.3, &[2])]), 0);
        let said = |voters, ballot: &Ballot| {
            let opinion = [(0, 0.25), (1, 0.5), (2, 0.25)].into_iter();
            let ballot = Vote { voters, ..Vote::majority() }.with_opinion(ballot.clone(), opinion);
            ballot.classes.iter().map(|voted| (voted.class, voted.neighbours, voted.share)).collect::<Vec<_>>()
        };
        assert_eq!(said(Voters::Classifier, &counted), [(1, 1, 0.5), (2, 2, 0.25), (0, 0, 0.25)]);
        let both = said(Voters::Both, &counted);
        assert_eq!((both[0].0, both[1].0, both[2]), (2, 1, (0, 0, 0.125)));
        assert!((both[0].2 - (2.0 / 3.0 + 0.25) / 2.0).abs() < 1e-12);
        assert_eq!(said(Voters::Both, &Ballot::default()), [(1, 0, 0.5), (0, 0, 0.25), (2, 0, 0.25)]);
        assert_eq!(said(Voters::Neighbours, &counted).len(), 2);
        let refused = Vote { voters: Voters::Both, ..Vote::majority() }.ballots(&Hits::default(), 1, None);
        assert!(refused.unwrap_err().to_string().contains("needs a classifier"));
    }

    #[test]
    fn an_unsure_prediction_is_withheld() {
        let near = hits(&[(0.1, &[0]), (0.2, &[1]), (0.3, &[0])]);
        let vote = |least_confidence| Vote { least_confidence, ..Vote::majority() };
        let ballot = Vote::majority().count_hits(&near, 0);
        assert_eq!(vote(0.6).decide(&ballot), [0]);
        assert!(vote(0.7).decide(&ballot).is_empty());
        assert!(vote(1.0).decide(&Ballot::default()).is_empty());
    }

    #[test]
    fn a_description_tells_of_the_vote_again() {
        let votes = [
            Vote::majority(),
            Vote::weighted(0.07),
            Vote { least_confidence: 0.35, ..Vote::weighted(1.0 / 3.0) },
            Vote { voters: Voters::Classifier, ..Vote::majority() },
            Vote { voters: Voters::Both, ..Vote::weighted(0.5) },
        ];
        for vote in votes {
            assert_eq!(Vote::of_description(&vote.describe(IndexMeta::new("abc")).to_json()), vote);
        }
        assert_eq!(Vote::majority().describe(IndexMeta::new("abc")), IndexMeta::new("abc"));
        assert_eq!(Vote::of_description("made by hand"), Vote::majority());
    }
}
