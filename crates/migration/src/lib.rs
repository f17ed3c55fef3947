//! What users of the Python toolbox bring, and what they take elsewhere.
//!
//! - [`TensorFile`] reads named tensors: TensorFlow checkpoints of version 1 and 2, alone or in the folders of models and
//!   modules, and Keras files. The kind is found by content.
//! - [`ToolboxIndex`] and [`read_results`] read the old `kdtree.npz` and `pred_gt.npz`, which are Python pickles, by a machine
//!   that never executes anything; [`write_toolbox_index`] and [`write_toolbox_results`] write them.
//! - [`read_descriptors`] and [`import_descriptors`] make an index of a flat index of FAISS or a NumPy array, and a table.
//! - [`write_faiss`], [`write_parquet`] and [`write_projector`] write an index for other tools, [`write_onnx`] a network.
//!
//! Every number in a file is compared with the bytes that are there before anything is allocated for it.

mod bytes;
mod checkpoint;
mod faiss;
#[cfg(test)]
mod hostile;
mod keras;
mod onnx;
mod parquet;
mod pickle;
mod projector;
mod storage;
mod tabled;
mod tensor;
mod tensor_file;
mod toolbox;

pub use faiss::{Descriptors, read_faiss, write_faiss};
pub use onnx::{OnnxAttribute, OnnxLength, OnnxModel, OnnxNode, OnnxTensor, OnnxValue, write_onnx};
pub use parquet::write_parquet;
pub use projector::write_projector;
pub use tabled::{import_descriptors, read_descriptors};
pub use tensor::{ElementType, Tensor, TensorInfo, Values};
pub use tensor_file::{TensorFile, TensorFormat};
pub use toolbox::{
    ImportedIndex, ToolboxIndex, is_of_toolbox, read_results, write_toolbox_index, write_toolbox_results,
};
