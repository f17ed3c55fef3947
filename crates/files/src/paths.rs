//! Paths as result files hold them.

use std::path::{Component, Path, PathBuf};

use silknow_errors::{Error, Result};

use crate::refusal::refused;

/// `path` relative to `folder`, with `..` where it lies outside, and `/` between the parts on every system.
///
/// Both are made absolute first.
///
/// # Errors
/// A working directory that is gone, and two paths without a common root.
pub fn relative_to(path: impl AsRef<Path>, folder: impl AsRef<Path>) -> Result<String> {
    let absolute = |path: &Path| {
        std::path::absolute(path).map(|path| clean(&path)).map_err(|cause| refused("cannot resolve", path, cause))
    };
    let path = absolute(path.as_ref())?;
    let folder = absolute(folder.as_ref())?;
    let shared = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return Err(Error::io(format!("`{}` and `{}` have no common root", path.display(), folder.display())));
    }
    let up = folder.components().skip(shared).map(|_| "..".to_owned());
    let down = path.components().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    Ok(up.chain(down).collect::<Vec<_>>().join("/"))
}

/// An absolute path without `.` and `..`, by its text alone: links are not followed.
fn clean(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_climb_and_descend() {
        assert_eq!(relative_to("/a/b/c.jpg", "/a/d").unwrap(), "../b/c.jpg");
        assert_eq!(relative_to("/a/./d/../b/c.jpg", "/a/b/").unwrap(), "c.jpg");
    }
}
