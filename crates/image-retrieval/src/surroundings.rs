//! What programs take from their environment: where pre-trained weights are kept and fetched from, proxies, and how many
//! threads compute.
//!
//! This is the only place that reads environment variables, and nothing in the library calls it. The command line and the
//! Python package ask here, so that both find the same weights, and hand the answers over in a [`Context`](crate::Context).

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Builder;
use std::{env, io};

use rayon::{ThreadBuilder, ThreadPoolBuilder};
use silknow_errors::{Error, Result};
use silknow_fetch::Proxies;
use silknow_network::weights::Hub;

/// The folder for fetched weights: `SILKNOW_CACHE`, else `silknow` in the user's cache folder.
pub fn cache_folder() -> PathBuf {
    folder("SILKNOW_CACHE").unwrap_or_else(|| user_cache_folder().join("silknow"))
}

/// The user's cache folder, as each system has it; the temporary folder for users without a home.
fn user_cache_folder() -> PathBuf {
    let in_home = |below: &str| folder("HOME").map(|home| home.join(below));
    let found = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        in_home("Library/Caches")
    } else {
        folder("XDG_CACHE_HOME").or_else(|| in_home(".cache"))
    };
    found.unwrap_or_else(env::temp_dir)
}

/// The folder that a variable names. A relative one is ignored: it would move with the working directory.
fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The hub that weights are fetched from: `HF_ENDPOINT`, as other programs of this hub read it, else the public one.
pub fn hub_address() -> String {
    env::var("HF_ENDPOINT")
        .ok()
        .map(|address| address.trim_end_matches('/').to_owned())
        .filter(|address| !address.is_empty())
        .unwrap_or_else(|| Hub::HUGGING_FACE.to_owned())
}

/// The proxies that the usual variables name, in capital or small letters: `HTTP_PROXY` and `HTTPS_PROXY` by the
/// address's scheme, `ALL_PROXY` for both, and `NO_PROXY` for hosts that are asked directly.
pub fn proxies() -> Proxies {
    let stated = |name: &str| {
        let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        set(name).or_else(|| set(&name.to_lowercase()))
    };
    let proxy = |name| stated(name).or_else(|| stated("ALL_PROXY"));
    let direct = stated("NO_PROXY").unwrap_or_default().split(',').map(str::to_owned).collect();
    Proxies { http: proxy("HTTP_PROXY"), https: proxy("HTTPS_PROXY"), direct }
}

/// Starts the threads that compute: as many as `RAYON_NUM_THREADS` says, and one a processor where it says nothing or
/// more. Where the system allows fewer, there are fewer. Threads that run already stay as they are.
///
/// # Errors
/// A system that allows no further thread at all.
pub fn start_threads() -> Result<()> {
    // A Python program comes here with every call, and starting threads takes longer than a search.
    static STARTED: OnceLock<()> = OnceLock::new();
    if STARTED.get().is_some() {
        return Ok(());
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    // A failure to start the shared threads cannot be repeated with fewer. So they are started first, as many as the
    // system allows, and become shared ones then.
    let (sender, receiver) = channel::<ThreadBuilder>();
    let receiver = Arc::new(Mutex::new(receiver));
    let start = || {
        let receiver = Arc::clone(&receiver);
        let become_shared = move || {
            let work = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
            // There is none where the shared threads run already.
            work.into_iter().for_each(ThreadBuilder::run);
        };
        Builder::new().name("compute".to_owned()).spawn(become_shared)
    };
    let mut refusal = None;
    let wanted = threads_of(env::var("RAYON_NUM_THREADS").ok().as_deref(), processors);
    let threads = (0..wanted).take_while(|_| start().map_err(|cause| refusal = Some(cause)).is_ok()).count();
    if let (0, Some(cause)) = (threads, refusal) {
        return Err(Error::io("the system starts no further thread")
            .caused_by(cause)
            .hint("allow this user more processes (`ulimit -u`) or more memory (`ulimit -v`)"));
    }
    // The only error that is left says that the shared threads run already.
    let shared = ThreadPoolBuilder::new().num_threads(threads);
    let _ = shared
        .spawn_handler(|thread| sender.send(thread).map_err(|_| io::Error::other("no thread waits")))
        .build_global();
    let _ = STARTED.set(());
    Ok(())
}

/// The number of threads, where a variable states a number and the machine has these processors.
fn threads_of(stated: Option<&str>, processors: usize) -> usize {
    let stated = stated.and_then(|number| number.trim().parse().ok()).filter(|&number| number > 0);
    stated.unwrap_or(processors).min(processors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_threads_is_at_most_that_of_processors() {
        assert_eq!(threads_of(None, 8), 8);
        assert_eq!(threads_of(Some("3"), 8), 3);
        for nonsense in ["0", "-1", "many", "", "100000", "99999999999999999999999"] {
            assert_eq!(threads_of(Some(nonsense), 8), 8, "{nonsense}");
        }
    }
}
