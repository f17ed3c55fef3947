//! `create-dataset` as a whole, on small made-up exports with good and bad images.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use silknow_config::CreateDatasetParameters;
use silknow_dataset::create::{
    MASTER_FILE, MASTER_FILE_PREDICTION, MASTER_FILE_TREE, STATISTICS_FILE, STATISTICS_TABLE,
};
use silknow_dataset::{create_dataset, read_master};
use silknow_errors::ErrorKind;
use silknow_files as files;
use silknow_files::FolderLock;
use silknow_image::{RgbImage, decode, save};
use silknow_progress::{Recorder, Silent, StopAfter};
use silknow_records::object_key;

const HEADER: &str = ",obj,museum,deeplink,place_country_code,time_label,technique_group,material_group,depict_group\n";

/// A folder with an export and its images, and the parameters that make a dataset of it.
struct Workshop {
    folder: tempfile::TempDir,
    rows: String,
}

impl Workshop {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), rows: HEADER.to_owned() }
    }

    /// A workshop with `objects` objects of two images each, of two places and three techniques.
    fn with_objects(objects: usize) -> Self {
        let mut workshop = Self::new();
        for object in 0..objects {
            let images = [format!("images/{object}_a.png"), format!("images/{object}_b.jpg")];
            for image in &images {
                workshop.paint(image, 12 + object as u32, 20);
            }
            let links = images.map(|image| format!("'{image}'")).join(", ");
            workshop.add(object, &links, ["ES", "FR"][object % 2], ["damask", "twill", "satin"][object % 3]);
        }
        workshop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn paint(&self, name: &str, width: u32, height: u32) {
        let image = RgbImage::from_fn(width, height, |x, y| [(x * 17) as u8, (y * 11) as u8, 90].into());
        save(&image, self.path(name)).unwrap();
    }

    fn add(&mut self, object: usize, links: &str, place: &str, technique: &str) {
        self.rows.push_str(&format!(
            "{object},http://data.silknow.org/object/{object},['http://x.org/museum/mad'],\"[{links}]\",['{place}'],\
             ['nineteenth century (dates CE)'],['http://x.org/facet/{technique}'],[],nan\n"
        ));
    }

    fn parameters(&self) -> CreateDatasetParameters {
        files::write(self.path("export.csv"), &self.rows).unwrap();
        CreateDatasetParameters {
            imgsavepath: self.path("samples/data"),
            master_dir: self.path("samples"),
            configuration_dir: self.path("."),
            minnumsamples: 1,
            num_labeled: 1,
            retaincollections: vec!["mad".into()],
            ..CreateDatasetParameters::new(self.path("export.csv"))
        }
    }

    /// The content of every file under the samples folder, by path, but for the table that tells when images were fetched.
    fn samples(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        let mut folders = vec![self.path("samples")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path)
                } else if !path.ends_with("image_sources.csv") {
                    drop(contents.insert(path.clone(), files::read(path).unwrap()))
                }
            }
        }
        let root = self.folder.path().to_path_buf();
        contents.into_iter().map(|(path, content)| (path.strip_prefix(&root).unwrap().to_path_buf(), content)).collect()
    }

    fn failures(&self) -> Vec<[String; 3]> {
        let mut reader = csv::Reader::from_path(self.path("samples/data/download_failures.csv")).unwrap();
        assert_eq!(reader.headers().unwrap(), vec!["address", "object", "reason"]);
        reader.records().map(|row| [0, 1, 2].map(|cell| row.as_ref().unwrap()[cell].to_owned())).collect()
    }
}

fn names(folder: &Path, master_file: &str) -> Vec<String> {
    read_master(folder, master_file, None, &Silent)
        .unwrap()
        .samples
        .into_iter()
        .map(|sample| sample.record.name.clone())
        .collect()
}

