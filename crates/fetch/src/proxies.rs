//! Which requests go through a proxy, and through which.
//!
//! The choice depends on scheme and host. The caller reads the proxies from the environment or a file.

use silknow_errors::{Error, Result};

use crate::address::Address;

/// The proxies that requests must go through. The default is to use no proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http` addresses: `http://user:password@host:port`, or with `https`, `socks4`, `socks4a`, `socks5` or
    /// `socks5h` before the colon. All but the host can be left out.
    pub http: Option<String>,
    /// For `https` addresses, written the same way.
    pub https: Option<String>,
    /// Hosts that are asked directly: `museum.example` is this host and all below it, `*` is every host.
    pub direct: Vec<String>,
}

/// Proxies whose addresses were understood.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    http: Option<ureq::Proxy>,
    https: Option<ureq::Proxy>,
    direct: Vec<String>,
}

impl Route {
    pub fn new(proxies: &Proxies) -> Result<Self> {
        let understood = |address: &Option<String>| address.as_deref().map(ureq::Proxy::new).transpose();
        let failed = |cause| {
            // The address itself is not repeated: it may hold a password.
            Error::configuration("a proxy address cannot be read")
                .caused_by(cause)
                .hint("write it as http://host:port, in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY")
        };
        Ok(Self {
            http: understood(&proxies.http).map_err(failed)?,
            https: understood(&proxies.https).map_err(failed)?,
            direct: proxies.direct.iter().map(|host| host.trim().trim_start_matches("*.").to_lowercase()).collect(),
        })
    }

    /// The proxy for an address; `None` where its host is asked directly.
    pub fn proxy(&self, address: &Address) -> Option<&ureq::Proxy> {
        let proxy = if address.is_secure() { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !self.is_direct(&address.host()))
    }

    fn is_direct(&self, host: &str) -> bool {
        self.direct.iter().any(|entry| {
            let entry = entry.trim_start_matches('.');
            let below = || host.strip_suffix(entry).is_some_and(|front| front.ends_with('.'));
            entry == "*" || (!entry.is_empty() && (host == entry || below()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_chooses_the_proxy_and_some_hosts_need_none() {
        let proxies = Proxies {
            http: Some("plain.example:3128".to_owned()),
            https: Some("socks5h://secure.example".to_owned()),
            direct: ["museum.example", " .local", "*.lan", "", "127.0.0.1"].map(str::to_owned).to_vec(),
        };
        let route = Route::new(&proxies).unwrap();
        let host = |address: &str| {
            let address = Address::parse(address).unwrap();
            route.proxy(&address).map(|proxy| format!("{}:{}", proxy.host(), proxy.port()))
        };
        assert_eq!(host("http://silk.example/a").as_deref(), Some("plain.example:3128"));
        assert_eq!(host("https://silk.example/a").as_deref(), Some("secure.example:1080"));
        assert_eq!(host("https://notmuseum.example/a").as_deref(), Some("secure.example:1080"));
        for direct in ["museum.example", "Images.Museum.Example", "nas.local", "nas.lan", "127.0.0.1"] {
            assert_eq!(host(&format!("http://{direct}/a")), None, "{direct}");
        }
        assert!(Route::new(&Proxies::default()).unwrap().proxy(&Address::parse("http://a.example").unwrap()).is_none());
    }

    #[test]
    fn an_unreadable_proxy_address_is_refused_without_repeating_its_password() {
        let proxies = Proxies { https: Some("gopher://me:secret@proxy".to_owned()), ..Proxies::default() };
        let message = Route::new(&proxies).unwrap_err().to_string();
        assert!(message.contains("HTTPS_PROXY") && !message.contains("secret"), "{message}");
    }
}
