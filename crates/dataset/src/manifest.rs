//! IIIF Presentation documents, versions 2 and 3: what a manifest or a collection says.
//!
//! Where the documents come from, and what becomes of them, is in [`crate::iiif`].

use serde_json::Value;

/// The most pictures that are taken from one manifest.
const MAX_IMAGES: usize = 10_000;

/// The most pairs of a label and its values that are taken from one manifest.
const MAX_PAIRS: usize = 200;

/// The longest text, in characters; longer ones are cut.
const MAX_TEXT_CHARS: usize = 2_000;

/// A document of the Presentation API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    Manifest(Manifest),
    Collection(Vec<Member>),
}

/// An object with its pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Its address; may be empty.
    pub(crate) id: String,
    pub(crate) title: String,
    /// The addresses of its pictures: an `info.json`, or a file.
    pub(crate) images: Vec<String>,
    /// What its metadata says: a label with its values.
    pub(crate) metadata: Vec<(String, Vec<String>)>,
    pub(crate) licence: String,
    pub(crate) attribution: String,
}

/// What a collection lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    /// A document at an address.
    Reference(String),
    /// A document that stands in the collection itself.
    Embedded(Document),
}

/// Understands a document.
///
/// # Errors
/// Why it is none.
pub(crate) fn parse(content: &[u8]) -> Result<Document, String> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let value: Value = serde_json::from_slice(content).map_err(|cause| format!("it is not JSON: {cause}"))?;
    document(&value).ok_or_else(|| match kind(&value) {
        "" => "it is no IIIF manifest or collection: it has no `type`".to_owned(),
        kind => format!("it is no IIIF manifest or collection, but of the type `{kind}`"),
    })
}

fn document(value: &Value) -> Option<Document> {
    match kind(value).trim_start_matches("sc:") {
        "Manifest" => Some(Document::Manifest(manifest(value))),
        "Collection" | "CollectionPage" => Some(Document::Collection(members(value))),
        _ => None,
    }
}

/// The type of a part: `type` in version 3, `@type` in version 2.
fn kind(value: &Value) -> &str {
    value["type"].as_str().or_else(|| value["@type"].as_str()).unwrap_or_default()
}

/// The address of a part: `id` in version 3, `@id` in version 2, or the part itself where it is only an address.
fn id(value: &Value) -> &str {
    value["id"].as_str().or_else(|| value["@id"].as_str()).or_else(|| value.as_str()).unwrap_or_default().trim()
}

/// The items of a list; a single item is a list of one.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Null => &[],
        single => std::slice::from_ref(single),
    }
}

fn members(value: &Value) -> Vec<Member> {
    let lists = ["items", "manifests", "collections", "members"].into_iter().flat_map(|name| list(&value[name]));
    // Large collections of version 2 come in pages.
    let pages = ["first", "next"].into_iter().flat_map(|name| list(&value[name]));
    let member = |part: &Value| match document(part) {
        Some(Document::Manifest(manifest)) if !manifest.images.is_empty() => {
            Some(Member::Embedded(Document::Manifest(manifest)))
        }
        Some(Document::Collection(members)) if !members.is_empty() => {
            Some(Member::Embedded(Document::Collection(members)))
        }
        _ => Some(id(part)).filter(|id| !id.is_empty()).map(|id| Member::Reference(id.to_owned())),
    };
    lists.chain(pages).filter_map(member).collect()
}

fn manifest(value: &Value) -> Manifest {
    let statement = match &value["requiredStatement"] {
        Value::Null => &value["attribution"],
        statement => &statement["value"],
    };
    let licence = match &value["rights"] {
        Value::Null => list(&value["license"]).first().map(id).unwrap_or_default(),
        rights => list(rights).first().map(id).unwrap_or_default(),
    };
    let metadata = list(&value["metadata"]).iter().take(MAX_PAIRS).filter_map(|pair| {
        let (label, values) = (texts(&pair["label"]).into_iter().next()?, texts(&pair["value"]));
        (!values.is_empty()).then_some((label, values))
    });
    Manifest {
        id: id(value).to_owned(),
        title: texts(&value["label"]).join(" "),
        images: images(value),
        metadata: metadata.collect(),
        licence: licence.to_owned(),
        attribution: texts(statement).join("; "),
    }
}

