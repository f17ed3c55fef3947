//! Fetching one address: attempts, redirects, and where the bytes go.
//!
//! This module decides what counts as success. `policy` says how long to wait, `schedule` how many run at once.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};
use silknow_errors::{Error, Result};
use silknow_files as files;
use silknow_progress::{Observer, Progress};
use ureq::Agent;
use ureq::unversioned::transport::DefaultConnector;

use crate::address::{Address, without_userinfo};
use crate::body::Body;
use crate::cookies::Cookies;
use crate::exchange::{Exchange, Head};
use crate::fault::Fault;
use crate::hosts::{GLANCE, Hosts, Visit};
use crate::policy::{Policy, retry_after};
use crate::proxies::Route;
use crate::reach::{Guard, Known, Range, Reach, check};

/// Fetches addresses by one policy. Clones share connections and the count of requests per host.
#[derive(Clone, Debug)]
pub struct Client {
    agents: Arc<Agents>,
    policy: Policy,
    route: Route,
    hosts: Arc<Hosts>,
    known: Known,
}

/// One agent for each distance that requests may go. They share no connections, so that none is used for a request that
/// may not go as far.
#[derive(Debug)]
struct Agents {
    public: Agent,
    private: Agent,
    everywhere: Agent,
}

impl Agents {
    fn up_to(&self, most: Range) -> &Agent {
        match most {
            Range::Public => &self.public,
            Range::Private => &self.private,
            Range::LinkLocal => &self.everywhere,
        }
    }
}

/// A successful answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Header names in lower case, and their values, in the order of the answer.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// What is known of a file that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, in lower-case hexadecimal digits.
    pub sha256: String,
    /// The `ETag` of the answer, else its `Last-Modified`; empty where it has neither.
    pub validator: String,
}

/// What is known of a finished download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadInfo {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, in lower-case hexadecimal digits.
    pub sha256: String,
    /// The server's tag for the content without quotes: `x-linked-etag` where there is one, else `etag`.
    pub etag: Option<String>,
}

impl Client {
    /// A client for `policy`.
    ///
    /// # Errors
    /// A proxy address that cannot be read.
    pub fn new(policy: Policy) -> Result<Self> {
        let config = Agent::config_builder()
            .user_agent(&policy.user_agent)
            // Images are compressed already, and a stated length is that of the content only without a further encoding.
            .accept_encoding("identity")
            // Each request chooses its proxy. By default the HTTP library would read one from the environment.
            .proxy(None)
            // This module follows redirects itself, to count requests per host and to keep headers on the way.
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_resolve(Some(policy.connect_timeout))
            .timeout_connect(Some(policy.connect_timeout))
            .timeout_per_read(Some(policy.read_timeout))
            .timeout_per_write(Some(policy.read_timeout))
            .timeout_recv_response(Some(policy.read_timeout))
            .build();
        let hosts = Arc::new(Hosts::new(policy.per_host));
        let route = Route::new(&policy.proxies)?;
        let known = Known::default();
        let agent = |most| Agent::with_parts(config.clone(), DefaultConnector::default(), Guard::new(most, &known));
        let agents = Agents {
            public: agent(Range::Public),
            private: agent(Range::Private),
            everywhere: agent(Range::LinkLocal),
        };
        Ok(Self { agents: Arc::new(agents), policy, route, hosts, known })
    }

    /// This client for the addresses that a document from `address`, which was fetched with it, names: a public document
    /// leads to public addresses alone.
    pub fn led_by(&self, address: &str) -> Self {
        let is_public = Address::parse(address).is_ok_and(|address| self.known.range(&address) == Range::Public);
        let reach = if self.policy.reach == Reach::AsFirst && is_public { Reach::Public } else { self.policy.reach };
        Self { policy: Policy { reach, ..self.policy.clone() }, ..self.clone() }
    }

