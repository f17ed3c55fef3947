//! Semantic image retrieval for museum collections: the operations as functions.
//!
//! Six operations take a collection from an export table to answers: [`create_dataset`], [`train_model`],
//! [`build_kdtree`], [`get_knn`], [`evaluate_model`] and [`crossvalidation`]; [`describe`] and [`search`] serve
//! single images, [`doctor`] looks at the machine, [`demo`] does all of it on pictures that it makes itself.
//! This crate owns the order of their steps; each step lives in the crate that knows it. What an operation needs
//! beside its parameters is a [`Context`].
//!
//! ```
//! use silknow_image_retrieval::{Context, DescribeParameters, DescribingNetwork, Silent, describe};
//! use silknow_image_retrieval::config::{Architecture, BackboneParameters, DeviceChoice, Precision, Weights};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! # image::RgbImage::from_fn(90, 60, |x, y| image::Rgb([x as u8, y as u8, 99])).save(folder.join("silk.png"))?;
//! // The descriptor of every image in a folder, with the backbone that is built in.
//! let parameters = DescribeParameters {
//!     images: vec![folder.to_path_buf()],
//!     out: folder.join("descriptors.npy"),
//!     network: DescribingNetwork::Backbone(BackboneParameters {
//!         backbone: Architecture::ResNet18,
//!         weights: Weights::Builtin,
//!         ..BackboneParameters::default()
//!     }),
//!     batch_size: 8,
//!     device: DeviceChoice::Cpu,
//!     precision: Precision::F32,
//! };
//! let summary = describe(&parameters, &Context::new(&Silent, folder))?;
//! assert_eq!((summary.images, summary.dimensions), (1, 512));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build_kdtree;
mod context;
mod create_dataset;
mod crossvalidation;
#[cfg(feature = "demo")]
mod demo;
mod describe;
mod describing;
mod doctor;
mod evaluate_model;
mod get_knn;
mod image_list;
mod indexing;
mod retriever;
mod search;
mod stated;
pub mod surroundings;
mod train_model;
mod training_session;

pub use build_kdtree::{BuildKDTreeSummary, build_kdtree};
pub use context::Context;
pub use create_dataset::{CreateDatasetSummary, create_dataset};
pub use crossvalidation::{CrossvalidationSummary, crossvalidation};
#[cfg(feature = "demo")]
pub use demo::{DemoParameters, DemoSummary, demo};
pub use describe::{DescribeParameters, DescribeSummary, DescribingNetwork, describe};
pub use describing::SkippedImage;
pub use doctor::{DoctorReport, Finding, State, doctor};
pub use evaluate_model::evaluate_model;
pub use get_knn::{GetKNNSummary, get_knn};
pub use retriever::{Answer, Prediction, Retriever, Votes};
pub use search::{FoundImage, FoundObject, Label, SearchParameters, SearchResult, SearchSummary, search};
#[cfg(feature = "demo")]
pub use silknow_demo::{DemoCollection, generate as generate_demo_collection};
pub use train_model::{TrainModelSummary, train_model};

pub use silknow_config as config;
pub use silknow_errors::{Error, ErrorKind, Result};
pub use silknow_evaluation::EvaluationSummary;
pub use silknow_fetch::{Policy, Proxies};
pub use silknow_image::{RgbImage, Source as Picture, decode_bytes, decoder_is_running, limit_decoding_memory};
pub use silknow_index::conformance::check as check_index;
pub use silknow_index::{
    Classification, Filter, Hit, Hits, Index, IndexMeta, Matcher, MemoryIndex, Queried, Search, find, vote,
};
pub use silknow_network::weights::Hub;
pub use silknow_network::{Described, Model};
pub use silknow_progress::{Observer, Progress, Recorder, Silent, StopAfter};
pub use silknow_records::{LabelMatrix, Labels, MISSING, Object, Record, Variable, Vocabulary, VocabularyBuilder};

// What the Python package needs beside the above.
pub use silknow_network::StoredModel;
pub use silknow_records::is_missing;
