//! Which machines are asked: those of the public network, and others only where the user points at them.
//!
//! A table, a manifest or a redirect that comes from strangers may name a machine in the user's own network, whose answers
//! are not meant for it. Names are looked up first, and the connection goes to the very addresses that were checked, so that
//! a name that changes in between gains nothing.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::address::Address;
use crate::fault::Fault;

/// Which addresses requests may lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// A public address leads to public ones alone. One of this machine or of a private network, which the user has put
    /// into a table, leads there, and by redirects to others of these. Link-local addresses, where machines in data centres
    /// tell their secrets, are never asked.
    #[default]
    AsFirst,
    /// Public addresses alone: for those that a document from a public address names.
    Public,
    /// All addresses.
    Everywhere,
}

/// How far from the public network an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Range {
    Public,
    /// Of this machine, of a private network, or reserved.
    Private,
    LinkLocal,
}

impl Range {
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// Source: the registries of special-purpose addresses of RFC 6890 and its updates.
    fn of_v4(address: Ipv4Addr) -> Self {
        let [a, b, c, _] = address.octets();
        match (a, b, c) {
            (169, 254, _) => Self::LinkLocal,
            // This network, loopback, private use, shared address space.
            (0 | 10 | 127, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Self::Private,
            // Protocol assignments, documentation, benchmarks, multicast, reserved and broadcast.
            (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (198, 18 | 19, _) | (224.., ..) => Self::Private,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let [a, b, c, .., g, h] = address.segments();
        let embedded = |high: u16, low: u16| Self::of_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
        match (a, b) {
            (0xfe80..=0xfebf, _) => Self::LinkLocal,
            // Unique local, site-local (deprecated), multicast, documentation.
            (0xfc00..=0xfdff | 0xfec0..=0xfeff | 0xff00.., _) | (0x2001, 0x0db8) => Self::Private,
            // IPv4 addresses behind a translator, in a tunnel, or written as IPv6 ones; loopback among them.
            (0x0064, 0xff9b) => embedded(g, h),
            (0x2002, _) => embedded(b, c),
            (0, 0) => match address.to_ipv4_mapped() {
                Some(mapped) => Self::of_v4(mapped),
                None => embedded(g, h).max(Self::Private),
            },
            _ => Self::Public,
        }
    }
}

/// What was found out about hosts when their names were looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known(Arc<Mutex<HashMap<String, Range>>>);

impl Known {
    /// How far away the host of an address is. Nothing is looked up: a name that was not looked up, because a proxy does
    /// that, counts as public.
    pub fn range(&self, address: &Address) -> Range {
        if let Some(ip) = address.ip() {
            return Range::of(ip);
        }
        let host = address.host();
        let name = host.trim_end_matches('.');
        if name == "localhost" || name.ends_with(".localhost") {
            return Range::Private;
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&host).copied().unwrap_or(Range::Public)
    }

    fn note(&self, host: &str, range: Range) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned(), range);
    }
}

/// Refuses an address whose host is further away than `most`, as far as this is known before it is looked up.
pub(crate) fn check(address: &Address, most: Range, known: &Known) -> Result<(), Fault> {
    let range = known.range(address);
    if range <= most { Ok(()) } else { Err(Fault::lasting(refusal(&address.host(), range))) }
}

fn refusal(host: &str, range: Range) -> String {
    let what = match range {
        Range::LinkLocal => "a link-local address",
        Range::Private | Range::Public => "this machine or a private network",
    };
    format!("{host} leads to {what}, which is not asked: allow_private_addresses lifts this")
}

/// Looks names up, and keeps the addresses that are not too far away.
#[derive(Debug)]
pub(crate) struct Guard<R = DefaultResolver> {
    most: Range,
    known: Known,
    resolver: R,
}

impl Guard {
    pub fn new(most: Range, known: &Known) -> Self {
        Self { most, known: known.clone(), resolver: DefaultResolver::default() }
    }
}

impl<R: Resolver> Resolver for Guard<R> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.resolver.resolve(uri, config, timeout)?;
        let is_proxy = config.proxy().is_some_and(|proxy| uri.host() == Some(proxy.host()));
        if is_proxy {
            // The user has named it.
            return Ok(found);
        }
        let mut kept = self.empty();
        found.iter().filter(|address| Range::of(address.ip()) <= self.most).for_each(|&address| kept.push(address));
        let host = uri.host().unwrap_or_default();
        // A name counts as a private one where all of its addresses are private: mixing them in gains nothing.
        let nearest = found.iter().map(|address| Range::of(address.ip())).min().unwrap_or(Range::Public);
        self.known.note(host, nearest);
        if kept.is_empty() { Err(ureq::Error::Other(Box::new(Refused(refusal(host, nearest))))) } else { Ok(kept) }
    }
}

