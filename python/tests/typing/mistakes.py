"""Mistakes that the type checkers must find: every line that is marked, and no other."""

import silknow_image_retrieval as sir

sir.create_dataset_parameter()  # mistake: csvfile is missing
sir.build_kDTree_parameter("./model/", "master_file_tree.txt", "./samples/", ["place"])  # mistake: savepath is missing
sir.get_kNN_parameter("./index/", "queries.txt", "./samples/")  # mistake: model_path and savepath are missing
sir.get_kNN_parameter("./index/", "q.txt", "./samples/", True, "./model/", 6)  # mistake: savepath is missing
sir.train_model_parameter(learning_rate="fast")  # mistake: no number
sir.Model.load("./model/").describe("a.jpg", on_error="ignore")  # mistake: neither raise nor skip
sir.Index.load("./index/").search([[0.0]], 6, "place=ES")  # mistake: filter goes by keyword