#[test]
fn a_dataset_has_its_images_collections_master_files_and_statistics() {
    let workshop = Workshop::with_objects(15);
    let recorder = Recorder::default();
    let summary = create_dataset(&workshop.parameters(), &recorder).unwrap();
    assert_eq!((summary.samples, summary.objects, summary.images_fetched, summary.images_failed), (30, 15, 30, 0));
    assert_eq!(summary.collection_samples, [6; 5]);
    assert_eq!(summary.variables, ["place", "timespan", "technique"]);
    let warned = recorder.warnings().join("\n");
    assert!(
        warned.contains("`material` has no class left") && warned.contains("`timespan` has one class only"),
        "{warned}"
    );

    let master_dir = workshop.path("samples");
    let all = read_master(&master_dir, MASTER_FILE, None, &Silent).unwrap();
    assert_eq!(all.variables(), ["place", "timespan", "material", "technique", "depiction", "museum"]);
    assert_eq!(all.files.len(), 5);
    for sample in &all.samples {
        let image = decode(all.image(sample)).unwrap();
        assert_eq!(image.width().min(image.height()), 448);
        assert_eq!(all.vocabulary.class_name(5, sample.record.labels.lowest()[5]), "mad");
    }
    assert!(all.samples.iter().any(|sample| sample.record.name == "data/img/mad__3__3_a.jpg"));
    let parts: BTreeSet<(&str, usize)> =
        all.samples.iter().map(|sample| (object_key(&sample.record.name), sample.collection)).collect();
    assert_eq!(parts.len(), 15, "an object stands in one collection only");
    let mut joined = names(&master_dir, MASTER_FILE_TREE);
    joined.extend(names(&master_dir, MASTER_FILE_PREDICTION));
    assert_eq!(joined, all.samples.into_iter().map(|sample| sample.record.name.clone()).collect::<Vec<_>>());

    let statistics = files::read_text(master_dir.join(STATISTICS_FILE)).unwrap();
    assert_eq!(statistics, summary.statistics.to_string());
    assert!(files::read_text(master_dir.join(STATISTICS_TABLE)).unwrap().contains("place\tES\tmad\t16\n"));
    assert!(workshop.failures().is_empty());
    assert!(summary.to_string().starts_with("15 objects with 30 images in the table\n"), "{summary}");
}

#[test]
fn bad_images_are_listed_and_the_run_goes_on() {
    let mut workshop = Workshop::with_objects(6);
    workshop.paint("images/whole.jpg", 300, 200);
    let whole = files::read(workshop.path("images/whole.jpg")).unwrap();
    files::write(workshop.path("images/cut.jpg"), &whole[..whole.len() / 2]).unwrap();
    files::write(workshop.path("images/empty.jpg"), "").unwrap();
    files::write(workshop.path("images/page.jpg"), "<!DOCTYPE html><html>not found</html>").unwrap();
    workshop.paint("images/dot.png", 1, 1);
    workshop.paint("images/line.png", 1, 10_000);
    std::fs::rename(workshop.path("images/dot.png"), workshop.path("images/dot.tif")).unwrap();
    for (object, link) in ["cut.jpg", "empty.jpg", "page.jpg", "gone.jpg", "dot.tif", "line.png"].iter().enumerate() {
        workshop.add(100 + object, &format!("'images/{link}'"), "ES", "damask");
    }
    workshop.add(110, "'ftp://x.org/a.jpg'", "ES", "damask");
    let recorder = Recorder::default();
    let summary = create_dataset(&workshop.parameters(), &recorder).unwrap();
    assert_eq!((summary.images_failed, summary.samples, summary.after_fetching.without_image), (5, 14, 5));
    let failures = workshop.failures();
    let expected = [
        ("images/cut.jpg", "100", "cut"),
        ("images/empty.jpg", "101", "empty"),
        ("images/page.jpg", "102", "HTML"),
        ("images/gone.jpg", "103", "cannot read"),
        ("ftp://x.org/a.jpg", "110", "`ftp://`"),
    ];
    assert_eq!(failures.len(), expected.len(), "{failures:?}");
    for ([address, object, reason], expected) in failures.iter().zip(expected) {
        assert_eq!((address.as_str(), object.as_str()), (expected.0, expected.1));
        assert!(reason.contains(expected.2) && !reason.contains("hint"), "{reason}");
    }
    let warnings = recorder.warnings().join("\n");
    assert!(
        warnings.contains("5 images could not be fetched or read") && warnings.contains("download_failures.csv"),
        "{warnings}"
    );
    let names = names(&workshop.path("samples"), MASTER_FILE);
    assert!(names.contains(&"data/img/mad__104__dot.jpg".to_owned()), "{names:?}");
}

