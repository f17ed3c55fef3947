"""What an index does beside searching: filters, distances, adding, removing, shares of votes."""

import concurrent.futures
import os

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

import silknow_image_retrieval as sir

NAMES = ["garin__1__a.jpg", "garin__1__b.jpg", "mad__2__a.jpg", "mad__3__a.jpg", "plain.jpg"]
LABELS = {
    "place": ["ES", "ES", "FR", None, "IT"],
    "material": [["silk", "gold thread"], "silk", ("cotton",), {"silk"}, []],
}


@pytest.fixture
def index():
    descriptors = [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0]]
    return sir.Index.from_descriptors(descriptors, NAMES, LABELS)


@pytest.fixture
def random():
    return np.random.default_rng(4)


def known(column):
    """The cells of a column, `None` where one is missing, whatever pandas has made of that."""
    return [None if cell is None or cell != cell else cell for cell in column]


def test_a_filter_is_applied_before_the_nearest_are_chosen(index):
    distances, positions = index.search([[0.2, 0]], 2, filter="place!=ES")
    assert positions.tolist() == [[2, 3]] and np.allclose(distances, [[1.8, 2.8]])
    assert index.search([[0.2, 0]], 1, filter="museum=mad, place=?")[1].tolist() == [[3]]
    assert index.search([[3, 0]], 1, filter="material=gold thread")[1].tolist() == [[0]]
    assert index.search([[3, 0]], 1, filter='object="1", image!=garin__1__b.jpg')[1].tolist() == [[0]]
    assert index.predict([[2, 0]], 1, filter="place!=FR")["place"].tolist() == ["ES"]


def test_a_filter_that_cannot_be_read_is_refused_with_the_position(index):
    with pytest.raises(sir.ConfigurationError, match="position|character"):
        index.search([[0, 0]], filter="place=ES,, place=FR")
    with pytest.raises(sir.ConfigurationError, match="`place=SE`.*\n.*the classes of `place` are"):
        index.search([[0, 0]], 3, filter="place=SE")


def test_where_fewer_neighbours_are_left_rows_end_with_infinity_and_minus_one(index):
    distances, positions = index.search([[0, 0], [4, 0]], 3, max_distance=1)
    assert positions.tolist() == [[0, 1, -1], [4, 3, -1]]
    assert distances.tolist() == [[0, 1, np.inf], [0, 1, np.inf]]
    assert distances.dtype == np.float32 and positions.dtype == np.int64
    assert index.search([[0, 0]], 3, filter="place=FR")[1].tolist() == [[2, -1, -1]]


def test_the_query_itself_can_be_left_out(index):
    distances, positions = index.search(index.descriptors, 1, exclude_self=True)
    assert positions.ravel().tolist() == [1, 0, 1, 2, 3] and distances.tolist() == [[1]] * 5
    assert [list(row) for row in index.radius_search([[1, 0]], 1, exclude_self=True)[1]] == [[0, 2]]


def test_a_search_by_distance_finds_what_scikit_learn_finds(random):
    stored, queries = random.normal(size=(900, 5)), random.normal(size=(70, 5))
    index = sir.Index.from_descriptors(stored)
    for radius in (0.05, 0.8, 9):
        distances, positions = index.radius_search(queries, radius)
        expected = NearestNeighbors(radius=radius).fit(stored).radius_neighbors(queries, sort_results=True)
        assert distances.shape == positions.shape == (70,) and distances.dtype == object
        for found, there in zip(positions, expected[1]):
            assert found.dtype == np.int64 and np.array_equal(found, there)
        for found, there in zip(distances, expected[0]):
            np.testing.assert_allclose(found, there, rtol=1e-4, atol=1e-5)


def test_a_search_by_distance_can_be_filtered_and_find_nothing(index):
    distances, positions = index.radius_search([[0, 0], [9, 9]], 3, filter="place!=ES")
    assert [row.tolist() for row in positions] == [[2, 3], []] and distances[0].tolist() == [2, 3]
    assert len(index.radius_search(np.zeros((0, 2)), 3)[0]) == 0


def test_images_are_added_with_new_classes(index):
    names = index.names
    index.add([[0.5, 0], [9, 0]], ["new.jpg", "far.jpg"], pd.DataFrame({"place": ["PT", np.nan]}))
    index.add([[20.0, 0]])
    assert index.names == (*names, "new.jpg", "far.jpg", "7") and len(index) == 8
    assert index.labels["place"].tolist()[5] == "PT" and index.labels["material"].isna().tolist()[4:] == [True] * 4
    assert index.search([[0.5, 0]], 1)[1].tolist() == [[5]]
    assert index.search([[20, 0]], 1, filter="place=PT")[1].tolist() == [[5]]


def test_an_index_may_begin_empty():
    index = sir.Index.from_descriptors(np.zeros((0, 2)), labels={"place": []})
    assert len(index) == 0 and index.descriptors.shape == (0, 2) and index.labels.shape == (0, 1)
    with pytest.warns(sir.SilknowWarning, match="6 neighbours"):
        assert [part.shape for part in index.search([[0, 0]])] == [(1, 0), (1, 0)]
    assert len(index.radius_search([[0, 0]], 9)[0][0]) == 0
    index.add([[1, 1]], ["a"], {"place": ["ES"]})
    assert index.predict([[0, 0]], 1)["place"].tolist() == ["ES"]


