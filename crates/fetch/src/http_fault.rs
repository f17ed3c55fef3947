//! What the errors of the HTTP library mean, in words.

use std::io::ErrorKind;
use std::time::Duration;

use ureq::Timeout;

use crate::fault::Fault;
use crate::policy::Policy;

/// The fault behind an error of the HTTP library, for a request to `host`.
pub(crate) fn fault_of(error: ureq::Error, host: &str, policy: &Policy) -> Fault {
    let seconds = |time: Duration| format!("{} s", time.as_secs_f32());
    match error {
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            Fault::passing(format!("no connection to {host} after {}", seconds(policy.connect_timeout)))
        }
        ureq::Error::Timeout(Timeout::PerRead | Timeout::RecvResponse | Timeout::PerWrite) => {
            Fault::passing(format!("timed out: {host} was silent for {}", seconds(policy.read_timeout)))
        }
        ureq::Error::Timeout(_) => Fault::passing(format!("timed out after {}", seconds(policy.total_timeout))),
        ureq::Error::HostNotFound => Fault::lasting(format!("the host {host} was not found")),
        ureq::Error::Io(cause) => match cause.kind() {
            ErrorKind::ConnectionRefused => Fault::passing(format!("{host} refused the connection")),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                Fault::passing(format!("{host} broke the connection"))
            }
            _ => fault_of_look_up(&cause, host)
                .unwrap_or_else(|| Fault::passing(format!("the connection to {host} broke: {cause}"))),
        },
        ureq::Error::Protocol(cause) => Fault::passing(format!("{host} sent a broken answer: {cause}")),
        cause @ (ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_)) => {
            Fault::lasting(format!("no secure connection to {host}: {cause}"))
        }
        ureq::Error::ConnectionFailed | ureq::Error::BodyStalled | ureq::Error::Decompress(..) => {
            Fault::passing(format!("the connection to {host} broke: {error}"))
        }
        cause => Fault::lasting(cause.to_string()),
    }
}

/// The fault of a host whose name leads nowhere. The standard library has no kind of its own for it, only these words.
fn fault_of_look_up(cause: &std::io::Error, host: &str) -> Option<Fault> {
    let text = cause.to_string();
    let reason = text.strip_prefix("failed to lookup address information: ")?;
    let message = format!("the host {host} was not found ({reason})");
    Some(if reason.starts_with("Temporary") { Fault::passing(message) } else { Fault::lasting(message) })
}
