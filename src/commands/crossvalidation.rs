//! `crossvalidation`: training and testing on every collection in turn.

use silknow_image_retrieval::config::Operation;
use silknow_image_retrieval::crossvalidation;

use crate::commands::Verb;
use crate::operation;

pub(crate) const VERB: Verb = Verb {
    name: "crossvalidation",
    command: |command| {
        operation::command(
            command,
            Operation::Crossvalidation,
            "Trains, indexes, searches and evaluates once per collection",
            "silknow crossvalidation --config Configuration_crossvalidation.txt",
        )
    },
    run: |matches, session| session.show(&crossvalidation(&operation::parameters(matches)?, &session.context())?),
};
