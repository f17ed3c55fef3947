//! Fetching from a server that answers slowly, wrongly, late, or without end.

mod server;

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use server::{Crowd, Server, respond, respond_cut};
use sha2::{Digest, Sha256};
use silknow_errors::{Error, ErrorKind};
use silknow_fetch::{Client, Fetched, Job, Outcome, Policy, Proxies, Reach, Receiver, fetch_all};
use silknow_progress::{Observer, Progress, Silent};

/// Waits of a millisecond, and time-outs that a silent server reaches soon.
fn hasty() -> Policy {
    Policy {
        read_timeout: Duration::from_millis(500),
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(5),
        limit_bytes: 10_000,
        ..Policy::default()
    }
}

fn client() -> Client {
    Client::new(hasty()).unwrap()
}

fn failure(client: &Client, url: &str) -> String {
    client.get(url, &Silent).unwrap_err().message().to_owned()
}

/// Counts steps, and asks to stop once `stop` is set.
#[derive(Default)]
struct Watcher {
    stop: Arc<AtomicBool>,
    steps: Arc<AtomicU64>,
    tasks: Mutex<Vec<(String, u64)>>,
}

struct Steps(Arc<AtomicU64>);

impl Observer for Watcher {
    fn begin(&self, task: &str, total: u64) -> Box<dyn Progress> {
        self.tasks.lock().unwrap().push((task.to_owned(), total));
        Box::new(Steps(Arc::clone(&self.steps)))
    }
    fn warning(&self, _message: &str) {}
    fn info(&self, _message: &str) {}
    fn interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Progress for Steps {
    fn advance(&self, steps: u64) {
        self.0.fetch_add(steps, Ordering::Relaxed);
    }
    fn detail(&self, _text: &str) {}
}

#[test]
fn a_request_names_the_program_and_returns_headers_and_body() {
    let server = Server::start(|request, stream| {
        respond(stream, "200 OK", "X-Silk: yes\r\n", request.headers["user-agent"].as_bytes());
    });
    let response = client().get(&server.url("/a"), &Silent).unwrap();
    assert_eq!(response.body, concat!("silknow/", env!("CARGO_PKG_VERSION")).as_bytes());
    assert!(response.headers.contains(&("x-silk".to_owned(), "yes".to_owned())));
}

#[test]
fn passing_refusals_are_retried() {
    for status in ["500 Internal Server Error", "503 Service Unavailable", "429 Too Many Requests"] {
        let server = Server::start(move |request, stream| match request.earlier {
            0 => respond(stream, status, "Retry-After: 1\r\n", b""),
            1 => respond(stream, status, "", b""),
            _ => respond(stream, "200 OK", "", b"silk"),
        });
        assert_eq!(client().get(&server.url("/a"), &Silent).unwrap().body, b"silk");
        assert_eq!(server.requests_for("/a"), 3);
    }
}

#[test]
fn a_refusal_that_does_not_pass_is_told_after_all_attempts() {
    let server = Server::start(|_, stream| respond(stream, "503 Service Unavailable", "", b""));
    assert!(failure(&client(), &server.url("/a")).ends_with("/a`: HTTP 503 Service Unavailable"));
    assert_eq!(server.requests_for("/a"), hasty().attempts as usize);
}

#[test]
fn a_lasting_refusal_is_not_retried() {
    let server = Server::start(|_, stream| respond(stream, "404 Not Found", "", b"no such page"));
    assert!(failure(&client(), &server.url("/a")).contains("/a`: HTTP 404 Not Found: there is nothing"));
    assert_eq!(server.requests_for("/a"), 1);
}

#[test]
fn a_cut_body_is_retried_and_told() {
    let server = Server::start(|request, stream| match request.path.as_str() {
        "/once" if request.earlier > 0 => respond(stream, "200 OK", "", &[7; 4000]),
        _ => respond_cut(stream, 4000, &[7; 512]),
    });
    assert_eq!(client().get(&server.url("/once"), &Silent).unwrap().body, [7; 4000]);
    assert!(failure(&client(), &server.url("/always")).contains("the body was cut after 512 of 4000 bytes"));
    assert_eq!(server.requests_for("/always"), hasty().attempts as usize);
}

#[test]
fn a_connection_that_breaks_before_the_answer_is_retried() {
    let server = Server::start(|request, stream| {
        if request.earlier > 0 {
            respond(stream, "200 OK", "", b"silk");
        }
    });
    assert_eq!(client().get(&server.url("/a"), &Silent).unwrap().body, b"silk");
}

#[test]
fn a_silent_server_times_out_in_words() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = Mutex::new(receiver);
    let server = Server::start(move |_, _| {
        // Silent until the test is over.
        let _ = receiver.lock().unwrap().recv();
    });
    let policy = Policy { attempts: 1, read_timeout: Duration::from_millis(100), ..hasty() };
    let reason = failure(&Client::new(policy).unwrap(), &server.url("/a"));
    assert!(reason.contains("timed out: 127.0.0.1 was silent for 0.1 s"), "{reason}");
    drop(sender);
}