/// The pictures of all canvases: one of each. Further sequences of version 2 show the same canvases in another order.
fn images(manifest: &Value) -> Vec<String> {
    let of_version_3 = list(&manifest["items"]).iter().filter_map(|canvas| {
        let annotations = list(&canvas["items"]).iter().flat_map(|page| list(&page["items"]));
        let mut painted = annotations.filter(|note| note["motivation"].is_null() || motivates_painting(note));
        painted.find_map(|note| image(&note["body"]))
    });
    let first = list(&manifest["sequences"]).first().map_or(&Value::Null, |sequence| &sequence["canvases"]);
    let of_version_2 = list(first)
        .iter()
        .filter_map(|canvas| list(&canvas["images"]).iter().find_map(|note| image(&note["resource"])));
    of_version_3.chain(of_version_2).take(MAX_IMAGES).collect()
}

fn motivates_painting(annotation: &Value) -> bool {
    list(&annotation["motivation"]).iter().any(|motivation| motivation == "painting")
}

/// The address of a picture. Of several to choose from, the first counts.
fn image(body: &Value) -> Option<String> {
    let body = list(body).first()?;
    match kind(body) {
        "Choice" => return list(&body["items"]).iter().find_map(image),
        "oa:Choice" => return list(&body["default"]).iter().chain(list(&body["item"])).find_map(image),
        "oa:SpecificResource" | "SpecificResource" => {
            return [&body["source"], &body["full"]].into_iter().find_map(image);
        }
        "Video" | "Sound" | "Text" | "TextualBody" | "Model" => return None,
        _ => {}
    }
    let service = list(&body["service"]).iter().find(|service| is_image_service(service)).map(id);
    let service = service.filter(|address| address.contains("://"));
    match service {
        Some(address) => Some(format!("{}/info.json", address.trim_end_matches('/').trim_end_matches("/info.json"))),
        None => Some(id(body)).filter(|address| !address.is_empty()).map(str::to_owned),
    }
}

fn is_image_service(service: &Value) -> bool {
    let words = [kind(service).to_owned(), service["@context"].to_string(), service["profile"].to_string()];
    words.iter().any(|text| {
        text.contains("ImageService") || text.contains("/api/image/") || text.contains("library.stanford.edu/iiif")
    }) || service["profile"].as_str().is_some_and(|profile| profile.starts_with("level"))
}

/// The texts of a value, whatever its form: a text, a list, texts with their languages, or a map of languages. Of several
/// languages, English counts, else texts without a language, else the first. Markup is removed.
fn texts(value: &Value) -> Vec<String> {
    let found: Vec<&Value> = match value {
        Value::Object(map) if map.contains_key("@value") => vec![value],
        Value::Object(map) => {
            let english = map.iter().find(|(language, _)| is_english(language)).map(|(_, texts)| texts);
            let any = || ["none", "@none"].iter().find_map(|none| map.get(*none)).or_else(|| map.values().next());
            english.or_else(any).map(list).unwrap_or_default().iter().collect()
        }
        other => {
            let language = |part: &Value| part["@language"].as_str().map(str::to_owned);
            let parts: Vec<&Value> = list(other).iter().collect();
            let chosen = parts.iter().find_map(|part| language(part).filter(|name| is_english(name)));
            let plain = || parts.iter().any(|part| language(part).is_none());
            let first = || parts.first().and_then(|part| language(part));
            let chosen = chosen.or_else(|| if plain() { None } else { first() });
            parts.into_iter().filter(|part| language(part) == chosen).collect()
        }
    };
    let text = |part: &Value| match part {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        part => part["@value"].as_str().map(str::to_owned),
    };
    found.into_iter().filter_map(text).map(|text| without_markup(&text)).filter(|text| !text.is_empty()).collect()
}

fn is_english(language: &str) -> bool {
    language.split('-').next().is_some_and(|main| main.eq_ignore_ascii_case("en"))
}

