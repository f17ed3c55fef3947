//! Models of the toolbox and weights of TensorFlow and Keras; those of Keras against what Keras computed.

use std::path::Path;

use silknow_arrays::npz::{self, Elements};
use silknow_errors::Result;
use silknow_image_retrieval::config::{DeviceChoice, LossKind, Precision};
use silknow_image_retrieval::{
    Context, DescribingNetwork, ImportModelParameters, ImportModelSummary, Model, Pixels, Silent, StoredModel,
    import_model,
};
use silknow_network::Placement;
use silknow_test_support::reference::{assert_near, images};
use silknow_test_support::shared;

/// Side of the images of the references, in pixels.
const SIDE: usize = 64;

fn import(parameters: &ImportModelParameters) -> Result<ImportModelSummary> {
    import_model(parameters, &Context::new(&Silent, Path::new("unused")))
}

fn describe(folder: &Path) -> Vec<f32> {
    Model::load(folder, &Placement::processor()).unwrap().describe_pixels(&images(SIDE), 3).unwrap()
}

/// The stored layers on top of these features, computed apart: linear, rectified between them, brought to unit length.
fn through_head(model: &Path, features: &[f32], features_len: usize) -> Vec<f32> {
    let bytes = std::fs::read(model.join("model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let stored = |name: &str| -> Vec<f32> {
        let data = tensors.tensor(name).unwrap().data();
        data.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect()
    };
    let linear = |layer: usize, inputs: &[f32]| -> Vec<f32> {
        let weights = stored(&format!("head.{layer}.weight"));
        let rows = weights.chunks(inputs.len()).zip(stored(&format!("head.{layer}.bias")));
        rows.map(|(row, bias)| bias + row.iter().zip(inputs).map(|(weight, input)| weight * input).sum::<f32>())
            .collect()
    };
    let of_image = |features: &[f32]| {
        let hidden: Vec<f32> = linear(0, features).into_iter().map(|value| value.max(0.0)).collect();
        linear(1, &hidden)
    };
    let descriptors: Vec<f32> = features.chunks(features_len).flat_map(of_image).collect();
    unit_rows(&descriptors, 8)
}

fn unit_rows(values: &[f32], width: usize) -> Vec<f32> {
    let unit = |row: &[f32]| {
        let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        row.iter().map(|value| value / length).collect::<Vec<_>>()
    };
    values.chunks(width).flat_map(unit).collect()
}

#[test]
fn a_model_of_the_toolbox_keeps_its_head_its_variables_and_its_pixels() {
    let Some(shared) = shared("import_model") else { return };
    let fixture = shared.join("migration/fixtures/d45_checkpoint");
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    std::fs::create_dir(&old).unwrap();
    for name in ["checkpoint", "model.ckpt.index", "model.ckpt.data-00000-of-00001"] {
        std::fs::copy(fixture.join(name), old.join(name)).unwrap();
    }
    std::fs::write(
        old.join("Configuration_train_model.txt"),
        "master_file_name; master.txt\nmaster_dir; ./samples/\nlogpath; ./logs/\nadd_fc; [24, 8]\nrelevant_variables; #place, \
         #material\nloss_ind; soft_triplet\ntfhub_module; https://tfhub.dev/google/imagenet/resnet_v2_152/feature_vector/3\n",
    )
    .unwrap();
    let out = folder.path().join("model");
    let summary =
        import(&ImportModelParameters { input_size: SIDE, ..ImportModelParameters::new(&old, &out) }).unwrap();
    assert_eq!(
        (summary.backbone.name(), summary.add_fc.as_slice()),
        ("resnet_v2_2-3-2-2_4-6-8-10", [24, 8].as_slice())
    );
    assert_eq!((summary.pixels, summary.loss), (Pixels::Toolbox, Some(LossKind::SoftTriplet)));
    assert_eq!(summary.variables, ["place", "material"]);
    assert_eq!(summary.used.len() + summary.passed_over.len(), 172);
    assert!(summary.passed_over.iter().any(|name| name == "`train/beta1_power` []"), "{:?}", summary.passed_over);

    let descriptors = describe(&out);
    assert_near("length", &unit_rows(&descriptors, 8), &descriptors, 1e-6);
    let model = StoredModel::read(&out).unwrap();
    assert_eq!(model.facts().pipeline.pixels, Pixels::Toolbox);
    assert_eq!(model.facts().vocabulary.names(), ["place", "material"]);
    let description = std::fs::read_to_string(out.join("model.json")).unwrap();
    assert!(description.contains("\"pixels\": \"toolbox\""), "{description}");
    // The images behind these features are not known; what TensorFlow's head made of the features is.
    let mut reference = npz::Reader::open(fixture.join("reference.npz")).unwrap();
    let (shape, features) = reference.f32("features").unwrap();
    let (_, expected) = reference.f32("descriptors").unwrap();
    assert_near("descriptors of the reference", &through_head(&out, &features, shape[1]), &expected, 1e-6);

    // Without the configuration nothing is known of them but what is said; with our pixels indexes are to be built anew.
    let parameters = ImportModelParameters {
        pixels: Some(Pixels::Ours),
        variables: Some(vec!["place".to_owned()]),
        ..ImportModelParameters::new(fixture.join("model.ckpt"), folder.path().join("again"))
    };
    let again = import(&parameters).unwrap();
    assert!(again.index_anew && again.loss.is_none() && again.configuration.is_none());
    assert_ne!(again.fingerprint, summary.fingerprint);
    let text = again.to_string();
    assert!(text.contains("must be built anew") && text.contains("--loss_ind says it"), "{text}");
}

#[test]
fn weights_of_keras_and_of_the_hub_become_models_without_a_head() {
    let Some(shared) = shared("import_model") else { return };
    let fixtures = shared.join("migration/fixtures");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("model");
    let Elements::F32(features) = npz::read_npy(fixtures.join("keras_k2/features.npy")).unwrap().elements else {
        panic!("features are f32")
    };
    for (path, name) in [
        ("keras_k2/tiny.h5", "resnetv2_2-2-2-2_2-3-4-5"),
        ("keras_k2/tiny.weights.h5", "resnetv2_2-2-2-2_2-3-4-5"),
        ("tfhub_module", "resnet_v2_"),
        ("slim_v1/resnet_v2_50.ckpt", "resnet_v2_"),
        ("slim_v2/resnet_v2_50.ckpt", "resnet_v2_"),
    ] {
        let summary = import(&ImportModelParameters {
            input_size: SIDE,
            ..ImportModelParameters::new(fixtures.join(path), &out)
        })
        .unwrap();
        assert!(summary.backbone.name().starts_with(name), "{path}: {}", summary.backbone);
        assert!(summary.add_fc.is_empty() && summary.pixels == Pixels::Ours && !summary.index_anew, "{path}");
        let descriptors = describe(&out);
        if path.starts_with("keras") {
            assert_near(path, &descriptors, &unit_rows(&features, 20), 1e-5);
        }
        // The same file by itself, as weights of a backbone.
        let backbone = silknow_image_retrieval::config::BackboneParameters {
            backbone: summary.backbone,
            weights: silknow_image_retrieval::config::Weights::Path(fixtures.join(path)),
            input_size: SIDE,
            ..Default::default()
        };
        let context = Context::new(&Silent, Path::new("unused"));
        let network = DescribingNetwork::Backbone(backbone.clone());
        let model = network.load(DeviceChoice::Cpu, Precision::F32, &context).unwrap();
        assert_eq!(model.describe_pixels(&images(SIDE), 3).unwrap(), descriptors, "{path}");
        let other = silknow_image_retrieval::config::BackboneParameters { backbone: Default::default(), ..backbone };
        let message = DescribingNetwork::Backbone(other).stored(&context).err().unwrap().to_string();
        assert!(message.contains(&format!("choose the backbone {}", summary.backbone)), "{message}");
    }
}
