//! The memory that all decoders of the process share.
//!
//! What a picture takes while it is decoded is known from its header. It is taken from one budget before the decoder
//! begins and given back when the picture is decoded, so that many threads and large pictures do not add up to more
//! memory than there is.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What all decoders together may take unless [`limit_decoding_memory`] says something else: 2.5 GB, which is enough
/// for a scan of 200 megapixels with 16 bits a channel.
pub const DEFAULT_DECODING_BYTES: u64 = 2_500_000_000;

static DECODERS: Budget = Budget::new(DEFAULT_DECODING_BYTES);

/// Sets how many bytes all decoders of this process may take together, from now on.
///
/// A picture that needs more than that alone is refused; others wait until those before them are decoded.
pub fn limit_decoding_memory(bytes: u64) {
    DECODERS.lock().limit = bytes;
    DECODERS.changed.notify_all();
}

/// Takes memory for one picture, after waiting until there is enough; `Err` with the limit when there will never be.
///
/// A thread that holds a ticket must not ask for another: the second would wait for the first.
pub(crate) fn take(bytes: u64) -> Result<Ticket<'static>, u64> {
    DECODERS.take(bytes)
}

/// Bytes that are handed out and given back.
struct Budget {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    limit: u64,
    taken: u64,
    /// The number of the next thread that comes, and of the one whose turn it is. Serving in order keeps a large
    /// picture from waiting for as long as small ones come.
    coming: u64,
    serving: u64,
}

impl Budget {
    const fn new(limit: u64) -> Self {
        let state = State { limit, taken: 0, coming: 0, serving: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, bytes: u64) -> Result<Ticket<'_>, u64> {
        let mut state = self.lock();
        let number = state.coming;
        state.coming += 1;
        let must_wait = |state: &mut State| {
            // What exceeds the limit alone is refused when its turn comes; waiting would not help it.
            let fits = bytes > state.limit || state.taken.saturating_add(bytes) <= state.limit;
            state.serving != number || !fits
        };
        state = self.changed.wait_while(state, must_wait).unwrap_or_else(PoisonError::into_inner);
        state.serving += 1;
        let outcome = if bytes > state.limit {
            Err(state.limit)
        } else {
            state.taken += bytes;
            Ok(Ticket { budget: self, bytes })
        };
        drop(state);
        self.changed.notify_all();
        outcome
    }
}

/// Memory taken from a budget; given back when it is dropped.
pub(crate) struct Ticket<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.budget.lock().taken -= self.bytes;
        self.budget.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn tickets_never_add_up_to_more_than_the_limit() {
        let budget = Budget::new(100);
        let (taken, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (budget, taken, most) = (&budget, &taken, &most);
                scope.spawn(move || {
                    for round in 0..200 {
                        let bytes = 1 + (thread * 37 + round * 13) % 100;
                        let ticket = budget.take(bytes).ok().unwrap();
                        most.fetch_max(taken.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
                        std::thread::yield_now();
                        taken.fetch_sub(bytes, Ordering::SeqCst);
                        drop(ticket);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 100);
        assert_eq!(budget.lock().taken, 0);
    }

    #[test]
    fn what_exceeds_the_whole_budget_is_refused_and_holds_nobody_up() {
        let budget = Budget::new(100);
        let held = budget.take(100).ok().unwrap();
        assert_eq!(budget.take(101).err(), Some(100));
        drop(held);
        assert!(budget.take(100).is_ok());
    }

    #[test]
    fn a_large_picture_is_served_before_small_ones_that_come_after_it() {
        let budget = Budget::new(100);
        let held = budget.take(60).ok().unwrap();
        let served = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for (number, bytes) in [(1, 95), (2, 10), (3, 10)] {
                let (budget, served) = (&budget, &served);
                scope.spawn(move || {
                    let ticket = budget.take(bytes).ok().unwrap();
                    served.lock().unwrap().push(bytes);
                    drop(ticket);
                });
                // The next thread comes when this one stands in the line.
                while budget.lock().coming <= number {
                    std::thread::yield_now();
                }
            }
            assert!(served.lock().unwrap().is_empty());
            drop(held);
        });
        assert_eq!(served.into_inner().unwrap()[0], 95);
    }
}
