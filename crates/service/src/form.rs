//! The parts of a form with files (`multipart/form-data`).
//!
//! A form is in memory as a whole, within the limit of an upload, so that its parts are slices of it and nothing is copied.
//! Source: RFC 7578, and RFC 2046 for what stands between the parts.

use axum::body::Bytes;

/// A part of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The name of its field.
    pub name: String,
    pub content: Bytes,
}

/// The longest head of a part, in bytes.
const MOST_HEAD_BYTES: usize = 8192;

/// The boundary that a content type states, where it is that of a form.
pub(crate) fn boundary(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';');
    let is_form = parameters.next()?.trim().eq_ignore_ascii_case("multipart/form-data");
    let mut boundaries = parameters.filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    });
    boundaries.rfind(|boundary| is_form && (1..=70).contains(&boundary.len()))
}

/// The parts of a form in their order, up to `most`.
///
/// # Errors
/// What is wrong with the form, in words.
pub(crate) fn parts(form: &Bytes, boundary: &str, most: usize) -> Result<Vec<Part>, &'static str> {
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    // The first delimiter may stand at the very beginning, without a line end before it.
    let mut place = match form.starts_with(&delimiter[2..]) {
        true => delimiter.len() - 2,
        false => find(form, &delimiter, 0).ok_or("its boundary is missing")? + delimiter.len(),
    };
    let mut parts = Vec::new();
    loop {
        let rest = &form[place..];
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        if !rest.starts_with(b"\r\n") {
            return Err("a boundary is not followed by a line end");
        }
        if parts.len() == most {
            return Err("it has too many parts");
        }
        // The line end of the boundary belongs to the search, because a head may be empty.
        let head_end = find(&form[..form.len().min(place + MOST_HEAD_BYTES)], b"\r\n\r\n", place);
        let head_end = head_end.ok_or("the head of a part does not end")?;
        let content = head_end + 4;
        let end = find(form, &delimiter, content).ok_or("its last boundary is missing")?;
        let name = field_name(&form[place..head_end]).ok_or("a part has no name")?;
        parts.push(Part { name, content: form.slice(content..end) });
        place = end + delimiter.len();
    }
}

/// The field that the head of a part names.
fn field_name(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let (kind, parameters) = disposition.split_once(';')?;
    let named = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("name").then(|| value.trim().trim_matches('"').to_owned())
    };
    // The name of a file may hold semicolons; that of a field, which is known here, does not.
    parameters.split(';').find_map(named).filter(|_| kind.trim().eq_ignore_ascii_case("form-data"))
}

/// Where a pattern stands first, from a place on.
fn find(text: &[u8], pattern: &[u8], from: usize) -> Option<usize> {
    let (&first, rest) = pattern.split_first()?;
    let mut place = from;
    while let Some(step) = text.get(place..)?.iter().position(|&byte| byte == first) {
        place += step;
        if text[place + 1..].starts_with(rest) {
            return Some(place);
        }
        place += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, &'static str> {
        let parts = parts(&Bytes::copy_from_slice(text.as_bytes()), "x", 3)?;
        Ok(parts.into_iter().map(|part| (part.name, String::from_utf8_lossy(&part.content).into_owned())).collect())
    }

    #[test]
    fn parts_have_their_names_and_their_bytes() {
        let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a;b.jpg\"\r\nContent-Type: \
                    image/jpeg\r\n\r\na\r\n--\r\n-x\r\n--x\r\ncontent-disposition: form-data; name=query\r\n\r\n\r\n--x--\r\n";
        let expected = [("file", "a\r\n--\r\n-x"), ("query", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(read(form).unwrap(), expected);
        assert_eq!(read(&format!("preamble\r\n{form}")).unwrap(), expected);
        assert_eq!(read("--x--").unwrap(), []);
    }

    #[test]
    fn what_is_no_form_is_refused_in_words() {
        let part = "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\na\r\n";
        for (form, reason) in [
            (String::new(), "boundary is missing"),
            ("--xnonsense".to_owned(), "not followed by a line end"),
            ("--x\r\nContent-Disposition: form-data; name=\"file\"".to_owned(), "does not end"),
            (part.to_owned(), "last boundary is missing"),
            ("--x\r\nContent-Type: a/b\r\n\r\na\r\n--x--".to_owned(), "no name"),
            (format!("{}--x--", part.repeat(4)), "too many parts"),
        ] {
            let found = read(&form).unwrap_err();
            assert!(found.contains(reason), "{form}: {found}");
        }
    }

    #[test]
    fn the_boundary_is_that_of_a_form() {
        assert_eq!(boundary("multipart/form-data; boundary=abc"), Some("abc"));
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""), Some("a b"));
        for none in ["multipart/form-data", "multipart/mixed; boundary=abc", "multipart/form-data; boundary=", ""] {
            assert_eq!(boundary(none), None, "{none}");
        }
    }
}
