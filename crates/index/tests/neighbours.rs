//! The neighbours of descriptors: that both methods are exact, agree to the bit, and do not depend on how they are
//! asked.

use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use silknow_arrays::npz;
use silknow_index::neighbours::KD_TREE_DIMS;
use silknow_index::{Method, Neighbours, SearchIndex};

const METHODS: [Method; 2] = [Method::KdTree, Method::Scan];

fn nearest(descriptors: &[f32], dims: usize, queries: &[f32], k: usize, method: Method) -> Neighbours {
    SearchIndex::with_method(descriptors, dims, method).unwrap().nearest(queries, k).unwrap()
}

/// Positions by sorting all distances, in double precision.
fn sorted_positions(descriptors: &[f32], dims: usize, query: &[f32], k: usize) -> Vec<u32> {
    let mut all: Vec<(f64, u32)> = descriptors
        .chunks_exact(dims)
        .map(|row| row.iter().zip(query).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum())
        .zip(0..)
        .collect();
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all.into_iter().take(k).map(|(_, position)| position).collect()
}

/// Random unit vectors `[count, dims]`.
fn unit_vectors(count: usize, dims: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut values: Vec<f32> = (0..count * dims).map(|_| random.random_range(-1.0..1.0)).collect();
    for row in values.chunks_exact_mut(dims) {
        let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        row.iter_mut().for_each(|value| *value /= norm);
    }
    values
}

/// Descriptors, queries, dimensions and k, on a coarse grid: every squared distance is a whole number, so that ties
/// abound and sums in any order are the same.
fn on_a_grid() -> impl Strategy<Value = (Vec<f32>, Vec<f32>, usize, usize)> {
    (1usize..20, 1usize..150, 1usize..20, 1usize..12).prop_flat_map(|(dims, count, queries, k)| {
        let grid = |rows: usize| proptest::collection::vec((-2i8..=2).prop_map(f32::from), rows * dims..=rows * dims);
        (grid(count), grid(queries), Just(dims), Just(k))
    })
}

/// The same with values of very different sizes, where differences are lost to rounding.
fn of_all_sizes() -> impl Strategy<Value = (Vec<f32>, Vec<f32>, usize, usize)> {
    let value = || {
        prop_oneof![
            -1.0f32..1.0,
            (-1.0f32..1.0).prop_map(|value| 1000.0 + value * 1e-3),
            (-1.0f32..1.0).prop_map(|value| value * 1e-30),
            (-1.0f32..1.0).prop_map(|value| value * 1e25),
        ]
    };
    (1usize..40, 1usize..100, 1usize..9, 1usize..12).prop_flat_map(move |(dims, count, queries, k)| {
        let rows = |rows: usize| proptest::collection::vec(value(), rows * dims..=rows * dims);
        (rows(count), rows(queries), Just(dims), Just(k))
    })
}

proptest! {
    #[test]
    fn both_methods_give_what_sorting_all_distances_gives((descriptors, queries, dims, k) in on_a_grid()) {
        for method in METHODS {
            let found = nearest(&descriptors, dims, &queries, k, method);
            for (number, query) in queries.chunks_exact(dims).enumerate() {
                prop_assert_eq!(found.of(number).0, sorted_positions(&descriptors, dims, query, k), "{:?}", method);
            }
        }
    }

    #[test]
    fn among_some_descriptors_the_nearest_are_those_of_a_sort(
        (descriptors, queries, dims, k) in on_a_grid(),
        every in 1usize..40,
    ) {
        let count = descriptors.len() / dims;
        let allowed: Vec<bool> = (0..count).map(|position| position % every == every / 2).collect();
        let wanted = k.min(allowed.iter().filter(|&&allowed| allowed).count());
        for method in METHODS {
            let index = SearchIndex::with_method(&descriptors, dims, method).unwrap();
            let found = index.nearest_among(&queries, k, &allowed).unwrap();
            for (number, query) in queries.chunks_exact(dims).enumerate() {
                let mut expected = sorted_positions(&descriptors, dims, query, count);
                expected.retain(|&position| allowed[position as usize]);
                prop_assert_eq!(found.of(number).0, &expected[..wanted], "{:?}", method);
            }
        }
    }

    #[test]
    fn both_methods_agree_to_the_bit_on_values_of_all_sizes((descriptors, queries, dims, k) in of_all_sizes()) {
        let by_tree = nearest(&descriptors, dims, &queries, k, Method::KdTree);
        let by_scan = nearest(&descriptors, dims, &queries, k, Method::Scan);
        prop_assert_eq!(&by_tree.positions, &by_scan.positions);
        let bits = |found: &Neighbours| found.distances.iter().map(|distance| distance.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&by_tree), bits(&by_scan));
    }

    #[test]
    fn queries_asked_together_get_what_each_gets_alone((descriptors, queries, dims, k) in of_all_sizes()) {
        for method in METHODS {
            let index = SearchIndex::with_method(&descriptors, dims, method).unwrap();
            let together = index.nearest(&queries, k).unwrap();
            let mut alone = Neighbours::new(together.k);
            for query in queries.chunks_exact(dims) {
                alone.append(index.nearest(query, k).unwrap());
            }
            prop_assert_eq!(together, alone);
        }
    }
}

