//! Short digests, which stand for values where very many are told apart.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A number that is equal for equal values. It is for use within one run: files hold none of them.
pub(crate) fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
