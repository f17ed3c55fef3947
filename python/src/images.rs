//! What Python calls an image: a path, a PIL image, or an array.
//!
//! Files are decoded by the library. PIL images of modes that a file can have go through its decoder as well, so that
//! both ways give the same pixels.

use numpy::ndarray::{ArrayView3, Ix3, Ix4};
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet, PySet, PyString};
use silknow_image_retrieval::{Error, Picture, RgbImage, decode_bytes};

use crate::arguments::{path, type_name, wrong};
use crate::arrays::{Expected, array};
use crate::errors::{OrRaise, exception, is_data_error};

const SEVERAL: &str = "uint8 [N, H, W, 3]";
const SINGLE: &str = "uint8 [H, W, 3]";

/// The images that an argument stands for.
#[derive(Default)]
pub(crate) struct Given {
    /// How many there are.
    pub(crate) count: usize,
    /// Those that can be given to the library, with their positions.
    pub(crate) pictures: Vec<(usize, Picture)>,
    /// Those that PIL cannot read, with the reasons.
    pub(crate) unreadable: Vec<(usize, String)>,
}

impl Given {
    fn push(&mut self, picture: Picture) {
        self.pictures.push((self.count, picture));
        self.count += 1;
    }
}

/// The images that an argument stands for: one, or several in a list or an array. An image that PIL cannot read is listed
/// where `skip` is true, and else an error.
pub(crate) fn given(images: &Bound<'_, PyAny>, skip: bool) -> PyResult<Given> {
    let py = images.py();
    let refused = |place: &str, what: &Bound<'_, PyAny>| {
        wrong(
            py,
            format!("`{place}` is of type {}", type_name(what)),
            format!("give paths, PIL images, or an array {SEVERAL}"),
        )
    };
    let mut given = Given::default();
    let take = |given: &mut Given, picture: PyResult<Picture>| match picture {
        Ok(picture) => {
            given.push(picture);
            Ok(())
        }
        Err(failure) if skip && is_data_error(py, &failure) => {
            given.unreadable.push((given.count, failure.value(py).to_string()));
            given.count += 1;
            Ok(())
        }
        Err(failure) => Err(failure),
    };
    if let Some(picture) = one("images", images).transpose() {
        take(&mut given, picture)?;
        return Ok(given);
    }
    if let Ok(untyped) = images.cast::<PyUntypedArray>()
        && !is_list_of_objects(untyped)
    {
        let images = pixel_array::<Ix4>("images", images, SEVERAL)?;
        for image in images.as_array().outer_iter() {
            given.push(pixels(py, "images", SEVERAL, &image)?);
        }
        return Ok(given);
    }
    let unordered = images.is_instance_of::<PySet>() || images.is_instance_of::<PyFrozenSet>();
    if unordered || images.is_instance_of::<PyDict>() || images.is_instance_of::<PyBytes>() {
        return Err(refused("images", images));
    }
    let entries = images.try_iter().map_err(|_| refused("images", images))?;
    for (position, entry) in entries.enumerate() {
        let (entry, place) = (entry?, format!("images[{position}]"));
        if entry.cast::<PyUntypedArray>().is_ok() {
            let image = pixel_array::<Ix3>(&place, &entry, SINGLE)?;
            given.push(pixels(py, &place, SINGLE, &image.as_array())?);
            continue;
        }
        let picture = one(&place, &entry).transpose().ok_or_else(|| refused(&place, &entry))?;
        take(&mut given, picture)?;
    }
    Ok(given)
}

/// True for an array that stands for a list, of paths for instance.
fn is_list_of_objects(array: &Bound<'_, PyUntypedArray>) -> bool {
    array.ndim() == 1 && matches!(array.dtype().kind(), b'O' | b'U' | b'S')
}

/// A single image, called `place` in messages; `None` for a value that is not an image.
fn one(place: &str, image: &Bound<'_, PyAny>) -> PyResult<Option<Picture>> {
    if image.is_instance_of::<PyString>() || image.hasattr("__fspath__")? {
        return path(place, image).map(|path| Some(Picture::File(path)));
    }
    if let Ok(untyped) = image.cast::<PyUntypedArray>() {
        if untyped.ndim() != 3 {
            return Ok(None);
        }
        let array = pixel_array::<Ix3>(place, image, SEVERAL)?;
        return pixels(image.py(), place, SEVERAL, &array.as_array()).map(Some);
    }
    if image.hasattr("getexif")? && image.hasattr("mode")? {
        return pil(place, image).map(Some);
    }
    Ok(None)
}

