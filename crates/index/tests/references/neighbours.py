"""Makes neighbours.npz: neighbours by scikit-learn's KDTree, for the test `neighbours_are_those_of_scikit_learn`.

Run: python neighbours.py   (numpy, scikit-learn; made with scikit-learn 1.9.1, numpy 2.4.6)
"""

from pathlib import Path

import numpy as np
from sklearn.neighbors import KDTree

arrays = {}
for dims in (2, 8, 32):
    random = np.random.default_rng(dims)
    descriptors = random.standard_normal((120, dims)).astype(np.float32)
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
    queries = random.standard_normal((10, dims)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    tree = KDTree(descriptors.astype(np.float64), leaf_size=2)
    distances, positions = tree.query(queries.astype(np.float64), k=6)
    arrays[f"descriptors_{dims}"] = descriptors
    arrays[f"queries_{dims}"] = queries
    arrays[f"positions_{dims}"] = positions.astype(np.int32)
    arrays[f"distances_{dims}"] = distances
np.savez(Path(__file__).with_name("neighbours.npz"), **arrays)
