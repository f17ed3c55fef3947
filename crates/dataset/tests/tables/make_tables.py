"""Makes the tables beside this script, and manifest.json, which says what is right for each of them.

Needs openpyxl and xlwt. The tables are committed; the script shows how they came to be:

    python make_tables.py

With the word `more` or `further`, the last part or the one behind it alone is made anew.

An entry of the manifest has the file, the options that are not the defaults, and either `error` (a part of the message) with
its `kind`, or what is read: `rows`, `variables` with their classes, `bad` (line and column of rows that are left out),
`objects`, `images`, `museums`, and parts of `warnings`. What an entry does not name is not compared.
"""

import io
import json
import pathlib
import sys
import zipfile

import openpyxl
import xlwt

HERE = pathlib.Path(__file__).parent
ENTRIES = []
MAKES_MORE = False
EXPORT = "obj,museum,deeplink,place_country_code,time_label,technique_group,material_group,depict_group\n"
SILK = {"material": ["silk", "wool"]}


def add(name, content, options=None, **expected):
    content = content.encode() if isinstance(content, str) else content
    if not sys.argv[1:] or MAKES_MORE:
        (HERE / name).write_bytes(content)
    ENTRIES.append({"file": name, "options": options or {}, **expected})


def plain(header="image_file,material", first="a.jpg,silk", second="b.jpg,wool", end="\n"):
    return end.join([header, first, second, ""])


def refused(name, content, message, options=None, kind="data"):
    add(name, content, options, error=message, kind=kind)


# Dialects.
add("comma.csv", plain(), rows=2, variables=SILK, images=["a.jpg", "b.jpg"], bad=[], warnings=[])
add("semicolon.csv", plain().replace(",", ";"), rows=2, variables=SILK)
add("tab.tsv", plain().replace(",", "\t"), rows=2, variables=SILK)
add("bar.csv", plain().replace(",", "|"), rows=2, variables=SILK)
add("sep-semicolon.csv", "sep=;\r\n" + plain(end="\r\n").replace(",", ";"), rows=2, variables=SILK)
add("sep-comma-in-cells.csv", "sep=;\nimage_file;place, time\na.jpg;x, y\n", rows=1, variables={"place_time": ["x,_y"]})
add("sep-tab-quoted.csv", '"sep=\t"\n' + plain().replace(",", "\t"), rows=2, variables=SILK)
add("carriage-returns.csv", plain(end="\r"), rows=2, variables=SILK)
add("crlf.csv", plain(end="\r\n"), rows=2, variables=SILK)
add("byte-order-mark.csv", "\ufeff" + plain(), rows=2, variables=SILK)
add("utf16-le.txt", ("\ufeff" + plain(end="\r\n").replace(",", "\t").replace("silk", "doré")).encode("utf-16-le"),
    rows=2, variables={"material": ["doré", "wool"]})
add("utf16-be.txt", ("\ufeff" + plain().replace(",", "\t")).encode("utf-16-be"), rows=2, variables=SILK)
add("utf16-without-mark.txt", plain().replace(",", "\t").encode("utf-16-le"), rows=2, variables=SILK)
add("blank-lines.csv", "\n\nimage_file,material\n\na.jpg,silk\n\n\nb.jpg,wool\n,\n", rows=2, variables=SILK)
add("trailing-separators.csv", "image_file,material,\na.jpg,silk,,,\nb.jpg,wool,\n", rows=2, variables=SILK, bad=[])
add("no-line-end.csv", plain().rstrip("\n"), rows=2, variables=SILK)
refused("windows-1252.csv", plain(first="a.jpg,dor\xe9").encode("latin-1"), "windows-1252.csv:2: the text is not UTF-8")
refused("utf16-cut.txt", ("\ufeff" + plain()).encode("utf-16-le")[:-1], "the text cannot be read")
refused("empty.csv", "", "the table is empty")
refused("header-alone.csv", "image_file,material\n", "no row under it")

# Quotes.
add("quotes.csv", 'image_file,material\n"a.jpg","silk, ""raw"""\n', rows=1, variables={"material": ['silk,_"raw"']})
add("quoted-break.csv", 'image_file,material\na.jpg,"raw\nsilk"\nb.jpg,wool\n', rows=2,
    variables={"material": ["raw_silk", "wool"]})
