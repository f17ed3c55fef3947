//! Reading weight files: safetensors and PyTorch checkpoints, to named numbers.
//!
//! What a file says of itself is compared with its length before anything of that size is allocated.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use pytorch_reader::PytorchReader;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use silknow_errors::{Error, Result};
use silknow_files as files;

use super::file::{IMAGENET_MEAN, IMAGENET_STD};
use super::tensor::WeightTensor;

/// No weight file is larger, in bytes: one of resnet152 in double precision has 480 million.
const LIMIT_BYTES: u64 = 2_000_000_000;

/// No network has more numbers: resnet152 has 60 million.
const LIMIT_NUMBERS: usize = 250_000_000;

/// The most numbers of a checkpoint that has fewer bytes than numbers.
const SHARED_NUMBERS: usize = 64_000_000;

/// What a weight file holds.
pub(crate) struct Content {
    pub(crate) tensors: BTreeMap<String, WeightTensor>,
    pub(crate) mean: [f32; 3],
    pub(crate) std: [f32; 3],
}

/// Reads a file whose bytes are `bytes`; its first bytes tell the format, and its ending where they tell none, as of a file that
/// was cut. Errors name the file.
pub(crate) fn backbone_file(path: &Path, bytes: &[u8]) -> Result<Content> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let content = match (kind(bytes), ending.as_str()) {
        (Some(Kind::Safetensors), _) | (None, "safetensors") => backbone_in_memory(bytes),
        (Some(Kind::PyTorch), _) | (None, "pth" | "pt") => checkpoint(path, bytes.len()),
        _ => Err(Error::data("not a weight file, or one that was cut")
            .hint("give a file of safetensors, PyTorch, TensorFlow or Keras that is whole")),
    };
    content.map_err(|error| error.in_file(path))
}

enum Kind {
    Safetensors,
    PyTorch,
}

/// What the first bytes say that a file is: PyTorch writes zip archives, and wrote pickles; safetensors begin with the length of
/// a JSON object and that.
fn kind(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        [b'P', b'K', 3, 4, ..] | [0x80, 2..=5, ..] => Some(Kind::PyTorch),
        [_, _, _, _, _, _, 0, 0, b'{', ..] => Some(Kind::Safetensors),
        _ => None,
    }
}

/// Reads a backbone from safetensors in memory.
pub(crate) fn backbone_in_memory(bytes: &[u8]) -> Result<Content> {
    let file = open_safetensors(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(cut_safetensors)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let mut tensors = BTreeMap::new();
    for (name, view) in file.iter() {
        if let Some(clean) = clean_name(name) {
            insert(&mut tensors, clean, safetensor(name, &view)?)?;
        }
    }
    let colours = |key, otherwise| stated_colours(&metadata, key, otherwise);
    Ok(Content { tensors, mean: colours("mean", IMAGENET_MEAN)?, std: colours("std", IMAGENET_STD)? })
}

/// Reads all tensors of a safetensors file in memory, under their own names.
pub(crate) fn safetensors_by_name(bytes: &[u8]) -> Result<BTreeMap<String, WeightTensor>> {
    let file = open_safetensors(bytes)?;
    file.iter().map(|(name, view)| Ok((name.to_owned(), safetensor(name, &view)?))).collect()
}

/// Names and shapes of the tensors of a safetensors file in memory, which is complete.
pub(crate) fn safetensors_shapes(bytes: &[u8]) -> Result<BTreeMap<String, Vec<usize>>> {
    let file = open_safetensors(bytes)?;
    Ok(file.iter().map(|(name, view)| (name.to_owned(), view.shape().to_vec())).collect())
}

/// The note of this key in a safetensors file in memory.
pub(crate) fn safetensors_note(bytes: &[u8], key: &str) -> Result<Option<String>> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(cut_safetensors)?;
    Ok(header.metadata().as_ref().and_then(|metadata| metadata.get(key).cloned()))
}

