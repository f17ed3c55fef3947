//! `export-onnx`: a model for other programs.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;
use silknow_errors::{Error, Result};
use silknow_files::{Batch, FolderLock};
use silknow_image::Pixels;
use silknow_migration::{OnnxAttribute, OnnxLength, OnnxModel, OnnxNode, OnnxTensor, OnnxValue};
use silknow_network::model::ModelGraph;
use silknow_network::{Facts, Operation, Step, StoredModel};

use crate::context::Context;
use crate::path_text;
use crate::toolbox_files;

/// The file that tells programs how pictures become the network's input, by the name that they look for.
const PREPROCESSOR_FILE: &str = "preprocessor_config.json";

/// What `export-onnx` needs to know.
#[derive(Clone, Debug)]
pub struct ExportOnnxParameters {
    /// The folder of the model.
    pub model_path: PathBuf,
    /// The file to write.
    pub out: PathBuf,
    /// Whether what the backbone delivers comes out too.
    pub features: bool,
}

/// What `export-onnx` did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ExportOnnxSummary {
    /// The network.
    #[serde(serialize_with = "path_text::serialize")]
    pub network: PathBuf,
    /// What it says of its input.
    #[serde(serialize_with = "path_text::serialize")]
    pub preprocessor: PathBuf,
    /// Side of the square that goes in, in pixels.
    pub input_size: usize,
    /// Numbers of a descriptor.
    pub dimensions: usize,
    /// What tells the model from any other that describes differently.
    pub fingerprint: String,
}

impl fmt::Display for ExportOnnxSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, preprocessor, input_size, dimensions, .. } = self;
        write!(
            f,
            "squares of {input_size} pixels become {dimensions} values in {}; how pictures become such squares says {}",
            network.display(),
            preprocessor.display()
        )
    }
}

/// Writes a model as an ONNX file, and beside it `preprocessor_config.json`, which says how pictures become its input.
///
/// The input `image` is `[N, 3, S, S]`, red, green and blue in [0, 1]; what the backbone was trained to see is computed inside.
/// The output `descriptor` is `[N, D]`, and where it is asked for there is a second one, `features`, `[N, F]`.
///
/// # Errors
/// A model that cannot be read or is too large for such a file, a folder that is not writable.
pub fn export_onnx(parameters: &ExportOnnxParameters, context: &Context<'_>) -> Result<ExportOnnxSummary> {
    let ExportOnnxParameters { model_path, out, features } = parameters;
    let stored = toolbox_files::model_in(model_path, context)?;
    context.observer.check()?;
    write_onnx(stored, out, *features, context)
}

/// Does what [`export_onnx`] does with a model that was read before.
///
/// # Errors
/// Those of [`export_onnx`].
pub fn write_onnx(stored: StoredModel, out: &Path, features: bool, context: &Context<'_>) -> Result<ExportOnnxSummary> {
    let preprocessor = out.with_file_name(PREPROCESSOR_FILE);
    let model = stored.into_graph()?;
    let about = text(&preprocessing(&model.facts))?;
    if !model.facts.pipeline.pixels.are_ours() {
        context.observer.warning(&format!(
            "the model sees pictures as the Python toolbox made them, which {PREPROCESSOR_FILE} cannot say: what it says comes near"
        ));
    }
    let _lock = FolderLock::take_folder_of(out)?;
    let files = Batch::new();
    silknow_migration::write_onnx(&files, out, &onnx(&model, features)?)?;
    files.write(&preprocessor, about)?;
    files.commit()?;
    Ok(ExportOnnxSummary {
        network: out.to_path_buf(),
        preprocessor,
        input_size: model.facts.pipeline.input_size,
        dimensions: model.dims,
        fingerprint: model.fingerprint,
    })
}

/// The model in ONNX's terms.
fn onnx(model: &ModelGraph, features: bool) -> Result<OnnxModel<'_>> {
    let side = OnnxLength::Fixed(model.facts.pipeline.input_size);
    let images = OnnxLength::Any("N");
    let row = |name, length| OnnxValue { name, shape: vec![images, OnnxLength::Fixed(length)] };
    let mut outputs = vec![row(ModelGraph::DESCRIPTOR, model.dims)];
    if features {
        outputs.push(row(ModelGraph::FEATURES, model.features));
    }
    let constants = model.graph.constants.iter();
    Ok(OnnxModel {
        name: model.facts.architecture.to_string(),
        version: env!("CARGO_PKG_VERSION"),
        inputs: vec![OnnxValue { name: ModelGraph::IMAGE, shape: vec![images, OnnxLength::Fixed(3), side, side] }],
        outputs,
        nodes: model.graph.steps.iter().flat_map(nodes).collect(),
        tensors: constants
            .map(|(name, tensor)| OnnxTensor { name, shape: &tensor.shape, values: &tensor.data })
            .collect(),
        metadata: metadata(model)?,
    })
}

