//! What is written reads back as it was, for any parameters of any operation; defaults and refusals through the public interface.

use std::path::PathBuf;

use proptest::option;
use proptest::prelude::*;
use silknow_config::{
    Architecture, Augmentation, BuildKDTreeParameters, CreateDatasetParameters, CrossvalidationParameters,
    DeviceChoice, Duplicates, EvaluateModelParameters, Explicit, Fallback, FrozenShare, GetKNNParameters, LossKind,
    LossWeights, ModelSelection, ObjectiveParameters, Operation, OptimiserParameters, Options, Parameters, Precision,
    Recipe, Schedule, TrainModelParameters, TrainingParameters, VariableWeights, VoteRule, Weights,
};

fn read_back<P: Parameters>(parameters: &P) -> P {
    let mut options = Options::new(P::OPERATION, Explicit::Arguments);
    options.parse_file(&parameters.to_configuration_text(), "written.txt").unwrap();
    P::from_options(&options).unwrap()
}

fn path() -> impl Strategy<Value = PathBuf> {
    "[a-zA-Z0-9_./;ä織-]([a-zA-Z0-9_./;ä織 -]{0,12}[a-z/])?".prop_map(PathBuf::from)
}

fn file_name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_ä-]{1,12}\\.txt"
}

fn variables() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::btree_set("[a-z_]{1,8}", 1..6).prop_map(|names| names.into_iter().collect()).prop_shuffle()
}

fn range(lowest: f32, highest: f32) -> impl Strategy<Value = [f32; 2]> {
    (lowest..=highest, lowest..=highest).prop_map(|(one, other)| [one.min(other), one.max(other)])
}

fn augmentation() -> impl Strategy<Value = Augmentation> {
    (
        (range(0.01, 1.0), any::<bool>(), 0.0f32..=1.0, any::<bool>(), any::<bool>()),
        (
            option::of((range(-1.0, 1.0), range(-1.0, 1.0)).prop_map(|(x, y)| [x[0], x[1], y[0], y[1]])),
            option::of(0.0f32..=100.0),
            option::of(range(0.0, 10.0)),
            option::of(range(0.0, 10.0)),
            option::of(0.0f32..=0.5),
            option::of(0.0f32..=180.0),
        ),
    )
        .prop_map(|(documented, further)| Augmentation {
            random_crop: documented.0,
            random_rotation90: documented.1,
            gaussian_noise: documented.2,
            flip_left_right: documented.3,
            flip_up_down: documented.4,
            random_shear: further.0,
            random_brightness: further.1,
            random_contrast: further.2,
            random_saturation: further.3,
            random_hue: further.4,
            random_rotation: further.5,
        })
}

fn weights() -> impl Strategy<Value = Weights> {
    prop_oneof![Just(Weights::ImageNet), Just(Weights::None), path().prop_map(Weights::Path)]
}

fn backbone() -> impl Strategy<Value = Architecture> {
    "[a-z0-9_.-]{1,32}".prop_map(|name| Architecture::new(&name).unwrap())
}

fn optimiser() -> impl Strategy<Value = OptimiserParameters> {
    (
        option::of(proptest::sample::select(Recipe::ALL)),
        (0usize..1000, proptest::sample::select(Schedule::ALL), 0.0f64..=1.0, 0.0f64..=1000.0, 0.0f64..=0.999),
        (any::<bool>(), proptest::sample::select(ModelSelection::ALL), option::of(0.0f64..=1.0), any::<bool>()),
    )
        .prop_map(|(recipe, moving, choosing)| OptimiserParameters {
            recipe,
            warm_up_steps: moving.0,
            learning_rate_schedule: moving.1,
            weight_decay: moving.2,
            gradient_clipping: moving.3,
            weight_average: moving.4,
            standardise_features: choosing.0,
            model_selection: choosing.1,
            frozen_share: choosing.2.map_or(FrozenShare::Auto, FrozenShare::Share),
            train_on_all: choosing.3,
        })
}

