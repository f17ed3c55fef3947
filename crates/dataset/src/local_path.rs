//! Files that a table names as another machine writes them: with backslashes, with a drive, in another Unicode form.

use std::path::Path;

use unicode_normalization::UnicodeNormalization;

/// The path by which the file of this name is found from the table's folder; an address, and a name that no file has, stay as
/// they are, but for the backslashes of a relative path.
///
/// `C:\fotos\a.jpg` is looked for as `fotos/a.jpg` and `a.jpg`: the folder was copied from its place.
pub(crate) fn found(folder: &Path, name: String) -> String {
    if name.contains("://") || name.is_ascii() && !name.contains('\\') {
        return name;
    }
    let exists = |path: &str| !path.is_empty() && folder.join(path).exists();
    if exists(&name) {
        return name;
    }
    let slashed = name.replace('\\', "/");
    let has_drive = is_drive(&slashed);
    let relative = if has_drive { &slashed[2..] } else { slashed.as_str() };
    let mut candidates = vec![relative.trim_start_matches('/')];
    if has_drive || slashed.starts_with("//") {
        let ends = relative.match_indices('/').map(|(slash, _)| &relative[slash + 1..]);
        candidates.extend(ends);
    }
    for candidate in candidates {
        if exists(candidate) {
            return candidate.to_owned();
        }
        if candidate.is_ascii() {
            continue;
        }
        let forms: [String; 2] = [candidate.nfc().collect(), candidate.nfd().collect()];
        if let Some(found) = forms.into_iter().find(|path| exists(path)) {
            return found;
        }
    }
    if has_drive || name.starts_with(r"\\") { name } else { slashed }
}

fn is_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use silknow_files as files;

    #[test]
    fn files_are_found_as_other_machines_write_them() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["sub/a.jpg", "b.jpg", "caf\u{e9}.jpg", "dore\u{301}/c.jpg"] {
            files::write(folder.path().join(name), "x").unwrap();
        }
        for (written, path) in [
            (r"sub\a.jpg", "sub/a.jpg"),
            (r".\sub\a.jpg", "./sub/a.jpg"),
            (r"C:\fotos\sub\a.jpg", "sub/a.jpg"),
            (r"c:\fotos\b.jpg", "b.jpg"),
            (r"C:\b.jpg", "b.jpg"),
            (r"\\server\share\b.jpg", "b.jpg"),
            ("cafe\u{301}.jpg", "caf\u{e9}.jpg"),
            ("dor\u{e9}\\c.jpg", "dore\u{301}/c.jpg"),
            ("caf\u{e9}.jpg", "caf\u{e9}.jpg"),
            (r"sub\gone.jpg", "sub/gone.jpg"),
            (r"C:\gone.jpg", r"C:\gone.jpg"),
            ("https://x.org/é\\a.jpg", "https://x.org/é\\a.jpg"),
        ] {
            assert_eq!(found(folder.path(), written.to_owned()), path, "{written}");
        }
    }
}
