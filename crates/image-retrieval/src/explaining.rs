//! Where in pictures their similarities come from, for pages and reports.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use silknow_errors::{Error, Result};
use silknow_evaluation::{Asked, PairShares, PlaceShares};
use silknow_image::{Loader, LoaderSettings, Request, Source, View};
use silknow_index::{Classification, IndexMeta};
use silknow_network::{Contributions, Model, Places};
use silknow_progress::Observer;

use crate::describing::decoding_threads;

/// Pictures that the network looks at at once.
const BATCH_SIZE: usize = 16;

/// The shares of a query with each of its neighbours, none for one that cannot be read.
///
/// # Errors
/// A backbone that does not tell places apart; an interruption.
pub(crate) fn pair_shares(
    model: &Model,
    query: &Path,
    neighbours: &[PathBuf],
    observer: &dyn Observer,
) -> Result<Vec<Option<PairShares>>> {
    let pictures: Vec<&Path> = std::iter::once(query).chain(neighbours.iter().map(PathBuf::as_path)).collect();
    let places = places(model, &pictures, observer)?;
    let nothing = vec![None; neighbours.len()];
    let Some(of_query) = places.get(&0) else { return Ok(nothing) };
    let readable: Vec<usize> = (0..neighbours.len()).filter(|position| places.contains_key(&(position + 1))).collect();
    let pairs: Vec<(&Places, &Places)> = readable.iter().map(|position| (of_query, &places[&(position + 1)])).collect();
    let mut shares = nothing;
    for (position, explanation) in readable.into_iter().zip(model.explain(&pairs)?) {
        let (query, neighbour) = (shown(explanation.first), shown(explanation.second));
        shares[position] = Some(PairShares { query, neighbour });
    }
    Ok(shares)
}

/// The shares that a report on this classification asks for. One query is looked at after the other, so that few pictures are in
/// memory.
///
/// # Errors
/// Another model than the one that classified; those of [`pair_shares`].
pub(crate) fn for_report<'a>(
    model: &Model,
    classification: &Classification,
    asked: impl IntoIterator<Item = &'a Asked>,
    observer: &dyn Observer,
) -> Result<Vec<Vec<Option<PairShares>>>> {
    if IndexMeta::from_json(&classification.meta)?.model_fingerprint != model.fingerprint() {
        return Err(Error::data("the pictures were classified with another model than the one given")
            .hint("give the model that get-knn was run with"));
    }
    asked.into_iter().map(|asked| pair_shares(model, &asked.query, &asked.neighbours, observer)).collect()
}

/// What the model sees at the places of those pictures that can be read, by their positions.
fn places(model: &Model, pictures: &[&Path], observer: &dyn Observer) -> Result<HashMap<usize, Places>> {
    let request = |picture: &&Path| Request {
        source: Source::File(picture.to_path_buf()),
        identity: String::new(),
        view: View::Plain,
    };
    let settings = LoaderSettings::plain(model.pipeline().clone(), BATCH_SIZE, decoding_threads());
    let mut places = HashMap::with_capacity(pictures.len());
    for batch in Loader::start(pictures.iter().map(request).collect(), settings) {
        observer.check()?;
        let seen = model.places(&batch.pixels, batch.positions.len())?;
        places.extend(batch.positions.into_iter().zip(seen));
    }
    Ok(places)
}

fn shown(contributions: Contributions) -> PlaceShares {
    let Contributions { rows, columns, values } = contributions;
    PlaceShares { rows, columns, values }
}
