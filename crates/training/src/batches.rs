//! Which samples make up which batch: they are drawn without replacement.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

/// One sample in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The sample's position, below the number of samples.
    pub sample: usize,
    /// How often it had been drawn before; the same for all samples of an epoch.
    pub epoch: u64,
}

/// An endless sequence of batches: every epoch draws every sample once, in an order of its own.
///
/// Every batch is full. One that begins at the end of an epoch takes the rest from the next, and the next
/// epoch's order is then changed so that no sample is twice in that batch. The sequence is a pure function of
/// seed, number of samples and batch size, so its state is the number of batches drawn: [`skip`](Self::skip)
/// continues where another run stopped.
#[derive(Clone, Debug)]
pub struct Batches {
    seed: u64,
    batch_size: usize,
    epoch: u64,
    order: Vec<usize>,
    position: usize,
}

impl Batches {
    /// Batches of `batch_size` of `samples` samples, clipped to their number.
    ///
    /// # Panics
    /// Without samples, and for a batch size of 0.
    pub fn new(seed: u64, samples: usize, batch_size: usize) -> Self {
        assert!(samples > 0 && batch_size > 0, "a batch has at least one sample");
        Self { seed, batch_size: batch_size.min(samples), epoch: 0, order: shuffled(seed, 0, samples), position: 0 }
    }

    /// Samples per batch, after clipping.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// The next batch.
    pub fn draw(&mut self) -> Vec<Draw> {
        let mut batch = Vec::with_capacity(self.batch_size);
        self.take_into(&mut batch);
        if batch.len() < self.batch_size {
            self.begin_next_epoch(self.batch_size - batch.len());
            self.take_into(&mut batch);
        }
        batch
    }

    /// Passes over `batches` batches.
    pub fn skip(&mut self, batches: usize) {
        for _ in 0..batches {
            self.draw();
        }
    }

    fn take_into(&mut self, batch: &mut Vec<Draw>) {
        let count = (self.batch_size - batch.len()).min(self.order.len() - self.position);
        let taken = &self.order[self.position..][..count];
        batch.extend(taken.iter().map(|&sample| Draw { sample, epoch: self.epoch }));
        self.position += count;
    }

    /// Shuffles anew, then moves samples of the running batch (the end of the old order) out of the first
    /// `wanted` places, keeping the order otherwise.
    fn begin_next_epoch(&mut self, wanted: usize) {
        let samples = self.order.len();
        let mut in_batch = vec![false; samples];
        for &sample in &self.order[samples - (self.batch_size - wanted)..] {
            in_batch[sample] = true;
        }
        self.epoch += 1;
        let fresh = shuffled(self.seed, self.epoch, samples);
        let first: Vec<usize> = fresh.iter().copied().filter(|&sample| !in_batch[sample]).take(wanted).collect();
        let mut is_first = vec![false; samples];
        for &sample in &first {
            is_first[sample] = true;
        }
        let rest = fresh.into_iter().filter(|&sample| !is_first[sample]);
        self.order = first.iter().copied().chain(rest).collect();
        self.position = 0;
    }
}

/// The numbers below `samples` in an order drawn for this epoch.
fn shuffled(seed: u64, epoch: u64, samples: usize) -> Vec<usize> {
    // A stream per epoch: an epoch's order does not depend on how much the ones before it consumed.
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(epoch);
    let mut order: Vec<usize> = (0..samples).collect();
    order.shuffle(&mut rng);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_batch_is_full_and_distinct_and_every_epoch_complete(
            seed in any::<u64>(), samples in 1usize..40, batch_size in 1usize..50,
        ) {
            let mut batches = Batches::new(seed, samples, batch_size);
            let mut times_drawn = vec![0u64; samples];
            for _ in 0..30 {
                let batch = batches.draw();
                prop_assert_eq!(batch.len(), batch_size.min(samples));
                let mut distinct: Vec<usize> = batch.iter().map(|draw| draw.sample).collect();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), batch.len());
                for draw in batch {
                    prop_assert_eq!(draw.epoch, times_drawn[draw.sample]);
                    times_drawn[draw.sample] += 1;
                }
                let fewest = times_drawn.iter().min().unwrap();
                prop_assert!(times_drawn.iter().all(|times| times - fewest <= 1));
            }
        }

        #[test]
        fn batches_after_a_skip_are_those_of_an_unbroken_sequence(
            seed in any::<u64>(), samples in 1usize..30, batch_size in 1usize..30, skipped in 0usize..20,
        ) {
            let mut unbroken = Batches::new(seed, samples, batch_size);
            let mut resumed = unbroken.clone();
            for _ in 0..skipped {
                unbroken.draw();
            }
            resumed.skip(skipped);
            prop_assert_eq!(unbroken.draw(), resumed.draw());
        }
    }

    #[test]
    fn epochs_and_seeds_have_orders_of_their_own() {
        let order = |seed, skipped| {
            let mut batches = Batches::new(seed, 20, 20);
            batches.skip(skipped);
            batches.draw().iter().map(|draw| draw.sample).collect::<Vec<_>>()
        };
        assert_ne!(order(1, 0), order(1, 1));
        assert_ne!(order(1, 0), order(2, 0));
    }
}
