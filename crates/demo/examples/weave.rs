//! Writes the demonstration's collection into a folder: `cargo run -p silknow-demo --example weave -- FOLDER`.

use silknow_demo::{DemoCollection, generate};
use silknow_progress::Silent;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write into")?;
    let collection = generate(folder, &DemoCollection::default(), &Silent)?;
    println!("{} images of {} objects; table {}", collection.images, collection.objects, collection.csvfile.display());
    Ok(())
}