fn pixel_array<'py, D: numpy::ndarray::Dimension>(
    place: &str,
    value: &Bound<'py, PyAny>,
    layout: &str,
) -> PyResult<numpy::PyReadonlyArray<'py, u8, D>> {
    let expected = Expected {
        layout,
        // Values from 0 to 1 are scaled first, because converting alone would make them black.
        when_dtype: &format!("scale the values to 0 to 255, then: {place}.astype(numpy.uint8)"),
        when_shape: "a grey image gets three channels with numpy.stack([image] * 3, axis=-1)",
    };
    array(place, value, &expected)
}

/// The pixels of an array uint8 `[H, W, 3]`.
fn pixels(py: Python<'_>, place: &str, layout: &str, image: &ArrayView3<'_, u8>) -> PyResult<Picture> {
    let (height, width, channels) = image.dim();
    let values = image.as_slice().map_or_else(|| image.iter().copied().collect(), <[u8]>::to_vec);
    let sides = (u32::try_from(width), u32::try_from(height));
    match sides {
        (Ok(width @ 1..), Ok(height @ 1..)) if channels == 3 => {
            let image = RgbImage::from_raw(width, height, values).expect("the values are those of the shape");
            Ok(Picture::Pixels(image.into()))
        }
        _ => Err(wrong(
            py,
            format!("`{place}` holds an image of shape [{height}, {width}, {channels}]; {layout} is expected"),
            "the last dimension is red, green and blue",
        )),
    }
}

/// How the pixels of a PIL image are had, by its mode.
enum Way {
    /// Through the decoder: what a PNG file can hold.
    File,
    /// Through the decoder, in another mode that a PNG file can hold.
    FileOf(&'static str),
    /// PIL's own conversion, for colour spaces that are no file's.
    Pillow,
}

fn way(mode: &str) -> Option<Way> {
    Some(match mode {
        "1" | "L" | "LA" | "P" | "RGBA" | "I;16" | "I;16B" => Way::File,
        "La" => Way::FileOf("LA"),
        "PA" | "RGBa" => Way::FileOf("RGBA"),
        "RGB" | "RGBX" | "CMYK" | "YCbCr" | "HSV" | "LAB" => Way::Pillow,
        // Modes such as I and F do not say which value is white, so that any reading of them is a guess.
        _ => return None,
    })
}

/// The pixels of a PIL image, upright, alpha laid on white.
fn pil(place: &str, image: &Bound<'_, PyAny>) -> PyResult<Picture> {
    let py = image.py();
    let mode: String = image.getattr("mode")?.extract()?;
    let Some(way) = way(&mode) else {
        return Err(wrong(
            py,
            format!("`{place}` is a PIL image of mode {mode}, which is not supported"),
            "scale its values to 0 to 255 and convert it to mode L, or give the path of its file",
        ));
    };
    // PIL reads a file when its pixels are asked for, so that this is where a cut file is found.
    let raised = |failure: PyErr| unreadable(py, place, failure);
    let upright = py.import("PIL.ImageOps")?.call_method1("exif_transpose", (image,)).map_err(raised)?;
    let converted = |mode: &str| upright.call_method1("convert", (mode,)).map_err(raised);
    let in_a_file = match way {
        Way::File => upright,
        Way::FileOf(mode) => converted(mode)?,
        Way::Pillow => return rgb(place, &converted("RGB")?),
    };
    let file = py.import("io")?.call_method0("BytesIO")?;
    let options = PyDict::new(py);
    // The bytes are decoded again at once, so compressing them would only cost time.
    options.set_item("compress_level", 0)?;
    in_a_file.call_method("save", (&file, "PNG"), Some(&options)).map_err(raised)?;
    let bytes = file.call_method0("getvalue")?;
    decode_bytes(bytes.cast::<PyBytes>()?.as_bytes()).map(|image| Picture::Pixels(image.into())).or_raise(py)
}

/// The pixels of a PIL image of mode RGB.
fn rgb(place: &str, image: &Bound<'_, PyAny>) -> PyResult<Picture> {
    let py = image.py();
    let (width, height): (usize, usize) = image.getattr("size")?.extract()?;
    let values = image.call_method0("tobytes").map_err(|failure| unreadable(py, place, failure))?;
    let values = values.cast::<PyBytes>()?.as_bytes();
    let view = ArrayView3::from_shape((height, width, 3), values)
        .map_err(|_| wrong(py, format!("`{place}` holds fewer pixels than its size says"), "load it again"))?;
    pixels(py, place, SEVERAL, &view)
}

/// What PIL says about an image that it cannot give; Ctrl-C and the like stay what they are.
fn unreadable(py: Python<'_>, place: &str, failure: PyErr) -> PyErr {
    if !failure.is_instance_of::<PyException>(py) {
        return failure;
    }
    let error = exception(py, &Error::data(format!("PIL cannot read `{place}`: {}", failure.value(py))));
    error.set_cause(py, Some(failure));
    error
}