    /// The policy that this client keeps.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn hosts(&self) -> &Arc<Hosts> {
        &self.hosts
    }

    /// Fetches an address into memory.
    ///
    /// # Errors
    /// Why the last attempt failed, or an interruption.
    pub fn get(&self, url: &str, observer: &dyn Observer) -> Result<Response> {
        let stop = || observer.interrupted();
        let answer = self.to_memory(url, self.policy.limit_bytes, &mut None, &stop);
        let (head, body) = answer.map_err(|fault| in_words(fault, url))?;
        Ok(Response { headers: head.headers, body })
    }

    /// Fetches an address, with a visit that was begun already, into a file, which is written as a whole once `check`
    /// accepts the content.
    pub(crate) fn to_file(
        &self,
        url: &str,
        destination: &Path,
        check: &dyn Fn(&[u8]) -> Result<()>,
        visit: &mut Option<Visit>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Fetched, Fault> {
        let (head, content) = self.to_memory(url, self.policy.limit_bytes, visit, stop)?;
        check(&content).map_err(|error| Fault::lasting(error.in_one_line()))?;
        files::write(destination, &content)?;
        let validator = head.header("etag").or_else(|| head.header("last-modified"));
        Ok(Fetched {
            bytes: content.len() as u64,
            sha256: files::digest::hexadecimal(&Sha256::digest(&content)),
            validator: validator.unwrap_or_default().trim().to_owned(),
        })
    }

    /// Fetches an address of at most `limit_bytes` into memory, with a visit that was begun already.
    pub(crate) fn to_memory(
        &self,
        url: &str,
        limit_bytes: u64,
        visit: &mut Option<Visit>,
        stop: &dyn Fn() -> bool,
    ) -> Result<(Head, Vec<u8>), Fault> {
        self.attempts(url, visit, stop, |address, visit| {
            let mut body = self.open(address, visit, Some(self.policy.total_timeout), limit_bytes, stop)?;
            let content = body.read_all()?;
            Ok((body.head, content))
        })
    }

    /// Downloads a large file, such as a network's weights, without holding it in memory.
    ///
    /// The content is compared with `sha256` (hexadecimal digits), else with the checksum that the Hugging
    /// Face hub states, before the file takes its name. The progress counts bytes under the name `task`.
    ///
    /// # Errors
    /// Why the last attempt failed (a wrong checksum too), that the file cannot be written, or an
    /// interruption. What stood under the name before stands there still.
    pub fn download(
        &self,
        url: &str,
        destination: impl AsRef<Path>,
        limit_bytes: u64,
        sha256: Option<&str>,
        task: &str,
        observer: &dyn Observer,
    ) -> Result<DownloadInfo> {
        let stop = || observer.interrupted();
        let mut meter = Meter { observer, task, progress: None, shown: 0 };
        self.attempts(url, &mut None, &stop, |address, visit| {
            let body = self.open(address, visit, None, limit_bytes, &stop)?;
            store(body, destination.as_ref(), sha256, &mut meter)
        })
        .map_err(|fault| in_words(fault, url))
    }

    /// Runs attempts until one succeeds, one fails in a way that will not pass, or the policy allows no more.
    fn attempts<T>(
        &self,
        url: &str,
        visit: &mut Option<Visit>,
        stop: &dyn Fn() -> bool,
        mut attempt: impl FnMut(&Address, &mut Option<Visit>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let address = Address::parse(url).map_err(Fault::lasting)?;
        let mut failures = 0;
        loop {
            match attempt(&address, visit) {
                Err(Fault::Passing { reason, asked_wait }) if failures + 1 < self.policy.attempts => {
                    failures += 1;
                    let wait = self.policy.wait(failures, asked_wait, jitter());
                    let patience = self.policy.patience;
                    if asked_wait.is_some() && !self.hosts.grant_wait(&address.host(), wait, patience) {
                        let seconds = patience.as_secs_f32();
                        let reason = format!("{reason}: the host asks for longer waits than {seconds} s in all");
                        return Err(Fault::Lasting { reason });
                    }
                    sleep(wait, stop)?;
                }
                result => return result,
            }
        }
    }

    /// Asks for `address`, follows redirects, and returns the body of a success. Cookies that are set on the way go back to
    /// where they belong, and are forgotten in the end.
    fn open<'a>(
        &'a self,
        address: &Address,
        visit: &mut Option<Visit>,
        total: Option<Duration>,
        limit_bytes: u64,
        stop: &'a dyn Fn() -> bool,
    ) -> Result<Body<'a>, Fault> {
        let mut address = address.clone();
        let mut cookies = Cookies::default();
        let mut visited = HashSet::new();
        let mut linked_etag = None;
        let mut most = match self.policy.reach {
            Reach::Public => Range::Public,
            Reach::AsFirst => Range::Private,
            Reach::Everywhere => Range::LinkLocal,
        };
        for _ in 0..=self.policy.redirects {
            let host = address.host();
            *visit = Some(match visit.take() {
                Some(visit) => visit.move_to(&host, stop)?,
                None => self.hosts.enter(&host, stop)?,
            });
            check(&address, most, &self.known)?;
            let agent = self.agents.up_to(most);
            let (cookie, proxy) = (cookies.header_for(&address), self.route.proxy(&address));
            let mut exchange = Exchange::start(agent, &address, cookie.as_deref(), proxy, total, &self.policy, stop)?;
            let head = exchange.head()?;
            if self.policy.reach == Reach::AsFirst {
                // The first address may be private; a public one may not lead there.
                most = most.min(self.known.range(&address));
            }
            linked_etag = linked_etag.or_else(|| head.header("x-linked-etag").map(unquoted));
            match (head.status, head.header("location")) {
                (300..=303 | 307 | 308, Some(location)) => {
                    head.all("set-cookie").for_each(|header| cookies.take(header, &address));
                    visited.insert(address.to_string());
                    address = address.join(location).map_err(|reason| {
                        Fault::lasting(format!("{host} redirects to an address that cannot be fetched: {reason}"))
                    })?;
                }
                (200..=299, _) => return Body::new(exchange, head, linked_etag, limit_bytes, &self.policy),
                _ => return Err(refusal(&head)),
            }
        }
        // An address may redirect to itself until its picture is ready, so a circle is an error only when it does not end.
        let redirects = self.policy.redirects;
        Err(Fault::lasting(if visited.contains(&address.to_string()) {
            format!(
                "the redirects go in a circle: more than {redirects} redirects, and the last leads to `{address}` again"
            )
        } else {
            format!("more than {redirects} redirects, the last of them to `{address}`")
        }))
    }
}