refused("quote-open.csv", plain("image_file,material", 'a.jpg,"silk'), "quote-open.csv:2: the quote that opens here is never closed")
refused("quote-open.tsv", plain("image_file\tmaterial", 'a.jpg\t"silk', "b.jpg\twool"),
        "quote-open.tsv:2: the quote that opens here is never closed")
refused("quote-open-in-header.csv", plain('image_file,"material'), "quote-open-in-header.csv:1: the quote that opens here")
refused("quote-met-by-another.csv", 'image_file,material\na.jpg,"silk\nb.jpg,wool\nc.jpg,"wool"\n',
        "quote-met-by-another.csv:2: the quote that opens here is never closed")
refused("quote-around-rows.csv", 'image_file,material\na.jpg,"silk\nb.jpg,wool\nc.jpg,wool"\nd.jpg,silk\n',
        "quote-around-rows.csv:2: the quote that opens here is closed on line 4 only")
refused("quote-open-export.csv", EXPORT + "http://x/1,['m'],\"['a.jpg'],[],[],[],[],[]\nhttp://x/2,['m'],['b.jpg'],[],[],[],[],[]\n",
        "quote-open-export.csv:2: the quote that opens here is never closed")

# Headers.
add("comma-in-header.csv", plain('image_file,"place, country"', "a.jpg,ES", "b.jpg,FR"), rows=2,
    variables={"place_country": ["ES", "FR"]})
add("marks-in-header.csv", plain('image_file,"a;b#c[d]\'e=f|g"', "a.jpg,ES", "b.jpg,FR"), rows=2,
    variables={"a_b_c_d_e_f_g": ["ES", "FR"]})
add("break-in-header.csv", plain('image_file,"weave\ntype"'), rows=2, variables={"weave_type": ["silk", "wool"]})
add("header-in-capitals.csv", plain("Image_File,material"), rows=2, variables=SILK)
for number, header in enumerate(["filename", "FILE", "Path", "Image", "file name", "image_path", "IMG"]):
    add(f"image-column-{number}.csv", plain(f"{header},material"), rows=2, variables=SILK, images=["a.jpg", "b.jpg"])
add("image-column-later.csv", "nr,filename,material\n1,a.jpg,silk\n2,b.jpg,wool\n", {"variables": ["material"]}, rows=2,
    variables=SILK, images=["a.jpg", "b.jpg"])
add("image-column-key.csv", "material,bild\nsilk,a.jpg\nwool,b.jpg\n", {"image_column": "Bild"}, rows=2, variables=SILK)
refused("image-column-key-wrong.csv", "material,bild\nsilk,a.jpg\n", "did you mean `bild`?", {"image_column": "bld"},
        "configuration")
refused("header-twice.csv", "image_file,weave type,weave_type\na.jpg,x,y\n",
        "header-twice.csv:1:weave_type: this column occurs twice in the header (`weave type` becomes `weave_type`)")
refused("header-twice-letters.csv", "image_file,weave,weave\na.jpg,x,y\n",
        "header-twice-letters.csv:1:weave: this column occurs twice in the header\n")
refused("header-twice-unicode.csv", "image_file,mat\u00e9riau,mate\u0301riau\na.jpg,x,y\n", "this column occurs twice in the header")
refused("header-of-marks.csv", 'image_file,"#,"\na.jpg,x\n', "header-of-marks.csv:1:2: no name of a variable")
refused("no-header.csv", "a.jpg,silk\nb.jpg,wool\n", "no-header.csv:1: the first line has no names of columns")
refused("one-column.csv", "image_file material\na.jpg silk\n", "the header is a single cell, `image_file material`")
refused("neither.csv", "imge_fle,material\na.jpg,silk\n", "the first column is `imge_fle`")
refused("export-column-missing.csv", EXPORT.replace("deeplink,", ""), "export-column-missing.csv:1: the column `deeplink` is missing")

# Objects and variables.
for header in ["obj", "Object ID", "inventory_number"]:
    name = header.lower().replace(" ", "-").replace("_", "-")
    add(f"object-{name}.csv", f"image_file,{header},material\na.jpg,7,silk\nb.jpg,7,silk\nc.jpg,-,wool\n", rows=3, variables=SILK,
        objects=["7", "7", ""])
add("object-key.csv", "image_file,nr,material\na.jpg,7,silk\nb.jpg,8,wool\n", {"object_column": "nr"}, rows=2, variables=SILK,
    objects=["7", "8"])
