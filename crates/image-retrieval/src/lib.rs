//! Semantic image retrieval for museum collections: find works that are similar in what they mean.
//!
//! A network turns a picture into a *descriptor*, a unit vector. An index gives the works with the nearest descriptors, and
//! their labels predict what is not known of the picture: place, time, material, technique, motif. Training pulls together
//! the descriptors of works that share labels, also where most labels are missing.
//!
//! # In memory
//!
//! A model and an index that were made before are loaded once and answer pictures from anywhere:
//!
//! ```no_run
//! use silknow_image_retrieval::config::{DeviceChoice, Precision};
//! use silknow_image_retrieval::{Filter, Picture, Retriever, Search, Silent};
//!
//! let retriever = Retriever::open("output_files/Default", "output_files/kDTree", DeviceChoice::Auto, Precision::F32)?;
//! let mut search = Search::nearest(6);
//! search.filter = Filter::parse("place=ES|FR, technique=?*")?;
//! let uploaded: Vec<u8> = std::fs::read("silk.jpg")?;
//! for answer in retriever.search(vec![Picture::Encoded(uploaded.into())], &search, &Silent)? {
//!     for hit in answer?.hits {
//!         println!("{:.3} {} {:?}", hit.distance, hit.record.name, hit.record.object.title);
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A model can be trained, an index built and searched without a file:
//!
//! ```
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use silknow_image_retrieval::config::{Architecture, Augmentation, TrainingParameters, Weights};
//! use silknow_image_retrieval::{
//!     Context, IndexMeta, MemoryIndex, Picture, Record, Retriever, RgbImage, Search, Silent, Trainer, VocabularyBuilder,
//! };
//!
//! // Twelve pictures in two colours, which are their labels.
//! let mut classes = VocabularyBuilder::new(["colour"]);
//! let works: Vec<(Picture, Record)> = (0..12u8)
//!     .map(|number| {
//!         let (colour, pixel) = if number % 2 == 0 { ("red", [200, number, 30]) } else { ("blue", [30, number, 200]) };
//!         let mut record = Record::new(format!("{number}.jpg"), 1);
//!         record.labels = classes.labels_of([colour]);
//!         (Picture::Pixels(RgbImage::from_pixel(64, 48, pixel.into()).into()), record)
//!     })
//!     .collect();
//! let vocabulary = classes.into_vocabulary();
//!
//! // Train: the backbone that is built in, and one layer on top.
//! let mut parameters = TrainingParameters::default();
//! parameters.backbone = Architecture::RESNET18;
//! parameters.weights = Weights::Builtin;
//! parameters.input_size = 32;
//! parameters.add_fc = vec![8];
//! parameters.augmentation = Augmentation::none();
//! parameters.how_many_training_steps = 5;
//! parameters.val_percentage = 0;
//! let context = Context::new(&Silent, Path::new("cache"));
//! let trained = Trainer::new(parameters.clone()).train(&vocabulary, works.clone(), &context)?;
//! let model = trained.into_model(&parameters)?;
//!
//! // Index: describe the pictures, and put the descriptors beside the records.
//! let (pictures, records): (Vec<Picture>, Vec<Record>) = works.into_iter().unzip();
//! let described = model.describe_images(pictures.clone(), 8, 2, &Silent)?;
//! let records = records.into_iter().map(Arc::new).collect();
//! let meta = IndexMeta::new(model.fingerprint());
//! let index = MemoryIndex::new(vocabulary, records, described.descriptors, model.dims(), meta)?;
//!
//! // Search: the first picture finds itself first, and its class is predicted.
//! let retriever = Retriever::new(model, index)?;
//! let answer = retriever.search(pictures[..1].to_vec(), &Search::nearest(3), &Silent)?.remove(0)?;
//! assert_eq!(answer.hits[0].record.name, "0.jpg");
//! assert_eq!(answer.predictions[0].class().map(|class| class.text.as_str()), Some("red"));
//! # Ok::<(), silknow_image_retrieval::Error>(())
//! ```
//!
//! # From path to path
//!
//! Six operations take a collection from an export table to answers, each with a struct of parameters that is also a
//! configuration file: [`create_dataset`], [`train_model`], [`build_kdtree`], [`get_knn`], [`evaluate_model`] and
//! [`crossvalidation`]. [`describe`] and [`search`](search()) serve single images, [`doctor`] looks at the machine. What an
//! operation needs beside its parameters is a [`Context`]: who listens to progress and may ask to stop ([`Observer`]), and
//! where pre-trained weights come from.
//!
//! # Of your own
//!
//! - An index in another store: implement [`Index`]; [`check_index`] tests it. `examples/own_index.rs` is one.
//! - A loss: implement [`Objective`](objective::Objective); [`objective::check`] tests it. `examples/own_objective.rs` is one.
//!
//! # Features
//!
//! - `demo` (on unless switched off): a procedural collection of woven silk, and the operation that shows all others on it.
//! - `cuda`, `wgpu`: graphics cards, by Burn. Neither needs a toolkit to build or to run.
//!
//! # How it compares
//!
//! The frozen backbone runs on an engine of its own, which is faster than ONNX Runtime and PyTorch on the processors named in
//! the repository's README; neighbours are exact and found faster than by FAISS's flat index. Beyond vector databases it
//! knows what a museum's labels are: several variables, many of them missing, in training, votes and metrics alike. It
//! does not approximate neighbours, and it trains retrained blocks slower than PyTorch does.

