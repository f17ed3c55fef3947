//! How one layer's work is shared among threads.
//!
//! One image runs through a few hundred small steps, each shared by all threads. Waking a thread takes longer than such a
//! step, so the threads of a team stay awake between steps and look for their next share.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Shares for each thread: more than one, so that a thread that was held up leaves the rest of its work to others.
const SHARES_PER_THREAD: usize = 4;

/// Times that a thread looks for work before it lets another program's thread have its core for a while.
const LOOKS_BEFORE_YIELD: usize = 1000;

/// Runs `work` while `threads` threads of this pool, this one among them, stay awake for what it shares with
/// [`in_shares`].
pub(crate) fn as_team<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    if threads == 1 {
        return work();
    }
    let finished = AtomicBool::new(false);
    rayon::in_place_scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|_| look_for_work_until(|| finished.load(Ordering::Acquire)));
        }
        let _finish = AtEnd(|| finished.store(true, Ordering::Release));
        work()
    })
}

/// Divides `total` things among threads and runs `work` on every share; all at once on this thread when there is one.
pub(crate) fn in_shares(threads: usize, total: usize, work: impl Fn(Range<usize>) + Sync + Send) {
    if threads == 1 {
        return work(0..total);
    }
    let shares = total.min(threads * SHARES_PER_THREAD);
    let (next, working) = (AtomicUsize::new(0), AtomicUsize::new(threads.min(shares) - 1));
    let take_shares = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= shares {
                return;
            }
            work(total * number / shares..total * (number + 1) / shares);
        }
    };
    rayon::in_place_scope(|scope| {
        for _ in 1..threads.min(shares) {
            scope.spawn(|_| {
                let _leave = AtEnd(|| working.fetch_sub(1, Ordering::Release));
                take_shares();
            });
        }
        take_shares();
        // The end of the scope waits too, but puts the thread to sleep, and waking it takes longer than the next step.
        look_for_work_until(|| working.load(Ordering::Acquire) == 0);
    });
}

/// Does something when it goes out of scope, after a panic too, so that nobody waits forever.
struct AtEnd<R, F: Fn() -> R>(F);

impl<R, F: Fn() -> R> Drop for AtEnd<R, F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Runs what others of this pool have shared, until there is no more need.
fn look_for_work_until(finished: impl Fn() -> bool) {
    let mut looks = 0;
    while !finished() {
        match rayon::yield_now() {
            Some(rayon::Yield::Executed) => looks = 0,
            _ => looks += 1,
        }
        if looks % LOOKS_BEFORE_YIELD == LOOKS_BEFORE_YIELD - 1 {
            std::thread::yield_now();
        }
        std::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thing_is_worked_on_once() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads start");
        for total in [1, 2, 5, 100] {
            let counts: Vec<AtomicUsize> = (0..total).map(|_| AtomicUsize::new(0)).collect();
            pool.install(|| {
                as_team(3, || {
                    in_shares(3, total, |range| {
                        for count in &counts[range] {
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                });
            });
            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1), "{total}: {counts:?}");
        }
    }

    #[test]
    #[should_panic(expected = "a share that fails")]
    fn a_panic_in_a_share_ends_the_team_and_reaches_the_caller() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads start");
        pool.install(|| as_team(2, || in_shares(2, 8, |range| assert!(!range.contains(&7), "a share that fails"))));
    }
}
