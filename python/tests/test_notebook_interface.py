"""Models and indices: arrays in and out, compared with the command line, NumPy and scikit-learn."""

import os
import pathlib
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.neighbors import KDTree, NearestNeighbors

import silknow_image_retrieval as sir


@pytest.fixture(scope="module")
def model(trained):
    return sir.Model.load(trained / "output_files/Default", device="cpu")


@pytest.fixture(scope="module")
def index(trained):
    return sir.Index.load(trained / "output_files/kDTree")


def random_units(count, dimensions, seed):
    values = np.random.default_rng(seed).normal(size=(count, dimensions))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("dimensions", [4, 128])
def test_search_finds_what_scikit_learn_finds(dimensions):
    stored, queries = random_units(700, dimensions, 1), random_units(90, dimensions, 2)
    distances, positions = sir.Index.from_descriptors(stored).search(queries, 6)
    assert distances.dtype == np.float32 and positions.dtype == np.int64
    for distances_there, positions_there in (
        KDTree(stored).query(queries, 6),
        NearestNeighbors(n_neighbors=6).fit(stored).kneighbors(queries),
    ):
        assert np.array_equal(positions, positions_there)
        np.testing.assert_allclose(distances, distances_there, rtol=1e-5, atol=1e-6)


def test_an_index_holds_what_the_old_format_s_keys_hold(index, trained):
    file = np.load(trained / "output_files/kDTree/kdtree.npz")
    assert {"Tree", "Labels", "DictTrain", "relevant_variables", "label2class_list"} <= set(file.files)
    assert np.array_equal(file["Tree"], index.descriptors) and file["Tree"].dtype == np.float32
    assert tuple(file["DictTrain"]) == index.names and index.names is index.names
    assert file["relevant_variables"].tolist() == index.variables
    classes = file["label2class_list"]
    for column, variable in enumerate(index.variables):
        assert classes[column, 0] == variable
        expected = [None if code < 0 else classes[column, 1 + code] for code in file["Labels"][:, column]]
        assert index.labels[variable].astype(object).where(index.labels[variable].notna(), None).tolist() == expected


def test_a_model_describes_files_as_the_command_line_does(model, index, trained, silknow, tmp_path):
    images = sorted((trained / "samples/data/img").iterdir())[:9]
    out = tmp_path / "descriptors.npy"
    silknow(trained, "describe", *images, "--model_path", "output_files/Default", "--out", out, "--device", "cpu")
    described = model.describe(images)
    assert described.dtype == np.float32 and described.shape == (9, 8) == (9, model.dimensions)
    assert np.array_equal(described, np.load(out))
    assert np.array_equal(model.describe(str(images[3]), batch_size=1), described[3:4])


def test_paths_pil_images_and_arrays_are_described_alike(model, tmp_path):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, size=(5, 70, 90, 3), dtype=np.uint8)
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for image, path in zip(pixels, paths):
        Image.fromarray(image).save(path)
    described = model.describe(pixels)
    assert np.array_equal(model.describe(paths), described)
    assert np.array_equal(model.describe([Image.open(path) for path in paths]), described)
    assert np.array_equal(model.describe([str(paths[0]), Image.open(paths[1]), pixels[2]]), described[:3])
    assert np.array_equal(model.describe(pixels[4]), described[4:])
    assert np.array_equal(model.describe(pixels[::2, ::-1]), model.describe(pixels[::2, ::-1].copy()))
    assert np.array_equal(model.describe(np.array([str(path) for path in paths])), described)
    assert np.array_equal(model.describe(iter(paths)), described)
    assert model.describe([]).shape == (0, 8)


def image_of_mode(mode):
    pixels = np.random.default_rng(1).integers(0, 256, size=(64, 64, 4), dtype=np.uint8)
    if mode.startswith("I;16"):
        return Image.frombytes(mode, (64, 64), pixels[..., :2].tobytes())
    if mode in ("I", "F"):
        return Image.fromarray(pixels[..., 0].astype(np.int32 if mode == "I" else np.float32))
    image = Image.fromarray(pixels, "RGBA")
    return image.convert("P").convert(mode) if mode == "PA" else image.convert("RGB" if mode == "LAB" else mode)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "I;16B"])
