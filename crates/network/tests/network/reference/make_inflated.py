"""Makes inflated.pth of this folder with Python alone. Not needed to run the tests.

A checkpoint of one tensor whose numbers are all one and the same, and more than the file has bytes.
"""

import pathlib
import zipfile

NUMBERS = 64_000_001


def short(text):
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


def long(number):
    return b"\x8a\x05" + number.to_bytes(5, "little")


# {"conv1.weight": torch._utils._rebuild_tensor_v2(("storage", FloatStorage, "0", "cpu", 1), 0, (N,), (0,), False, {})}
pickled = (
    b"\x80\x02}" + short("conv1.weight") + b"ctorch._utils\n_rebuild_tensor_v2\n(("
    + short("storage") + b"ctorch\nFloatStorage\n" + short("0") + short("cpu") + long(1) + b"tQK\x00("
    + long(NUMBERS) + b"t(K\x00t\x89ccollections\nOrderedDict\n)RtRs."
)
with zipfile.ZipFile(pathlib.Path(__file__).parent / "inflated.pth", "w", zipfile.ZIP_DEFLATED) as archive:
    for name, content in [("data.pkl", pickled), ("version", b"3\n"), ("data/0", bytes(4))]:
        archive.writestr(zipfile.ZipInfo("archive/" + name), content, zipfile.ZIP_DEFLATED)
