//! How patient and how polite fetching is.
//!
//! The numbers, and the length of a wait that follows from them. `client` does the waiting.

use std::time::{Duration, SystemTime};

use silknow_errors::{Error, Result};

use crate::address::Address;
use crate::proxies::Proxies;
use crate::reach::Reach;

/// The longest contact.
const MAX_CONTACT_CHARS: usize = 200;

/// Limits, time-outs and retries. The defaults suit museums' image servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What the program calls itself.
    pub user_agent: String,
    /// The proxies that requests must go through.
    pub proxies: Proxies,
    /// Longest time for finding a host and connecting to it.
    pub connect_timeout: Duration,
    /// Longest silence of a server.
    pub read_timeout: Duration,
    /// A body that brings fewer than `slow_bytes` bytes over this time is given up.
    pub slow_span: Duration,
    /// The least that a body must bring over `slow_span`, in bytes.
    pub slow_bytes: u64,
    /// Longest time for a whole attempt; large downloads are exempt.
    pub total_timeout: Duration,
    /// Attempts for one address, the first included.
    pub attempts: u32,
    /// Wait before the second attempt; it doubles with every further one.
    pub first_wait: Duration,
    /// Longest wait before an attempt, also where a server asks for more.
    pub longest_wait: Duration,
    /// Longest time, in all, that requests to one host wait because the host asks for it.
    pub patience: Duration,
    /// Which addresses requests may lead to.
    pub reach: Reach,
    /// Redirects that one attempt follows.
    pub redirects: u32,
    /// Longest body, in bytes; large downloads state their own.
    pub limit_bytes: u64,
    /// Requests at once over all hosts.
    pub at_once: usize,
    /// Requests at once to one host.
    pub per_host: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            user_agent: concat!("silknow/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxies: Proxies::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            slow_span: Duration::from_secs(30),
            slow_bytes: 30_000,
            total_timeout: Duration::from_secs(300),
            attempts: 4,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(120),
            patience: Duration::from_secs(900),
            reach: Reach::default(),
            redirects: 10,
            limit_bytes: 100_000_000,
            at_once: 8,
            per_host: 2,
        }
    }
}

impl Policy {
    /// This policy, with a contact in what the program calls itself: `silknow/1.0 (mail@museum.example)`. Some servers
    /// demand one. An empty contact changes nothing.
    ///
    /// # Errors
    /// A contact that is neither an e-mail address nor a web address; it could change the header otherwise.
    pub fn with_contact(mut self, contact: &str) -> Result<Self> {
        let contact = contact.trim();
        if contact.is_empty() {
            return Ok(self);
        }
        let is_mail = || {
            let address = contact.strip_prefix("mailto:").unwrap_or(contact);
            matches!(address.split_once('@'), Some((name, host))
                if !name.is_empty() && host.contains('.') && !host.contains(['@', '/', ':']) && !name.contains(['/', ':']))
        };
        let is_plain = contact.chars().all(|letter| letter.is_ascii_graphic() && !"()\\\"".contains(letter));
        let is_web = || contact.contains("://") && Address::parse(contact).is_ok();
        if !is_plain || contact.len() > MAX_CONTACT_CHARS || !(is_mail() || is_web()) {
            return Err(Error::configuration(format!(
                "user_agent_contact: `{}` is no contact",
                contact.chars().take(MAX_CONTACT_CHARS).flat_map(char::escape_debug).collect::<String>()
            ))
            .hint("give an e-mail address or the https address of a page, without blanks and brackets"));
        }
        self.user_agent = format!("{} ({contact})", self.user_agent);
        Ok(self)
    }

    /// The wait after `failures` failed attempts (at least 1), when the server asked for `asked`.
    ///
    /// The wait doubles from failure to failure; `jitter` in [0, 1) takes up to half of it away, so that
    /// requests that failed together do not come back together. The wait is never shorter than the server asked for,
    /// and never longer than [`longest_wait`](Self::longest_wait).
    pub(crate) fn wait(&self, failures: u32, asked: Option<Duration>, jitter: f64) -> Duration {
        let doubled = self.first_wait.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1)));
        let backoff = doubled.min(self.longest_wait).mul_f64(1.0 - jitter / 2.0);
        backoff.max(asked.unwrap_or_default()).min(self.longest_wait)
    }
}

/// What a `Retry-After` header asks for: seconds, or a date seen from `now`.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        // A date that has passed asks for nothing.
        Err(_) => Some(httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let policy = Policy { first_wait: seconds(1), longest_wait: seconds(10), ..Policy::default() };
        let waits: Vec<_> = (1..7).map(|failures| policy.wait(failures, None, 0.0)).collect();
        assert_eq!(waits, [1, 2, 4, 8, 10, 10].map(seconds));
        assert_eq!(policy.wait(u32::MAX, None, 0.0), seconds(10));
    }

    #[test]
    fn a_contact_follows_the_name_and_cannot_change_the_header() {
        let named = |contact: &str| Policy { user_agent: "silk/1".into(), ..Policy::default() }.with_contact(contact);
        for contact in ["curator@museum.example", "mailto:c.d+x@museum.example", "https://museum.example/~bots?x=1"] {
            assert_eq!(named(contact).unwrap().user_agent, format!("silk/1 ({contact})"));
        }
        assert_eq!(named("  ").unwrap().user_agent, "silk/1");
        for contact in [
            "me@museum.example\r\nX-Evil: 1",
            "me",
            "@museum.example",
            "a@b",
            "x (y)@museum.example",
            "é@museum.example",
            "ftp://museum.example",
        ] {
            let error = named(contact).unwrap_err().to_string();
            assert!(error.contains("user_agent_contact") && !error.contains('\r'), "{error}");
        }
        assert!(named(&format!("{}@museum.example", "a".repeat(200))).is_err());
    }

    #[test]
    fn jitter_takes_at_most_half_of_a_wait() {
        let policy = Policy { first_wait: seconds(4), ..Policy::default() };
        assert_eq!(policy.wait(1, None, 0.5), seconds(3));
        assert!(policy.wait(1, None, 0.999) > seconds(2));
    }

    #[test]
    fn a_servers_wish_is_honoured_up_to_the_longest_wait() {
        let policy = Policy { first_wait: seconds(4), longest_wait: seconds(60), ..Policy::default() };
        assert_eq!(policy.wait(1, Some(seconds(30)), 0.5), seconds(30));
        assert_eq!(policy.wait(1, Some(seconds(1)), 0.5), seconds(3));
        assert_eq!(policy.wait(1, Some(seconds(86_400)), 0.5), seconds(60));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(retry_after(" 120 ", now), Some(seconds(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now), Some(seconds(30)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(seconds(0)));
        assert_eq!(retry_after("soon", now), None);
    }
}
