//! A client that asks over real HTTP.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{Method, Request};

/// What stands between the parts of a form.
const BOUNDARY: &str = "----silk-of-the-tests";

/// A client of one server.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    address: SocketAddr,
    token: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|cause| panic!("{cause}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The JSON of an answer that must be a success.
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// The code of an error, whose form is checked.
    pub fn code(&self) -> String {
        let error = &self.json()["error"];
        assert!(self.status >= 400 && error["sentence"].as_str().is_some_and(|it| !it.is_empty()), "{}", self.text());
        error["code"].as_str().unwrap().to_owned()
    }
}

impl Client {
    pub fn new(address: SocketAddr, token: Option<String>) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).proxy(None).max_redirects(0).build();
        Self { agent: config.into(), address, token }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same client without its token.
    pub fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    pub fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answered = match body.as_slice() {
            [] => self.agent.run(request.body(()).unwrap()),
            _ => self.agent.run(request.body(body).unwrap()),
        };
        let mut response = answered.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.body_mut().read_to_vec().unwrap() }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, Vec::new())
    }

    pub fn post_json(&self, path: &str, json: &Value) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json")], json.to_string().into_bytes())
    }

    /// Sends pictures, with the JSON of a search where there is one.
    pub fn post_files(&self, path: &str, files: &[&[u8]], query: Option<&Value>) -> Answer {
        let mut body = Vec::new();
        for file in files {
            let head = "Content-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"";
            body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").bytes());
            body.extend(*file);
            body.extend(b"\r\n");
        }
        if let Some(query) = query {
            let head = "Content-Disposition: form-data; name=\"query\"";
            body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n{query}\r\n").bytes());
        }
        body.extend(format!("--{BOUNDARY}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(Method::POST, path, &[("content-type", &kind)], body)
    }

    pub fn upload(&self, picture: &Path, query: &Value) -> Answer {
        self.post_files("/api/v1/search", &[&std::fs::read(picture).unwrap()], Some(query))
    }
}
