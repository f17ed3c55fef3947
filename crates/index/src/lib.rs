//! The descriptor index: nearest neighbours, class prediction, and the files of both.
//!
//! An [`Index`] gives the nearest records of descriptors, among those that pass a [`Filter`]. [`MemoryIndex`] is the exact
//! one in memory, which is [stored](store) in `kdtree.npz`. A [`Search`] says which neighbours are an answer; they
//! [vote] for the classes of the query; [`retrieve()`] does all of it and writes the result files, of which `pred_gt.npz`
//! has a [reader](classification) too.

pub mod classification;
pub mod conformance;
mod filter;
mod index;
mod layout;
mod memory;
pub mod meta;
pub mod neighbours;
mod opinions;
mod results;
mod retrieve;
mod root;
mod search;
mod stated_shares;
pub mod store;
pub mod vote;

pub use classification::{Classification, FILE_NAME as CLASSIFICATION_FILE, RankedNeighbours};
pub use filter::{Filter, Matcher};
pub use index::{Hit, Hits, Index, check_model};
pub use memory::MemoryIndex;
pub use meta::IndexMeta;
pub use neighbours::{Method, Neighbours, SearchIndex};
pub use opinions::{AlignedOpinions, Opinions};
pub use results::Written;
pub use results::knn_list::FILE_NAME as NEIGHBOURS_FILE;
pub use results::votes_table::FILE_NAME as VOTES_FILE;
pub use retrieve::{Queries, Retrieval, Truth, retrieve};
pub use search::{Queried, Search, find, object_of};
pub use stated_shares::StatedShares;
pub use vote::{Ballot, ClassShare, Vote, Voters, Weights};
