//! Progress, warnings and notes on stderr, and the request to stop.
//!
//! Draws bars where stderr is a terminal; elsewhere (a log file, a pipe) prints a line now and then. Results go to
//! stdout, through `session`.

use std::io::{self, IsTerminal, Write};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use silknow_image_retrieval::{Error, Observer, Progress, Silent};

use crate::again::Again;
use crate::exit;

/// How much is printed beside results and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Nothing.
    Quiet,
    /// Progress and warnings.
    Normal,
    /// Notes too.
    Verbose,
}

/// What the user sees of the running work.
pub(crate) struct Terminal {
    verbosity: Verbosity,
    /// `None` where stderr is not a terminal.
    bars: Option<MultiProgress>,
    interrupted: AtomicBool,
    /// Whether the work has asked since the interruption, and so knows of it.
    noticed: AtomicBool,
}

/// The longest time from an interruption to the next safe point. Work that has not come to one by then is ended where it
/// stands, which leaves no file half written.
const SAFE_POINT_WITHIN: Duration = Duration::from_millis(1800);

/// The longest time from a safe point to the end of the program, in which what is finished is written; a checkpoint may
/// be large.
fn end_within(again: Again) -> Duration {
    Duration::from_secs(match again {
        Again::Resumes => 30,
        Again::Anew | Again::GoesOn => 5,
    })
}

/// How often a task reports where bars cannot be drawn; a task that is done earlier says nothing.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

impl Terminal {
    pub(crate) fn new(verbosity: Verbosity) -> Self {
        let drawn = verbosity > Verbosity::Quiet && io::stderr().is_terminal();
        let bars = drawn.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Self { verbosity, bars, interrupted: AtomicBool::new(false), noticed: AtomicBool::new(false) }
    }

    /// Makes Ctrl-C and SIGTERM ask the work to stop, and a second one end the program at once. Where the work comes to
    /// no safe point, because a disk or a pipe keeps it waiting, the program ends by itself.
    pub(crate) fn listen_for_interruption(self: &Arc<Self>, again: Again) {
        let terminal = Arc::clone(self);
        let listening = ctrlc::set_handler(move || {
            if terminal.interrupted.swap(true, Ordering::Relaxed) {
                process::exit(exit::INTERRUPTED.into());
            }
            let watching = Arc::clone(&terminal);
            // Without a thread to be had, the second Ctrl-C is left.
            let _ = thread::Builder::new().name("watchdog".to_owned()).spawn(move || watching.end_in_time(again));
            terminal.print("stopping at the next safe point; press Ctrl-C again to stop at once");
        });
        if listening.is_err() {
            self.warning("Ctrl-C will end the program at once, because the system does not let it handle Ctrl-C");
        }
    }

    /// Ends the program when the work does not.
    fn end_in_time(&self, again: Again) {
        thread::sleep(SAFE_POINT_WITHIN);
        if self.noticed.load(Ordering::Relaxed) {
            thread::sleep(end_within(again));
        }
        let _ = exit::code(Err(Error::interrupted()), again);
        process::exit(exit::INTERRUPTED.into());
    }

    /// Prints a line above the bars.
    fn print(&self, line: &str) {
        match &self.bars {
            // `suspend` rather than `println`: the latter is lost while no bar is drawn.
            Some(bars) => bars.suspend(|| print_line(line)),
            None => print_line(line),
        }
    }
}

/// Prints a line on stderr. If stderr is closed, nobody could read an error about it, so the failure is ignored.
fn print_line(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

impl Observer for Terminal {
    fn begin(&self, task: &str, total: u64) -> Box<dyn Progress> {
        match (&self.bars, self.verbosity) {
            (_, Verbosity::Quiet) => Box::new(Silent),
            (Some(bars), _) => Box::new(Bar::new(bars, task, total)),
            (None, _) => Box::new(Lines::new(task, total)),
        }
    }

    fn warning(&self, message: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.print(&format!("warning: {message}"));
        }
    }

    fn info(&self, message: &str) {
        if self.verbosity == Verbosity::Verbose {
            self.print(message);
        }
    }

    fn interrupted(&self) -> bool {
        let interrupted = self.interrupted.load(Ordering::Relaxed);
        if interrupted {
            self.noticed.store(true, Ordering::Relaxed);
        }
        interrupted
    }
}

/// A task as a bar, cleared away when the task ends.
struct Bar(ProgressBar);

impl Bar {
    fn new(bars: &MultiProgress, task: &str, total: u64) -> Self {
        let (bar, template) = if total > 0 {
            (ProgressBar::new(total), "{prefix} [{bar:30}] {human_pos}/{human_len}, {eta} to go  {wide_msg}")
        } else {
            (ProgressBar::new_spinner(), "{prefix} {spinner} {human_pos}, {elapsed}  {wide_msg}")
        };
        let style = ProgressStyle::with_template(template).expect("the template is well formed");
        let bar = bars.add(bar.with_style(style.progress_chars("=> ")).with_prefix(task.to_owned()));
        // The elapsed time is redrawn also while a long step makes no progress.
        bar.enable_steady_tick(Duration::from_millis(250));
        Self(bar)
    }
}

impl Progress for Bar {
    fn advance(&self, steps: u64) {
        self.0.inc(steps);
    }

    fn detail(&self, text: &str) {
        self.0.set_message(text.to_owned());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A task as an occasional line.
struct Lines {
    task: String,
    total: u64,
    state: Mutex<LinesState>,
}

struct LinesState {
    done: u64,
    detail: String,
    printed: Instant,
}

impl Lines {
    fn new(task: &str, total: u64) -> Self {
        let state = LinesState { done: 0, detail: String::new(), printed: Instant::now() };
        Self { task: task.to_owned(), total, state: Mutex::new(state) }
    }
}

impl Progress for Lines {
    fn advance(&self, steps: u64) {
        let mut state = self.state.lock().expect("nobody panics while holding the lock");
        state.done += steps;
        if state.printed.elapsed() >= LINE_INTERVAL {
            state.printed = Instant::now();
            print_line(&line(&self.task, state.done, self.total, &state.detail));
        }
    }

    fn detail(&self, text: &str) {
        text.clone_into(&mut self.state.lock().expect("nobody panics while holding the lock").detail);
    }
}

fn line(task: &str, done: u64, total: u64, detail: &str) -> String {
    let mut line = match total {
        0 => format!("{task}: {done}"),
        _ => format!("{task}: {done} of {total}"),
    };
    if !detail.is_empty() {
        line.push_str(", ");
        line.push_str(detail);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_known() {
        assert_eq!(line("Training", 40, 200, "loss 0.31"), "Training: 40 of 200, loss 0.31");
        assert_eq!(line("Reading", 12, 0, ""), "Reading: 12");
    }

    #[test]
    fn an_interruption_is_seen_by_the_work() {
        let terminal = Terminal::new(Verbosity::Quiet);
        assert!(terminal.check().is_ok());
        terminal.interrupted.store(true, Ordering::Relaxed);
        assert!(terminal.check().unwrap_err().is_interruption());
    }
}