/// The content of a file that is not larger than weights can be.
///
/// # Errors
/// A file that is too large, that is no ordinary file, or that cannot be read.
pub(crate) fn read_bounded(path: &Path) -> Result<Vec<u8>> {
    // Where the length cannot be found out, reading the file fails with the reason.
    if let Ok(about) = std::fs::metadata(path) {
        if !about.is_file() {
            return Err(Error::data("this is not an ordinary file").in_file(path).hint("give a weight file"));
        }
        if about.len() > LIMIT_BYTES {
            return Err(Error::data(format!("the file has {} bytes, weights have at most {LIMIT_BYTES}", about.len()))
                .in_file(path)
                .hint("give a weight file"));
        }
    }
    files::read(path)
}

fn open_safetensors(bytes: &[u8]) -> Result<SafeTensors<'_>> {
    SafeTensors::deserialize(bytes).map_err(cut_safetensors)
}

fn cut_safetensors(cause: safetensors::SafeTensorError) -> Error {
    Error::data("not a complete safetensors file")
        .caused_by(cause)
        .hint("it may have been cut while it was fetched or copied; get it again")
}

fn safetensor(name: &str, view: &TensorView<'_>) -> Result<WeightTensor> {
    let data = match view.dtype() {
        Dtype::F16 => numbers(view.data(), half::f16::from_le_bytes, half::f16::to_f32),
        Dtype::BF16 => numbers(view.data(), half::bf16::from_le_bytes, half::bf16::to_f32),
        Dtype::F32 => numbers(view.data(), f32::from_le_bytes, |value| value),
        Dtype::F64 => numbers(view.data(), f64::from_le_bytes, |value| value as f32),
        other => return Err(unsupported(name, &format!("{other:?}"))),
    };
    Ok(WeightTensor { shape: view.shape().to_vec(), data })
}

/// Reads a PyTorch checkpoint of `length` bytes. It is parsed, not run: only tensors are taken from it.
fn checkpoint(path: &Path, length: usize) -> Result<Content> {
    let cut = |cause: String| {
        Error::data("not a complete PyTorch checkpoint")
            .caused_by(cause)
            .hint("it may have been cut while it was fetched or copied; get it again")
    };
    let reader = PytorchReader::new(path).map_err(|cause| cut(cause.to_string()))?;
    let mut tensors = BTreeMap::new();
    // Numbers take two bytes or more, and PyTorch does not compress them. A file that claims more of them than it has bytes
    // inflates to many times its length, or has tensors that share their numbers.
    let limit = length.clamp(SHARED_NUMBERS, LIMIT_NUMBERS);
    let mut remaining = limit;
    for (name, tensor) in reader.tensors() {
        use pytorch_reader::DType;
        let Some(clean) = clean_name(name) else { continue };
        remaining = remaining.checked_sub(tensor.num_elements()).ok_or_else(|| {
            Error::data(format!("the tensors hold more than {limit} numbers, in a file of {length} bytes"))
                .hint("this is not a checkpoint of a backbone; give another file")
        })?;
        let bytes = tensor.read().map_err(|cause| cut(cause.to_string()))?;
        let data = match tensor.dtype() {
            DType::F16 => numbers(&bytes, half::f16::from_ne_bytes, half::f16::to_f32),
            DType::BF16 => numbers(&bytes, half::bf16::from_ne_bytes, half::bf16::to_f32),
            DType::F32 => numbers(&bytes, f32::from_ne_bytes, |value| value),
            DType::F64 => numbers(&bytes, f64::from_ne_bytes, |value| value as f32),
            other => return Err(unsupported(name, &format!("{other:?}"))),
        };
        insert(&mut tensors, clean, WeightTensor { shape: tensor.shape().to_vec(), data })?;
    }
    Ok(Content { tensors, mean: IMAGENET_MEAN, std: IMAGENET_STD })
}

/// The name without the prefixes that training scripts put before it; none for tensors that are not needed.
fn clean_name(name: &str) -> Option<String> {
    let mut name = name;
    while let Some(rest) = ["state_dict.", "model.", "module."].iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = rest;
    }
    let needed = !name.starts_with("fc.") && !name.ends_with("num_batches_tracked");
    needed.then(|| name.to_owned())
}

