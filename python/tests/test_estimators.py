"""The estimators: scikit-learn's own checks, pipelines, copies."""

import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import silknow_image_retrieval as sir
from silknow_image_retrieval.estimators import ImageDescriber, RetrievalClassifier


@parametrize_with_checks([RetrievalClassifier(), RetrievalClassifier(k=1), RetrievalClassifier(temperature=0.5)])
def test_scikit_learn_s_own_checks_pass(estimator, check):
    check(estimator)


@pytest.fixture
def samples():
    random = np.random.default_rng(2)
    classes = np.arange(300) % 3
    return random.normal(size=(300, 4)) + classes[:, None], classes


def test_it_predicts_what_scikit_learn_s_own_classifier_predicts(samples):
    X, y = samples
    ours, theirs = RetrievalClassifier(k=5).fit(X[:200], y[:200]), KNeighborsClassifier(5).fit(X[:200], y[:200])
    assert np.allclose(ours.predict_proba(X[200:]), theirs.predict_proba(X[200:]))
    clear = np.sort(theirs.predict_proba(X[200:]))[:, -2:] @ [-1, 1] > 0
    assert np.array_equal(ours.predict(X[200:])[clear], theirs.predict(X[200:])[clear]) and clear.sum() > 50
    assert np.array_equal(ours.kneighbors(X[200:])[1], theirs.kneighbors(X[200:])[1])
    assert ours.kneighbors(X[200:], 2)[0].shape == (100, 2)


def test_near_neighbours_may_count_more(samples):
    X, y = samples
    weights = lambda distances: np.exp(-(distances**2) / 0.5)  # noqa: E731
    theirs = KNeighborsClassifier(9, weights=weights).fit(X[:200], y[:200])
    ours = RetrievalClassifier(k=9, temperature=0.5).fit(X[:200], y[:200])
    assert np.allclose(ours.predict_proba(X[200:]), theirs.predict_proba(X[200:]), atol=1e-5)
    assert np.isfinite(RetrievalClassifier(temperature=1e-300).fit(X, y).predict_proba(X + 1)).all()
    with pytest.raises(ValueError, match="temperature must be above 0"):
        RetrievalClassifier(temperature=0).fit(X, y).predict(X)


def test_a_tie_goes_to_the_class_with_the_nearest_neighbour():
    classifier = RetrievalClassifier(k=4).fit([[0], [1], [2], [3]], ["b", "a", "a", "b"])
    assert classifier.predict([[-1], [1.1]]).tolist() == ["b", "a"]
    shares = classifier.predict_proba([[-1], [1.1]])
    assert np.allclose(shares, 0.5) and shares.argmax(axis=1).tolist() == [1, 0]


def test_classes_keep_their_type(samples):
    X, y = samples
    for classes in (y, y * 10 - 5, np.array(["x", "y", "z"])[y], y == 1):
        predicted = RetrievalClassifier().fit(X, classes).predict(X[:9])
        assert predicted.dtype == classes.dtype and set(predicted) <= set(classes)


def test_it_works_in_searches_and_cross_validation(samples):
    X, y = samples
    assert cross_val_score(RetrievalClassifier(), X, y).mean() > 0.5
    search = GridSearchCV(RetrievalClassifier(), {"k": [1, 5]}).fit(X, y)
    assert search.best_params_["k"] in (1, 5)


def test_images_go_through_a_pipeline(collection, tmp_path):
    images = [str(collection / f"{number}a.png") for number in range(24)]
    places = ["ES" if number % 2 == 0 else "FR" for number in range(24)]
    model = sir.Model.pretrained(backbone="resnet18", weights="builtin", input_size=64, device="cpu")
    pipeline = make_pipeline(ImageDescriber(model, batch_size=8), RetrievalClassifier(k=3))
    pipeline.fit(images[:16], places[:16])
    assert pipeline.predict(images[16:]).tolist() == places[16:]
    joblib.dump(pipeline, tmp_path / "pipeline.joblib")
    assert joblib.load(tmp_path / "pipeline.joblib").predict(images[16:]).tolist() == places[16:]
    copied = clone(pipeline)
    assert copied[0].get_params() == {"model": model, "batch_size": 8, "on_error": "raise"}
    assert copied.set_params(retrievalclassifier__k=1).fit(images[:8], places[:8]).score(images[8:], places[8:]) > 0.9


def test_a_describer_takes_a_folder_and_describes_as_its_model_does(trained, collection):
    import pandas as pd

    folder = trained / "output_files/Default"
    describer = ImageDescriber(folder, on_error="skip")
    images = [collection / "0a.png", collection / "1a.png"]
    described = describer.fit_transform(images)
    assert np.array_equal(described, sir.Model.load(folder).describe(images)) and len(clone(describer).get_params()) == 3
    assert np.array_equal(describer.transform(pd.Series([str(path) for path in images])), described)
    assert len(describer.get_feature_names_out()) == 8
    with pytest.warns(sir.SilknowWarning, match="absent"):
        assert np.isnan(describer.transform(["absent.png"])).all()


def test_without_scikit_learn_the_package_works_and_the_estimators_say_what_is_missing():
    script = (
        "import sys; sys.modules['sklearn'] = None; sys.modules['sklearn.base'] = None\n"
        "import silknow_image_retrieval\n"
        "try:\n    import silknow_image_retrieval.estimators\nexcept ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "pip install scikit-learn" in done.stdout
