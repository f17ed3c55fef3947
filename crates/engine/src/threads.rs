//! How one layer's work is shared among threads.

use std::ops::Range;

use rayon::prelude::*;

/// Shares for each thread: more than one, so that a thread that was held up leaves the rest of its work to others.
const SHARES_PER_THREAD: usize = 2;

/// Divides `total` things among threads and runs `work` on every share; all at once on this thread when there is one.
pub(crate) fn in_shares(threads: usize, total: usize, work: impl Fn(Range<usize>) + Sync + Send) {
    if threads == 1 {
        work(0..total);
    } else {
        let shares = total.min(threads * SHARES_PER_THREAD);
        let share = |number| total * number / shares..total * (number + 1) / shares;
        (0..shares).into_par_iter().with_max_len(1).for_each(|number| work(share(number)));
    }
}
