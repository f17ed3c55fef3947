//! `doctor`: what this machine has and lacks, and how to get it.

use std::path::Path;

use silknow_image_retrieval::doctor;

use crate::again::Again;
use crate::session;
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb {
    name: "doctor",
    again: Again::Anew,
    command: |command| {
        command
            .about("Says what this machine has and lacks for the work, and how to get it")
            .arg(session::json_argument())
            .after_help("Example:\n  silknow doctor")
    },
    run: |_, session| session.show(&doctor(Path::new("."), &session.context())),
};
