//! A result set as a IIIF Presentation 3 manifest, which viewers of museums open.
//!
//! Source: <https://iiif.io/api/presentation/3.0/>.

use serde_json::{Value, json};

use crate::searching::{FoundWork, SearchAnswer};

/// The manifest of an answer: one canvas a work. `base` is where clients reach the server, such as
/// `https://museum.example`; `sizes` are width and height of the pictures in pixels, in the order of the works.
pub(crate) fn manifest(answer: &SearchAnswer, base: &str, sizes: &[(u32, u32)]) -> Value {
    let canvases: Vec<Value> = answer.hits.iter().zip(sizes).map(|(hit, &size)| canvas(hit, base, size)).collect();
    json!({
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": format!("{base}/api/v1/export/manifest.json"),
        "type": "Manifest",
        "label": { "en": [format!("Similar works in {}", answer.index)] },
        "items": canvases,
    })
}

fn canvas(hit: &FoundWork, base: &str, (width, height): (u32, u32)) -> Value {
    let work = &hit.work;
    let picture = format!("{base}{}", work.picture);
    // The address of what is known of the work. It may be no fragment of another one.
    let id = format!("{base}{}", work.picture.replacen("/images/", "/works/", 1));
    let entry = |label: &str, value: &str| json!({ "label": { "none": [label] }, "value": { "none": [value] } });
    let mut metadata = vec![entry("distance", &hit.distance.to_string())];
    let known = [("object", (!work.object.is_empty()).then_some(&work.object)), ("museum", work.museum.as_ref())];
    metadata.extend(known.into_iter().filter_map(|(label, value)| Some(entry(label, value?))));
    for (variable, classes) in work.labels.iter().filter(|(_, classes)| !classes.is_empty()) {
        let texts: Vec<&str> = classes.iter().map(|class| class.text.as_str()).collect();
        metadata.push(json!({ "label": { "none": [variable] }, "value": { "none": texts } }));
    }
    let mut canvas = json!({
        "id": id,
        "type": "Canvas",
        "label": { "none": [work.title.as_deref().unwrap_or(&work.image)] },
        "width": width,
        "height": height,
        "metadata": metadata,
        "thumbnail": [{ "id": format!("{base}{}", work.thumbnail), "type": "Image", "format": "image/jpeg" }],
        "items": [{
            "id": format!("{id}&part=page"),
            "type": "AnnotationPage",
            "items": [{
                "id": format!("{id}&part=picture"),
                "type": "Annotation",
                "motivation": "painting",
                "body": { "id": picture, "type": "Image", "width": width, "height": height },
                "target": id,
            }],
        }],
    });
    if let Some(address) = &work.address {
        canvas["homepage"] =
            json!([{ "id": address, "type": "Text", "label": { "none": [address] }, "format": "text/html" }]);
    }
    // The specification wants an address of Creative Commons or RightsStatements here; other words are a statement.
    match &work.licence {
        Some(licence) if licence.starts_with("http") => canvas["rights"] = json!(licence),
        Some(licence) => canvas["requiredStatement"] = entry("rights", licence),
        None => {}
    }
    canvas
}
