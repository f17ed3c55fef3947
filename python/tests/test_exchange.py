"""Models and indexes that go to other programs, and those of the Python toolbox that come from there."""

import inspect
import json
import os
import pathlib
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL_DATASET, SMALL_TRAINING
from PIL import Image

import silknow_image_retrieval as sir

REPOSITORY = pathlib.Path(__file__).parents[2]
OF_TOOLBOX = REPOSITORY / "crates/migration/tests/data"


def squares(count, size):
    """Pictures without a pattern that are as large as the network wants them, so that nothing is resampled."""
    return np.random.default_rng(5).integers(0, 256, size=(count, size, size, 3), dtype=np.uint8)


def given(pictures):
    """What the exported network is given: float32 [N, 3, S, S] in [0, 1]."""
    return np.ascontiguousarray(np.asarray(pictures).transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def run(path, pictures):
    """The outputs of ONNX Runtime by their names."""
    runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not there for this Python")
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"image": given(pictures)})))


def checked(path):
    """The exported network, after the format's own checker found it right."""
    onnx = pytest.importorskip("onnx", reason="the package onnx is not there for this Python")
    onnx.checker.check_model(str(path), full_check=True)
    return onnx.load(str(path))


NETWORKS = [
    ("resnet18", "builtin", 224, [[], [16], [32, 8]]),
    ("resnet34", "none", 64, [[16]]),
    ("resnet50", "none", 224, [[128, 32]]),
    ("resnet101", "none", 64, [[]]),
    ("resnet152", "none", 64, [[64, 16]]),
    ("resnet_v2_50", "none", 224, [[128, 32]]),
    # The border of slim's pool follows from whether the maps have an even number of rows.
    ("resnet_v2_50", "none", 66, [[], [8]]),
    ("resnet_v2_152", "none", 64, [[]]),
    ("resnet50v2", "none", 65, [[8, 4]]),
    ("resnet101v2", "none", 64, [[]]),
]


@pytest.mark.parametrize("backbone, weights, size, heads", NETWORKS, ids=[f"{network[0]}-{network[2]}" for network in NETWORKS])
def test_onnx_runtime_gives_our_descriptors(backbone, weights, size, heads, tmp_path):
    pictures = squares(8, size)
    for add_fc in heads:
        model = sir.Model.pretrained(
            backbone=backbone, weights=weights, add_fc=add_fc, input_size=size, seed=3, device="cpu"
        )
        ours = np.asarray(model.describe(pictures))
        path = tmp_path / "m.onnx"
        model.to_onnx(path)
        checked(path)
        for count in (1, 8):
            theirs = run(path, pictures[:count])
            assert list(theirs) == ["descriptor"] and theirs["descriptor"].shape == (count, model.dimensions)
            assert np.abs(theirs["descriptor"] - ours[:count]).max() < 1e-5


TRAININGS = {
    "a head, two layers": {},
    "retrained blocks": {"hub_num_retrain": 2, "how_many_training_steps": 2},
    "standardised features": {"standardise_features": True},
    "frozen features beside": {"frozen_share": 0.3, "standardise_features": True},
    "frozen features alone": {"frozen_share": 1},
    "heads of a classifier": {"loss_ind": "classification"},
}


@pytest.mark.parametrize("keys", TRAININGS.values(), ids=TRAININGS)
def test_trained_models_are_exported_as_they_describe(keys, trained, silknow, tmp_path):
    training = {**SMALL_TRAINING, "how_many_training_steps": 4, **keys}
    sir.train_model_parameter(master_dir=trained / "samples", logpath=tmp_path / "model", **training)
    model = sir.Model.load(tmp_path / "model", device="cpu")
    path = tmp_path / "out/m.onnx"
    said = silknow(tmp_path, "export-onnx", tmp_path / "model", path, "--features", "--json")
    assert json.loads(said)["dimensions"] == model.dimensions
    pictures = squares(3, model.input_size)
    theirs = run(path, pictures)
    assert list(theirs) == ["descriptor", "features"] and theirs["features"].shape == (3, 512)
    assert np.abs(theirs["descriptor"] - np.asarray(model.describe(pictures))).max() < 1e-5

    metadata = {entry.key: entry.value for entry in checked(path).metadata_props}
    assert metadata["fingerprint"] == model.fingerprint and metadata["architecture"] == "resnet18"
    assert json.loads(metadata["pixels"])["input_size"] == 64
    variables = json.loads(metadata["variables"])
    assert [variable["name"] for variable in variables] == ["place", "technique"]
    assert variables[0]["classes"] == ["ES", "FR"]


