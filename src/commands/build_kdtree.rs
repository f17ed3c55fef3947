//! `build-kdtree`: from a model and collections to an index.

use silknow_image_retrieval::build_kdtree;
use silknow_image_retrieval::config::Operation;

use crate::again::Again;
use crate::operation;
use crate::verb::Verb;

pub(crate) const VERB: Verb = Verb {
    name: "build-kdtree",
    again: Again::Anew,
    command: |command| {
        operation::command(
            command,
            Operation::BuildKDTree,
            "Builds the index: describes all images of a collection",
            "silknow build-kdtree --config Configuration_build_kDTree.txt",
        )
    },
    run: |matches, session| session.show(&build_kdtree(&operation::parameters(matches, session)?, &session.context())?),
};
