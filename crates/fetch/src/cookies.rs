//! Cookies that a server sets on the way through redirects (RFC 6265). They live as long as one chain of redirects.

use std::time::SystemTime;

use crate::address::Address;

/// More cookies are not kept.
const MAX_COOKIES: usize = 50;

/// The longest name and value together.
const MAX_COOKIE_BYTES: usize = 4096;

/// The cookies of one chain of redirects.
#[derive(Debug, Default)]
pub(crate) struct Cookies(Vec<Cookie>);

#[derive(Debug)]
struct Cookie {
    name: String,
    value: String,
    host: String,
    /// True where the cookie is sent to hosts below `host`, too.
    below: bool,
    path: String,
    secure: bool,
}

impl Cookies {
    /// Keeps or deletes a cookie by a `Set-Cookie` header in the answer of `from`. A cookie that is broken, or that is
    /// meant for another host, is passed over.
    pub fn take(&mut self, header: &str, from: &Address) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let (name, value) = (name.trim(), value.trim());
        let is_sendable = |text: &str| text.bytes().all(|byte| (b' '..0x7f).contains(&byte));
        if name.is_empty() || name.len() + value.len() > MAX_COOKIE_BYTES || !is_sendable(name) || !is_sendable(value) {
            return;
        }
        let host = from.host();
        let mut cookie = Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            host: host.clone(),
            below: false,
            path: folder_of(from.path()).to_owned(),
            secure: false,
        };
        let (mut max_age, mut expires): (Option<i64>, Option<SystemTime>) = (None, None);
        for part in parts {
            let (attribute, value) = part.split_once('=').map_or((part, ""), |(name, value)| (name, value.trim()));
            match attribute.trim().to_ascii_lowercase().as_str() {
                "domain" if !value.trim_matches('.').is_empty() => {
                    let domain = value.trim_start_matches('.').to_ascii_lowercase();
                    // A domain without a dot, such as `com`, would be shared by strangers.
                    if domain != host && (!domain.contains('.') || !is_below(&host, &domain)) {
                        return;
                    }
                    cookie.below = domain.contains('.');
                    cookie.host = domain;
                }
                "path" if value.starts_with('/') => cookie.path = value.to_owned(),
                "secure" => cookie.secure = true,
                "max-age" => max_age = value.parse().ok(),
                "expires" => expires = httpdate::parse_http_date(value).ok(),
                _ => {}
            }
        }
        if cookie.secure && !from.is_secure() {
            return;
        }
        self.0.retain(|kept| (&kept.name, &kept.host, &kept.path) != (&cookie.name, &cookie.host, &cookie.path));
        let is_over = match max_age {
            Some(seconds) => seconds <= 0,
            None => expires.is_some_and(|end| end <= SystemTime::now()),
        };
        if !is_over && self.0.len() < MAX_COOKIES {
            self.0.push(cookie);
        }
    }

    /// The value of the `Cookie` header for a request, longer paths first; `None` without a fitting cookie.
    pub fn header_for(&self, to: &Address) -> Option<String> {
        let host = to.host();
        let fits = |cookie: &&Cookie| {
            let host_fits = cookie.host == host || (cookie.below && is_below(&host, &cookie.host));
            host_fits && path_fits(&cookie.path, to.path()) && (!cookie.secure || to.is_secure())
        };
        let mut fitting: Vec<&Cookie> = self.0.iter().filter(fits).collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = fitting.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// True for a host below a domain. An IP address is below nothing.
fn is_below(host: &str, domain: &str) -> bool {
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    !is_address && host.strip_suffix(domain).is_some_and(|front| front.ends_with('.'))
}

/// The path up to its last slash, which is where a cookie without a path counts.
fn folder_of(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

fn path_fits(cookie: &str, path: &str) -> bool {
    path.strip_prefix(cookie).is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(header: &str, from: &str, to: &str) -> Option<String> {
        let mut cookies = Cookies::default();
        cookies.take(header, &Address::parse(from).unwrap());
        cookies.header_for(&Address::parse(to).unwrap())
    }

    #[test]
    fn a_cookie_goes_back_to_its_host_path_and_scheme_alone() {
        let from = "https://www.museum.example/pics/a.jpg";
        for (header, to, is_sent) in [
            ("a=1", from, true),
            ("a=1; HttpOnly; SameSite=Lax", "http://WWW.museum.example:8080/pics/deep/b.jpg", true),
            ("a=1", "https://www.museum.example/other/b.jpg", false),
            ("a=1", "https://www.museum.example/picsandmore", false),
            ("a=1; Path=/", "https://www.museum.example/other/b.jpg", true),
            ("a=1", "https://museum.example/pics/a.jpg", false),
            ("a=1", "https://evil.example/pics/a.jpg", false),
            ("a=1; Domain=.Museum.Example; Path=/", "https://images.museum.example/b", true),
            ("a=1; Domain=museum.example; Path=/", "https://notmuseum.example/b", false),
            ("a=1; Domain=evil.example; Path=/", "https://evil.example/b", false),
            ("a=1; Domain=example; Path=/", "https://other.example/b", false),
            ("a=1; Secure", "http://www.museum.example/pics/a.jpg", false),
            ("a=1; Secure", from, true),
            ("a=1; Max-Age=0", from, false),
            ("a=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT", from, false),
            ("a=1; Max-Age=60; Expires=Sun, 06 Nov 1994 08:49:37 GMT", from, true),
            ("=1", from, false),
            ("a=\u{1}1", from, false),
        ] {
            assert_eq!(sent(header, from, to), is_sent.then(|| "a=1".to_owned()), "{header} to {to}");
        }
    }

    #[test]
    fn a_cookie_that_is_set_again_replaces_the_first_and_longer_paths_come_first() {
        let address = Address::parse("http://museum.example/pics/a.jpg").unwrap();
        let mut cookies = Cookies::default();
        for header in ["a=1; Path=/", "b=2", "a=3; Path=/"] {
            cookies.take(header, &address);
        }
        assert_eq!(cookies.header_for(&address).as_deref(), Some("b=2; a=3"));
        cookies.take("b=gone; Max-Age=-1", &address);
        assert_eq!(cookies.header_for(&address).as_deref(), Some("a=3"));
    }
}
