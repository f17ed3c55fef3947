//! What a ResNet v2 computes, as a graph. Batch normalisations stay steps of their own, so that no kernel is copied.

use silknow_errors::Result;

use super::layout::{ConvLayout, Flavour, Layout, NormLayout, UnitLayout};
use crate::graph::{Graph, Operation};
use crate::resnet::layout::BATCH_NORM_TENSORS;
use crate::weights::WeightFile;

/// A graph that is being entered, and the weights that its tensors are taken out of.
struct Entry<'a> {
    flavour: Flavour,
    weights: &'a mut WeightFile,
    graph: &'a mut Graph,
}

/// Enters the whole backbone: the value called `pixels`, squares of `input_px`, to the pooled values, called `pooled`. The
/// tensors are taken out of the weights.
pub(super) fn enter(
    layout: &Layout,
    weights: &mut WeightFile,
    graph: &mut Graph,
    input_px: usize,
    (pixels, pooled): (&str, &str),
) -> Result<()> {
    let mut entry = Entry { flavour: layout.flavour, weights, graph };
    let stem = entry.conv(&layout.stem, pixels)?;
    let mut maps = entry.pool(&stem, layout.stem.output_px(input_px));
    for unit in &layout.units {
        maps = entry.unit(unit, &maps)?;
    }
    let activated = entry.activation(&layout.postnorm, &maps)?;
    graph.enter(pooled, Operation::GlobalAverage, &[&activated]);
    Ok(())
}

impl Entry<'_> {
    /// The pool after the stem, of maps of `side_px`.
    fn pool(&mut self, maps: &str, side_px: usize) -> String {
        let (before, after) = self.flavour.pool_border(side_px);
        let border_px = [before, after];
        let pool = |border_px| Operation::MaximumPool { window_px: 3, stride_px: 2, border_px };
        match self.flavour {
            Flavour::Slim => self.graph.enter("pool1", pool(border_px), &[maps]),
            // The zeros may be the largest, which the border of a pool never is.
            Flavour::Keras => {
                self.graph.enter("pool1.bordered", Operation::ZeroBorder { border_px }, &[maps]);
                self.graph.enter("pool1", pool([0; 2]), &["pool1.bordered"]);
            }
        }
        "pool1".to_owned()
    }

    fn unit(&mut self, layout: &UnitLayout, maps: &str) -> Result<String> {
        let activated = self.activation(&layout.preact, maps)?;
        let mut through = activated.clone();
        for (position, conv) in layout.convs.iter().enumerate() {
            if position > 0 {
                through = self.rectified(&through);
            }
            through = self.conv(conv, &through)?;
        }
        let around = match &layout.shortcut {
            Some(shortcut) => self.conv(shortcut, &activated)?,
            None if layout.stride_px == 1 => maps.to_owned(),
            None => {
                let name = format!("{through}.around");
                let every = Operation::MaximumPool { window_px: 1, stride_px: layout.stride_px, border_px: [0; 2] };
                self.graph.enter(&name, every, &[maps]);
                name
            }
        };
        let sum = format!("{through}.sum");
        self.graph.enter(&sum, Operation::Add, &[&through, &around]);
        Ok(sum)
    }

    /// A normalisation that stands alone, and the rectification after it.
    fn activation(&mut self, layout: &NormLayout, maps: &str) -> Result<String> {
        self.norm(&layout.name, layout.channels, maps)?;
        Ok(self.rectified(&layout.name))
    }

    fn rectified(&mut self, maps: &str) -> String {
        let name = format!("{maps}.relu");
        self.graph.enter(&name, Operation::Rectify, &[maps]);
        name
    }

    /// A convolution, and the normalisation after it where there is one; returns the name of what they deliver.
    fn conv(&mut self, layout: &ConvLayout, maps: &str) -> Result<String> {
        let operation = Operation::Convolution { stride_px: layout.stride_px, border_px: [layout.kernel_px / 2; 2] };
        let (kernel, bias) = (layout.weight_name(), layout.bias_name());
        self.graph.constant(&kernel, self.weights.take(&kernel, &layout.weight_shape())?);
        let Some(norm) = &layout.norm_name else {
            self.graph.constant(&bias, self.weights.take(&bias, &[layout.outputs])?);
            self.graph.enter(&layout.name, operation, &[maps, &kernel, &bias]);
            return Ok(layout.name.clone());
        };
        self.graph.enter(&layout.name, operation, &[maps, &kernel]);
        self.norm(norm, layout.outputs, &layout.name)?;
        Ok(norm.clone())
    }

    fn norm(&mut self, name: &str, channels: usize, maps: &str) -> Result<()> {
        let statistics = BATCH_NORM_TENSORS.map(|tensor| format!("{name}.{tensor}"));
        for tensor in &statistics {
            self.graph.constant(tensor, self.weights.take(tensor, &[channels])?);
        }
        let operands: Vec<&str> = std::iter::once(maps).chain(statistics.iter().map(String::as_str)).collect();
        let epsilon = self.flavour.epsilon() as f32;
        self.graph.enter(name, Operation::BatchNormalisation { epsilon }, &operands);
        Ok(())
    }
}
