//! Image addresses: on the network, or on this machine.
//!
//! Fetching is the work of [`crate::images`].

use std::path::{Path, PathBuf};

use silknow_fetch::{Address, percent_decoded, without_userinfo};

/// Endings of pictures that are no part of a sample's name, in lower case. Which files are pictures is decided elsewhere.
pub(crate) const IMAGE_EXTENSIONS: [&str; 8] = ["jpg", "jpeg", "png", "tif", "tiff", "webp", "gif", "bmp"];

/// Whether a text ends as the name of an image does.
pub(crate) fn has_image_ending(text: &str) -> bool {
    let ending = text.trim_end().rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| IMAGE_EXTENSIONS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    /// An `http://` or `https://` address, as the table has it.
    Network(&'a str),
    /// A file of this machine.
    File(PathBuf),
}

impl Source<'_> {
    /// One text for all ways to write this source, without a password: the address as it is requested, or the whole path.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Network(address) => {
                Address::parse(address).map_or_else(|_| without_userinfo(address), |address| address.to_string())
            }
            Self::File(path) => std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string(),
        }
    }
}

/// Understands an address: `http(s)://`, `file://`, or a path that is relative to `plain`.
///
/// # Errors
/// The reason why another scheme, or a file of another machine, cannot be fetched, and what may be meant.
pub(crate) fn source_of<'a>(address: &'a str, plain: &Path) -> Result<Source<'a>, String> {
    // Names of files may begin and end with blanks.
    let name = address;
    let address = address.trim();
    match scheme_of(address).map(str::to_ascii_lowercase).as_deref() {
        Some("http" | "https") => Ok(Source::Network(address)),
        Some("file") => file_of(&address["file:".len()..]).map(Source::File),
        Some("data") => {
            Err("the cell holds a picture itself (`data:`): save it as a file, and give the file's path".into())
        }
        Some(other) => Err(format!("addresses of the kind `{other}://` are not fetched; http, https and file are")),
        None => match hint(address) {
            // A file may have such a name all the same.
            Some(reason) if !plain.join(name).is_file() => Err(reason),
            _ => Ok(Source::File(plain.join(name))),
        },
    }
}

/// The scheme of an address with `://`, or of one that is known without: `file:/path`, `data:`.
fn scheme_of(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once(':')?;
    let is_known = || ["http", "https", "file", "data"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    (rest.starts_with("//") || is_known()).then_some(scheme)
}

/// What an address without scheme may be meant to be.
fn hint(address: &str) -> Option<String> {
    let starts_with_www = address.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
    (address.starts_with("//") || starts_with_www).then(|| Address::parse(address).err()).flatten()
}

/// The path of a `file:` address, from what follows its colon.
fn file_of(rest: &str) -> Result<PathBuf, String> {
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(rest) => {
            let (host, path) = rest.split_at(rest.find(['/', '\\']).unwrap_or(rest.len()));
            // Some programs write a Windows drive in place of the host: file://C:/pictures/a.jpg.
            if is_drive(host) {
                rest
            } else if host.is_empty() || host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" {
                path
            } else {
                return Err(format!("the file lies on another machine, `{host}`; write file:///path"));
            }
        }
    };
    let decoded =
        String::from_utf8(percent_decoded(path)).map_err(|_| format!("the path `{path}` is not UTF-8 when decoded"))?;
    // On Windows the drive follows the slash: file:///C:/pictures/a.jpg; old programs write `|` for the colon.
    match decoded.get(1..3) {
        Some(drive) if is_drive(drive) => Ok(PathBuf::from(format!("{}:{}", &drive[..1], &decoded[3..]))),
        _ => Ok(PathBuf::from(decoded)),
    }
}

/// True for a letter with a colon, or with the bar that old programs write.
fn is_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':' | b'|'] if letter.is_ascii_alphabetic())
}

/// The part of an address that a file is named by: without query and fragment where it is a web address.
pub(crate) fn path_of(address: &str) -> &str {
    let address = address.trim();
    match scheme_of(address) {
        Some(scheme) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {
            address.split(['?', '#']).next().unwrap_or(address)
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        let plain = Path::new("export");
        let file = |path: &str| Ok(Source::File(PathBuf::from(path)));
        assert_eq!(source_of("HTTPS://x.org/a.jpg", plain), Ok(Source::Network("HTTPS://x.org/a.jpg")));
        assert_eq!(source_of("images/a%20b.jpg", plain), file("export/images/a%20b.jpg"));
        assert_eq!(source_of("/abs/a.jpg", plain), file("/abs/a.jpg"));
        assert_eq!(source_of(" a.jpg ", plain), file("export/ a.jpg "));
        assert_eq!(source_of(" http://x.org/a.jpg ", plain), Ok(Source::Network("http://x.org/a.jpg")));
        assert_eq!(source_of("file:///abs/a%20b%C3%A9%.jpg", plain), file("/abs/a bé%.jpg"));
        assert_eq!(source_of("FILE:/abs/a.jpg", plain), file("/abs/a.jpg"));
        assert_eq!(source_of("file://LocalHost/a.jpg", plain), file("/a.jpg"));
        for drive in ["file:///C:/a.jpg", "file:///C|/a.jpg", "file://localhost/C:/a.jpg", "file:///C%3A/a.jpg"] {
            assert_eq!(source_of(drive, plain), file("C:/a.jpg"), "{drive}");
        }
        assert_eq!(source_of("file://C:/a.jpg", plain), file("C:/a.jpg"));
        assert!(source_of("file://server/a.jpg", plain).unwrap_err().contains("`server`"));
        assert!(source_of("file:///a%FF.jpg", plain).unwrap_err().contains("not UTF-8"));
        assert!(source_of("ftp://x.org/a.jpg", plain).unwrap_err().contains("`ftp://`"));
        assert!(source_of("data:image/png;base64,AA", plain).unwrap_err().contains("save it as a file"));
        assert!(source_of("//x.org/a.jpg", plain).unwrap_err().contains("is `https://x.org/a.jpg` meant?"));
        assert!(source_of("www.x.org/a.jpg", plain).unwrap_err().contains("is `https://www.x.org/a.jpg` meant?"));
    }

    #[test]
    fn one_source_has_one_key_without_a_password() {
        let key = |address: &str| source_of(address, Path::new("/t")).unwrap().key();
        assert_eq!(key("HTTP://me:secret@X.org:80/b/../a b.jpg#top"), "http://x.org/a%20b.jpg");
        assert_eq!(key("file:///t/a.jpg"), key("a.jpg"));
    }

    #[test]
    fn files_are_named_by_the_path_of_an_address() {
        assert_eq!(path_of("HTTP://x.org/ok.jpg?x=1"), "HTTP://x.org/ok.jpg");
        assert_eq!(path_of("what?.jpg"), "what?.jpg");
    }
}
