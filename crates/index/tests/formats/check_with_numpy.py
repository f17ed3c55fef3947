"""Checks that NumPy opens what this crate writes, without pickle and with the documented types; and that Python reads
the cells of kNN_LUT.csv.

Run: cargo run -p silknow-index --example sample_files -- FOLDER && python check_with_numpy.py FOLDER
     python check_with_numpy.py v1     (the committed files; they have no kNN_LUT.csv)
"""

import ast
import csv
import json
import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])


def check(name, expected):
    with np.load(folder / name, allow_pickle=False) as arrays:
        assert list(arrays) == list(expected), list(arrays)
        for key, (kind, shape) in expected.items():
            array = arrays[key]
            assert array.dtype.kind == kind and array.shape == shape, (key, array.dtype, array.shape)
            assert kind == "U" or array.dtype.itemsize == 4, (key, array.dtype)
            print(f"{name}: {key} {array.dtype} {array.shape}")
        assert json.loads(str(arrays["meta"]))["format_version"] == 1


check("kdtree.npz", {
    "Tree": ("f", (3, 2)),
    "Labels": ("i", (3, 2)),
    "DictTrain": ("U", (3,)),
    "relevant_variables": ("U", (2,)),
    "label2class_list": ("U", (2, 3)),
    "meta": ("U", ()),
})
check("pred_gt.npz", {
    "Groundtruth": ("i", (1, 2)),
    "Predictions": ("i", (1, 2)),
    "label2class_list": ("U", (2, 3)),
    "names": ("U", (1,)),
    "neighbour_names": ("U", (1, 2)),
    "neighbour_distances": ("f", (1, 2)),
    "neighbour_labels": ("i", (1, 2, 2)),
    "meta": ("U", ()),
})
table = folder / "kNN_LUT.csv"
if table.exists():
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            lists = [ast.literal_eval(row[column]) for column in list(row)[1:]]
            assert {len(cells) for cells in lists} == {2}, lists
            print("kNN_LUT.csv:", lists)
