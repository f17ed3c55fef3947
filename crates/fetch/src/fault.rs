//! Why an attempt failed, in words, and whether another one is worth while.

use std::io::ErrorKind;
use std::time::Duration;

use silknow_errors::Error;
use ureq::Timeout;

use crate::policy::Policy;

/// What ended an attempt.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The observer asked to stop.
    Stopped,
    /// Another attempt may succeed, after the wait that the server asked for.
    Passing { reason: String, asked_wait: Option<Duration> },
    /// Another attempt would end the same.
    Lasting { reason: String },
    /// The machine refused the file: no other address fares better.
    Local(Error),
}

impl Fault {
    pub fn passing(reason: impl Into<String>) -> Self {
        Self::Passing { reason: reason.into(), asked_wait: None }
    }

    pub fn lasting(reason: impl Into<String>) -> Self {
        Self::Lasting { reason: reason.into() }
    }

    /// The fault behind an error of the HTTP library, for a request to `host`.
    pub fn from_exchange(error: ureq::Error, host: &str, policy: &Policy) -> Self {
        let seconds = |time: Duration| format!("{} s", time.as_secs_f32());
        match error {
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
                Self::passing(format!("no connection to {host} after {}", seconds(policy.connect_timeout)))
            }
            ureq::Error::Timeout(Timeout::PerRead | Timeout::RecvResponse | Timeout::PerWrite) => {
                Self::passing(format!("timed out: {host} was silent for {}", seconds(policy.read_timeout)))
            }
            ureq::Error::Timeout(_) => Self::passing(format!("timed out after {}", seconds(policy.total_timeout))),
            ureq::Error::HostNotFound => Self::lasting(format!("the host {host} was not found")),
            ureq::Error::Io(cause) => match cause.kind() {
                ErrorKind::ConnectionRefused => Self::passing(format!("{host} refused the connection")),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                    Self::passing(format!("{host} broke the connection"))
                }
                _ => Self::from_look_up(&cause, host)
                    .unwrap_or_else(|| Self::passing(format!("the connection to {host} broke: {cause}"))),
            },
            ureq::Error::Protocol(cause) => Self::passing(format!("{host} sent a broken answer: {cause}")),
            cause @ (ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_)) => {
                Self::lasting(format!("no secure connection to {host}: {cause}"))
            }
            ureq::Error::ConnectionFailed | ureq::Error::BodyStalled | ureq::Error::Decompress(..) => {
                Self::passing(format!("the connection to {host} broke: {error}"))
            }
            cause => Self::lasting(cause.to_string()),
        }
    }

    /// The fault of a host whose name leads nowhere. The standard library has no kind of its own for it, only these words.
    fn from_look_up(cause: &std::io::Error, host: &str) -> Option<Self> {
        let text = cause.to_string();
        let reason = text.strip_prefix("failed to lookup address information: ")?;
        let message = format!("the host {host} was not found ({reason})");
        Some(if reason.starts_with("Temporary") { Self::passing(message) } else { Self::lasting(message) })
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        if error.is_interruption() { Self::Stopped } else { Self::Local(error) }
    }
}
