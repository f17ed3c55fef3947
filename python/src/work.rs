//! Running the library's work: on a thread of its own, with the interpreter released, listening for Ctrl-C.
//!
//! The thread that called looks for signals and draws progress; the worker never touches Python.

use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use silknow_image_retrieval::{Context, Error, Hub, Policy, Result, surroundings};

use crate::display::{Desk, Display};
use crate::errors::OrRaise;

/// Between two looks at signals and progress.
const TICK: Duration = Duration::from_millis(100);

/// How long work that was asked to stop is waited for. What takes longer ends at its next safe point by itself.
const GRACE: Duration = Duration::from_millis(700);

/// The main thread of a program has this much, and so have the networks that were tested on it.
const STACK_BYTES: usize = 16 << 20;

/// How long the end of the process waits for interrupted work that has come to no safe point, because a disk or a pipe keeps it
/// waiting. It is cut off then, which leaves no file half written.
const SAFE_POINT_WITHIN: Duration = Duration::from_millis(1800);

/// How long the end of the process waits for work that has come to a safe point, and writes what is finished; the checkpoint of a
/// training may be large.
const END_WITHIN: Duration = Duration::from_secs(30);

/// Workers that were left to end by themselves and write files.
static LEFT: Mutex<Vec<Left>> = Mutex::new(Vec::new());

/// The process in which work was done first; 0 before.
static HOME: AtomicU32 = AtomicU32::new(0);

/// What work leaves outside the memory of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// Files, so that the process may not end in the middle of it.
    Files,
    Nothing,
}

/// A worker that was asked to stop.
struct Left {
    worker: JoinHandle<()>,
    desk: Arc<Desk>,
    asked: Instant,
}

impl Left {
    /// Whether it need not be waited for any more.
    fn is_over(&self) -> bool {
        let patience = if self.desk.is_noticed() { END_WITHIN } else { SAFE_POINT_WITHIN };
        self.worker.is_finished() || self.asked.elapsed() > patience
    }
}

/// Waits for work that was interrupted and has not ended yet, so that it writes what is finished. The package calls it when
/// the interpreter ends.
///
/// # Errors
/// What a signal handler raises, such as `KeyboardInterrupt` for a second Ctrl-C: the work is cut off then.
#[pyfunction]
pub(crate) fn finish_work(py: Python<'_>) -> PyResult<()> {
    if HOME.load(Ordering::Relaxed) != process::id() {
        // After a fork, the workers belong to the parent process.
        return Ok(());
    }
    let left = std::mem::take(&mut *LEFT.lock().expect("nobody panics while holding the lock"));
    while !left.iter().all(Left::is_over) {
        py.check_signals()?;
        py.detach(|| thread::sleep(TICK));
    }
    Ok(())
}

/// Where a worker leaves its outcome.
struct Slot<T> {
    outcome: Mutex<Option<T>>,
    filled: Condvar,
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.outcome.lock().expect("nobody panics while holding the lock")
    }

    fn put(&self, outcome: T) {
        *self.lock() = Some(outcome);
        self.filled.notify_all();
    }

    /// The outcome, once it is there within `patience`.
    fn take(&self, patience: Duration) -> Option<T> {
        let waiting = self.filled.wait_timeout_while(self.lock(), patience, |outcome| outcome.is_none());
        waiting.expect("nobody panics while holding the lock").0.take()
    }
}

/// Refuses to work in a process that was forked from one where work was done: the threads that share work stayed
/// behind there, and it would wait for them for ever.
fn at_home() -> Result<()> {
    let here = process::id();
    match HOME.compare_exchange(0, here, Ordering::Relaxed, Ordering::Relaxed) {
        Err(home) if home != here => Err(Error::configuration(
            "this process was forked from one in which silknow has worked already, and its threads stayed behind",
        )
        .hint("start processes afresh: multiprocessing.get_context(\"spawn\")")),
        _ => Ok(()),
    }
}

/// Runs `work` and gives its result; warnings are about the caller `stacklevel` frames up.
///
/// # Errors
/// The work's own as exceptions; what a signal handler raises (`KeyboardInterrupt` for Ctrl-C), a warning that was
/// made an exception, within a second: the work is asked to stop then, and stops at its next safe point.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    stacklevel: i32,
    leaves: Leaves,
    work: impl FnOnce(&Context<'_>) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    // Copying large arguments may have taken a while, in which Ctrl-C was pressed.
    py.check_signals()?;
    at_home().or_raise(py)?;
    let mut display = Display::new(py, stacklevel)?;
    let desk = Arc::new(Desk::default());
    let slot = Arc::new(Slot { outcome: Mutex::new(None), filled: Condvar::new() });
    let worker = start(Arc::clone(&desk), Arc::clone(&slot), work).or_raise(py)?;
    let outcome = loop {
        if let Some(outcome) = py.detach(|| slot.take(TICK)) {
            break outcome;
        }
        let attended = py.check_signals().and_then(|()| display.refresh(py, &desk));
        if let Err(exception) = attended {
            desk.stop();
            let asked = Instant::now();
            if py.detach(|| slot.take(GRACE)).is_none() && leaves == Leaves::Files {
                LEFT.lock().expect("nobody panics while holding the lock").push(Left { worker, desk, asked });
            }
            // The reason why the work stopped is raised; a second error, of the display, would hide it.
            let _ = display.end(py, &Desk::default());
            return Err(exception);
        }
    };
    display.end(py, &desk)?;
    outcome.or_raise(py)
}

fn start<T: Send + 'static>(
    desk: Arc<Desk>,
    slot: Arc<Slot<Result<T>>>,
    work: impl FnOnce(&Context<'_>) -> Result<T> + Send + 'static,
) -> Result<JoinHandle<()>> {
    let surrounded = move || {
        surroundings::start_threads()?;
        let (cache_folder, address) = (surroundings::cache_folder(), surroundings::hub_address());
        let policy = Policy { proxies: surroundings::proxies(), ..Policy::default() };
        work(&Context { observer: &*desk, hub: Hub { address: &address, cache_folder: &cache_folder, policy } })
    };
    let body = move || {
        let outcome = panic::catch_unwind(AssertUnwindSafe(surrounded));
        slot.put(outcome.unwrap_or_else(|panic| Err(fault(&*panic))));
    };
    thread::Builder::new()
        .name("silknow".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(body)
        .map_err(|cause| Error::io("the system refuses to start another thread").caused_by(cause))
}

/// The error for a panic, which is a fault of ours.
fn fault(panic: &(dyn std::any::Any + Send)) -> Error {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::internal(format!("this is a fault of silknow: {}", said.unwrap_or("unknown"))).hint(concat!(
        "please report it, with what you called: ",
        env!("CARGO_PKG_REPOSITORY"),
        "/issues"
    ))
}
