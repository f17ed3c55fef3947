//! The weights and inputs that the tests share with the script `make_reference.py` beside this file.
//!
//! The counter-based generator and the rule that fills a network with it must be the same in both.

use std::path::PathBuf;

use silknow_config::Architecture;
use silknow_network::resnet::ResNet;
use silknow_network::weights::{IMAGENET_MEAN, IMAGENET_STD};
use silknow_network::{WeightFile, WeightTensor};

/// A file of this folder.
pub fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/network/reference").join(name)
}

/// Weights that depend on the names of the tensors alone.
pub fn weights(architecture: Architecture) -> WeightFile {
    let layout = ResNet::of(architecture).unwrap().layout();
    let last_norms: Vec<_> = layout.blocks.iter().map(|block| &block.convs.last().unwrap().norm_name).collect();
    let mut file = WeightFile {
        tensors: Default::default(),
        mean: IMAGENET_MEAN,
        std: IMAGENET_STD,
        source: "generated".to_owned(),
        sha256: String::new(),
    };
    let mut insert = |name: String, shape: Vec<usize>, centre, half_width| {
        let data = spread(&name, shape.iter().product(), centre, half_width);
        file.tensors.insert(name, WeightTensor { shape, data });
    };
    for conv in layout.convs() {
        insert(conv.weight_name(), conv.weight_shape(), 0.0, (6.0 / conv.fan_in() as f64).sqrt());
        let gain = if last_norms.contains(&&conv.norm_name) { 0.25 } else { 1.0 };
        for (tensor, centre, half_width) in
            [("weight", gain, gain / 2.0), ("bias", 0.0, 0.2), ("running_mean", 0.0, 0.2), ("running_var", 1.0, 0.5)]
        {
            insert(format!("{}.{tensor}", conv.norm_name), vec![conv.outputs], centre, half_width);
        }
    }
    file
}

/// `count` numbers within `half_width` around `centre`.
pub fn spread(name: &str, count: usize, centre: f64, half_width: f64) -> Vec<f32> {
    uniform(name).take(count).map(|value| (centre + half_width * (2.0 * value - 1.0)) as f32).collect()
}

/// Numbers in [0, 1): FNV-1a of the name is the key, SplitMix64 of key and counter the bits.
fn uniform(name: &str) -> impl Iterator<Item = f64> {
    let key = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |key: u64, byte| (key ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    (1u64..).map(move |counter| {
        let state = key.wrapping_add(counter.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((state ^ (state >> 31)) >> 40) as f64 / f64::from(1 << 24)
    })
}