/// Weights of losses, and those settings that belong to no other key.
fn objective() -> impl Strategy<Value = ObjectiveParameters> {
    let parts: Vec<LossKind> = LossKind::ALL.iter().copied().filter(|&loss| loss != LossKind::Combined).collect();
    let weights = proptest::sample::subsequence(parts, 1..=10).prop_flat_map(|parts| {
        let count = parts.len();
        (Just(parts), proptest::collection::vec(0.0f64..10.0, count), 0.001f64..10.0)
    });
    let loss_weights = weights.prop_map(|(parts, mut weights, first)| {
        weights[0] = first;
        let entries: Vec<String> =
            parts.iter().zip(weights).map(|(loss, weight)| format!("{loss} = {weight}")).collect();
        LossWeights::parse(&entries.join(",")).unwrap()
    });
    (loss_weights, 0.0f64..=1.0, 0.0f64..=10.0, 0.01f64..=10.0, option::of(path()), option::of(path()), 0.0f64..=1.0)
        .prop_map(|(weights, power, gamma, temperature, similar, dissimilar, share)| ObjectiveParameters {
            loss_weights: Some(weights),
            class_weight_power: power,
            focal_gamma: gamma,
            contrastive_temperature: temperature,
            rule_share: if similar.is_some() || dissimilar.is_some() { share } else { 0.0 },
            similar_rules: similar,
            dissimilar_rules: dissimilar,
            ..ObjectiveParameters::default()
        })
}

fn training() -> impl Strategy<Value = TrainingParameters> {
    (
        (proptest::collection::vec(1usize..4096, 0..4), 0usize..=8, 3usize..5000, 1usize..100_000, 1e-7f64..=1.0),
        (0u32..100, 1usize..100, proptest::sample::select(LossKind::ALL), variables(), augmentation(), 0usize..100),
        (0.001f32..=2.0, backbone(), weights(), 32usize..=2048, any::<u64>(), optimiser()),
        (objective(), 0usize..5, 0.0f64..10.0),
        (proptest::sample::select(DeviceChoice::ALL), proptest::sample::select(Precision::ALL)),
    )
        .prop_map(|(first, second, third, (objective, weighed, weight), (device, precision))| TrainingParameters {
            objective: ObjectiveParameters {
                variable_weights: second
                    .3
                    .get(weighed)
                    .filter(|_| weight > 0.0)
                    .map(|variable| VariableWeights::parse(&format!("{variable}={weight}")).unwrap()),
                balanced_variables: second.3.iter().take(weighed).cloned().collect(),
                ..objective
            },
            add_fc: first.0,
            hub_num_retrain: first.1,
            train_batch_size: first.2,
            how_many_training_steps: first.3,
            learning_rate: first.4,
            val_percentage: second.0,
            how_often_validation: second.1,
            loss_ind: second.2,
            relevant_variables: second.3,
            augmentation: second.4,
            augmented_views: second.5,
            optimiser: third.5,
            margin: third.0,
            backbone: third.1,
            weights: third.2,
            input_size: third.3,
            seed: third.4,
            device,
            precision,
        })
}

fn vote() -> impl Strategy<Value = (VoteRule, Option<f64>, f64)> {
    (proptest::sample::select(VoteRule::ALL), option::of(1e-6f64..=100.0), 0.0f64..=1.0)
}

