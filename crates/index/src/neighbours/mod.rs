//! Exact nearest neighbours of descriptors: what a search takes and gives, and which method does it.
//!
//! Neighbours are in the same order whichever method finds them, the [kd-tree](Method::KdTree) or the [scan](Method::Scan).
//! Descriptors are plain numbers here: records are joined to them by the index.

mod answer;
mod exact;
mod kd_tree;
mod lines;
mod panels;
mod positions;
mod scan;
mod selection;

use std::borrow::Cow;

use silknow_errors::{Error, Result};

pub use answer::Neighbours;
use kd_tree::KdTree;
pub(crate) use positions::Positions;
use scan::Scan;

/// Up to this many dimensions a kd-tree answers, above it the scan.
///
/// Measured by `benches/neighbours.rs` for 6 of 100,000: with 4 dimensions the tree takes a tenth of the scan's time
/// for one query and a fifth for a set of them; with 8 dimensions, two thirds and one and a half times; with 16, six
/// times and nineteen times. The directions were uniform; where descriptors lie in groups, the tree gains at 8
/// dimensions and is level at 16.
pub const KD_TREE_DIMS: usize = 8;

/// How neighbours are found. Both give the same answer, to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// A tree of boxes that leaves out what is too far away.
    KdTree,
    /// Every descriptor is looked at, many at a time.
    Scan,
}

impl Method {
    /// The method that is faster for descriptors of so many dimensions.
    fn for_dims(dims: usize) -> Self {
        if dims <= KD_TREE_DIMS { Self::KdTree } else { Self::Scan }
    }
}

/// What a search needs beside the descriptors.
#[derive(Debug)]
pub(crate) struct Structure(Kind);

#[derive(Debug)]
enum Kind {
    KdTree(KdTree),
    Scan(Scan),
}

impl Structure {
    /// Prepares N descriptors (`[N, D]` row by row, N at least 1) with the method that is faster for them: the kd-tree up
    /// to [`KD_TREE_DIMS`] dimensions, else the scan.
    pub fn new(rows: &[f32], dims: usize) -> Self {
        Self::with_method(rows, dims, Method::for_dims(dims))
    }

    fn with_method(rows: &[f32], dims: usize, method: Method) -> Self {
        match method {
            Method::KdTree => Self(Kind::KdTree(KdTree::new(rows, dims))),
            Method::Scan => Self(Kind::Scan(Scan::new(rows, dims))),
        }
    }

    /// The `k` nearest of each query (`[Q, D]` row by row) among the allowed positions, all of them where they are fewer.
    /// `rows` are the descriptors that were prepared.
    pub fn nearest(&self, rows: &[f32], queries: &[f32], k: usize, allowed: Option<&Positions>) -> Neighbours {
        let k = k.min(allowed.map_or_else(|| self.len(), Positions::count));
        match &self.0 {
            _ if k == 0 => Neighbours::new(0),
            Kind::KdTree(tree) => tree.nearest(queries, k, allowed),
            Kind::Scan(scan) => scan.nearest(rows, queries, k, allowed),
        }
    }

    fn len(&self) -> usize {
        match &self.0 {
            Kind::KdTree(tree) => tree.len(),
            Kind::Scan(scan) => scan.len(),
        }
    }
}

/// Descriptors without records, prepared for search.
///
/// It keeps the descriptors as they were given, borrowed or owned. A scan keeps one and a half copies beside them in the
/// order in which the processor reads them: whole for many queries, at half the size for one.
#[derive(Debug)]
pub struct SearchIndex<'a> {
    dims: usize,
    rows: Cow<'a, [f32]>,
    structure: Structure,
}

impl<'a> SearchIndex<'a> {
    /// Prepares N descriptors of `dims` values each (`[N, D]` row by row) with the method that is faster for them:
    /// the kd-tree up to [`KD_TREE_DIMS`] dimensions, else the scan.
    ///
    /// # Errors
    /// No descriptors, no dimensions, values that are not whole rows, more than 2^32 - 1 rows, and values that are
    /// not finite numbers.
    pub fn new(descriptors: impl Into<Cow<'a, [f32]>>, dims: usize) -> Result<Self> {
        Self::with_method(descriptors, dims, Method::for_dims(dims))
    }

    /// Like [`new`](Self::new), with a method of the caller's choice.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_method(descriptors: impl Into<Cow<'a, [f32]>>, dims: usize, method: Method) -> Result<Self> {
        let rows = descriptors.into();
        check_rows("descriptor", &rows, dims)?;
        let count = rows.len() / dims;
        if count == 0 {
            return Err(Error::data("there is no descriptor to search in")
                .hint("the index is empty: give build-kdtree a master file with readable images"));
        }
        check_count(count)?;
        let structure = Structure::with_method(&rows, dims, method);
        Ok(Self { dims, rows, structure })
    }

    /// The method in use.
    pub fn method(&self) -> Method {
        match self.structure.0 {
            Kind::KdTree(_) => Method::KdTree,
            Kind::Scan(_) => Method::Scan,
        }
    }

    /// The number of descriptors N.
    pub fn len(&self) -> usize {
        self.structure.len()
    }

    /// Always false: an index without descriptors cannot be made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of dimensions D.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// The `k` nearest descriptors of each query (`[Q, D]` row by row); all N where `k` is larger.
    ///
    /// Works on all cores; the answer does not depend on their number, nor on which queries are asked together.
    ///
    /// # Errors
    /// `k` is 0, queries that are not whole rows of D values, and values that are not finite numbers.
    pub fn nearest(&self, queries: &[f32], k: usize) -> Result<Neighbours> {
        check_k(k)?;
        check_rows("query", queries, self.dims)?;
        Ok(self.structure.nearest(&self.rows, queries, k, None))
    }

    /// The `k` nearest among those descriptors whose entry in `allowed` is true; all of these where they are fewer.
    ///
    /// # Errors
    /// As for [`nearest`](Self::nearest); other than N entries.
    pub fn nearest_among(&self, queries: &[f32], k: usize, allowed: &[bool]) -> Result<Neighbours> {
        check_k(k)?;
        check_rows("query", queries, self.dims)?;
        if allowed.len() != self.len() {
            return Err(Error::internal(format!("{} entries for {} descriptors", allowed.len(), self.len())));
        }
        let allowed = allowed.iter().copied().collect();
        Ok(self.structure.nearest(&self.rows, queries, k, Some(&allowed)))
    }
}

/// Refuses more descriptors than positions can number.
pub(crate) fn check_count(count: usize) -> Result<()> {
    if u32::try_from(count).is_err() {
        return Err(Error::data(format!("{count} descriptors are more than an index can hold ({})", u32::MAX)));
    }
    Ok(())
}

/// Refuses to look for no neighbour.
pub(crate) fn check_k(k: usize) -> Result<()> {
    if k == 0 {
        return Err(Error::configuration("the number of neighbours is 0").hint("num_neighbors must be 1 or more"));
    }
    Ok(())
}

/// Refuses values that are not whole rows of `dims` finite numbers.
pub(crate) fn check_rows(what: &str, values: &[f32], dims: usize) -> Result<()> {
    if dims == 0 || !values.len().is_multiple_of(dims) {
        return Err(Error::data(format!("{} values do not make whole {what} rows of {dims} dimensions", values.len()))
            .hint("descriptors of one model have the same number of dimensions; use the model of the index"));
    }
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(place) => Err(Error::data(format!(
            "{what} {} holds {} in dimension {}; only finite numbers have neighbours",
            place / dims,
            values[place],
            place % dims
        ))
        .hint("the model that made it may not have converged; train it with a lower learning rate")),
    }
}
