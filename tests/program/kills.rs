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

/// The calls that change files, or bring them to the disk.
const CALLS: &str = "write,pwrite64,writev,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,fsync,fdatasync,\
    syncfs,ftruncate,fallocate,fchmod,flock,copy_file_range,sendfile";

const TRAINING: &str = "--backbone resnet18 --weights builtin --input_size 32 --add_fc [4] --train_batch_size 4 \
    --how_many_training_steps 4 --how_often_validation 2 --augmented_views 1 --device cpu --resume True";

/// The operations in an order in which each finds what it needs, each with the kills that are always tried.
fn operations() -> Vec<(String, usize)> {
    let configured = |verb: &str, name: &str| format!("{verb} --config Configuration_{name}.txt");
    vec![
        ("create-dataset --csvfile table.csv --minnumsamples 1".to_owned(), 3),
        (format!("{} {TRAINING}", configured("train-model", "train_model")), 3),
        (format!("{} --device cpu", configured("build-kdtree", "build_kDTree")), 1),
        (format!("{} --device cpu --num_neighbors 3", configured("get-knn", "get_kNN")), 1),
        (configured("evaluate-model", "evaluate_model"), 1),
        (format!("{} {TRAINING} --num_neighbors 3", configured("crossvalidation", "crossvalidation")), 4),
        ("describe pictures --backbone resnet18 --weights builtin --input_size 32 --device cpu --out out/d.npy".to_owned(), 1),
        (
            "search pictures/o1.bmp --treepath output_files/kDTree --model_path output_files/Default --html out/page.html \
             --device cpu"
                .to_owned(),
            1,
        ),
    ]
}

/// A picture in one of three colours with a pattern of its own, as a BMP file.
fn picture(number: u32) -> Vec<u8> {
    let (width, height) = (40u32, 36u32);
    let colour = [[30u8, 40, 200], [200, 60, 30], [60, 180, 40]][number as usize % 3];
    let mut bytes = b"BM".to_vec();
    bytes.extend([54 + width * height * 3, 0, 54, 40, width, height].map(u32::to_le_bytes).concat());
    bytes.extend([1u16, 24].map(u16::to_le_bytes).concat());
    bytes.extend([0; 24]);
    for y in 0..height {
        for x in 0..width {
            let noise = (x * 31 + y * 17 + number * 7).wrapping_mul(2_654_435_761) >> 28;
            let band = (x * (number + 2) + y * (number % 5 + 1)) / 7;
            let stripe = if band.is_multiple_of(2) { 40 } else { 0 };
            bytes.extend(colour.map(|part| part.saturating_add(stripe + noise as u8)));
        }
    }
    bytes
}

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

/// All files below a folder with their contents, without those that hold times.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if !["image_sources.csv", ".silknow.lock", "tfevents"].iter().any(|part| name.contains(part)) {
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn copy_of(place: &Place) -> Place {
    let copied = Place::new();
    copy(place.path(), copied.path());
    copied
}

#[test]
fn operations_that_were_killed_end_as_if_they_had_not_been() {
    let place = Place::new();
    fs::create_dir(place.path().join("pictures")).unwrap();
    let mut table = String::from("image_file,weave,colour\n");
    for number in 0..15 {
        place.write(&format!("pictures/o{number}.bmp"), picture(number));
        let [weave, colour] = [["twill", "satin"][number as usize % 2], ["red", "blue", "green"][number as usize % 3]];
        table.push_str(&format!("pictures/o{number}.bmp,{weave},{colour}\n"));
    }
    place.write("table.csv", table);
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