proptest! {
    #[test]
    fn training_parameters_read_back_as_written(
        master_file_name in file_name(),
        master_dir in path(),
        logpath in path(),
        training in training(),
        num_neighbors in 1usize..1000,
        resume in any::<bool>(),
        (vote, vote_temperature, confidence_threshold) in vote(),
    ) {
        let train = TrainModelParameters {
            master_file_name: master_file_name.clone(),
            master_dir: master_dir.clone(),
            logpath: logpath.clone(),
            training: training.clone(),
            resume,
        };
        prop_assert!(train.validate().is_ok());
        prop_assert_eq!(&read_back(&train), &train);
        let all = CrossvalidationParameters {
            master_file_name,
            master_dir,
            logpath,
            num_neighbors,
            vote,
            vote_temperature,
            confidence_threshold,
            training,
            resume,
        };
        prop_assert_eq!(&read_back(&all), &all);
    }

    #[test]
    fn retrieval_parameters_read_back_as_written(
        (model_path, master_dir, savepath, treepath) in (path(), path(), path(), path()),
        master_file in file_name(),
        relevant_variables in prop_oneof![variables(), Just(Vec::new())],
        (untrained, backbone, weights) in
            (any::<bool>(), backbone(), weights()),
        group_distance in option::of(0.001f64..=2.0),
        batch_size in 1usize..=4096,
        num_neighbors in 1usize..1000,
        bool_labeled_input in any::<bool>(),
        (vote, vote_temperature, confidence_threshold) in vote(),
        device in proptest::sample::select(DeviceChoice::ALL),
        precision in proptest::sample::select(Precision::ALL),
    ) {
        let build = BuildKDTreeParameters {
            untrained,
            group_distance,
            backbone,
            weights,
            batch_size,
            device,
            precision,
            ..BuildKDTreeParameters::new(&model_path, &master_dir, &master_file, &savepath, relevant_variables)
        };
        prop_assert_eq!(&read_back(&build), &build);
        let neighbours = GetKNNParameters {
            num_neighbors,
            bool_labeled_input,
            vote,
            vote_temperature,
            confidence_threshold,
            batch_size,
            device,
            precision,
            ..GetKNNParameters::new(treepath, model_path, master_dir, master_file, savepath)
        };
        prop_assert_eq!(&read_back(&neighbours), &neighbours);
    }

    #[test]
    fn dataset_and_evaluation_parameters_read_back_as_written(
        (csvfile, imgsavepath, master_dir, configuration_dir) in (path(), path(), path(), path()),
        minnumsamples in 1usize..10_000,
        museums in proptest::collection::btree_set("[a-z-]{1,8}", 1..6),
        num_labeled in 0usize..=5,
        (seed, duplicates) in (any::<u64>(), proptest::sample::select(Duplicates::ALL)),
        columns in (option::of("[A-Za-zé_#,-]{1,8}"), option::of("[a-z]([a-z ;]{0,8}[a-z])?")),
        (words, aliases, strict) in (option::of(variables()), option::of(path()), any::<bool>()),
        user_agent_contact in option::of("[a-z.+]{1,8}@[a-z]{1,8}\\.example"),
    ) {
        let evaluate = EvaluateModelParameters {
            pred_gt_path: csvfile.clone(),
            result_path: imgsavepath.clone(),
            model_path: Some(csvfile.clone()),
        };
        prop_assert_eq!(&read_back(&evaluate), &evaluate);
        let create = CreateDatasetParameters {
            imgsavepath,
            minnumsamples,
            retaincollections: museums.into_iter().collect(),
            num_labeled,
            master_dir,
            configuration_dir,
            sheet: columns.0.clone(),
            image_column: columns.0,
            object_column: columns.1,
            variables: words.clone(),
            multi_label_variables: words.clone(),
            category_group: words.clone(),
            rule_objects: aliases.clone(),
            groups: aliases.clone(),
            missing_values: words,
            label_aliases: aliases,
            strict,
            duplicates,
            user_agent_contact,
            seed,
            ..CreateDatasetParameters::new(csvfile)
        };
        prop_assert_eq!(&read_back(&create), &create);
    }
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let text = TrainModelParameters::default().to_configuration_text();
    let expected = "\
****CONFIGURATION FOR TRAINING A MODEL****
master_file_name; master_file_tree.txt
master_dir; ./samples/
logpath; ./output_files/Default/
add_fc; [1024, 128]
hub_num_retrain; 0
train_batch_size; 150
how_many_training_steps; 200
learning_rate; 1e-4
val_percentage; 25
how_often_validation; 10
loss_ind; soft_contrastive_incomp_loss
relevant_variables; #place, #timespan, #material, #technique, #depiction
random_crop; [0.7, 1]
random_rotation90; True
gaussian_noise; 0.01
flip_left_right; True
flip_up_down; True
****FURTHER OPTIONS****
augmented_views; 0
class_weight_power; 0
focal_gamma; 0
contrastive_temperature; 0.1
rule_share; 0
balanced_variables; 
warm_up_steps; 0
learning_rate_schedule; constant
weight_decay; 0
gradient_clipping; 0
weight_average; 0
standardise_features; False
model_selection; loss
frozen_share; 0
train_on_all; False
margin; 2
backbone; resnet152
weights; imagenet
input_size; 224
seed; 0
device; auto
precision; f32
resume; False
";
    assert_eq!(text, expected);
}

