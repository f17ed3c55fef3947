//! The folder below which the images of an index lie.
//!
//! Image names are paths that may lead out of the index's folder, such as `../samples/img/a.jpg`. Whoever gives the images
//! to strangers must know how far: an index states its root, and what it names lies below it.

use std::path::{Component, Path};

/// The innermost folder below which all named images lie, by the text of the names alone, relative to the index's folder;
/// empty for that folder itself.
pub(crate) fn root_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let Some(first) = names.next() else { return String::new() };
    let mut root = folder_of(first);
    for name in names {
        let folder = folder_of(name);
        let shared = root.iter().zip(&folder).take_while(|(a, b)| a == b).count();
        // A path with more `..` at its beginning lies outside of one with fewer.
        root = if folder.get(shared).is_some_and(|part| part == "..") { folder } else { root };
        root.truncate(shared.max(root.iter().take_while(|part| *part == "..").count()));
    }
    root.join("/")
}

/// True when an image lies below a root, by the text of both alone.
pub(crate) fn is_below(name: &str, root: &str) -> bool {
    let (folder, root) = (folder_of(name), parts(Path::new(root)));
    let climbs = |parts: &[String]| parts.iter().take_while(|part| *part == "..").count();
    let shared = climbs(&root);
    match root.len() == shared {
        // A path that climbs no higher than the root lies below it.
        true => climbs(&folder) <= shared && folder.first().is_none_or(|part| !part.starts_with('/')),
        false => folder.starts_with(&root),
    }
}

fn folder_of(name: &str) -> Vec<String> {
    Path::new(name).parent().map_or_else(Vec::new, parts)
}

/// The parts of a path, with `..` at its beginning alone. An absolute path begins with a part `/`.
fn parts(path: &Path) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if parts.last().is_some_and(|last| last != ".." && !last.starts_with('/')) => {
                parts.pop();
            }
            Component::ParentDir if parts.last().is_some_and(|last| last.starts_with('/')) => {}
            Component::ParentDir => parts.push("..".to_owned()),
            Component::RootDir => parts.push("/".to_owned()),
            Component::Prefix(prefix) => parts.push(format!("/{}", prefix.as_os_str().to_string_lossy())),
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_innermost_folder_of_all_images() {
        for (names, root) in [
            (["a.jpg", "b.jpg"].as_slice(), ""),
            (&["img/a.jpg", "img/b/c.jpg"], "img"),
            (&["../samples/img/a.jpg", "../samples/img/b.jpg"], "../samples/img"),
            (&["../samples/img/a.jpg", "c.jpg"], ".."),
            (&["c.jpg", "../../a.jpg"], "../.."),
            (&["../../x/a.jpg", "../b.jpg"], "../.."),
            (&["x/../y/a.jpg", "y/b.jpg"], "y"),
            (&["/data/x/a.jpg", "/data/y/b.jpg"], "//data"),
            (&[], ""),
        ] {
            assert_eq!(root_of(names.iter().copied()), root, "{names:?}");
            assert!(names.iter().all(|name| is_below(name, &root_of(names.iter().copied()))), "{names:?}");
        }
    }

    #[test]
    fn what_leads_out_of_the_root_is_not_below_it() {
        for (name, root) in [
            ("../a.jpg", ""),
            ("../../etc/passwd", ".."),
            ("../samples/../../etc/passwd", "../samples/img"),
            ("/etc/passwd", ".."),
            ("/etc/passwd", ""),
            ("img2/a.jpg", "img"),
        ] {
            assert!(!is_below(name, root), "{name} {root}");
        }
        assert!(is_below("../samples/img/x/../a.jpg", "../samples/img"));
    }
}
