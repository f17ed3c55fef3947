//! What a ResNet computes, as a graph. Batch normalisation stays a step of its own, so that no kernel is copied.

use silknow_errors::Result;

use super::layout::{BATCH_NORM_EPSILON, BATCH_NORM_TENSORS, BlockLayout, ConvLayout, Layout};
use crate::graph::{Graph, Operation};
use crate::weights::WeightFile;

/// Enters the whole backbone: the value called `pixels` to the pooled values, called `pooled`. The tensors are taken out of
/// the weights.
pub(super) fn enter(
    layout: &Layout,
    weights: &mut WeightFile,
    graph: &mut Graph,
    (pixels, pooled): (&str, &str),
) -> Result<()> {
    let stem = enter_conv(&layout.stem, weights, graph, pixels)?;
    graph.enter("relu", Operation::Rectify, &[&stem]);
    graph.enter("maxpool", Operation::MaximumPool { window_px: 3, stride_px: 2, border_px: [1; 2] }, &["relu"]);
    let blocks = layout.blocks.iter();
    let maps =
        blocks.into_iter().try_fold("maxpool".to_owned(), |maps, block| enter_block(block, weights, graph, &maps))?;
    graph.enter(pooled, Operation::GlobalAverage, &[&maps]);
    Ok(())
}

/// Enters a residual block on the maps of this name; returns the name of what it writes.
fn enter_block(layout: &BlockLayout, weights: &mut WeightFile, graph: &mut Graph, maps: &str) -> Result<String> {
    let mut through = maps.to_owned();
    for (position, conv) in layout.convs.iter().enumerate() {
        if position > 0 {
            through = rectified(graph, &through);
        }
        through = enter_conv(conv, weights, graph, &through)?;
    }
    let around = match &layout.shortcut {
        Some(shortcut) => enter_conv(shortcut, weights, graph, maps)?,
        None => maps.to_owned(),
    };
    let sum = format!("{through}.sum");
    graph.enter(&sum, Operation::Add, &[&through, &around]);
    Ok(rectified(graph, &sum))
}

fn rectified(graph: &mut Graph, maps: &str) -> String {
    let name = format!("{maps}.relu");
    graph.enter(&name, Operation::Rectify, &[maps]);
    name
}

/// Enters a convolution and the batch normalisation after it; returns the latter's name.
fn enter_conv(layout: &ConvLayout, weights: &mut WeightFile, graph: &mut Graph, maps: &str) -> Result<String> {
    let kernel = layout.weight_name();
    graph.constant(&kernel, weights.take(&kernel, &layout.weight_shape())?);
    let operation = Operation::Convolution { stride_px: layout.stride_px, border_px: [layout.padding_px(); 2] };
    graph.enter(&layout.name, operation, &[maps, &kernel]);
    let statistics = BATCH_NORM_TENSORS.map(|tensor| format!("{}.{tensor}", layout.norm_name));
    for name in &statistics {
        graph.constant(name, weights.take(name, &[layout.outputs])?);
    }
    let operands: Vec<&str> = std::iter::once(&layout.name).chain(&statistics).map(String::as_str).collect();
    graph.enter(&layout.norm_name, Operation::BatchNormalisation { epsilon: BATCH_NORM_EPSILON as f32 }, &operands);
    Ok(layout.norm_name.clone())
}