fn take_their_examples<P: Parameters + std::fmt::Debug>() {
    let (mut examples, mut required) =
        (Options::new(P::OPERATION, Explicit::Arguments), Options::new(P::OPERATION, Explicit::Arguments));
    let mut lines = Vec::new();
    for key in P::OPERATION.keys() {
        examples.set(key.name, &key.example).unwrap();
        match &key.fallback {
            Fallback::Required => required.set(key.name, &key.example).unwrap(),
            Fallback::Value { text, .. } => lines.push(format!("{}; {text}\n", key.name)),
            Fallback::Absent => {}
        }
    }
    P::from_options(&examples).unwrap().validate().unwrap();
    // What holds without a key is the value that its help names.
    let defaults = P::from_options(&required).unwrap();
    // A file without a line is no configuration.
    if !lines.is_empty() {
        required.parse_file(&lines.concat(), "defaults.txt").unwrap();
    }
    assert_eq!(P::from_options(&required).unwrap(), defaults);
}

#[test]
fn every_default_and_every_example_is_a_valid_value() {
    take_their_examples::<CreateDatasetParameters>();
    take_their_examples::<TrainModelParameters>();
    take_their_examples::<BuildKDTreeParameters>();
    take_their_examples::<GetKNNParameters>();
    take_their_examples::<EvaluateModelParameters>();
    take_their_examples::<CrossvalidationParameters>();
}

