"""How work runs: beside other threads, in other processes, until Ctrl-C, with progress on stderr."""

import concurrent.futures
import csv
import http.server
import io
import os
import re
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from PIL import Image

import silknow_image_retrieval as sir

# Ctrl-C stops within a second; beside other work on the same cores it may take a little longer.
PATIENCE_SECONDS = 2


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


def test_threads_share_a_model_and_an_index(trained):
    model = sir.Model.load(trained / "output_files/Default", device="cpu")
    images = np.random.default_rng(0).integers(0, 256, size=(24, 64, 64, 3), dtype=np.uint8)
    # The batches are the threads', so that not even the rounding differs.
    expected = model.describe(images, batch_size=4)
    index = sir.Index.from_descriptors(expected)

    def ask(start):
        described = model.describe(images[start : start + 4])
        return described, index.search(described, 1)[1].ravel()

    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, range(0, 24, 4)))
    assert np.array_equal(np.concatenate([described for described, _ in answers]), expected)
    assert np.concatenate([positions for _, positions in answers]).tolist() == list(range(24))


def run_script(script, **options):
    """A script of its own, where Ctrl-C does what it does at a terminal, whoever runs the tests."""
    begin = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    return subprocess.Popen([sys.executable, "-c", begin + textwrap.dedent(script)], text=True, **options)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_says_that_it_cannot_work():
    """Its threads stayed behind: without the refusal it would wait for them for ever."""
    script = """
        import os
        import numpy as np
        import silknow_image_retrieval as sir
        descriptors = np.eye(200, dtype=np.float32)
        index = sir.Index.from_descriptors(descriptors)
        if os.fork() == 0:
            try:
                index.search(descriptors)
            except sir.SilknowError as error:
                print(error, flush=True)
        else:
            os.wait()
    """
    process = run_script(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = process.communicate(timeout=60)[0]
    assert "this process was forked" in said and 'multiprocessing.get_context("spawn")' in said


def interrupt(process):
    """Presses Ctrl-C and gives what the script printed about it; it may end later."""
    process.send_signal(signal.SIGINT)
    pressed = time.monotonic()
    line = process.stdout.readline()
    assert time.monotonic() - pressed < PATIENCE_SECONDS
    assert process.wait(60) == 0
    return line


def temporary_files(folder):
    names = [path.name for path in folder.rglob("*")]
    # The file that writers lock stays, so that no two of them can lock different ones.
    return [name for name in names if "tmp" in name or (name.startswith(".") and name != ".silknow.lock")]


def test_interrupted_training_leaves_nothing_half_written(trained):
    script = """
        import silknow_image_retrieval as sir
        try:
            sir.train_model_configfile(
                "Configuration_train_model.txt", logpath="./endless", how_many_training_steps=10**9,
                backbone="resnet18", weights="builtin", input_size=64, device="cpu", augmented_views=1,
                how_often_validation=1, relevant_variables=["technique"], add_fc=[8], train_batch_size=20,
            )
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    process = run_script(script, cwd=trained, stdout=subprocess.PIPE)
    log = trained / "endless/train"
    while not log.exists():
        assert process.poll() is None
        time.sleep(0.05)
    assert interrupt(process) == "interrupted\n"
    left = [path.name for path in (trained / "endless").rglob("*")]
    assert any("checkpoint" in name for name in left) and "model.json" not in left
    assert temporary_files(trained / "endless") == []


class SlowHost(http.server.BaseHTTPRequestHandler):
    """Sends a picture byte by byte until it is told to hurry."""

    hurry = threading.Event()
    asked = threading.Event()
    picture = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.picture)))
        self.end_headers()
        self.asked.set()
        try:
            for byte in self.picture:
                if not self.hurry.is_set():
                    self.wfile.flush()
                    time.sleep(0.05)
                self.wfile.write(bytes([byte]))
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


def test_interrupted_downloads_leave_nothing_half_written_and_go_on(tmp_path):
    picture = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, size=(20, 20, 3), dtype=np.uint8)).save(picture, "PNG")
    SlowHost.picture = picture.getvalue()
    host = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SlowHost)
    threading.Thread(target=host.serve_forever, daemon=True).start()
    with open(tmp_path / "export.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        columns = "obj museum deeplink place_country_code time_label technique_group material_group depict_group"
        rows.writerow(columns.split())
        for number in range(6):
            address = f"http://127.0.0.1:{host.server_port}/{number}.png"
            rows.writerow([f"http://o/{number}", "http://m/garin", [address], ["ES"], [], [], [], []])
    script = """
        import silknow_image_retrieval as sir
        try:
            sir.create_dataset_parameter("export.csv", "./samples/data/", 1, ["garin"], 0)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    surroundings = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = run_script(script, cwd=tmp_path, env=surroundings, stdout=subprocess.PIPE)
    assert SlowHost.asked.wait(60)
    assert interrupt(process) == "interrupted\n"
    assert temporary_files(tmp_path) == [] and not list(tmp_path.glob("samples/collection_*.txt"))
    SlowHost.hurry.set()
    process = run_script(script, cwd=tmp_path, env=surroundings, stdout=subprocess.PIPE)
    assert "6 fetched" in process.communicate(timeout=60)[0]
    host.shutdown()
    host.server_close()
    assert len(list((tmp_path / "samples/data/img").iterdir())) == 6


def test_an_interrupted_search_does_not_keep_the_process():
    script = """
        import time
        import numpy as np
        import silknow_image_retrieval as sir
        descriptors = np.random.default_rng(0).normal(size=(200_000, 64)).astype(np.float32)
        index = sir.Index.from_descriptors(descriptors)
        print("searching", flush=True)
        try:
            index.search(descriptors)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    process = run_script(script, stdout=subprocess.PIPE)
    assert process.stdout.readline() == "searching\n"
    time.sleep(0.5)
    pressed = time.monotonic()
    assert interrupt(process) == "interrupted\n"
    assert time.monotonic() - pressed < PATIENCE_SECONDS


def test_interrupted_work_that_comes_to_no_safe_point_does_not_keep_the_process(trained):
    # One batch of large pictures takes far longer than anybody waits, and is one step.
    script = """
        import silknow_image_retrieval as sir
        print("begins", flush=True)
        sir.train_model_configfile(
            "Configuration_train_model.txt", logpath="./large", backbone="resnet152", weights="none", input_size=2048,
            device="cpu", relevant_variables=["technique"], add_fc=[8],
        )
    """
    process = run_script(script, cwd=trained, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == "begins\n"
    time.sleep(3)
    pressed = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    assert time.monotonic() - pressed < 2 * PATIENCE_SECONDS
    assert not (trained / "large/model.json").exists() and temporary_files(trained / "large") == []


class Terminal:
    """What progress is drawn on; `fails` names a method that raises `failure`."""

    def __init__(self, fails=None, failure=None):
        self.written, self.fails, self.failure = "", fails, failure

    def isatty(self):
        return self.answer("isatty", True)

    def write(self, text):
        self.written += text
        return self.answer("write", len(text))

    def flush(self):
        self.answer("flush", None)

    def answer(self, method, value):
        if method == self.fails:
            raise self.failure
        return value


@pytest.fixture(scope="module")
def long_work(trained):
    """Describes enough images for several looks at the progress."""
    model = sir.Model.load(trained / "output_files/Default", device="cpu")
    images = np.zeros((600, 64, 64, 3), np.uint8)
    return lambda: model.describe(images, batch_size=4)


def test_progress_is_shown_and_can_be_switched_off(long_work, monkeypatch):
    for shown in (True, False):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        sir.show_progress(shown)
        try:
            long_work()
        finally:
            sir.show_progress()
        assert ("describing images: " in terminal.written and " of 600" in terminal.written) == shown
        assert terminal.written.endswith("\r") == shown


@pytest.mark.parametrize("method", ["isatty", "write", "flush"])
def test_work_goes_on_where_progress_cannot_be_shown(long_work, monkeypatch, method):
    monkeypatch.setattr(sys, "stderr", Terminal(method, ValueError("I/O operation on closed file")))
    assert len(long_work()) == 600


@pytest.mark.parametrize("method", ["isatty", "write", "flush"])
def test_an_interruption_while_progress_is_shown_counts(long_work, monkeypatch, method):
    monkeypatch.setattr(sys, "stderr", Terminal(method, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        long_work()


def test_a_line_of_progress_fits_into_its_terminal(trained):
    """A line that wraps cannot be drawn over."""
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    columns = 24
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 10, columns, 0, 0))
    script = """
        import numpy as np
        import silknow_image_retrieval as sir
        model = sir.Model.load("output_files/Default", device="cpu")
        model.describe(np.zeros((600, 64, 64, 3), np.uint8), batch_size=4)
    """
    process = run_script(script, cwd=trained, stderr=theirs)
    os.close(theirs)
    drawn = b""
    try:
        while piece := os.read(ours, 4096):
            drawn += piece
    except OSError:
        # This is how a terminal ends.
        pass
    os.close(ours)
    assert process.wait(60) == 0
    lines = re.split("[\r\n]+", drawn.decode())
    assert any(line.startswith("describing images: ") for line in lines)
    assert max(map(len, lines)) < columns
