//! One typed struct of parameters per operation. The declaration of a field is the only place where its key stands.

mod create_dataset;
mod describing;
mod evaluate_model;
mod retrieval;
mod training;

pub use create_dataset::CreateDatasetParameters;
pub use describing::{BackboneParameters, DescribingParameters};
pub use evaluate_model::EvaluateModelParameters;
pub use retrieval::{BuildKDTreeParameters, GetKNNParameters};
pub use training::{CrossvalidationParameters, TrainModelParameters, TrainingParameters};

/// The folder that documented paths name where a user has no wish.
const DEFAULT_FOLDER: &str = "./output_files/Default/";

/// The texts of a list.
fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}
