//! What the user sees of running work: a line of progress on Python's stderr, and warnings as Python's warnings.
//!
//! The work tells a [`Desk`] from any thread; only the thread that holds the interpreter draws.

use std::ffi::CString;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use silknow_image_retrieval::{Observer, Progress};

/// How often a line is printed where one cannot be drawn over, such as in a log file.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

static SHOWN: AtomicBool = AtomicBool::new(true);

/// Switches the line of progress on or off; it is on at the beginning. Warnings are not concerned.
#[pyfunction]
#[pyo3(signature = (shown=true))]
pub(crate) fn show_progress(shown: bool) {
    SHOWN.store(shown, Ordering::Relaxed);
}

/// Where running work leaves its messages, and finds the request to stop.
#[derive(Default)]
pub(crate) struct Desk {
    stop: AtomicBool,
    tasks: Arc<Mutex<Vec<Arc<Task>>>>,
    warnings: Mutex<Vec<String>>,
}

struct Task {
    name: String,
    total: u64,
    done: AtomicU64,
    detail: Mutex<String>,
}

/// A running task; it leaves the desk when dropped.
struct Running {
    task: Arc<Task>,
    tasks: Arc<Mutex<Vec<Arc<Task>>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding the lock")
}

impl Desk {
    /// Asks the work to stop at its next safe point.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// All running tasks, the outermost first.
    fn line(&self) -> String {
        lock(&self.tasks).iter().map(|task| task.line()).collect::<Vec<_>>().join(" | ")
    }
}

impl Task {
    fn line(&self) -> String {
        let done = self.done.load(Ordering::Relaxed);
        let mut line = match self.total {
            0 => format!("{}: {done}", self.name),
            total => format!("{}: {done} of {total}", self.name),
        };
        let detail = lock(&self.detail);
        if !detail.is_empty() {
            line.push_str(", ");
            line.push_str(&detail);
        }
        line
    }
}

impl Observer for Desk {
    fn begin(&self, task: &str, total: u64) -> Box<dyn Progress> {
        let task = Arc::new(Task { name: task.to_owned(), total, done: AtomicU64::new(0), detail: Mutex::default() });
        lock(&self.tasks).push(Arc::clone(&task));
        Box::new(Running { task, tasks: Arc::clone(&self.tasks) })
    }

    fn warning(&self, message: &str) {
        lock(&self.warnings).push(message.to_owned());
    }

    fn info(&self, _message: &str) {}

    fn interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Progress for Running {
    fn advance(&self, steps: u64) {
        self.task.done.fetch_add(steps, Ordering::Relaxed);
    }

    fn detail(&self, text: &str) {
        text.clone_into(&mut lock(&self.task.detail));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        lock(&self.tasks).retain(|task| !Arc::ptr_eq(task, &self.task));
    }
}

/// The display of one piece of work.
pub(crate) struct Display {
    /// Absent where nothing is to be shown.
    stderr: Option<Py<PyAny>>,
    drawn_over: bool,
    /// The line that stands there now.
    drawn: String,
    last_line: Instant,
    stacklevel: i32,
}

impl Display {
    /// Python's stderr as it is now: notebooks and users replace it. `stacklevel` says whose line a warning is
    /// about, as for `warnings.warn`.
    pub(crate) fn new(py: Python<'_>, stacklevel: i32) -> PyResult<Self> {
        let stderr = py.import("sys")?.getattr("stderr")?;
        let drawn_over = !stderr.is_none() && is_drawn_over(&stderr);
        let shown = SHOWN.load(Ordering::Relaxed) && !stderr.is_none();
        let stderr = shown.then(|| stderr.unbind());
        Ok(Self { stderr, drawn_over, drawn: String::new(), last_line: Instant::now(), stacklevel })
    }

    /// Shows how far the work is, and passes its warnings on.
    pub(crate) fn refresh(&mut self, py: Python<'_>, desk: &Desk) -> PyResult<()> {
        self.warn(py, desk)?;
        if self.drawn_over {
            let line = desk.line();
            // A notebook's file keeps every write.
            if line == self.drawn { Ok(()) } else { self.draw(py, line) }
        } else if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
            self.write(py, &format!("{}\n", desk.line()))
        } else {
            Ok(())
        }
    }

    /// Takes the line away and passes the last warnings on.
    pub(crate) fn end(&mut self, py: Python<'_>, desk: &Desk) -> PyResult<()> {
        self.warn(py, desk)?;
        self.clear(py)
    }

    fn warn(&mut self, py: Python<'_>, desk: &Desk) -> PyResult<()> {
        let warnings = std::mem::take(&mut *lock(&desk.warnings));
        if warnings.is_empty() {
            return Ok(());
        }
        self.clear(py)?;
        let category = py.import("silknow_image_retrieval._errors")?.getattr("SilknowWarning")?;
        for message in warnings {
            let message = CString::new(message.replace('\0', " ")).expect("the zeros were replaced");
            PyErr::warn(py, &category, &message, self.stacklevel)?;
        }
        Ok(())
    }

    fn clear(&mut self, py: Python<'_>) -> PyResult<()> {
        if self.drawn.is_empty() {
            return Ok(());
        }
        self.draw(py, String::new())?;
        self.write(py, "\r")
    }

    fn draw(&mut self, py: Python<'_>, line: String) -> PyResult<()> {
        let text = format!("\r{line:<width$}", width = self.drawn.chars().count());
        self.drawn = line;
        self.write(py, &text)
    }

    fn write(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        let Some(stderr) = &self.stderr else { return Ok(()) };
        stderr.call_method1(py, "write", (text,))?;
        stderr.call_method0(py, "flush").map(drop)
    }
}

/// True for a terminal and for the output of a notebook's cell: there, `\r` begins the line anew.
fn is_drawn_over(stderr: &Bound<'_, PyAny>) -> bool {
    let terminal = stderr.call_method0("isatty").and_then(|answer| answer.is_truthy()).unwrap_or(false);
    let module = stderr.get_type().module().map(|name| name.to_string()).unwrap_or_default();
    terminal || module.starts_with("ipykernel")
}