/// A text without tags, with the characters that entities stand for, and with single blanks.
fn without_markup(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let opens = |next: char| next.is_ascii_alphabetic() || next == '/' || next == '!';
        let end = rest[start..].find('>').filter(|_| rest[start + 1..].starts_with(opens));
        plain.push_str(&rest[..start]);
        match end {
            Some(end) => {
                plain.push(' ');
                rest = &rest[start + end + 1..];
            }
            None => {
                plain.push('<');
                rest = &rest[start + 1..];
            }
        }
    }
    plain.push_str(rest);
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    let plain = entities.into_iter().fold(plain, |text, (entity, character)| text.replace(entity, character));
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    plain.chars().take(MAX_TEXT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_of_version_3_is_understood() {
        let text = r#"{"@context":"http://iiif.io/api/presentation/3/context.json","id":"https://m.example/1","type":"Manifest",
            "label":{"fr":["Soie"],"en":["Silk  <b>panel</b>"]},"rights":"http://creativecommons.org/publicdomain/zero/1.0/",
            "requiredStatement":{"label":{"en":["Attribution"]},"value":{"none":["Museum &amp; Co"]}},
            "metadata":[{"label":{"en":["Technique"]},"value":{"en":["damask","twill"]}},{"label":{"en":["Empty"]},"value":{"en":[]}}],
            "items":[{"type":"Canvas","items":[{"type":"AnnotationPage","items":[{"motivation":"painting","body":
              {"id":"https://m.example/i/1/full/max/0/default.jpg","type":"Image","service":[{"id":"https://m.example/i/1","type":"ImageService3","profile":"level1"}]}}]}]},
             {"type":"Canvas","items":[{"items":[{"motivation":"painting","body":{"type":"Choice","items":[{"id":"https://m.example/2.jpg","type":"Image"}]}}]}]},
             {"type":"Canvas","items":[{"items":[{"motivation":"painting","body":{"type":"Video","id":"https://m.example/v.mp4"}}]}]}]}"#;
        let expected = Manifest {
            id: "https://m.example/1".into(),
            title: "Silk panel".into(),
            images: vec!["https://m.example/i/1/info.json".into(), "https://m.example/2.jpg".into()],
            metadata: vec![("Technique".into(), vec!["damask".into(), "twill".into()])],
            licence: "http://creativecommons.org/publicdomain/zero/1.0/".into(),
            attribution: "Museum & Co".into(),
        };
        assert_eq!(parse(text.as_bytes()), Ok(Document::Manifest(expected)));
    }

    #[test]
    fn a_manifest_of_version_2_is_understood() {
        let text = r#"{"@id":"http://m.example/2","@type":"sc:Manifest","label":"Velvet","license":"http://l.example/by",
            "attribution":[{"@value":"Musée","@language":"fr"},{"@value":"Museum","@language":"en"}],
            "metadata":[{"label":[{"@value":"Ort","@language":"de"},{"@value":"Place","@language":"en-GB"}],"value":"<span>Lyon</span>"}],
            "sequences":[{"canvases":[{"images":[{"resource":{"@id":"http://m.example/a.jpg","@type":"dctypes:Image",
              "service":{"@context":"http://iiif.io/api/image/2/context.json","@id":"http://m.example/i/a/"}}}]}]},{"canvases":[{"images":[]}]}]}"#;
        let Ok(Document::Manifest(manifest)) = parse(text.as_bytes()) else { panic!("a manifest") };
        assert_eq!(manifest.images, ["http://m.example/i/a/info.json"]);
        assert_eq!(manifest.metadata, [("Place".to_owned(), vec!["Lyon".to_owned()])]);
        assert_eq!(
            (&*manifest.title, &*manifest.licence, &*manifest.attribution),
            ("Velvet", "http://l.example/by", "Museum")
        );
    }

    #[test]
    fn collections_list_references_and_what_stands_in_them() {
        let reference = |id: &str| Member::Reference(id.to_owned());
        let third = r#"{"type":"Collection","items":[{"id":"a","type":"Manifest"},{"id":"b","type":"Collection"}]}"#;
        assert_eq!(parse(third.as_bytes()), Ok(Document::Collection(vec![reference("a"), reference("b")])));
        let second = r#"{"@type":"sc:Collection","manifests":[{"@id":"a","@type":"sc:Manifest"}],"collections":["b"],"first":"c"}"#;
        assert_eq!(
            parse(second.as_bytes()),
            Ok(Document::Collection(vec![reference("a"), reference("b"), reference("c")]))
        );
    }

    #[test]
    fn what_is_no_document_says_so() {
        assert!(parse(b"<html>").unwrap_err().contains("not JSON"));
        assert!(parse(b"[1]").unwrap_err().contains("no `type`"));
        assert!(parse(br#"{"type":"Canvas"}"#).unwrap_err().contains("`Canvas`"));
        assert_eq!(without_markup("a < b &lt;i&gt; <br/>c &amp;lt;"), "a < b <i> c &lt;");
    }
}
