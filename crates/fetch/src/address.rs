//! Web addresses as tables hold them, read the way browsers read them (the WHATWG URL standard).

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// An `http` or `https` address that can be requested.
///
/// Dot segments, default ports, letter case of scheme and host, international host names, blanks and backslashes are
/// brought into the form that is sent. A fragment is dropped. A user name and password are kept apart: they are sent to
/// this host alone and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Reads an address from a table or a `Location` header.
    ///
    /// # Errors
    /// A text that says what is wrong and what may be meant. It does not repeat a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(reason) = reason_against(text) {
            return Err(reason);
        }
        let shown = without_userinfo(text);
        match Url::parse(&escape_lone_percent(text)) {
            Ok(url) => Self::of_url(url).map_err(|reason| format!("`{shown}` {reason}")),
            Err(url::ParseError::RelativeUrlWithoutBase) => Err(format!("`{shown}` is not an http or https address")),
            Err(url::ParseError::EmptyHost) => Err(format!("`{shown}` is not a valid address: it names no host")),
            Err(cause) => Err(format!("`{shown}` is not a valid address: {cause}")),
        }
    }

    /// The address, made of a parsed one of any scheme.
    fn of_url(mut url: Url) -> Result<Self, String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err("is not an http or https address".into());
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// The host in lower case, without the port, an international one in Punycode: what politeness counts by.
    pub fn host(&self) -> String {
        self.0.host_str().unwrap_or_default().to_owned()
    }

    /// The host where it is written as a number.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// True for `https`.
    pub(crate) fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The path, which begins with `/`, percent-encoded and without dot segments.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// Where a `Location` header leads from here, by RFC 3986. The user name and password come along only to the same
    /// scheme, host and port.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse).
    pub fn join(&self, location: &str) -> Result<Self, String> {
        let location = location.trim();
        let url = self.0.join(&escape_lone_percent(location));
        let url = url.map_err(|cause| format!("`{}` is not a valid address: {cause}", without_userinfo(location)))?;
        let mut joined = Self::of_url(url).map_err(|reason| format!("`{}` {reason}", without_userinfo(location)))?;
        if joined.0.origin() == self.0.origin() && joined.0.username().is_empty() && joined.0.password().is_none() {
            // These cannot fail for an address with a host.
            let _ = joined.0.set_username(self.0.username());
            let _ = joined.0.set_password(self.0.password());
        }
        Ok(joined)
    }

    /// The value of an `Authorization` header for the user name and password, where the address has one.
    pub(crate) fn authorization(&self) -> Option<String> {
        let (name, password) = (self.0.username(), self.0.password());
        if name.is_empty() && password.is_none() {
            return None;
        }
        let mut pair = percent_decoded(name);
        pair.push(b':');
        pair.extend(percent_decoded(password.unwrap_or_default()));
        Some(format!("Basic {}", base64(&pair)))
    }
}

