//! The shares of classes as `pred_gt.npz` states them, where they cannot be counted from the neighbours alone.
//!
//! They stand in two arrays of as many rows: `class_shares_of`, of query, variable and class, and `class_shares`, the shares.

use silknow_arrays::npz::Array;
use silknow_errors::Result;
use silknow_records::Vocabulary;

use crate::layout::File;
use crate::vote::{Ballot, ClassShare};

const PLACES: &str = "class_shares_of";
const SHARES: &str = "class_shares";

/// The shares of the classes of S queries on V variables.
#[derive(Clone, Debug, PartialEq)]
pub struct StatedShares {
    variables: usize,
    /// Per query and variable `[S * V]` the classes with their shares, by falling share.
    rows: Vec<Vec<(i32, f32)>>,
}

impl StatedShares {
    /// Of no query yet.
    pub fn new(variables: usize) -> Self {
        Self { variables, rows: Vec::new() }
    }

    /// The shares of ballots, one for each query and variable.
    pub(crate) fn of_ballots(variables: usize, ballots: &[Vec<Ballot>]) -> Self {
        let row = |ballot: &Ballot| ballot.classes.iter().map(|voted| (voted.class, voted.share as f32)).collect();
        Self { variables, rows: ballots.iter().flatten().map(row).collect() }
    }

    /// Appends the shares of one more query, a list for each variable.
    ///
    /// # Panics
    /// When they are of more or fewer variables.
    pub fn push(&mut self, query: Vec<Vec<(i32, f32)>>) {
        assert_eq!(query.len(), self.variables, "one list for each variable");
        self.rows.extend(query);
    }

    /// The classes of a query on a variable with their shares, by falling share.
    pub fn of(&self, query: usize, variable: usize) -> &[(i32, f32)] {
        &self.rows[query * self.variables + variable]
    }

    /// The ballot that was counted from neighbours, with the stated shares.
    pub fn applied(&self, counted: &Ballot, query: usize, variable: usize) -> Ballot {
        let neighbours =
            |class| counted.classes.iter().find(|voted| voted.class == class).map_or(0, |it| it.neighbours);
        let share =
            |&(class, share): &(i32, f32)| ClassShare { class, neighbours: neighbours(class), share: f64::from(share) };
        Ballot { known: counted.known, classes: self.of(query, variable).iter().map(share).collect() }
    }

    /// The arrays.
    pub(crate) fn arrays(&self) -> [(&'static str, Array); 2] {
        let places = self.rows.iter().enumerate().flat_map(|(row, classes)| {
            let (query, variable) = (row / self.variables, row % self.variables);
            classes.iter().flat_map(move |&(class, _)| [query as i32, variable as i32, class])
        });
        let places: Vec<i32> = places.collect();
        let shares: Vec<f32> = self.rows.iter().flatten().map(|&(_, share)| share).collect();
        [(PLACES, Array::i32([shares.len(), 3], places)), (SHARES, Array::f32([shares.len()], shares))]
    }

    /// Reads the arrays of a file about so many queries; none where it has no such arrays.
    ///
    /// # Errors
    /// Arrays that do not belong together, queries, variables or classes that are not there, shares outside `[0, 1]`.
    pub(crate) fn read(file: &mut File, queries: usize, vocabulary: &Vocabulary) -> Result<Option<Self>> {
        if !file.contains(PLACES) {
            return Ok(None);
        }
        let places = file.places(PLACES)?;
        let shares = file.numbers(SHARES)?;
        if shares.len() != places.len() {
            let (places, shares) = (places.len(), shares.len());
            return Err(file.wrong(format!("`{PLACES}` has {places} rows, and `{SHARES}` {shares}")));
        }
        let variables = vocabulary.len();
        let mut rows = vec![Vec::new(); queries * variables];
        for ([query, variable, class], share) in places.into_iter().zip(shares) {
            let of = usize::try_from(variable).ok().and_then(|v| Some((v, vocabulary.variables.get(v)?)));
            let known = of.filter(|(_, variable)| (0..variable.classes.len() as i32).contains(&class));
            let row = known.zip(usize::try_from(query).ok().filter(|&query| query < queries));
            let Some(((variable, _), query)) = row.filter(|_| (0.0..=1.0).contains(&share)) else {
                return Err(file.wrong(format!(
                    "`{PLACES}` names query {query}, variable {variable}, class {class} with the share {share}, which cannot be"
                )));
            };
            rows[query * variables + variable].push((class, share));
        }
        rows.iter_mut().for_each(|row| row.sort_by(|a, b| b.1.total_cmp(&a.1)));
        Ok(Some(Self { variables, rows }))
    }
}
