//! Neighbours of 10,000 unit vectors of 128 dimensions, k = 6: one query, and 1,000 queries at once, by the scan.
//!
//! Also the kd-tree against the scan where the kd-tree is chosen. The peers, FAISS and scikit-learn, run on the same
//! data by `peers/neighbours.py`, which also reads what this bench measured and prints the ratios. Vectors are
//! uniform in direction: the worst case for a tree, and one where little can be left out early.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use silknow_index::{Method, SearchIndex};

const K: usize = 6;

/// Unit vectors `[count, dims]`; `peers/neighbours.py` makes the same.
fn unit_vectors(count: usize, dims: usize, seed: u64) -> Vec<f32> {
    // SplitMix64 of a counter: the same in any language, in any order.
    let value = |number: u64| {
        let mut bits = (seed << 40).wrapping_add(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        (bits >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let mut values: Vec<f32> = (0..(count * dims) as u64).map(value).collect();
    for row in values.chunks_exact_mut(dims) {
        let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        row.iter_mut().for_each(|value| *value /= norm);
    }
    values
}

fn scan(criterion: &mut Criterion) {
    let dims = 128;
    let index = SearchIndex::new(unit_vectors(10_000, dims, 1), dims).expect("unit vectors are an index");
    let queries = unit_vectors(1_000, dims, 2);
    let mut group = criterion.benchmark_group("neighbours_10000x128");
    group.sample_size(50).measurement_time(Duration::from_secs(3));
    let mut each = queries.chunks_exact(dims).cycle();
    group.bench_function("1_query", |bencher| {
        bencher.iter(|| index.nearest(black_box(each.next().expect("a cycle has no end")), K));
    });
    group.bench_function("1000_queries", |bencher| bencher.iter(|| index.nearest(black_box(&queries), K)));
    group.finish();
}

fn tree_against_scan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("methods");
    group.sample_size(10).measurement_time(Duration::from_millis(500)).warm_up_time(Duration::from_millis(200));
    for (count, dims) in [(2_000, 4), (10_000, 4), (10_000, 8), (10_000, 16), (100_000, 4), (100_000, 8), (100_000, 16)]
    {
        let descriptors = unit_vectors(count, dims, 1);
        let queries = unit_vectors(200, dims, 2);
        for method in [Method::KdTree, Method::Scan] {
            let index = SearchIndex::with_method(&descriptors, dims, method).expect("unit vectors are an index");
            let mut each = queries.chunks_exact(dims).cycle();
            let name = format!("{method:?}/{count}x{dims}");
            group.bench_function(BenchmarkId::new(&name, "1_query"), |bencher| {
                bencher.iter(|| index.nearest(black_box(each.next().expect("a cycle has no end")), K));
            });
            group.bench_function(BenchmarkId::new(&name, "200_queries"), |bencher| {
                bencher.iter(|| index.nearest(black_box(&queries), K));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, scan, tree_against_scan);
criterion_main!(benches);
