//! Puts the files of the page into the program: a table of their paths below `page/` and their contents.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What the page consists of, by the endings of the files' names.
const ENDINGS: [&str; 5] = ["html", "css", "js", "json", "svg"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo names the crate's folder")).join("page");
    println!("cargo::rerun-if-changed=page");
    let mut files = Vec::new();
    if root.is_dir() {
        collect(&root, &mut files)?;
    }
    let named = |file: PathBuf| {
        let name = file.strip_prefix(&root).expect("it lies below the folder").to_string_lossy().replace('\\', "/");
        (name, file)
    };
    let mut files: Vec<(String, PathBuf)> = files.into_iter().map(named).collect();
    // The program looks names up in the order of their bytes.
    files.sort();
    let mut table = String::from("[\n");
    for (name, file) in &files {
        writeln!(table, "    ({name:?}, include_bytes!({:?}) as &[u8]),", file.display().to_string())
            .expect("a text takes every line");
    }
    table.push(']');
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo names the folder for what is made"));
    fs::write(out.join("page.rs"), table)
}

/// The files of the page in a folder and the folders below it.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)) {
            files.push(path);
        }
    }
    Ok(())
}
