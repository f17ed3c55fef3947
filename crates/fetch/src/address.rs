//! Addresses as exports hold them, made fit for a request.
//!
//! It cleans them, names their host, and resolves redirects. Only HTTP and HTTPS are supported.

use std::str::FromStr;

use ureq::http::Uri;

/// An address that can be requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(Uri);

impl Address {
    /// Reads an address; spaces, accents and the like, which people paste into tables, are encoded.
    ///
    /// # Errors
    /// A text that says what is wrong: a scheme other than HTTP and HTTPS, or no host.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let without_fragment = text.split('#').next().unwrap_or_default();
        let uri = Uri::from_str(&encode(without_fragment)).map_err(|_| format!("`{text}` is not a valid address"))?;
        let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err(format!("`{text}` is not an http or https address"));
        }
        match uri.host() {
            None | Some("") => Err(format!("`{text}` names no host")),
            Some(_) => Ok(Self(uri)),
        }
    }

    /// The host's name in lower case, without the port: what politeness counts by.
    pub fn host(&self) -> String {
        self.0.host().unwrap_or_default().to_ascii_lowercase()
    }

    /// True for `https`.
    pub fn is_secure(&self) -> bool {
        self.0.scheme_str().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    }

    /// Where a `Location` header leads from here.
    pub fn join(&self, location: &str) -> Result<Self, String> {
        let location = location.trim();
        let scheme = self.0.scheme_str().unwrap_or_default();
        let root = || format!("{scheme}://{}", self.0.authority().map_or("", |authority| authority.as_str()));
        let path = self.0.path();
        if has_scheme(location) {
            Self::parse(location)
        } else if location.starts_with("//") {
            Self::parse(&format!("{scheme}:{location}"))
        } else if location.starts_with('/') {
            Self::parse(&format!("{}{location}", root()))
        } else if location.starts_with('?') {
            Self::parse(&format!("{}{path}{location}", root()))
        } else {
            let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
            Self::parse(&format!("{}{folder}{location}", root()))
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
    })
}

/// Percent-encodes characters that are not allowed in an address. What is encoded already stays as it is.
fn encode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut result = String::with_capacity(text.len());
    for (at, &byte) in bytes.iter().enumerate() {
        let encodes = || bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let stays = match byte {
            b'%' => encodes(),
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
            other => other.is_ascii_graphic(),
        };
        if stays {
            result.push(char::from(byte));
        } else {
            result.push_str(&format!("%{byte:02X}"));
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_from_tables_are_made_fit_for_a_request() {
        let address = Address::parse(" https://museum.example/soie brodée/50%/a%20b.jpg?x={1}#top ").unwrap();
        assert_eq!(address.to_string(), "https://museum.example/soie%20brod%C3%A9e/50%25/a%20b.jpg?x=%7B1%7D");
        assert_eq!(Address::parse("HTTP://Museum.Example:8080/a").unwrap().host(), "museum.example");
    }

    #[test]
    fn what_is_no_web_address_is_refused_in_words() {
        assert!(Address::parse("ftp://museum.example/a.jpg").unwrap_err().contains("not an http or https address"));
        assert!(Address::parse("images/a.jpg").unwrap_err().contains("not"));
        assert!(Address::parse("").unwrap_err().contains("not"));
        assert!(Address::parse("http:///a.jpg").unwrap_err().contains("not a valid address"));
    }

    #[test]
    fn a_redirect_leads_to_where_its_kind_of_location_says() {
        let from = Address::parse("https://a.example:444/x/y.jpg?z").unwrap();
        for (location, expected) in [
            ("http://b.example/c", "http://b.example/c"),
            ("//b.example/c", "https://b.example/c"),
            ("/c?at=1:2", "https://a.example:444/c?at=1:2"),
            ("?q", "https://a.example:444/x/y.jpg?q"),
            ("c.jpg", "https://a.example:444/x/c.jpg"),
        ] {
            assert_eq!(from.join(location).unwrap().to_string(), expected);
        }
        assert!(from.join("mailto:museum@b.example").is_err());
    }
}