def test_images_of_every_mode_are_described_as_their_files(model, tmp_path, mode):
    image, path = image_of_mode(mode), tmp_path / "image.png"
    image.save(path)
    assert np.array_equal(model.describe(image), model.describe(path))


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "HSV", "RGBX", "PA", "RGBa"])
def test_images_of_modes_that_are_no_file_s_are_described_as_their_colours(model, mode):
    image = image_of_mode(mode)
    # Without alpha the colours are all there is; with it, they lie on white.
    meant = image.convert("RGBA") if mode in ("PA", "RGBa") else image.convert("RGB")
    assert np.array_equal(model.describe(image), model.describe(meant))


@pytest.mark.parametrize("mode", ["I", "F"])
def test_images_whose_white_is_unknown_are_refused(model, mode):
    with pytest.raises(sir.ConfigurationError, match=rf"`images\[1\]` is a PIL image of mode {mode}.*\n.*mode L"):
        model.describe([image_of_mode("L"), image_of_mode(mode)])


def test_an_image_that_pil_cannot_read_to_its_end_is_named(model, tmp_path):
    image_of_mode("L").save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:700])
    with Image.open(tmp_path / "cut.jpg") as cut:
        with pytest.raises(sir.DataError, match=r"PIL cannot read `images\[0\]`") as caught:
            model.describe([cut])
    assert isinstance(caught.value.__cause__, OSError)


def test_arrays_of_every_kind_are_read(index):
    queries = index.descriptors[:5]
    expected = index.search(queries, 3)
    read_only = queries.copy()
    read_only.flags.writeable = False
    shifted = np.frombuffer(b"x" + queries.tobytes(), np.uint8)[1:].view(np.float32).reshape(queries.shape)
    kinds = [np.asfortranarray(queries), np.repeat(queries, 2, 1)[:, ::2], queries[::-1].copy()[::-1], read_only, shifted]
    kinds += [queries.astype(float), queries.astype(">f4"), queries.tolist(), list(queries), pd.DataFrame(queries)]
    for found in [index.search(kind, np.int64(3)) for kind in kinds]:
        assert all(map(np.array_equal, found, expected))
    assert [part.shape for part in index.search(queries[:0], 3)] == [(0, 3), (0, 3)]


def test_the_orientation_of_a_photograph_is_applied(model, tmp_path):
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, size=(64, 96, 3), dtype=np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.png", exif=exif)
    turned = Image.open(tmp_path / "turned.png")
    assert np.array_equal(model.describe(turned), model.describe(image.transpose(Image.Transpose.ROTATE_270)))


def test_neighbours_and_predictions_are_those_of_the_command_line(model, index, trained):
    file = np.load(trained / "output_files/kNN/pred_gt.npz")
    queries = [trained / "output_files/kNN" / name for name in file["names"]]
    described = model.describe(queries)
    distances, positions = index.search(described)
    assert np.array_equal(distances, file["neighbour_distances"]) and positions.shape[1] == 6
    predicted = index.predict(described, k=6)
    classes = {row[0]: row[1:] for row in file["label2class_list"]}
    for column, variable in enumerate(index.variables):
        assert predicted[variable].tolist() == [classes[variable][code] for code in file["Predictions"][:, column]]
    assert all(pathlib.Path(path).exists() for path in index.paths)


def test_labels_are_a_data_frame_or_plain_where_pandas_is_missing(index, monkeypatch):
    frame = index.labels
    assert isinstance(frame, pd.DataFrame) and len(frame) == len(index) and list(frame) == index.variables
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    plain = index.labels
    assert isinstance(plain, dict) and list(plain) == index.variables
    assert plain["technique"] == frame["technique"].tolist() and None in plain["place"]


def test_an_index_of_descriptors_comes_back_from_its_folder(model, tmp_path):
    descriptors = random_units(4, 3, 5)
    labels = {"place": ["ES", None, "FR", "nan"], "depiction": ["flower", "bird", float("nan"), "bird"]}
    made = sir.Index.from_descriptors(descriptors, ["a", "b", "c", "d"], labels, model=model)
    made.save(tmp_path / "index")
    read = sir.Index.load(tmp_path / "index")
    assert np.array_equal(read.descriptors, descriptors) and read.names == ("a", "b", "c", "d")
    assert read.labels.equals(made.labels) and read.labels["place"].isna().tolist() == [False, True, False, True]
    assert read.fingerprint == model.fingerprint and len(read) == 4
    assert read.paths == [os.path.relpath(tmp_path / "index" / name) for name in "abcd"]
    again = sir.Index.from_descriptors(descriptors, map(pathlib.Path, read.names), read.labels)
    assert again.labels.equals(read.labels) and again.names == read.names
    assert sir.Index.from_descriptors(descriptors).labels.shape == (4, 0)


