//! The verbs, one file each. A verb says what its command line looks like and hands over to the library.

mod build_kdtree;
mod build_map;
mod compare;
mod completions;
mod create_dataset;
mod crossvalidation;
mod demo;
mod describe;
mod doctor;
mod evaluate_model;
mod export_index;
mod export_onnx;
mod get_knn;
mod import_index;
mod import_model;
mod search;
mod serve;
mod train_model;

use crate::verb::Verb;

/// All verbs, in the order in which the help lists them.
pub(crate) const ALL: &[Verb] = &[
    create_dataset::VERB,
    train_model::VERB,
    build_kdtree::VERB,
    get_knn::VERB,
    evaluate_model::VERB,
    crossvalidation::VERB,
    compare::VERB,
    describe::VERB,
    search::VERB,
    import_model::VERB,
    serve::VERB,
    build_map::VERB,
    import_index::VERB,
    export_index::VERB,
    export_onnx::VERB,
    demo::VERB,
    doctor::VERB,
    completions::VERB,
];