#[test]
fn a_server_that_drips_without_end_is_stopped_by_the_total_time() {
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
        while stream.write_all(b".").is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let policy = Policy { attempts: 1, total_timeout: Duration::from_millis(300), ..hasty() };
    let reason = failure(&Client::new(policy).unwrap(), &server.url("/a"));
    assert!(reason.contains("timed out after 0.3 s"), "{reason}");
}

#[test]
fn a_server_that_sends_too_little_over_a_span_of_time_is_given_up() {
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
        while stream.write_all(b".").is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let policy = Policy { attempts: 1, slow_span: Duration::from_millis(100), slow_bytes: 1000, ..hasty() };
    let reason = failure(&Client::new(policy).unwrap(), &server.url("/a"));
    assert!(reason.contains("too slow: "), "{reason}");
}

#[test]
fn a_body_above_the_limit_is_refused_from_its_head_or_when_it_gets_there() {
    let server = Server::start(|request, stream| match request.path.as_str() {
        "/stated" => respond(stream, "200 OK", "", &[0; 10_001]),
        "/exact" => respond(stream, "200 OK", "", &[0; 10_000]),
        _ => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            while stream.write_all(&[0; 1000]).is_ok() {}
        }
    });
    assert!(failure(&client(), &server.url("/stated")).contains("has 10001 bytes, above the limit of 10000"));
    assert!(failure(&client(), &server.url("/endless")).contains("longer than the limit of 10000 bytes"));
    assert_eq!(client().get(&server.url("/exact"), &Silent).unwrap().body.len(), 10_000);
    assert_eq!(server.requests_for("/stated") + server.requests_for("/endless"), 2, "limits are not retried");
}

#[test]
fn redirects_are_followed_and_a_circle_is_noticed() {
    let server = Server::start(|request, stream| match request.path.as_str() {
        "/x/start" => respond(stream, "302 Found", "Location: next?page=1\r\n", b"over there"),
        "/x/next?page=1" => respond(stream, "308 Permanent Redirect", "Location: /end\r\n", b""),
        "/end" => respond(stream, "200 OK", "", b"silk"),
        "/elsewhere" => respond(stream, "301 Moved", "Location: ftp://127.0.0.1/a\r\n", b""),
        _ => respond(stream, "302 Found", "Location: /circle\r\n", b""),
    });
    assert_eq!(client().get(&server.url("/x/start"), &Silent).unwrap().body, b"silk");
    let reason = failure(&client(), &server.url("/circle"));
    assert!(reason.contains("go in a circle: more than 10 redirects") && reason.contains("/circle` again"), "{reason}");
    assert_eq!(server.requests_for("/circle"), 11);
    assert!(failure(&client(), &server.url("/elsewhere")).contains("not an http or https address"));
}

#[test]
fn local_servers_lead_to_local_ones_and_never_to_link_local_ones() {
    let server = Server::start(|request, stream| {
        let to = |address: &str| format!("Location: {address}\r\n");
        match request.path.as_str() {
            "/metadata" => respond(stream, "302 Found", &to("http://169.254.169.254/latest/meta-data/"), b""),
            "/again" => respond(stream, "302 Found", &to("/silk"), b""),
            _ => respond(stream, "200 OK", "", b"silk"),
        }
    });
    for url in [server.url("/metadata"), "http://169.254.169.254/".to_owned(), "http://[fe80::1]/".to_owned()] {
        let reason = failure(&client(), &url);
        assert!(reason.contains("leads to a link-local address, which is not asked"), "{reason}");
    }
    assert_eq!(client().get(&server.url("/again"), &Silent).unwrap().body, b"silk");

    let strict = Client::new(Policy { reach: Reach::Public, ..hasty() }).unwrap();
    for url in [server.url("/silk"), server.url_at("localhost", "/silk"), server.url_at("127.1", "/silk")] {
        let reason = failure(&strict, &url);
        assert!(reason.contains("leads to this machine or a private network, which is not asked"), "{reason}");
    }
    assert_eq!(server.requests_for("/silk"), 1);
    let open = Client::new(Policy { reach: Reach::Everywhere, ..hasty() }).unwrap();
    assert_eq!(open.get(&server.url("/silk"), &Silent).unwrap().body, b"silk");
    // What a public document names is public; a local one may name what is local.
    assert_eq!(client().led_by("http://8.8.8.8/manifest").policy().reach, Reach::Public);
    assert_eq!(client().led_by(&server.url("/manifest")).policy().reach, Reach::AsFirst);
    assert_eq!(open.led_by("http://8.8.8.8/manifest").policy().reach, Reach::Everywhere);
}

