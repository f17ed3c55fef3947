//! Batches that are drawn by more than chance: classes equally often, some samples more often than others.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use crate::batches::{Batches, Draw};

/// Stream of the seed's random numbers from which on the orders of [`Mixed`] are drawn; those of epochs are below.
const FIRST_STREAM: u64 = 1 << 62;

/// What batches are made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    /// For every variable whose classes are drawn equally often, the samples of each class. A sample may be of several.
    pub classes: Vec<Vec<Vec<usize>>>,
    /// Samples that a part of every batch is drawn from.
    pub favoured: Vec<usize>,
    /// That part, from 0 to 1.
    pub share: f64,
}

/// An endless sequence of batches, which is a pure function of its plan, the seed, the number of samples and the batch size.
#[derive(Clone, Debug)]
pub(crate) enum Drawing {
    /// Every sample equally often.
    Evenly(Batches),
    /// By a plan.
    ByPlan(Box<Mixed>),
}

impl Drawing {
    /// Batches of `batch_size` of `samples` samples, clipped to their number.
    ///
    /// # Panics
    /// Without samples, and for a batch size of 0.
    pub fn new(seed: u64, samples: usize, batch_size: usize, plan: &Plan) -> Self {
        if plan.classes.is_empty() && (plan.favoured.is_empty() || plan.share == 0.0) {
            Self::Evenly(Batches::new(seed, samples, batch_size))
        } else {
            Self::ByPlan(Box::new(Mixed::new(seed, samples, batch_size, plan)))
        }
    }

    /// Samples per batch, after clipping.
    pub fn batch_size(&self) -> usize {
        match self {
            Self::Evenly(batches) => batches.batch_size(),
            Self::ByPlan(mixed) => mixed.batch_size,
        }
    }

    /// The next batch.
    pub fn draw(&mut self) -> Vec<Draw> {
        match self {
            Self::Evenly(batches) => batches.draw(),
            Self::ByPlan(mixed) => mixed.draw(),
        }
    }

    /// Passes over `batches` batches.
    pub fn skip(&mut self, batches: usize) {
        for _ in 0..batches {
            self.draw();
        }
    }
}

/// Batches by a plan: the places of the favoured samples come first. Of the others, the first belongs to a class of the first
/// variable, the next to one of the second, and so on in turn; the classes of a variable take turns too.
///
/// A batch holds no sample twice. A place whose class is used up in a batch goes to any sample.
#[derive(Clone, Debug)]
pub(crate) struct Mixed {
    batch_size: usize,
    /// Places of favoured samples in a batch.
    favoured_places: usize,
    favoured: Turns,
    variables: Vec<Classes>,
    all: Turns,
    /// How often each sample was drawn.
    drawn: Vec<u64>,
    /// The variable that the next place belongs to.
    next_variable: usize,
}

/// The classes of a variable.
#[derive(Clone, Debug)]
struct Classes {
    turns: Turns,
    samples: Vec<Turns>,
}

impl Mixed {
    fn new(seed: u64, samples: usize, batch_size: usize, plan: &Plan) -> Self {
        assert!(samples > 0 && batch_size > 0, "a batch has at least one sample");
        let batch_size = batch_size.min(samples);
        let mut number = 0;
        let mut turns = |of: &[usize]| {
            number += 1;
            Turns::new(seed, number, of.to_vec())
        };
        let all = turns(&(0..samples).collect::<Vec<_>>());
        let favoured = turns(&plan.favoured);
        let variables = plan.classes.iter().map(|classes| {
            let classes: Vec<&Vec<usize>> = classes.iter().filter(|samples| !samples.is_empty()).collect();
            Classes {
                turns: turns(&(0..classes.len()).collect::<Vec<_>>()),
                samples: classes.into_iter().map(|samples| turns(samples)).collect(),
            }
        });
        let variables = variables.collect();
        let favoured_places = (plan.share * batch_size as f64).round() as usize;
        Self {
            batch_size,
            favoured_places: favoured_places.min(plan.favoured.len()),
            favoured,
            variables,
            all,
            drawn: vec![0; samples],
            next_variable: 0,
        }
    }

    fn draw(&mut self) -> Vec<Draw> {
        let mut in_batch = vec![false; self.drawn.len()];
        let mut batch = Vec::with_capacity(self.batch_size);
        for place in 0..self.batch_size {
            let is_free = |sample: usize| !in_batch[sample];
            let wished = if place < self.favoured_places {
                self.favoured.next(is_free)
            } else if self.variables.is_empty() {
                None
            } else {
                let Classes { turns, samples } = &mut self.variables[self.next_variable];
                let wished = turns.next(|_| true).and_then(|class| samples[class].next(is_free));
                self.next_variable = (self.next_variable + 1) % self.variables.len();
                wished
            };
            // A batch has no more places than there are samples, so one is free.
            let Some(sample) = wished.or_else(|| self.all.next(is_free)) else { break };
            in_batch[sample] = true;
            batch.push(Draw { sample, epoch: self.drawn[sample] });
            self.drawn[sample] += 1;
        }
        batch
    }
}