def test_images_are_removed_by_a_filter_or_by_their_names(index):
    assert index.remove("place=ES, material=gold thread") == 1
    assert index.names == tuple(NAMES[1:])
    assert index.remove(names=["plain.jpg", "mad__2__a.jpg"]) == 2
    assert index.names == ("garin__1__b.jpg", "mad__3__a.jpg")
    assert index.descriptors.tolist() == [[1, 0], [3, 0]]
    assert index.search([[3, 0]], 1)[1].tolist() == [[1]]
    assert index.remove("place=FR|IT") == 0
    assert index.remove("image=garin__1__b.jpg|mad__3__a.jpg") == 2 and len(index) == 0


def test_a_change_that_fails_leaves_the_index_as_it_was(index):
    with pytest.raises(sir.DataError, match="nan|NaN"):
        index.add([[0, np.nan]], ["bad.jpg"], {"place": ["XX"]})
    assert index.names == tuple(NAMES) and "XX" not in index.predict_proba([[0, 0]], 1)["place"]


def test_shares_of_votes_are_a_table_per_variable(index):
    shares = index.predict_proba([[0.4, 0], [3, 0.1]], 3)
    assert list(shares) == index.variables
    place = shares["place"]
    assert isinstance(place, pd.DataFrame) and list(place) == ["ES", "FR", "IT"]
    assert np.allclose(place, [[2 / 3, 1 / 3, 0], [0, 1 / 2, 1 / 2]])
    # An image with two materials votes for both, so that the shares of the three neighbours do not sum to 1.
    assert np.allclose(shares["material"].loc[0, ["gold thread", "silk", "cotton"]].astype(float), [1 / 3, 2 / 3, 1 / 3])
    assert index.predict_proba([[3, 0]], 1)["place"].isna().all(axis=None)
    assert index.predict([[3, 0]], 1)["place"].isna().all()


def test_near_neighbours_may_count_more(index):
    # The distances are .1 (FR), .9 (ES), 1.1 (unknown) and 1.9 (ES).
    weights = np.exp(-np.array([0.1, 0.9, 1.9]) ** 2 / 0.5)
    shares = index.predict_proba([[1.9, 0]], 4, temperature=0.5)["place"]
    assert np.allclose(shares, [[weights[1:].sum() / weights.sum(), weights[0] / weights.sum(), 0]], atol=1e-6)
    assert index.predict([[1.9, 0]], 4)["place"].tolist() == ["ES"]
    assert index.predict([[1.9, 0]], 4, temperature=0.5)["place"].tolist() == ["FR"]
    for wrong in (0, -1, "model"):
        with pytest.raises(sir.ConfigurationError, match="temperature"):
            index.predict([[0, 0]], temperature=wrong)


def test_labels_may_be_numbers_truth_values_and_sets():
    labels = pd.DataFrame({"year": [1750, np.nan, 1800], "mended": [True, False, None]})
    index = sir.Index.from_descriptors(np.eye(3), labels=labels)
    assert known(index.labels["year"]) == ["1750", None, "1800"]
    assert index.labels["mended"].tolist()[:2] == ["True", "False"]
    plain = sir.Index.from_descriptors(np.eye(3), labels={"a": np.array([3, 1, 3]), "b": np.array([True, False, True])})
    assert plain.labels.values.tolist() == [["3", "True"], ["1", "False"], ["3", "True"]]
    sets = {"a": [["x y", 2], frozenset(), np.array(["z"])]}
    index = sir.Index.from_descriptors(np.eye(3), labels=sets)
    assert known(index.labels["a"]) == [("2", "x y"), None, "z"]
    again = sir.Index.from_descriptors(np.eye(3), labels=index.labels)
    assert again.labels.equals(index.labels)
    assert sir.evaluate({"a": [1, 2]}, {"a": ["1", 3.0]})["mean_accuracy"] == 0.5


def test_what_is_known_of_objects_is_a_table(index, monkeypatch):
    records = index.records
    assert isinstance(records, pd.DataFrame)
    assert list(records) == ["name", "object", "address", "museum", "title", "source"]
    assert records["name"].tolist() == NAMES
    assert known(records["museum"]) == ["garin", "garin", "mad", "mad", None]
    assert records["object"].tolist()[:4] == ["1", "1", "2", "3"]
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    assert index.records["title"] == [None] * 5


def test_paths_open_from_where_the_script_runs(trained, monkeypatch, tmp_path):
    index = sir.Index.load(trained / "output_files/kDTree")
    for folder in (trained, tmp_path):
        monkeypatch.chdir(folder)
        assert all(os.path.exists(path) and not os.path.isabs(path) for path in index.paths)


def test_records_of_a_collection_tell_the_objects_of_its_table(trained):
    records = sir.Index.load(trained / "output_files/kDTree").records
    assert records["address"].str.startswith("http://data.silknow.org/object/").all()
    assert set(records["museum"]) <= {"garin", "mad"}


def test_threads_may_add_remove_and_search_at_once(random):
    stored = random.normal(size=(400, 6))
    index = sir.Index.from_descriptors(stored, labels={"a": ["x"] * 400})

    def work(number):
        name = f"extra{number}"
        index.add(stored[number : number + 1] + 100, [name])
        _, positions = index.search(stored[:50], 1)
        assert positions.ravel().tolist() == list(range(50))
        return index.remove(names=[name])

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(40))) == [1] * 40
    assert len(index) == 400 and np.array_equal(index.descriptors, stored.astype(np.float32))
