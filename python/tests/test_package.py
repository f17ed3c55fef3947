"""The package as a whole: its example, its stubs, its example notebook."""

import doctest
import pathlib
import re
import subprocess
import sys

import pytest

import silknow_image_retrieval as sir
from silknow_image_retrieval import estimators

REPOSITORY = pathlib.Path(__file__).parents[2]


def test_it_is_the_installed_package():
    assert "site-packages" in sir.__file__


def test_the_example_in_the_documentation_is_true():
    for module, examples in ((sir, 6), (estimators, 4)):
        outcome = doctest.testmod(module)
        assert outcome.attempted >= examples and outcome.failed == 0


def test_the_stubs_describe_what_is_there(tmp_path):
    modules = ["silknow_image_retrieval", "silk_retrieval_functions"]
    # The bases of the estimators have no types, so that the stubs leave them out. Parameters of get_kNN_parameter that must
    # be given have a default for Python, because they come after some that need not.
    ignored = tmp_path / "ignored.txt"
    ignored.write_text("silknow_image_retrieval.estimators.*\n.*get_kNN_parameter\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", *modules, "--allowlist", ignored, "--ignore-unused-allowlist"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("checker", [["-m", "mypy", "--no-error-summary"], ["-m", "basedpyright", "--pythonpath", sys.executable]])
def test_type_checkers_find_mistakes_in_calls(checker, tmp_path):
    """Also that they know the installed package: otherwise they would find none."""
    script = pathlib.Path(__file__).parent / "typing/mistakes.py"
    copied = tmp_path / "mistakes.py"
    copied.write_text(script.read_text())
    done = subprocess.run([sys.executable, *checker, copied], cwd=tmp_path, capture_output=True, text=True)
    found = {int(line) for line in re.findall(r"mistakes\.py:(\d+)(?::\d+)?(?: -|:) error", done.stdout)}
    lines = script.read_text().splitlines()
    assert found == {number for number, line in enumerate(lines, 1) if "# mistake" in line}, done.stdout


def test_importing_and_searching_is_free_of_warnings():
    script = (
        "import numpy as np, silknow_image_retrieval as sir; from silk_retrieval_functions import *;"
        "sir.Index.from_descriptors(np.eye(3, dtype=np.float32)).search(np.eye(3, dtype=np.float32), 2)"
    )
    done = subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_notebook_runs_and_shows_pictures(tmp_path):
    import nbclient
    import nbformat

    said = []

    class Client(nbclient.NotebookClient):
        def process_message(self, message, cell, cell_index):
            said.append(message["content"].get("data", {}).get("text/plain", ""))
            return super().process_message(message, cell, cell_index)

    notebook = nbformat.read(REPOSITORY / "examples/neighbours.ipynb", as_version=4)
    Client(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in shown)
    # Progress was shown in its place, and nothing of it stays.
    assert any(re.fullmatch(r"weaving pictures: \d+ of 95", text) for text in said)
    streams = [output["text"] for output in shown if output["output_type"] == "stream"]
    # The one image that is cut is named, and nothing else is printed.
    assert len(streams) == 1 and streams[0].count("is skipped") == 1 and "is cut" in streams[0]
    assert not [output for output in shown if "weaving pictures" in str(output)]