/// Numbers that take turns: each once in an order drawn by chance, then again in another order.
#[derive(Clone, Debug)]
struct Turns {
    seed: u64,
    /// What tells the orders from those of other turns with the same seed.
    number: u64,
    round: u64,
    order: Vec<usize>,
    position: usize,
}

impl Turns {
    fn new(seed: u64, number: u64, order: Vec<usize>) -> Self {
        let mut turns = Self { seed, number, round: 0, order, position: 0 };
        turns.shuffle();
        turns
    }

    fn shuffle(&mut self) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(FIRST_STREAM + (self.number << 32) + self.round);
        // From the ascending order, so that an order depends on its round alone.
        self.order.sort_unstable();
        self.order.shuffle(&mut rng);
        self.position = 0;
        self.round += 1;
    }

    /// The next number that suits. Those before it that do not suit keep their turn. None when no number suits.
    fn next(&mut self, suits: impl Fn(usize) -> bool) -> Option<usize> {
        let found = |order: &[usize]| order.iter().position(|&number| suits(number));
        let ahead = match found(&self.order[self.position..]) {
            Some(ahead) => ahead,
            None => {
                self.shuffle();
                found(&self.order)?
            }
        };
        self.order[self.position..=self.position + ahead].rotate_right(1);
        self.position += 1;
        Some(self.order[self.position - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn samples_of(batch: &[Draw]) -> Vec<usize> {
        batch.iter().map(|draw| draw.sample).collect()
    }

    proptest! {
        #[test]
        fn batches_are_full_and_distinct_and_go_on_after_a_skip(
            seed in any::<u64>(), samples in 1usize..30, batch_size in 1usize..40, skipped in 0usize..10,
            share in 0.0f64..=1.0, favoured in 0usize..30, classes in proptest::collection::vec(1usize..5, 0..3),
        ) {
            let by_class = |classes: &usize| {
                let of_class = |class: usize| (0..samples).filter(|sample| sample % classes == class).collect();
                (0..*classes).map(of_class).collect()
            };
            let plan = Plan {
                classes: classes.iter().map(by_class).collect(),
                favoured: (0..favoured.min(samples)).collect(),
                share,
            };
            let mut unbroken = Drawing::new(seed, samples, batch_size, &plan);
            let mut resumed = unbroken.clone();
            resumed.skip(skipped);
            let mut times_drawn = vec![0; samples];
            for number in 0..skipped + 3 {
                let batch = unbroken.draw();
                prop_assert_eq!(batch.len(), batch_size.min(samples));
                for draw in &batch {
                    prop_assert_eq!(draw.epoch, times_drawn[draw.sample]);
                    times_drawn[draw.sample] += 1;
                }
                let mut distinct = samples_of(&batch);
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), batch.len());
                if number >= skipped {
                    prop_assert_eq!(resumed.draw(), batch);
                }
            }
        }
    }

    #[test]
    fn classes_are_drawn_equally_often_and_their_samples_too() {
        // Of 100 samples, 4 are of the second class and 6 of the third.
        let classes = vec![vec![(0..90).collect(), (90..94).collect(), (94..100).collect()]];
        let mut drawing = Drawing::new(3, 100, 9, &Plan { classes, ..Plan::default() });
        let mut times = [0; 100];
        for _ in 0..40 {
            let batch = samples_of(&drawing.draw());
            for (class, count) in [(0..90, 3), (90..94, 3), (94..100, 3)] {
                assert_eq!(batch.iter().filter(|sample| class.contains(*sample)).count(), count, "{batch:?}");
            }
            batch.into_iter().for_each(|sample| times[sample] += 1);
        }
        // 40 batches of 3: 30 times each of the second class, 20 times each of the third, once or twice of the first.
        assert!(times[..90].iter().all(|times| (1..=2).contains(times)), "{times:?}");
        assert_eq!(times[90..], [30, 30, 30, 30, 20, 20, 20, 20, 20, 20]);
    }

    #[test]
    fn a_part_of_every_batch_is_of_favoured_samples() {
        let plan = Plan { favoured: vec![7, 50, 51, 52, 99], share: 0.3, ..Plan::default() };
        let mut drawing = Drawing::new(3, 100, 10, &plan);
        let mut times = [0; 100];
        for _ in 0..50 {
            let batch = samples_of(&drawing.draw());
            assert!(batch[..3].iter().all(|sample| plan.favoured.contains(sample)), "{batch:?}");
            batch.into_iter().for_each(|sample| times[sample] += 1);
        }
        // 150 places for five samples, beside the 350 places that all share.
        assert!(plan.favoured.iter().all(|&sample| times[sample] >= 30), "{times:?}");
        assert_eq!(times.iter().sum::<i32>(), 500);
    }

    #[test]
    fn without_a_plan_every_sample_is_drawn_as_before() {
        let mut drawing = Drawing::new(3, 20, 6, &Plan { share: 0.5, ..Plan::default() });
        let mut batches = Batches::new(3, 20, 6);
        for _ in 0..8 {
            assert_eq!(drawing.draw(), batches.draw());
        }
    }
}
