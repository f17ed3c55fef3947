//! How one layer's work is shared among threads.

use std::ops::Range;

use rayon::prelude::*;

/// Runs `work` for every part: on this thread when there is one, else on as many threads as there are parts.
pub(crate) fn each_part(parts: usize, work: impl Fn(usize) + Sync + Send) {
    if parts == 1 {
        work(0);
    } else {
        (0..parts).into_par_iter().with_max_len(1).for_each(work);
    }
}

/// The share of a part, when `total` things are shared evenly.
pub(crate) fn share(total: usize, parts: usize, part: usize) -> Range<usize> {
    total * part / parts..total * (part + 1) / parts
}
