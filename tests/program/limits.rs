//! A machine that refuses memory or disk: the program says so and ends with the exit code for it.
#![cfg(target_os = "linux")]

use std::process::Command;

use silknow_test_support::skipped;

use crate::place::{JPEG, Outcome, Place};

/// Describes a picture within what `ulimit` leaves.
fn describe_within(limit: &str) -> Outcome {
    let place = Place::new();
    place.write("silk.jpg", JPEG);
    let plain = place.command(
        &"describe silk.jpg --backbone resnet18 --weights builtin --input_size 32 --device cpu --out out.npy"
            .split(' ')
            .collect::<Vec<_>>(),
    );
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit {limit} && exec \"$0\" \"$@\"")]).arg(plain.get_program());
    command.args(plain.get_args()).current_dir(place.path());
    plain.get_envs().for_each(|(name, value)| {
        command.env(name, value.unwrap_or_default());
    });
    let outcome = place.outcome(command.output().unwrap());
    assert!(!place.path().join("out.npy").exists());
    outcome
}

#[test]
fn files_that_may_not_be_as_long_as_they_have_to_are_told() {
    let outcome = describe_within("-f 0");
    assert_eq!(outcome.code, Some(3), "{outcome}");
    assert!(outcome.stderr.contains("error: cannot write `out.npy`: File too large"), "{outcome}");
}

#[test]
fn a_lack_of_memory_is_told() {
    let outcome = describe_within("-v 150000");
    assert_eq!(outcome.code, Some(3), "{outcome}");
    assert!(outcome.stderr.contains("memory allocation of") || outcome.stderr.contains("error: "), "{outcome}");
}

/// The limit on threads does not bind the superuser, so that the program runs as nobody there.
#[test]
fn where_few_threads_can_be_had_there_are_fewer_or_it_is_told() {
    const NOBODY: &str = "65533";
    let place = Place::new();
    let plain = place.command(&["doctor"]);
    for threads in 1..8 {
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid",
            NOBODY,
            "--regid",
            NOBODY,
            "--clear-groups",
            "prlimit",
            &format!("--nproc={threads}"),
        ]);
        command.arg(plain.get_program()).args(plain.get_args());
        let outcome = command.current_dir("/").output().ok().map(|output| place.outcome(output));
        let Some(outcome) = outcome.filter(|outcome| !matches!(outcome.code, Some(126 | 127))) else {
            let reason = "the program cannot be run as another user here";
            return skipped("where_few_threads_can_be_had_there_are_fewer_or_it_is_told", reason);
        };
        match outcome.code {
            Some(0) => {}
            Some(3) => assert!(outcome.stderr.contains("error: the system starts no further thread"), "{outcome}"),
            _ => panic!("{threads} threads: {outcome}"),
        }
        if threads == 1 {
            assert_eq!(outcome.code, Some(3), "{outcome}");
        }
        if threads > 4 {
            assert_eq!(outcome.code, Some(0), "{outcome}");
        }
    }
}
