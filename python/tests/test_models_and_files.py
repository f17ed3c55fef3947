"""Models and indices as files and pickles, descriptors that remember their model, images that cannot be read."""

import copy
import pickle
import shutil
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import silknow_image_retrieval as sir


@pytest.fixture(scope="module")
def model(trained):
    return sir.Model.load(trained / "output_files/Default", device="cpu")


@pytest.fixture(scope="module")
def other():
    return sir.Model.pretrained(backbone="resnet18", weights="builtin", add_fc=[8], input_size=32, device="cpu")


@pytest.fixture(scope="module")
def images(trained):
    return sorted((trained / "samples/data/img").iterdir())[:5]


@pytest.fixture(scope="module")
def described(model, images):
    return model.describe(images)


@pytest.fixture
def cut(tmp_path):
    path = tmp_path / "cut.jpg"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, size=(64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:700])
    return path


def test_images_that_cannot_be_read_are_skipped_on_request(model, images, described, cut, tmp_path):
    with pytest.raises(sir.DataError, match="cut.jpg"):
        model.describe([*images, cut])
    mixed = [images[0], cut, images[1], tmp_path / "absent.jpg", images[2]]
    with pytest.warns(sir.SilknowWarning) as said:
        found = model.describe(mixed, on_error="skip", batch_size=2)
    assert np.isnan(found).any(axis=1).tolist() == [False, True, False, True, False]
    assert np.isnan(found[[1, 3]]).all() and np.array_equal(found[[0, 2, 4]], described[:3])
    messages = [str(warning.message) for warning in said]
    assert len(messages) == 2
    assert messages[0].startswith("images[1] is skipped: ") and "cut.jpg" in messages[0] and "is cut" in messages[0]
    assert messages[1].startswith("images[3] is skipped: ") and "absent.jpg" in messages[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(model.describe(images, on_error="skip"), described)


def test_images_that_pil_cannot_read_are_skipped_on_request(model, images, described, cut):
    with Image.open(cut) as image, pytest.warns(sir.SilknowWarning, match=r"images\[1\] is skipped: PIL cannot read"):
        found = model.describe([images[0], image, images[1]], on_error="skip")
    assert np.array_equal(found[[0, 2]], described[:2]) and np.isnan(found[1]).all()
    with Image.open(cut) as image, pytest.warns(sir.SilknowWarning):
        assert np.isnan(model.describe(image, on_error="skip")).all()
    # What is no image at all is a mistake of the caller.
    with pytest.raises(sir.ConfigurationError):
        model.describe([images[0], 3], on_error="skip")


def test_descriptors_remember_their_model(model, other, described):
    assert isinstance(described, sir.Descriptors) and isinstance(described, np.ndarray)
    known = [
        described[1:3], described[0], described[[2, 0]], described[described[:, 0] > -2], described.copy(),
        np.concatenate([described, described[:2]]), np.vstack([described, described]), described[0][None],
        pickle.loads(pickle.dumps(described)), copy.deepcopy(described), described.astype(np.float64), np.sort(described, 0),
    ]
    assert [each.fingerprint for each in known] == [model.fingerprint] * len(known)
    assert np.array_equal(known[5], np.asarray(described)[[0, 1, 2, 3, 4, 0, 1]])
    strangers = other.describe(np.zeros((2, 32, 32, 3), np.uint8))
    unknown = [
        np.concatenate([described, strangers]), np.concatenate([described, np.zeros((1, 8))]),
        np.hstack([described, described]), described[:, :3],
    ]
    assert [getattr(each, "fingerprint", "") for each in unknown] == [""] * len(unknown)
    for calculated in (described * 2, described @ described.T, described.mean(axis=0), np.linalg.norm(described)):
        assert not isinstance(calculated, sir.Descriptors)
    changed = described.copy()
    changed *= 2
    assert np.array_equal(changed, np.asarray(described) * 2)


def test_an_index_refuses_descriptors_of_another_model(model, other, described):
    index = sir.Index.from_descriptors(described)
    assert index.fingerprint == model.fingerprint and index.descriptors.fingerprint == model.fingerprint
    strangers = other.describe(np.zeros((2, 32, 32, 3), np.uint8))
    calls = [
        lambda: index.search(strangers, 1),
        lambda: index.radius_search(strangers, 1),
        lambda: index.predict(strangers, 1),
        lambda: index.predict_proba(strangers, 1),
        lambda: index.add(strangers),
    ]
    for call in calls:
        with pytest.raises(sir.DataError, match="another model.*\n.*with the model of the index"):
            call()
    with pytest.raises(sir.DataError, match="another model than `model`"):
        sir.Index.from_descriptors(strangers, model=model)
    # Of plain arrays nothing is known, and of an index without a model neither.
    assert index.search(np.asarray(strangers), 1)[1].shape == (2, 1)
    assert sir.Index.from_descriptors(np.asarray(described)).search(strangers, 1)[1].shape == (2, 1)
    assert sir.Index.from_descriptors(np.asarray(described), model=model).fingerprint == model.fingerprint


def test_a_model_is_saved_and_loaded(model, other, images, described, tmp_path, trained, monkeypatch):
    model.save(tmp_path / "a")
    read = sir.Model.load(tmp_path / "a", device="cpu")
    assert read.fingerprint == model.fingerprint and read.variables == model.variables
    assert np.array_equal(read.describe(images), described)
    other.save(tmp_path / "b")
    assert sir.Model.load(tmp_path / "b", device="cpu").fingerprint == other.fingerprint
    # The folder is found again from another working directory.
    monkeypatch.chdir(trained)
    relative = sir.Model.load("output_files/Default", device="cpu")
    monkeypatch.chdir(tmp_path)
    relative.save("c")
    assert (tmp_path / "c/model.json").exists()


def test_a_model_whose_folder_has_changed_is_not_saved(model, other, tmp_path):
    model.save(tmp_path / "a")
    read = sir.Model.load(tmp_path / "a", device="cpu")
    other.save(tmp_path / "a")
    with pytest.raises(sir.DataError, match="now holds another model"):
        read.save(tmp_path / "b")
    with pytest.raises(sir.DataError, match="now holds another model"):
        pickle.dumps(read)
    shutil.rmtree(tmp_path / "a")
    with pytest.raises(sir.DataError, match="holds no model"):
        read.save(tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_models_are_pickled_and_copied(model, other, images, described, tmp_path):
    model.save(tmp_path / "a")
    loaded = sir.Model.load(tmp_path / "a", device="cpu")
    stored = pickle.dumps(loaded)
    # The pickle needs nothing of the folder.
    shutil.rmtree(tmp_path / "a")
    read = pickle.loads(stored)
    assert repr(read) == repr(loaded) and np.array_equal(read.describe(images), described)
    # It can be pickled and saved once more.
    read.save(tmp_path / "b")
    assert pickle.loads(pickle.dumps(read)).fingerprint == model.fingerprint
    joblib.dump(other, tmp_path / "model.joblib")
    assert joblib.load(tmp_path / "model.joblib").fingerprint == other.fingerprint
    assert copy.deepcopy(model) is model and copy.copy(model) is model


def test_indices_are_pickled_and_copied(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(trained)
    index = sir.Index.load("output_files/kDTree")
    joblib.dump(index, tmp_path / "index.joblib")
    for read in (pickle.loads(pickle.dumps(index)), joblib.load(tmp_path / "index.joblib"), copy.deepcopy(index)):
        assert read.names == index.names and np.array_equal(read.descriptors, index.descriptors)
        assert read.labels.equals(index.labels) and read.records.equals(index.records)
        assert read.fingerprint == index.fingerprint and read.paths == index.paths
    made = sir.Index.from_descriptors(np.eye(3), "abc".split() * 3, {"a": [["x y", "z"], None, 3]})
    read = pickle.loads(pickle.dumps(made))
    assert read.labels.equals(made.labels) and read.paths == made.paths == ["abc"] * 3
    copied = copy.deepcopy(made)
    copied.remove("a=3")
    assert (len(copied), len(made)) == (2, 3)
    empty = pickle.loads(pickle.dumps(sir.Index.from_descriptors(np.zeros((0, 4)))))
    assert len(empty) == 0 and empty.dimensions == 4


def test_a_data_frame_in_place_of_a_path_is_explained():
    table = pd.DataFrame({"obj": ["a"]})
    for call in (
        lambda: sir.create_dataset_parameter(table),
        lambda: sir.create_dataset_parameter(csvfile=table),
        lambda: sir.train_model_parameter(master_dir=table),
        lambda: sir.create_dataset_configfile(table),
        lambda: sir.Index.load(table),
    ):
        with pytest.raises(sir.ConfigurationError, match="is a table of type DataFrame.*\n.*table.to_csv") as caught:
            call()
        assert 'to_csv("export.csv", index=False)' in str(caught.value)
