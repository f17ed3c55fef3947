"""A script as users write it, for the type checkers alone: it is not run."""

from pathlib import Path

import numpy as np
import silk_retrieval_functions as documented
import silknow_image_retrieval as sir
from silknow_image_retrieval import d46
from silknow_image_retrieval.estimators import ImageDescriber, RetrievalClassifier

documented.create_dataset_parameter("export.csv", "./samples/data/", 150, ["garin", "imatex"], 1)
sir.train_model_configfile("Configuration_train_model.txt", learning_rate=1e-3, relevant_variables=["place"])
sir.train_model_parameter(add_fc=[64, 32], backbone="resnet18")
sir.build_kDTree_parameter("./model/", "master_file_tree.txt", Path("./samples/"), ["place"], "./index/")
sir.get_kNN_parameter(
    "./index/", "queries.txt", "./samples/", model_path="./model/", savepath="./kNN/", num_neighbors=3
)
sir.get_kNN_parameter("./index/", "queries.txt", "./samples/", True, "./model/", 3, "./kNN/")
sir.get_kNN_parameter("./index/", "queries.txt", "./samples/", True, "./model/", savepath="./kNN/")

model = sir.Model.load("./model/", device="cpu")
descriptors = model.describe(["a.jpg", Path("b.jpg"), np.zeros((8, 8, 3), np.uint8)], on_error="skip")
good: list[bool] = [bool(np.isfinite(row).all()) for row in descriptors]
index = sir.Index.from_descriptors(descriptors, ["a.jpg", "b.jpg", "c.jpg"], {"place": ["ES", None, ["FR", "IT"]]})
distances, positions = index.search(descriptors, k=6, filter="place=ES|FR", max_distance=0.8, exclude_self=True)
neighbours: list[str] = [index.paths[int(position)] for position in positions[0] if position >= 0]
near: list[float] = [float(distance) for distance in distances[0]]
lists, _ = index.radius_search(descriptors, 0.5)
first: np.float32 = distances[0, 0]
index.add([[0.0, 1.0]], labels={"place": [1]})
removed: int = index.remove(names=["a.jpg"])
old = sir.Index.import_("old/kdtree.npz", images_root=Path("toolbox"), model=model)
sir.Model.import_("old/logs", variables=["place"], pixels="ours").save("./imported/")
old.to_parquet("silk.parquet")
old.to_faiss(Path("silk.faiss"))
old.to_tsv("silk.tsv")
model.to_onnx("silk.onnx", features=True)
shares = index.predict_proba(descriptors)["place"]["ES"]
f1: float = sir.evaluate_folder("./kNN/")["mean_f1"]

classifier = RetrievalClassifier(k=3).fit(descriptors, ["ES", "FR", "IT"])
score: float = classifier.score(ImageDescriber(model).fit_transform(["a.jpg"]), ["ES"])

d46.create_dataset_parameter("export.csv", "./samples/data/", "./samples/", "rules.txt", category_group=["fabrics"])
tree = d46.preload_kd_tree("./tree/")
d46.get_kNN_from_preloaded_cnn_and_tree(*tree, "retrieval.txt", "./samples/", d46.preload_cnn_model("./model/"), "./kNN/")

try:
    sir.demo_collection("./silk", objects=3)
except sir.SilknowError as error:
    print(error.hint)
