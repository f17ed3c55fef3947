//! The files of the page, which are part of the program.
//!
//! The page refers to its files below `/assets/@/`. In place of the `@` stands a digest of all files, so that browsers may keep
//! them for ever and ask for others as soon as one has changed.

use std::sync::LazyLock;

use axum::extract::{Path, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::fault::Fault;

/// Paths below the folder of the page, ascending, and contents.
static FILES: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The file that is the page.
const INDEX: &str = "index.html";

/// What stands in the page where the digest belongs.
const PREFIX: &str = "/assets/@/";

/// A digest of all files.
static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Sha256::new();
    for (name, content) in FILES {
        digest.update((name.len() as u64).to_le_bytes());
        digest.update(name);
        digest.update((content.len() as u64).to_le_bytes());
        digest.update(content);
    }
    digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
});

/// The page with the digest in its addresses.
static PAGE: LazyLock<String> = LazyLock::new(|| {
    let page = String::from_utf8_lossy(content(INDEX).unwrap_or_default());
    page.replace(PREFIX, &format!("/assets/{}/", *DIGEST))
});

fn content(name: &str) -> Option<&'static [u8]> {
    FILES.binary_search_by_key(&name, |(name, _)| name).ok().map(|position| FILES[position].1)
}

/// `GET /`: the page.
pub(crate) async fn index(request: Request) -> Response {
    let tag = format!("\"{}\"", *DIGEST);
    if is_known(request.headers(), &tag) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let mut response = ([(header::CONTENT_TYPE, kind)], PAGE.as_str()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::ETAG, HeaderValue::try_from(tag).expect("hexadecimal digits in quotes"));
    response
}

/// `GET /assets/{digest}/{name}`: a file of the page.
pub(crate) async fn asset(Path((digest, name)): Path<(String, String)>) -> Result<Response, Fault> {
    let content = content(&name).filter(|_| name != INDEX);
    let content = content.ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "not_found", "the page has no such file"))?;
    let kind = HeaderValue::from_static(kind(&name));
    // A page that was loaded before the program was replaced asks for files by another digest.
    let keep = if digest == *DIGEST { "public, max-age=31536000, immutable" } else { "no-cache" };
    let keep = HeaderValue::from_static(keep);
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep)], content).into_response())
}

/// True when a client says that it has the content of this tag.
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let stated = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    stated.split(',').any(|known| known.trim().trim_start_matches("W/") == tag || known.trim() == "*")
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        _ => "image/svg+xml",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_the_page_names_is_there() {
        assert!(FILES.is_sorted_by_key(|(name, _)| *name));
        let page = std::str::from_utf8(content(INDEX).unwrap()).unwrap();
        let names: Vec<&str> = page.split(PREFIX).skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(names.contains(&"app.js"), "{names:?}");
        names.iter().for_each(|name| assert!(content(name).is_some(), "{name}"));
        assert!(!PAGE.contains(PREFIX) && PAGE.contains(&format!("/assets/{}/app.js", *DIGEST)));
    }

    #[test]
    fn a_client_that_has_the_content_says_its_tag() {
        let says = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            is_known(&headers, "\"ab\"")
        };
        assert!(says("\"ab\"") && says("\"x\", W/\"ab\"") && says("*"));
        assert!(!says("\"abc\"") && !is_known(&HeaderMap::new(), "\"ab\""));
    }
}