def test_evaluations_give_numbers(trained):
    summary = sir.evaluate_folder(trained / "output_files/kNN")
    place = summary["variables"][0]
    assert place["variable"] == "place" and 0 <= summary["mean_f1"] <= 1 and place["ranking"]["k"] == 6
    truth = pd.DataFrame({"place": ["ES", "FR", "FR", None], "depiction": ["bird"] * 4})
    predictions = {"depiction": ["bird", "bird", "flower", None], "place": ["ES", "ES", "FR", "FR"]}
    place, depiction = sir.evaluate(truth, predictions)["variables"]
    assert place["accuracy"] == pytest.approx(2 / 3) and place["evaluated"] == 3
    assert place["confusion_matrix"]["counts"] == [[1, 0], [1, 1]]
    assert depiction["accuracy"] == pytest.approx(2 / 3)


def test_objects_say_what_they_are(model, index):
    assert "resnet18" in repr(model) and "8 dimensions" in repr(model) and "place, technique" in repr(model)
    assert f"{len(index)} images" in repr(index) and "kDTree" in repr(index)


def test_too_many_neighbours_are_warned_of(index):
    with pytest.warns(sir.SilknowWarning, match="1000 neighbours are asked for"):
        assert index.search(index.descriptors[:2], 1000)[0].shape == (2, len(index))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(sir.SilknowWarning):
            index.search(index.descriptors[:2], 1000)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (3, "`images` is of type int"),
        ([3], r"`images\[0\]` is of type int"),
        ({"a": 1}, "`images` is of type dict"),
        ({"a"}, "`images` is of type set"),
        (b"a.jpg", "`images` is of type bytes"),
        (np.zeros((2, 8, 8, 3)), r"`images` has dtype float64; uint8 .*\n.*scale the values to 0 to 255"),
        (np.zeros((2, 8), np.uint8), r"`images` has shape \[2, 8\]; uint8"),
        ([np.zeros((2, 8), np.uint8)], r"`images\[0\]` has shape \[2, 8\]; uint8 \[H, W, 3\]"),
        (np.zeros((2, 8, 8, 4), np.uint8), r"an image of shape \[8, 8, 4\]"),
        (np.zeros((1, 0, 8, 3), np.uint8), r"an image of shape \[0, 8, 3\]"),
    ],
)
def test_images_of_the_wrong_type_shape_or_dtype_are_named(model, images, message):
    with pytest.raises(sir.ConfigurationError, match=message):
        model.describe(images)


