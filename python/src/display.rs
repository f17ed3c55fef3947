//! What the user sees of running work: a line of progress on Python's stderr or in a notebook's cell, and warnings as
//! Python's warnings.
//!
//! The work tells a [`Desk`] from any thread; only the thread that holds the interpreter draws.

use std::ffi::CString;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyDict;
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
    /// Whether the work has asked since it was told to stop, and so knows of it.
    noticed: AtomicBool,
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

    /// Whether the work knows that it is to stop.
    pub(crate) fn is_noticed(&self) -> bool {
        self.noticed.load(Ordering::Relaxed)
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
        let stop = self.stop.load(Ordering::Relaxed);
        if stop {
            self.noticed.store(true, Ordering::Relaxed);
        }
        stop
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

/// What progress is shown on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Medium {
    /// `\r` begins the line anew, unless the line was wider than the terminal.
    Terminal,
    /// An output of the cell that is replaced, so that the notebook's file does not keep what was.
    Notebook,
    /// A file or a pipe keeps every line.
    Log,
}

/// The display of one piece of work.
pub(crate) struct Display {
    /// Absent where nothing is to be shown.
    stderr: Option<Py<PyAny>>,
    medium: Medium,
    /// The line that stands there now.
    drawn: String,
    /// A notebook's output that holds the line.
    output: Option<Py<PyAny>>,
    last_line: Instant,
    stacklevel: i32,
}

impl Display {
    /// Python's stderr as it is now: notebooks and users replace it. `stacklevel` says whose line a warning is
    /// about, as for `warnings.warn`.
    pub(crate) fn new(py: Python<'_>, stacklevel: i32) -> PyResult<Self> {
        let stderr = py.import("sys")?.getattr("stderr")?;
        let shown = SHOWN.load(Ordering::Relaxed) && !stderr.is_none();
        let medium = if shown { medium(&stderr)? } else { Medium::Log };
        let stderr = shown.then(|| stderr.unbind());
        Ok(Self { stderr, medium, drawn: String::new(), output: None, last_line: Instant::now(), stacklevel })
    }

    /// Shows how far the work is, and passes its warnings on.
    pub(crate) fn refresh(&mut self, py: Python<'_>, desk: &Desk) -> PyResult<()> {
        self.warn(py, desk)?;
        if self.stderr.is_none() {
            return Ok(());
        }
        match self.medium {
            Medium::Terminal => {
                let columns = self.columns(py)?;
                // One column is left for the cursor.
                self.draw(py, desk.line().chars().take(columns - 1).collect())
            }
            Medium::Notebook => self.draw(py, desk.line()),
            Medium::Log if self.last_line.elapsed() >= LINE_INTERVAL => match desk.line() {
                // Between two tasks there is nothing to say.
                line if line.is_empty() => Ok(()),
                line => {
                    self.last_line = Instant::now();
                    self.write(py, &format!("{line}\n"))
                }
            },
            Medium::Log => Ok(()),
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
        if self.medium == Medium::Terminal { self.write(py, "\r") } else { Ok(()) }
    }

    fn draw(&mut self, py: Python<'_>, line: String) -> PyResult<()> {
        if line == self.drawn {
            return Ok(());
        }
        let width = self.drawn.chars().count();
        self.drawn = line;
        if self.medium == Medium::Notebook {
            let published = self.publish(py);
            return self.unless_broken(py, published);
        }
        self.write(py, &format!("\r{:<width$}", self.drawn))
    }

    /// Puts the line into the output of the cell.
    fn publish(&mut self, py: Python<'_>) -> PyResult<()> {
        let content = PyDict::new(py);
        content.set_item("text/plain", &self.drawn)?;
        let how = PyDict::new(py);
        how.set_item("raw", true)?;
        if let Some(output) = &self.output {
            return output.call_method(py, "update", (content,), Some(&how)).map(drop);
        }
        how.set_item("display_id", true)?;
        let output = py.import("IPython.display")?.call_method("display", (content,), Some(&how))?;
        self.output = Some(output.unbind());
        Ok(())
    }

    fn write(&mut self, py: Python<'_>, text: &str) -> PyResult<()> {
        let Some(stderr) = &self.stderr else { return Ok(()) };
        let written = stderr.call_method1(py, "write", (text,)).and_then(|_| stderr.call_method0(py, "flush"));
        self.unless_broken(py, written.map(drop))
    }

    /// Shows nothing from now on if it failed: work of hours does not end because nobody can see how far it is.
    fn unless_broken(&mut self, py: Python<'_>, shown: PyResult<()>) -> PyResult<()> {
        if unless_exception(py, shown)?.is_none() {
            self.stderr = None;
        }
        Ok(())
    }

    /// The width of the terminal, at least one column.
    fn columns(&self, py: Python<'_>) -> PyResult<usize> {
        const USUAL: usize = 80;
        let Some(stderr) = &self.stderr else { return Ok(USUAL) };
        let size = stderr
            .call_method0(py, "fileno")
            .and_then(|descriptor| py.import("os")?.call_method1("get_terminal_size", (descriptor,)))
            .and_then(|size| size.getattr("columns")?.extract());
        Ok(unless_exception(py, size)?.filter(|&columns| columns > 0).unwrap_or(USUAL))
    }
}

/// What stderr is now.
fn medium(stderr: &Bound<'_, PyAny>) -> PyResult<Medium> {
    let py = stderr.py();
    let module: String = stderr.get_type().getattr("__module__")?.extract().unwrap_or_default();
    if module.starts_with("ipykernel") {
        return Ok(Medium::Notebook);
    }
    // Objects that only have `write` serve as stderr, too.
    let terminal = stderr.call_method0("isatty").and_then(|answer| answer.is_truthy());
    Ok(if unless_exception(py, terminal)? == Some(true) { Medium::Terminal } else { Medium::Log })
}

/// None for a failure, but what stops the program (Ctrl-C) is passed on.
fn unless_exception<T>(py: Python<'_>, outcome: PyResult<T>) -> PyResult<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(failure) if failure.is_instance_of::<PyException>(py) => Ok(None),
        Err(failure) => Err(failure),
    }
}
