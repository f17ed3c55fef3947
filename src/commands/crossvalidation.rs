//! `crossvalidation`: training and testing on every collection in turn.

use silknow_image_retrieval::config::Operation;
use silknow_image_retrieval::crossvalidation;

use crate::again::Again;
use crate::operation;
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb {
    name: "crossvalidation",
    again: Again::Resumes,
    command: |command| {
        operation::command(
            command,
            Operation::Crossvalidation,
            "Tests how well all of it works: each collection in turn, after training with the others",
            "silknow crossvalidation --config Configuration_crossvalidation.txt",
        )
    },
    run: |matches, session| {
        session.show(&crossvalidation(&operation::parameters(matches, session)?, &session.context())?)
    },
};