impl fmt::Display for Address {
    /// The address as it is requested, without user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.0.port().map_or_else(String::new, |port| format!(":{port}"));
        write!(f, "{}://{}{port}{}", self.0.scheme(), self.host(), strict(self.0.path()))?;
        self.0.query().map_or(Ok(()), |query| write!(f, "?{}", strict(query)))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// Why a text cannot be a web address, where its beginning tells; with the address that may be meant.
fn reason_against(text: &str) -> Option<String> {
    let shown = without_userinfo(text);
    let start = text.get(..4).unwrap_or_default().to_ascii_lowercase();
    if text.is_empty() {
        return Some("the address is empty: it is not an http or https address".into());
    }
    if text.starts_with("//") {
        return Some(format!("`{shown}` begins with `//`: is `https:{shown}` meant?"));
    }
    if start == "www." {
        return Some(format!("`{shown}` has no `https://` before it: is `https://{shown}` meant?"));
    }
    let scheme = scheme_of(text)?.to_ascii_lowercase();
    match scheme.as_str() {
        "http" | "https" => {
            // Browsers repair `http:/host` and `http:host`, and take the first segment of `http:///a` for the host. In a
            // table these are slips, which would ask a wrong host.
            let rest = text[scheme.len() + 1..].replace('\\', "/");
            let is_whole = rest.starts_with("//") && !rest.starts_with("///");
            (!is_whole).then(|| format!("`{shown}` is not a valid address: `{scheme}://` and a host are expected"))
        }
        "data" => Some("the cell holds a picture itself (`data:`): save it as a file, and give the file's path".into()),
        _ => Some(format!("`{shown}` is not an http or https address: `{scheme}:` addresses are not fetched")),
    }
}

/// The scheme of an address: letters, digits, `+`, `-` and `.` before the first colon, a letter first.
fn scheme_of(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    (scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.chars().all(letters)).then_some(scheme)
}

/// The beginning of an address, with its host and port; all of a text that has none.
pub(crate) fn up_to_host(text: &str) -> &str {
    let text = text.trim();
    let Some(scheme) = scheme_of(text) else { return text };
    let is_slash = |character: char| matches!(character, '/' | '\\');
    let rest = &text[scheme.len() + 1..];
    let slashes: usize = rest.chars().take(2).take_while(|character| is_slash(*character)).count();
    let host = rest[slashes..].find(|character| is_slash(character) || matches!(character, '?' | '#'));
    match host {
        Some(end) if slashes == 2 => &text[..scheme.len() + 1 + slashes + end],
        _ => text,
    }
}

/// The text of an address without user name and password, for messages and tables; another text stays as it is.
pub fn without_userinfo(text: &str) -> String {
    let is_slash = |byte: Option<&u8>| matches!(byte, Some(b'/' | b'\\'));
    let scheme = scheme_of(text).map_or(0, |scheme| scheme.len() + 1);
    let bytes = text.as_bytes();
    if !is_slash(bytes.get(scheme)) || !is_slash(bytes.get(scheme + 1)) {
        return text.to_owned();
    }
    let (start, rest) = text.split_at(scheme + 2);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    authority.rfind('@').map_or_else(|| text.to_owned(), |end| format!("{start}{}", &rest[end + 1..]))
}

/// Encodes each `%` that no two hexadecimal digits follow: it stands for itself.
fn escape_lone_percent(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let digits = || text.as_bytes().get(at + 1..at + 3);
        let is_lone = character == '%' && !digits().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        if is_lone { result.push_str("%25") } else { result.push(character) }
    }
    result
}

/// Encodes the characters that browsers send as they are and that some servers refuse.
fn strict(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '^' | '`' | '{' | '|' | '}' => result.push_str(&format!("%{:02X}", character as u32)),
            other => result.push(other),
        }
    }
    result
}

/// The bytes that a percent-encoded text stands for.
pub fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|digits| std::str::from_utf8(digits).ok());
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
    bytes
}

