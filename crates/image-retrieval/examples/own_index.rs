//! An index of one's own, used by retrieval like the one that comes with the library:
//! `cargo run --example own_index`.
//!
//! It compares every descriptor with every other, without any preparation, which is all that a few thousand works need.

use std::sync::Arc;

use silknow_image_retrieval::config::{Architecture, BackboneParameters, DeviceChoice, Precision, Weights};
use silknow_image_retrieval::{
    Context, DescribingNetwork, Error, Filter, Hit, Hits, Index, Picture, Record, Result, Retriever, RgbImage, Search,
    Silent, Vocabulary, VocabularyBuilder, check_index,
};

/// Records and descriptors in two lists.
struct PlainIndex {
    vocabulary: Vocabulary,
    fingerprint: String,
    dims: usize,
    works: Vec<(Arc<Record>, Vec<f32>)>,
}

impl PlainIndex {
    fn new(vocabulary: Vocabulary, dims: usize, fingerprint: &str) -> Self {
        Self { vocabulary, fingerprint: fingerprint.to_owned(), dims, works: Vec::new() }
    }

    /// The rows of descriptors, if they are whole and finite.
    fn rows<'a>(&self, descriptors: &'a [f32]) -> Result<impl Iterator<Item = &'a [f32]>> {
        if !descriptors.len().is_multiple_of(self.dims) || descriptors.iter().any(|value| !value.is_finite()) {
            return Err(Error::data(format!("these are not rows of {} finite numbers", self.dims)));
        }
        Ok(descriptors.chunks_exact(self.dims))
    }
}

impl Index for PlainIndex {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn dims(&self) -> usize {
        self.dims
    }

    fn len(&self) -> usize {
        self.works.len()
    }

    fn model_fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn nearest(&self, descriptors: &[f32], k: usize, filter: &Filter) -> Result<Hits> {
        if k == 0 {
            return Err(Error::configuration("no neighbours are asked for"));
        }
        let matcher = filter.resolve(&self.vocabulary)?;
        let answer = |query: &[f32]| {
            let squared = |row: &[f32]| -> f64 {
                row.iter().zip(query).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
            };
            let passing = (0..).zip(&self.works).filter(|(_, (record, _))| matcher.matches(record));
            let mut near: Vec<(f64, u64)> = passing.map(|(position, (_, row))| (squared(row), position)).collect();
            near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let hit = |&(squared, position): &(f64, u64)| Hit {
                position,
                distance: squared.sqrt() as f32,
                record: Arc::clone(&self.works[position as usize].0),
            };
            near.iter().take(k).map(hit).collect()
        };
        Ok(self.rows(descriptors)?.map(answer).collect())
    }

    fn insert(&mut self, vocabulary: &Vocabulary, records: Vec<Record>, descriptors: &[f32]) -> Result<()> {
        let rows: Vec<Vec<f32>> = self.rows(descriptors)?.map(<[f32]>::to_vec).collect();
        if rows.len() != records.len() {
            return Err(Error::data(format!("{} descriptors for {} records", rows.len(), records.len())));
        }
        let translation = self.vocabulary.absorb(vocabulary)?;
        for (mut record, row) in records.into_iter().zip(rows) {
            record.labels = translation.apply(&record.labels);
            self.works.push((Arc::new(record), row));
        }
        Ok(())
    }

    fn remove(&mut self, filter: &Filter) -> Result<usize> {
        let (matcher, before) = (filter.resolve(&self.vocabulary)?, self.works.len());
        self.works.retain(|(record, _)| !matcher.matches(record));
        Ok(before - self.works.len())
    }
}

fn main() -> Result<()> {
    // The library's own checks say whether it keeps what an index promises.
    check_index(&mut |vocabulary, dims| Ok(Box::new(PlainIndex::new(vocabulary.clone(), dims, "model"))));

    let network = DescribingNetwork::Backbone(BackboneParameters {
        backbone: Architecture::RESNET18,
        weights: Weights::Builtin,
        input_size: 64,
        ..BackboneParameters::default()
    });
    let model = network.load(DeviceChoice::Cpu, Precision::F32, &Context::new(&Silent, std::path::Path::new(".")))?;

    // Three plain colours are the collection, and a shade of the second is the query.
    let mut classes = VocabularyBuilder::new(["colour"]);
    let colours = [("red", [200, 30, 30]), ("green", [30, 160, 60]), ("blue", [30, 60, 190])];
    let records: Vec<Record> = colours
        .iter()
        .map(|(colour, _)| {
            let mut record = Record::new(format!("{colour}.jpg"), 1);
            record.labels = classes.labels_of([*colour]);
            record
        })
        .collect();
    let vocabulary = classes.into_vocabulary();
    let plain = |colour: [u8; 3]| Picture::Pixels(RgbImage::from_pixel(80, 60, colour.into()).into());
    let pictures = colours.iter().map(|(_, colour)| plain(*colour)).collect();
    let described = model.describe_images(pictures, 8, 1, &Silent)?;
    let mut index = PlainIndex::new(vocabulary.clone(), model.dims(), model.fingerprint());
    index.insert(&vocabulary, records, &described.descriptors)?;

    let retriever = Retriever::new(model, index)?;
    for answer in retriever.search(vec![plain([60, 170, 80])], &Search::nearest(2), &Silent)? {
        let answer = answer?;
        for hit in &answer.hits {
            println!("{:.4}  {}", hit.distance, hit.record.name);
        }
    }
    Ok(())
}
