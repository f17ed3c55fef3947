//! `get-knn`: from an index and queries to neighbours and predictions.

use silknow_image_retrieval::config::Operation;
use silknow_image_retrieval::get_knn;

use crate::again::Again;
use crate::operation;
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb {
    name: "get-knn",
    again: Again::Anew,
    command: |command| {
        operation::command(
            command,
            Operation::GetKNN,
            "Finds the nearest neighbours of images, and predicts their classes",
            "silknow get-knn --config Configuration_get_kNN.txt --num_neighbors 10",
        )
    },
    run: |matches, session| session.show(&get_knn(&operation::parameters(matches, session)?, &session.context())?),
};
