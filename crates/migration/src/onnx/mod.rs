//! Networks as ONNX files: what ONNX Runtime and most other programs for networks read.
//!
//! The file is one message of Protocol Buffers. Numbers of tensors are written from where they are, without a copy.

mod message;

use std::path::Path;

use silknow_errors::{Error, Result};
use silknow_files as files;

use message::Message;

/// Version of the format itself.
const IR_VERSION: u64 = 8;

/// Version of the set of operators.
const OPERATORS_VERSION: u64 = 17;

/// Messages of Protocol Buffers are shorter.
const LIMIT_BYTES: u64 = i32::MAX as u64;

// Numbers of the format, by the names that it gives them.
const FLOAT: u64 = 1;
const ATTRIBUTE_FLOAT: u64 = 1;
const ATTRIBUTE_INT: u64 = 2;
const ATTRIBUTE_INTS: u64 = 7;

/// A network.
#[derive(Clone, Debug, Default)]
pub struct OnnxModel<'a> {
    /// Its name.
    pub name: String,
    /// The version of the program that writes it.
    pub version: &'a str,
    /// What it is given.
    pub inputs: Vec<OnnxValue<'a>>,
    /// What it delivers. Many programs look at the first alone.
    pub outputs: Vec<OnnxValue<'a>>,
    /// Its operations, each after those that it needs.
    pub nodes: Vec<OnnxNode>,
    /// Arrays that never change.
    pub tensors: Vec<OnnxTensor<'a>>,
    /// Texts for people and programs, by their names.
    pub metadata: Vec<(&'a str, String)>,
}

/// An array of 32-bit floating-point numbers that goes in or comes out.
#[derive(Clone, Debug)]
pub struct OnnxValue<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its shape.
    pub shape: Vec<OnnxLength>,
}

/// The length of an array in one direction.
#[derive(Clone, Copy, Debug)]
pub enum OnnxLength {
    /// Always this one.
    Fixed(usize),
    /// Any; a name for people.
    Any(&'static str),
}

/// An operation.
#[derive(Clone, Debug)]
pub struct OnnxNode {
    /// Its name among ONNX's operators.
    pub operator: &'static str,
    /// The names of what it works on.
    pub inputs: Vec<String>,
    /// The name of what it delivers.
    pub output: String,
    /// Its settings by their names.
    pub attributes: Vec<(&'static str, OnnxAttribute)>,
}

/// A setting of an operation.
#[derive(Clone, Debug)]
pub enum OnnxAttribute {
    /// A number with a point.
    Float(f32),
    /// A whole number.
    Int(i64),
    /// Whole numbers.
    Ints(Vec<i64>),
}

/// An array that never changes.
#[derive(Clone, Copy, Debug)]
pub struct OnnxTensor<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its shape.
    pub shape: &'a [usize],
    /// Its numbers, row by row.
    pub values: &'a [f32],
}

/// Writes a network into a file of the batch, or says why not.
///
/// # Errors
/// A network of 2 GiB or more, which no ONNX file holds; what the file system refuses.
pub fn write_onnx(batch: &files::Batch, path: impl AsRef<Path>, model: &OnnxModel<'_>) -> Result<()> {
    let path = path.as_ref();
    let message = model_message(model);
    if message.length() > LIMIT_BYTES {
        return Err(Error::data(format!(
            "the model takes {} bytes, and an ONNX file holds {LIMIT_BYTES} at most",
            message.length()
        ))
        .in_file(path)
        .hint("train a model with narrower layers"));
    }
    batch.write_with(path, |file| message.write_to(file).map_err(|cause| files::refused("cannot write", path, cause)))
}

fn model_message<'a>(model: &OnnxModel<'a>) -> Message<'a> {
    let mut graph = Message::default();
    for node in &model.nodes {
        graph.nested(1, node_message(node));
    }
    graph.text(2, &model.name);
    for tensor in &model.tensors {
        graph.nested(5, tensor_message(tensor));
    }
    for (field, values) in [(11, &model.inputs), (12, &model.outputs)] {
        values.iter().for_each(|value| graph.nested(field, value_message(value)));
    }
    let mut operators = Message::default();
    operators.text(1, "");
    operators.number(2, OPERATORS_VERSION);
    let mut message = Message::default();
    message.number(1, IR_VERSION);
    message.text(2, "silknow");
    message.text(3, model.version);
    message.nested(7, graph);
    message.nested(8, operators);
    for (key, value) in &model.metadata {
        let mut entry = Message::default();
        entry.text(1, key);
        entry.text(2, value);
        message.nested(14, entry);
    }
    message
}

