"""Makes metrics.json: random classifications and scikit-learn's figures of them.

Run with scikit-learn and numpy: python make_metrics.py > metrics.json
"""

import json
import sys
import warnings

import numpy as np
import sklearn
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

warnings.filterwarnings("ignore")
random = np.random.default_rng(20)


def case(classes, samples, right, missing):
    """A case with `classes` classes of which some may not occur; `right` and `missing` are probabilities."""
    truth = random.choice(classes, size=samples, p=random.dirichlet(np.ones(classes) * 0.7))
    guess = random.integers(0, classes, size=samples)
    prediction = np.where(random.random(samples) < right, truth, guess)
    truth = np.where(random.random(samples) < missing, -1, truth)
    prediction = np.where(random.random(samples) < missing, -1, prediction)
    known = (truth >= 0) & (prediction >= 0)
    t, p = truth[known], prediction[known]
    labels = np.union1d(t, p)
    precision, recall, f1, support = precision_recall_fscore_support(t, p, labels=labels, zero_division=0)
    return {
        "classes": classes,
        "truth": truth.tolist(),
        "predictions": prediction.tolist(),
        "labels": labels.tolist(),
        "confusion_matrix": confusion_matrix(t, p, labels=labels).tolist(),
        "accuracy": accuracy_score(t, p),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "support": support.tolist(),
        "f1_macro": f1_score(t, p, average="macro", zero_division=0),
    }


cases = [
    case(2, 30, 0.8, 0.0),
    case(5, 60, 0.6, 0.1),
    case(9, 40, 0.3, 0.2),
    case(12, 25, 0.0, 0.3),
    case(1, 10, 1.0, 0.0),
    case(60, 200, 0.7, 0.05),
]
json.dump({"scikit-learn": sklearn.__version__, "cases": cases}, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
