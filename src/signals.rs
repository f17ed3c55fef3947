//! Signals beside Ctrl-C whose usual effect would hide what went wrong.
//!
//! A write beyond the limit on the size of files (`ulimit -f`) ends a program without a word; here it becomes an error of
//! the file. A lack of memory ends it as a crash does, after a line that says how much was wanted; here it ends with the
//! exit code of what the machine refuses.

#[cfg(unix)]
mod on_unix {
    use std::sync::Arc;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, Ordering};

    use signal_hook::consts::{SIGABRT, SIGXFSZ};
    use signal_hook::flag;

    /// Whether an abort is a lack of memory. The standard library aborts for few other reasons, and all of them begin
    /// with a panic.
    static LACKS_MEMORY: OnceLock<Arc<AtomicBool>> = OnceLock::new();

    /// `code` is the exit code of a program that the machine gives no memory.
    pub(crate) fn tell_refusals(code: u8) {
        // Where the system lets none be handled, the usual effects stay.
        let _ = flag::register(SIGXFSZ, Arc::default());
        let lacks_memory = LACKS_MEMORY.get_or_init(|| Arc::new(AtomicBool::new(true)));
        let _ = flag::register_conditional_shutdown(SIGABRT, code.into(), Arc::clone(lacks_memory));
    }

    pub(crate) fn a_panic_began() {
        if let Some(lacks_memory) = LACKS_MEMORY.get() {
            lacks_memory.store(false, Ordering::SeqCst);
        }
    }
}

#[cfg(unix)]
pub(crate) use on_unix::{a_panic_began, tell_refusals};

/// Other systems have no such signals.
#[cfg(not(unix))]
pub(crate) fn tell_refusals(_code: u8) {}

/// Other systems have no such signals.
#[cfg(not(unix))]
pub(crate) fn a_panic_began() {}
