//! Why an attempt failed, in words, and whether another one is worth while.

use std::time::Duration;

use silknow_errors::Error;

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
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        if error.is_interruption() { Self::Stopped } else { Self::Local(error) }
    }
}
