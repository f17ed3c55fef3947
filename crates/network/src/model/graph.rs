//! A model as a graph: from pixels in [0, 1] to descriptors.

use silknow_errors::Result;

use super::facts::Facts;
use super::stored::{StoredModel, Unpacked};
use crate::families::design_of;
use crate::graph::{Graph, Operation};
use crate::head::enter_head;
use crate::top::enter_descriptor;

/// A model as a list of operations.
#[derive(Debug)]
#[non_exhaustive]
pub struct ModelGraph {
    /// The operations. They are given [`IMAGE`](Self::IMAGE), and deliver [`DESCRIPTOR`](Self::DESCRIPTOR) and, on the way
    /// there, [`FEATURES`](Self::FEATURES).
    pub graph: Graph,
    /// What the model knows about itself.
    pub facts: Facts,
    /// What tells it from any other that describes differently.
    pub fingerprint: String,
    /// Length D of the descriptors.
    pub dims: usize,
    /// Length F of the features.
    pub features: usize,
}

impl ModelGraph {
    /// The name of the pixels in [0, 1], `[N, 3, S, S]`: red, green, blue, each row by row.
    pub const IMAGE: &'static str = "image";
    /// The name of the descriptors `[N, D]`, of unit length.
    pub const DESCRIPTOR: &'static str = "descriptor";
    /// The name of what the backbone delivers, `[N, F]`.
    pub const FEATURES: &'static str = "features";
}

impl StoredModel {
    /// The model as a graph. The stored form is given up on the way, so that the tensors are in memory once.
    ///
    /// Extra heads change no descriptor and are left out.
    ///
    /// # Errors
    /// Tensors that are missing, foreign or of another shape, named.
    pub fn into_graph(self) -> Result<ModelGraph> {
        const PIXELS: &str = "pixels";
        let Unpacked { facts, fingerprint, heads: _, mut backbone, mut head } = self.unpack()?;
        backbone.check(facts.architecture)?;
        let design = design_of(facts.architecture)?;
        let mut graph = Graph::default();
        graph.numbers("pixels.mean", &[3, 1, 1], &facts.pipeline.mean);
        graph.numbers("pixels.std", &[3, 1, 1], &facts.pipeline.std);
        graph.enter("pixels.centred", Operation::Subtract, &[ModelGraph::IMAGE, "pixels.mean"]);
        graph.enter(PIXELS, Operation::Divide, &["pixels.centred", "pixels.std"]);
        design.enter(&mut backbone, &mut graph, facts.pipeline.input_size, (PIXELS, ModelGraph::FEATURES))?;
        let outputs = enter_head(&facts.add_fc, &mut head, &mut graph, ModelGraph::FEATURES)?;
        enter_descriptor(&mut graph, (&outputs, ModelGraph::FEATURES), facts.frozen_share, ModelGraph::DESCRIPTOR);
        let (dims, features) = (facts.dims()?, design.pooled_features());
        Ok(ModelGraph { graph, facts, fingerprint, dims, features })
    }
}

#[cfg(test)]
mod tests {
    use silknow_config::Architecture;

    use super::*;
    use crate::weights::WeightFile;

    fn graph_of(add_fc: &[usize]) -> ModelGraph {
        let weights = WeightFile::random(Architecture::RESNET18, 1).unwrap();
        StoredModel::untrained(&weights, Architecture::RESNET18, add_fc, 1, 64).unwrap().into_graph().unwrap()
    }

    fn count(graph: &Graph, operation: &Operation) -> usize {
        graph.steps.iter().filter(|step| step.operation == *operation).count()
    }

    #[test]
    fn a_model_ends_in_its_head_and_unit_length() {
        let ModelGraph { graph, dims, features, .. } = graph_of(&[16, 8]);
        assert_eq!((dims, features), (8, 512));
        assert_eq!(count(&graph, &Operation::FullyConnected), 2);
        // The stem, eight blocks with two each, and the layer between the two of the head.
        assert_eq!(count(&graph, &Operation::Rectify), 18);
        assert_eq!(graph.steps[0].operands[0], ModelGraph::IMAGE);
        let last = graph.steps.last().unwrap();
        assert_eq!((last.result.as_str(), last.operands[0].as_str()), (ModelGraph::DESCRIPTOR, "head.1"));
        let bare = graph_of(&[]);
        assert_eq!((bare.dims, bare.graph.steps.last().unwrap().operands[0].as_str()), (512, ModelGraph::FEATURES));
    }

    #[test]
    fn frozen_features_stand_behind_the_trained_values() {
        let ends = |share: f64| {
            let mut graph = Graph::default();
            enter_descriptor(&mut graph, ("head.0", "features"), share, "descriptor");
            graph
        };
        let joined = ends(0.25);
        assert_eq!(joined.steps.last().unwrap().operands, ["head.0.part", "features.part"]);
        let factors: Vec<f32> =
            joined.constants.iter().filter(|(name, _)| name.ends_with("factor")).map(|(_, it)| it.data[0]).collect();
        assert_eq!(factors, [0.75f32.sqrt(), 0.5]);
        assert_eq!(ends(1.0).steps.last().unwrap().operands[0], "features");
    }
}
