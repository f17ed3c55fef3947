//! Numbers of things in messages.

/// A number with the words for one thing or for several.
///
/// ```
/// use silknow_errors::counts::counted;
///
/// assert_eq!(counted(1, "image is", "images are"), "1 image is");
/// assert_eq!(counted(0, "class", "classes"), "0 classes");
/// ```
pub fn counted(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