#[test]
fn a_host_that_asks_for_patience_again_and_again_is_given_up() {
    let server = Server::start(|_, stream| respond(stream, "503 Service Unavailable", "Retry-After: 9\r\n", b""));
    let policy = Policy { attempts: 9, patience: Duration::from_millis(12), ..hasty() };
    let reason = failure(&Client::new(policy).unwrap(), &server.url("/busy"));
    assert!(reason.contains("HTTP 503 Service Unavailable: the host asks for longer waits than 0.012 s"), "{reason}");
    // Two waits of 5 ms, the longest one, are granted.
    assert_eq!(server.requests_for("/busy"), 3);
}

#[test]
fn dot_segments_are_gone_before_a_server_is_asked() {
    let server = Server::start(|request, stream| match request.path.as_str() {
        "/pics/c.jpg" => respond(stream, "200 OK", "", b"silk"),
        "/dot/a/b.jpg" => respond(stream, "302 Found", "Location: ../../pics/./c.jpg\r\n", b""),
        "/choice" => respond(stream, "300 Multiple Choices", "Location: pics/x/%2e%2e/c.jpg\r\n", b""),
        "/moved" => respond(stream, "307 Temporary Redirect", "Location: \\pics\\c.jpg#top\r\n", b""),
        _ => respond(stream, "400 Bad Request", "", b""),
    });
    for path in ["/dot/a/b.jpg", "/x/../pics/c.jpg", "/choice", "/moved", "/pics/c.jpg#part"] {
        assert_eq!(client().get(&server.url(path), &Silent).unwrap().body, b"silk", "{path}");
    }
    assert_eq!(server.requests_for("/pics/c.jpg"), 5);
}

#[test]
fn cookies_go_back_within_one_chain_of_redirects_and_are_forgotten_after() {
    let server = Server::start(|request, stream| match request.headers.get("cookie").map(String::as_str) {
        Some("seen=1; where=pics") => respond(stream, "200 OK", "", b"silk"),
        Some(other) => respond(stream, "400 Bad Request", "", other.as_bytes()),
        None => {
            let cookies = "Set-Cookie: seen=1; Path=/pics\r\nSet-Cookie: where=pics; Path=/\r\n";
            respond(stream, "302 Found", &format!("Location: cookie.jpg\r\n{cookies}"), b"");
        }
    });
    let client = client();
    for request in 1..=2 {
        assert_eq!(client.get(&server.url("/pics/cookie.jpg"), &Silent).unwrap().body, b"silk");
        assert_eq!(server.requests_for("/pics/cookie.jpg"), 2 * request, "no cookie is left from an earlier chain");
    }
}

#[test]
fn cookies_and_passwords_stay_with_their_host() {
    let target = Server::start(|request, stream| {
        let private = ["cookie", "authorization"].map(|name| request.headers.get(name).cloned().unwrap_or_default());
        respond(stream, "200 OK", "", private.concat().as_bytes());
    });
    let location = target.url_at("localhost", "/target");
    let portal = Server::start(move |request, stream| match request.path.as_str() {
        "/here" => respond(stream, "200 OK", "", request.headers["authorization"].as_bytes()),
        _ => respond(stream, "302 Found", &format!("Location: {location}\r\nSet-Cookie: a=1\r\n"), b""),
    });
    let with_password = |path: &str| portal.url_at("me:secret@127.0.0.1", path);
    assert_eq!(client().get(&with_password("/here"), &Silent).unwrap().body, b"Basic bWU6c2VjcmV0");
    assert_eq!(client().get(&with_password("/away"), &Silent).unwrap().body, b"");
    let reason = failure(&client(), "http://me:secret@127.0.0.1:1/a");
    assert!(reason.contains("`http://127.0.0.1:1/a`") && !reason.contains("secret"), "{reason}");
}

