"""Makes the files of this folder with Pillow: `python make_reference.py` (made with Pillow 13.0, NumPy 2).

resize/     pictures, and what `Image.resize(..., BILINEAR, box=...)` makes of their centre crops
cmyk/       CMYK and YCCK JPEG files, and their conversion to RGB
upright/    one picture stored in all eight EXIF orientations, and the picture itself
files/      kinds of files that other programs write: 16 bit, palette, an animation
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

HERE = Path(__file__).parent


def folder(name):
    path = HERE / name
    path.mkdir(exist_ok=True)
    return path


def picture(width, height, seed):
    """Stripes, a gradient and noise: every pixel differs from its neighbours."""
    noise = np.random.default_rng(seed).integers(0, 60, (height, width, 3))
    y, x = np.mgrid[0:height, 0:width]
    stripes = np.where((x // 3 + y // 2) % 2 == 0, 120, 20)[..., None]
    ramp = np.stack([x * 70 / width, y * 70 / height, (x + y) * 70 / (width + height)], axis=-1)
    return Image.fromarray((noise + stripes + ramp).astype(np.uint8))


def make_resize():
    out = folder("resize")
    cases = [(61, 45, 24, 1.0), (37, 91, 24, 1.0), (20, 20, 32, 1.0), (33, 32, 32, 1.0), (150, 101, 16, 1.0),
             (61, 45, 24, 0.7), (80, 81, 32, 0.85), (1, 1, 8, 1.0), (1, 50, 8, 1.0)]
    for number, (width, height, size, share) in enumerate(cases):
        source = picture(width, height, number)
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        square = source.crop((left, top, left + side, top + side))
        margin = side * (1 - share) / 2
        resized = square.resize((size, size), Image.BILINEAR, box=(margin, margin, side - margin, side - margin))
        name = f"{width}x{height}_to_{size}_share_{share}"
        source.save(out / f"{name}_source.png")
        resized.save(out / f"{name}_resized.png")


def make_cmyk():
    out = folder("cmyk")
    y, x = np.mgrid[0:16, 0:24]
    inks = np.stack([x * 10, y * 15, 240 - x * 10, (x + y) * 3], axis=-1).astype(np.uint8)
    Image.fromarray(inks, "CMYK").save(out / "cmyk.jpg", quality=95)
    cmyk = (out / "cmyk.jpg").read_bytes()
    # The byte behind Adobe's segment says which colour transform was used: 0 none, 2 YCCK.
    at = cmyk.index(b"Adobe") + 11
    assert cmyk[at] == 0
    (out / "ycck.jpg").write_bytes(cmyk[:at] + b"\x02" + cmyk[at + 1 :])
    for name in ["cmyk", "ycck"]:
        Image.open(out / f"{name}.jpg").convert("RGB").save(out / f"{name}_rgb.png")


def make_upright():
    out = folder("upright")
    x, y = np.meshgrid(np.linspace(0, 1, 24), np.linspace(0, 1, 16))
    upright = Image.fromarray((np.stack([x, y, 1 - x], axis=-1) * 255).astype(np.uint8))
    upright.save(out / "upright.png")
    undo = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}
    for orientation in range(1, 9):
        stored = upright.transpose(undo[orientation]) if orientation in undo else upright
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored.save(out / f"orientation_{orientation}.jpg", quality=95, subsampling=0, exif=exif)
        shown = ImageOps.exif_transpose(Image.open(out / f"orientation_{orientation}.jpg"))
        difference = np.abs(np.asarray(shown).astype(int) - np.asarray(upright).astype(int))
        assert difference.max() < 12, (orientation, difference.max())


def make_files():
    out = folder("files")
    ramp = (np.arange(24 * 16).reshape(16, 24) * 170).astype(np.uint16)
    Image.fromarray(ramp).save(out / "grey_16_bit.png")
    Image.fromarray(ramp).save(out / "grey_16_bit.tif")
    Image.fromarray(np.rint(ramp / 257).astype(np.uint8)).save(out / "grey_8_bit.png")
    plain = picture(24, 16, 99).quantize(16)
    plain.save(out / "palette.png")
    plain.convert("RGB").save(out / "palette_rgb.png")
    plain.save(out / "animation.gif", save_all=True, append_images=[picture(24, 16, 98).quantize(16)])
    picture(24, 16, 97).save(out / "progressive.jpg", progressive=True, quality=90)


if __name__ == "__main__":
    make_resize()
    make_cmyk()
    make_upright()
    make_files()
