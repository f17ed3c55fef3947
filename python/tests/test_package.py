"""The package as a whole: its example, its stubs, its example notebook, and how it is interrupted."""

import doctest
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np

import silknow_image_retrieval as sir

REPOSITORY = pathlib.Path(__file__).parents[2]


def test_it_is_the_installed_package():
    assert "site-packages" in sir.__file__


def test_the_example_in_the_documentation_is_true():
    outcome = doctest.testmod(sir)
    assert outcome.attempted > 5 and outcome.failed == 0


def test_the_stubs_describe_what_is_there(tmp_path):
    modules = ["silknow_image_retrieval", "silk_retrieval_functions"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", *modules], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_other_threads_run_during_work():
    """With the interpreter held, the other thread could not count while the search runs."""
    descriptors = np.random.default_rng(0).normal(size=(30_000, 128)).astype(np.float32)
    index = sir.Index.from_descriptors(descriptors)
    counted, done = [0], threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    before = counted[0]
    index.search(descriptors[:3000], 5)
    during = counted[0] - before
    done.set()
    counter.join()
    assert during > 10


def test_an_interruption_raises_and_leaves_nothing_half_written(trained, tmp_path):
    script = tmp_path / "endless.py"
    script.write_text(
        textwrap.dedent(
            """
            import silknow_image_retrieval as sir
            try:
                sir.train_model_configfile(
                    "Configuration_train_model.txt", logpath="./endless", how_many_training_steps=10**9,
                    backbone="resnet18", weights="builtin", input_size=64, device="cpu", augmented_views=1,
                    how_often_validation=1, relevant_variables=["technique"], add_fc=[8], train_batch_size=20,
                )
            except KeyboardInterrupt:
                print("interrupted")
            """
        )
    )
    process = subprocess.Popen([sys.executable, script], cwd=trained, stdout=subprocess.PIPE, text=True)
    log = trained / "endless/train"
    while not log.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.communicate()[0] == "interrupted\n" and process.returncode == 0
    left = [path.name for path in (trained / "endless").rglob("*")]
    assert any("checkpoint" in name for name in left)
    assert "model.json" not in left and not [name for name in left if "tmp" in name]
    assert os.access(trained / "endless", os.W_OK)


def test_progress_is_shown_and_can_be_switched_off(trained, capsys):
    class Terminal:
        def __init__(self):
            self.written = ""

        def isatty(self):
            return True

        def write(self, text):
            self.written += text

        def flush(self):
            pass

    model = sir.Model.load(trained / "output_files/Default", device="cpu")
    images = np.zeros((600, 64, 64, 3), np.uint8)
    for shown in (True, False):
        terminal, before = Terminal(), sys.stderr
        sys.stderr = terminal
        sir.show_progress(shown)
        try:
            model.describe(images, batch_size=4)
        finally:
            sys.stderr = before
            sir.show_progress()
        assert ("describing images: " in terminal.written and " of 600" in terminal.written) == shown
        assert terminal.written.endswith("\r") == shown


def test_the_notebook_runs_and_shows_pictures(tmp_path):
    import nbclient
    import nbformat

    notebook = nbformat.read(REPOSITORY / "examples/neighbours.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in shown)
