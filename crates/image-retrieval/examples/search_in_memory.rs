//! Answers pictures from memory with a model and an index that are loaded once:
//! `cargo run --example search_in_memory -- MODEL_FOLDER INDEX_FOLDER PICTURE PICTURE PICTURE`.

use silknow_image_retrieval::config::{DeviceChoice, Precision};
use silknow_image_retrieval::{Filter, Index, Picture, Retriever, Search, Silent};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, index, pictures @ ..] = arguments.as_slice() else {
        return Err("give the folder of a model, the folder of its index, and pictures".into());
    };
    let retriever = Retriever::open(model, index, DeviceChoice::Auto, Precision::F32)?;
    let variables = &retriever.index().vocabulary().variables;
    for (number, path) in pictures.iter().enumerate() {
        let picture = Picture::Encoded(std::fs::read(path)?.into());
        let mut search = Search::nearest(3);
        if number == 1 {
            // Only works whose first variable is known.
            search.filter = Filter::everything().and_known(&variables[0].name);
        }
        for answer in retriever.search(vec![picture], &search, &Silent)? {
            let answer = answer?;
            println!("{path}");
            for hit in &answer.hits {
                let labels = variables.iter().enumerate().map(|(v, it)| it.class_texts(hit.record.labels.classes(v)));
                let labels: Vec<String> = labels.map(|label| label.unwrap_or_else(|| "-".to_owned())).collect();
                println!("  {:.4}  {}  {}", hit.distance, hit.record.name, labels.join(", "));
            }
            for prediction in &answer.predictions {
                let class = prediction.class().map_or("unknown", |class| &class.text);
                println!("  {} is probably {class}", prediction.variable);
            }
        }
    }
    Ok(())
}