TITLES = "".join(f"{n}.jpg,title {n},{['silk', 'wool'][n % 2]},http://x.org/{n % 2}\n" for n in range(12))
add("titles.csv", "image_file,title,material,link\n" + TITLES, rows=12, variables=SILK,
    warnings=["`title` (12 different texts for 12 rows), `link` (it has web addresses)"])
add("titles-as-variables.csv", "image_file,title,material,link\n" + TITLES, {"variables": ["material", "link"]}, rows=12,
    variables={"material": ["silk", "wool"], "link": ["http://x.org/0", "http://x.org/1"]}, warnings=[])
refused("variables-unknown.csv", plain(), "variables-unknown.csv` has no column `materal`", {"variables": ["materal"]}, "configuration")

# Labels.
add("unicode.csv", "image_file,material\na.jpg,dor\u00e9\nb.jpg,dore\u0301\nc.jpg,\u00a0dor\u00e9\u200b\nd.jpg,raw\u3000 silk\ne.jpg,raw silk\n",
    rows=5, variables={"material": ["dor\u00e9", "raw_silk"]}, warnings=[])
add("case.csv", "image_file,material\na.jpg,silk\nb.jpg,Silk\nc.jpg,SÍLK\n", rows=3,
    variables={"material": ["Silk", "SÍLK", "silk"]}, warnings=["material: `silk` (1), `Silk` (1), `SÍLK` (1)"])
MISSING = ["None", "null", "n/a", "N.A.", "-", "--", "?", "Unknown", "NaN", "", " ", "\u00a0"]
add("missing.csv", "image_file,material\n" + "".join(f"{n}.jpg,{word}\n" for n, word in enumerate(MISSING)) + "z.jpg,silk\n",
    rows=13, variables={"material": ["silk"]}, labelled=1)
add("missing-key.csv", plain(first="a.jpg,unknown", second="b.jpg,o. A."), {"missing_values": ["o. a."]}, rows=2,
    variables={"material": ["unknown"]}, labelled=1)
add("namibia.csv", plain("image_file,place", "a.jpg,NA", "b.jpg,ES"), rows=2, variables={"place": ["ES", "NA"]},
    warnings=["`place`: `NA` is a class, of 1 row (Namibia?)"])
add("several-in-a-cell.csv", "image_file,material\na.jpg,silk; gold\nb.jpg,silk|gold\nc.jpg,silk___gold\nd.jpg,silk\n", rows=4,
    warnings=["`material`: 3 cells look like several values in one, such as `silk; gold`"])
add("lists-in-cells.csv", "image_file,material\na.jpg,\"['silk', 'gold']\"\nb.jpg,['silk']\nc.jpg,\"('wool',)\"\n", rows=3,
    variables=SILK, labelled=2, warnings=["`material`: 1 cell lists several labels, such as `['silk', 'gold']`"])
(HERE / "aliases.csv").write_text("old;new\nSilk;silk\nsilk;raw silk\ncotton;wool\n")
add("aliases-applied.csv", "image_file,material\na.jpg,Silk\nb.jpg,silk\nc.jpg,wool\n", {"label_aliases": "aliases.csv"}, rows=3,
    variables={"material": ["raw_silk", "wool"]}, warnings=["1 label that is to be replaced does not occur: `cotton`"])
(HERE / "aliases-circle.csv").write_text("old,new\na,b\nb,a\n")
refused("aliases-refused.csv", plain(), "aliases-circle.csv:3: the aliases lead in a circle", {"label_aliases": "aliases-circle.csv"})

# Bad cells.
add("bad-rows.csv", "image_file,material\na.jpg,silk\n,silk\nc.jpg\nd.jpg,wool,x\ne.jpg,#N/A\nf.jpg," + "x" * 1001 + "\ng.jpg,wool\n",
    rows=2, variables=SILK, bad=[[3, "image_file"], [4, ""], [5, ""], [6, "material"], [7, "material"]],
    warnings=["5 of 7 rows cannot be used"])
refused("bad-rows-strict.csv", "image_file,material\na.jpg,silk\n,silk\n", "bad-rows-strict.csv:3:image_file: the image is missing",
        {"strict": True})
refused("bad-rows-only.csv", "image_file,material\n,silk\n", "bad-rows-only.csv:2:image_file: the image is missing")

