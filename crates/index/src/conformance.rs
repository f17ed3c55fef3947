//! What every [`Index`] keeps, as checks that an implementation's tests run.
//!
//! The checks fill an empty index with records that have ties, duplicates, missing labels and sets of labels, and compare
//! its answers with those of plain sorting in double precision.
//!
//! ```
//! use silknow_index::{IndexMeta, MemoryIndex, conformance};
//!
//! conformance::check(&mut |vocabulary, dims| {
//!     Ok(Box::new(MemoryIndex::new(vocabulary.clone(), vec![], vec![], dims, IndexMeta::new("model"))?))
//! });
//! ```

use silknow_errors::Result;
use silknow_records::{Object, Record, Vocabulary, VocabularyBuilder};

use crate::filter::Filter;
use crate::index::{Hit, Index};

/// Makes an empty index for labels of this vocabulary and descriptors of so many dimensions, built with the model `model`.
pub type Make<'a> = dyn FnMut(&Vocabulary, usize) -> Result<Box<dyn Index>> + 'a;

/// Runs all checks with indexes of few and of many dimensions.
///
/// # Panics
/// When the index does not keep what [`Index`] promises; the message says what it is.
pub fn check(make: &mut Make<'_>) {
    for dims in [2, 3, 24] {
        let collection = Collection::new(dims);
        let mut index = make(&collection.vocabulary, dims).expect("an empty index can be made");
        check_empty(&*index, dims);
        collection.fill(&mut *index);
        check_answers(&*index, &collection);
        check_together(&*index, &collection);
        check_refusals(&mut *index, &collection);
        check_changes(&mut *index, collection);
    }
}

/// What an index is filled with.
struct Collection {
    vocabulary: Vocabulary,
    dims: usize,
    records: Vec<Record>,
    descriptors: Vec<f32>,
}

/// Records of a collection.
const RECORDS: usize = 150;

/// The filters that are tried, from one that keeps all to one that keeps nothing.
const FILTERS: [&str; 8] = [
    "",
    "place=ES|FR",
    "place!=ES, technique=?*",
    "technique=lampas",
    "place=?",
    "museum!=garin",
    "object!=3|4|5",
    "place=ES, place=FR",
];

impl Collection {
    /// Descriptors on a coarse grid, so that distances are exact and ties are many.
    fn new(dims: usize) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15u64 ^ dims as u64;
        let mut draw = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) % below
        };
        let mut classes = VocabularyBuilder::new(["place", "technique"]);
        let places = ["ES", "FR", "IT"].map(|class| classes.class_of(0, class));
        let techniques = ["damask", "lampas"].map(|class| classes.class_of(1, class));
        let mut records = Vec::new();
        let mut descriptors = Vec::new();
        for number in 0..RECORDS {
            let museum = ["garin", "mad"][draw(2) as usize];
            let object = draw(40);
            let mut record = Record::new(format!("img/{museum}__{object}__{number}.jpg"), 2);
            record.object.title = Some(format!("Number {number}").into());
            // One in four has no place.
            let place: Vec<i32> = places.get(draw(4) as usize).copied().into_iter().collect();
            record.labels.set(0, &place);
            record.labels.set(1, &techniques[..draw(3) as usize]);
            records.push(record);
            descriptors.extend((0..dims).map(|_| draw(5) as f32 - 2.0));
        }
        Self { vocabulary: classes.into_vocabulary(), dims, records, descriptors }
    }

    /// Puts the records into an index in two parts.
    fn fill(&self, index: &mut dyn Index) {
        let (first, second) = self.records.split_at(RECORDS / 3);
        let (first_rows, second_rows) = self.descriptors.split_at(first.len() * self.dims);
        for (records, rows) in [(first, first_rows), (second, second_rows)] {
            index.insert(&self.vocabulary, records.to_vec(), rows).expect("whole rows can be inserted");
        }
        assert_eq!(index.len(), RECORDS, "every record that was inserted is there");
    }

    /// Positions and squared distances of the `k` nearest that pass the filter.
    fn expected(&self, query: &[f32], k: usize, filter: &Filter) -> Vec<(u64, f64)> {
        let matcher = filter.resolve(&self.vocabulary).expect("the filters name what there is");
        let squared = |row: &[f32]| row.iter().zip(query).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
        let rows = (0..).zip(self.descriptors.chunks_exact(self.dims));
        let passing = rows.zip(&self.records).filter(|(_, record)| matcher.matches(record));
        let mut all: Vec<(u64, f64)> = passing.map(|((position, row), _)| (position, squared(row))).collect();
        all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        all.truncate(k);
        all
    }

    fn queries(&self) -> Vec<f32> {
        let of_index = self.descriptors[..5 * self.dims].iter().copied();
        of_index.chain((0..4 * self.dims).map(|number| (number % 7) as f32 * 0.5 - 1.5)).collect()
    }
}

fn check_empty(index: &dyn Index, dims: usize) {
    assert!(index.is_empty() && index.dims() == dims, "a new index is empty and has the dimensions asked for");
    assert_eq!(index.model_fingerprint(), "model", "an index knows the model that it was built with");
    let hits = index.nearest(&vec![0.0; 2 * dims], 3, &Filter::everything()).expect("an empty index can be asked");
    assert!(hits.len() == 2 && hits.of(0).is_empty(), "an empty index has an empty answer to each query");
}

