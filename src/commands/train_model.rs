//! `train-model`: from collections to a model.

use silknow_image_retrieval::config::Operation;
use silknow_image_retrieval::train_model;

use crate::again::Again;
use crate::operation;
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb {
    name: "train-model",
    again: Again::Resumes,
    command: |command| {
        operation::command(
            command,
            Operation::TrainModel,
            "Trains a model whose descriptors follow the labels of the images",
            "silknow train-model --config Configuration_train_model.txt --how_many_training_steps 300",
        )
    },
    run: |matches, session| session.show(&train_model(&operation::parameters(matches, session)?, &session.context())?),
};