#[test]
fn an_interrupted_run_goes_on_and_ends_like_an_uninterrupted_one() {
    let workshop = Workshop::with_objects(8);
    let parameters = workshop.parameters();
    // The question is put before every image: when it is looked for, copied, and rescaled.
    for questions in [5, 20, 40] {
        let error = create_dataset(&parameters, &StopAfter::questions(questions)).unwrap_err();
        assert!(error.is_interruption(), "{error}");
    }
    assert!(!workshop.path("samples/masterfile.txt").exists());
    let summary = create_dataset(&parameters, &Silent).unwrap();
    assert_eq!((summary.images_fetched, summary.images_already_there), (0, 16));
    let resumed = workshop.samples();
    std::fs::remove_dir_all(workshop.path("samples")).unwrap();
    let summary = create_dataset(&parameters, &Silent).unwrap();
    assert_eq!((summary.images_fetched, summary.images_already_there), (16, 0));
    assert_eq!(resumed, workshop.samples());
}

#[test]
fn a_second_run_rescales_nothing_again_and_mends_what_is_damaged() {
    let workshop = Workshop::with_objects(5);
    let parameters = workshop.parameters();
    create_dataset(&parameters, &Silent).unwrap();
    let before = workshop.samples();
    let untouched = workshop.path("samples/data/img/mad__1__1_a.jpg");
    let changed = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
    let time = changed(&untouched);
    // A file that an earlier program cut, so its rescaled image is missing too.
    files::write(workshop.path("samples/data/img_unscaled/mad__2__2_b.jpg"), b"\xff\xd8\xff").unwrap();
    std::fs::remove_file(workshop.path("samples/data/img/mad__2__2_b.jpg")).unwrap();
    let summary = create_dataset(&parameters, &Silent).unwrap();
    assert_eq!((summary.images_fetched, summary.images_already_there, summary.images_failed), (1, 9, 0));
    assert_eq!(changed(&untouched), time);
    assert_eq!(before, workshop.samples());
}

#[test]
fn a_file_that_was_changed_since_it_was_copied_is_copied_anew() {
    let workshop = Workshop::with_objects(3);
    let parameters = workshop.parameters();
    create_dataset(&parameters, &Silent).unwrap();
    let rescaled = workshop.path("samples/data/img/mad__1__1_a.jpg");
    let before = decode(&rescaled).unwrap();
    let copied = std::fs::metadata(&rescaled).unwrap().modified().unwrap();
    workshop.paint("images/1_a.png", 40, 20);
    let scan = std::fs::File::options().write(true).open(workshop.path("images/1_a.png")).unwrap();
    scan.set_modified(copied + std::time::Duration::from_secs(1)).unwrap();
    let summary = create_dataset(&parameters, &Silent).unwrap();
    assert_eq!((summary.images_fetched, summary.images_already_there), (1, 5));
    assert_ne!(decode(&rescaled).unwrap().dimensions(), before.dimensions());
}

#[test]
fn images_come_over_the_network_and_its_refusals_are_listed() {
    let mut workshop = Workshop::with_objects(5);
    workshop.paint("served.png", 30, 40);
    let content = files::read(workshop.path("served.png")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    // Ends with the test's process; it only ever answers.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                request.push(byte[0]);
            }
            let (status, body): (_, &[u8]) =
                if request.starts_with(b"GET /get?id=") { ("200 OK", &content) } else { ("404 Not Found", b"gone") };
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).unwrap();
            stream.write_all(body).unwrap();
        }
    });
    workshop.add(50, &format!("'{host}/get?id=1', '{host}/get?id=2', '{host}/lost.jpg'"), "ES", "damask");
    let summary = create_dataset(&workshop.parameters(), &Silent).unwrap();
    assert_eq!((summary.samples, summary.images_failed), (12, 1));
    let failures = workshop.failures();
    assert_eq!(failures[0][..2], [format!("{host}/lost.jpg"), "50".to_owned()]);
    assert!(failures[0][2].contains("404"), "{failures:?}");
    let summary = create_dataset(&workshop.parameters(), &Silent).unwrap();
    assert_eq!((summary.images_fetched, summary.images_already_there), (0, 12));
}