def test_other_wrong_arguments_are_named(model, index, tmp_path):
    queries = index.descriptors
    doubled = pd.DataFrame([["b", "c"]] * len(queries), columns=["a", "a"])
    for call, message in [
        (lambda: index.search([["a", "b"]]), "`descriptors` is of type list; numbers"),
        (lambda: index.search([[1, 2], [3]]), "`descriptors` is a list that makes no array"),
        (lambda: index.search(None), "`descriptors` is of type NoneType; numbers"),
        (lambda: index.search({"a": 1}), "`descriptors` is of type dict; numbers"),
        (lambda: index.search(queries.astype(complex)), "`descriptors` has dtype complex128"),
        (lambda: index.search(queries[0]), r"`descriptors` has shape \[8\]; numbers \[N, D\]"),
        (lambda: index.search(queries[:, :5].copy()), "`descriptors` has 5 dimensions, and the index has 8"),
        (lambda: index.search(queries, 0), "`k` must be a whole number of at least 1, but it is `0`"),
        (lambda: index.search(queries, -1), "`k` must be a whole number"),
        (lambda: index.search(queries, 2.5), "`k` must be a whole number"),
        (lambda: index.search(queries, b"2"), "`k` is of type bytes"),
        (lambda: index.search(queries, filter=3), "`filter` is of type int; a text"),
        (lambda: index.search(queries, filter="place=="), "filter"),
        (lambda: index.search(queries, filter="plaec=ES"), "did you mean `place`"),
        (lambda: index.search(queries, max_distance=-1), "`max_distance` must be a number of at least 0"),
        (lambda: index.search(queries, max_distance=float("nan")), "`max_distance` must be a number of at least 0"),
        (lambda: index.radius_search(queries, "far"), "`radius` must be a number of at least 0"),
        (lambda: index.add(queries, labels={"colour": ["red"] * len(queries)}), "a column `colour`.*\n.*place, technique"),
        (lambda: index.add(queries[:, :5]), "`descriptors` has 5 dimensions"),
        (lambda: index.remove(), "either a filter that is not empty, or names"),
        (lambda: index.remove(""), "either a filter that is not empty, or names"),
        (lambda: index.remove("place=ES", names=["a"]), "either a filter that is not empty, or names"),
        (lambda: model.describe([], on_error="ignore"), "`on_error` must be \"raise\" or \"skip\""),
        (lambda: model.describe([], batch_size="many"), "`batch_size` must be"),
        (lambda: sir.Model.load(3), "`folder` is of type int; a path"),
        (lambda: sir.Model.load(tmp_path, device="gpu"), "`device` must be"),
        (lambda: sir.Model.pretrained(bakbone="resnet18"), "unknown key `bakbone`"),
        (lambda: sir.Model.pretrained(margin=1), "`margin` is for training"),
        (lambda: sir.Index.from_descriptors(queries, "name"), "`names` is of type str"),
        (lambda: sir.Index.from_descriptors(queries, ["name", 3]), r"`names\[1\]` is of type int"),
        (lambda: sir.Index.from_descriptors(queries, labels={"a": "bc"}), "`labels` is of type dict"),
        (lambda: sir.Index.from_descriptors(queries, labels={1: []}), "`labels` has a column whose name is of type int"),
        (lambda: sir.Index.from_descriptors(queries, labels=doubled), "`labels` has two columns `a`"),
        (lambda: sir.demo_collection(tmp_path, objects=-1), "`objects` must be a whole number"),
        (lambda: sir.Index.from_descriptors(queries, labels=[1]), "`labels` is of type list"),
        (lambda: sir.Index.from_descriptors(queries, labels={"a": ["b"]}), "`labels` has 1 labels of `a`"),
        (lambda: sir.Index.from_descriptors(queries, model=3), "`model` is of type int"),
        (lambda: sir.evaluate({"a": ["x"]}, {"b": ["x"]}), "`predictions` has no column `a`"),
        (lambda: sir.evaluate({"a": [1.5]}, {"a": ["x"]}), "`truth` has the label 1.5 for `a`"),
        (lambda: sir.evaluate({"a": [{"b": 1}]}, {"a": ["x"]}), "`truth` has a label of type dict for `a`"),
        (lambda: sir.evaluate({"a": [b"x"]}, {"a": ["x"]}), "`truth` has a label of type bytes for `a`"),
    ]:
        with pytest.raises(sir.ConfigurationError, match=message):
            call()
    for call, message in [
        (lambda: sir.Model.load(tmp_path), "holds no model"),
        (lambda: sir.Index.load(tmp_path), "kdtree.npz"),
        (lambda: model.describe([tmp_path / "absent.jpg"]), "absent.jpg"),
        (lambda: index.search(queries * np.float32(np.nan)), "only finite numbers"),
        (lambda: sir.Index.from_descriptors(queries, ["one"]), "1 names for"),
        (lambda: sir.Index.from_descriptors(np.zeros((0, 0))), "0 dimensions"),
        (lambda: index.remove(names=["absent"]), "no image `absent`"),
        (lambda: index.add(queries, ["one"]), "1 names for"),
        (lambda: sir.evaluate({"a": ["b"]}, {"a": ["b", "c"]}), "1 samples have 2 predictions"),
    ]:
        with pytest.raises(sir.DataError, match=message):
            call()


def test_a_backbone_without_training_describes(collection):
    model = sir.Model.pretrained(backbone="resnet18", weights="builtin", input_size=64, device="cpu")
    described = model.describe(collection / "0a.png")
    assert described.shape == (1, 512) and np.linalg.norm(described) == pytest.approx(1, abs=1e-5)
    assert "without training" in repr(model) and model.variables == []


def test_the_precision_of_a_model_can_be_chosen(collection):
    def pretrained(**placement):
        return sir.Model.pretrained(backbone="resnet18", weights="builtin", input_size=64, **placement)

    with pytest.raises(sir.ConfigurationError, match="`precision` must be"):
        pretrained(precision="fp16")
    with pytest.raises(sir.ConfigurationError, match="the device cuda does not compute in the precision bf16"):
        pretrained(device="cuda", precision="bf16")
    image = collection / "0a.png"
    single = pretrained(device="cpu", precision="f32").describe(image)
    try:
        halved = pretrained(precision="bf16").describe(image)
    except sir.ConfigurationError as error:
        assert "no instructions for bf16" in str(error)
    else:
        assert 0 < np.linalg.norm(halved - single) < 0.05
