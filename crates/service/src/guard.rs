//! Who may ask, and what every answer says to browsers.
//!
//! The checks are layers around all routes: the host, the origin, the token, the client's rate, the time-out.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::admission::Client;
use crate::app::App;
use crate::fault::Fault;

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub SocketAddr);

/// What the page may load: its own files, and pictures that the curator chose. No script or style within the page.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
                              connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
                              frame-ancestors 'none'";

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(self), geolocation=(), microphone=()"),
];

/// Paths that machines ask to see whether the server runs: without a token, and under whatever name they know it by.
fn is_health(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// Counts and logs a request, and adds the headers of every answer. Neither the query nor the path is logged, since both may
/// tell what somebody looks for, but the route.
pub(crate) async fn watch(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let others = if app.access.origins.is_empty() { "same-origin" } else { "cross-origin" };
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static(others));
    let (status, took) = (response.status().as_u16(), began.elapsed());
    app.metrics.answered(&route, status, took);
    tracing::info!(%method, route, status, took_ms = took.as_secs_f64() * 1e3, "answered");
    response
}

/// Refuses requests that the access rules do not allow.
pub(crate) async fn admit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let origin = allowed_origin(&app, request.headers());
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match refusal(&app, &request, origin.is_some(), is_preflight) {
        Some(fault) => fault.into_response(),
        None if is_preflight => StatusCode::NO_CONTENT.into_response(),
        None => match tokio::time::timeout(app.limits.time_out, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Fault::new(StatusCode::SERVICE_UNAVAILABLE, "time_out", "the answer took too long")
                .hint("ask again, with a smaller picture if there is one")
                .retry_after(5)
                .into_response(),
        },
    };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if is_preflight {
            let allow = |text| HeaderValue::from_static(text);
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow("GET, POST"));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allow("authorization, content-type"));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, allow("600"));
        }
    }
    response
}

/// Says in JSON, as everything else, that a route has no such method.
pub(crate) async fn catch_methods(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let allowed = response.headers().get(header::ALLOW).cloned();
    let fault = Fault::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this address has no such method");
    let mut response = fault.hint("/api/v1/openapi.json lists what there is").into_response();
    if let Some(allowed) = allowed {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

fn refusal(app: &App, request: &Request, is_listed_origin: bool, is_preflight: bool) -> Option<Fault> {
    let (headers, path) = (request.headers(), request.uri().path());
    if is_health(path) {
        return None;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| is_ours(host, &app.access.names)) {
        return Some(
            Fault::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", "the server is not reached by this name")
                .hint("start it with --public-name NAME for every name that leads to it"),
        );
    }
    if is_preflight && !is_listed_origin {
        return Some(foreign());
    }
    // Browsers tell where a request comes from; a page elsewhere must not make this server compute.
    let is_cross_site = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if request.method() == Method::POST && is_cross_site && !is_listed_origin {
        return Some(foreign());
    }
    if let Some(token) = &app.access.token
        && !is_preflight
        && !brings(headers, token)
    {
        return Some(
            Fault::new(StatusCode::UNAUTHORIZED, "no_token", "this server wants a token")
                .hint("send `Authorization: Bearer TOKEN`; browsers ask for a password, which is the token"),
        );
    }
    let client = client(request, app.access.behind_proxy)?;
    app.rates.count(Client::of(client), Instant::now()).err()
}

fn foreign() -> Fault {
    Fault::new(StatusCode::FORBIDDEN, "foreign_origin", "pages of this origin may not ask this server")
        .hint("start the server with --cors-origin ORIGIN for every origin that may")
}

/// The origin of a request, where it is one of those that may read answers.
fn allowed_origin(app: &App, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let text = origin.to_str().ok()?;
    app.access.origins.iter().any(|listed| listed == "*" || listed == text).then(|| origin.clone())
}

/// True for a host that is this machine's: addresses in numbers, which no name can be made to stand for, `localhost`, and the
/// names that were given.
fn is_ours(host: &str, names: &[String]) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.trim_end_matches('.');
    name.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|known| known == "*" || known.eq_ignore_ascii_case(name))
}

/// True when a request brings the token: as a bearer, or as the password of any user, for which browsers ask by themselves.
fn brings(headers: &HeaderMap, token: &str) -> bool {
    let Some(stated) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else { return false };
    let Some((scheme, word)) = stated.split_once(' ') else { return false };
    let word = word.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return is_same(word.as_bytes(), token.as_bytes());
    }
    let pair = STANDARD.decode(word).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"));
    let password =
        pair.as_deref().and_then(|pair| pair.iter().position(|&byte| byte == b':').map(|at| &pair[at + 1..]));
    password.is_some_and(|password| is_same(password, token.as_bytes()))
}

/// Compares without telling by its time where two words differ.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    Sha256::digest(a) == Sha256::digest(b)
}

/// The client of a request. Behind a proxy it is the last one of `X-Forwarded-For`, which the proxy adds; what stands before
/// may be made up.
fn client(request: &Request, behind_proxy: bool) -> Option<IpAddr> {
    let Peer(peer) = request.extensions().get::<Peer>()?;
    let forwarded = || {
        let last = request.headers().get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    let forwarded = if behind_proxy { forwarded() } else { None };
    Some(forwarded.unwrap_or(peer.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_numbers_localhost_and_given_names() {
        let names = ["silk.museum.example".to_owned()];
        for ours in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "192.168.1.7",
            "silk.museum.example",
            "Silk.Museum.Example.:443",
        ] {
            assert!(is_ours(ours, &names), "{ours}");
        }
        for foreign in
            ["", "evil.example", "localhost.evil.example", "silk.museum.example.evil.example", "[evil]", ":80"]
        {
            assert!(!is_ours(foreign, &names), "{foreign}");
        }
    }

    #[test]
    fn the_token_comes_as_a_bearer_or_as_a_password() {
        let brings = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            brings(&headers, "open:sesame")
        };
        assert!(brings("Bearer open:sesame") && brings("bearer  open:sesame"));
        // `me:open:sesame`
        assert!(brings("Basic bWU6b3BlbjpzZXNhbWU="));
        for wrong in ["Bearer", "Bearer open", "Basic open:sesame", "Basic b3BlbjpzZXNhbWU=", "Digest open:sesame"] {
            assert!(!brings(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_client_behind_a_proxy_is_the_last_one_named() {
        let request = |forwarded: &[&str]| {
            let mut request = Request::new(axum::body::Body::empty());
            request.extensions_mut().insert(Peer(([10, 0, 0, 1], 80).into()));
            for value in forwarded {
                request.headers_mut().append("x-forwarded-for", value.parse().unwrap());
            }
            request
        };
        let client = |forwarded: &[&str], behind| client(&request(forwarded), behind).unwrap().to_string();
        assert_eq!(client(&["1.2.3.4"], false), "10.0.0.1");
        assert_eq!(client(&["1.2.3.4, 5.6.7.8"], true), "5.6.7.8");
        assert_eq!(client(&["1.2.3.4", "9.9.9.9"], true), "9.9.9.9");
        assert_eq!(client(&["nonsense"], true), "10.0.0.1");
        assert_eq!(client(&[], true), "10.0.0.1");
    }
}
