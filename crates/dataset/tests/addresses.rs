//! `create-dataset` with addresses of all kinds: other pictures under known names, image services, manifests.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use silknow_config::CreateDatasetParameters;
use silknow_dataset::create::MASTER_FILE;
use silknow_dataset::{CreateDatasetSummary, create_dataset, read_master};
use silknow_files as files;
use silknow_image::{RgbImage, decode, save};
use silknow_progress::{Recorder, Silent};

/// Answers with a status, further headers and a body, by path and headers.
type Answer = dyn Fn(&str, &HashMap<String, String>) -> (&'static str, String, Vec<u8>) + Send + Sync;

struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(
        answer: impl Fn(&str, &HashMap<String, String>) -> (&'static str, String, Vec<u8>) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, answer): (_, Arc<Answer>) = (Arc::clone(&asked), Arc::new(answer));
        // The thread ends with the test's process: a listener cannot be woken.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || serve(&stream.unwrap(), &seen, &*answer));
            }
        });
        Self { port, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn serve(mut stream: &TcpStream, seen: &Mutex<Vec<String>>, answer: &Answer) {
    let mut lines = BufReader::new(stream).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let headers = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    seen.lock().unwrap().push(path.clone());
    let (status, further, body) = answer(&path, &headers);
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{further}\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

fn found(body: impl Into<Vec<u8>>) -> (&'static str, String, Vec<u8>) {
    ("200 OK", String::new(), body.into())
}

/// A small picture of one colour.
fn picture(colour: [u8; 3]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.jpg");
    save(&RgbImage::from_pixel(16, 16, colour.into()), &path).unwrap();
    files::read(path).unwrap()
}

const RED: [u8; 3] = [250, 10, 10];
const BLUE: [u8; 3] = [10, 10, 250];

struct Workshop(tempfile::TempDir);

impl Workshop {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn parameters(&self, source: impl Into<PathBuf>) -> CreateDatasetParameters {
        CreateDatasetParameters {
            imgsavepath: self.path("samples/data"),
            master_dir: self.path("samples"),
            configuration_dir: self.path("."),
            minnumsamples: 1,
            num_labeled: 0,
            ..CreateDatasetParameters::new(source)
        }
    }

    /// Makes a dataset of a table with one image and one label a row.
    fn make(&self, rows: &[(&str, &str)]) -> CreateDatasetSummary {
        let rows: String = rows.iter().map(|(image, label)| format!("{image},{label}\n")).collect();
        files::write(self.path("table.csv"), format!("image,weave\n{rows}")).unwrap();
        create_dataset(&self.parameters(self.path("table.csv")), &Silent).unwrap()
    }

    /// The strongest channel, 0 for red, of the rescaled image with this name.
    fn colour(&self, name: &str) -> usize {
        let image = decode(self.path("samples/data/img").join(name)).unwrap();
        let pixel = image.get_pixel(100, 100).0;
        (0..3).max_by_key(|&channel| pixel[channel]).unwrap()
    }

    fn failures(&self) -> String {
        files::read_text(self.path("samples/data/download_failures.csv")).unwrap()
    }
}

/// Fetched, replaced, already there.
fn counts(summary: &CreateDatasetSummary) -> [usize; 3] {
    [summary.images_fetched, summary.images_replaced, summary.images_already_there]
}

fn colours() -> Server {
    let (red, blue) = (picture(RED), picture(BLUE));
    Server::start(move |path, _| match path {
        path if path.starts_with("/red") => found(red.clone()),
        path if path.starts_with("/blue") => found(blue.clone()),
        _ => ("404 Not Found", String::new(), Vec::new()),
    })
}

#[test]
fn another_address_with_the_same_file_name_is_fetched_anew_and_said() {
    let (workshop, server) = (Workshop::new(), colours());
    let (red, blue) = (server.url("/red/11.jpg"), server.url("/blue/11.jpg"));
    assert_eq!(counts(&workshop.make(&[(&red, "a")])), [1, 0, 0]);
    assert_eq!(counts(&workshop.make(&[(&red, "a")])), [0, 0, 1]);
    assert_eq!(counts(&workshop.make(&[(&red.replace("http", "HTTP"), "a")])), [0, 0, 1], "it is the same address");
    let summary = workshop.make(&[(&blue, "b")]);
    assert_eq!((counts(&summary), workshop.colour("11.jpg")), ([1, 1, 0], 2));
    assert!(summary.to_string().contains("images: 1 fetched (1 replaced: the address or the original changed), 0"));
    assert_eq!(counts(&workshop.make(&[(&red, "a")])), [1, 1, 0]);
    assert_eq!(workshop.colour("11.jpg"), 0);
    // The same name with another ending is another file, of which the same rescaled image is made.
    assert_eq!(counts(&workshop.make(&[(&server.url("/blue/11.png"), "b")])), [1, 0, 0]);
    assert_eq!(workshop.colour("11.jpg"), 2);
    assert_eq!(counts(&workshop.make(&[(&red, "a")])), [1, 1, 0]);
    assert_eq!(workshop.colour("11.jpg"), 0);
}

#[test]
fn a_new_address_that_fails_leaves_no_picture_of_the_old_one() {
    let (workshop, server) = (Workshop::new(), colours());
    let (red, good) = (server.url("/red/1.jpg"), server.url("/red/2.jpg"));
    workshop.make(&[(&red, "a"), (&good, "a")]);
    let summary = workshop.make(&[(&server.url("/gone/1.jpg"), "b"), (&good, "a")]);
    assert_eq!((summary.samples, summary.images_failed), (1, 1));
    assert!(workshop.failures().contains("/gone/1.jpg,1,HTTP 404 Not Found"), "{}", workshop.failures());
    assert!(!workshop.path("samples/data/img/1.jpg").exists());
    assert_eq!(counts(&workshop.make(&[(&red, "a"), (&good, "a")])), [1, 1, 1]);
}

#[test]
fn addresses_of_one_run_with_the_same_file_name_all_keep_their_pictures() {
    let (workshop, server) = (Workshop::new(), colours());
    let summary = workshop.make(&[(&server.url("/red/1.jpg"), "red"), (&server.url("/blue/1.jpg"), "blue")]);
    assert_eq!((summary.samples, counts(&summary)), (2, [2, 0, 0]));
    let all = read_master(&workshop.path("samples"), MASTER_FILE, None, &Silent).unwrap();
    for sample in &all.samples {
        let label = all.vocabulary.class_name(0, sample.record.labels.lowest()[0]);
        let name = sample.record.name.strip_prefix("data/img/").unwrap();
        assert_eq!(workshop.colour(name), if label == "red" { 0 } else { 2 }, "{name}");
    }
}

#[test]
fn a_changed_original_is_copied_anew_also_when_it_is_older() {
    let workshop = Workshop::new();
    let put = |name: &str, colour: [u8; 3], seconds: u64| {
        files::write(workshop.path(name), picture(colour)).unwrap();
        let file = std::fs::File::options().append(true).open(workshop.path(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).unwrap();
    };
    put("a/0.jpg", RED, 1_000_000_000);
    put("b/0.jpg", BLUE, 900_000_000);
    put("c/0.jpg", BLUE, 950_000_000);
    assert_eq!(counts(&workshop.make(&[("a/0.jpg", "a")])), [1, 0, 0]);
    assert_eq!(counts(&workshop.make(&[("b/0.jpg", "b")])), [1, 1, 0]);
    assert_eq!(workshop.colour("0.jpg"), 2);
    assert_eq!(counts(&workshop.make(&[("c/0.jpg", "b")])), [0, 0, 1], "the content is the same");
    put("c/0.jpg", RED, 800_000_000);
    assert_eq!(counts(&workshop.make(&[("c/0.jpg", "a")])), [1, 1, 0]);
    assert_eq!(workshop.colour("0.jpg"), 0);
}

#[test]
fn a_folder_of_an_earlier_version_is_adopted_once_and_a_damaged_table_of_sources_trusts_nothing() {
    let (workshop, server) = (Workshop::new(), colours());
    let (red, blue) = (server.url("/red/1.jpg"), server.url("/blue/1.jpg"));
    workshop.make(&[(&red, "a")]);
    let sources = workshop.path("samples/data/image_sources.csv");
    std::fs::remove_file(&sources).unwrap();
    let recorder = Recorder::default();
    let summary = create_dataset(&workshop.parameters(workshop.path("table.csv")), &recorder).unwrap();
    assert_eq!(counts(&summary), [0, 0, 1]);
    assert!(files::read_text(&sources).unwrap().contains(&red));
    assert_eq!(counts(&workshop.make(&[(&blue, "b")])), [1, 1, 0]);

    files::write(&sources, "nonsense\n").unwrap();
    let recorder = Recorder::default();
    files::write(workshop.path("table.csv"), format!("image,weave\n{red},a\n")).unwrap();
    create_dataset(&workshop.parameters(workshop.path("table.csv")), &recorder).unwrap();
    assert!(recorder.warnings().iter().any(|text| text.contains("image_sources.csv:1: this table")));
    assert_eq!(workshop.colour("1.jpg"), 0);
}

#[test]
fn an_upper_case_scheme_a_query_and_a_password_stay_out_of_names_and_messages() {
    let (workshop, server) = (Workshop::new(), colours());
    let address = server.url("/red/ok.jpg?x=1").replace("http://", "HTTP://me:secret@");
    let gone = server.url("/gone.jpg").replace("http://", "http://me:secret@");
    let summary =
        workshop.make(&[(&address, "a"), (&gone, "a"), ("//m.example/b.jpg", "a"), ("www.m.example/c.jpg", "a")]);
    assert_eq!((summary.images_fetched, summary.images_failed), (1, 3));
    assert!(workshop.path("samples/data/img_unscaled/ok.jpg").exists());
    let failures = workshop.failures();
    assert!(failures.contains("is `https://m.example/b.jpg` meant?"), "{failures}");
    assert!(failures.contains("is `https://www.m.example/c.jpg` meant?"), "{failures}");
    let sources = files::read_text(workshop.path("samples/data/image_sources.csv")).unwrap();
    assert!(!failures.contains("secret") && !sources.contains("secret"), "{failures}{sources}");
}

#[test]
fn the_contact_is_told_to_servers() {
    let red = picture(RED);
    let server = Server::start(move |_, headers| match headers["user-agent"].ends_with(" (me@museum.example)") {
        true => found(red.clone()),
        false => ("403 Forbidden", String::new(), Vec::new()),
    });
    let workshop = Workshop::new();
    files::write(workshop.path("table.csv"), format!("image\n{}\n", server.url("/a.jpg"))).unwrap();
    let mut parameters = workshop.parameters(workshop.path("table.csv"));
    parameters.user_agent_contact = Some("me@museum.example".into());
    assert_eq!(create_dataset(&parameters, &Silent).unwrap().images_fetched, 1);
    parameters.user_agent_contact = Some("me@museum.example\r\nX: y".into());
    assert!(create_dataset(&parameters, &Silent).unwrap_err().to_string().contains("user_agent_contact"));
}

#[test]
fn an_image_service_is_asked_for_the_size_that_is_needed() {
    let red = picture(RED);
    let info = r#"{"@context":"http://iiif.io/api/image/2/context.json","width":20000,"height":10000,
        "profile":["http://iiif.io/api/image/2/level2.json"]}"#;
    let server = Server::start(move |path, _| match path {
        "/i/1/info.json" | "/i/2/info.json" => found(info),
        "/i/1/full/896,/0/default.jpg" | "/i/2/full/896,/0/color.png" => found(red.clone()),
        "/i/3/full/full/0/default.jpg" => found(red.clone()),
        _ => ("404 Not Found", String::new(), Vec::new()),
    });
    let workshop = Workshop::new();
    let summary = workshop.make(&[
        (&server.url("/i/1/info.json"), "a"),
        (&server.url("/i/2/full/full/0/color.png"), "a"),
        (&server.url("/i/3/full/full/0/default.jpg"), "a"),
        (&server.url("/i/4/info.json"), "a"),
    ]);
    assert_eq!((summary.images_fetched, summary.images_failed), (3, 1));
    assert!(workshop.failures().contains("the info.json of the picture: HTTP 404"), "{}", workshop.failures());
    assert!(server.asked().iter().all(|path| !path.starts_with("/i/2/full/full")), "the master is not asked for");
    assert!(workshop.path("samples/data/img/1.jpg").exists());
}

#[test]
fn a_collection_of_manifests_becomes_a_dataset() {
    let (red, port) = (picture(RED), Arc::new(Mutex::new(String::new())));
    let root = Arc::clone(&port);
    let server = Server::start(move |path, _| {
        let root = root.lock().unwrap().clone();
        match path {
            "/top" => found(format!(
                r#"{{"type":"Collection","id":"{root}/top","items":[{{"type":"Manifest","id":"{root}/1/manifest.json"}},
                {{"type":"Collection","id":"/inner"}},{{"type":"Manifest","id":"{root}/broken"}}]}}"#
            )),
            // It lists the collection that lists it.
            "/inner" => found(format!(
                r#"{{"@type":"sc:Collection","manifests":[{{"@id":"{root}/2/manifest.json"}}],"collections":["{root}/top"]}}"#
            )),
            "/1/manifest.json" => found(format!(
                r#"{{"type":"Manifest","id":"{root}/1/manifest.json","label":{{"en":["First"]}},"rights":"http://l.example/cc0",
                "requiredStatement":{{"label":{{"en":["By"]}},"value":{{"en":["The Museum"]}}}},
                "metadata":[{{"label":{{"en":["Weave, main"]}},"value":{{"en":["damask","twill"]}}}}],
                "items":[{{"type":"Canvas","items":[{{"items":[{{"motivation":"painting","body":{{"type":"Image","id":"{root}/a.jpg"}}}}]}}]}},
                {{"type":"Canvas","items":[{{"items":[{{"motivation":"painting","body":{{"type":"Image","id":"{root}/b.jpg"}}}}]}}]}}]}}"#
            )),
            "/2/manifest.json" => found(format!(
                r#"{{"@type":"sc:Manifest","@id":"{root}/2/manifest.json","label":"Second","license":"http://l.example/by",
                "metadata":[{{"label":"Weave, main","value":"satin"}}],
                "sequences":[{{"canvases":[{{"images":[{{"resource":{{"@id":"{root}/c.jpg"}}}}]}}]}}]}}"#
            )),
            "/a.jpg" | "/b.jpg" | "/c.jpg" => found(red.clone()),
            _ => ("404 Not Found", String::new(), Vec::new()),
        }
    });
    *port.lock().unwrap() = server.url("");
    let workshop = Workshop::new();
    let recorder = Recorder::default();
    let summary = create_dataset(&workshop.parameters(server.url("/top")), &recorder).unwrap();
    assert_eq!((summary.samples, summary.objects, summary.images_failed), (3, 2, 0));
    assert_eq!(summary.variables, ["Weave__main"]);
    assert_eq!(server.asked().iter().filter(|path| *path == "/top").count(), 1);
    assert!(recorder.warnings().iter().any(|text| text.contains("/broken`: ") && text.contains("404")));
    let records = files::read_text(workshop.path("samples/records.csv")).unwrap();
    for text in ["First", "Second", "http://l.example/cc0", "http://l.example/by", "The Museum", "/1/manifest.json"] {
        assert!(records.contains(text), "{text}: {records}");
    }
    let all = read_master(&workshop.path("samples"), MASTER_FILE, None, &Silent).unwrap();
    let of_first = all.samples.iter().find(|sample| sample.record.name.ends_with("__a.jpg")).unwrap();
    assert!(of_first.record.labels.classes(0).is_empty(), "several values are no label");
    assert!(records.contains("['damask', 'twill']"), "{records}");
    let of_second = all.samples.iter().find(|sample| sample.record.name.ends_with("__c.jpg")).unwrap();
    assert_eq!(all.vocabulary.class_name(0, of_second.record.labels.classes(0)[0]), "satin");

    let sets = Workshop::new();
    let mut parameters = sets.parameters(server.url("/top"));
    parameters.multi_label_variables = Some(vec!["Weave__main".into()]);
    create_dataset(&parameters, &Silent).unwrap();
    let all = read_master(&sets.path("samples"), MASTER_FILE, None, &Silent).unwrap();
    let of_first = all.samples.iter().find(|sample| sample.record.name.ends_with("__a.jpg")).unwrap();
    assert_eq!(all.vocabulary.variables[0].class_names(of_first.record.labels.classes(0)), "damask___twill");

    // A file serves as well, and references in it are relative to it.
    files::write(workshop.path("own/c.json"), r#"{"type":"Collection","items":[{"type":"Manifest","id":"m.json"}]}"#)
        .unwrap();
    let manifest = r#"{"type":"Manifest","label":{"none":["Own"]},"items":[{"items":[{"items":[{"body":{"id":"own.jpg","type":"Image"}}]}]}]}"#;
    files::write(workshop.path("own/m.json"), manifest).unwrap();
    files::write(workshop.path("own/own.jpg"), picture(BLUE)).unwrap();
    let summary = create_dataset(&workshop.parameters(workshop.path("own/c.json")), &Silent).unwrap();
    assert_eq!((summary.samples, summary.images_failed), (1, 0));
}

#[test]
fn a_source_that_is_no_manifest_says_so() {
    let server = Server::start(|_, _| found("<html>"));
    let workshop = Workshop::new();
    let error = create_dataset(&workshop.parameters(server.url("/page")), &Silent).unwrap_err().to_string();
    assert!(error.contains("cannot read the manifest") && error.contains("not JSON"), "{error}");
    files::write(workshop.path("empty.json"), r#"{"type":"Manifest","items":[]}"#).unwrap();
    let error = create_dataset(&workshop.parameters(workshop.path("empty.json")), &Silent).unwrap_err().to_string();
    assert!(error.contains("no picture in this manifest"), "{error}");
}
