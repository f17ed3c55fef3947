//! A small web host on this machine that serves files from memory.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

/// A host that serves until the test ends.
pub struct Host {
    /// What to put before a name.
    pub address: String,
    /// Tells of every request that is left without an answer.
    pub unanswered: Receiver<()>,
}

/// Serves `files` by name. A request for a name that ends in `silent` is read and never answered; everything else is
/// not found.
pub fn serve(files: HashMap<String, Vec<u8>>) -> Host {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, unanswered) = channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            match request(&stream) {
                Some(name) if name.ends_with("silent") => {
                    held.push(stream);
                    // Not every test listens.
                    let _ = sender.send(());
                }
                Some(name) => answer(&mut stream, files.get(&name)),
                None => {}
            }
        }
    });
    Host { address, unanswered }
}

/// The name that is asked for.
fn request(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let name = lines.next()?.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    lines.find(|line| line.is_empty())?;
    Some(name)
}

/// A client that went away is not this host's trouble.
fn answer(stream: &mut TcpStream, content: Option<&Vec<u8>>) {
    let status = if content.is_some() { "200 OK" } else { "404 Not Found" };
    let body = content.map_or(&[][..], Vec::as_slice);
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}