#[test]
fn both_methods_agree_to_the_bit_on_unit_vectors_in_tight_groups() {
    // Groups far narrower than the rounding error of a score, as training pulls a class together.
    for dims in [3, 16, 64, 130] {
        let centres = unit_vectors(20, dims, 1);
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let descriptors: Vec<f32> =
            (0..100).flat_map(|_| &centres).map(|value| value + random.random_range(-1e-4..1e-4)).collect();
        let queries = &descriptors[..70 * dims];
        let by_tree = nearest(&descriptors, dims, queries, 6, Method::KdTree);
        let by_scan = nearest(&descriptors, dims, queries, 6, Method::Scan);
        assert_eq!(by_tree, by_scan, "{dims} dimensions");
        // One query alone is scanned in another way.
        let scan = SearchIndex::with_method(&descriptors, dims, Method::Scan).unwrap();
        for (number, query) in queries.chunks_exact(dims).enumerate() {
            let alone = scan.nearest(query, 6).unwrap();
            assert_eq!(alone.of(0), by_tree.of(number), "{dims} dimensions, query {number}");
        }
        assert!((0..70).all(|query| by_scan.of(query).0[0] == query as u32 && by_scan.of(query).1[0] == 0.0));
    }
}

#[test]
fn the_answer_does_not_depend_on_the_number_of_threads() {
    let (dims, k) = (48, 7);
    // Large enough that one query, a few and many are each cut in another way.
    let descriptors = unit_vectors(100_000, dims, 3);
    let queries = unit_vectors(100, dims, 4);
    let ask = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let index = SearchIndex::new(&descriptors, dims).unwrap();
            [1, 5, 100].map(|count| index.nearest(&queries[..count * dims], k).unwrap())
        })
    };
    let alone = ask(1);
    for threads in [2, 3, 8] {
        assert_eq!(ask(threads), alone, "{threads} threads");
    }
}

#[test]
fn equal_descriptors_are_taken_in_the_order_of_their_positions() {
    let dims = 5;
    let descriptors: Vec<f32> = [0.1, -0.2, 0.3, 0.4, 0.5].repeat(3000);
    for method in METHODS {
        for query in [vec![0.1, -0.2, 0.3, 0.4, 0.5], vec![0.0; 5]] {
            let found = nearest(&descriptors, dims, &query, 40, method);
            assert_eq!(found.positions, (0..40).collect::<Vec<_>>(), "{method:?}");
            assert!(found.distances.iter().all(|&distance| distance == found.distances[0]));
        }
    }
}

#[test]
fn all_descriptors_are_given_when_as_many_or_more_are_asked_for() {
    let (dims, count) = (17, 333);
    let descriptors = unit_vectors(count, dims, 5);
    let query = unit_vectors(1, dims, 6);
    for method in METHODS {
        let all = nearest(&descriptors, dims, &query, count, method);
        assert_eq!(all.positions, sorted_positions(&descriptors, dims, &query, count));
        let more = nearest(&descriptors, dims, &query, count + 1000, method);
        assert_eq!(more, all);
        assert_eq!((more.k, more.len()), (count, 1));
    }
}

