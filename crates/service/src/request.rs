//! What requests ask, in JSON and in query strings.

use schemars::JsonSchema;
use serde::Deserialize;

/// A search.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchRequest {
    /// The index to search; the first one where this is left out.
    pub index: Option<String>,
    /// Works in the answer, up to 1,000.
    pub k: Option<usize>,
    /// Works at the front that are left out, because a page before has them.
    #[serde(default)]
    pub offset: usize,
    /// Which images may be answers, such as `place=ES|FR, technique=?*, museum!=garin`.
    pub filter: Option<String>,
    /// Images that are farther away than this are left out; distances lie between 0 and 2.
    pub max_distance: Option<f32>,
    /// Leaves out the queries themselves, and images with the same descriptor.
    #[serde(default)]
    pub exclude_self: bool,
    /// Of several images of one object the nearest alone is given.
    pub group_by: Option<GroupBy>,
    /// How the first k works vote for the labels of the query.
    pub vote: Option<VoteWord>,
    /// Whether the answer has a histogram of distances, over up to 1,000 works.
    #[serde(default = "yes")]
    pub histogram: bool,
    /// One image of the index as the query: short for `queries` with it alone.
    pub image: Option<String>,
    /// What is searched for. Where nothing is given, it is the first upload.
    #[serde(default)]
    pub queries: Vec<QueryRequest>,
}

fn yes() -> bool {
    true
}

/// What stands for several images in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum GroupBy {
    /// The object that they show.
    Object,
}

/// How neighbours vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VoteWord {
    /// Every neighbour counts one.
    Majority,
    /// Near neighbours count more.
    Weighted,
}

/// One of the pictures that are searched for: an image of the index, an upload, or an address.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryRequest {
    /// An image of the index.
    pub image: Option<String>,
    /// The number of an uploaded file, counted from 0.
    pub upload: Option<usize>,
    /// The address of a picture, where the server allows addresses.
    pub address: Option<String>,
    /// How much it counts; below 0 the answers are less like it.
    pub weight: Option<f32>,
    /// The part of the picture that counts: left, top, width and height, as shares of the upright picture.
    pub region: Option<[f64; 4]>,
}

/// Which index is meant.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IndexChoice {
    /// The index; the first one where this is left out.
    pub index: Option<String>,
}

/// Which thumbnail is meant.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThumbnailChoice {
    /// The index; the first one where this is left out.
    pub index: Option<String>,
    /// The longer side in pixels; the next larger of 96, 160, 320, 640 and 1,280 is made.
    pub size: Option<u32>,
}

/// Which images are counted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FacetChoice {
    /// The index; the first one where this is left out.
    pub index: Option<String>,
    /// Which images count, as in a search.
    pub filter: Option<String>,
}

/// Which works are listed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListChoice {
    /// The index; the first one where this is left out.
    pub index: Option<String>,
    /// Which images count, as in a search.
    pub filter: Option<String>,
    /// Works in the answer, up to 1,000; 20 where this is left out.
    pub k: Option<usize>,
    /// Works at the front that are left out.
    #[serde(default)]
    pub offset: usize,
}

/// How a result set is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportChoice {
    /// The format; `csv` where this is left out.
    #[serde(default)]
    pub format: ExportFormat,
}

/// The formats of a result set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExportFormat {
    /// A table, one row a work.
    #[default]
    Csv,
    /// The answer of the search.
    Json,
    /// A IIIF Presentation 3 manifest, one canvas a work.
    Iiif,
}
