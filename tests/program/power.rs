//! Every operation is cut off from its disk at some of its system calls, as a power cut does, and given again: it ends with the
//! files of a run that was left in peace.
//!
//! The layer that drops what was not synced is a model of a disk, fed with a run's system calls as `strace` records them.
//! It keeps apart what programs see and what has reached the disk: content by `fsync` of its file, names by `fsync` of
//! their folder, both by `syncfs`. Of what has not, a cut keeps nothing, or it keeps the names and loses their content, as
//! file systems do that write names first. The tests try a few cuts of some operations, `.ci/power` all of all.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use silknow_test_support::skipped;

use crate::place::Place;
use crate::tiny_collection::{copy_of, files, operations, tiny_collection};

/// The calls that change files or bring them to the disk, and those that say which file is meant.
const CALLS: &str = "open,openat,creat,close,write,pwrite64,writev,lseek,rename,renameat,renameat2,unlink,unlinkat,rmdir,\
    mkdir,mkdirat,fsync,fdatasync,syncfs,sync,ftruncate,copy_file_range,sendfile";

/// What of the things that were not synced is there after a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kept {
    Nothing,
    /// Names are as programs saw them; contents are cut off where they were synced last.
    Names,
}

/// A file or a folder, under any name.
#[derive(Clone, Default)]
struct Node {
    is_folder: bool,
    seen: Vec<u8>,
    synced: Vec<u8>,
    /// What tells the synced content from others; tensors are large.
    digest: u64,
}

impl Node {
    fn sync(&mut self) {
        self.synced.clone_from(&self.seen);
        let mut digest = DefaultHasher::new();
        self.synced.hash(&mut digest);
        self.digest = digest.finish();
    }
}

/// A file that the program has open.
struct Open {
    node: usize,
    path: PathBuf,
    position: usize,
    appends: bool,
}

/// What programs see of a folder, and what of it has reached the disk.
#[derive(Default)]
struct Disk {
    nodes: Vec<Node>,
    seen: BTreeMap<PathBuf, usize>,
    synced: BTreeMap<PathBuf, usize>,
    open: HashMap<i64, Open>,
}

/// A call as `strace` writes it: its name, its arguments, and what it returned.
struct Call {
    name: String,
    arguments: String,
    returned: i64,
}

impl Disk {
    /// A disk that has what lies in this folder, all of it synced.
    fn of(folder: &Path) -> Self {
        let mut disk = Self::default();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(below) = folders.pop() {
            for entry in fs::read_dir(below).unwrap().map(Result::unwrap) {
                let path = entry.path();
                let is_folder = entry.file_type().unwrap().is_dir();
                let seen = if is_folder { Vec::new() } else { fs::read(&path).unwrap() };
                let node = disk.add(path.clone(), Node { is_folder, seen, ..Node::default() });
                disk.nodes[node].sync();
                if is_folder {
                    folders.push(path);
                }
            }
        }
        disk.synced = disk.seen.clone();
        disk
    }

