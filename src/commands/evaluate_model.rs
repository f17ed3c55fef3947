//! `evaluate-model`: from predictions to metrics.

use silknow_image_retrieval::config::Operation;
use silknow_image_retrieval::evaluate_model;

use crate::again::Again;
use crate::operation;
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb {
    name: "evaluate-model",
    again: Again::Anew,
    command: |command| {
        operation::command(
            command,
            Operation::EvaluateModel,
            "Compares predicted classes with the true ones, and reports",
            "silknow evaluate-model --config Configuration_evaluate_model.txt",
        )
    },
    run: |matches, session| {
        session.show(&evaluate_model(&operation::parameters(matches, session)?, &session.context())?)
    },
};