mod brought_weights;
mod build_kdtree;
mod build_map;
mod classifier;
mod compare;
mod context;
mod create_dataset;
mod crossvalidation;
#[cfg(feature = "demo")]
mod demo;
mod describe;
mod describing;
mod descriptor_groups;
mod doctor;
mod evaluate_model;
mod explaining;
mod export_index;
mod export_onnx;
mod get_knn;
mod groups_page;
mod image_list;
mod import_index;
mod import_model;
mod indexing;
mod path_text;
mod retriever;
mod search;
mod stated;
pub mod surroundings;
mod toolbox_files;
mod train_model;
mod trainer;
mod training_session;
mod voting;

pub use build_kdtree::{BuildKDTreeSummary, build_kdtree};
pub use build_map::{BuildMapParameters, BuildMapSummary, build_map};
pub use compare::compare;
pub use context::Context;
pub use create_dataset::{CreateDatasetSummary, Prospects, create_dataset};
pub use crossvalidation::{CrossvalidationSummary, crossvalidation};
#[cfg(feature = "demo")]
pub use demo::{DemoParameters, DemoSummary, demo};
pub use describe::{DescribeParameters, DescribeSummary, DescribingNetwork, describe};
pub use describing::SkippedImage;
pub use descriptor_groups::DescriptorGroups;
pub use doctor::{DoctorReport, Finding, State, doctor};
pub use evaluate_model::evaluate_model;
pub use export_index::{ExportFormat, ExportIndexParameters, ExportIndexSummary, export_index, write_index};
pub use export_onnx::{ExportOnnxParameters, ExportOnnxSummary, export_onnx, write_onnx};
pub use get_knn::{GetKNNSummary, get_knn, get_knn_among};
pub use import_index::{ImportIndexParameters, ImportIndexSummary, import_index, read_index};
pub use import_model::{ImportModelParameters, ImportModelSummary, import_model};
pub use retriever::{Answer, Prediction, Retriever, Votes, predictions};
pub use search::{
    ClassVotes, FoundImage, FoundObject, Label, SearchParameters, SearchResult, SearchSummary, VariableVotes, search,
};
#[cfg(feature = "demo")]
pub use silknow_demo::{DemoCollection, generate as generate_demo_collection};
pub use train_model::{TrainModelSummary, train_model};
pub use trainer::{TrainedModel, Trainer};
pub use voting::vote as vote_of_keys;

pub use silknow_config as config;
pub use silknow_errors::{Error, ErrorKind, Result};
pub use silknow_evaluation::EvaluationSummary;
pub use silknow_evaluation::compare::Comparison;
pub use silknow_fetch::{Client as FetchClient, Policy, Proxies, Reach};
pub use silknow_image::{
    MAX_PIXELS, Pipeline, Pixels, RgbImage, SmallPicture, Source as Picture, decode, decode_bytes, decoder_is_running,
    limit_decoding_memory,
};
pub use silknow_index::conformance::check as check_index;
pub use silknow_index::{
    Ballot, ClassShare, Classification, Filter, Hit, Hits, Index, IndexMeta, Matcher, MemoryIndex, Queried, Search,
    Vote, Weights, check_model, find, object_of, store::FILE_NAME as INDEX_FILE, vote,
};
pub use silknow_map::{FILE_NAME as MAP_FILE, Map};
pub use silknow_network::weights::Hub;
pub use silknow_network::{
    Described, Facts, Model, Outputs, Placement, StoredModel, architectures, expected_values, is_backbone, take,
};
pub use silknow_progress::{Observer, Progress, Recorder, Silent, StopAfter};
pub use silknow_records::{
    LabelMatrix, Labels, MISSING, Object, Record, Variable, Vocabulary, VocabularyBuilder, is_missing, is_web_address,
};
pub use silknow_training::objective;
pub use silknow_training::{StepMetrics, ValidationMetrics};
