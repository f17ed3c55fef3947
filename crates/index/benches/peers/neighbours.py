"""Times FAISS IndexFlatL2 and scikit-learn's KDTree (leaf size 2) on the data of `benches/neighbours.rs`, and prints
what this crate took beside them.

Run, one right after the other on a quiet machine:
    cargo bench -p silknow-index --bench neighbours
    python crates/index/benches/peers/neighbours.py [target/criterion]
(numpy, faiss-cpu, scikit-learn). Times are medians and, in brackets, the least; ratios are peer / ours: above 1 we
are faster.
"""

import json
import os
import sys
import time
from pathlib import Path

import faiss
import numpy as np
from sklearn.neighbors import KDTree

K, COUNT, QUERIES, DIMS = 6, 10_000, 1_000, 128


def unit_vectors(count, dims, seed):
    """The vectors of the bench: SplitMix64 of a counter."""
    number = np.arange(count * dims, dtype=np.uint64)
    bits = (np.uint64(seed << 40) + number + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    values = (bits >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)
    values = values.reshape(count, dims)
    return values / np.sqrt((values * values).sum(axis=1, keepdims=True))


def seconds(call, repetitions):
    times = []
    for number in range(repetitions):
        start = time.perf_counter()
        call(number)
        times.append(time.perf_counter() - start)
    return np.median(times), min(times)


def ours(folder, bench):
    """Median and least time per call that criterion kept."""
    kept = Path(folder) / "neighbours_10000x128" / bench / "new"
    sample = json.loads((kept / "sample.json").read_text())
    per_call = np.array(sample["times"]) / np.array(sample["iters"]) / 1e9
    return np.median(per_call), per_call.min()


def show(name, times, reference=None):
    median, least = (1e3 * value for value in times)
    ratio = "" if reference is None else f"   ratio {times[0] / reference[0]:.2f} ({times[1] / reference[1]:.2f})"
    print(f"  {name:34s} {median:9.3f} ms ({least:.3f}){ratio}")


descriptors = unit_vectors(COUNT, DIMS, 1)
queries = unit_vectors(QUERIES, DIMS, 2)
flat = faiss.IndexFlatL2(DIMS)
flat.add(descriptors)
tree = KDTree(descriptors, leaf_size=2)
folder = sys.argv[1] if len(sys.argv) > 1 else None

for title, bench, flat_call, tree_call in [
    ("1 query", "1_query", lambda n: flat.search(queries[n : n + 1], K), lambda n: tree.query(queries[n : n + 1], K)),
    ("1000 queries at once", "1000_queries", lambda n: flat.search(queries, K), None),
]:
    reference = ours(folder, bench) if folder else None
    print(title)
    if reference:
        show("silknow-index", reference)
    # More threads help FAISS with many queries and harm it with one: both are shown, the better one counts.
    for threads in sorted({1, os.cpu_count()}):
        faiss.omp_set_num_threads(threads)
        repetitions = 500 if bench == "1_query" else 30
        show(f"FAISS IndexFlatL2, {threads} threads", seconds(flat_call, repetitions), reference)
    if tree_call:
        show("scikit-learn KDTree, leaf size 2", seconds(tree_call, 50), reference)