def test_the_file_beside_says_how_pictures_become_the_input(trained, tmp_path):
    model = sir.Model.load(trained / "output_files/Default", device="cpu")
    model.to_onnx(tmp_path / "m.onnx")
    said = json.loads((tmp_path / "preprocessor_config.json").read_text())
    assert said["do_center_crop"] and said["do_rescale"] and not said["do_normalize"]
    paths = sorted((trained / "samples/data/img").iterdir())[:4]
    pictures = []
    for path in paths:
        with Image.open(path) as image:
            image = image.convert("RGB")
            factor = said["size"]["shortest_edge"] / min(image.size)
            image = image.resize([round(side * factor) for side in image.size], said["resample"])
            left, top = ((have - want) // 2 for have, want in zip(image.size, said["crop_size"].values()))
            side = said["crop_size"]["width"]
            pictures.append(np.asarray(image.crop((left, top, left + side, top + side))))
    theirs = run(tmp_path / "m.onnx", np.stack(pictures))["descriptor"]
    # The toolboxes that read this file scale first and crop then, which differs by parts of a pixel.
    assert np.linalg.norm(theirs - np.asarray(model.describe(paths)), axis=1).max() < 0.05


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A model folder of the toolbox: a checkpoint with a head, its configuration beside it."""
    found = pathlib.Path(os.environ.get("SILKNOW_SHARED", REPOSITORY.parent / "shared")) / "migration/fixtures/d45_checkpoint"
    if not found.is_dir():
        pytest.skip("the checkpoint of the toolbox is not there")
    folder = tmp_path_factory.mktemp("checkpoint") / "logs"
    shutil.copytree(found, folder)
    return folder


def test_a_model_of_the_toolbox_is_imported_and_goes_on_to_onnx(checkpoint, tmp_path):
    model = sir.Model.import_(checkpoint, variables=["place"], loss="soft_triplet", device="cpu")
    assert model.variables == ["place"] and model.input_size == 224
    pictures = squares(3, model.input_size)
    with pytest.warns(sir.SilknowWarning, match="sees pictures as the Python toolbox made them"):
        model.to_onnx(tmp_path / "m.onnx")
    metadata = {entry.key: entry.value for entry in checked(tmp_path / "m.onnx").metadata_props}
    assert json.loads(metadata["pixels"])["kind"] == "toolbox"
    # Pictures of this size are neither blurred nor resized by the toolbox.
    theirs = run(tmp_path / "m.onnx", pictures)["descriptor"]
    assert np.abs(theirs - np.asarray(model.describe(pictures))).max() < 1e-5

    model.save(tmp_path / "ours")
    assert sir.Model.load(tmp_path / "ours", device="cpu").fingerprint == model.fingerprint
    assert pickle.loads(pickle.dumps(model)).fingerprint == model.fingerprint
    ours = sir.Model.import_(checkpoint, pixels="ours", device="cpu")
    assert ours.fingerprint != model.fingerprint
    with pytest.raises(sir.ConfigurationError, match='`pixels` must be "toolbox" or "ours"'):
        sir.Model.import_(checkpoint, pixels="theirs")


def test_the_functions_take_a_model_of_the_toolbox(checkpoint, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(trained)
    with pytest.warns(sir.SilknowWarning, match="is imported in passing; `silknow import-model`"):
        model = sir.Model.load(checkpoint, device="cpu")
    with pytest.warns(sir.SilknowWarning, match="is imported in passing"):
        sir.build_kDTree_parameter(
            checkpoint, "master_file_tree.txt", "samples", ["place"], tmp_path / "tree", device="cpu"
        )
    index = sir.Index.load(tmp_path / "tree")
    assert index.dimensions == model.dimensions and index.fingerprint == model.fingerprint
    with pytest.warns(sir.SilknowWarning, match="is imported in passing"):
        sir.get_kNN_parameter(
            tmp_path / "tree", "master_file_prediction.txt", "samples", True, checkpoint, 3, tmp_path / "kNN", device="cpu"
        )
    assert (tmp_path / "kNN/pred_gt.npz").exists() and not (checkpoint / "model.json").exists()


@pytest.fixture(scope="module")
def index(trained):
    return sir.Index.load(trained / "output_files/kDTree")


def test_faiss_opens_the_exported_index(index, tmp_path):
    faiss = pytest.importorskip("faiss", reason="FAISS is not there for this Python")
    index.to_faiss(tmp_path / "silk.faiss")
    theirs = faiss.read_index(str(tmp_path / "silk.faiss"))
    queries = np.ascontiguousarray(index.descriptors[:5])
    squared, positions = theirs.search(queries, 3)
    distances, ours = index.search(queries, 3)
    assert np.array_equal(positions, ours) and np.allclose(np.sqrt(squared), distances, atol=1e-3)
    table = pd.read_csv(tmp_path / "silk_images.csv")
    assert [*table.columns] == ["image", "place", "technique"] and len(table) == len(index)


def test_pandas_opens_the_exported_index(index, tmp_path):
    pytest.importorskip("pyarrow", reason="PyArrow is not there for this Python")
    index.to_parquet(tmp_path / "silk.parquet")
    table = pd.read_parquet(tmp_path / "silk.parquet")
    assert [*table.columns] == ["name", "descriptor", "place", "technique"]
    assert np.array_equal(np.stack(table["descriptor"]), index.descriptors)
    assert (tmp_path / table["name"][0]).resolve() == pathlib.Path(index.paths[0]).resolve()
    assert table["place"].isna().sum() == index.labels["place"].isna().sum() > 0


def test_duckdb_opens_the_exported_index(index, tmp_path):
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not there for this Python")
    path = tmp_path / "silk.parquet"
    index.to_parquet(path)
    count = duckdb.sql(f"select place, count(*) from '{path}' where place is not null group by place").fetchall()
    assert dict(count) == index.labels["place"].value_counts().to_dict()
    nearest = f"array_distance(descriptor::float[{index.dimensions}], ?::float[{index.dimensions}])"
    found = duckdb.execute(f"select name from '{path}' order by {nearest} limit 1", [index.descriptors[7].tolist()])
    assert (tmp_path / found.fetchone()[0]).resolve() == pathlib.Path(index.paths[7]).resolve()


def test_the_embedding_projector_gets_two_tables(index, tmp_path):
    index.to_tsv(tmp_path / "silk.tsv")
    assert np.allclose(np.loadtxt(tmp_path / "silk.tsv", delimiter="\t"), index.descriptors)
    assert (tmp_path / "silk_metadata.tsv").read_text().startswith("name\tplace\ttechnique\n")


def test_an_index_of_the_toolbox_is_imported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(sir.SilknowWarning, match="7 of 7 images are not where their paths say"):
        old = sir.Index.import_(OF_TOOLBOX / "kdtree_protocol2.npz", images_root="toolbox")
    assert len(old) == 7 and old.dimensions == 4 and old.variables == ["place", "technique"]
    assert old.paths[0] == "toolbox/samples/data/img/garin__o0__0.jpg" and old.fingerprint == "unknown"
    assert old.search(old.descriptors, 1)[1][:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6]
    old.save("index")
    assert sir.Index.load("index").labels.equals(old.labels)
    model = sir.Model.pretrained(backbone="resnet18", weights="builtin", add_fc=[8], input_size=32, device="cpu")
    with pytest.raises(sir.DataError, match="descriptors of 4 numbers, and those of the model have 8"):
        sir.Index.import_(OF_TOOLBOX / "kdtree_protocol2.npz", model=model)
    with pytest.raises(sir.DataError, match="holds results, and no index"):
        sir.Index.import_(OF_TOOLBOX / "pred_gt_protocol2.npz")


def test_arrays_and_flat_indexes_are_imported_with_their_tables(index, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    index.to_faiss("silk.faiss")
    np.save("silk.npy", index.descriptors)
    for name in ("silk.faiss", "silk.npy"):
        again = sir.Index.import_(name, table="silk_images.csv")
        assert np.array_equal(again.descriptors, index.descriptors) and again.labels.equals(index.labels)
        assert pathlib.Path(again.paths[3]).resolve() == pathlib.Path(index.paths[3]).resolve()
        with pytest.raises(sir.ConfigurationError, match="give a table"):
            sir.Index.import_(name)


def test_the_functions_take_files_of_the_toolbox(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    for name in ("kdtree", "pred_gt"):
        (tmp_path / f"old/{name}.npz").write_bytes((OF_TOOLBOX / f"{name}_protocol4.npz").read_bytes())
    model = sir.Model.pretrained(backbone="resnet18", weights="builtin", add_fc=[4], input_size=32, device="cpu")
    model.save("model")
    queries = ("master_file_prediction.txt", trained / "samples")
    with pytest.warns(sir.SilknowWarning, match="`old/kdtree.npz` is of the Python toolbox and is imported in passing"):
        sir.get_kNN_parameter("old", *queries, True, "model", 3, "kNN", device="cpu")
    found = pd.read_csv("kNN/kNN_LUT.csv")
    assert len(found) and "samples/data/img/garin__o0__0.jpg" in pathlib.Path("kNN/kNN_LUT.csv").read_text()
    with pytest.warns(sir.SilknowWarning, match="`old/pred_gt.npz` is of the Python toolbox"):
        sir.evaluate_model_parameter("old", "evaluation")
    assert "Overall Accuracy: 33.33 %" in pathlib.Path("evaluation/place_evaluation_results.txt").read_text()
    # An index of another model is refused as long as its descriptors tell.
    with pytest.raises(sir.DataError, match="descriptors of 4 numbers, and those of the model have 8"):
        sir.get_kNN_parameter("old", *queries, True, trained / "output_files/Default", 3, "kNN", device="cpu")


def test_results_are_written_in_the_old_layout_too(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(trained)
    sir.build_kDTree_configfile(
        "Configuration_build_kDTree.txt", savepath=tmp_path / "tree", old_layout=True, device="cpu"
    )
    sir.get_kNN_configfile(
        "Configuration_get_kNN.txt", treepath=tmp_path / "tree", savepath=tmp_path / "kNN", old_layout=True, device="cpu"
    )
    tree = np.load(tmp_path / "tree/old_layout/kdtree.npz", allow_pickle=True)["arr_0"].item()
    index = sir.Index.load(tmp_path / "tree")
    assert np.array_equal(np.asarray(tree["Tree"], np.float32), index.descriptors)
    first, labels = next(iter(tree["DictTrain"].items()))
    # Paths lead to the images from the working directory, and labels are names.
    assert pathlib.Path(first).is_file() and labels["technique"][0] in ("damask", "velvet")
    old = np.load(tmp_path / "kNN/old_layout/pred_gt.npz", allow_pickle=True)["arr_0"].item()
    new = np.load(tmp_path / "kNN/pred_gt.npz")
    assert old["Groundtruth"].shape == new["Groundtruth"].shape
    assert set(np.unique(old["Predictions"])) <= {"ES", "FR", "damask", "velvet", "nan"}


def test_images_go_where_the_function_put_them_then(collection, tmp_path, monkeypatch):
    assert inspect.signature(sir.create_dataset_parameter).parameters["imgsavepath"].default == "../data/"
    (tmp_path / "toolbox").mkdir()
    monkeypatch.chdir(tmp_path / "toolbox")
    dataset = {name: value for name, value in SMALL_DATASET.items() if name != "imgsavepath"}
    sir.create_dataset_parameter(collection / "export.csv", **dataset)
    assert len(list((tmp_path / "data/img").iterdir())) == 60
    # The collections lead there from their own folder.
    assert "../../data/img/" in (tmp_path / "toolbox/samples/collection_1.txt").read_text()
