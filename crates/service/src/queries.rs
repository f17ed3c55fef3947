//! From what a request names to a descriptor: images of the index, uploads, addresses, regions of them, and sums.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use image::imageops;
use silknow_image_retrieval::{RgbImage, Silent, decode_bytes};

use crate::admission::{Place, compute};
use crate::app::App;
use crate::collection::Collection;
use crate::fault::Fault;
use crate::incoming::{Incoming, MOST_UPLOADS};
use crate::request::QueryRequest;
use crate::searching::Query;

/// The most pictures that one search is made of.
const MOST_QUERIES: usize = 4 * MOST_UPLOADS;

/// The largest weight of a picture.
const MOST_WEIGHT: f32 = 100.0;

/// A length below which a weighted sum of unit vectors counts as none.
const LEAST_LENGTH: f64 = 1e-6;

/// A picture that is not described yet.
enum Content {
    /// The bytes of its file.
    Bytes(Bytes),
    /// An image of the index.
    Stored(usize),
    /// A picture at an address.
    Address(String),
}

/// The part of an upright picture that counts, as shares of its sides.
#[derive(Clone, Copy, Debug)]
struct Region {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// The query that a request asks for.
pub(crate) async fn query(
    app: &Arc<App>,
    place: &Place,
    collection: &Arc<Collection>,
    incoming: &Incoming,
) -> Result<Query, Fault> {
    let requests = requests(incoming)?;
    let mut stored = Vec::new();
    let mut descriptors: Vec<Option<Vec<f32>>> = Vec::new();
    let mut pending = Vec::new();
    for (number, request) in requests.iter().enumerate() {
        check_weight(request.weight)?;
        let content = content(app, collection, request, &incoming.uploads)?;
        let region = request.region.map(Region::new).transpose()?;
        let known = match (&content, region) {
            (&Content::Stored(position), None) => Some(collection.descriptor(position).to_vec()),
            _ => None,
        };
        if let Content::Stored(position) = content {
            stored.push(position);
        }
        if known.is_none() {
            let pixels = pixels(app, place, collection, content, region).await?;
            pending.push((number, collection.describer.submit(pixels)?));
        }
        descriptors.push(known);
    }
    for (number, described) in pending {
        descriptors[number] = Some(described.descriptor().await?);
    }
    let is = match (requests.as_slice(), stored.as_slice()) {
        ([only], &[position]) if only.region.is_none() && only.weight.is_none_or(|weight| weight > 0.0) => {
            Some(position)
        }
        _ => None,
    };
    let weighted = descriptors.into_iter().flatten().zip(requests.iter().map(|request| request.weight.unwrap_or(1.0)));
    Ok(Query { descriptor: sum(weighted.collect())?, stored, is })
}

/// The descriptor of an upload, for a collection.
pub(crate) async fn describe_upload(
    app: &Arc<App>,
    place: &Place,
    collection: &Arc<Collection>,
    upload: &Bytes,
) -> Result<Vec<f32>, Fault> {
    let pixels = pixels(app, place, collection, Content::Bytes(upload.clone()), None).await?;
    collection.describer.submit(pixels)?.descriptor().await
}

/// What is searched for, however it is written.
fn requests(incoming: &Incoming) -> Result<Vec<QueryRequest>, Fault> {
    let search = &incoming.search;
    let requests = match (&search.image, search.queries.as_slice()) {
        (Some(_), [_, ..]) => {
            return Err(Fault::bad_request("the request has both `image` and `queries`").hint("give one of them"));
        }
        (Some(image), []) => vec![QueryRequest { image: Some(image.clone()), ..QueryRequest::default() }],
        (None, []) if incoming.uploads.is_empty() => {
            return Err(Fault::bad_request("nothing is searched for")
                .hint("upload a picture as `file`, or name an image of the index as `image`"));
        }
        (None, []) => vec![QueryRequest { upload: Some(0), ..QueryRequest::default() }],
        (None, queries) => queries.to_vec(),
    };
    if requests.len() > MOST_QUERIES {
        return Err(Fault::bad_request(format!("a search may be made of up to {MOST_QUERIES} pictures")));
    }
    Ok(requests)
}

fn check_weight(weight: Option<f32>) -> Result<(), Fault> {
    match weight {
        Some(weight) if !(weight.abs() > 0.0 && weight.abs() <= MOST_WEIGHT) => {
            Err(Fault::bad_request(format!("the weight {weight} is not usable"))
                .hint(format!("weights lie between -{MOST_WEIGHT} and {MOST_WEIGHT} and are not 0")))
        }
        _ => Ok(()),
    }
}

/// The picture that a part of a request names.
fn content(app: &App, collection: &Collection, request: &QueryRequest, uploads: &[Bytes]) -> Result<Content, Fault> {
    match (&request.image, request.upload, &request.address) {
        (Some(id), None, None) => position(collection, id).map(Content::Stored),
        (None, Some(number), None) => match uploads.get(number) {
            Some(upload) => Ok(Content::Bytes(upload.clone())),
            None => Err(Fault::bad_request(format!("there is no upload {number}: {} came", uploads.len()))),
        },
        (None, None, Some(address)) if app.addresses.is_some() => Ok(Content::Address(address.clone())),
        (None, None, Some(_)) => {
            Err(Fault::new(StatusCode::FORBIDDEN, "no_addresses", "this server does not fetch pictures")
                .hint("upload the picture; a server fetches addresses when it is started with --allow-addresses"))
        }
        _ => Err(Fault::bad_request("a query names one of `image`, `upload` and `address`")),
    }
}

/// The position of an image of a collection.
pub(crate) fn position(collection: &Collection, id: &str) -> Result<usize, Fault> {
    collection.position(id).ok_or_else(|| {
        let sentence = format!("the index `{}` has no image `{id}`", collection.name);
        Fault::new(StatusCode::NOT_FOUND, "no_such_image", sentence)
            .hint("images are named as in answers: by their path below the folder of all images")
    })
}

/// The pixels of a picture as the network sees them.
async fn pixels(
    app: &Arc<App>,
    place: &Place,
    collection: &Arc<Collection>,
    content: Content,
    region: Option<Region>,
) -> Result<Vec<f32>, Fault> {
    let (app, collection) = (Arc::clone(app), Arc::clone(collection));
    compute(place, move || {
        let picture = decoded(&app, &collection, content)?;
        let describer = &collection.describer;
        Ok(match region {
            Some(region) => describer.pixels(&region.of(&picture)),
            None => describer.pixels(&picture),
        })
    })
    .await
}

fn decoded(app: &App, collection: &Collection, content: Content) -> Result<RgbImage, Fault> {
    let bytes = match content {
        Content::Bytes(bytes) => bytes,
        Content::Stored(position) => {
            let path = collection.picture(position);
            Bytes::from(std::fs::read(path).map_err(|cause| {
                tracing::warn!(index = collection.name, image = collection.id(position), %cause, "a picture cannot be read");
                Fault::new(StatusCode::NOT_FOUND, "no_picture", "the file of this picture is not there")
            })?)
        }
        Content::Address(address) => {
            let client = app.addresses.as_ref().ok_or_else(|| Fault::internal("no client for addresses"))?;
            let response = client.get(&address, &Silent).map_err(|error| {
                Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "unreachable_address", error.message())
            })?;
            Bytes::from(response.body)
        }
    };
    decode_bytes(&bytes).map_err(|error| Fault::picture(&error))
}

