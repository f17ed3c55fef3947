//! A choice of queries with their neighbours' pictures.

use std::collections::HashMap;
use std::path::Path;

use silknow_errors::Result;
use silknow_index::Vote;
use silknow_index::classification::Classification;
use silknow_records::{LabelMatrix, Object};

use super::findings::Findings;
use crate::calibration::decided;
use crate::cards::{Answer, Neighbour, Picture, SearchHit, Work};
use crate::choice::{Grade, choose};
use crate::explained::{Asked, Explain, ExplainedHit};
use crate::page::{DISTANCE_IN_WORDS, Part, Section};

/// How many queries are shown with their pictures.
const SHOWN_QUERIES: usize = 12;

/// How many neighbours of a query are shown; more would hardly be looked at.
const SHOWN_NEIGHBOURS: usize = 12;

/// How many of these queries are explained, and how many neighbours of each.
const EXPLAINED_QUERIES: usize = 6;
const EXPLAINED_NEIGHBOURS: usize = 2;

/// A choice of queries with their neighbours' pictures.
pub(super) fn queries_section(findings: Findings<'_>) -> Section {
    let Findings { classification, folder, works, .. } = findings;
    let mut parts = Vec::new();
    let chosen = choose(classification, SHOWN_QUERIES);
    let shown: usize = chosen.iter().map(|(_, queries)| queries.len()).sum();
    if shown == 0 {
        parts.push(Part::Text("No query has a known label and a prediction, so none is shown.".to_owned()));
    } else {
        parts.push(Part::Text(format!(
            "{shown} queries, evenly drawn from those that went well, so-so and badly; their numbers here say nothing \
             about how often each happens. {DISTANCE_IN_WORDS} A dash stands for a class that is not known."
        )));
    }
    for (grade, queries) in chosen.into_iter().filter(|(_, queries)| !queries.is_empty()) {
        let heading = match grade {
            Grade::Good => "All right",
            Grade::Middling => "Partly right",
            Grade::Failed => "Mostly wrong",
        };
        parts.push(Part::Heading(heading.to_owned()));
        parts.push(Part::Hits(queries.iter().map(|&query| search_hit(classification, folder, works, query)).collect()));
    }
    Section { title: "Queries and their neighbours".to_owned(), parts }
}

/// The first neighbours of a choice of queries, with what makes them similar.
///
/// # Errors
/// What `explain` refuses.
pub(crate) fn explained(findings: Findings<'_>, folds: &FoldEnds, explain: &Explain<'_>) -> Result<Vec<ExplainedHit>> {
    let Findings { classification, folder, works, .. } = findings;
    let chosen = choose(classification, EXPLAINED_QUERIES);
    let queries: Vec<usize> = chosen.into_iter().flat_map(|(_, queries)| queries).collect();
    let hits: Vec<SearchHit> = queries.iter().map(|&query| search_hit(classification, folder, works, query)).collect();
    let asked: Vec<Asked> = queries
        .iter()
        .zip(&hits)
        .map(|(&query, hit)| Asked {
            fold: folds.fold_of(query),
            query: hit.query.path.clone(),
            neighbours: hit
                .neighbours
                .iter()
                .take(EXPLAINED_NEIGHBOURS)
                .map(|near| near.picture.path.clone())
                .collect(),
        })
        .collect();
    let shares = explain(&asked)?;
    Ok(hits.iter().zip(shares).filter_map(|(hit, shares)| ExplainedHit::new(hit, shares)).collect())
}

/// Where the queries of every fold end, among those of all folds one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct FoldEnds(pub(crate) Vec<usize>);

impl FoldEnds {
    /// The fold of a query; 0 without folds.
    fn fold_of(&self, query: usize) -> usize {
        self.0.iter().take_while(|&&end| end <= query).count()
    }
}

