//! Ctrl-C: the work stops, what is finished is kept, and the exit code says so.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Starts `create-dataset` on images of a host that takes connections and never answers, and waits until the
/// program has connected: from then on it is at work.
fn start_at_a_silent_host(folder: &Path) -> (Child, TcpListener, TcpStream) {
    let host = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = host.local_addr().unwrap();
    let rows: String = (0..4)
        .map(|number| format!("http://example.org/object/{number},http://example.org/museum/garin,\"['http://{address}/{number}.jpg']\",['ES'],[],[],[],[]\n"))
        .collect();
    let header = "obj,museum,deeplink,place_country_code,time_label,technique_group,material_group,depict_group\n";
    fs::write(folder.join("export.csv"), format!("{header}{rows}")).unwrap();
    let program = Command::new(env!("CARGO_BIN_EXE_silknow"))
        .args(["create-dataset", "--csvfile", "export.csv", "--minnumsamples", "1", "--retaincollections", "garin"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (connection, _) = host.accept().unwrap();
    (program, host, connection)
}

fn interrupt(program: &Child) {
    let sent = Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn wait(program: Child) -> (Option<i32>, String) {
    let output = program.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_second_interruption_ends_the_program_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut program, _host, _connection) = start_at_a_silent_host(folder.path());
    interrupt(&program);
    // The second must not come before the first was heard: equal signals that wait become one.
    let mut said = BufReader::new(program.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line == "stopping at the next safe point; once more to stop at once"));
    interrupt(&program);
    assert_eq!(wait(program).0, Some(130));
}

#[test]
fn an_interruption_stops_the_work_with_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let (program, host, connection) = start_at_a_silent_host(folder.path());
    interrupt(&program);
    // The silent host goes away, so that what the program waits for fails and it comes to a safe point.
    drop((connection, host));
    let (code, said) = wait(program);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.ends_with("error: interrupted\n"), "{said}");
    assert!(!folder.path().join("samples/masterfile.txt").exists());
}