#[test]
fn a_stored_model_without_a_key_has_its_default() {
    let parameters: TrainingParameters =
        serde_json::from_str(r#"{"margin": 1.5, "augmentation": {"random_crop": [0.5, 1.0]}}"#).unwrap();
    let augmentation = Augmentation { random_crop: [0.5, 1.0], ..Augmentation::default() };
    assert_eq!(parameters, TrainingParameters { margin: 1.5, augmentation, ..TrainingParameters::default() });
}

#[test]
fn the_form_in_stored_models_stays() {
    let expected = concat!(
        r#"{"add_fc":[1024,128],"hub_num_retrain":0,"train_batch_size":150,"how_many_training_steps":200,"#,
        r#""learning_rate":0.0001,"val_percentage":25,"how_often_validation":10,"#,
        r#""loss_ind":"soft_contrastive_incomp_loss","#,
        r#""relevant_variables":["place","timespan","material","technique","depiction"],"#,
        r#""augmentation":{"random_crop":[0.7,1.0],"random_rotation90":true,"gaussian_noise":0.01,"#,
        r#""flip_left_right":true,"flip_up_down":true,"random_shear":null,"random_brightness":null,"#,
        r#""random_contrast":null,"random_saturation":null,"random_hue":null,"random_rotation":null},"#,
        r#""augmented_views":0,"objective":{"loss_weights":null,"variable_weights":null,"class_weight_power":0.0,"#,
        r#""focal_gamma":0.0,"contrastive_temperature":0.1,"similar_rules":null,"dissimilar_rules":null,"#,
        r#""rule_share":0.0,"balanced_variables":[]},"optimiser":{"recipe":null,"warm_up_steps":0,"#,
        r#""learning_rate_schedule":"constant","weight_decay":0.0,"gradient_clipping":0.0,"weight_average":0.0,"#,
        r#""standardise_features":false,"model_selection":"loss","frozen_share":"0","train_on_all":false},"#,
        r#""margin":2.0,"backbone":"resnet152","weights":"imagenet","input_size":224,"#,
        r#""seed":0,"device":"auto","precision":"f32"}"#,
    );
    assert_eq!(serde_json::to_string(&TrainingParameters::default()).unwrap(), expected);
}

#[test]
fn the_documentations_other_spellings_are_read() {
    let spellings = [
        (Operation::CreateDataset, "minnumsaples", "minnumsamples"),
        (Operation::TrainModel, "master_file", "master_file_name"),
        (Operation::Crossvalidation, "masterfile_name_crossval", "master_file_name"),
        (Operation::Crossvalidation, "masterfile_dir_crossval", "master_dir"),
    ];
    for (operation, other, name) in spellings {
        assert_eq!(operation.key(other).map(|key| key.name), Some(name));
    }
}

#[test]
fn values_that_do_not_go_together_are_refused_at_their_place() {
    let refused = |text: &str| {
        let mut options = Options::new(Operation::TrainModel, Explicit::Arguments);
        options.parse_file(text, "train.txt").unwrap();
        TrainModelParameters::from_options(&options).unwrap_err().to_string()
    };
    assert_eq!(
        refused("train_batch_size; 2\nloss_ind; soft_triplet"),
        "train.txt:1: `train_batch_size` must be at least 3 for soft_triplet, but it is `2`\nhint: a triplet takes \
         three images"
    );
    assert!(
        refused("train_batch_size; 2\nloss_ind; combined\nloss_weights; triplet=1, colour=1")
            .starts_with("train.txt:1: `train_batch_size` must be at least 3 for semantic, but it is `2`")
    );
    assert!(
        refused("loss_ind; combined")
            .starts_with("train.txt:1: `loss_ind` is combined, but there are no `loss_weights`")
    );
    assert_eq!(
        refused("loss_ind; combined\n loss_weights ;  semantic=0.4, colr=0.1"),
        "train.txt:2:32: `loss_weights` must be losses with their weights, but `colr` is not a known loss\nhint: did \
         you mean `colour`?"
    );
    assert_eq!(
        refused("variable_weights; plac=2"),
        "train.txt:1: `variable_weights` names `plac`, which is not one of relevant_variables\nhint: did you mean `place`?"
    );
    assert!(refused("balanced_variables; #colour").contains("`balanced_variables` names `colour`"));
    assert!(
        refused("relevant_variables; #place\nvariable_weights; place=0")
            .contains("`variable_weights` must be variables with their weights, but all weights are 0")
    );
    assert!(refused("rule_share; 0.5").starts_with("train.txt:1: `rule_share` is 0.5, but there are no rules"));
    let mut options = Options::new(Operation::TrainModel, Explicit::Flags);
    options.set("loss_weights", "colour=1, rules=x").unwrap();
    assert_eq!(
        TrainModelParameters::from_options(&options).unwrap_err().to_string(),
        "`--loss_weights` must be losses with their weights, but the weight of `rules` is `x` (at character \
         17)\nhint: a weight is a number of at least 0"
    );
}

#[test]
fn parameters_made_in_code_are_checked_as_strictly() {
    let mut parameters = GetKNNParameters::new("tree", "model", "samples", "queries.txt", "results");
    parameters.validate().unwrap();
    parameters.num_neighbors = 0;
    let message = parameters.validate().unwrap_err().to_string();
    assert!(message.starts_with("`num_neighbors` must be a whole number of at least 1, but it is `0`"), "{message}");

    let mut dataset = CreateDatasetParameters::new("export.csv");
    dataset.retaincollections = vec!["garin, imatex".to_owned()];
    let message = dataset.validate().unwrap_err().to_string();
    assert!(message.starts_with("a value for create-dataset cannot stand in a configuration file"), "{message}");
}