fn insert(tensors: &mut BTreeMap<String, WeightTensor>, name: String, tensor: WeightTensor) -> Result<()> {
    match tensors.insert(name.clone(), tensor) {
        None => Ok(()),
        Some(_) => Err(Error::data(format!("the tensor `{name}` is there twice, under different prefixes"))),
    }
}

fn unsupported(name: &str, element_type: &str) -> Error {
    Error::data(format!("the tensor `{name}` has elements of type {element_type}"))
        .hint("weights are f16, bf16, f32 or f64")
}

fn numbers<T, const BYTES: usize>(
    bytes: &[u8],
    parse: impl Fn([u8; BYTES]) -> T,
    convert: impl Fn(T) -> f32,
) -> Vec<f32> {
    let (elements, _) = bytes.as_chunks::<BYTES>();
    elements.iter().map(|&element| convert(parse(element))).collect()
}

/// Three numbers from the metadata, with commas or as a list, or what holds without them.
fn stated_colours(metadata: &HashMap<String, String>, key: &str, otherwise: [f32; 3]) -> Result<[f32; 3]> {
    let Some(text) = metadata.get(key) else { return Ok(otherwise) };
    let usable = |number: &f32| number.is_finite() && (key != "std" || *number > 0.0);
    text.trim_matches(|c: char| c.is_whitespace() || "[]()".contains(c))
        .split(',')
        .map(|part| part.trim().parse().ok().filter(usable))
        .collect::<Option<Vec<f32>>>()
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or_else(|| {
            Error::data(format!("the metadata `{key}` is `{text}`"))
                .hint("three numbers are expected, one a colour, such as 0.485,0.456,0.406")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A safetensors file of one tensor `[2]`.
    fn file(name: &str, dtype: Dtype, bytes: &[u8], mean: &str) -> Vec<u8> {
        let view = TensorView::new(dtype, vec![2], bytes).unwrap();
        let metadata = HashMap::from([("mean".to_owned(), mean.to_owned())]);
        safetensors::serialize([(name, view)], Some(metadata)).unwrap()
    }

    #[test]
    fn all_four_element_types_load_to_the_same_numbers() {
        let files = [
            file("bn1.bias", Dtype::F16, &[0x00, 0x3e, 0x00, 0xc0], "0,0,0"),
            file("model.bn1.bias", Dtype::BF16, &[0xc0, 0x3f, 0x00, 0xc0], "0,0,0"),
            file("module.bn1.bias", Dtype::F32, &[1.5f32, -2.0].map(f32::to_le_bytes).concat(), "0,0,0"),
            file("state_dict.module.bn1.bias", Dtype::F64, &[1.5f64, -2.0].map(f64::to_le_bytes).concat(), "0,0,0"),
        ];
        for bytes in files {
            let content = backbone_in_memory(&bytes).unwrap();
            assert_eq!(content.tensors["bn1.bias"], WeightTensor { shape: vec![2], data: vec![1.5, -2.0] });
        }
    }

    #[test]
    fn a_tensor_of_whole_numbers_is_named_with_its_type() {
        let error = backbone_in_memory(&file("bn1.bias", Dtype::I32, &[0; 8], "0,0,0")).err().unwrap();
        assert!(error.to_string().contains("the tensor `bn1.bias` has elements of type I32"), "{error}");
    }

    #[test]
    fn the_classifier_and_the_counters_are_left_out() {
        for name in ["fc.weight", "module.fc.bias", "bn1.num_batches_tracked"] {
            assert!(
                backbone_in_memory(&file(name, Dtype::F16, &[0; 4], "0,0,0")).unwrap().tensors.is_empty(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_mean_that_is_not_three_numbers_is_refused() {
        for mean in ["0.5", "0.5,0.5,high", "0.5,0.5,0.5,0.5", "0.5,0.5,inf"] {
            let error = backbone_in_memory(&file("bn1.bias", Dtype::F16, &[0; 4], mean)).err().unwrap();
            assert!(error.to_string().contains(&format!("the metadata `mean` is `{mean}`")), "{error}");
        }
    }
}