#[test]
fn an_international_host_is_asked_for_in_punycode() {
    let proxy = Server::start(|request, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
        let _ = stream.read(&mut [0; 1024]);
        respond(stream, "200 OK", "", request.path.as_bytes());
    });
    let proxies = Proxies { http: Some(proxy.url("/")), ..Proxies::default() };
    let client = Client::new(Policy { proxies, ..hasty() }).unwrap();
    let answer = client.get("http://b\u{fc}cher.example/a.jpg", &Silent).unwrap();
    assert_eq!(answer.body, b"xn--bcher-kva.example:80");
}

#[test]
fn a_description_says_which_address_is_asked_for() {
    struct Chooser(Mutex<Vec<(usize, String)>>);
    impl Receiver for Chooser {
        fn check(&self, _content: &[u8]) -> silknow_errors::Result<()> {
            Ok(())
        }
        fn choose(&self, job: &Job, description: Result<&[u8], &str>) -> Result<String, String> {
            match description {
                Ok(size) => Ok(format!("{}?size={}", job.url, String::from_utf8_lossy(size))),
                Err(reason) => Err(format!("no description: {reason}")),
            }
        }
        fn arrived(&self, number: usize, file: &Fetched) {
            self.0.lock().unwrap().push((number, file.validator.clone()));
        }
    }
    let server = Server::start(|request, stream| match request.path.as_str() {
        "/info" => respond(stream, "200 OK", "", b"448"),
        "/a?size=448" => respond(stream, "200 OK", "ETag: \"x\"\r\n", b"small"),
        _ => respond(stream, "418 I'm a teapot", "", b""),
    });
    let folder = tempfile::tempdir().unwrap();
    let mut jobs = jobs(folder.path(), ["/a", "/b"].map(|path| server.url(path)));
    jobs[0].description = Some(server.url("/info"));
    jobs[1].description = Some(server.url("/nothing"));
    let chooser = Chooser(Mutex::default());
    let outcomes = fetch_all(&client(), &jobs, &chooser, "", &Silent).unwrap();
    let failed = Outcome::Failed { reason: "no description: HTTP 418 I'm a teapot".to_owned() };
    assert_eq!(outcomes, [Outcome::Fetched { bytes: 5 }, failed]);
    assert_eq!(*chooser.0.lock().unwrap(), [(0, "\"x\"".to_owned())]);
    assert_eq!(std::fs::read(&jobs[0].destination).unwrap(), b"small");
}

#[test]
fn what_cannot_be_reached_says_why() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(failure(&client(), &format!("http://{closed}/a")).contains("127.0.0.1 refused the connection"));
    assert!(failure(&client(), "images/a.jpg").contains("`images/a.jpg` is not"));
}