# Exports.
ROW = "http://x.org/object/{id},{museum},{images},{place},{time},[],[],[]\n"


def export(**cells):
    usual = {"id": 1, "museum": "['http://x.org/m/mad']", "images": "['a.jpg']", "place": "['ES']", "time": "[]"}
    return EXPORT + ROW.format(**{**usual, **cells})


add("export.csv", export(), rows=1, objects=["1"], images=["a.jpg"], museums=["mad"])
add("export-python2.csv", export(museum="[u'http://x.org/m/mad']", place="[u'ES']"), rows=1, museums=["mad"],
    variables={"place": ["ES"], "timespan": [], "material": [], "technique": [], "depiction": []})
add("export-tuples.csv", export(museum="\"[('http://x.org/m/mad',)]\"", images="\"('a.jpg', 'b.jpg')\""), rows=1, museums=["mad"],
    images=["a.jpg", "b.jpg"])
add("export-bytes.csv", export(museum="[b'http://x.org/m/mad']", place="\"['unknown', None, 'ES']\""), rows=1, museums=["mad"], labelled=1)
refused("export-parenthesis.csv", export(time="(1700)x"), "export-parenthesis.csv:2:time_label: not a list as Python writes it")
add("export-bad-row.csv", export() + ROW.format(id=2, museum="['m'", images="[]", place="[]", time="[]"), rows=1,
    bad=[[3, "museum"]])
add("export-variables.csv", export(), {"variables": ["place"]}, rows=1, variables={"place": ["ES"]})


# Spreadsheets.
def xlsx(*sheets, hidden=()):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name in hidden:
            sheet.sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


import datetime  # noqa: E402

CELLS = [["image_file", "year", "made", "material"], ["a.jpg", 1900.0, datetime.date(1900, 5, 1), "silk"],
         ["b.jpg", 1901, datetime.datetime(1901, 5, 1, 12, 30), 'raw\n"wool"']]
add("workbook.xlsx", xlsx(("Objekte", CELLS)), rows=2, images=["a.jpg", "b.jpg"],
    variables={"year": ["1900", "1901"], "made": ["1900-05-01", "1901-05-01T12:30:00"], "material": ['raw_"wool"', "silk"]})
add("workbook-named-csv.csv", xlsx(("Objekte", CELLS)), rows=2)
add("workbook-sheets.xlsx", xlsx(("hidden", CELLS[:2]), ("empty", []), ("Objekte", CELLS), ("other", [["x"]]), hidden=["hidden"]), rows=2,
    infos=["the sheet `Objekte` is read, and not `empty`, `other`; the key sheet names another"])
add("workbook-gaps.xlsx", xlsx(("Objekte", [[], CELLS[0], [], CELLS[1], ["c.jpg", "#N/A", None, "silk"], [None, 1900, None, "x"]])),
    rows=1, bad=[[5, "year"], [6, "image_file"]])
refused("workbook-header-twice.xlsx", xlsx(("Objekte", [[], ["image_file", "a b", "a_b"], ["a.jpg", 1, 2]])),
        "workbook-header-twice.xlsx:2:a_b: this column occurs twice")
refused("workbook-empty.xlsx", xlsx(("Objekte", [])), "the spreadsheet has no sheet with cells")
refused("workbook-broken.xlsx", xlsx(("Objekte", CELLS))[:2000], "the spreadsheet cannot be read")


def ods(rows):
    kinds = {str: 'office:value-type="string"', float: 'office:value-type="float" office:value="{}"'}
    cell = lambda value: (f"<table:table-cell {kinds[type(value)].format(value)}><text:p>{value}</text:p></table:table-cell>")
    table = "".join("<table:table-row>" + "".join(map(cell, row)) + "</table:table-row>" for row in rows)
    names = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ["office", "style", "table", "text"])
    content = (f'<?xml version="1.0"?><office:document-content {names} office:version="1.2"><office:automatic-styles>'
               '<style:style style:name="ta1" style:family="table"><style:table-properties table:display="true"/></style:style>'
               '</office:automatic-styles><office:body><office:spreadsheet>'
               f'<table:table table:name="Objekte" table:style-name="ta1">{table}</table:table></office:spreadsheet></office:body></office:document-content>')
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml",
                         '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
        archive.writestr("content.xml", content)
    return file.getvalue()


