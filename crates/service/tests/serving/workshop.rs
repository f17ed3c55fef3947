//! An index of the demonstration's pictures, made once, and servers on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use silknow_image_retrieval::config::{BuildKDTreeParameters, CreateDatasetParameters};
use silknow_image_retrieval::{
    Context, DemoCollection, MemoryIndex, Observer, Progress, Result, Silent, build_kdtree, create_dataset,
    generate_demo_collection,
};
use silknow_service::{NamedIndex, Server, Settings};

use crate::client::Client;

/// A folder with a model, its index and its pictures.
pub struct Workshop {
    folder: PathBuf,
}

impl Workshop {
    /// The folder, which all tests share and none changes.
    pub fn get() -> &'static Self {
        static WORKSHOP: OnceLock<Workshop> = OnceLock::new();
        WORKSHOP.get_or_init(Self::make)
    }

    fn make() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("silknow-service");
        let _ = fs::remove_dir_all(&folder);
        let collection = DemoCollection { objects: 60, seed: 5 };
        let made = generate_demo_collection(folder.join("collection"), &collection, &Silent).unwrap();
        let cache = folder.join("cache");
        let context = Context::new(&Silent, &cache);
        let parameters = CreateDatasetParameters {
            imgsavepath: folder.join("samples/data"),
            minnumsamples: 2,
            retaincollections: made.museums,
            num_labeled: 1,
            master_dir: folder.join("samples"),
            configuration_dir: folder.clone(),
            ..CreateDatasetParameters::new(made.csvfile)
        };
        let variables = create_dataset(&parameters, &context).unwrap().dataset.variables;
        let mut index = BuildKDTreeParameters::new(
            folder.join("model"),
            folder.join("samples"),
            "master_file_tree.txt",
            folder.join("index"),
            variables,
        );
        index.untrained = true;
        build_kdtree(&index, &context).unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The index under a name.
    pub fn index(&self, name: &str) -> NamedIndex {
        NamedIndex { name: name.into(), treepath: self.path("index"), model_path: self.path("model") }
    }

    /// The settings of a server with one index.
    pub fn settings(&self) -> Settings {
        Settings::new(vec![self.index("silk")])
    }

    /// The index itself.
    pub fn memory(&self) -> MemoryIndex {
        MemoryIndex::read(self.path("index")).unwrap()
    }

    /// The picture of the index at a position.
    pub fn picture(&self, position: usize) -> PathBuf {
        self.path("index").join(&self.memory().records()[position].name)
    }

    /// The identifier of the image at a position: its file's name, since all pictures lie in one folder.
    pub fn id(&self, position: usize) -> String {
        self.picture(position).file_name().unwrap().to_str().unwrap().to_owned()
    }
}

/// A server that runs on a thread of its own until it is dropped.
pub struct Served {
    pub client: Client,
    pub reload: Arc<AtomicBool>,
    ends: Arc<AtomicBool>,
    running: Option<JoinHandle<Result<()>>>,
}

impl Served {
    pub fn start(settings: Settings) -> Self {
        let token = settings.access.token.clone();
        let server = Server::open(settings).unwrap();
        let client = Client::new(server.address(), token);
        let (reload, ends) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (observer, asked) = (Ends(Arc::clone(&ends)), Arc::clone(&reload));
        let running = Some(std::thread::spawn(move || server.run(&observer, &asked)));
        Self { client, reload, ends, running }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let ended = self.running.take().unwrap().join();
        // Where the test fails anyway, its own words count.
        assert!(std::thread::panicking() || matches!(ended, Ok(Ok(()))), "the server ended badly");
    }
}

/// Asks the work to stop when told to.
struct Ends(Arc<AtomicBool>);

impl Observer for Ends {
    fn begin(&self, _: &str, _: u64) -> Box<dyn Progress> {
        Box::new(Silent)
    }
    fn warning(&self, _: &str) {}
    fn info(&self, _: &str) {}
    fn interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
