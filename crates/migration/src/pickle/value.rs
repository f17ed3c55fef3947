//! What a pickle describes.

use std::borrow::Cow;
use std::cell::Cell;

use silknow_errors::{Error, Result};

/// A name that a pickle may hold. None of them does anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// `numpy.ndarray`
    Ndarray,
    /// `numpy.dtype`
    Dtype,
    /// Makes an empty array, which is filled afterwards.
    Reconstruct,
    /// Makes a single value of NumPy.
    Scalar,
    /// `collections.OrderedDict`
    OrderedDict,
    /// Makes bytes from a text, in protocol 2.
    Encode,
    /// `bytes`, which makes empty bytes in protocol 2.
    Bytes,
    /// Makes an empty tree or metric, which is filled afterwards.
    NewObject,
    /// scikit-learn's kd-tree.
    KdTree,
    /// scikit-learn's Euclidean distance.
    Distance,
}

impl Name {
    /// The name in a module; none for all that are not on the list.
    pub fn of(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("numpy", "ndarray") => Some(Self::Ndarray),
            ("numpy", "dtype") => Some(Self::Dtype),
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Some(Self::Reconstruct),
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Some(Self::Scalar),
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("_codecs", "encode") => Some(Self::Encode),
            ("__builtin__" | "builtins", "bytes") => Some(Self::Bytes),
            (
                "sklearn.neighbors.kd_tree"
                | "sklearn.neighbors._kd_tree"
                | "sklearn.neighbors.dist_metrics"
                | "sklearn.neighbors._dist_metrics"
                | "sklearn.metrics._dist_metrics",
                "newObj",
            ) => Some(Self::NewObject),
            ("sklearn.neighbors.kd_tree" | "sklearn.neighbors._kd_tree", "KDTree" | "KDTree64") => Some(Self::KdTree),
            (
                "sklearn.neighbors.dist_metrics" | "sklearn.neighbors._dist_metrics" | "sklearn.metrics._dist_metrics",
                "EuclideanDistance" | "EuclideanDistance64",
            ) => Some(Self::Distance),
            _ => None,
        }
    }
}

/// A value of a pickle. What is more than a few bytes is a node, which several values may share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Name(Name),
    Node(u32),
}

/// What values share.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
    /// The bytes whose numbers are the characters of a text, as protocol 2 has them.
    Latin1(&'a str),
    Tuple(Vec<Value>),
    List(Vec<Value>),
    /// The pairs in the order in which they were set.
    Dict(Vec<(Value, Value)>),
    /// The type of an array's elements, such as `f8` or `U12`, and the state that holds the order of the bytes.
    Dtype {
        code: &'a str,
        state: Option<Value>,
    },
    /// An array: shape, type, elements.
    Array {
        state: Option<Value>,
    },
    /// A single value of NumPy.
    Scalar {
        dtype: Value,
        data: Value,
    },
    /// A tree or a metric.
    Object {
        class: Name,
        state: Option<Value>,
    },
}

impl Node<'_> {
    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Bytes(_) | Self::Latin1(_) => "bytes",
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dictionary",
            Self::Dtype { .. } => "a type of elements",
            Self::Array { .. } => "an array",
            Self::Scalar { .. } => "a single value",
            Self::Object { class: Name::KdTree, .. } => "a kd-tree",
            Self::Object { .. } => "an object",
        }
    }
}

/// A pickle that was read.
#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// The value that it is of.
    pub root: Value,
    /// Bytes that arrays may still be decoded to. Values that share an array decode it more than once, so that a small file
    /// could fill the memory otherwise.
    budget: Cell<usize>,
}

/// How many bytes arrays may be decoded to, by bytes of the file.
const DECODED_RATIO: usize = 16;

impl<'a> Pickle<'a> {
    pub(super) fn new(nodes: Vec<Node<'a>>, root: Value, file_bytes: usize) -> Self {
        Self { nodes, root, budget: Cell::new(file_bytes.saturating_mul(DECODED_RATIO)) }
    }

    /// Takes bytes out of what may be decoded.
    pub(super) fn spend(&self, bytes: usize) -> Result<()> {
        let left = self.budget.get().checked_sub(bytes);
        self.budget.set(left.ok_or_else(|| Error::data("the pickle stands for much more than it holds"))?);
        Ok(())
    }

    /// The node that a value is.
    pub fn node(&self, value: Value) -> Option<&Node<'a>> {
        match value {
            Value::Node(position) => self.nodes.get(position as usize),
            _ => None,
        }
    }

    /// What a value is, for messages.
    pub fn kind(&self, value: Value) -> &'static str {
        match value {
            Value::None => "None",
            Value::Bool(_) => "True or False",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Name(_) => "a name",
            Value::Node(_) => self.node(value).map_or("nothing", Node::kind),
        }
    }

    /// The items of a list or a tuple.
    pub fn items(&self, value: Value) -> Option<&[Value]> {
        match self.node(value) {
            Some(Node::Tuple(items) | Node::List(items)) => Some(items),
            _ => None,
        }
    }

    /// The pairs of a dictionary.
    pub fn pairs(&self, value: Value) -> Option<&[(Value, Value)]> {
        match self.node(value) {
            Some(Node::Dict(pairs)) => Some(pairs),
            _ => None,
        }
    }

    /// A text.
    pub fn text(&self, value: Value) -> Option<&'a str> {
        match self.node(value) {
            Some(Node::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a value that holds some.
    pub(super) fn bytes(&self, value: Value) -> Result<Option<Cow<'a, [u8]>>> {
        match self.node(value) {
            Some(Node::Bytes(bytes)) => Ok(Some(Cow::Borrowed(bytes))),
            Some(Node::Latin1(text)) => {
                self.spend(text.len())?;
                let bytes: Option<Vec<u8>> = text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
                bytes
                    .map(|bytes| Some(Cow::Owned(bytes)))
                    .ok_or_else(|| Error::data("a text stands for bytes and holds larger numbers"))
            }
            _ => Ok(None),
        }
    }
}
