//! `create-dataset`: from an export to collections.

use silknow_image_retrieval::config::Operation;
use silknow_image_retrieval::create_dataset;

use crate::again::Again;
use crate::operation;
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb {
    name: "create-dataset",
    again: Again::GoesOn,
    command: |command| {
        operation::command(
            command,
            Operation::CreateDataset,
            "Makes collections from a table: filters, fetches and rescales images, splits",
            "silknow create-dataset --csvfile export.csv --retaincollections garin,imatex --minnumsamples 50",
        )
    },
    run: |matches, session| {
        session.show(&create_dataset(&operation::parameters(matches, session)?, &session.context())?)
    },
};
