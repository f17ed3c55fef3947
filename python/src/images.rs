//! What Python calls an image: a path, a PIL image, or an array.
//!
//! Owns the way to the library's sources. What a file's pixels are is the decoder's affair, and modes of PIL that a
//! file can have go through it as well, so that both ways give the same pixels.

use numpy::ndarray::{ArrayView3, Ix3, Ix4};
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use silknow_image::{RgbImage, Source, decode_bytes};

use crate::arguments::{path, type_name, wrong};
use crate::arrays::array;
use crate::errors::OrRaise;

const EXPECTED: &str = "uint8 [N, H, W, 3]";

/// The images that an argument stands for: one, or several in a list or an array.
pub(crate) fn sources(images: &Bound<'_, PyAny>) -> PyResult<Vec<Source>> {
    if let Some(source) = one(images)? {
        return Ok(vec![source]);
    }
    if images.cast::<PyUntypedArray>().is_ok() {
        let images = array::<u8, Ix4>("images", images, EXPECTED)?;
        return images.as_array().outer_iter().map(|image| pixels(images.py(), &image)).collect();
    }
    let refused = |what: String| wrong(images.py(), what, format!("give paths, PIL images, or an array {EXPECTED}"));
    if images.is_instance_of::<PyDict>() || images.is_instance_of::<PyBytes>() {
        return Err(refused(format!("`images` is of type {}", type_name(images))));
    }
    let entries = images.try_iter().map_err(|_| refused(format!("`images` is of type {}", type_name(images))))?;
    entries
        .enumerate()
        .map(|(position, entry)| {
            let entry = entry?;
            one(&entry)?.ok_or_else(|| refused(format!("image {position} is of type {}", type_name(&entry))))
        })
        .collect()
}

/// A single image; none for what is none.
fn one(image: &Bound<'_, PyAny>) -> PyResult<Option<Source>> {
    if image.is_instance_of::<PyString>() || image.hasattr("__fspath__")? {
        return path("images", image).map(|path| Some(Source::File(path)));
    }
    if let Ok(untyped) = image.cast::<PyUntypedArray>() {
        if untyped.ndim() != 3 {
            return Ok(None);
        }
        let array = array::<u8, Ix3>("images", image, EXPECTED)?;
        return pixels(image.py(), &array.as_array()).map(Some);
    }
    if image.hasattr("getexif")? && image.hasattr("mode")? {
        return pil(image).map(Some);
    }
    Ok(None)
}

/// The pixels of an array uint8 `[H, W, 3]`.
fn pixels(py: Python<'_>, image: &ArrayView3<'_, u8>) -> PyResult<Source> {
    let (height, width, channels) = image.dim();
    let values = image.as_slice().map_or_else(|| image.iter().copied().collect(), <[u8]>::to_vec);
    let sides = (u32::try_from(width), u32::try_from(height));
    match sides {
        (Ok(width @ 1..), Ok(height @ 1..)) if channels == 3 => {
            Ok(Source::Pixels(RgbImage::from_raw(width, height, values).expect("the values are those of the shape")))
        }
        _ => Err(wrong(
            py,
            format!("`images` holds an image of shape [{height}, {width}, {channels}]; {EXPECTED} is expected"),
            "the last dimension is red, green and blue",
        )),
    }
}

/// The pixels of a PIL image, upright, alpha laid on white.
fn pil(image: &Bound<'_, PyAny>) -> PyResult<Source> {
    /// What a PNG file can hold.
    const IN_A_FILE: [&str; 6] = ["1", "L", "LA", "P", "RGBA", "I;16"];
    let py = image.py();
    let upright = py.import("PIL.ImageOps")?.call_method1("exif_transpose", (image,))?;
    let mode: String = upright.getattr("mode")?.extract()?;
    if IN_A_FILE.contains(&mode.as_str()) {
        let file = py.import("io")?.call_method0("BytesIO")?;
        upright.call_method1("save", (&file, "PNG"))?;
        let bytes: Vec<u8> = file.call_method0("getvalue")?.extract()?;
        return decode_bytes(&bytes).map(Source::Pixels).or_raise(py);
    }
    let rgb = if mode == "RGB" { upright } else { upright.call_method1("convert", ("RGB",))? };
    let (width, height): (usize, usize) = rgb.getattr("size")?.extract()?;
    let values = rgb.call_method0("tobytes")?;
    let values = values.cast::<PyBytes>()?.as_bytes();
    let view = ArrayView3::from_shape((height, width, 3), values)
        .map_err(|_| wrong(py, "the PIL image holds fewer pixels than its size says", "load it again"))?;
    pixels(py, &view)
}
