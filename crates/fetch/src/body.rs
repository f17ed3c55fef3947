//! The body of a successful answer: whole, within its limit, or a reason why not.

use std::time::Instant;

use crate::exchange::{BodyFault, Exchange, Head};
use crate::fault::Fault;
use crate::policy::Policy;

/// A body that is being received.
pub(crate) struct Body<'a> {
    exchange: Exchange<'a>,
    pub head: Head,
    /// The checksum that the hub states for a large file, also where it redirects to another host.
    pub linked_etag: Option<String>,
    /// Its length in bytes, where the server states one that can be relied on.
    pub length: Option<u64>,
    received: u64,
    limit: u64,
    pace: Pace<'a>,
}

/// How fast a body comes, looked at over one span of time after the other.
struct Pace<'a> {
    policy: &'a Policy,
    since: Instant,
    bytes: u64,
}

impl Pace<'_> {
    /// Counts bytes that came. A server that sent too few over a whole span is given up.
    fn count(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes += bytes as u64;
        let span = self.policy.slow_span;
        if self.since.elapsed() < span {
            return Ok(());
        }
        if self.bytes < self.policy.slow_bytes {
            return Err(Fault::passing(format!(
                "too slow: {} bytes came in {} s",
                self.bytes,
                self.since.elapsed().as_secs_f32().round()
            )));
        }
        (self.since, self.bytes) = (Instant::now(), 0);
        Ok(())
    }
}

impl<'a> Body<'a> {
    /// The body that follows `head`; an error where it is stated to be longer than `limit` bytes.
    pub fn new(
        exchange: Exchange<'a>,
        head: Head,
        linked_etag: Option<String>,
        limit: u64,
        policy: &'a Policy,
    ) -> Result<Self, Fault> {
        // The length of an encoded body is not that of its content.
        let length = match head.header("content-encoding") {
            None | Some("identity") => head.header("content-length").and_then(|length| length.parse().ok()),
            Some(_) => None,
        };
        if let Some(length) = length
            && length > limit
        {
            return Err(Fault::lasting(format!("the body has {length} bytes, above the limit of {limit}")));
        }
        let pace = Pace { policy, since: Instant::now(), bytes: 0 };
        Ok(Self { exchange, head, linked_etag, length, received: 0, limit, pace })
    }

    /// The next bytes; `None` at the end of a whole body.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        match self.exchange.bytes() {
            Ok(Some(bytes)) => {
                self.received += bytes.len() as u64;
                if self.received > self.limit {
                    return Err(Fault::lasting(format!("the body is longer than the limit of {} bytes", self.limit)));
                }
                self.pace.count(bytes.len())?;
                Ok(Some(bytes))
            }
            Ok(None) if self.length.is_some_and(|length| self.received < length) => Err(self.cut()),
            Ok(None) => Ok(None),
            Err(BodyFault::Cut) => Err(self.cut()),
            Err(BodyFault::Other(fault)) => Err(fault),
        }
    }

    /// Everything that is left.
    pub fn read_all(&mut self) -> Result<Vec<u8>, Fault> {
        let mut content = Vec::new();
        while let Some(bytes) = self.next()? {
            content.extend_from_slice(&bytes);
        }
        Ok(content)
    }

    fn cut(&self) -> Fault {
        let received = self.received;
        Fault::passing(match self.length {
            Some(length) => format!("the body was cut after {received} of {length} bytes"),
            None => format!("the body was cut after {received} bytes"),
        })
    }
}
