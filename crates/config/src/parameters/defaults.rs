//! What the declarations of several operations use.

/// The folder that documented paths name where a user has no wish.
pub(super) const DEFAULT_FOLDER: &str = "./output_files/Default/";

/// The texts of a list.
pub(super) fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}
