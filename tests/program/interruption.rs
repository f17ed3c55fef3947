//! Ctrl-C: the work stops, what is finished is kept, and the exit code and the last words say so.
#![cfg(unix)]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::host::{self, Host};
use crate::place::Place;

const JPEG: &[u8] = include_bytes!("../../crates/image/tests/reference/files/progressive.jpg");

const CREATE: [&str; 5] = ["create-dataset", "--csvfile", "table.csv", "--minnumsamples", "1"];

fn start(place: &Place, arguments: &[&str]) -> Child {
    place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts `create-dataset` on a host that does not answer for two of its images, and waits until the program has
/// asked for both: from then on all others are done with, for it asks for two at once.
fn start_at_a_silent_host() -> (Place, Host, Child) {
    let names = ["silk.jpg", "lost.jpg", "1/silent", "2/silent", "later.jpg"];
    let files = ["silk.jpg", "later.jpg"].map(|name| (name.to_owned(), JPEG.to_vec()));
    let host = host::serve(HashMap::from(files));
    let place = Place::new();
    let rows: String = names.iter().map(|name| format!("{}/{name},twill\n", host.address)).collect();
    place.write("table.csv", format!("image_file,weave\n{rows}"));
    let program = start(&place, &CREATE);
    host.unanswered.iter().take(2).for_each(drop);
    (place, host, program)
}

fn interrupt(program: &Child) {
    let sent = Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_second_interruption_ends_the_program_at_once() {
    let (_place, _host, mut program) = start_at_a_silent_host();
    interrupt(&program);
    // The second must not come before the first was heard: equal signals that wait become one.
    let mut said = BufReader::new(program.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line == "stopping at the next safe point; press Ctrl-C again to stop at once"));
    interrupt(&program);
    assert_eq!(program.wait().unwrap().code(), Some(130));
}

#[test]
fn an_interrupted_fetch_lists_what_failed_and_the_next_run_goes_on() {
    let (place, host, program) = start_at_a_silent_host();
    interrupt(&program);
    let outcome = place.outcome(program.wait_with_output().unwrap());
    assert_eq!(outcome.code, Some(130), "{outcome}");
    let last_words = "error: interrupted\nhint: what is finished was kept; the same command goes on from here\n";
    assert!(outcome.stderr.ends_with(last_words), "{outcome}");
    assert!(!place.path().join("samples/masterfile.txt").exists());
    let list = fs::read_to_string(place.path().join("samples/data/download_failures.csv")).unwrap();
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(list.contains(&format!("{}/lost.jpg,", host.address)), "{list}");
    let fetched: Vec<_> = fs::read_dir(place.path().join("samples/data/img_unscaled")).unwrap().collect();
    assert_eq!(fetched.len(), 1, "whole files alone: {fetched:?}");

    // The same table, but for the images that nobody serves.
    let rows = ["silk.jpg", "later.jpg"].map(|name| format!("{}/{name},twill\n", host.address)).concat();
    place.write("table.csv", format!("image_file,weave\n{rows}"));
    let outcome = place.run(&CREATE);
    assert!(outcome.stdout.contains("images: 1 fetched, 1 already there, 0 failed"), "{outcome}");
}

#[test]
fn an_interrupted_training_leaves_a_checkpoint_and_goes_on_from_it() {
    let place = Place::new();
    fs::create_dir(place.path().join("pictures")).unwrap();
    let mut table = String::from("image_file,weave\n");
    for number in 0..12 {
        place.write(&format!("pictures/{number}.jpg"), JPEG);
        table.push_str(&format!("pictures/{number}.jpg,{}\n", ["twill", "satin"][number % 2]));
    }
    place.write("table.csv", table);
    let made = place.run(&CREATE);
    assert_eq!(made.code, Some(0), "{made}");

    let train: Vec<&str> = "train-model --config Configuration_train_model.txt --backbone resnet18 --weights builtin \
        --input_size 32 --add_fc [4] --train_batch_size 4 --how_many_training_steps 1000000 --val_percentage 0 \
        --augmented_views 1 --device cpu --resume True"
        .split_whitespace()
        .collect();
    let model = place.path().join("output_files/Default");
    let steps = |rows: &str| rows.lines().count() - 1;
    let mut rows = String::from("step\n");
    for _ in 0..2 {
        let program = start(&place, &train);
        // The event file is begun right before the first step.
        while !model.join("train").exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        interrupt(&program);
        let outcome = place.outcome(program.wait_with_output().unwrap());
        assert_eq!(outcome.code, Some(130), "{outcome}");
        assert!(outcome.stderr.contains("the same command with --resume True goes on from here"), "{outcome}");
        assert!(model.join("checkpoint.safetensors").is_file() && !model.join("model.json").exists());
        let now = fs::read_to_string(model.join("metrics.csv")).unwrap();
        assert!(steps(&now) >= steps(&rows), "{now}");
        rows = now;
        fs::remove_dir_all(model.join("train")).unwrap();
    }
}

/// Nobody reads what the program prints, so that it waits at a full pipe, where no safe point comes.
#[cfg(target_os = "linux")]
#[test]
fn work_that_comes_to_no_safe_point_is_ended_in_the_end() {
    use std::io::Write;

    let (unread, mut full) = std::io::pipe().unwrap();
    // As much as a pipe holds.
    full.write_all(&[b'\n'; 65_536]).unwrap();
    let place = Place::new();
    let mut program = place.command(&["doctor"]).stdout(Stdio::from(full)).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(program.stderr.take().unwrap()).lines().map(Result::unwrap);
    // The signal must not come before the program listens to it: it is the second bit of a mask.
    let listens = || {
        let status = fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap() & 0b10 != 0
    };
    while !listens() {
        std::thread::sleep(Duration::from_millis(5));
    }
    interrupt(&program);
    assert!(said.any(|line| line == "error: interrupted"));
    assert_eq!(program.wait().unwrap().code(), Some(130));
    drop(unread);
}
