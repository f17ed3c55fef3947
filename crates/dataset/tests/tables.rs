//! The tables in the folder `tables`, each of which names in `manifest.json` what is read from it, or why it is refused.

use std::path::{Path, PathBuf};

use serde_json::Value;
use silknow_config::CreateDatasetParameters;
use silknow_dataset::catalogue::Catalogue;
use silknow_errors::ErrorKind;
use silknow_progress::Recorder;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list")).iter().map(text).collect()
}

fn parameters(file: &str, options: &Value) -> CreateDatasetParameters {
    let mut parameters = CreateDatasetParameters::new(folder().join(file));
    for (name, value) in options.as_object().unwrap() {
        match name.as_str() {
            "sheet" => parameters.sheet = Some(text(value)),
            "image_column" => parameters.image_column = Some(text(value)),
            "object_column" => parameters.object_column = Some(text(value)),
            "variables" => parameters.variables = Some(texts(value)),
            "missing_values" => parameters.missing_values = Some(texts(value)),
            "label_aliases" => parameters.label_aliases = Some(folder().join(text(value))),
            "strict" => parameters.strict = value.as_bool().unwrap(),
            other => panic!("the option {other} is not known"),
        }
    }
    parameters
}

/// What of a table is not as the manifest says.
fn differences(expected: &Value) -> Vec<String> {
    let recorder = Recorder::default();
    let read = Catalogue::of(&parameters(&text(&expected["file"]), &expected["options"]), &recorder);
    let catalogue = match (read, expected.get("error")) {
        (Ok(catalogue), None) => catalogue,
        (Ok(_), Some(error)) => return vec![format!("was read, and should be refused: {error}")],
        (Err(error), None) => return vec![format!("was refused: {error}")],
        (Err(error), Some(message)) => {
            let kind = if expected["kind"] == "configuration" { ErrorKind::Configuration } else { ErrorKind::Data };
            let (shown, message) = (error.to_string(), text(message));
            let right = shown.contains(&message) && error.kind() == kind && error.hint_text().is_some();
            let another = || format!("was refused for another reason: {:?}: {shown}", error.kind());
            return if right { Vec::new() } else { vec![another()] };
        }
    };
    let mut found = serde_json::Map::new();
    let entries = &catalogue.entries;
    found.insert("rows".into(), entries.len().into());
    let variables = catalogue.vocabulary.variables.iter();
    found.insert("variables".into(), variables.map(|it| (it.name.clone(), Value::from(it.classes.clone()))).collect());
    let objects: Vec<&str> = entries.iter().map(|entry| &*entry.object.id).collect();
    found.insert("objects".into(), objects.into());
    let images: Vec<&str> = entries.iter().flat_map(|entry| entry.images.iter().map(String::as_str)).collect();
    found.insert("images".into(), images.into());
    let museums: Vec<&str> = entries.iter().filter_map(|entry| entry.object.museum.as_deref()).collect();
    found.insert("museums".into(), museums.into());
    found.insert("labelled".into(), entries.iter().filter(|entry| entry.labels.known() > 0).count().into());
    let bad =
        catalogue.bad_rows.iter().map(|cell| Value::from(vec![Value::from(cell.line), cell.column.clone().into()]));
    found.insert("bad".into(), bad.collect());

    let mut differences: Vec<String> = found
        .iter()
        .filter(|(name, value)| expected.get(*name).is_some_and(|expected| expected != *value))
        .map(|(name, value)| format!("{name}: {value} and not {}", expected[name]))
        .collect();
    for (name, said) in [("warnings", recorder.warnings()), ("infos", recorder.infos())] {
        let Some(expected) = expected.get(name) else { continue };
        let expected = texts(expected);
        let all_said = expected.iter().all(|part| said.iter().any(|said| said.contains(part)));
        if !all_said || expected.is_empty() && !said.is_empty() {
            differences.push(format!("{name}: {said:?} and not {expected:?}"));
        }
    }
    differences
}

#[test]
fn every_table_is_read_or_refused_as_the_manifest_says() {
    let manifest: Value = serde_json::from_slice(&std::fs::read(folder().join("manifest.json")).unwrap()).unwrap();
    let entries = manifest.as_array().unwrap();
    assert!(entries.len() >= 60, "{} tables", entries.len());
    let wrong: Vec<String> = entries
        .iter()
        .flat_map(|entry| differences(entry).into_iter().map(|difference| format!("{}: {difference}", entry["file"])))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
