//! A fresh folder, the program run in it, and what the run left behind.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Variables that would send the tests' requests elsewhere.
const PROXY_VARIABLES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A small whole picture.
pub const JPEG: &[u8] = include_bytes!("../../crates/image/tests/reference/files/progressive.jpg");

/// A fresh folder in which the program runs.
pub struct Place(TempDir);

/// What a run left behind.
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with the images `a.jpg` to `d.jpg` and a collection file of the given text, both in `samples` and the
    /// second named by `samples/master.txt`.
    pub fn with_collection(collection: &str) -> Self {
        let place = Self::new();
        fs::create_dir(place.path().join("samples")).unwrap();
        for name in ["a.jpg", "b.jpg", "c.jpg", "d.jpg"] {
            place.write(&format!("samples/{name}"), JPEG);
        }
        place.write("samples/collection.txt", collection);
        place.write("samples/master.txt", "collection.txt\n");
        place
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), content).unwrap();
    }

    /// The program with surroundings of its own: no terminal, no cache, no hub, no proxy.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_silknow"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_remove("COLUMNS")
            .env("SILKNOW_CACHE", self.path().join("cache"))
            .env("HF_ENDPOINT", "http://127.0.0.1:9")
            .envs(PROXY_VARIABLES.map(|name| (name, "")))
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.outcome(self.command(arguments).output().unwrap())
    }

    /// A training on `samples/master.txt` that is over at once.
    pub fn train(&self, logpath: &str, variables: &str, more: &[&str]) -> Outcome {
        let fixed = "train-model --master_file_name master.txt --master_dir samples --backbone resnet18 --weights builtin \
            --device cpu --input_size 32 --add_fc [4] --how_many_training_steps 2";
        let given = ["--logpath", logpath, "--relevant_variables", variables];
        self.run(&[&fixed.split_whitespace().collect::<Vec<_>>(), &given[..], more].concat())
    }

    /// What a run left behind, with this folder's name taken out of its texts.
    pub fn outcome(&self, output: Output) -> Outcome {
        let text =
            |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&self.path().display().to_string(), "[FOLDER]");
        Outcome { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        write!(f, "exit code: {code}\n--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr)
    }
}
