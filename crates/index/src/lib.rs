//! The descriptor index: exact nearest neighbours, class prediction, and the files of both.
//!
//! An index is [stored](store) in `kdtree.npz`; its descriptors are [searched](neighbours) for those of queries; the
//! labels found [vote] for the queries' classes; [retrieval](retrieve) does all of it and writes the
//! [results], of which `pred_gt.npz` has a [reader](classification) too. Computing descriptors is the
//! network's business and judging predictions the evaluation's.

pub mod classification;
mod layout;
pub mod meta;
pub mod neighbours;
pub mod results;
pub mod retrieve;
pub mod store;
pub mod vote;

pub use classification::{Classification, RankedNeighbours};
pub use meta::IndexMeta;
pub use neighbours::{Method, Neighbours, SearchIndex};
pub use retrieve::{Queries, Retrieval, Retriever};
pub use store::DescriptorIndex;
