"""Makes the corpus of small pictures and its manifest of expected outcomes, beside this file.

    pip install pillow numpy tifffile imagecodecs
    python make_corpus.py [faxes old_jpegs more ...]

The expected values are those of Pillow, with the EXIF orientation applied, alpha laid on white, and profiles converted to
sRGB by its ImageCms with the perceptual intent. For what Pillow does not read or clips they are computed from the array
that the file was made of. Files that must be refused have the text that the refusal must contain.
"""
import io
import json
import pathlib
import struct
import sys
import zlib

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageCms, ImageOps

OUT = pathlib.Path(__file__).parent
MANIFEST = []


def picture(width=24, height=18):
    """A gradient with a pattern, so that exchanged channels, rows and sides are seen."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    red, green = 255 * x / (width - 1), 255 * y / (height - 1)
    blue = 40 + 60 * ((x // 4 + y // 3) % 2) + 100 * (x + y) / (width + height)
    return np.stack([red, green, blue], -1).round().astype(np.uint8)


RGB = picture()
GREY = np.asarray(Image.fromarray(RGB).convert("L"))
HEIGHT, WIDTH = GREY.shape


def on_white(rgb, alpha):
    rgb, alpha = rgb.astype(float), alpha.astype(float)[..., None] / 255
    return np.rint(rgb * alpha + 255 * (1 - alpha)).astype(np.uint8)


def reference(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    alpha = None
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        alpha = np.asarray(image)[..., 3]
    if image.mode.startswith("I;16"):
        rgb = np.rint(np.asarray(image).astype(float) / 257).astype(np.uint8)
        return np.repeat(rgb[..., None], 3, -1)
    if profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}[space]
        if image.mode in (mode, "RGBA", "P"):
            image = ImageCms.profileToProfile(
                image.convert(mode), source, ImageCms.createProfile("sRGB"), renderingIntent=0, outputMode="RGB")
    rgb = np.asarray(image.convert("RGB"))
    return rgb if alpha is None else on_white(rgb, alpha)


def add(name, data, expected=None, tolerance=1, mean_tolerance=None):
    """Writes a file; `expected` is RGB, the text of a refusal, or None for what Pillow says."""
    (OUT / name).write_bytes(data)
    if isinstance(expected, str):
        MANIFEST.append({"file": name, "message": expected})
        return
    rgb = reference(data) if expected is None else np.asarray(expected)
    if rgb.ndim == 2:
        rgb = np.repeat(rgb[..., None], 3, -1)
    height, width = rgb.shape[:2]
    places = {(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1), (width // 2, height // 2),
              (width // 3, height // 4), (3 * width // 4, height // 3), (width // 5, 4 * height // 5)}
    MANIFEST.append({
        "file": name, "size": [width, height],
        "mean": [round(float(value), 2) for value in rgb.reshape(-1, 3).astype(float).mean(0)],
        "mean_tolerance": mean_tolerance or max(0.6, tolerance / 2), "tolerance": tolerance,
        "pixels": [[int(x), int(y), *map(int, rgb[y, x])] for x, y in sorted(places)]})


def saved(image, kind, **options):
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


def made(data, **options):
    """A TIFF by tifffile."""
    buffer = io.BytesIO()
    options.setdefault("metadata", None)
    tifffile.imwrite(buffer, data, **options)
    return buffer.getvalue()


def raw_tiff(tags, strips, big_endian=False, big=False, following=0):
    """A TIFF of given tags {number: (type, values)} and strips of bytes."""
    order = ">" if big_endian else "<"
    letters = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 6: "b", 7: "B", 8: "h", 9: "i", 11: "f", 12: "d", 16: "Q"}
    tags = dict(tags)
    head = 16 if big else 8
    body, offsets = b"", []
    for strip in strips:
        offsets.append(head + len(body))
        body += strip + b"\0" * (len(strip) % 2)
    tiled = 322 in tags
    tags[324 if tiled else 273] = (4, offsets)
    tags[325 if tiled else 279] = (4, [len(strip) for strip in strips])
    field = 8 if big else 4
    entries, extra = b"", b""
    place = head + len(body)
    size = (8 + 20 * len(tags) + 8) if big else (2 + 12 * len(tags) + 4)
    for number in sorted(tags):
        kind, values = tags[number]
        values = list(values) if isinstance(values, (list, tuple, bytes)) else [values]
        count = len(values) // len(letters[kind])
        packed = struct.pack(order + letters[kind] * count, *values)
        if len(packed) > field:
            at = place + size + len(extra)
            extra += packed + b"\0" * (len(packed) % 2)
            packed = struct.pack(order + ("Q" if big else "I"), at)
        entries += struct.pack(order + ("HHQ" if big else "HHI"), number, kind, count) + packed.ljust(field, b"\0")
    mark = b"MM" if big_endian else b"II"
    if big:
        header = mark + struct.pack(order + "HHHQ", 43, 8, 0, place)
        directory = struct.pack(order + "Q", len(tags)) + entries + struct.pack(order + "Q", following)
    else:
        header = mark + struct.pack(order + "HI", 42, place)
        directory = struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", following)
    return header + body + directory + extra


def basic(width, height, bits, photometric, compression=1, **more):
    tags = {256: (4, width), 257: (4, height), 258: (3, bits), 259: (3, compression), 262: (3, photometric),
            277: (3, len(bits) if isinstance(bits, list) else 1), 278: (4, height)}
    tags.update({int(key[1:]): value for key, value in more.items()})
    return tags


def pack(values, bits):
    """Rows of numbers of some bits, each row filled up to whole bytes."""
    rows = []
    for row in np.asarray(values).reshape(len(values), -1):
        text = "".join(format(int(value), f"0{bits}b") for value in row)
        text = text.ljust((len(text) + 7) // 8 * 8, "0")
        rows.append(int(text, 2).to_bytes(len(text) // 8, "big"))
    return b"".join(rows)


def scaled(values, high):
    return np.rint(np.asarray(values).astype(float) * 255 / high).astype(np.uint8)


# Profiles.

def s15(value):
    return struct.pack(">i", round(value * 65536))


def icc(space, tags, pcs=b"XYZ ", kind=b"mntr"):
    names = list(tags)
    offset = 128 + 4 + 12 * len(names)
    table, body = struct.pack(">I", len(names)), b""
    for name in names:
        data = tags[name]
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    header = bytearray(128)
    header[0:4] = struct.pack(">I", offset + len(body))
    header[8:12] = b"\x02\x10\0\0"
    header[12:16], header[16:20], header[20:24] = kind, space, pcs
    header[24:36] = struct.pack(">6H", 2024, 1, 1, 0, 0, 0)
    header[36:40] = b"acsp"
    header[68:80] = s15(0.9642) + s15(1.0) + s15(0.8249)
    return bytes(header) + table + body


def text_tag(text):
    data = text.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(data)) + data + b"\0" * 78


def xyz(values):
    return b"XYZ \0\0\0\0" + b"".join(map(s15, values))


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def curve(function, points=1024):
    values = [round(65535 * function(i / (points - 1))) for i in range(points)]
    return b"curv\0\0\0\0" + struct.pack(f">I{points}H", points, *values)


def matrix_profile(name, primaries, white, tone):
    """An RGB profile of chromaticities, brought to D50 after Bradford."""
    def column(x, y):
        return np.array([x / y, 1, (1 - x - y) / y])
    primary = np.stack([column(*p) for p in primaries], 1)
    white = column(*white)
    matrix = primary * np.linalg.solve(primary, white)
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    gain = (bradford @ [0.9642, 1.0, 0.8249]) / (bradford @ white)
    matrix = np.linalg.inv(bradford) @ np.diag(gain) @ bradford @ matrix
    tags = {b"desc": text_tag(name), b"wtpt": xyz([0.9642, 1, 0.8249])}
    for index, letter in enumerate([b"r", b"g", b"b"]):
        tags[letter + b"XYZ"] = xyz(matrix[:, index])
        tags[letter + b"TRC"] = tone
    return icc(b"RGB ", tags)


def srgb_curve(value):
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


D65, D50 = (0.3127, 0.3290), (0.3457, 0.3585)
SRGB = matrix_profile("sRGB", [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)], D65, curve(srgb_curve))
ADOBE = matrix_profile("Wide RGB", [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)], D65, gamma(563 / 256))
P3 = matrix_profile("P3", [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)], D65, curve(srgb_curve, 256))
PROPHOTO = matrix_profile("ROMM", [(0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)], D50, gamma(1.8))
GREY_18 = icc(b"GRAY", {b"desc": text_tag("Gamma 1.8"), b"wtpt": xyz([0.9642, 1, 0.8249]), b"kTRC": gamma(1.8)})
GREY_22 = icc(b"GRAY", {b"desc": text_tag("Gamma 2.2"), b"wtpt": xyz([0.9642, 1, 0.8249]), b"kTRC": gamma(2.2)})
# A dot gain of 20 %: in the middle, ink covers a fifth more than is asked for.
GREY_DOT = icc(b"GRAY", {b"desc": text_tag("Dot gain"), b"wtpt": xyz([0.9642, 1, 0.8249]),
                         b"kTRC": curve(lambda v: max(0.0, v - 0.8 * v * (1 - v)), 256)})


def cmyk_profile():
    """Inks that are less than pure, as a table of five steps each with Lab values."""
    steps, table = 5, bytearray()
    inks = np.array([[0.10, 0.55, 0.90], [0.85, 0.15, 0.45], [0.98, 0.90, 0.15]])
    grid = np.linspace(0, 1, steps)
    for c in grid:
        for m in grid:
            for y in grid:
                for k in grid:
                    light = np.ones(3)
                    for amount, ink in zip((c, m, y), inks):
                        light = light * (1 - amount * (1 - ink))
                    light = light * (1 - 0.93 * k)
                    matrix = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
                    ratio = (matrix @ light) / [0.9642, 1, 0.8249]
                    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), ratio * 841 / 108 + 4 / 29)
                    lab = [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]
                    table += bytes([round(np.clip(lab[0] * 2.55, 0, 255)), round(np.clip(lab[1] + 128, 0, 255)),
                                    round(np.clip(lab[2] + 128, 0, 255))])
    identity = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, steps, 0])
    lut += b"".join(s15(value) for value in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut += identity * 4 + bytes(table) + identity * 3
    return icc(b"CMYK", {b"desc": text_tag("Inks"), b"wtpt": xyz([0.9642, 1, 0.8249]), b"A2B0": lut}, b"Lab ", b"prtr")


CMYK = cmyk_profile()


def jpegs():
    image = Image.fromarray(picture(40, 30))
    for name, options in {
        "baseline_444": {"subsampling": 0}, "baseline_422": {"subsampling": 1}, "baseline_420": {"subsampling": 2},
        "progressive": {"progressive": True}, "restarts": {"restart_marker_blocks": 2}, "optimised": {"optimize": True},
        "quality_30": {"quality": 30},
    }.items():
        add(f"jpeg_{name}.jpg", saved(image, "JPEG", **{"quality": 92, **options}), tolerance=14, mean_tolerance=1)
    add("jpeg_grey.jpg", saved(image.convert("L"), "JPEG", quality=92), tolerance=3)
    add("jpeg_grey_progressive.jpg", saved(image.convert("L"), "JPEG", quality=92, progressive=True), tolerance=3)
    cmyk = image.convert("CMYK")
    add("jpeg_cmyk.jpg", saved(cmyk, "JPEG", quality=95), tolerance=8, mean_tolerance=1)
    add("jpeg_cmyk_progressive.jpg", saved(cmyk, "JPEG", quality=95, progressive=True), tolerance=8, mean_tolerance=1)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = saved(image, "JPEG", quality=92, subsampling=0, exif=exif)
        add(f"jpeg_orientation_{orientation}.jpg", data, tolerance=6, mean_tolerance=1)
    for name, profile in {"srgb": SRGB, "adobe": ADOBE, "p3": P3, "prophoto": PROPHOTO}.items():
        expected = None
        if name == "srgb":
            expected = np.asarray(Image.open(io.BytesIO(saved(image, "JPEG", quality=95, subsampling=0))))
        data = saved(image, "JPEG", quality=95, subsampling=0, icc_profile=profile)
        add(f"jpeg_profile_{name}.jpg", data, expected, tolerance=7, mean_tolerance=1)
    for name, profile in {"18": GREY_18, "22": GREY_22, "dot_gain": GREY_DOT}.items():
        data = saved(image.convert("L"), "JPEG", quality=95, icc_profile=profile)
        add(f"jpeg_grey_profile_{name}.jpg", data, tolerance=4, mean_tolerance=1)
    add("jpeg_cmyk_profile.jpg", saved(cmyk, "JPEG", quality=95, icc_profile=CMYK), tolerance=10, mean_tolerance=3.5)
    ycck = bytearray(imagecodecs.jpeg8_encode(
        255 - np.asarray(cmyk), level=95, colorspace="CMYK", outcolorspace="YCCK"))
    add("jpeg_ycck.jpg", bytes(ycck), tolerance=10, mean_tolerance=1.5)
    start = bytes(ycck)
    parts = [CMYK[i:i + 4000] for i in range(0, len(CMYK), 4000)]
    segments = b"".join(b"\xFF\xE2" + struct.pack(">H", len(part) + 16) + b"ICC_PROFILE\0" +
                        bytes([number, len(parts)]) + part for number, part in enumerate(parts, 1))
    add("jpeg_ycck_profile_in_parts.jpg", start[:2] + segments + start[2:], tolerance=12, mean_tolerance=3.5)
    plain = saved(image, "JPEG", quality=95, subsampling=0)
    expected = np.asarray(Image.open(io.BytesIO(plain)))
    add("jpeg_profile_broken.jpg", saved(image, "JPEG", quality=95, subsampling=0, icc_profile=ADOBE[:300]), expected,
        tolerance=7)
    add("jpeg_profile_of_grey.jpg", saved(image, "JPEG", quality=95, subsampling=0, icc_profile=GREY_18), expected,
        tolerance=7)
    add("jpeg_behind_the_end.jpg", plain + b"more bytes", expected, tolerance=7)
    add("jpeg_cut.jpg", plain[:len(plain) * 3 // 4], "the JPEG image is cut")
    twelve = imagecodecs.jpeg8_encode(RGB.astype(np.uint16) * 16, bitspersample=12, level=90)
    add("jpeg_12_bit.jpg", twelve, "not supported (12-bit JPEG); convert it")
    lossless = imagecodecs.jpeg8_encode(RGB, lossless=True)
    add("jpeg_lossless.jpg", lossless, "not supported (lossless JPEG); convert it")
    add("jpeg_ls.jpg", imagecodecs.jpegls_encode(RGB), "not supported (JPEG-LS); convert it")

    def with_process(code):
        at = plain.index(b"\xFF\xC0")
        return plain[:at] + bytes([0xFF, code]) + plain[at + 2:]
    add("jpeg_arithmetic.jpg", with_process(0xC9), "not supported (arithmetic coding of JPEG); convert it")
    add("jpeg_hierarchical.jpg", with_process(0xC5), "not supported (hierarchical JPEG); convert it")
    add("jpeg_hierarchy.jpg", with_process(0xDE), "not supported (hierarchical JPEG); convert it")
    bomb = bytearray(plain)
    at = plain.index(b"\xFF\xC0")
    bomb[at + 5:at + 9] = b"\xFF\xFF\xFF\xFF"
    add("jpeg_bomb.jpg", bytes(bomb), "above the limit of 200 megapixels")
    add("jpeg_without_ending", plain, expected, tolerance=7)


def pngs():
    image = Image.fromarray(RGB)
    add("png_rgb.png", saved(image, "PNG"), tolerance=0)
    add("png_grey.png", saved(GREY, "PNG"), tolerance=0)
    add("png_1_bit.png", saved(Image.fromarray(GREY).convert("1"), "PNG"), tolerance=0)
    palette = image.quantize(13)
    add("png_palette.png", saved(palette, "PNG"), tolerance=0)
    for bits in (1, 2, 4, 8):
        add(f"png_palette_{bits}_bit.png", saved(image.quantize(2 ** bits if bits < 8 else 200), "PNG", bits=bits),
            tolerance=0)
    add("png_palette_transparency.png", saved(palette, "PNG", transparency=3), tolerance=1)
    add("png_palette_alphas.png", saved(palette, "PNG", transparency=bytes(range(0, 260, 20))), tolerance=1)
    add("png_grey_transparency.png", saved(GREY, "PNG", transparency=int(GREY[5, 5])), tolerance=1)
    add("png_rgb_transparency.png", saved(image, "PNG", transparency=tuple(map(int, RGB[5, 5]))), tolerance=1)
    alpha = np.linspace(0, 255, WIDTH).round().astype(np.uint8)[None].repeat(HEIGHT, 0)
    add("png_rgba.png", saved(np.dstack([RGB, alpha]), "PNG"), tolerance=1)
    add("png_grey_alpha.png", saved(Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(alpha)]), "PNG"), tolerance=1)
    for bits in (2, 4):
        add(f"png_grey_{bits}_bit.png", imagecodecs_png(GREY >> (8 - bits), bits), scaled(GREY >> (8 - bits), 2 ** bits - 1))
    wide = RGB.astype(np.uint16) * 257
    add("png_16_bit.png", imagecodecs.png_encode(wide), RGB)
    add("png_16_bit_grey.png", imagecodecs.png_encode(GREY.astype(np.uint16) * 257), GREY)
    add("png_16_bit_rgba.png", imagecodecs.png_encode(np.dstack([wide, alpha.astype(np.uint16) * 257])),
        on_white(RGB, alpha))
    add("png_12_bits_of_16.png", imagecodecs.png_encode(GREY.astype(np.uint16) * 16), scaled(GREY.astype(int) * 16, 4095))
    add("png_10_bits_of_16_rgb.png", imagecodecs.png_encode(RGB.astype(np.uint16) * 4), scaled(RGB.astype(int) * 4, 1023))
    add("png_16_bit_dark.png", imagecodecs.png_encode(np.zeros_like(GREY, np.uint16)), np.zeros_like(GREY))
    for kind, data in (("rgb", RGB), ("grey", GREY)):
        add(f"png_interlaced_{kind}.png", interlaced_png(data), data, tolerance=0)
    for name, profile in {"srgb": SRGB, "adobe": ADOBE, "p3": P3, "prophoto": PROPHOTO}.items():
        expected = RGB if name == "srgb" else None
        add(f"png_profile_{name}.png", saved(image, "PNG", icc_profile=profile), expected,
            tolerance=0 if name == "srgb" else 3)
    add("png_profile_rgba.png", saved(np.dstack([RGB, alpha]), "PNG", icc_profile=ADOBE), tolerance=3)
    add("png_profile_grey.png", saved(GREY, "PNG", icc_profile=GREY_18), tolerance=2)
    add("png_profile_palette.png", saved(palette, "PNG", icc_profile=ADOBE), tolerance=3)
    add("png_profile_broken.png", saved(image, "PNG", icc_profile=b"no profile"), RGB, tolerance=0)
    exif = Image.Exif()
    exif[0x0112] = 6
    add("png_orientation_6.png", saved(image, "PNG", exif=exif), tolerance=0)
    data = saved(image, "PNG")
    add("png_cut.png", data[:len(data) // 2], "PNG")
    add("png_animation.png", saved(image, "PNG", save_all=True, append_images=[image.rotate(180)]), RGB, tolerance=0)


def png_chunks(width, height, bits, kind, interlace, rows):
    import zlib

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlace)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def imagecodecs_png(values, bits):
    rows = [pack(row[None], bits) for row in values]
    return png_chunks(values.shape[1], values.shape[0], bits, 0, 0, rows)


def interlaced_png(values):
    rows = []
    for x, y, step_x, step_y in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = values[y::step_y, x::step_x]
        rows += [row.tobytes() for row in part] if part.shape[1] else []
    return png_chunks(values.shape[1], values.shape[0], 8, 2 if values.ndim == 3 else 0, 1, rows)


def others():
    image = Image.fromarray(RGB)
    palette = image.quantize(16)
    add("gif.gif", saved(palette, "GIF"), tolerance=0)
    add("gif_transparency.gif", saved(palette, "GIF", transparency=3), tolerance=1)
    add("gif_interlaced.gif", saved(palette, "GIF", interlace=1), tolerance=0)
    frames = [image.rotate(90).resize(image.size).quantize(16), image.rotate(180).quantize(16)]
    add("gif_animation.gif", saved(palette, "GIF", save_all=True, append_images=frames), tolerance=0)
    data = saved(palette, "GIF")
    add("gif_cut.gif", data[:len(data) // 2], "GIF")
    alpha = np.linspace(0, 255, HEIGHT).round().astype(np.uint8)[:, None].repeat(WIDTH, 1)
    rgba = Image.fromarray(np.dstack([RGB, alpha]))
    add("webp_lossy.webp", saved(image, "WEBP", quality=90), tolerance=12, mean_tolerance=1)
    add("webp_lossless.webp", saved(image, "WEBP", lossless=True), tolerance=0)
    add("webp_lossy_alpha.webp", saved(rgba, "WEBP", quality=90), tolerance=12, mean_tolerance=1)
    add("webp_lossless_alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True), tolerance=1)
    add("webp_animation.webp", saved(image, "WEBP", lossless=True, save_all=True, append_images=[image.rotate(180)]),
        tolerance=1)
    add("webp_profile.webp", saved(image, "WEBP", lossless=True, icc_profile=ADOBE), tolerance=3)
    data = saved(image, "WEBP", lossless=True)
    add("webp_cut.webp", data[:len(data) // 2], "WebP")
    add("bmp_24_bit.bmp", saved(image, "BMP"), tolerance=0)
    add("bmp_palette.bmp", saved(palette, "BMP"), tolerance=0)
    add("bmp_1_bit.bmp", saved(image.convert("1"), "BMP"), tolerance=0)
    add("bmp_grey.bmp", saved(GREY, "BMP"), tolerance=0)
    rows = np.zeros((HEIGHT, WIDTH), "<u2")
    five = (RGB >> 3).astype(np.uint16)
    rows[:] = five[..., 0] << 10 | five[..., 1] << 5 | five[..., 2]
    head = struct.pack("<IiiHHIIiiII", 40, WIDTH, -HEIGHT, 1, 16, 0, 0, 0, 0, 0, 0)
    data = b"BM" + struct.pack("<IHHI", 54 + rows.nbytes, 0, 0, 54) + head + rows.tobytes()
    add("bmp_15_bit_top_down.bmp", data, tolerance=8)
    add("bmp_cut.bmp", saved(image, "BMP")[:600], "BMP")
    big = Image.fromarray(picture(40, 30))
    j2k = lambda image, **options: saved(image, "JPEG2000", **options)
    add("jpeg2000_lossless.jp2", j2k(big), tolerance=1)
    add("jpeg2000_codestream.j2k", j2k(big, no_jp2=True), tolerance=1)
    add("jpeg2000_lossy.jp2", j2k(big, irreversible=True, quality_mode="rates", quality_layers=[6]), tolerance=14,
        mean_tolerance=1)
    add("jpeg2000_grey.jp2", j2k(big.convert("L")), tolerance=1)
    add("jpeg2000_tiles.jp2", j2k(big, tile_size=(16, 16)), tolerance=1)
    add("jpeg2000_rgba.jp2", j2k(rgba, num_resolutions=2), tolerance=2)
    add("jpeg2000_grey_alpha.jp2", j2k(rgba.convert("LA"), num_resolutions=2), tolerance=2)
    add("jpeg2000_16_bit.jp2", imagecodecs.jpeg2k_encode(GREY.astype(np.uint16) * 257, level=0, reversible=True,
                                                        codecformat="jp2", resolutions=3), GREY)
    add("jpeg2000_16_bit_rgb.jp2", imagecodecs.jpeg2k_encode(RGB.astype(np.uint16) * 257, level=0, reversible=True,
                                                            codecformat="jp2", resolutions=3), RGB)
    add("jpeg2000_12_bit.jp2", imagecodecs.jpeg2k_encode(GREY.astype(np.uint16) * 16, level=0, reversible=True,
                                                        bitspersample=12, codecformat="jp2", resolutions=3),
        scaled(GREY.astype(int) * 16, 4095))
    data = j2k(big)
    add("jpeg2000_profile.jp2", jp2_with_profile(data, ADOBE), with_profile(picture(40, 30), ADOBE), tolerance=4)
    add("jpeg2000_cut.jp2", data[:len(data) // 2], "the JPEG 2000 image is cut")
    stream = j2k(big, no_jp2=True)
    add("jpeg2000_cut.j2k", stream[:len(stream) * 3 // 4], "the JPEG 2000 image is cut")
    bomb = bytearray(stream)
    bomb[8:16] = struct.pack(">II", 50000, 50000)
    bomb[24:32] = struct.pack(">II", 50000, 50000)
    add("jpeg2000_bomb.j2k", bytes(bomb), "above the limit of 200 megapixels")
    tiles = bytearray(stream)
    tiles[8:16] = struct.pack(">II", 9000, 9000)
    tiles[24:32] = struct.pack(">II", 1, 1)
    add("jpeg2000_too_many_tiles.j2k", bytes(tiles), "tiles, where 65535 are the most")


def with_profile(rgb, profile):
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return np.asarray(ImageCms.profileToProfile(Image.fromarray(rgb), source, ImageCms.createProfile("sRGB")))


def jp2_with_profile(data, profile):
    at = data.index(b"colr") - 4
    old = struct.unpack(">I", data[at:at + 4])[0]
    box = b"colr" + bytes([2, 0, 0]) + profile
    box = struct.pack(">I", len(box) + 4) + box
    header = data.index(b"jp2h") - 4
    size = struct.unpack(">I", data[header:header + 4])[0] + len(box) - old
    data = data[:at] + box + data[at + old:]
    return data[:header] + struct.pack(">I", size) + data[header + 4:]


def tiffs():
    image = Image.fromarray(RGB)
    alpha = np.linspace(0, 255, WIDTH).round().astype(np.uint8)[None].repeat(HEIGHT, 0)
    compressions = {"none": {}, "lzw": {"compression": "lzw"}, "deflate": {"compression": "zlib"},
                    "packbits": {"compression": "packbits"}, "zstd": {"compression": "zstd"},
                    "lzw_predictor": {"compression": "lzw", "predictor": True},
                    "deflate_predictor": {"compression": "zlib", "predictor": True},
                    "zstd_predictor": {"compression": "zstd", "predictor": True}}
    for name, options in compressions.items():
        add(f"tiff_rgb_{name}.tif", made(RGB, photometric="rgb", **options), RGB, tolerance=0)
        add(f"tiff_16_bit_{name}_big_endian.tif",
            made(RGB.astype(np.uint16) * 257, photometric="rgb", byteorder=">", rowsperstrip=5, **options), RGB)
    for name, options in {"strips": {"rowsperstrip": 4}, "tiles": {"tile": (16, 16)},
                          "planes": {"planarconfig": "separate"}, "bigtiff": {"bigtiff": True},
                          "bigtiff_big_endian": {"bigtiff": True, "byteorder": ">"},
                          "planes_tiles": {"planarconfig": "separate", "tile": (16, 16), "compression": "zlib"},
                          "planes_strips_lzw": {"planarconfig": "separate", "rowsperstrip": 7, "compression": "lzw"},
                          }.items():
        data = np.moveaxis(RGB, -1, 0) if "planes" in name else RGB
        add(f"tiff_rgb_{name}.tif", made(np.ascontiguousarray(data), photometric="rgb", **options), RGB, tolerance=0)
    add("tiff_grey.tif", made(GREY, photometric="minisblack"), GREY, tolerance=0)
    add("tiff_grey_tiles.tif", made(GREY, photometric="minisblack", tile=(16, 16), compression="lzw"), GREY, tolerance=0)
    add("tiff_white_is_zero.tif", made(255 - GREY, photometric="miniswhite"), GREY, tolerance=0)
    add("tiff_white_is_zero_16_bit.tif", made(65535 - GREY.astype(np.uint16) * 257, photometric="miniswhite"), GREY)
    bilevel = Image.fromarray(GREY).convert("1")
    for name in ("group4", "packbits", "tiff_lzw", "tiff_deflate", "raw"):
        add(f"tiff_1_bit_{name}.tif", saved(bilevel, "TIFF", compression=name), tolerance=0)
    bits = np.asarray(bilevel).astype(np.uint8)
    reversed_bits = bytes(int(f"{byte:08b}"[::-1], 2) for byte in pack(bits, 1))
    add("tiff_1_bit_reversed.tif", raw_tiff(basic(WIDTH, HEIGHT, 1, 1, _266=(3, 2)), [reversed_bits]), bits * 255, 0)
    for count in (2, 4, 6, 10, 12, 14, 16):
        top = (GREY.astype(np.uint32) * (2 ** count - 1) / 255).round().astype(np.uint32)
        data = pack(top, count) if count != 16 else top.astype("<u2").tobytes()
        add(f"tiff_grey_{count}_bit.tif", raw_tiff(basic(WIDTH, HEIGHT, count, 1), [data]), scaled(top, 2 ** count - 1))
    for count in (2, 4, 12):
        top = (RGB.astype(np.uint32) * (2 ** count - 1) / 255).round().astype(np.uint32)
        add(f"tiff_rgb_{count}_bit.tif", raw_tiff(basic(WIDTH, HEIGHT, [count] * 3, 2), [pack(top, count)]),
            scaled(top, 2 ** count - 1))
    palette = image.quantize(11)
    colours = np.asarray(palette.convert("RGB"))
    table = np.zeros((256, 3), int)
    found = np.asarray(palette.getpalette()).reshape(-1, 3)
    table[:len(found)] = found
    index = np.asarray(palette)
    for count in (4, 8):
        map_tag = (3, [int(value) * 257 for value in table[:2 ** count].T.ravel()])
        add(f"tiff_palette_{count}_bit.tif",
            raw_tiff(basic(WIDTH, HEIGHT, count, 3, _320=map_tag), [pack(index, count)]), colours, 0)
    add("tiff_palette_of_bytes.tif",
        raw_tiff(basic(WIDTH, HEIGHT, 8, 3, _320=(3, [int(v) for v in table.T.ravel()])), [index.tobytes()]), colours, 0)
    add("tiff_palette_lzw.tif", saved(palette, "TIFF", compression="tiff_lzw"), colours, 0)
    # More bits than a picture has.
    add("tiff_12_bits_of_16.tif", made(GREY.astype(np.uint16) * 16, photometric="minisblack"), scaled(GREY.astype(int) * 16, 4095))
    add("tiff_10_bits_of_16_rgb.tif", made(RGB.astype(np.uint16) * 4, photometric="rgb"), scaled(RGB.astype(int) * 4, 1023))
    add("tiff_8_bits_of_32.tif", made(GREY.astype(np.uint32), photometric="minisblack"), GREY)
    add("tiff_16_bits_of_32_rgb.tif", made(RGB.astype(np.uint32) * 257, photometric="rgb"), RGB)
    add("tiff_32_bit.tif", made((GREY / 255 * (2 ** 32 - 1)).astype(np.uint32), photometric="minisblack"), GREY)
    add("tiff_64_bit.tif", made((GREY / 255 * (2 ** 32 - 1)).astype(np.uint64), photometric="minisblack"),
        scaled(GREY - int(GREY.min()), int(GREY.max()) - int(GREY.min())), 2)
    add("tiff_signed_16_bit.tif", made((GREY.astype(np.int16) - 100) * 50, photometric="minisblack"),
        scaled(GREY.astype(int) - int(GREY.min()), int(GREY.max()) - int(GREY.min())), 2)
    add("tiff_signed_16_bit_positive.tif", made(GREY.astype(np.int16) * 128, photometric="minisblack"),
        scaled(GREY.astype(int) * 128, 32767))
    add("tiff_signed_8_bit.tif", made((GREY.astype(int) - 128).astype(np.int8), photometric="minisblack"),
        scaled(GREY.astype(int) - int(GREY.min()), int(GREY.max()) - int(GREY.min())), 2)
    # Floating-point numbers.
    unit, unit_rgb = GREY / 255, RGB / 255
    for count, kind in ((16, np.float16), (32, np.float32), (64, np.float64)):
        add(f"tiff_float_{count}_grey.tif", made(unit.astype(kind), photometric="minisblack"), GREY)
        add(f"tiff_float_{count}_rgb_255.tif", made(RGB.astype(kind), photometric="rgb"), RGB)
        add(f"tiff_float_{count}_predictor.tif",
            made(unit_rgb.astype(kind), photometric="rgb", compression="zlib", predictor=3, byteorder=">"), RGB)
    add("tiff_float_65535.tif", made((RGB.astype(np.float32) * 257), photometric="rgb", tile=(16, 16)), RGB)
    add("tiff_float_planes.tif", made(np.ascontiguousarray(np.moveaxis(RGB.astype(np.float32), -1, 0)),
                                      photometric="rgb", planarconfig="separate"), RGB)
    spread = np.float32(-20) + unit.astype(np.float32) * np.float32(3000.5)
    stretched = scaled(spread - spread.min(), float(spread.max() - spread.min()))
    add("tiff_float_range.tif", made(spread, photometric="minisblack"), stretched)
    odd = spread.copy()
    odd[0, 0], odd[0, 1], odd[0, 2] = np.nan, np.inf, -np.inf
    low, high = np.nanmin(odd[np.isfinite(odd)]), np.nanmax(odd[np.isfinite(odd)])
    expected = np.rint(np.clip(np.nan_to_num((odd.astype(float) - low) / (high - low), nan=0, posinf=1, neginf=0), 0, 1) * 255)
    add("tiff_float_not_finite.tif", made(odd, photometric="minisblack"), expected.astype(np.uint8))
    add("tiff_float_nothing_finite.tif", made(np.full((4, 4), np.nan, np.float32), photometric="minisblack"),
        "no pixel has a finite value")
    holes = spread.copy()
    holes[3:6, 3:9] = -9999
    low = spread.min()
    expected = np.rint(np.clip((holes - low) / (spread.max() - low), 0, 1) * 255).astype(np.uint8)
    add("tiff_float_no_data.tif", made(holes, photometric="minisblack", extratags=[(42113, 2, 6, "-9999", True)]), expected)
    stated = [(340, 11, 1, 0.0, True), (341, 11, 1, 400.0, True)]
    add("tiff_float_stated_range.tif", made((unit * 300).astype(np.float32), photometric="minisblack", extratags=stated),
        scaled(unit * 300, 400))
    add("tiff_float_rgba.tif", made(np.dstack([unit_rgb, alpha / 255]).astype(np.float32), photometric="rgb",
                                    extrasamples=["unassalpha"]), on_white(RGB, alpha), 2)
    # Alpha and further samples.
    add("tiff_rgba.tif", made(np.dstack([RGB, alpha]), photometric="rgb", extrasamples=["unassalpha"]), on_white(RGB, alpha))
    ready = np.rint(RGB * (alpha[..., None] / 255)).astype(np.uint8)
    add("tiff_rgba_associated.tif", made(np.dstack([ready, alpha]), photometric="rgb", extrasamples=["assocalpha"]),
        on_white(RGB, alpha), 2)
    add("tiff_rgb_and_more.tif", made(np.dstack([RGB, alpha, GREY]), photometric="rgb",
                                      extrasamples=["unspecified", "unspecified"]), RGB, 0)
    add("tiff_grey_alpha.tif", made(np.dstack([GREY, alpha]), photometric="minisblack", extrasamples=["unassalpha"]),
        on_white(np.repeat(GREY[..., None], 3, -1), alpha))
    add("tiff_rgba_16_bit.tif", made(np.dstack([RGB, alpha]).astype(np.uint16) * 257, photometric="rgb",
                                     extrasamples=["unassalpha"], compression="lzw"), on_white(RGB, alpha), 2)
    # Other colours.
    cmyk = np.asarray(image.convert("CMYK"))
    add("tiff_cmyk.tif", made(cmyk, photometric="separated"), tolerance=1)
    add("tiff_cmyk_16_bit.tif", made(cmyk.astype(np.uint16) * 257, photometric="separated"),
        np.asarray(image.convert("CMYK").convert("RGB")))
    add("tiff_cmyk_planes.tif", made(np.ascontiguousarray(np.moveaxis(cmyk, -1, 0)), photometric="separated",
                                     planarconfig="separate"), np.asarray(image.convert("CMYK").convert("RGB")))
    add("tiff_cmyk_profile.tif", made(cmyk, photometric="separated", iccprofile=CMYK), tolerance=8, mean_tolerance=3.5)
    add("tiff_profile_adobe.tif", made(RGB, photometric="rgb", iccprofile=ADOBE), tolerance=3)
    add("tiff_profile_srgb.tif", made(RGB, photometric="rgb", iccprofile=SRGB), RGB, tolerance=0)
    add("tiff_profile_grey.tif", made(GREY, photometric="minisblack", iccprofile=GREY_18), tolerance=2)
    add("tiff_jpeg_rgb.tif", made(picture(48, 32), photometric="rgb", compression="jpeg", compressionargs={"level": 95}),
        tolerance=6, mean_tolerance=1)
    add("tiff_jpeg_ycbcr_tiles.tif", made(picture(48, 40), photometric="ycbcr", compression="jpeg", tile=(16, 16),
                                          subsampling=(1, 1), compressionargs={"level": 95}), tolerance=6,
        mean_tolerance=1)
    add("tiff_jpeg_ycbcr_subsampled.tif", saved(Image.fromarray(picture(48, 32)).convert("YCbCr"), "TIFF",
                                                compression="jpeg", quality=95), tolerance=16, mean_tolerance=1.5)
    add("tiff_jpeg_grey.tif", saved(Image.fromarray(picture(48, 32)).convert("L"), "TIFF", compression="jpeg", quality=95),
        tolerance=4, mean_tolerance=1)
    add("tiff_webp.tif", made(RGB, photometric="rgb", compression="webp", compressionargs={"level": -1}), RGB, 1)
    ycbcr = np.asarray(image.convert("YCbCr"))
    add("tiff_ycbcr.tif", raw_tiff(basic(WIDTH, HEIGHT, [8, 8, 8], 6, _530=(3, [1, 1])), [ycbcr.tobytes()]), RGB, 3)
    flat = np.asarray(Image.fromarray(np.kron(picture(12, 9), np.ones((2, 2, 1), np.uint8))).convert("YCbCr"))
    blocks = b"".join(
        flat[y:y + 2, x:x + 2, 0].tobytes() + flat[y, x, 1:].tobytes() for y in range(0, 18, 2) for x in range(0, 24, 2))
    add("tiff_ycbcr_subsampled.tif", raw_tiff(basic(24, 18, [8, 8, 8], 6, _530=(3, [2, 2])), [blocks]),
        np.kron(picture(12, 9), np.ones((2, 2, 1), np.uint8)), 3)
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB",
                                     renderingIntent=0)
    lab = np.asarray(ImageCms.applyTransform(image, to_lab))
    back = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB",
                                   renderingIntent=0)
    rgb_of_lab = np.asarray(ImageCms.applyTransform(Image.frombytes("LAB", image.size, lab.tobytes()), back))
    # Pillow gives the colours as signed bytes.
    cie, offset = lab.copy(), lab.copy()
    offset[..., 1:] ^= 128
    add("tiff_icc_lab.tif", raw_tiff(basic(WIDTH, HEIGHT, [8, 8, 8], 9), [offset.tobytes()]), rgb_of_lab, 14, 1)
    add("tiff_cie_lab.tif", raw_tiff(basic(WIDTH, HEIGHT, [8, 8, 8], 8), [cie.tobytes()]), rgb_of_lab, 14, 1)
    wide = np.dstack([cie[..., 0].astype(np.uint16) * 257, cie[..., 1].astype(np.int8).astype(np.int16).view(np.uint16) << 8,
                      cie[..., 2].astype(np.int8).astype(np.int16).view(np.uint16) << 8]).astype("<u2")
    add("tiff_cie_lab_16_bit.tif", raw_tiff(basic(WIDTH, HEIGHT, [16] * 3, 8), [wide.tobytes()]), rgb_of_lab, 14, 1)
    for orientation in (3, 6, 8):
        add(f"tiff_orientation_{orientation}.tif", raw_tiff(
            basic(WIDTH, HEIGHT, [8, 8, 8], 2, _274=(3, orientation)), [RGB.tobytes()]),
            np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(raw_tiff(
                basic(WIDTH, HEIGHT, [8, 8, 8], 2, _274=(3, orientation)), [RGB.tobytes()]))))), 0)
    pages = io.BytesIO()
    with tifffile.TiffWriter(pages) as writer:
        for page in (RGB, RGB[::-1], GREY):
            writer.write(page, photometric="rgb" if page.ndim == 3 else "minisblack", metadata=None)
    add("tiff_pages.tif", pages.getvalue(), RGB, 0)
    # What is refused.
    refusals = {
        "old_jpeg": (basic(8, 8, [8, 8, 8], 6, 6), "JPEG compression of the old kind of TIFF 6.0"),
        "lerc": (basic(8, 8, 8, 1, 34887), "LERC compression"),
        "lzma": (basic(8, 8, 8, 1, 34925), "LZMA compression"),
        "jpeg2000": (basic(8, 8, [8, 8, 8], 2, 34712), "JPEG 2000 compression"),
        "unknown_compression": (basic(8, 8, 8, 1, 12345), "compression number 12345"),
        "mixed_bits": (basic(8, 8, [5, 6, 5], 2), "samples of different sizes: 5, 6, 5 bits"),
        "complex": (basic(8, 8, 64, 1, _339=(3, 6)), "complex numbers"),
        "float_24": (basic(8, 8, 24, 1, _339=(3, 3)), "floating-point samples of 24 bits"),
        "inks": (basic(8, 8, [8] * 5, 5, _332=(3, 2)), "inks other than cyan"),
        "log_luv": (basic(8, 8, [16, 16, 16], 32845), "CIE Log colours"),
        "mask": (basic(8, 8, 1, 4), "a transparency mask"),
        "colour_filter": (basic(8, 8, 8, 32803), "camera raw images are not supported"),
        "dng": (basic(8, 8, 8, 1, _50706=(1, [1, 4, 0, 0])), "DNG (camera raw) images are not supported"),
        "palette_16_bit": (basic(8, 8, 16, 3, _320=(3, [0] * 3)), "a palette of 16 bits"),
    }
    for name, (tags, message) in refusals.items():
        add(f"tiff_refused_{name}.tif", raw_tiff(tags, [bytes(600)]), message)
    plain = raw_tiff(basic(WIDTH, HEIGHT, [8, 8, 8], 2), [RGB.tobytes()])
    add("tiff_cut.tif", made(RGB, photometric="rgb")[:700], "the TIFF image is cut")
    add("tiff_bomb.tif", raw_tiff(basic(100000, 100000, [8, 8, 8], 2), [b"12"]), "above the limit of 200 megapixels")
    add("tiff_huge_tile.tif", raw_tiff(basic(24, 18, [8, 8, 8], 2, 5, _322=(4, 2 ** 31), _323=(4, 2 ** 31)), [b"12"]),
        "of memory, above the limit")
    add("tiff_many_tiles.tif", raw_tiff(basic(10000, 10000, [8, 8, 8], 2, _322=(4, 1), _323=(4, 1)), [b"12"]),
        "the places of 1 parts, where there are 100000000")
    beyond = bytearray(plain)
    at = plain.index(struct.pack("<HHII", 273, 4, 1, 8))
    beyond[at + 8:at + 12] = struct.pack("<I", 2 ** 31)
    add("tiff_strip_beyond.tif", bytes(beyond), "the TIFF image is cut")
    circle = raw_tiff(basic(WIDTH, HEIGHT, [8, 8, 8], 2), [RGB.tobytes()], following=8 + RGB.nbytes)
    add("tiff_circle_of_directories.tif", circle, RGB, 0)


def faxes():
    def lines(width, height):
        x, y = np.meshgrid(np.arange(width), np.arange(height))
        spots = (np.sin(x / 3.1) + np.cos(y / 2.3 + x / 17)) > 0.2
        return Image.fromarray(np.where(spots | (y % 11 == 10), 0, 255).astype(np.uint8)).convert("1", dither=0)

    narrow, wide = lines(37, 29), lines(2603, 12)
    kinds = {"group3": ("group3", {}), "group3_2d": ("group3", {292: 1}), "group3_fill": ("group3", {292: 4}),
             "group3_2d_fill": ("group3", {292: 5}), "modified_huffman": ("tiff_ccitt", {}), "group4": ("group4", {})}
    for name, (compression, tags) in kinds.items():
        add(f"tiff_{name}.tif", saved(narrow, "TIFF", compression=compression, tiffinfo=tags), tolerance=0)
        add(f"tiff_{name}_wide.tif", saved(wide, "TIFF", compression=compression, tiffinfo=tags), tolerance=0)
        add(f"tiff_{name}_strips.tif", saved(narrow, "TIFF", compression=compression, tiffinfo={**tags, 278: 5}), tolerance=0)
    white = Image.new("1", (40, 8), 1)
    add("tiff_group3_2d_white.tif", saved(white, "TIFF", compression="group3", tiffinfo={292: 1}), tolerance=0)
    black = Image.new("1", (40, 8), 0)
    add("tiff_group3_2d_black.tif", saved(black, "TIFF", compression="group3", tiffinfo={292: 1}), tolerance=0)

    def strip(data):
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages[0]
            assert len(page.dataoffsets) == 1
            return data[page.dataoffsets[0]:page.dataoffsets[0] + page.databytecounts[0]], page.photometric

    data, photometric = strip(saved(narrow, "TIFF", compression="group3", tiffinfo={292: 1}))
    reversed_bits = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
    expected = np.asarray(narrow).astype(np.uint8) * 255
    tags = basic(37, 29, 1, int(photometric), 3, _292=(4, 1))
    add("tiff_group3_2d_reversed.tif", raw_tiff({**tags, 266: (3, 2)}, [reversed_bits]), expected, 0)
    add("tiff_group3_2d_cut.tif", raw_tiff(tags, [data[:len(data) // 2]]), "the TIFF image is cut")
    add("tiff_group3_damaged.tif", raw_tiff(basic(37, 29, 1, 0, 3), [b"\0\x1f" + b"\xff" * 200]), "the TIFF image is damaged")
    add("tiff_group3_uncompressed.tif", raw_tiff(basic(37, 29, 1, 0, 3, _292=(4, 2)), [data]), "rows that are not compressed")


def old_jpegs():
    jpeg = saved(RGB, "JPEG", quality=95, subsampling=0)
    expected = np.asarray(Image.open(io.BytesIO(jpeg)))
    scan = jpeg.index(b"\xff\xda")
    codes = scan + 2 + struct.unpack(">H", jpeg[scan + 2:scan + 4])[0]

    def around(body, offset, length, strip):
        tags = {256: (4, WIDTH), 257: (4, HEIGHT), 258: (3, [8] * 3), 259: (3, 6), 262: (3, 6), 277: (3, 3), 278: (4, HEIGHT),
                513: (4, 8 + offset), 514: (4, length), 530: (3, [1, 1])}
        data = bytearray(raw_tiff(tags, [body]))
        for number, value in ((273, 8 + strip[0]), (279, strip[1])):
            at = data.index(struct.pack("<HHI", number, 4, 1))
            data[at + 8:at + 12] = struct.pack("<I", value)
        return bytes(data)

    size = len(jpeg)
    add("tiff_old_jpeg.tif", around(jpeg, 0, size, (0, size)), expected, 2)
    add("tiff_old_jpeg_codes_in_strip.tif", around(jpeg, 0, size, (codes, size - codes)), expected, 2)
    add("tiff_old_jpeg_header_apart.tif", around(jpeg, 0, codes, (codes, size - 2 - codes)), expected, 2)


def more():
    """Further files as people have them."""
    rng = np.random.default_rng(3)
    wide = (GREY.astype(np.uint16) * 257)
    gamma = saved(Image.fromarray(wide), "PNG")
    end = gamma.index(b"IDAT") - 4
    chunk = b"gAMA" + struct.pack(">I", 45455)
    add("png_16_bit_grey_gamma.png", gamma[:end] + struct.pack(">I", 4) + chunk
        + struct.pack(">I", zlib.crc32(chunk)) + gamma[end:], GREY)
    exif = Image.Exif()
    exif[274] = 8
    add("webp_orientation_8.webp", saved(RGB, "WEBP", lossless=True, exif=exif.tobytes()), tolerance=0)
    add("webp_animation_alpha.webp", saved(Image.fromarray(np.dstack([RGB, GREY])), "WEBP", save_all=True, lossless=True,
        append_images=[Image.fromarray(np.dstack([RGB[::-1], GREY]))]))
    add("webp_grey_palette_lossless.webp", saved(Image.fromarray(GREY // 64 * 64), "WEBP", lossless=True), tolerance=0)
    add("png_cut_header.png", saved(RGB, "PNG")[:20], "PNG image is cut")
    add("jpeg_cut_header.jpg", saved(RGB, "JPEG")[:30], "image is")
    add("webp_cut_header.webp", saved(RGB, "WEBP")[:20], "image is")
    add("gif_cut_header.gif", saved(RGB, "GIF")[:9], "image is")
    add("tiff_cut_header.tif", saved(RGB, "TIFF")[:6], "the TIFF image is cut")
    add("bmp_cut_header.bmp", saved(RGB, "BMP")[:20], "image is")
    add("page_with_mark.jpg", b"\xef\xbb\xbf\r\n  <html><body>Not found</body></html>", "a page of HTML or XML, not an image")
    add("answer.json.jpg", b'{"error": "not found"}', "not an image of a known format")
    noise = rng.integers(0, 256, (5, 7, 3)).astype(np.uint8)
    add("jpeg_restarts_sequence.jpg", saved(RGB, "JPEG", restart_marker_rows=1, quality=90), tolerance=3)
    add("png_tiny.png", saved(noise[:1, :1], "PNG"), tolerance=0)
    add("gif_local_palette.gif", saved(Image.fromarray(RGB).quantize(16), "GIF", save_all=True,
        append_images=[Image.fromarray(RGB[::-1]).quantize(16)]))
    palette = Image.fromarray(RGB).quantize(16)
    add("tiff_palette_orientation.tif", saved(palette, "TIFF", tiffinfo={274: 6}), tolerance=0)
    add("bmp_rle.bmp", rle_bmp(palette), tolerance=0)
    cmyk = Image.fromarray(255 - np.dstack([RGB, GREY]), "CMYK")
    plain = saved(cmyk, "JPEG", quality=95)
    at = plain.index(b"Adobe") - 4
    without = plain[:at] + plain[at + 2 + struct.unpack(">H", plain[at + 2:at + 4])[0]:]
    add("jpeg_cmyk_without_adobe.jpg", without, tolerance=3)


def rle_bmp(palette):
    """A BMP of 8 bits with run-length encoding."""
    pixels = np.asarray(palette)
    rows = b"".join(b"".join(bytes([1, value]) for value in row) + b"\0\0" for row in pixels[::-1]) + b"\0\1"
    colours = np.asarray(palette.getpalette()[:48], np.uint8).reshape(-1, 3)
    table = b"".join(bytes([blue, green, red, 0]) for red, green, blue in colours).ljust(4 * 256, b"\0")
    place = 14 + 40 + len(table)
    header = struct.pack("<IiiHHIIiiII", 40, pixels.shape[1], pixels.shape[0], 1, 8, 1, len(rows), 2835, 2835, 256, 0)
    return b"BM" + struct.pack("<IHHI", place + len(rows), 0, 0, place) + header + table + rows


def refused():
    def brand(name):
        return struct.pack(">I", 24) + b"ftyp" + name + b"\0\0\0\0mif1miaf" + bytes(40)
    add("heic.jpg", brand(b"heic"), "HEIC images are not supported; convert it to JPEG")
    add("avif.avif", saved(RGB, "AVIF"), "AVIF images are not supported; convert it to JPEG")
    add("jpeg_xl.jxl", imagecodecs.jpegxl_encode(RGB), "JPEG XL images are not supported; convert it to JPEG")
    add("document.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document, not an image")
    add("photoshop.psd", b"8BPS\0\1" + bytes(30), "Photoshop images are not supported")
    add("drawing.svg", b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'/>",
        "SVG images are not supported")
    add("page.jpg", b"<!DOCTYPE html><html><title>404</title></html>", "a page of HTML or XML, not an image")
    add("canon.cr2", b"II*\0\x10\0\0\0CR\2\0" + bytes(40), "Canon raw images are not supported")
    add("fuji.raf", b"FUJIFILMCCD-RAW 0201" + bytes(40), "Fujifilm raw images are not supported")
    add("scan.dcm", bytes(128) + b"DICM" + bytes(20), "DICOM images are not supported")
    add("icon.ico", saved(Image.fromarray(RGB).resize((16, 16)), "ICO"), "ICO images are not supported")
    add("targa.tga", saved(RGB, "TGA"), "TGA images are not supported")
    add("pixels.ppm", saved(RGB, "PPM"), "PNM images are not supported")
    add("light.exr", b"\x76\x2f\x31\x01\x02\0\0\0" + bytes(20), "OpenEXR images are not supported")
    add("ok.qoi", imagecodecs.qoi_encode(RGB), "QOI images are not supported")
    add("empty.jpg", b"", "the file is empty")
    add("table.csv.jpg", b"image,label\na.jpg,b\n", "not an image of a known format")
    add("office.docx", b"PK\3\4\x14\0\6\0" + bytes(30), "a ZIP archive or an office document, not an image")


def merge():
    """Replaces the entries of the files that were made now."""
    made_now = {entry["file"] for entry in MANIFEST}
    known = json.loads((OUT / "manifest.json").read_text())
    MANIFEST[:0] = [entry for entry in known if entry["file"] not in made_now]


if __name__ == "__main__":
    # With the names of functions, their files alone are made anew.
    chosen = sys.argv[1:]
    for old in [] if chosen else OUT.iterdir():
        if old.suffix not in (".py", ".json") and old.is_file():
            old.unlink()
    for name in chosen or ["jpegs", "pngs", "others", "tiffs", "faxes", "old_jpegs", "more", "refused"]:
        globals()[name]()
    if chosen:
        merge()
    lines = ",\n".join(" " + json.dumps(entry) for entry in MANIFEST)
    (OUT / "manifest.json").write_text(f"[\n{lines}\n]\n")
    size = sum(path.stat().st_size for path in OUT.iterdir())
    print(f"{len(MANIFEST)} pictures, {size} bytes")