/// A host that is too far away, in words.
#[derive(Debug)]
pub(crate) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_machines_and_networks_that_are_not_public_are_told() {
        let range = |address: &str| Range::of(address.parse().unwrap());
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "11.0.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert_eq!(range(public), Range::Public, "{public}");
        }
        for private in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fc00::1",
            "fdff::1",
            "fec0::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::127.0.0.1",
        ] {
            assert_eq!(range(private), Range::Private, "{private}");
        }
        for link_local in ["169.254.169.254", "fe80::1", "febf::1", "::ffff:169.254.169.254", "2002:a9fe:a9fe::"] {
            assert_eq!(range(link_local), Range::LinkLocal, "{link_local}");
        }
    }

    /// Gives the same addresses whatever is asked.
    #[derive(Debug)]
    struct Fixed(Vec<IpAddr>);

    impl Resolver for Fixed {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let mut found = self.empty();
            self.0.iter().for_each(|&address| found.push((address, 80).into()));
            Ok(found)
        }
    }

    fn resolved(most: Range, addresses: &[&str], known: &Known) -> Result<Vec<String>, String> {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let guard = Guard { most, known: known.clone(), resolver: Fixed(addresses) };
        let uri = "http://silk.example/a".parse().unwrap();
        let found =
            guard.resolve(&uri, &Config::default(), NextTimeout::default()).map_err(|error| error.to_string())?;
        Ok(found.iter().map(|address| address.ip().to_string()).collect())
    }

    #[test]
    fn the_addresses_that_were_checked_are_those_that_are_connected_to() {
        let known = Known::default();
        let mixed = ["8.8.8.8", "10.0.0.1", "169.254.169.254"];
        assert_eq!(resolved(Range::Public, &mixed, &known).unwrap(), ["8.8.8.8"]);
        assert_eq!(resolved(Range::Private, &mixed, &known).unwrap(), ["8.8.8.8", "10.0.0.1"]);
        assert_eq!(resolved(Range::LinkLocal, &mixed, &known).unwrap(), mixed);
        let message = resolved(Range::Public, &["10.0.0.1"], &known).unwrap_err();
        assert!(message.contains("silk.example leads to this machine or a private network"), "{message}");
        let message = resolved(Range::Private, &["169.254.169.254"], &known).unwrap_err();
        assert!(message.contains("silk.example leads to a link-local address"), "{message}");
    }

    #[test]
    fn what_was_looked_up_and_what_is_written_as_a_number_is_known() {
        let known = Known::default();
        let range = |address: &str| known.range(&Address::parse(address).unwrap());
        assert_eq!(range("http://silk.example/a"), Range::Public);
        resolved(Range::Private, &["192.168.3.4"], &known).unwrap();
        assert_eq!(range("http://silk.example/a"), Range::Private);
        resolved(Range::Private, &["192.168.3.4", "8.8.8.8"], &known).unwrap();
        assert_eq!(range("http://silk.example/a"), Range::Public);
        // Numbers are read as browsers read them.
        for address in
            ["http://127.1/", "http://2130706433/", "http://0x7f.0.0.1/", "http://[::1]/", "http://a.localhost./"]
        {
            assert_eq!(range(address), Range::Private, "{address}");
        }
        assert_eq!(range("http://169.254.169.254/latest"), Range::LinkLocal);
    }
}