fn node_message<'a>(node: &OnnxNode) -> Message<'a> {
    let mut message = Message::default();
    node.inputs.iter().for_each(|input| message.text(1, input));
    message.text(2, &node.output);
    message.text(3, &node.output);
    message.text(4, node.operator);
    for (name, attribute) in &node.attributes {
        let mut setting = Message::default();
        setting.text(1, name);
        let kind = match attribute {
            OnnxAttribute::Float(value) => {
                setting.float(2, *value);
                ATTRIBUTE_FLOAT
            }
            OnnxAttribute::Int(value) => {
                setting.number(3, *value as u64);
                ATTRIBUTE_INT
            }
            OnnxAttribute::Ints(values) => {
                values.iter().for_each(|value| setting.number(8, *value as u64));
                ATTRIBUTE_INTS
            }
        };
        setting.number(20, kind);
        message.nested(5, setting);
    }
    message
}

fn tensor_message<'a>(tensor: &OnnxTensor<'a>) -> Message<'a> {
    let mut message = Message::default();
    tensor.shape.iter().for_each(|&length| message.number(1, length as u64));
    message.number(2, FLOAT);
    message.text(8, tensor.name);
    message.floats(9, tensor.values);
    message
}

fn value_message<'a>(value: &OnnxValue<'_>) -> Message<'a> {
    let mut shape = Message::default();
    for length in &value.shape {
        let mut dimension = Message::default();
        match length {
            OnnxLength::Fixed(length) => dimension.number(1, *length as u64),
            OnnxLength::Any(name) => dimension.text(2, name),
        }
        shape.nested(1, dimension);
    }
    let (mut array, mut kind, mut message) = (Message::default(), Message::default(), Message::default());
    array.number(1, FLOAT);
    array.nested(2, shape);
    kind.nested(1, array);
    message.text(1, value.name);
    message.nested(2, kind);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(model: &OnnxModel<'_>) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.onnx");
        let batch = files::Batch::new();
        write_onnx(&batch, &path, model).unwrap();
        batch.commit().unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn a_network_is_the_message_that_the_format_says() {
        let model = OnnxModel {
            name: "g".to_owned(),
            version: "1",
            inputs: vec![OnnxValue { name: "x", shape: vec![OnnxLength::Any("N"), OnnxLength::Fixed(300)] }],
            outputs: vec![OnnxValue { name: "y", shape: Vec::new() }],
            nodes: vec![OnnxNode {
                operator: "Op",
                inputs: vec!["x".to_owned(), "w".to_owned()],
                output: "y".to_owned(),
                attributes: vec![
                    ("f", OnnxAttribute::Float(1.0)),
                    ("i", OnnxAttribute::Int(-1)),
                    ("l", OnnxAttribute::Ints(vec![1, 2])),
                ],
            }],
            tensors: vec![OnnxTensor { name: "w", shape: &[2], values: &[1.0, -2.0] }],
            metadata: vec![("k", "v".to_owned())],
        };
        let node = [
            b"\x0a\x01x\x0a\x01w\x12\x01y\x1a\x01y\x22\x02Op".as_slice(),
            b"\x2a\x0b\x0a\x01f\x15\x00\x00\x80\x3f\xa0\x01\x01",
            b"\x2a\x11\x0a\x01i\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xa0\x01\x02",
            b"\x2a\x0a\x0a\x01l\x40\x01\x40\x02\xa0\x01\x07",
        ]
        .concat();
        let tensor = b"\x08\x02\x10\x01\x42\x01w\x4a\x08\x00\x00\x80\x3f\x00\x00\x00\xc0";
        let input = b"\x0a\x01x\x12\x10\x0a\x0e\x08\x01\x12\x0a\x0a\x03\x12\x01N\x0a\x03\x08\xac\x02";
        let output = b"\x0a\x01y\x12\x06\x0a\x04\x08\x01\x12\x00";
        let part = |field: u8, bytes: &[u8]| [&[field << 3 | 2, bytes.len() as u8], bytes].concat();
        let graph = [part(1, &node), part(2, b"g"), part(5, tensor), part(11, input), part(12, output)].concat();
        let expected = [
            b"\x08\x08\x12\x07silknow\x1a\x011".to_vec(),
            part(7, &graph),
            part(8, b"\x0a\x00\x10\x11"),
            part(14, b"\x0a\x01k\x12\x01v"),
        ]
        .concat();
        assert_eq!(file_of(&model), expected);
    }

    #[test]
    fn a_network_that_no_file_holds_is_refused_before_anything_is_written() {
        let values = vec![0.0; 1 << 20];
        let tensor = OnnxTensor { name: "w", shape: &[1 << 20], values: &values };
        let model = OnnxModel { tensors: vec![tensor; 512], ..OnnxModel::default() };
        let folder = tempfile::tempdir().unwrap();
        let error = write_onnx(&files::Batch::new(), folder.path().join("m.onnx"), &model).unwrap_err();
        assert!(error.to_string().contains("an ONNX file holds 2147483647 at most"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
