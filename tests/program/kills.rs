//! Every operation is killed before a system call that writes, and given again: it ends with the files of a run that was
//! left in peace, and with no other file.
//!
//! `strace` kills. A few kills of each operation are tried, and every one of them with `SILKNOW_KILLS=all`, as
//! `.ci/kills` does.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use silknow_test_support::skipped;

use crate::place::Place;
use crate::tiny_collection::{copy_of, files, operations, tiny_collection};

/// The calls that change files, or bring them to the disk.
const CALLS: &str = "write,pwrite64,writev,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,fsync,fdatasync,\
    syncfs,ftruncate,fallocate,fchmod,flock,copy_file_range,sendfile";

/// A program that is killed before the call of this number that one of its threads makes, or left in peace. Its calls are
/// listed in `log`.
fn command(place: &Place, arguments: &str, kill: Option<usize>, log: &Path) -> Command {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let plain = place.command(&arguments);
    let mut command = Command::new("strace");
    command.args(["-f", "-e", &format!("trace={CALLS}"), "-o"]).arg(log);
    if let Some(number) = kill {
        command.args(["-e", &format!("inject={CALLS}:signal=KILL:when={number}")]);
    }
    command.arg(plain.get_program()).args(plain.get_args()).current_dir(place.path());
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    // With one thread the calls are counted in one order.
    command.env("RAYON_NUM_THREADS", "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The most calls that one thread of an undisturbed run makes; none where it cannot be watched.
fn calls(place: &Place, arguments: &str) -> Option<usize> {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("calls");
    let is_done = command(place, arguments, None, &log).status().is_ok_and(|status| status.success());
    let mut threads: BTreeMap<&str, usize> = BTreeMap::new();
    let text = is_done.then(|| fs::read_to_string(&log).unwrap())?;
    for line in text.lines().filter(|line| line.contains('(') && !line.contains("resumed>")) {
        *threads.entry(line.split_whitespace().next().unwrap_or_default()).or_default() += 1;
    }
    threads.into_values().max()
}

#[test]
fn operations_that_were_killed_end_as_if_they_had_not_been() {
    let place = tiny_collection();
    let all = std::env::var("SILKNOW_KILLS").is_ok_and(|kills| kills == "all");
    let mut kills = 0;
    for (arguments, some) in operations() {
        let verb = arguments.split(' ').next().unwrap().to_owned();
        let before = copy_of(&place);
        let Some(calls) = calls(&place, &arguments) else {
            let reason = "strace is not there, or may not watch programs here";
            return skipped("operations_that_were_killed_end_as_if_they_had_not_been", reason);
        };
        let expected = files(place.path());
        let numbers: Vec<usize> =
            if all { (1..=calls).collect() } else { (1..=some).map(|part| calls * part / (some + 1) + 1).collect() };
        for number in numbers {
            let place = copy_of(&before);
            if command(&place, &arguments, Some(number), Path::new("/dev/null")).status().unwrap().success() {
                // The threads shared the calls in another way this time.
                continue;
            }
            kills += 1;
            let again = place.run(&arguments.split_whitespace().collect::<Vec<_>>());
            assert_eq!(again.code, Some(0), "{verb} after a kill before call {number}: {again}");
            let found = files(place.path());
            let differs: Vec<&String> =
                expected.keys().chain(found.keys()).filter(|&name| expected.get(name) != found.get(name)).collect();
            assert!(differs.is_empty(), "{verb} after a kill before call {number}: {differs:?}");
        }
    }
    assert!(kills > 0, "strace killed no run");
    println!("{kills} kills, no difference");
}
