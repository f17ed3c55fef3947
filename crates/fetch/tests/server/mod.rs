//! A small web server on this machine that answers as a test tells it to, and counts.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What a handler sees of a request.
pub struct Request {
    pub path: String,
    /// How many requests for this path came before.
    pub earlier: usize,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
}

/// Requests that are being answered, and the most that ever were at once.
#[derive(Default)]
pub struct Crowd {
    counts: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl Crowd {
    /// Stays in the crowd until `size` requests are in it, or for a while if they never come.
    pub fn join_until(&self, size: usize) {
        let mut counts = self.counts.lock().unwrap();
        counts.0 += 1;
        counts.1 = counts.1.max(counts.0);
        self.changed.notify_all();
        let waiting = |counts: &mut (usize, usize)| counts.1 < size;
        let (mut counts, _) = self.changed.wait_timeout_while(counts, Duration::from_secs(5), waiting).unwrap();
        counts.0 -= 1;
    }

    pub fn largest(&self) -> usize {
        self.counts.lock().unwrap().1
    }
}

pub struct Server {
    port: u16,
    seen: Arc<Mutex<HashMap<String, usize>>>,
}

impl Server {
    /// Answers every request with `answer`; one connection serves one request.
    pub fn start(answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
        let answer = Arc::new(answer);
        let counted = Arc::clone(&seen);
        // The thread ends with the test's process: a listener cannot be woken.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&counted));
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    if let Some(request) = read_request(&stream, &seen) {
                        answer(&request, &mut stream);
                    }
                });
            }
        });
        Self { port, seen }
    }

    pub fn url(&self, path: &str) -> String {
        self.url_at("127.0.0.1", path)
    }

    /// The same server under another host name.
    pub fn url_at(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.port)
    }

    pub fn requests_for(&self, path: &str) -> usize {
        self.seen.lock().unwrap().get(path).copied().unwrap_or(0)
    }
}

fn read_request(stream: &TcpStream, seen: &Mutex<HashMap<String, usize>>) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let headers = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    let mut seen = seen.lock().unwrap();
    let count = seen.entry(path.clone()).or_default();
    *count += 1;
    Some(Request { path, earlier: *count - 1, headers })
}

/// Writes an answer with its true length; a client that went away is not this server's trouble.
pub fn respond(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

/// Writes an answer that says it has `stated` bytes and ends after `body`.
pub fn respond_cut(stream: &mut TcpStream, stated: usize, body: &[u8]) {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {stated}\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}