add("workbook.ods", ods([["image_file", "year"], ["a.jpg", 1900.0], ["b.jpg", 1901.0]]), rows=2, variables={"year": ["1900", "1901"]})



# What stands around a table, and what its cells hold in practice.
def more():
    below = "what stands above the header, such as `Bestand Textilien`, is passed over"
    add("title-line.csv", "Bestand Textilien\n" + plain(), rows=2, variables=SILK, warnings=["title-line.csv:1: " + below])
    add("title-line-semicolons.csv", "Bestand Textilien\n\n" + plain().replace(",", ";"), rows=2, variables=SILK, warnings=[below])
    add("title-line-padded.csv", "Bestand Textilien,\n,\n" + plain(), rows=2, variables=SILK, warnings=[below])
    add("title-line-bad-row.csv", "Bestand Textilien\n" + plain(second=",wool"), rows=1, bad=[[4, "image_file"]])
    add("single-column.csv", "image\na.jpg\nb.jpg\n", rows=2, variables={}, warnings=[])
    add("header-of-one-name.csv", "image,\na.jpg,silk\n", rows=1, warnings=[])
    add("totals-below.csv", plain() + ",Summe: 2\n", rows=2, variables=SILK, bad=[[4, "image_file"]])
    add("image-columns.csv", "image_file,image_2,material\na.jpg,b.jpg,silk\nc.jpg,d.jpg,wool\n", rows=2, variables=SILK,
        images=["a.jpg", "c.jpg"], warnings=["`image_2` (it has names of images, which one column alone gives"])
    add("images-in-cells.csv", 'image_file,material\n"a.jpg; b.jpg",silk\nc.jpg|d.JPG,wool\n"e.png, f.png",wool\n"g.jpg\nh.jpg",silk\n', rows=4,
        images=["a.jpg", "b.jpg", "c.jpg", "d.JPG", "e.png", "f.png", "g.jpg", "h.jpg"])
    add("marks-in-names.csv", 'image_file,material\n"Silk, red.jpg",silk\na;b.jpg,wool\n', rows=2, images=["Silk, red.jpg", "a;b.jpg"])
    add("addresses-in-cells.csv", 'image_file,material\n"http://x.example/a?i=1;2 | https://x.example/b,c",silk\n'
        'http://x.example/a?u=http://y.example/b;c,wool\nhttp://x.example/a b.jpg,wool\n', rows=3,
        images=["http://x.example/a?i=1;2", "https://x.example/b,c", "http://x.example/a?u=http://y.example/b;c", "http://x.example/a b.jpg"])
    add("drive-letters.csv", "Dateiname;Material\nC:\\Fotos\\Stück 1.jpg;Seide\n\\\\server\\bilder\\b.jpg;Wolle\n", rows=2,
        images=["C:\\Fotos\\Stück 1.jpg", "\\\\server\\bilder\\b.jpg"], variables={"Material": ["Seide", "Wolle"]})
    add("quotes-in-cells.csv", 'image_file,material\na.jpg,5" wide\nb.jpg,"say ""silk"""\nc.jpg,\u201cwool\u201d\n', rows=3,
        variables={"material": ['5"_wide', 'say_"silk"', "\u201cwool\u201d"]})
    add("long-cell.csv", plain(second="b.jpg," + "x" * 40000), rows=1, bad=[[3, "material"]])
    add("decimal-commas.csv", "image_file;width\na.jpg;12,5\nb.jpg;12,5\n", rows=2, variables={"width": ["12,5"]})
    add("sep-utf16.csv", ("\ufeffsep=;\r\n" + plain(end="\r\n").replace(",", ";")).encode("utf-16-le"), rows=2, variables=SILK)
    add("header-quoted.csv", '"image_file","material"\n"a.jpg","silk"\n', rows=1, variables={"material": ["silk"]})
    add("header-no-break-space.csv", "image\u00a0file,material\u00a0\na.jpg,silk\n", rows=1, variables={"material": ["silk"]})
    add("index-column.csv", ",image_file,material\n0,a.jpg,silk\n1,b.jpg,wool\n", rows=2, variables=SILK)
    refused("macroman.csv", plain(first="a.jpg,dor\u00e9").encode("mac-roman"), "macroman.csv:2: the text is not UTF-8")
    refused("no-header-drive.csv", "C:\\a.jpg,silk\nC:\\b.jpg,wool\n", "its first cell is the image `C:\\a.jpg`")

    # Workbooks.
    cover = ("Deckblatt", [["Bestand Textilien"], ["Stand 2024"]])
    table = ("Objekte", CELLS)
    add("workbook-cover.xlsx", xlsx(cover, table), rows=2, infos=["the sheet `Objekte` is read, and not `Deckblatt`; the key sheet names another"])
    add("workbook-sheet-name.xlsx", xlsx(table, ("Fotos 2", [["file", "material"], ["x.jpg", "wool"], ["y.jpg", "wool"]])), {"sheet": "fotos 2"}, rows=2,
        images=["x.jpg", "y.jpg"], infos=["the sheet `Fotos 2` is read, and not `Objekte`"])
    add("workbook-sheet-number.xlsx", xlsx(cover, table), {"sheet": "2"}, rows=2)
    add("workbook-sheet-hidden.xlsx", xlsx(cover, ("alt", CELLS), hidden=["alt"]), {"sheet": "alt"}, rows=2)
    refused("workbook-sheet-unknown.xlsx", xlsx(cover, table), "sheet: `", {"sheet": "Objekt"}, kind="configuration")
    refused("workbook-sheet-empty.xlsx", xlsx(table, ("leer", [])), "the sheet `leer` has no cells", {"sheet": "leer"})
    add("workbook-title.xlsx", xlsx(("Objekte", [["Bestand Textilien"], [], *CELLS])), rows=2, warnings=[below])
    add("workbook.xlsm", xlsx(table), rows=2)
    add("workbook-formulas.xlsx", xlsx(("Objekte", [["image_file", "material"], ["a.jpg", "silk"], ["b.jpg", "=B2"], ['="c" & ".jpg"', "silk"]])),
        rows=1, bad=[[3, "material"], [4, "image_file"]])
    book = openpyxl.load_workbook(io.BytesIO(xlsx(("Objekte", [["image_file", "object", "material"], ["a.jpg", 7, "silk"], ["b.jpg", None, "silk"],
                                                              ["c.jpg", None, "wool"], ["d.jpg", 8, "wool"]]))))
    book.active.merge_cells("B2:B4")
    file = io.BytesIO()
    book.save(file)
    add("workbook-merged.xlsx", file.getvalue(), rows=4, objects=["7", "7", "7", "8"])
    old = xlwt.Workbook()
    sheet = old.add_sheet("Objekte")
    dates = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for row, cells in enumerate([["image_file", "year", "made"], ["a.jpg", 1900, datetime.date(1900, 5, 1)], ["b.jpg", 1901.5, "um 1901"]]):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell, *([dates] if isinstance(cell, datetime.date) else []))
    file = io.BytesIO()
    old.save(file)
    add("workbook.xls", file.getvalue(), rows=2, variables={"year": ["1900", "1901.5"], "made": ["1900-05-01", "um_1901"]})