#[test]
fn objects_titles_sources_and_texts_reach_the_samples() {
    let mut workshop = Workshop::with_objects(0);
    workshop.rows = HEADER.trim_end().replace("deeplink", "text,category_group,deeplink") + "\n";
    for object in 0..6 {
        let images = [format!("images/{object}_a.png"), format!("images/{object}_b.png")];
        images.iter().for_each(|image| workshop.paint(image, 20, 20));
        let text = ["\"['Silk, figured', 'x']\"", "nan", "[]", "", "['broken", "\"['two\nlines']\""][object];
        workshop.rows.push_str(&format!(
            "{object},http://data.silknow.org/object/{object},http://x.org/museum/mad,{text},['g'],\"['{}', '{}']\",ES,\
             eighteenth  century (dates CE),http://x.org/W._Turner,http://x.org/raw_silk,\n",
            images[0], images[1]
        ));
    }
    create_dataset(&workshop.parameters(), &Silent).unwrap();
    let all = read_master(&workshop.path("samples"), MASTER_FILE, None, &Silent).unwrap();
    let texts: Vec<String> =
        all.vocabulary.variables.iter().filter(|it| !it.classes.is_empty()).map(|it| it.class_text(0).into()).collect();
    assert_eq!(texts, ["ES", "eighteenth century (dates CE)", "raw silk", "W. Turner", "mad"]);
    assert_eq!(all.vocabulary.class_name(1, 0), "eighteenth_century_(dates_CE)");
    let record = |name: &str| &all.samples.iter().find(|sample| sample.record.name == name).unwrap().record;
    let first = record("data/img/mad__0__0_b.jpg");
    assert_eq!((&*first.object.id, first.object.address_or_id()), ("0", "http://data.silknow.org/object/0"));
    assert_eq!((first.object.title.as_deref(), first.object.museum.as_deref()), (Some("Silk, figured"), Some("mad")));
    assert_eq!(first.source.as_deref(), Some("images/0_b.png"));
    let expected = [("text".into(), "['Silk, figured', 'x']".into()), ("category_group".into(), "['g']".into())];
    assert_eq!(first.further, expected);
    let titles =
        [1, 2, 3, 4, 5].map(|object| record(&format!("data/img/mad__{object}__{object}_a.jpg")).object.title.clone());
    assert_eq!(titles, [None, None, None, None, Some("two lines".into())]);
}

#[test]
fn a_table_that_would_be_overwritten_is_refused() {
    let workshop = Workshop::with_objects(2);
    let mut parameters = workshop.parameters();
    for name in ["records.csv", "classes.csv"] {
        parameters.csvfile = workshop.path("samples").join(name);
        files::write(&parameters.csvfile, &workshop.rows).unwrap();
        let error = create_dataset(&parameters, &Silent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("would be overwritten"), "{error}");
        assert_eq!(files::read_text(&parameters.csvfile).unwrap(), workshop.rows);
    }
}

#[test]
fn a_table_of_images_becomes_a_dataset_with_its_own_variables() {
    let workshop = Workshop::with_objects(6);
    let mut table = String::from("image;object;weave;origin place\n");
    for object in 0..6 {
        for side in ["a.png", "b.jpg"] {
            table.push_str(&format!("images/{object}_{side};{object};{};\n", ["twill weave", "satin"][object % 2]));
        }
    }
    let mut parameters = workshop.parameters();
    parameters.csvfile = workshop.path("labels.csv");
    files::write(&parameters.csvfile, table).unwrap();
    let summary = create_dataset(&parameters, &Silent).unwrap();
    assert_eq!((summary.variables.as_slice(), summary.objects), (["weave".to_owned()].as_slice(), 6));
    let all = read_master(&workshop.path("samples"), MASTER_FILE, None, &Silent).unwrap();
    assert_eq!(all.variables(), ["weave", "origin_place"]);
    assert!(
        all.samples
            .iter()
            .any(|sample| all.vocabulary.class_name(0, sample.record.labels.lowest()[0]) == "twill_weave")
    );
    assert!(all.samples.iter().any(|sample| sample.record.name == "data/img/local__3__3_b.jpg"));
    let table = files::read_text(workshop.path("samples/records.csv")).unwrap();
    assert!(table.contains("\ndata/img/local__3__3_b.jpg,3,,,images/3_b.jpg,\n"), "{table}");
    let classes = files::read_text(workshop.path("samples/classes.csv")).unwrap();
    assert_eq!(classes, "variable,class,text\nweave,satin,satin\nweave,twill_weave,twill weave\n");
}