fn check_answers(index: &dyn Index, collection: &Collection) {
    let queries = collection.queries();
    for filter in FILTERS.map(|filter| Filter::parse(filter).expect("the filters can be read")) {
        for k in [1, 6, RECORDS, RECORDS + 50] {
            let hits = index.nearest(&queries, k, &filter).expect("the queries are whole rows");
            assert_eq!(hits.len(), queries.len() / collection.dims, "every query has an answer");
            for (query, found) in queries.chunks_exact(collection.dims).zip(hits.iter()) {
                check_answer(found, &collection.expected(query, k, &filter), collection, index, &filter);
            }
        }
    }
}

fn check_answer(found: &[Hit], expected: &[(u64, f64)], collection: &Collection, index: &dyn Index, filter: &Filter) {
    let positions = |found: &[Hit]| found.iter().map(|hit| hit.position).collect::<Vec<_>>();
    let expected_positions: Vec<u64> = expected.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions(found), expected_positions, "the nearest that pass `{filter}`, ties by position");
    for (hit, (position, squared)) in found.iter().zip(expected) {
        assert_eq!(hit.distance, squared.sqrt() as f32, "a distance is the Euclidean one, rounded once");
        let inserted = &collection.records[*position as usize];
        assert_eq!((&hit.record.name, &hit.record.object), (&inserted.name, &inserted.object), "a hit has its record");
        for (v, variable) in collection.vocabulary.variables.iter().enumerate() {
            let names = variable.class_names(inserted.labels.classes(v));
            let own = index.vocabulary().variables[v].class_names(hit.record.labels.classes(v));
            assert_eq!(own, names, "a hit has the labels of its record");
        }
    }
}

fn check_together(index: &dyn Index, collection: &Collection) {
    let queries = collection.queries();
    let filter = Filter::parse(FILTERS[1]).expect("the filters can be read");
    let together = index.nearest(&queries, 5, &filter).expect("the queries are whole rows");
    for (query, expected) in queries.chunks_exact(collection.dims).zip(together.iter()) {
        let alone = index.nearest(query, 5, &filter).expect("the query is a whole row");
        assert_eq!(alone.of(0), expected, "a query has the same answer alone and among others");
    }
}

fn check_refusals(index: &mut dyn Index, collection: &Collection) {
    let everything = Filter::everything();
    let query = vec![0.0; collection.dims];
    assert!(index.nearest(&query, 0, &everything).is_err(), "no neighbours cannot be asked for");
    assert!(index.nearest(&query[1..], 1, &everything).is_err(), "a query of fewer dimensions is refused");
    assert!(index.nearest(&vec![f32::NAN; collection.dims], 1, &everything).is_err(), "NaN is no descriptor");
    let unknown = Filter::everything().and_one_of("place", ["Atlantis"]);
    assert!(index.nearest(&query, 1, &unknown).is_err(), "a class that is not there is named, not passed over");
    let record = Record::new("new.jpg", 2);
    let other = Vocabulary::new(["colour", "place"]);
    assert!(index.insert(&other, vec![record.clone()], &query).is_err(), "other variables are refused");
    let infinite = vec![f32::INFINITY; collection.dims];
    assert!(
        index.insert(&collection.vocabulary, vec![record.clone()], &infinite).is_err(),
        "infinity is no descriptor"
    );
    assert!(index.insert(&collection.vocabulary, vec![record], &[]).is_err(), "every record needs a descriptor");
    assert_eq!(index.len(), RECORDS, "what was refused has changed nothing");
}

/// Inserting and removing leave an index that answers as if it had been made so.
fn check_changes(index: &mut dyn Index, mut collection: Collection) {
    // A class that the index does not have yet.
    let mut classes = VocabularyBuilder::new(["place", "technique"]);
    let mut record = Record::new("img/late.jpg", 2);
    record.object = Object::with_id("late");
    record.labels = classes.labels_of(["DE", "nan"]);
    let rows = vec![0.25; collection.dims];
    index.insert(&classes.into_vocabulary(), vec![record.clone()], &rows).expect("a new class is taken over");
    let mut known = VocabularyBuilder::from(collection.vocabulary.clone());
    record.labels = known.labels_of(["DE", "nan"]);
    collection.vocabulary = known.into_vocabulary();
    collection.records.push(record);
    collection.descriptors.extend(rows);
    check_answers(index, &collection);

    let filter = Filter::parse("museum=mad, place=?*").expect("the filter can be read");
    let matcher = filter.resolve(&collection.vocabulary).expect("the filter names what there is");
    let (dims, mut kept) = (collection.dims, Vec::new());
    let rows = std::mem::take(&mut collection.descriptors);
    for (record, row) in std::mem::take(&mut collection.records).into_iter().zip(rows.chunks_exact(dims)) {
        if !matcher.matches(&record) {
            collection.descriptors.extend(row);
            kept.push(record);
        }
    }
    let removed = index.remove(&filter).expect("the filter names what there is");
    assert_eq!(removed, RECORDS + 1 - kept.len(), "the number of removed records is told");
    collection.records = kept;
    assert_eq!(index.len(), collection.records.len(), "what was removed is gone");
    check_answers(index, &collection);
}