def ods(body):
    """A spreadsheet of LibreOffice with one sheet of these rows."""
    names = "".join(f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ["office", "table", "text"])
    content = (f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{names} office:version="1.2"><office:body>'
               f'<office:spreadsheet><table:table table:name="Objekte">{body}</table:table></office:spreadsheet></office:body>'
               '</office:document-content>')
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    listed = (f'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
              f'manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>')
    return archive({"mimetype": kind, "META-INF/manifest.xml": listed, "content.xml": content})


def archive(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def ods_row(*cells, repeated=1):
    return f'<table:table-row table:number-rows-repeated="{repeated}">{"".join(map(ods_cell, cells))}</table:table-row>'


def ods_cell(cell):
    if cell is None:
        return "<table:covered-table-cell/>"
    text, rows = cell if isinstance(cell, tuple) else (cell, 1)
    merged = f' table:number-columns-spanned="1" table:number-rows-spanned="{rows}"' if rows > 1 else ""
    return f'<table:table-cell office:value-type="string"{merged}><text:p>{text}</text:p></table:table-cell>'


# Files in the place of a table, and what further programs write.
def further():
    header = ods_row("image_file", "object", "material")
    empty = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
    add("workbook-merged.ods", ods(header + ods_row("a.jpg", ("7", 3), "silk") + ods_row("b.jpg", None, "silk")
                                   + ods_row("c.jpg", None, "wool") + ods_row("d.jpg", "8", "wool") + empty),
        rows=4, objects=["7", "7", "7", "8"])
    add("workbook-merged-repeated.ods", ods(header + ods_row("a.jpg", "7", "silk", repeated=2) + ods_row("b.jpg", ("8", 2), "silk")
                                            + ods_row("c.jpg", None, "wool")), rows=4, objects=["7", "7", "8", "8"])
    book = openpyxl.Workbook()
    for row in [["image_file", "made", "took"], ["a.jpg", datetime.time(12, 30), datetime.timedelta(hours=30)]]:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    add("workbook-durations.xlsx", file.getvalue(), rows=1, variables={"made": ["12:30:00"], "took": ["30:00:00"]})

    add("tab-byte-order-mark.tsv", "\ufeff" + plain().replace(",", "\t"), rows=2, variables=SILK)
    add("line-ends-mixed.csv", "image_file,material\r\na.jpg,silk\nb.jpg,wool\rc.jpg,wool\r\n", rows=3, variables=SILK)
    add("byte-order-mark-quoted.csv", '\ufeff"image_file","material"\n"a.jpg","silk"\n"b.jpg","wool"\n', rows=2, variables=SILK)
    add("semicolon-quoted-commas.csv", '"image_file";"material"\n"a.jpg";"silk, raw"\n', rows=1, variables={"material": ["silk,_raw"]})
    add("blanks-around.csv", "image_file , material\n a.jpg , silk\n\u00a0b.jpg,wool \n", rows=2, variables=SILK, images=["a.jpg", "b.jpg"])
    add("comment-above.csv", "# exported 2024-05-01\n" + plain(), rows=2, variables=SILK)
    add("end-of-file-mark.csv", plain() + "\x1a", rows=2, variables=SILK, bad=[[4, ""]])
    refused("windows-1252-quotes.csv", plain(first="a.jpg,\u201csoie\u201d").encode("cp1252"), "windows-1252-quotes.csv:2: the text is not UTF-8")
    refused("windows-1252-header.csv", plain("image_file,mati\u00e8re").encode("cp1252"), "windows-1252-header.csv:1: the text is not UTF-8")

    for name, content, what in [
        ("utf-32.csv", plain().encode("utf-32"), "text in UTF-32"),
        ("web-page.csv", "<!DOCTYPE html>\n<html><body>Log in</body></html>\n", "a web page"),
        ("web-page-table.xls", "<html><table><tr><td>image_file</td></tr></table></html>", "a web page"),
        ("excel-2003.xml", '<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "an XML spreadsheet of Excel 2003"),
        ("catalogue.xml", '<?xml version="1.0"?>\n<lido/>', "an XML document"),
        ("sylk.slk", 'ID;PWXL;N;E\nC;Y1;X1;K"image_file"\nE\n', "a SYLK file"),
        ("records.jsonl", '{"image_file":"a.jpg","material":"silk"}\n', "JSON"),
        ("document.rtf", "{\\rtf1 image_file, material}", "a text document"),
        ("database.db", "SQLite format 3\0" + "\0" * 84, "a database (SQLite)"),
        ("packed.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "a compressed file (gzip)"),
        ("packed.zip", archive({"table.csv": plain()}), "an archive (zip)"),
        ("document.docx", archive({"[Content_Types].xml": "", "word/document.xml": "<x/>"}), "a text document (Word)"),
        ("table.numbers", archive({"Index/Document.iwa": "x"}), "a spreadsheet of Numbers"),
    ]:
        refused(name, content, f"this is no table, but {what}")


def merge():
    """Replaces the entries of the tables that were made now."""
    made_now = {(entry["file"], str(entry["options"])) for entry in ENTRIES}
    known = json.loads((HERE / "manifest.json").read_text())
    ENTRIES[:0] = [entry for entry in known if (entry["file"], str(entry["options"])) not in made_now]


if sys.argv[1:]:
    # Workbooks have the time in them: those that are there stay as they are.
    ENTRIES.clear()
    MAKES_MORE = True
    {"more": more, "further": further}[sys.argv[1]]()
    merge()
else:
    more()
    further()
(HERE / "manifest.json").write_text(json.dumps(ENTRIES, ensure_ascii=False, indent=1) + "\n")
print(len(ENTRIES), "tables")