#[test]
fn sets_of_labels_are_counted_divided_and_written_class_by_class() {
    let workshop = Workshop::with_objects(20);
    let mut parameters = workshop.parameters();
    let mut table = String::from("image;object;material;weave\n");
    // 20 of silk, 10 of gold too; one of wool alone, one of wool and silk.
    for object in 0..20 {
        let material = match object {
            0 => "['wool']",
            1 => "['wool', 'silk']",
            _ if object % 2 == 0 => "\"silk; gold\"",
            _ => "silk",
        };
        table.push_str(&format!(
            "images/{object}_a.png;{object};{material};{}\n",
            ["\"twill; satin\"", "twill"][object % 2]
        ));
    }
    parameters.csvfile = workshop.path("labels.csv");
    files::write(&parameters.csvfile, table).unwrap();
    parameters.multi_label_variables = Some(vec!["material".into()]);
    parameters.minnumsamples = 3;
    let recorder = Recorder::default();
    let summary = create_dataset(&parameters, &recorder).unwrap();
    let small: Vec<_> = summary.before_fetching.small_classes.iter().map(|it| (&*it.class, it.samples)).collect();
    assert_eq!(small, [("wool", 2)]);
    let material = &summary.statistics.variables[0];
    let counts: Vec<_> = material.classes.iter().map(|class| (&*class.class, class.samples)).collect();
    assert_eq!((counts.as_slice(), material.missing), ([("silk", 19), ("gold", 9)].as_slice(), 1));
    assert!(recorder.warnings().iter().any(|text| text.contains("`weave`: 10 cells look like several values in one")));

    let folder = workshop.path("samples");
    let text = files::read_text(folder.join("collection_1.txt")).unwrap();
    assert!(text.contains("\tgold___silk\t"), "{text}");
    let all = read_master(&folder, MASTER_FILE, Some(&["material".to_owned()]), &Silent).unwrap();
    assert_eq!(all.vocabulary.variables[0].classes, ["gold", "silk"]);
    for sample in &all.samples {
        let object: usize = sample.record.object.id.parse().unwrap();
        let expected: &[i32] = match object {
            0 => &[],
            object if object % 2 == 0 => &[0, 1],
            _ => &[1],
        };
        assert_eq!(sample.record.labels.classes(0), expected, "{object}");
    }
    // Of 9 with gold, every part has one or two.
    for part in 0..5 {
        let gold = |it: &&silknow_dataset::Sample| it.collection == part && it.record.labels.classes(0).contains(&0);
        assert!((1..=2).contains(&all.samples.iter().filter(gold).count()), "part {part}");
    }
}

#[test]
fn listed_objects_are_kept_in_collections_of_their_own() {
    let mut workshop = Workshop::with_objects(10);
    for (object, museum) in [(10, "mad"), (11, "vam"), (12, "mad")] {
        workshop.paint(&format!("images/{object}.png"), 40 + object as u32, 30);
        workshop.rows.push_str(&format!(
            "{object},http://data.silknow.org/object/{object},['x/{museum}'],['images/{object}.png'],[],[],[],[],[]\n"
        ));
    }
    let mut parameters = workshop.parameters();
    files::write(workshop.path("rules.txt"), "rules/a.txt\n").unwrap();
    let list = "http://data.silknow.org/object/11\nhttp://data.silknow.org/object/12\nhttp://data.silknow.org/object/3\nx/99\n";
    files::write(workshop.path("rules/a.txt"), list).unwrap();
    parameters.rule_objects = Some(workshop.path("rules.txt"));
    let recorder = Recorder::default();
    let summary = create_dataset(&parameters, &recorder).unwrap();
    assert_eq!((summary.samples, summary.rule_samples, summary.collection_samples.iter().sum::<usize>()), (22, 2, 20));
    assert_eq!(summary.statistics.samples, 20);
    assert!(recorder.warnings().iter().any(|text| text.contains("1 object of 4 in") && text.contains("rules.txt")));
    let folder = workshop.path("samples");
    let of = |master_file: &str| -> BTreeSet<String> {
        names(&folder, master_file).iter().map(|name| object_key(name).to_owned()).collect()
    };
    let alone = BTreeSet::from(["mad__12".to_owned(), "vam__11".to_owned()]);
    assert!(of(MASTER_FILE).is_disjoint(&alone) && of(MASTER_FILE).contains("mad__3"));
    let (tree, queries) = (of(MASTER_FILE_TREE), of(MASTER_FILE_PREDICTION));
    assert!(tree.is_disjoint(&queries));
    assert!(alone.iter().all(|object| tree.contains(object) || queries.contains(object)));
}

