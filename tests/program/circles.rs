//! The files of a crate import each other in one direction: no circle leads back to where it began.
//!
//! A folder and the files in it are one module: what its `mod.rs` defines may be used in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of a crate by their paths, such as `model::folder`, each with its code.
type Modules = BTreeMap<String, String>;

#[test]
fn no_two_files_of_a_crate_import_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let (mut read, mut found) = (0, Vec::new());
    for folder in crates.chain([root.join("python"), root.to_path_buf()]) {
        let mut modules = Modules::new();
        read_modules(&folder.join("src"), &mut Vec::new(), &mut modules);
        read += modules.len();
        let imports = modules.iter().map(|(module, code)| (module.as_str(), imports(module, code, &modules)));
        let imports: BTreeMap<&str, BTreeSet<&str>> = imports.collect();
        let circles = imports.keys().filter_map(|module| circle(module, &imports));
        found.extend(circles.map(|circle| format!("{}: {}", folder.display(), circle.join(" -> "))));
    }
    assert!(read > 100, "only {read} files were read");
    assert!(found.is_empty(), "put what these files share into one below them: {found:#?}");
}

#[test]
fn a_circle_is_found_through_groups_children_and_parents() {
    let code = [
        ("a", "mod b;\nuse crate::{d, e::{self, E}};"),
        ("a::b", "use super::g;\nuse super::super::e::E; // crate::d"),
        ("d", "fn f() { crate::a::g(); }"),
        ("e", "pub(in crate::a) fn g() { crate::d!() }\n#[cfg(test)]\nmod tests { use crate::d; }"),
    ];
    let modules: Modules = code.iter().map(|&(module, code)| (module.to_owned(), plain(code))).collect();
    let imports: BTreeMap<&str, BTreeSet<&str>> =
        modules.iter().map(|(module, code)| (module.as_str(), imports(module, code, &modules))).collect();
    assert_eq!(imports["a"], BTreeSet::from(["d", "e"]));
    assert_eq!(imports["a::b"], BTreeSet::from(["e"]));
    assert_eq!(imports["d"], BTreeSet::from(["a"]));
    assert_eq!(imports["e"], BTreeSet::new());
    assert_eq!(circle("a", &imports).unwrap(), ["a", "d", "a"]);
    assert_eq!(circle("e", &imports), None);
}

/// Reads the modules below a folder. The root of the crate is none: it declares the others.
fn read_modules(folder: &Path, path: &mut Vec<String>, modules: &mut Modules) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        let name = entry.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_code = entry.extension().is_some_and(|ending| ending == "rs");
        match name.as_str() {
            "lib" | "main" | "tests" => {}
            "mod" => drop(modules.insert(path.join("::"), plain(&fs::read_to_string(&entry).unwrap()))),
            _ => {
                path.push(name);
                match entry.is_dir() {
                    true => read_modules(&entry, path, modules),
                    false if is_code => {
                        drop(modules.insert(path.join("::"), plain(&fs::read_to_string(&entry).unwrap())))
                    }
                    false => {}
                }
                path.pop();
            }
        }
    }
}

/// Code without its tests, without comments, and without what looks like a path and is none.
fn plain(code: &str) -> String {
    let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n").replace("pub(in crate::", "(").replace("pub(in super::", "(")
}

/// The modules that the code of one names.
fn imports<'a>(module: &str, code: &str, modules: &'a Modules) -> BTreeSet<&'a str> {
    let mut named = BTreeSet::new();
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let parent: Vec<&str> = module.split("::").collect();
    let children = modules.keys().filter_map(|other| other.strip_prefix(module)?.strip_prefix("::"));
    let children: BTreeSet<&str> = children.filter(|child| !child.contains("::")).collect();
    for (place, _) in code.match_indices("::") {
        let before = code[..place].trim_end_matches(is_word);
        let first = &code[before.len()..place];
        // In the middle of a path.
        if before.ends_with("::") {
            continue;
        }
        let start = match first {
            "crate" => Vec::new(),
            "super" => parent[..parent.len() - 1].to_vec(),
            child if children.contains(child) => [&parent[..], &[child]].concat(),
            _ => continue,
        };
        name_paths(&code[place + 2..], &start, &mut named);
    }
    let known =
        |path: &Vec<String>| (1..=path.len()).rev().find_map(|end| modules.get_key_value(&path[..end].join("::")));
    let is_inside =
        |other: &str| module.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    named.iter().filter_map(known).map(|(other, _)| other.as_str()).filter(|other| !is_inside(other)).collect()
}

/// Adds the paths of the tree that the text begins with, such as `a::{b, c::d}`; returns what is left of the text.
fn name_paths<'t>(text: &'t str, start: &[&str], named: &mut BTreeSet<Vec<String>>) -> &'t str {
    let text = text.trim_start();
    if let Some(mut group) = text.strip_prefix('{') {
        loop {
            group = name_paths(group, start, named).trim_start();
            match group.strip_prefix(',') {
                Some(rest) => group = rest,
                None => return group.strip_prefix('}').unwrap_or(group),
            }
        }
    }
    let (word, rest) =
        text.split_at(text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len()));
    let mut path = start.to_vec();
    match word {
        "super" => drop(path.pop()),
        "self" | "" => {}
        // A macro is named by the root, wherever it is written.
        _ if rest.starts_with('!') => return rest,
        word => path.push(word),
    }
    match rest.strip_prefix("::") {
        Some(rest) => name_paths(rest, &path, named),
        None => {
            named.insert(path.iter().map(|&word| word.to_owned()).collect());
            rest
        }
    }
}

/// The shortest way from a module back to itself.
fn circle<'a>(module: &'a str, imports: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![module]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for &next in &imports[way[way.len() - 1]] {
            if next == module {
                return Some([&way[..], &[module]].concat());
            }
            if seen.insert(next) {
                ways.push_back([&way[..], &[next]].concat());
            }
        }
    }
    None
}