impl Region {
    fn new([left, top, width, height]: [f64; 4]) -> Result<Self, Fault> {
        // Shares that a page rounds may end a little behind the picture.
        let is_within = |start: f64, length: f64| start >= 0.0 && length > 0.0 && start + length <= 1.0 + 1e-6;
        if is_within(left, width) && is_within(top, height) {
            return Ok(Self { left, top, width, height });
        }
        Err(Fault::bad_request("the region does not lie within the picture")
            .hint("give left, top, width and height as shares between 0 and 1"))
    }

    /// The part of a picture, at least one pixel.
    fn of(self, picture: &RgbImage) -> RgbImage {
        let span = |start: f64, length: f64, side_px: u32| {
            let side = f64::from(side_px);
            let first = ((start * side).round() as u32).min(side_px - 1);
            let end = (((start + length) * side).round() as u32).clamp(first + 1, side_px);
            (first, end - first)
        };
        let (x, width) = span(self.left, self.width, picture.width());
        let (y, height) = span(self.top, self.height, picture.height());
        imageops::crop_imm(picture, x, y, width, height).to_image()
    }
}

/// The weighted sum of descriptors, brought to unit length. One that counts alone stays as it is, to the bit.
fn sum(weighted: Vec<(Vec<f32>, f32)>) -> Result<Vec<f32>, Fault> {
    let mut sum = match weighted.as_slice() {
        [(only, weight)] if *weight > 0.0 => return Ok(only.clone()),
        [(first, _), ..] => vec![0.0f64; first.len()],
        [] => return Err(Fault::internal("a search without a query")),
    };
    for (descriptor, weight) in &weighted {
        sum.iter_mut().zip(descriptor).for_each(|(sum, &value)| *sum += f64::from(value) * f64::from(*weight));
    }
    let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
    if length < LEAST_LENGTH {
        return Err(Fault::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "queries_cancel",
            "the pictures cancel each other out",
        )
        .hint("change a weight, or leave one out"));
    }
    Ok(sum.iter().map(|value| (value / length) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_has_unit_length_and_one_alone_stays_as_it_is() {
        let (x, y) = (vec![0.6f32, 0.8], vec![0.8f32, -0.6]);
        assert_eq!(sum(vec![(x.clone(), 7.0)]).unwrap(), x);
        assert_eq!(sum(vec![(x.clone(), -1.0)]).unwrap(), [-0.6, -0.8]);
        let both = sum(vec![(x.clone(), 1.0), (y, 1.0)]).unwrap();
        assert!((both[0] - 1.4 / 2f32.sqrt()).abs() < 1e-6 && (both[1] - 0.2 / 2f32.sqrt()).abs() < 1e-6);
        assert_eq!(sum(vec![(x.clone(), 1.0), (x, -1.0)]).unwrap_err().status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn a_region_is_the_part_of_the_upright_picture() {
        let picture = RgbImage::from_fn(100, 50, |x, y| image::Rgb([x as u8, y as u8, 0]));
        let part = Region::new([0.25, 0.5, 0.5, 0.5]).unwrap().of(&picture);
        assert_eq!((part.dimensions(), part[(0, 0)].0), ((50, 25), [25, 25, 0]));
        let tiny = Region::new([0.999, 0.999, 0.001, 0.001]).unwrap().of(&picture);
        assert_eq!((tiny.dimensions(), tiny[(0, 0)].0), ((1, 1), [99, 49, 0]));
        for outside in [[-0.1, 0.0, 0.5, 0.5], [0.6, 0.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.5], [f64::NAN, 0.0, 0.5, 0.5]] {
            assert!(Region::new(outside).is_err(), "{outside:?}");
        }
    }
}