    fn add(&mut self, path: PathBuf, node: Node) -> usize {
        self.nodes.push(node);
        self.seen.insert(path, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// Does what a call did below `root`, which is the working directory too; calls that failed are not given.
    fn apply(&mut self, call: &Call, root: &Path) {
        let texts = texts(&call.arguments);
        let numbers: Vec<i64> = call.arguments.split([',', ' ']).filter_map(|part| part.parse().ok()).collect();
        let number = |place: usize| numbers.get(place).copied().unwrap_or(-1);
        // Folders that paths begin at are the working directory, or open.
        let folder = call.arguments.split(',').next().and_then(|folder| folder.parse().ok());
        let at = |disk: &Self, place: usize| {
            let folder = folder.and_then(|folder: i64| disk.open.get(&folder));
            let beginning = folder.map_or(root.to_path_buf(), |open| open.path.clone());
            beginning.join(String::from_utf8_lossy(&texts[place]).into_owned())
        };
        match call.name.as_str() {
            "open" | "openat" | "creat" => {
                let path = at(self, 0);
                let flags = call.arguments.rsplit_once('"').map_or("", |(_, flags)| flags);
                let node = match self.seen.get(&path) {
                    Some(&node) => node,
                    None if path.starts_with(root) && flags.contains("O_CREAT") => {
                        self.add(path.clone(), Node::default())
                    }
                    // Outside, or without a name: nothing is kept of it.
                    None => {
                        self.nodes.push(Node::default());
                        self.nodes.len() - 1
                    }
                };
                if flags.contains("O_TRUNC") {
                    self.nodes[node].seen.clear();
                }
                let appends = flags.contains("O_APPEND");
                self.open.insert(call.returned, Open { node, path, position: 0, appends });
            }
            "close" => drop(self.open.remove(&number(0))),
            "write" | "writev" => self.write(number(0), None, &texts.concat(), call.returned),
            "pwrite64" => {
                self.write(number(0), numbers.last().map(|&place| place as usize), &texts.concat(), call.returned)
            }
            "copy_file_range" | "sendfile" => {
                let (from, to) = if call.name == "sendfile" { (number(1), number(0)) } else { (number(0), number(1)) };
                let Some(source) = self.open.get_mut(&from) else { return };
                let content = &self.nodes[source.node].seen;
                let end = content.len().min(source.position + call.returned as usize);
                let copied = content[source.position.min(end)..end].to_vec();
                source.position = end;
                self.write(to, None, &copied, copied.len() as i64);
            }
            "lseek" => {
                if let Some(open) = self.open.get_mut(&number(0)) {
                    open.position = call.returned as usize;
                }
            }
            "ftruncate" => {
                if let Some(open) = self.open.get(&number(0)) {
                    self.nodes[open.node].seen.resize(number(1) as usize, 0);
                }
            }
            "rename" | "renameat" | "renameat2" => {
                let (from, to) = (at(self, 0), at(self, 1));
                let below: Vec<PathBuf> = self.seen.keys().filter(|path| path.starts_with(&from)).cloned().collect();
                for path in below {
                    let node = self.seen.remove(&path).expect("it was listed");
                    let rest = path.strip_prefix(&from).expect("it begins so");
                    self.seen.insert(if rest == Path::new("") { to.clone() } else { to.join(rest) }, node);
                }
            }
            "unlink" | "unlinkat" | "rmdir" => drop(self.seen.remove(&at(self, 0))),
            "mkdir" | "mkdirat" => drop(self.add(at(self, 0), Node { is_folder: true, ..Node::default() })),
            "fsync" | "fdatasync" => {
                let Some(open) = self.open.get(&number(0)) else { return };
                let node = &mut self.nodes[open.node];
                if node.is_folder || open.path == root {
                    let folder = open.path.clone();
                    self.synced.retain(|path, _| path.parent() != Some(&folder));
                    let now = self.seen.iter().filter(|(path, _)| path.parent() == Some(&folder));
                    self.synced.extend(now.map(|(path, &node)| (path.clone(), node)));
                } else {
                    node.sync();
                }
            }
            "syncfs" | "sync" => {
                self.synced = self.seen.clone();
                self.nodes.iter_mut().for_each(Node::sync);
            }
            other => panic!("`{other}` is not understood"),
        }
    }

    fn write(&mut self, file: i64, place: Option<usize>, content: &[u8], written: i64) {
        let Some(open) = self.open.get_mut(&file) else { return };
        let seen = &mut self.nodes[open.node].seen;
        let content = &content[..content.len().min(written as usize)];
        let start = place.unwrap_or(if open.appends { seen.len() } else { open.position });
        if seen.len() < start + content.len() {
            seen.resize(start + content.len(), 0);
        }
        seen[start..start + content.len()].copy_from_slice(content);
        if place.is_none() {
            open.position = start + content.len();
        }
    }

    /// What is there after a cut: the names below `root`, each with what reached the disk of its content.
    fn after_a_cut<'a>(&'a self, kept: Kept, root: &'a Path) -> impl Iterator<Item = (&'a Path, &'a Node)> {
        let names = if kept == Kept::Names { &self.seen } else { &self.synced };
        let is_reached = move |path: &Path| {
            path.ancestors().skip(1).take_while(|folder| *folder != root).all(|folder| names.contains_key(folder))
        };
        names.iter().filter(move |(path, _)| is_reached(path)).map(|(path, &node)| (path.as_path(), &self.nodes[node]))
    }
}

/// The texts among the arguments of a call, which `strace -xx` writes as `"\x61\x62"`.
fn texts(arguments: &str) -> Vec<Vec<u8>> {
    let quoted = arguments.split('"').skip(1).step_by(2);
    let byte = |digits: &[u8]| {
        let digit = |digit: u8| (digit as char).to_digit(16).expect("strace writes hexadecimal digits") as u8;
        16 * digit(digits[2]) + digit(digits[3])
    };
    quoted.map(|text| text.as_bytes().chunks_exact(4).map(byte).collect()).collect()
}

/// The calls of a record that changed something, one after the other.
fn calls(record: &Path) -> impl Iterator<Item = Call> {
    let mut lines = BufReader::new(File::open(record).unwrap()).split(b'\n').map(Result::unwrap);
    let mut begun: HashMap<String, String> = HashMap::new();
    std::iter::from_fn(move || {
        loop {
            let line = String::from_utf8(lines.next()?).unwrap();
            let (process, rest) = line.split_once(' ')?;
            let rest = rest.trim_start();
            let whole = if let Some(beginning) = rest.strip_suffix(" <unfinished ...>") {
                begun.insert(process.to_owned(), beginning.to_owned());
                continue;
            } else if rest.starts_with("<... ") {
                let end = rest.split_once(" resumed>").expect("strace says so").1;
                begun.remove(process).unwrap_or_default() + end
            } else {
                rest.to_owned()
            };
            // Signals and ends of threads are no calls.
            let Some((call, result)) = whole.rsplit_once(" = ") else { continue };
            let Some((name, arguments)) = call.trim_end().trim_end_matches(')').split_once('(') else { continue };
            let returned = result.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(-1);
            if returned >= 0 {
                return Some(Call { name: name.to_owned(), arguments: arguments.to_owned(), returned });
            }
        }
    })
}

/// Runs the program and records its calls; false where it cannot be watched.
fn record(place: &Place, arguments: &str, log: &Path) -> bool {
    let plain = place.command(&arguments.split_whitespace().collect::<Vec<_>>());
    let mut command = Command::new("strace");
    command.args(["-f", "-xx", "-s", "1000000000", "-e", &format!("trace={CALLS}"), "-o"]).arg(log);
    command.arg(plain.get_program()).args(plain.get_args()).current_dir(place.path());
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.env("RAYON_NUM_THREADS", "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The cuts after which different things are on the disk: the number of calls before each, and what is kept.
fn different_cuts(mut disk: Disk, log: &Path, root: &Path) -> Vec<(usize, Kept)> {
    let mut known = HashSet::new();
    let mut cuts = Vec::new();
    for (number, call) in calls(log).enumerate() {
        disk.apply(&call, root);
        for kept in [Kept::Nothing, Kept::Names] {
            let mut state = DefaultHasher::new();
            disk.after_a_cut(kept, root).for_each(|(path, node)| (path, node.digest).hash(&mut state));
            if known.insert(state.finish()) {
                cuts.push((number + 1, kept));
            }
        }
    }
    cuts
}

/// A folder with what is there after a cut.
fn place_after(disk: &Disk, kept: Kept, root: &Path) -> Place {
    let place = Place::new();
    for (path, node) in disk.after_a_cut(kept, root) {
        let path = place.path().join(path.strip_prefix(root).unwrap());
        match node.is_folder {
            false => fs::write(path, &node.synced).unwrap(),
            true => fs::create_dir_all(path).unwrap(),
        }
    }
    place
}

#[test]
fn operations_whose_power_was_cut_end_as_if_it_had_not_been() {
    const NAME: &str = "operations_whose_power_was_cut_end_as_if_it_had_not_been";
    let all = std::env::var("SILKNOW_CUTS").is_ok_and(|cuts| cuts == "all");
    let place = tiny_collection();
    let logs = tempfile::tempdir().unwrap();
    let log = logs.path().join("calls");
    let mut tried = 0;
    for (arguments, some) in operations() {
        let verb = arguments.split(' ').next().unwrap().to_owned();
        // A model is tens of megabytes, which are slow to record.
        if !all && ["train-model", "crossvalidation"].contains(&verb.as_str()) {
            if verb == "crossvalidation" {
                continue;
            }
            assert_eq!(place.run(&arguments.split_whitespace().collect::<Vec<_>>()).code, Some(0), "{verb}");
            continue;
        }
        let before = copy_of(&place);
        if !record(&place, &arguments, &log) {
            return skipped(NAME, "strace is not there, or may not watch programs here");
        }
        let expected = files(place.path());
        // The calls name the folder in which they were made.
        let root = place.path();
        let begun = || {
            let mut disk = Disk::of(before.path());
            for names in [&mut disk.seen, &mut disk.synced] {
                let moved = |path: &PathBuf| root.join(path.strip_prefix(before.path()).unwrap());
                *names = names.iter().map(|(path, &node)| (moved(path), node)).collect();
            }
            disk
        };
        let cuts = different_cuts(begun(), &log, root);
        assert!(cuts.len() > 2, "{verb} syncs nothing");
        let chosen: HashSet<(usize, Kept)> = match all {
            true => cuts.into_iter().collect(),
            false => (1..=2 * some).map(|part| cuts[cuts.len() * part / (2 * some + 1)]).collect(),
        };
        let mut disk = begun();
        for (number, call) in calls(&log).enumerate() {
            disk.apply(&call, root);
            for kept in [Kept::Nothing, Kept::Names].into_iter().filter(|&kept| chosen.contains(&(number + 1, kept))) {
                let place = place_after(&disk, kept, root);
                tried += 1;
                let again = place.run(&arguments.split_whitespace().collect::<Vec<_>>());
                let cut = format!("{verb}, cut after call {} ({}), {kept:?} kept", number + 1, call.name);
                assert_eq!(again.code, Some(0), "{cut}: {again}");
                let found = files(place.path());
                let differs: Vec<&String> =
                    expected.keys().chain(found.keys()).filter(|&name| expected.get(name) != found.get(name)).collect();
                assert!(differs.is_empty(), "{cut}: {differs:?}");
            }
        }
    }
    assert!(tried > 0, "no power was cut");
    println!("{tried} cuts, no difference");
}
