//! Image addresses: on the network, or on this machine.
//!
//! Fetching is the work of [`crate::images`].

use std::path::{Path, PathBuf};

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// An `http://` or `https://` address.
    Network(String),
    /// A file of this machine.
    File(PathBuf),
}

/// Understands an address: `http(s)://`, `file://`, or a path that is relative to `plain`.
///
/// # Errors
/// The reason why another scheme, or a file of another machine, cannot be fetched.
pub(crate) fn source_of(address: &str, plain: &Path) -> Result<Source, String> {
    let Some((scheme, rest)) = address.trim().split_once("://") else {
        // Names of files may begin and end with blanks.
        return Ok(Source::File(plain.join(address)));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => Ok(Source::Network(address.trim().to_owned())),
        "file" => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
                return Err(format!("the file lies on another machine, `{host}`; write file:///path"));
            }
            // On Windows the drive follows the slash: file:///C:/pictures/a.jpg.
            let path = if path.get(2..3) == Some(":") { &path[1..] } else { path };
            percent_decoded(path).map(|path| Source::File(PathBuf::from(path)))
        }
        other => Err(format!("addresses of the kind `{other}://` are not fetched; http, https and file are")),
    }
}

/// Replaces escapes such as `%41` by the bytes that they stand for.
fn percent_decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| format!("the path `{text}` is not UTF-8 when decoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        let plain = Path::new("export");
        let file = |path: &str| Ok(Source::File(PathBuf::from(path)));
        assert_eq!(source_of("HTTPS://x.org/a.jpg", plain), Ok(Source::Network("HTTPS://x.org/a.jpg".into())));
        assert_eq!(source_of("images/a%20b.jpg", plain), file("export/images/a%20b.jpg"));
        assert_eq!(source_of("/abs/a.jpg", plain), file("/abs/a.jpg"));
        assert_eq!(source_of(" a.jpg ", plain), file("export/ a.jpg "));
        assert_eq!(source_of(" http://x.org/a.jpg ", plain), Ok(Source::Network("http://x.org/a.jpg".into())));
        assert_eq!(source_of("file:///abs/a%20b%C3%A9%.jpg", plain), file("/abs/a bé%.jpg"));
        assert_eq!(source_of("file://localhost/a.jpg", plain), file("/a.jpg"));
        assert_eq!(source_of("file:///C:/a.jpg", plain), file("C:/a.jpg"));
        assert!(source_of("file://server/a.jpg", plain).unwrap_err().contains("`server`"));
        assert!(source_of("ftp://x.org/a.jpg", plain).unwrap_err().contains("`ftp://`"));
    }
}