#[test]
fn a_download_is_checked_and_counted_once_though_it_was_cut() {
    let content: Vec<u8> = (0..200_000u32).map(|number| number as u8).collect();
    let digest: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    let (served, etag) = (content.clone(), digest.clone());
    let server = Server::start(move |request, stream| match (request.path.as_str(), request.earlier) {
        ("/model", _) => {
            respond(stream, "302 Found", &format!("Location: /blob\r\nX-Linked-Etag: \"{etag}\"\r\n"), b"")
        }
        ("/wrong", _) => {
            let wrong = "0".repeat(64);
            respond(stream, "302 Found", &format!("Location: /blob\r\nX-Linked-Etag: \"{wrong}\"\r\n"), b"");
        }
        (_, 0) => respond_cut(stream, served.len(), &served[..150_000]),
        _ => respond(stream, "200 OK", "ETag: W/\"other\"\r\n", &served),
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let watcher = Watcher::default();
    let info =
        client().download(&server.url("/model"), &path, 1 << 20, None, "downloading the model", &watcher).unwrap();
    assert_eq!((info.bytes, info.sha256.as_str(), info.etag.as_deref()), (200_000, &*digest, Some(&*digest)));
    assert_eq!(std::fs::read(&path).unwrap(), content);
    assert_eq!(watcher.steps.load(Ordering::Relaxed), 200_000);
    assert_eq!(*watcher.tasks.lock().unwrap(), [("downloading the model".to_owned(), 200_000)]);

    let refused = client().download(&server.url("/wrong"), &path, 1 << 20, None, "", &Silent).unwrap_err();
    assert!(refused.message().contains("SHA-256"), "{refused}");
    let refused = client().download(&server.url("/blob"), &path, 1 << 20, Some(&"a".repeat(64)), "", &Silent);
    assert!(refused.unwrap_err().message().contains("SHA-256"));
    let refused = client().download(&server.url("/blob"), &path, 1000, None, "", &Silent).unwrap_err();
    assert!(refused.message().contains("above the limit of 1000"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), content, "what was there stays");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

fn jobs(folder: &std::path::Path, urls: impl IntoIterator<Item = String>) -> Vec<Job> {
    urls.into_iter()
        .enumerate()
        .map(|(number, url)| Job { url, destination: folder.join(format!("{number}.jpg")), description: None })
        .collect()
}

#[test]
fn many_jobs_all_get_their_outcome_in_order() {
    let server = Server::start(|request, stream| match request.path.as_str() {
        "/missing" => respond(stream, "404 Not Found", "", b""),
        "/page" => respond(stream, "200 OK", "", b"<html>"),
        path => respond(stream, "200 OK", "", path.as_bytes()),
    });
    let folder = tempfile::tempdir().unwrap();
    let mut urls: Vec<String> = (0..20).map(|number| server.url(&format!("/{number}"))).collect();
    urls[3] = server.url("/missing");
    urls[7] = server.url("/page");
    urls[9] = "nowhere".to_owned();
    let jobs = jobs(folder.path(), urls);
    let watcher = Watcher::default();
    let check = |content: &[u8]| {
        if content == b"<html>" { Err(Error::data("a page, not an image").hint("look at it")) } else { Ok(()) }
    };
    let outcomes = fetch_all(&client(), &jobs, &check, "fetching", &watcher).unwrap();
    for (number, outcome) in outcomes.iter().enumerate() {
        let failed = |reason: &str| Outcome::Failed { reason: reason.to_owned() };
        let expected = match number {
            3 => failed("HTTP 404 Not Found: there is nothing at this address; look at it in a browser"),
            7 => failed("a page, not an image"),
            9 => failed("`nowhere` is not an http or https address"),
            _ => Outcome::Fetched { bytes: format!("/{number}").len() as u64 },
        };
        assert_eq!(*outcome, expected, "job {number}");
        assert_eq!(jobs[number].destination.exists(), ![3, 7, 9].contains(&number));
    }
    assert_eq!(server.requests_for("/page"), 1, "what the check refuses is not fetched again");
    assert_eq!(watcher.steps.load(Ordering::Relaxed), 20, "every job is a step");
    assert_eq!(*watcher.tasks.lock().unwrap(), [("fetching".to_owned(), 20)]);
}

#[test]
fn a_file_that_cannot_be_written_ends_the_run_and_is_no_failure_of_its_address() {
    let server = Server::start(|_, stream| respond(stream, "200 OK", "", b"silk"));
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken");
    std::fs::write(&taken, "a file where a folder should be").unwrap();
    let jobs = jobs(&taken, (0..20).map(|number| server.url(&format!("/{number}"))));
    let client = Client::new(Policy { at_once: 1, ..hasty() }).unwrap();
    let error = fetch_all(&client, &jobs, &|_: &[u8]| Ok(()), "", &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.message().contains("taken"), "{error}");
    let asked: usize = (0..20).map(|number| server.requests_for(&format!("/{number}"))).sum();
    assert_eq!(asked, 1, "the disk is asked once, and no further host");
}

#[test]
fn requests_go_through_the_proxy_and_a_silent_one_is_named() {
    // A proxy that gives its own answer: what comes back shows who was asked.
    let proxy = Server::start(|request, stream| match request.path.as_str() {
        "museum.example:80" => {
            let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
            let _ = stream.read(&mut [0; 1024]);
            respond(stream, "200 OK", "", b"by proxy");
        }
        _ => respond(stream, "403 Forbidden", "", b""),
    });
    let server = Server::start(|_, stream| respond(stream, "200 OK", "", b"directly"));
    let through = |address: String| {
        let proxies = Proxies { http: Some(address), direct: vec!["127.0.0.1".to_owned()], ..Proxies::default() };
        Client::new(Policy { proxies, attempts: 1, ..hasty() }).unwrap()
    };
    let client = through(proxy.url("/"));
    assert_eq!(client.get("http://museum.example/a.jpg", &Silent).unwrap().body, b"by proxy");
    assert_eq!(client.get(&server.url("/a"), &Silent).unwrap().body, b"directly");
    let refused = failure(&client, "http://elsewhere.example/a.jpg");
    assert!(refused.contains("403"), "{refused}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = failure(&through(closed.to_string()), "http://museum.example/a.jpg");
    assert!(
        refused.contains(&format!("museum.example (through the proxy {closed}) refused the connection")),
        "{refused}"
    );
}

#[test]
fn never_more_than_two_requests_at_once_reach_one_host() {
    let crowd = Arc::new(Crowd::default());
    let inside = Arc::clone(&crowd);
    let server = Server::start(move |request, stream| {
        inside.join_until(2);
        match request.earlier {
            0 => respond(stream, "503 Service Unavailable", "", b""),
            _ => respond(stream, "200 OK", "", b"silk"),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let jobs = jobs(folder.path(), (0..12).map(|number| server.url(&format!("/{number}"))));
    let outcomes = fetch_all(&client(), &jobs, &|_: &[u8]| Ok(()), "", &Silent).unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Fetched { bytes: 4 }));
    assert_eq!(crowd.largest(), 2);
}

#[test]
fn several_hosts_are_asked_at_once_up_to_the_limit_over_all() {
    let crowd = Arc::new(Crowd::default());
    let inside = Arc::clone(&crowd);
    let server = Server::start(move |_, stream| {
        inside.join_until(3);
        respond(stream, "200 OK", "", b"silk");
    });
    let folder = tempfile::tempdir().unwrap();
    let hosts = ["127.0.0.1", "localhost"];
    let jobs = jobs(folder.path(), (0..12).map(|number| server.url_at(hosts[number % 2], &format!("/{number}"))));
    let client = Client::new(Policy { at_once: 3, ..hasty() }).unwrap();
    let outcomes = fetch_all(&client, &jobs, &|_: &[u8]| Ok(()), "", &Silent).unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Fetched { bytes: 4 }), "{outcomes:?}");
    assert_eq!(crowd.largest(), 3);
}

#[test]
fn a_redirect_counts_for_the_host_that_it_leads_to() {
    let crowd = Arc::new(Crowd::default());
    let inside = Arc::clone(&crowd);
    let target = Server::start(move |_, stream| {
        inside.join_until(2);
        respond(stream, "200 OK", "", b"silk");
    });
    let location = target.url("/target");
    let portal =
        Server::start(move |_, stream| respond(stream, "302 Found", &format!("Location: {location}\r\n"), b""));
    let folder = tempfile::tempdir().unwrap();
    let jobs = jobs(
        folder.path(),
        (0..8).map(|number| match number % 2 {
            0 => portal.url_at("localhost", "/a"),
            _ => target.url("/b"),
        }),
    );
    let outcomes = fetch_all(&client(), &jobs, &|_: &[u8]| Ok(()), "", &Silent).unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Fetched { bytes: 4 }), "{outcomes:?}");
    assert_eq!(crowd.largest(), 2);
}

#[test]
fn an_interruption_ends_waits_for_servers_and_for_retries() {
    let watcher = Watcher::default();
    let stop = Arc::clone(&watcher.stop);
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = Mutex::new(receiver);
    let server = Server::start(move |request, stream| match request.path.as_str() {
        "/busy" => respond(stream, "429 Too Many Requests", "Retry-After: 3600\r\n", b""),
        _ => {
            // By now one job waits out its hour, or will; this one is never answered.
            stop.store(true, Ordering::Relaxed);
            let _ = receiver.lock().unwrap().recv();
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let jobs = jobs(folder.path(), ["/busy", "/silent", "/later"].map(|path| server.url(path)));
    let hour = Duration::from_secs(3600);
    let patient =
        Policy { read_timeout: hour, total_timeout: hour, longest_wait: hour, patience: hour, ..Policy::default() };
    // Without an interruption this would last an hour.
    let outcomes = fetch_all(&Client::new(patient).unwrap(), &jobs, &|_: &[u8]| Ok(()), "", &watcher).unwrap();
    assert_eq!(outcomes, vec![Outcome::Interrupted; 3]);
    assert_eq!(server.requests_for("/later"), 0);
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
    drop(sender);
}