/// Base64 with padding, as RFC 4648 has it.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let number = group.iter().fold(0u32, |number, &byte| number << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for digit in 0..4 {
            let is_padding = digit > group.len();
            let index = (number >> (18 - 6 * digit)) & 63;
            text.push(if is_padding { '=' } else { char::from(DIGITS[index as usize]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> String {
        Address::parse(text).unwrap().to_string()
    }

    #[test]
    fn addresses_from_tables_are_made_fit_for_a_request() {
        for (text, expected) in [
            (
                " https://museum.example/soie brodée/50%/a%20b.jpg?x={1}#top ",
                "https://museum.example/soie%20brod%C3%A9e/50%25/a%20b.jpg?x=%7B1%7D",
            ),
            ("HTTP://Museum.Example:8080/A.jpg?X=1", "http://museum.example:8080/A.jpg?X=1"),
            ("http://museum.example:80/a", "http://museum.example/a"),
            ("HTTPS://museum.example:443", "https://museum.example/"),
            ("http://museum.example/x/../pics/./c.jpg", "http://museum.example/pics/c.jpg"),
            ("http://museum.example/../../a.jpg", "http://museum.example/a.jpg"),
            ("http://museum.example/x/%2e%2E/a.jpg", "http://museum.example/a.jpg"),
            ("http://museum.example\\pics\\a.jpg", "http://museum.example/pics/a.jpg"),
            ("http://bücher.example/a.jpg", "http://xn--bcher-kva.example/a.jpg"),
            ("http://BÜCHER.example/a.jpg", "http://xn--bcher-kva.example/a.jpg"),
            ("http://例え.テスト/絵.jpg", "http://xn--r8jz45g.xn--zckzah/%E7%B5%B5.jpg"),
            ("http://[::1]:8080/a", "http://[::1]:8080/a"),
            ("http://museum.example/a|b.jpg?c=d|e", "http://museum.example/a%7Cb.jpg?c=d%7Ce"),
            ("http://me:secret@museum.example/a", "http://museum.example/a"),
        ] {
            assert_eq!(sent(text), expected, "{text}");
        }
        assert_eq!(Address::parse("HTTP://Museum.Example:8080/a").unwrap().host(), "museum.example");
    }

    #[test]
    fn the_beginning_of_an_address_has_its_host() {
        for (text, begin) in [
            (" http://museum.example/a/b.jpg", "http://museum.example"),
            ("HTTPS:\\\\me:p@Museum.example:8080\\a", "HTTPS:\\\\me:p@Museum.example:8080"),
            ("http://[::1]:80?a=/b", "http://[::1]:80"),
            ("http://museum.example", "http://museum.example"),
            ("http:///a.jpg", "http://"),
            ("images/a.jpg", "images/a.jpg"),
            ("http:/a/b", "http:/a/b"),
        ] {
            assert_eq!(up_to_host(text), begin, "{text}");
            let host = |text| Address::parse(text).map(|address| address.host()).ok();
            assert_eq!(host(up_to_host(text)), host(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_web_address_is_refused_in_words() {
        for (text, expected) in [
            ("ftp://museum.example/a.jpg", "is not an http or https address: `ftp:` addresses are not fetched"),
            ("mailto:museum@b.example", "is not an http or https address"),
            ("images/a.jpg", "`images/a.jpg` is not an http or https address"),
            ("", "is empty"),
            ("http:///a.jpg", "not a valid address"),
            ("http://", "not a valid address"),
            ("http:a.jpg", "not a valid address"),
            ("http://museum.example:99999/a", "not a valid address"),
            ("http://[::1/a", "not a valid address"),
            ("//museum.example/a.jpg", "begins with `//`: is `https://museum.example/a.jpg` meant?"),
            ("WWW.museum.example/a.jpg", "is `https://WWW.museum.example/a.jpg` meant?"),
            ("data:image/png;base64,AAAA", "save it as a file"),
        ] {
            let reason = Address::parse(text).unwrap_err();
            assert!(reason.contains(expected), "{text}: {reason}");
        }
        let reason = Address::parse("http://me:secret@museum.example:x/a").unwrap_err();
        assert!(!reason.contains("secret") && !reason.contains("me:"), "{reason}");
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
            ("../../pics/./c.jpg", "https://a.example:444/pics/c.jpg"),
            ("c.jpg#part", "https://a.example:444/x/c.jpg"),
        ] {
            assert_eq!(from.join(location).unwrap().to_string(), expected);
        }
        assert!(from.join("mailto:museum@b.example").is_err());
    }

    #[test]
    fn user_name_and_password_stay_with_their_host_and_scheme() {
        let from = Address::parse("https://Aladdin:open%20sesame@a.example/x").unwrap();
        let expected = Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==".to_owned());
        assert_eq!(from.authorization(), expected);
        assert_eq!(from.join("/y").unwrap().authorization(), expected);
        assert_eq!(from.join("https://A.example:443/y").unwrap().authorization(), expected);
        for elsewhere in ["http://a.example/y", "https://b.example/y", "//b.a.example/y", "https://a.example:444/y"] {
            assert_eq!(from.join(elsewhere).unwrap().authorization(), None, "{elsewhere}");
        }
        assert!(!format!("{from} {from:?}").contains("esame"));
        assert_eq!(without_userinfo("http://me:p@ss@a.example/b@c"), "http://a.example/b@c");
        assert_eq!(without_userinfo("HTTP:\\\\me:p@a.example"), "HTTP:\\\\a.example");
        for plain in ["http://a.example/b@c", "a//b@c/d.jpg", "b@c", "", "http:"] {
            assert_eq!(without_userinfo(plain), plain);
        }
        assert_eq!(
            (base64(b""), base64(b"f"), base64(b"fo"), base64(b"foo")),
            ("".into(), "Zg==".into(), "Zm8=".into(), "Zm9v".into())
        );
    }
}
