//! What programs take from their environment: where pre-trained weights are kept and fetched from, and proxies.
//!
//! This is the only place that reads environment variables, and nothing in the library calls it. The command line and the
//! Python package ask here, so that both find the same weights, and hand the answers over in a [`Context`](crate::Context).

use std::env;
use std::path::PathBuf;

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
