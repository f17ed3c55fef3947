//! `create-dataset`: from an export to collections.

use silknow_image_retrieval::config::Operation;
use silknow_image_retrieval::create_dataset;

use crate::commands::Verb;
use crate::operation;

pub(crate) const VERB: Verb = Verb {
    name: "create-dataset",
    command: |command| {
        operation::command(
            command,
            Operation::CreateDataset,
            "Makes collections out of an export: filters, fetches images, splits",
            "silknow create-dataset --csvfile ./export.csv --retaincollections 'garin, imatex'",
        )
    },
    run: |matches, session| session.show(&create_dataset(&operation::parameters(matches)?, &session.context())?),
};