#[test]
fn a_plain_folder_of_images_becomes_collections_without_labels() {
    let workshop = Workshop::with_objects(4);
    let mut parameters = workshop.parameters();
    parameters.csvfile = workshop.path("images");
    let summary = create_dataset(&parameters, &Silent).unwrap();
    assert_eq!((summary.samples, summary.variables.len()), (8, 0));
    let all = read_master(&workshop.path("samples"), MASTER_FILE, Some(&[]), &Silent).unwrap();
    assert_eq!(all.samples.len(), 8);
    assert!(all.samples.iter().any(|sample| sample.record.name == "data/img/0_a.jpg"));
}

#[test]
fn images_that_lie_in_the_image_folder_themselves_are_never_removed() {
    let workshop = Workshop::with_objects(3);
    let mut parameters = workshop.parameters();
    parameters.csvfile = workshop.path("samples/data/img_unscaled");
    parameters.num_labeled = 0;
    std::fs::create_dir_all(workshop.path("samples/data")).unwrap();
    std::fs::rename(workshop.path("images"), &parameters.csvfile).unwrap();
    let damaged = parameters.csvfile.join("0_a.png");
    files::write(&damaged, "no picture").unwrap();
    let summary = create_dataset(&parameters, &Silent).unwrap();
    assert_eq!((summary.samples, summary.images_already_there, summary.images_failed), (5, 5, 1));
    assert_eq!(files::read_text(&damaged).unwrap(), "no picture");
}

#[test]
fn nothing_left_says_which_filter_removed_how_many() {
    let workshop = Workshop::with_objects(3);
    let mut parameters = workshop.parameters();
    parameters.minnumsamples = 150;
    let message = create_dataset(&parameters, &Silent).unwrap_err().to_string();
    let expected = "export.csv: no sample is left of 6: 6 had too few labels after 6 small classes were made missing";
    assert!(message.contains(expected), "{message}");
    std::fs::remove_dir_all(workshop.path("images")).unwrap();
    parameters.minnumsamples = 1;
    let message = create_dataset(&parameters, &Silent).unwrap_err().to_string();
    assert!(message.contains("no sample is left of 6: 6 had no image") && message.contains("download_failures.csv"));
    assert_eq!(workshop.failures().len(), 6);
}

#[test]
fn an_unknown_museum_stops_before_anything_is_fetched() {
    let workshop = Workshop::with_objects(3);
    let mut parameters = workshop.parameters();
    parameters.retaincollections = vec!["mads".into()];
    let error = create_dataset(&parameters, &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("did you mean `mad`?"), "{error}");
    assert!(!workshop.path("samples").exists());
}

#[test]
fn one_sample_is_a_dataset_with_a_warning() {
    let mut workshop = Workshop::new();
    workshop.paint("a.png", 20, 20);
    workshop.add(1, "'a.png'", "ES", "damask");
    let recorder = Recorder::default();
    let summary = create_dataset(&workshop.parameters(), &recorder).unwrap();
    assert_eq!(summary.collection_samples.iter().sum::<usize>(), 1);
    assert!(recorder.warnings().iter().any(|warning| warning.contains("4 of 5 collections are empty")));
}

#[test]
fn a_second_run_at_the_same_time_and_a_folder_that_is_none_are_refused() {
    let workshop = Workshop::with_objects(2);
    let mut parameters = workshop.parameters();
    let lock = FolderLock::take(&parameters.imgsavepath).unwrap();
    let message = create_dataset(&parameters, &Silent).unwrap_err().to_string();
    assert!(message.contains("another run is working in the folder"), "{message}");
    drop(lock);
    files::write(workshop.path("file"), "").unwrap();
    parameters.imgsavepath = workshop.path("file/data");
    let error = create_dataset(&parameters, &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("cannot create the folder"), "{error}");
}