#[test]
fn one_descriptor_of_one_dimension_is_an_index() {
    for method in METHODS {
        let found = nearest(&[3.0], 1, &[1.0, 3.0, -1.5], 6, method);
        assert_eq!(found, Neighbours { k: 1, positions: vec![0; 3], distances: vec![2.0, 0.0, 4.5] });
    }
}

#[test]
fn values_whose_squares_overflow_still_have_their_neighbours() {
    let descriptors = [3e38, -3e38, 1e38, 2e30, -2e30, 0.0];
    for method in METHODS {
        let found = nearest(&descriptors, 1, &[9e37, 1e30], 3, method);
        assert_eq!(found.positions, [2, 3, 5, 3, 5, 4], "{method:?}");
    }
    // So large that no score is a number.
    let descriptors: Vec<f32> = (0..64).map(|step| 1e38 + step as f32 * 1e36).collect();
    for method in METHODS {
        for queries in [[1.301e38].as_slice(), &[1.301e38; 7]] {
            let found = nearest(&descriptors, 1, queries, 3, method);
            assert_eq!(found.positions, [30, 31, 29].repeat(queries.len()), "{method:?}");
        }
    }
}

#[test]
fn no_queries_have_no_neighbours() {
    for method in METHODS {
        assert!(nearest(&[1.0, 2.0], 1, &[], 1, method).is_empty());
    }
}

#[test]
fn the_method_follows_the_number_of_dimensions() {
    let values = unit_vectors(20, KD_TREE_DIMS + 1, 7);
    let few = &values[..20 * KD_TREE_DIMS];
    assert_eq!(SearchIndex::new(few, KD_TREE_DIMS).unwrap().method(), Method::KdTree);
    assert_eq!(SearchIndex::new(&values, KD_TREE_DIMS + 1).unwrap().method(), Method::Scan);
}

#[test]
fn what_has_no_neighbours_is_refused() {
    let index = SearchIndex::new(vec![0.0; 6], 3).unwrap();
    let message = index.nearest(&[0.0; 3], 0).unwrap_err().to_string();
    assert!(message.contains("number of neighbours is 0"), "{message}");
    let message = index.nearest(&[0.0; 4], 1).unwrap_err().to_string();
    assert!(message.contains("4 values do not make whole query rows of 3 dimensions"), "{message}");
    let message = index.nearest(&[0.0, f32::NAN, 0.0], 1).unwrap_err().to_string();
    assert!(message.contains("query 0 holds NaN in dimension 1"), "{message}");
    let message = SearchIndex::new(vec![0.0, 0.0, 0.0, f32::INFINITY], 2).unwrap_err().to_string();
    assert!(message.contains("descriptor 1 holds inf in dimension 1"), "{message}");
    assert!(SearchIndex::new(vec![], 3).unwrap_err().to_string().contains("no descriptor"));
    assert!(SearchIndex::new(vec![1.0], 0).is_err());
}

/// References from scikit-learn; `tests/references/neighbours.py` made them. Positions must be equal (the data have
/// no ties); distances may differ by 1e-6 relative: the reference has double precision, a distance here `float32`.
#[test]
fn neighbours_are_those_of_scikit_learn() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/references/neighbours.npz");
    let mut file = npz::Reader::open(path).unwrap();
    for dims in [2, 8, 32] {
        let (_, descriptors) = file.f32(&format!("descriptors_{dims}")).unwrap();
        let (_, queries) = file.f32(&format!("queries_{dims}")).unwrap();
        let (shape, positions) = file.i32(&format!("positions_{dims}")).unwrap();
        let (_, distances) = file.f32(&format!("distances_{dims}")).unwrap();
        for method in METHODS {
            let found = nearest(&descriptors, dims, &queries, shape[1], method);
            assert!(found.positions.iter().zip(&positions).all(|(&found, &expected)| found as i32 == expected));
            for (found, expected) in found.distances.iter().zip(&distances) {
                assert!((found - expected).abs() <= 1e-6 * expected, "{found} is not {expected}");
            }
        }
    }
}
