//! The six operations one after the other on a small collection of real pictures, with the files that each leaves for
//! the next, and what must not go through: an index of another model, cut model files, a second run into one folder.
//!
//! The network sees 64 pixels instead of 224 here, so that the whole takes seconds; everything else is as it is.

use std::path::{Path, PathBuf};

use silknow_demo::DemoCollection;
use silknow_files::FolderLock;
use silknow_image_retrieval::config::{
    Architecture, Augmentation, BuildKDTreeParameters, CreateDatasetParameters, CrossvalidationParameters,
    DeviceChoice, EvaluateModelParameters, GetKNNParameters, LossKind, TrainModelParameters, TrainingParameters,
    Weights,
};
use silknow_image_retrieval::{
    Context, Error, ErrorKind, Filter, Index, MemoryIndex, Progress, Recorder, Result, Search, SearchParameters,
    Silent, build_kdtree, create_dataset, crossvalidation, evaluate_model, get_knn, search, train_model,
};

/// A folder with a dataset, and the way to the results.
struct Workshop {
    folder: tempfile::TempDir,
    variables: Vec<String>,
}

impl Workshop {
    /// Makes a small collection and the dataset from it.
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let collection = DemoCollection { objects: 40, seed: 3 };
        let made = silknow_demo::generate(folder.path().join("collection"), &collection, &Silent).unwrap();
        let parameters = CreateDatasetParameters {
            imgsavepath: folder.path().join("samples/data"),
            minnumsamples: 4,
            retaincollections: made.museums,
            num_labeled: 1,
            master_dir: folder.path().join("samples"),
            configuration_dir: folder.path().to_path_buf(),
            ..CreateDatasetParameters::new(made.csvfile)
        };
        let summary = create_dataset(&parameters, &context(&folder)).unwrap();
        assert_eq!(summary.dataset.images_failed, 2, "one image is missing and one is cut");
        assert_eq!(summary.configuration_files.len(), 5);
        assert!(summary.configuration_files.iter().all(|file| file.is_file()));
        Self { folder, variables: summary.dataset.variables }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn training(&self) -> TrainingParameters {
        TrainingParameters {
            add_fc: vec![32, 16],
            train_batch_size: 24,
            how_many_training_steps: 6,
            learning_rate: 1e-3,
            how_often_validation: 3,
            loss_ind: LossKind::SoftTripletIncomp,
            relevant_variables: self.variables.clone(),
            augmentation: Augmentation { flip_left_right: true, ..Augmentation::none() },
            augmented_views: 2,
            backbone: Architecture::RESNET18,
            weights: Weights::Builtin,
            input_size: 64,
            ..TrainModelParameters::default().training
        }
    }

    fn train_model(&self, logpath: &str) -> TrainModelParameters {
        TrainModelParameters {
            master_dir: self.path("samples"),
            logpath: self.path(logpath),
            training: self.training(),
            ..TrainModelParameters::default()
        }
    }

    fn build_kdtree(&self, model: &str) -> BuildKDTreeParameters {
        BuildKDTreeParameters {
            model_path: self.path(model),
            master_file_tree: "master_file_tree.txt".into(),
            master_dir_tree: self.path("samples"),
            savepath: self.path("index"),
            relevant_variables: self.variables.clone(),
            batch_size: 16,
            ..BuildKDTreeParameters::new("", "", "", "", Vec::new())
        }
    }

    fn get_knn(&self, model: &str) -> GetKNNParameters {
        GetKNNParameters {
            treepath: self.path("index"),
            master_file_prediction: "master_file_prediction.txt".into(),
            master_dir_prediction: self.path("samples"),
            model_path: self.path(model),
            savepath: self.path("neighbours"),
            batch_size: 16,
            ..GetKNNParameters::new("", "", "", "", "")
        }
    }
}

fn context(folder: &tempfile::TempDir) -> Context<'_> {
    Context::new(&Silent, folder.path())
}

