//! The headers of columns as people write them in one way or another.

use silknow_records::class_text::tidied;

/// Headers of the column of images, without regard to letter case, blanks, `_`, `-` and `.`.
const IMAGE_HEADERS: [&str; 26] = [
    "imagefile",
    "image",
    "filename",
    "file",
    "path",
    "filepath",
    "imagepath",
    "imagename",
    "imagefilename",
    "img",
    "imgfile",
    "imgpath",
    "imgname",
    "picture",
    "picturefile",
    "photo",
    "photofile",
    "imageurl",
    "imagefilepath",
    "dateiname",
    "bilddatei",
    "foto",
    "fichier",
    "imagen",
    "archivo",
    "immagine",
];

/// A header without letter case, blanks, `_`, `-`, `.` and `#`.
pub(crate) fn canonical(header: &str) -> String {
    let kept = tidied(header).to_lowercase();
    kept.chars().filter(|character| !character.is_whitespace() && !"_-.#".contains(*character)).collect()
}

/// Whether a column of this header has images.
pub(crate) fn names_images(header: &str) -> bool {
    IMAGE_HEADERS.contains(&canonical(header).as_str())
}
