//! One request and its answer, on a thread of its own.
//!
//! A thread that waits for a silent server cannot be woken, so it is left behind when its exchange is dropped. It ends with
//! the next time-out or the next bytes.

use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use silknow_errors::Error;
use ureq::Agent;

use crate::address::Address;
use crate::fault::Fault;
use crate::hosts::GLANCE;
use crate::http_fault::fault_of;
use crate::policy::Policy;

const CHUNK_BYTES: usize = 64 * 1024;

/// Chunks that may wait for their reader; more would only fill memory.
const CHUNKS_AHEAD: usize = 8;

/// Status and headers of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub status: u16,
    /// The status's number and usual name, such as `404 Not Found`.
    pub status_text: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The value of a header, its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of a header that may occur several times.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

enum Event {
    Head(Head),
    Bytes(Vec<u8>),
    End,
    Failed(ureq::Error),
}

/// A request under way.
pub(crate) struct Exchange<'a> {
    events: Receiver<Event>,
    /// The host as messages name it.
    host: String,
    policy: &'a Policy,
    stop: &'a dyn Fn() -> bool,
}

impl<'a> Exchange<'a> {
    /// Sends the request with `cookies`, through `proxy` where there is one; `total` bounds the whole exchange. A system that
    /// starts no further thread is a local fault.
    pub fn start(
        agent: &Agent,
        address: &Address,
        cookies: Option<&str>,
        proxy: Option<&ureq::Proxy>,
        total: Option<Duration>,
        policy: &'a Policy,
        stop: &'a dyn Fn() -> bool,
    ) -> Result<Self, Fault> {
        let (sender, events) = sync_channel(CHUNKS_AHEAD);
        let mut request = agent.get(address.to_string());
        if let Some(cookies) = cookies {
            request = request.header("Cookie", cookies);
        }
        if let Some(authorization) = address.authorization() {
            request = request.header("Authorization", authorization);
        }
        let request = request.config().timeout_global(total).proxy(proxy.cloned()).build();
        let talking = move || {
            if let Err(error) = converse(request, &sender) {
                // Nobody listens any more when the exchange was dropped.
                let _ = sender.send(Event::Failed(error));
            }
        };
        std::thread::Builder::new().name("exchange".to_owned()).spawn(talking).map_err(|cause| {
            let hint = "allow this user more processes (`ulimit -u`) or more memory (`ulimit -v`)";
            Fault::Local(Error::io("the system starts no further thread").caused_by(cause).hint(hint))
        })?;
        // Who is at fault is not known when two hosts are on the way.
        let host = match proxy {
            Some(proxy) => format!("{} (through the proxy {}:{})", address.host(), proxy.host(), proxy.port()),
            None => address.host(),
        };
        Ok(Self { events, host, policy, stop })
    }

    /// Status and headers. Call this once, before the body is read.
    pub fn head(&mut self) -> Result<Head, Fault> {
        match self.next()? {
            Event::Head(head) => Ok(head),
            Event::Failed(error) => Err(fault_of(error, &self.host, self.policy)),
            Event::Bytes(_) | Event::End => Err(Fault::lasting("the answer has no head")),
        }
    }

    /// The next bytes of the body; `None` at its end. A body that ends early has an error of its own.
    pub fn bytes(&mut self) -> Result<Option<Vec<u8>>, BodyFault> {
        match self.next().map_err(BodyFault::Other)? {
            Event::Bytes(bytes) => Ok(Some(bytes)),
            Event::Head(_) | Event::End => Ok(None),
            Event::Failed(ureq::Error::Io(cause)) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(BodyFault::Cut)
            }
            Event::Failed(error) => Err(BodyFault::Other(fault_of(error, &self.host, self.policy))),
        }
    }

    fn next(&mut self) -> Result<Event, Fault> {
        loop {
            if (self.stop)() {
                return Err(Fault::Stopped);
            }
            match self.events.recv_timeout(GLANCE) {
                Ok(event) => return Ok(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Fault::passing(format!("the connection to {} ended without a word", self.host)));
                }
            }
        }
    }
}

/// What ended a body too early.
pub(crate) enum BodyFault {
    Cut,
    Other(Fault),
}

type Request = ureq::RequestBuilder<ureq::typestate::WithoutBody>;

/// Sends the request and passes on what comes, until the end or until nobody listens.
fn converse(request: Request, sender: &SyncSender<Event>) -> Result<(), ureq::Error> {
    let response = request.call()?;
    let status = response.status();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let head = Head { status: status.as_u16(), status_text: status.to_string(), headers };
    if sender.send(Event::Head(head)).is_err() {
        return Ok(());
    }
    let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
    loop {
        let mut bytes = vec![0; CHUNK_BYTES];
        let count = body.read(&mut bytes)?;
        bytes.truncate(count);
        let event = if count == 0 { Event::End } else { Event::Bytes(bytes) };
        if sender.send(event).is_err() || count == 0 {
            return Ok(());
        }
    }
}
