"""The twelve functions: their names, signatures and documentation, and the same files as the command line's."""

import inspect
import pathlib
import pydoc

import numpy as np
import pytest

import silk_retrieval_functions
import silknow_image_retrieval as sir
from conftest import MUSEUMS, SMALL_DATASET, SMALL_TRAINING

TRAINING = """train_batch_size how_many_training_steps learning_rate add_fc hub_num_retrain loss_ind relevant_variables
how_often_validation val_percentage"""
AUGMENTATION = "random_crop random_rotation90 gaussian_noise flip_left_right flip_up_down"

# As the toolbox's documentation has them.
DOCUMENTED = {
    "create_dataset": "csvfile imgsavepath minnumsamples retaincollections num_labeled",
    "train_model": f"master_file master_dir logpath {TRAINING} {AUGMENTATION}",
    "build_kDTree": "model_path master_file_tree master_dir_tree relevant_variables savepath",
    "get_kNN": "treepath master_file_prediction master_dir_prediction bool_labeled_input model_path num_neighbors "
    "savepath",
    "evaluate_model": "pred_gt_path result_path",
    "crossvalidation": f"masterfile_name_crossval masterfile_dir_crossval logpath {TRAINING} num_neighbors "
    f"{AUGMENTATION}",
}


@pytest.mark.parametrize("operation", DOCUMENTED)
def test_the_documented_parameters_come_first_and_in_order(operation):
    function = getattr(sir, f"{operation}_parameter")
    parameters = inspect.signature(function).parameters.values()
    positional = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert positional == DOCUMENTED[operation].split()
    assert all(each.kind is each.KEYWORD_ONLY for each in parameters if each.name not in positional)


def test_the_signature_shows_the_documented_defaults():
    def shown(function):
        return {name: each.default for name, each in inspect.signature(function).parameters.items()}

    defaults = shown(sir.train_model_parameter)
    assert defaults["master_file"] == "master_file_tree.txt"
    assert defaults["add_fc"] == [1024, 128] and defaults["random_crop"] == [0.7, 1]
    assert defaults["learning_rate"] == 1e-4 and defaults["flip_up_down"] is True
    assert defaults["relevant_variables"] == ["place", "timespan", "material", "technique", "depiction"]
    assert shown(sir.crossvalidation_parameter)["masterfile_name_crossval"] == "masterfile.txt"


@pytest.mark.parametrize("operation", DOCUMENTED)
def test_both_modules_offer_both_forms_with_documentation(operation):
    for form in ("configfile", "parameter"):
        name = f"{operation}_{form}"
        function = getattr(sir, name)
        assert getattr(silk_retrieval_functions, name) is function
        page = pydoc.plain(pydoc.render_doc(function))
        assert name in page and "Parameters" in page and "Raises" in page
        if form == "parameter":
            assert all(f"{parameter} :" in page for parameter in inspect.signature(function).parameters)


def flags(values):
    """Values as flags of the command line."""
    for name, value in values.items():
        yield f"--{name}"
        yield ", ".join(value) if value and isinstance(value, list) and isinstance(value[0], str) else str(value)


def texts(folder):
    """The text outputs below a folder, by their relative paths, but for the table that tells when each image was fetched."""
    endings = {".txt", ".csv", ".json", ".html"}
    files = (path for path in folder.rglob("*") if path.suffix in endings and path.name != "image_sources.csv")
    return {path.relative_to(folder): path.read_bytes() for path in files}