/// The fault behind a status that is not a success.
fn refusal(head: &Head) -> Fault {
    let reason = format!("HTTP {}", head.status_text);
    match head.status {
        408 | 429 | 500..=599 => {
            let asked_wait = head.header("retry-after").and_then(|value| retry_after(value, SystemTime::now()));
            Fault::Passing { reason, asked_wait }
        }
        _ => Fault::Lasting { reason: format!("{reason}{}", advice(head.status)) },
    }
}

/// What can be done about a lasting refusal, where its status tells.
fn advice(status: u16) -> &'static str {
    match status {
        401 | 407 => ": the server asks for a user name and password",
        403 => ": the server refuses; some want a contact (key user_agent_contact), others a permission",
        404 | 410 => ": there is nothing at this address; look at it in a browser",
        _ => "",
    }
}

/// Writes a body to its file and checks its checksum.
fn store(
    mut body: Body<'_>,
    destination: &Path,
    sha256: Option<&str>,
    meter: &mut Meter<'_>,
) -> Result<DownloadInfo, Fault> {
    meter.begin(body.length);
    let mut fault = None;
    let mut info = None;
    let written = files::write_with(destination, |file| {
        // An error makes `write_with` give up the file. It cannot carry a fault of the network, which is kept beside it.
        let mut receive = || -> Result<DownloadInfo, Fault> {
            let mut digest = Sha256::new();
            let mut bytes = 0;
            while let Some(chunk) = body.next()? {
                digest.update(&chunk);
                bytes += chunk.len() as u64;
                file.write_all(&chunk).map_err(|cause| files::refused("cannot write", destination, cause))?;
                meter.reach(bytes);
            }
            let etag = body.linked_etag.clone().or_else(|| body.head.header("etag").map(unquoted));
            let info = DownloadInfo { bytes, sha256: files::digest::hexadecimal(&digest.finalize()), etag };
            check_sum(&info, sha256.or(body.linked_etag.as_deref()))?;
            Ok(info)
        };
        info = Some(receive().map_err(|found| {
            fault = Some(found);
            Error::interrupted()
        })?);
        Ok(())
    });
    match (fault, written, info) {
        (Some(fault), ..) => Err(fault),
        (None, Err(error), _) => Err(error.into()),
        (None, Ok(()), info) => info.ok_or_else(|| Error::internal("a download ended without a result").into()),
    }
}

/// Compares a checksum with the expected one. A tag that is not a SHA-256 cannot be compared and is accepted.
fn check_sum(info: &DownloadInfo, expected: Option<&str>) -> Result<(), Fault> {
    match expected {
        Some(expected) if is_sha256(expected) && !expected.eq_ignore_ascii_case(&info.sha256) => {
            Err(Fault::passing(format!("the content has the SHA-256 {}, and not {expected}", info.sha256)))
        }
        _ => Ok(()),
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// A tag without its quotes and its mark for weak comparison.
fn unquoted(tag: &str) -> String {
    tag.trim().trim_start_matches("W/").trim_matches('"').to_owned()
}

/// The progress of a download in bytes. An attempt that starts over does not count twice.
struct Meter<'a> {
    observer: &'a dyn Observer,
    task: &'a str,
    progress: Option<Box<dyn Progress>>,
    shown: u64,
}

impl Meter<'_> {
    fn begin(&mut self, length: Option<u64>) {
        self.progress.get_or_insert_with(|| self.observer.begin(self.task, length.unwrap_or(0)));
    }

    fn reach(&mut self, bytes: u64) {
        if let Some(progress) = &self.progress
            && bytes > self.shown
        {
            progress.advance(bytes - self.shown);
            self.shown = bytes;
        }
    }
}

/// Waits, but not beyond a wish to stop.
fn sleep(wait: Duration, stop: &dyn Fn() -> bool) -> Result<(), Fault> {
    let end = Instant::now() + wait;
    loop {
        if stop() {
            return Err(Fault::Stopped);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(GLANCE));
    }
}

/// A number in [0, 1) that differs from process to process, machine to machine and call to call: waits must
/// not be the same everywhere, and no result depends on them.
fn jitter() -> f64 {
    let bits = RandomState::new().hash_one(Instant::now()) >> 11;
    bits as f64 / (1u64 << 53) as f64
}

fn in_words(fault: Fault, url: &str) -> Error {
    let url = without_userinfo(url);
    match fault {
        Fault::Stopped => Error::interrupted(),
        Fault::Local(error) => error,
        Fault::Passing { reason, .. } => Error::io(format!("cannot fetch `{url}`: {reason}"))
            .hint("check the network connection and run again; what is there already is not fetched again"),
        Fault::Lasting { reason } => Error::io(format!("cannot fetch `{url}`: {reason}")),
    }
}
