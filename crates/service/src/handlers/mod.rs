//! What the server answers, by what is asked for.

pub(crate) mod old;
pub(crate) mod pictures;
pub(crate) mod search;
pub(crate) mod state;
