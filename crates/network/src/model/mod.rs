//! A whole model: the network from pixels to descriptors, with everything that retrieval must know about it.
//!
//! `stored` is the model at rest, `folder` its files with `description` for `model.json` and `heads` for what stands beside the head, `ready` the model that computes,
//! `describe` the way from images to descriptors, `explain` where in two pictures their similarity comes from, `graph` the
//! model as a list of operations.

mod checks;
mod describe;
mod description;
mod explain;
mod facts;
mod fingerprint;
mod folder;
mod graph;
mod heads;
mod ready;
mod stored;

pub use describe::Described;
pub use description::DESCRIPTION_FILE;
pub use explain::{Contributions, Explanation, Places};
pub use facts::{ChosenVote, Facts, Provenance};
pub use graph::ModelGraph;
pub use ready::Model;
pub use stored::StoredModel;