/// A step by the names of ONNX's operators.
fn nodes(step: &Step) -> Vec<OnnxNode> {
    let ints = |values: &[usize]| OnnxAttribute::Ints(values.iter().map(|&value| value as i64).collect());
    let border = |[before, after]: [usize; 2]| ("pads", ints(&[before, before, after, after]));
    let mut inputs = step.operands.clone();
    let mut nodes = Vec::new();
    let (operator, attributes) = match step.operation {
        Operation::Convolution { stride_px, border_px } => {
            ("Conv", vec![("strides", ints(&[stride_px; 2])), border(border_px)])
        }
        Operation::BatchNormalisation { epsilon } => {
            ("BatchNormalization", vec![("epsilon", OnnxAttribute::Float(epsilon))])
        }
        Operation::MaximumPool { window_px, stride_px, border_px } => (
            "MaxPool",
            vec![("kernel_shape", ints(&[window_px; 2])), ("strides", ints(&[stride_px; 2])), border(border_px)],
        ),
        Operation::ZeroBorder { border_px: [before, after] } => {
            // The operator takes the border as an array, of which images and channels have none.
            let pads = ints(&[0, 0, before, before, 0, 0, after, after]);
            let output = format!("{}.border", step.result);
            inputs.push(output.clone());
            nodes.push(OnnxNode {
                operator: "Constant",
                inputs: Vec::new(),
                output,
                attributes: vec![("value_ints", pads)],
            });
            ("Pad", Vec::new())
        }
        Operation::GlobalAverage => ("ReduceMean", vec![("axes", ints(&[2, 3])), ("keepdims", OnnxAttribute::Int(0))]),
        Operation::FullyConnected => ("Gemm", vec![("transB", OnnxAttribute::Int(1))]),
        Operation::SumOfSquares => ("ReduceSumSquare", vec![("axes", ints(&[1])), ("keepdims", OnnxAttribute::Int(1))]),
        Operation::Join => ("Concat", vec![("axis", OnnxAttribute::Int(1))]),
        Operation::Rectify => ("Relu", Vec::new()),
        Operation::Add => ("Add", Vec::new()),
        Operation::Subtract => ("Sub", Vec::new()),
        Operation::Multiply => ("Mul", Vec::new()),
        Operation::Divide => ("Div", Vec::new()),
        Operation::AtLeast => ("Max", Vec::new()),
        Operation::Root => ("Sqrt", Vec::new()),
    };
    nodes.push(OnnxNode { operator, inputs, output: step.result.clone(), attributes });
    nodes
}

/// What the model knows about itself, beside its numbers. What is no plain text is JSON.
fn metadata(model: &ModelGraph) -> Result<Vec<(&'static str, String)>> {
    let Facts { architecture, pipeline, vocabulary, .. } = &model.facts;
    let resize = match pipeline.pixels {
        Pixels::Ours => "bilinear, antialiased",
        Pixels::Toolbox => "a Gaussian blur, then bilinear without half-pixel centres",
    };
    let pixels = json!({
        "kind": pipeline.pixels,
        "input_size": pipeline.input_size,
        "crop": "the central square",
        "resize": resize,
        "colours": "RGB",
        "range": [0, 1],
    });
    let variable = |variable: &silknow_records::Variable| {
        let texts: Vec<_> = (0..).zip(&variable.classes).map(|(class, _)| variable.class_text(class)).collect();
        json!({ "name": variable.name, "classes": variable.classes, "texts": texts })
    };
    let variables: Vec<_> = vocabulary.variables.iter().map(variable).collect();
    Ok(vec![
        ("fingerprint", model.fingerprint.clone()),
        ("architecture", architecture.to_string()),
        ("pixels", text(&pixels)?),
        ("variables", text(&json!(variables))?),
    ])
}

/// How pictures become the input, in the words of Hugging Face's image processors. Colours are normalised in the network.
fn preprocessing(facts: &Facts) -> serde_json::Value {
    /// Pillow's number for bilinear interpolation.
    const BILINEAR: u8 = 2;
    let side = facts.pipeline.input_size;
    json!({
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": true,
        "do_resize": true,
        "size": { "shortest_edge": side },
        "resample": BILINEAR,
        "do_center_crop": true,
        "crop_size": { "height": side, "width": side },
        "do_rescale": true,
        "rescale_factor": 1.0 / 255.0,
        "do_normalize": false,
    })
}

fn text(value: &serde_json::Value) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map_err(|cause| Error::internal("the description cannot be written as JSON").caused_by(cause))
}
