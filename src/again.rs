//! What a command does when it is given again after an interruption.

/// What a command does when it is given again after an interruption.
#[derive(Clone, Copy)]
pub(crate) enum Again {
    /// It begins from the start, since nothing unfinished is kept.
    Anew,
    /// It goes on where the work stopped.
    GoesOn,
    /// It goes on where the work stopped if `--resume True` is added.
    Resumes,
}

impl Again {
    /// What a user who interrupted the work wants to know.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::Anew => "unfinished work was not kept; the same command begins from the start",
            Self::GoesOn => "what is finished was kept; the same command goes on from here",
            Self::Resumes => "what is finished was kept; the same command with --resume True goes on from here",
        }
    }
}