def test_both_forms_write_the_same_texts_as_the_command_line(collection, silknow, tmp_path, monkeypatch):
    # The three folders lie side by side, so that paths relative to them are the same.
    command_line, configfile, parameter = (tmp_path / name for name in ("a", "b", "c"))
    for folder in (command_line, configfile, parameter):
        folder.mkdir()
    csvfile = collection / "export.csv"
    training = SMALL_TRAINING
    folders = {
        "model_path": "./output_files/Default/",
        "master_file_tree": "master_file_tree.txt",
        "master_dir_tree": "./samples/",
    }
    queries = {"master_file_prediction": "master_file_prediction.txt", "master_dir_prediction": "./samples/"}

    silknow(command_line, "create-dataset", "--csvfile", csvfile, *flags(SMALL_DATASET))
    silknow(command_line, "train-model", "--config", "Configuration_train_model.txt", *flags(training))
    silknow(command_line, "build-kdtree", "--config", "Configuration_build_kDTree.txt", "--device", "cpu")
    silknow(command_line, "get-knn", "--config", "Configuration_get_kNN.txt", "--device", "cpu")
    silknow(command_line, "evaluate-model", "--config", "Configuration_evaluate_model.txt")
    silknow(command_line, "crossvalidation", "--config", "Configuration_crossvalidation.txt", *flags(training))

    monkeypatch.chdir(configfile)
    pathlib.Path("Configuration_create_dataset.txt").write_text(
        f"****DATASET****\ncsvfile; {csvfile}\nimgsavepath; ./samples/data/\nminnumsamples; 3\n"
        f"retaincollections; {', '.join(MUSEUMS)}\nnum_labeled; 1\n"
    )
    sir.create_dataset_configfile("Configuration_create_dataset.txt")
    sir.train_model_configfile("Configuration_train_model.txt", **training)
    sir.build_kDTree_configfile("Configuration_build_kDTree.txt", device="cpu")
    sir.get_kNN_configfile(configfile="Configuration_get_kNN.txt", device="cpu")
    sir.evaluate_model_configfile(pathlib.Path("Configuration_evaluate_model.txt"))
    sir.crossvalidation_configfile("Configuration_crossvalidation.txt", **training)
    pathlib.Path("Configuration_create_dataset.txt").unlink()

    monkeypatch.chdir(parameter)
    sir.create_dataset_parameter(str(csvfile), "./samples/data", 3, MUSEUMS, 1)
    sir.train_model_parameter("master_file_tree.txt", "./samples/", "./output_files/Default/", **training)
    index = "./output_files/kDTree/"
    sir.build_kDTree_parameter(
        **folders, relevant_variables=["place", "technique"], savepath=index, device="cpu"
    )
    sir.get_kNN_parameter(
        index, *queries.values(), True, "./output_files/Default/", 6, "./output_files/kNN/", device="cpu"
    )
    sir.evaluate_model_parameter("./output_files/kNN/", "./output_files/Evaluation/")
    sir.crossvalidation_parameter(
        "masterfile.txt", "./samples/", logpath="./output_files/Crossvalidation/", num_neighbors=6, **training
    )

    expected = texts(command_line)
    assert len(expected) > 60 and pathlib.Path("output_files/kNN/knn_list.txt") in expected
    for folder in (configfile, parameter):
        found = texts(folder)
        assert sorted(found) == sorted(expected)
        assert [path for path in expected if found[path] != expected[path]] == []


def test_the_summary_is_printed_as_on_the_command_line(trained, silknow, monkeypatch, capsys):
    monkeypatch.chdir(trained)
    sir.evaluate_model_configfile("Configuration_evaluate_model.txt")
    assert capsys.readouterr().out == silknow(trained, "evaluate-model", "--config", "Configuration_evaluate_model.txt")


def test_values_of_numpy_are_read_as_python_s(tmp_path):
    values = dict(
        learning_rate=np.array(0.1), train_batch_size=np.int8(4), flip_up_down=np.bool_(True), add_fc=np.array([8, 4]),
        random_crop=(np.float32(0.5), 1), relevant_variables=np.array(["place"]), master_dir=tmp_path,
    )
    # All of them are read before the folder is found empty.
    with pytest.raises(sir.DataError, match="master_file_tree.txt"):
        sir.train_model_parameter(**values)


def test_errors_are_the_command_lines_with_their_hints(tmp_path):
    with pytest.raises(sir.ConfigurationError, match="`num_labeled` must be a whole number from 0 to 5") as caught:
        sir.create_dataset_parameter("export.csv", num_labeled=6)
    assert caught.value.hint and isinstance(caught.value, sir.SilknowError)
    with pytest.raises(sir.ConfigurationError, match="unknown key `lerning_rate`.*\n.*`learning_rate`"):
        sir.train_model_parameter(lerning_rate=1e-3)
    with pytest.raises(sir.ConfigurationError, match="the key `csvfile` of create-dataset is missing"):
        sir.create_dataset_parameter()
    with pytest.raises(sir.ConfigurationError, match="`add_fc` is of type dict"):
        sir.train_model_parameter(add_fc={"a": 1})
    with pytest.raises(sir.ConfigurationError, match="`savepath` holds bytes that are no text"):
        sir.build_kDTree_parameter(savepath="\udcff")
    with pytest.raises(sir.ConfigurationError, match="`configfile` is of type NoneType"):
        sir.create_dataset_configfile(None)
    with pytest.raises(sir.ConfigurationError, match="`relevant_variables` holds `a,b`"):
        sir.train_model_parameter(relevant_variables=["a,b"])
    with pytest.raises(sir.DataError, match="pred_gt.npz"):
        sir.evaluate_model_parameter(tmp_path, tmp_path)
    with pytest.raises(TypeError, match="2 positional arguments"):
        sir.evaluate_model_parameter("a", "b", "c")
    with pytest.raises(TypeError, match="several values for `pred_gt_path`"):
        sir.evaluate_model_parameter("a", pred_gt_path="b")
