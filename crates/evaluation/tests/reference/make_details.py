"""Makes details.json: random sets and neighbours with the figures of scikit-learn, SciPy and NumPy.

Run with scikit-learn, scipy and numpy: python make_details.py > details.json
"""

import json
import sys
import warnings

import numpy as np
import scipy
import sklearn
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, jaccard_score, ndcg_score
from sklearn.metrics import precision_score, recall_score

warnings.filterwarnings("ignore")
random = np.random.default_rng(19)
BINS = 15


def set_case(classes, samples, size, right):
    """Samples with sets of `size` classes on average, of which `right` are predicted; some sets are empty (missing)."""
    truth = random.random((samples, classes)) < size / classes
    prediction = np.where(random.random(truth.shape) < right, truth, random.random(truth.shape) < size / classes)
    known = truth.any(1) & prediction.any(1)
    t, p = truth[known], prediction[known]
    occurring = t.any(0) | p.any(0)
    t, p = t[:, occurring], p[:, occurring]
    return {
        "truth": [np.flatnonzero(row).tolist() for row in truth],
        "predictions": [np.flatnonzero(row).tolist() for row in prediction],
        "evaluated": int(known.sum()),
        "exact_match": accuracy_score(t, p),
        "micro_precision": precision_score(t, p, average="micro", zero_division=0),
        "micro_recall": recall_score(t, p, average="micro", zero_division=0),
        "micro_f1": f1_score(t, p, average="micro", zero_division=0),
        "macro_f1": f1_score(t, p, average="macro", zero_division=0),
        "jaccard": jaccard_score(t, p, average="samples", zero_division=0),
    }


def votes(labels, weights):
    """The class with the highest share among known labels, nearest first, and its share."""
    shares = {}
    for label, weight in zip(labels, weights):
        if label >= 0:
            shares[label] = shares.get(label, 0.0) + weight
    if not shares:
        return -1, 0.0
    best = max(shares.values())
    winner = next(label for label, share in shares.items() if share >= best - 1e-15)
    return int(winner), float(shares[winner] / sum(shares.values()))


def neighbour_case(samples, k, variables, classes, temperature):
    """Queries with k neighbours; `temperature` 0 is the majority."""
    truth = random.integers(-1, classes, size=(samples, variables))
    near = np.where(random.random((samples, k, variables)) < 0.45, truth[:, None, :],
                    random.integers(-1, classes, size=(samples, k, variables)))
    distances = np.sort(random.uniform(0.1, 1.2, size=(samples, k)).astype(np.float32), axis=1)
    weights = np.exp(-distances.astype(np.float64) ** 2 / temperature) if temperature else np.ones(distances.shape)
    predictions = np.zeros((samples, variables), int)
    case = {"k": k, "classes": classes, "temperature": temperature, "truth": truth.ravel().tolist(),
            "labels": near.ravel().tolist(), "distances": [float(d) for d in distances.ravel()], "variables": []}
    for v in range(variables):
        confidences, right, first, precisions = [], [], [], []
        for q in range(samples):
            predictions[q, v], confidence = votes(near[q, :, v], weights[q])
            judged = near[q, near[q, :, v] >= 0, v]
            if truth[q, v] < 0 or len(judged) == 0:
                continue
            confidences.append(confidence)
            right.append(predictions[q, v] == truth[q, v])
            matches = judged == truth[q, v]
            first.append(np.flatnonzero(matches)[0] if matches.any() else k)
            precisions.append(average_precision_score(matches, -np.arange(len(matches))) if matches.any() else 0.0)
        confidences, right, first = np.array(confidences), np.array(right), np.array(first)
        bins = np.clip(np.ceil(confidences * BINS - 1e-9).astype(int), 1, BINS)
        error = sum((bins == b).mean() * abs(right[bins == b].mean() - confidences[bins == b].mean())
                    for b in np.unique(bins))
        case["variables"].append({
            "calibration_error": float(error),
            "overconfidence": float(confidences.mean() - right.mean()),
            "mean_average_precision": float(np.mean(precisions)),
            "recall_at": [[at, float((first < at).mean())] for at in (1, 2, 4, k)],
        })
    gains, grades_of = [], []
    for q in range(samples):
        both = (near[q] >= 0) & (truth[q] >= 0)
        grades = [(near[q, n] == truth[q])[both[n]].mean() for n in range(k) if both[n].any()]
        if grades:
            grades_of.append(np.mean(grades))
            # scikit-learn has no gain for a single document, whose order cannot be wrong.
            gains.append(ndcg_score([grades], [-np.arange(len(grades))]) if len(grades) > 1 else float(grades[0] > 0))
    case["predictions"] = predictions.ravel().tolist()
    case["ndcg"], case["mean_grade"] = float(np.mean(gains)), float(np.mean(grades_of))
    return case


pairs = [(0, 0), (3, 3), (1, 9), (0, 12), (14, 31), (210, 260), (1500, 1480)]
json.dump({
    "scikit-learn": sklearn.__version__,
    "scipy": scipy.__version__,
    "sets": [set_case(6, 80, 2.0, 0.8), set_case(12, 60, 3.0, 0.5), set_case(4, 25, 1.2, 0.9)],
    "neighbours": [neighbour_case(60, 6, 3, 4, 0.0), neighbour_case(40, 15, 2, 6, 0.1)],
    "mcnemar": [[a, b, binomtest(min(a, b), a + b).pvalue if a + b else 1.0] for a, b in pairs],
}, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
