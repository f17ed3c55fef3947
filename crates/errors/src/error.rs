//! The one error type: whose fault it is, where it happened, and what to try.
//!
//! An error is shown as `place: message`, then a hint on a line of its own. Its kind decides the exit code of the command line.
//! The messages are written where the faults are found.

use std::fmt;
use std::path::{Path, PathBuf};

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A parameter, a flag or a configuration file is wrong: the caller can mend it.
    Configuration,
    /// The content of an input file is wrong: a table, an image, a model, an index.
    Data,
    /// The machine said no: a file is missing, a folder is not writable, a disk is full, a host is silent.
    Io,
    /// A fault of this program.
    Internal,
    /// The observer asked the work to stop. What was finished is kept.
    Interrupted,
}

/// An error with its place and, where one is known, a hint at what to do.
///
/// It prints as `file:line:column: message`, followed by `hint: …` on a line of its own.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    file: Option<PathBuf>,
    line: Option<u64>,
    column: Option<String>,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of the given kind that says `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            file: None,
            line: None,
            column: None,
            hint: None,
            source: None,
        }))
    }

    /// A wrong parameter, flag or configuration file.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    /// Wrong content of an input.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, message)
    }

    /// A refusal of the file system or the network.
    pub fn io(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Io, message)
    }

    /// A fault of this program; the message should say which invariant broke.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The work was asked to stop and did.
    pub fn interrupted() -> Self {
        Self::new(ErrorKind::Interrupted, "interrupted")
    }

    /// The same error as another's fault: where a file is read decides what its defects are.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Names the file in which the fault lies.
    #[must_use]
    pub fn in_file(mut self, file: impl AsRef<Path>) -> Self {
        self.0.file = Some(file.as_ref().to_path_buf());
        self
    }

    /// Names the line, counted from 1.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.0.line = Some(line);
        self
    }

    /// Names the column: its header where there is one, else its number counted from 1.
    #[must_use]
    pub fn at_column(mut self, column: impl fmt::Display) -> Self {
        self.0.column = Some(column.to_string());
        self
    }

    /// Adds what to try next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Keeps the error that caused this one; its text is appended to the message.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Whose fault it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message alone, without place, cause and hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Place, message and cause on one line, as a table or a list of failures holds them. Hints, which are meant for a
    /// terminal, are left out.
    pub fn in_one_line(&self) -> String {
        let text = self.to_string();
        let without_hints = text.split("\nhint: ").next().unwrap_or_default();
        without_hints.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The hint, where there is one.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The column, where one is named.
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// True when the work was asked to stop.
    pub fn is_interruption(&self) -> bool {
        self.0.kind == ErrorKind::Interrupted
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(file) = &inner.file {
            write!(f, "{}", file.display())?;
            if let Some(line) = inner.line {
                write!(f, ":{line}")?;
            }
            if let Some(column) = &inner.column {
                write!(f, ":{column}")?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{}", inner.message)?;
        if let Some(source) = &inner.source {
            write!(f, ": {source}")?;
        }
        if let Some(hint) = &inner.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// The cause stands in the text already, so [`source`](std::error::Error::source) gives none: a reporter that prints
/// an error and then all its sources would print it twice.
impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_prints_place_message_cause_and_hint() {
        let error = Error::data("not a list")
            .in_file("export.csv")
            .at_line(7)
            .at_column("deeplink")
            .caused_by("unexpected end")
            .hint("close the bracket");
        assert_eq!(error.to_string(), "export.csv:7:deeplink: not a list: unexpected end\nhint: close the bracket");
        assert_eq!(error.kind(), ErrorKind::Data);
    }

    #[test]
    fn one_line_has_place_message_and_cause_without_hints() {
        let error = Error::data("not a list").in_file("a.csv").at_line(7).caused_by("first\n  second\tthird").hint("h");
        assert_eq!(error.in_one_line(), "a.csv:7: not a list: first second third");
        let nested = Error::io("cannot read `a`").caused_by(Error::io("inner").hint("h"));
        assert_eq!(nested.in_one_line(), "cannot read `a`: inner");
    }

    #[test]
    fn a_reporter_that_follows_the_sources_prints_the_cause_once() {
        let error = Error::io("cannot read `a`").caused_by(Error::io("inner").caused_by("the disk is gone"));
        let mut report = error.to_string();
        let mut next = std::error::Error::source(&error);
        while let Some(source) = next {
            report.push_str(&format!("\ncaused by: {source}"));
            next = source.source();
        }
        assert_eq!(report, "cannot read `a`: inner: the disk is gone");
    }

    #[test]
    fn an_error_without_a_place_is_its_message() {
        assert_eq!(Error::configuration("k must be at least 1").to_string(), "k must be at least 1");
    }
}
