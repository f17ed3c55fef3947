//! How long work reports and how it is asked to stop.
//!
//! The library never prints: it tells an [`Observer`]. The command line draws bars, the Python package calls
//! back, a test records.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use silknow_errors::{Error, Result};

/// Receives what long work has to say, from any thread.
pub trait Observer: Send + Sync {
    /// A task of `total` steps begins (0: the number is not known). It ends when the returned value is dropped.
    fn begin(&self, task: &str, total: u64) -> Box<dyn Progress>;

    /// Something the user should know, though the work goes on.
    fn warning(&self, message: &str);

    /// Something the user may want to know.
    fn info(&self, message: &str);

    /// True once the work should stop at the next safe point.
    fn interrupted(&self) -> bool {
        false
    }

    /// An [interruption](Error::interrupted) when the work should stop; for use with `?` between steps.
    fn check(&self) -> Result<()> {
        if self.interrupted() { Err(Error::interrupted()) } else { Ok(()) }
    }
}

/// The running end of one task.
pub trait Progress: Send + Sync {
    /// `steps` more steps are done.
    fn advance(&self, steps: u64);

    /// What the task is busy with, in a few words (a loss, a file name).
    fn detail(&self, text: &str);
}

/// An observer that ignores everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn begin(&self, _task: &str, _total: u64) -> Box<dyn Progress> {
        Box::new(Self)
    }
    fn warning(&self, _message: &str) {}
    fn info(&self, _message: &str) {}
}

impl Progress for Silent {
    fn advance(&self, _steps: u64) {}
    fn detail(&self, _text: &str) {}
}

/// An observer that lets work go on for a while and then asks it to stop: for work within a budget, and for seeing
/// what an interruption leaves behind.
///
/// ```
/// use silknow_progress::{Observer, StopAfter};
///
/// let observer = StopAfter::questions(2);
/// let steps = (0..10).take_while(|_| observer.check().is_ok()).count();
/// assert_eq!(steps, 2);
/// ```
#[derive(Debug)]
pub struct StopAfter(AtomicU64);

impl StopAfter {
    /// Answers "go on" to the first `count` questions whether to stop, and "stop" to all others; 0 stops at once.
    pub fn questions(count: u64) -> Self {
        Self(AtomicU64::new(count))
    }
}

impl Observer for StopAfter {
    fn begin(&self, _task: &str, _total: u64) -> Box<dyn Progress> {
        Box::new(Silent)
    }
    fn warning(&self, _message: &str) {}
    fn info(&self, _message: &str) {}
    fn interrupted(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
    }
}

/// An observer that keeps warnings and notes, for callers that show them later and for tests.
#[derive(Debug, Default)]
pub struct Recorder {
    warnings: Mutex<Vec<String>>,
    infos: Mutex<Vec<String>>,
}

impl Recorder {
    /// The warnings so far, in order.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().expect("no recorder panics while it holds the lock").clone()
    }

    /// The notes so far, in order.
    pub fn infos(&self) -> Vec<String> {
        self.infos.lock().expect("no recorder panics while it holds the lock").clone()
    }
}

impl Observer for Recorder {
    fn begin(&self, _task: &str, _total: u64) -> Box<dyn Progress> {
        Box::new(Silent)
    }
    fn warning(&self, message: &str) {
        self.warnings.lock().expect("no recorder panics while it holds the lock").push(message.to_owned());
    }
    fn info(&self, message: &str) {
        self.infos.lock().expect("no recorder panics while it holds the lock").push(message.to_owned());
    }
}