fn bytes(path: impl AsRef<Path>) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Asks the work to stop as soon as training has begun.
struct StopsInTraining(std::sync::atomic::AtomicBool);

impl silknow_image_retrieval::Observer for StopsInTraining {
    fn begin(&self, task: &str, _total: u64) -> Box<dyn Progress> {
        if task.contains("training") {
            self.0.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        Box::new(Silent)
    }
    fn warning(&self, _message: &str) {}
    fn info(&self, _message: &str) {}
    fn interrupted(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

fn kind<T>(outcome: Result<T>) -> Option<ErrorKind> {
    outcome.err().as_ref().map(Error::kind)
}

#[test]
fn each_operation_runs_with_what_the_one_before_it_left() {
    let shop = Workshop::open();
    let context = context(&shop.folder);
    let trained = train_model(&shop.train_model("model"), &context).unwrap();
    assert_eq!(trained.steps, 6);
    for file in ["model.safetensors", "model.json", "metrics.csv", "train", "val"] {
        assert!(shop.path("model").join(file).exists(), "{file}");
    }

    let built = build_kdtree(&shop.build_kdtree("model"), &context).unwrap();
    assert_eq!(built.dimensions, 16);
    let answered = get_knn(&shop.get_knn("model"), &context).unwrap();
    assert_eq!(answered.index_images, built.images);
    let text = std::fs::read_to_string(shop.path("neighbours/knn_list.txt")).unwrap();
    assert_eq!(text.matches("k nearest neighbours").count(), answered.queries);

    let parameters = EvaluateModelParameters {
        pred_gt_path: shop.path("neighbours"),
        result_path: shop.path("evaluation"),
        model_path: Some(shop.path("model")),
    };
    let evaluation = evaluate_model(&parameters, &context).unwrap();
    assert_eq!(evaluation.variables.len(), shop.variables.len());
    for variable in &shop.variables {
        for file in ["evaluation_results.txt", "Confusion_Matrix.png", "Confusion_Matrix_normalized.png"] {
            assert!(shop.path("evaluation").join(format!("{variable}_{file}")).is_file(), "{variable}_{file}");
        }
    }

    let report = String::from_utf8(bytes(shop.path("evaluation/report.html"))).unwrap();
    assert!(report.contains("What makes them similar"));
    check_search(&shop, &context);
    check_example(&shop);
}

/// An image of the index finds itself first, unless it is left out, and what a filter leaves is all of one kind.
fn check_search(shop: &Workshop, context: &Context<'_>) {
    let index = MemoryIndex::read(shop.path("index")).unwrap();
    let ask = |wanted: Search| {
        let parameters = SearchParameters {
            queries: vec![shop.path("index").join(&index.records()[0].name)],
            treepath: shop.path("index"),
            model_path: shop.path("model"),
            search: wanted,
            vote: Default::default(),
            vote_temperature: None,
            confidence_threshold: 0.0,
            html: Some(shop.path("answer.html")),
            explained: 2,
            batch_size: 4,
            device: Default::default(),
            precision: Default::default(),
        };
        search(&parameters, context).map(|found| found.results.into_iter().next().unwrap().neighbours)
    };
    let nearest = ask(Search::nearest(3)).unwrap();
    assert_eq!((nearest.len(), nearest[0].position, nearest[0].distance), (3, 0, 0.0));
    let page = String::from_utf8(bytes(shop.path("answer.html"))).unwrap();
    assert!(page.contains("<img") && page.contains("What makes them similar"));

    let mut others = Search::nearest(3);
    others.exclude_self = true;
    others.group_by_object = true;
    let others = ask(others).unwrap();
    assert!(others.len() == 3 && others.iter().all(|found| found.position != 0), "{others:?}");
    let objects: std::collections::BTreeSet<_> = others.iter().map(|found| &found.object.id).collect();
    assert_eq!(objects.len(), 3, "each object once");

    let variable = &index.vocabulary().variables[0];
    let mut filtered = Search::nearest(5);
    filtered.filter = Filter::everything().and_one_of(&variable.name, [variable.class_text(1)]);
    let labelled = ask(filtered.clone()).unwrap();
    assert_eq!(labelled.len(), 5);
    assert!(labelled.iter().all(|found| found.labels[0].class.as_deref() == Some(variable.class_name(1))));
    filtered.filter = Filter::everything().and_one_of("colour", ["red"]);
    assert_eq!(kind(ask(filtered)), Some(ErrorKind::Configuration));
}

/// The example for users answers three pictures, one of them with a filter.
fn check_example(shop: &Workshop) {
    let pictures: Vec<PathBuf> =
        std::fs::read_dir(shop.path("samples/data/img")).unwrap().take(3).map(|entry| entry.unwrap().path()).collect();
    // Cargo builds examples before it runs the tests that stand beside them.
    let program = std::env::current_exe().unwrap().with_file_name("../examples/search_in_memory");
    let folders = [shop.path("model"), shop.path("index")];
    let output = std::process::Command::new(program).args(folders).args(&pictures).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.matches("is probably").count(), 3 * shop.variables.len(), "{text}");
    assert_eq!(text.matches("../samples/data/img/").count(), 3 * 3, "three hits a picture: {text}");
}

#[test]
fn the_same_seed_gives_the_same_files_and_a_resumed_training_ends_the_same() {
    let shop = Workshop::open();
    let context = context(&shop.folder);
    train_model(&shop.train_model("first"), &context).unwrap();
    train_model(&shop.train_model("second"), &context).unwrap();
    let stopping = StopsInTraining(Default::default());
    let stopped = train_model(&shop.train_model("third"), &Context::new(&stopping, shop.folder.path()));
    assert_eq!(kind(stopped), Some(ErrorKind::Interrupted));
    assert!(!shop.path("third/model.json").exists());
    train_model(&TrainModelParameters { resume: true, ..shop.train_model("third") }, &context).unwrap();
    for folder in ["second", "third"] {
        for file in ["model.safetensors", "model.json", "metrics.csv"] {
            assert!(bytes(shop.path("first").join(file)) == bytes(shop.path(folder).join(file)), "{folder}/{file}");
        }
    }
    // A run that was killed right after its last checkpoint has not come to the table.
    let table = bytes(shop.path("third/metrics.csv"));
    std::fs::remove_file(shop.path("third/metrics.csv")).unwrap();
    train_model(&TrainModelParameters { resume: true, ..shop.train_model("third") }, &context).unwrap();
    assert!(bytes(shop.path("third/metrics.csv")) == table);
}

#[test]
fn what_does_not_belong_together_is_refused_and_leaves_nothing() {
    let shop = Workshop::open();
    let context = context(&shop.folder);
    train_model(&shop.train_model("model"), &context).unwrap();
    let mut other = shop.train_model("other");
    other.training.seed = 9;
    train_model(&other, &context).unwrap();
    build_kdtree(&shop.build_kdtree("model"), &context).unwrap();

    let message = get_knn(&shop.get_knn("other"), &context).unwrap_err().to_string();
    assert!(message.contains("another model") && message.contains("kdtree.npz"), "{message}");
    assert!(!shop.path("neighbours").join("knn_list.txt").exists());

    let lock = FolderLock::take(shop.path("neighbours")).unwrap();
    let message = get_knn(&shop.get_knn("model"), &context).unwrap_err().to_string();
    assert!(message.contains("another run is working"), "{message}");
    drop(lock);

    let recorder = Recorder::default();
    let many = GetKNNParameters { num_neighbors: 10_000, ..shop.get_knn("model") };
    let answered = get_knn(&many, &Context::new(&recorder, shop.folder.path())).unwrap();
    assert_eq!(answered.neighbours, answered.index_images);
    assert!(recorder.warnings().iter().any(|warning| warning.contains("10000")), "{:?}", recorder.warnings());

    let model = shop.path("model/model.safetensors");
    std::fs::write(&model, &bytes(&model)[..1000]).unwrap();
    assert_eq!(kind(build_kdtree(&shop.build_kdtree("model"), &context)), Some(ErrorKind::Data));
}

#[test]
fn cross_validation_runs_the_backbone_once_per_image_and_view_and_keeps_finished_folds() {
    let shop = Workshop::open();
    let context = context(&shop.folder);
    let parameters = CrossvalidationParameters {
        master_dir: shop.path("samples"),
        logpath: shop.path("cross"),
        training: TrainingParameters { val_percentage: 0, ..shop.training() },
        num_neighbors: 5,
        resume: true,
        ..CrossvalidationParameters::default()
    };
    let summary = crossvalidation(&parameters, &context).unwrap();
    let images = summary.evaluation.samples;
    // Every image plainly, and in at most two views, however many folds there are.
    assert!(summary.backbone_images > images && summary.backbone_images <= 3 * images, "{}", summary.backbone_images);
    assert_eq!(summary.samples_trained.len(), 5);
    for fold in 0..5 {
        for file in ["model.json", "kdtree.npz", "knn_list.txt", "pred_gt.npz", "evaluation_summary.json"] {
            assert!(shop.path("cross").join(format!("cv{fold}")).join(file).is_file(), "cv{fold}/{file}");
        }
    }
    assert!(shop.path("cross/top_k_statistics").is_dir() && summary.report.is_file());

    // A run that was killed right after a fold's classification has not come to what follows from it.
    let fold = shop.path("cross/cv1");
    let derived = ["evaluation_summary.json", "evaluation_details.json", "report.html"];
    let before = derived.map(|file| bytes(fold.join(file)));
    derived.iter().for_each(|file| std::fs::remove_file(fold.join(file)).unwrap());
    std::fs::write(fold.join(".silknow-Dead01.part"), "half").unwrap();

    let again = crossvalidation(&parameters, &context).unwrap();
    assert!(again.samples_trained.is_empty(), "finished folds are kept");
    assert!(derived.map(|file| bytes(fold.join(file))) == before);
    assert!(!fold.join(".silknow-Dead01.part").exists());
    assert_eq!(again.backbone_images, 0);
    assert_eq!(again.evaluation.mean_f1, summary.evaluation.mean_f1);

    // Another device computes the same, so finished folds are kept; another head does not, so they are not overwritten.
    let mut changed = parameters.clone();
    changed.training.device = DeviceChoice::Cpu;
    assert!(crossvalidation(&changed, &context).unwrap().samples_trained.is_empty(), "the device does not matter");
    changed.training.add_fc = vec![8];
    let before = bytes(shop.path("cross/cv0/model.json"));
    let message = crossvalidation(&changed, &context).unwrap_err().to_string();
    assert!(message.contains("`add_fc` = [32,16], but now it is [8]"), "{message}");
    assert!(bytes(shop.path("cross/cv0/model.json")) == before);
}

#[test]
fn a_finished_training_is_not_overwritten_by_resuming_with_other_parameters() {
    let shop = Workshop::open();
    let context = context(&shop.folder);
    train_model(&shop.train_model("model"), &context).unwrap();
    let before = bytes(shop.path("model/model.safetensors"));
    let mut changed = TrainModelParameters { resume: true, ..shop.train_model("model") };
    changed.training.device = DeviceChoice::Cpu;
    train_model(&changed, &context).unwrap();
    assert!(bytes(shop.path("model/model.safetensors")) == before, "the same training ends the same");
    changed.training.loss_ind = LossKind::SoftContrastiveIncomp;
    let message = train_model(&changed, &context).unwrap_err().to_string();
    assert!(message.contains("model.json: the finished model was made with `loss_ind`"), "{message}");
    assert!(bytes(shop.path("model/model.safetensors")) == before);
    changed.resume = false;
    train_model(&changed, &context).unwrap();
    assert!(bytes(shop.path("model/model.safetensors")) != before, "without resume it is trained anew");
}