/// One query of a classification with its neighbours; image paths are relative to `folder`.
fn search_hit(
    classification: &Classification,
    folder: &Path,
    works: &HashMap<String, Object>,
    query: usize,
) -> SearchHit {
    let picture = |name: &String| Picture { name: name.clone(), path: folder.join(name) };
    let vocabulary = &classification.vocabulary;
    let texts = |labels: &LabelMatrix, row: usize| -> Vec<Option<String>> {
        vocabulary
            .variables
            .iter()
            .enumerate()
            .map(|(v, variable)| variable.class_texts(labels.classes(row, v)))
            .collect()
    };
    let truth = texts(&classification.truth, query);
    let predictions = texts(&classification.predictions, query);
    let vote = Vote::of_description(&classification.meta);
    let confidence = |v: usize| {
        let near = classification.neighbours.as_ref()?;
        decided(classification, near, vote, query, v).map(|(_, confidence)| confidence)
    };
    let answers = vocabulary.names().into_iter().zip(truth.into_iter().zip(predictions)).enumerate();
    let neighbours = classification.neighbours.iter().flat_map(|near| {
        (query * near.k..query * near.k + near.k.min(SHOWN_NEIGHBOURS)).map(|neighbour| Neighbour {
            picture: picture(&near.names[neighbour]),
            distance: near.distances[neighbour],
            labels: texts(&near.labels, neighbour),
            work: works.get(&near.names[neighbour]).map_or_else(Work::default, Work::of),
        })
    });
    SearchHit {
        query: picture(&classification.names[query]),
        answers: answers
            .map(|(v, (variable, (truth, prediction)))| Answer {
                variable,
                truth,
                prediction,
                confidence: confidence(v),
            })
            .collect(),
        neighbours: neighbours.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::classification;

    #[test]
    fn what_is_explained_is_asked_for_with_its_fold_and_a_neighbour_that_cannot_be_looked_at_is_left_out() {
        let (classification, works) = (classification(), HashMap::new());
        let summary = crate::EvaluationSummary::of(&classification);
        let silent = silknow_progress::Silent;
        let details =
            crate::details::EvaluationDetails::of(&classification, &summary.variables, vec![], &silent).unwrap();
        let folder = Path::new("/run");
        let findings =
            Findings { classification: &classification, folder, summary: &summary, details: &details, works: &works };
        let explain = |asked: &[Asked]| {
            let folds: Vec<(usize, &Path)> = asked.iter().map(|asked| (asked.fold, asked.query.as_path())).collect();
            let path = |query: usize| format!("/run/images/query_{query}.jpg");
            let paths: Vec<String> = (0..3).map(path).collect();
            assert_eq!(folds, [(0, Path::new(&paths[0])), (1, Path::new(&paths[2])), (1, Path::new(&paths[1]))]);
            Ok(asked.iter().map(|asked| vec![None; asked.neighbours.len()]).collect())
        };
        assert!(explained(findings, &FoldEnds(vec![1, 4]), &explain).unwrap().is_empty());
    }

    #[test]
    fn a_hit_has_the_query_its_answers_and_its_neighbours() {
        let work = Object { title: Some("Robe".into()), ..Object::with_id("47") };
        let works = HashMap::from([("images/near_3.jpg".to_owned(), work)]);
        let hit = search_hit(&classification(), Path::new("/run"), &works, 1);
        assert_eq!(hit.neighbours[0].work, Work::default());
        assert_eq!(hit.neighbours[1].work.title.as_deref(), Some("Robe"));
        assert_eq!(hit.neighbours[1].work.inventory.as_deref(), Some("47"));
        assert_eq!((hit.answers[0].confidence, hit.answers[1].confidence), (Some(0.5), None));
        assert_eq!(hit.query.path, Path::new("/run/images/query_1.jpg"));
        assert_eq!(hit.answers[0].truth.as_deref(), Some("ES"));
        assert_eq!(hit.answers[0].prediction.as_deref(), Some("DE"));
        assert_eq!(hit.answers[1].truth, None);
        assert_eq!(hit.neighbours[1].labels, [Some("ES".to_owned()), None]);
        assert_eq!(hit.neighbours.len(), 2);
    }
}
