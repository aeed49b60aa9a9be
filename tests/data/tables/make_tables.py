#!/usr/bin/python3
"""Makes the files of tests/data/tables/read and import whose bytes an editor would spoil: encodings,
line ends, workbooks. Run from anywhere; the same bytes come out each time. What each file should be
read as stands beside it in <file>.json, written by hand. A new case needs a file and its .json only;
whether it comes from here does not matter."""

import html
import io
import os
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
BOM = b"\xef\xbb\xbf"


def write(path, data):
    full = os.path.join(HERE, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as out:
        out.write(data)


# ---- Text ----------------------------------------------------------------------------------------

TEXT = "Nama;Kota\nSiti Nurjanah;Pekalongan\nRené Müller;Bojonegoro\n"

TEXTS = {
    "utf8-plain.csv": TEXT.encode(),
    "utf8-bom-crlf.csv": BOM + TEXT.replace("\n", "\r\n").encode(),
    "utf8-cr-only.csv": TEXT.replace("\n", "\r").encode(),
    "utf16le-bom.csv": b"\xff\xfe" + TEXT.encode("utf-16-le"),
    "utf16be-bom.csv": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "utf16le-unmarked.csv": TEXT.encode("utf-16-le"),
    "utf16be-unmarked.csv": TEXT.encode("utf-16-be"),
    "utf16-emoji.csv": b"\xff\xfe" + "a;b\n\U0001f600;x\n".encode("utf-16-le"),
    "windows1252.csv": "Nama;Nilai\r\nRené “Ray” Müller;€ 5\r\n".encode("cp1252"),
    "windows1252-late.csv": b"Nama;Kota\n" + b"Budi;Batang\n" * 8000 + b"Ren\xe9;Batang\n",
    "dos-end.csv": b"a;b\r\n1;2\r\n\x1a",
    "sep-line.csv": b"sep=|\r\na|b;c\r\n1|2;3\r\n",
    "sep-quoted.csv": b'"sep=,"\na;b,c\n1;2,3\n',
    "tab.csv": b"a\tb c\t\n1\t2\t\n",
    "pipe.csv": b"a|b\n1|2\n",
    "comma.csv": b'a,b,c\n1,"Pekalongan, Jawa Tengah",3\n',
    "semicolon-decimals.csv": b"Nama;Nilai;Tinggi\nA;85,5;1,70\nB;90,25;1,65\nC;77,5;1,58\n",
    "semicolon-addresses.csv": b"Nama;Alamat\nA;Jl. Teratai 1, Medono\nB;Jl. Mawar 2, Tirto\n",
    "title-above.csv": b"DATA ALUMNI BLK, KOTA PEKALONGAN\n\nNo;Nama;Kota\n1;A;X\n2;B;Y\n",
    "one-column.csv": b"Nama\nA\nB\n",
    "quotes.csv": b'a;b\n"Ali ""Jaya""\nBaris dua";x\nToko "Maju";"y" ;z\n',
    "quoted-line-ends.csv": b'a;b\r\n"satu\r\ndua";x\r\nlast;y\r\n',
    "blank-rows.csv": b"a;b\n\n;;\n   \n1;2\n\n",
    "trailing-empty.csv": b"a;b;;;\n1;;;;\n;2;;;\n",
    "no-final-newline.csv": b"a;b\n1;2",
    "spaces.csv": b" a ; b \n  1;2  \n\" keep \";x\n",
    "open-quote.csv": b'a;b\n1;2\n3;"four\n5;6\n',
    "too-many-columns.csv": b"a;b\n" + b";" * 1000 + b"x\n",
    "many-empty-columns.csv": b"a;b\n1;2" + b";" * 1500 + b"\n",
    "long-cell.csv": b"a;b\n1;" + b"x" * 65537 + b"\n",
    "empty.csv": b"",
    "nothing-but-bom.csv": BOM,
    "bad-utf8-marked.csv": BOM + b"a;b\nRen\xe9;x\n",
    "lone-surrogate.csv": b"\xff\xfe" + "a;b\n".encode("utf-16-le") + b"\x00\xd8" + b";\x00x\x00",
    "utf32.csv": b"\xff\xfe\x00\x00" + "a;b\n".encode("utf-32-le"),
    "nul.csv": b"a;b\n1;\x002\n",
    "binary.csv": bytes(range(256)) * 4,
    "web-page.xls": b"\n <html><body><table><tr><td>NIK</td></tr></table></body></html>",
    "old-excel.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512,
    "letter.pdf": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
}

# ---- Workbooks -----------------------------------------------------------------------------------

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def archive(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, text)
    return out.getvalue()


def relations(items):
    body = "".join(
        f'<Relationship Id="{i}" Type="{OFFICE}/{kind}" Target="{target}"/>' for i, kind, target in items
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}">{body}</Relationships>'


def styles(formats, cells):
    own = "".join(
        f'<numFmt numFmtId="{n}" formatCode="{html.escape(code)}"/>' for n, code in formats.items()
    )
    xfs = "".join(f'<xf numFmtId="{n}"/>' for n in cells)
    return (
        f'{HEAD}<styleSheet xmlns="{MAIN}"><numFmts>{own}</numFmts><cellStyleXfs><xf numFmtId="14"/>'
        f"</cellStyleXfs><cellXfs>{xfs}</cellXfs></styleSheet>"
    )


def sheet(rows):
    return f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def book(rows, strings=None, style=None, sheets=None, date1904=False, extra=None, target=""):
    """rows: XML of the first sheet's rows. sheets: further (name, state, rows)."""
    all_sheets = [("Lembar1", None, rows)] if sheets is None else sheets
    parts = {
        "[Content_Types].xml": HEAD + "<Types/>",
        "_rels/.rels": relations([("rId1", "officeDocument", "xl/workbook.xml")]),
    }
    listed, links = "", []
    for n, (name, state, body) in enumerate(all_sheets, 1):
        hidden = f' state="{state}"' if state else ""
        listed += f'<sheet name="{name}" sheetId="{n}"{hidden} r:id="rId{n}"/>'
        links.append((f"rId{n}", "worksheet", f"{target}worksheets/sheet{n}.xml"))
        parts[f"xl/worksheets/sheet{n}.xml"] = sheet(body) if body is not None else ""
    flag = ' date1904="1"' if date1904 else ""
    parts["xl/workbook.xml"] = (
        f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr{flag}/>'
        f"<sheets>{listed}</sheets></workbook>"
    )
    if strings is not None:
        links.append(("rIdS", "sharedStrings", f"{target}sharedStrings.xml"))
        body = "".join(f"<si>{s}</si>" for s in strings)
        parts["xl/sharedStrings.xml"] = f'{HEAD}<sst xmlns="{MAIN}">{body}</sst>'
    if style is not None:
        links.append(("rIdF", "styles", f"{target}styles.xml"))
        parts["xl/styles.xml"] = style
    parts["xl/_rels/workbook.xml.rels"] = relations(links)
    parts.update(extra or {})
    return archive(parts)


def row(n, *cells):
    return f'<row r="{n}">' + "".join(cells) + "</row>"


def text(ref, value):
    return f'<c r="{ref}" t="inlineStr"><is><t>{value}</t></is></c>'


def shared(ref, n):
    return f'<c r="{ref}" t="s"><v>{n}</v></c>'


def number(ref, value, style=0):
    return f'<c r="{ref}" s="{style}"><v>{value}</v></c>'


STYLES = styles(
    {164: "dd/mm/yyyy;@", 165: "[$-421]d mmmm yyyy", 166: '"Rp"#,##0', 167: "0000000000",
     168: "[h]:mm", 169: "0.0%", 170: "yyyy-mm-dd hh:mm", 171: "[Red]0;[Blue]-0", 172: 'General" d"'},
    [0, 14, 164, 165, 166, 167, 168, 169, 170, 171, 172, 9, 18],
)

HEADER = row(1, text("A1", "a"), text("B1", "b"), text("C1", "c"))

WORKBOOKS = {
    "shared.xlsx": book(
        row(1, shared("A1", 0), shared("B1", 1)) + row(2, shared("A2", 2), shared("B2", 3)),
        strings=["<t>Nama</t>", "<t>Kota</t>",
                 '<r><t>Siti </t></r><r><rPr><b/></rPr><t xml:space="preserve">Nur</t></r>'
                 "<rPh><t>nicht</t></rPh>",
                 "<t>satu_x000D__x000A_dua &amp; _x0041_</t>"],
    ),
    "numbers.xlsx": book(
        HEADER
        + row(2, number("A2", "1500000"), number("B2", "0.1"), number("C2", "-2.50"))
        + row(3, number("A3", "3375010101900012"), number("B3", "3.375010101900012E+15"),
              number("C3", "081234567890"))
        + row(4, number("A4", "1500000", 4), number("B4", "12345", 5), number("C4", "0.421", 7))
        + row(5, number("A5", "7", 9), number("B5", "7", 10), number("C5", "0.42", 11))
        + row(6, number("A6", "999999999999999"), number("B6", "1E-7"), number("C6", "x")),
        style=STYLES,
    ),
    "dates-1900.xlsx": book(
        HEADER
        + row(2, number("A2", "43566", 1), number("B2", "43566", 2), number("C2", "43224", 3))
        + row(3, number("A3", "43566.5625", 8), number("B3", "43566.999999999", 8),
              number("C3", "0.5625", 12))
        + row(4, number("A4", "59", 1), number("B4", "61", 1), number("C4", "1.5", 6))
        + row(5, number("A5", "-1", 1), number("B5", "2958466", 1), number("C5", "1", 1))
        + '<row r="6"><c r="A6" t="d"><v>2019-04-11</v></c></row>',
        style=STYLES,
    ),
    "dates-1904.xlsx": book(HEADER + row(2, number("A2", "42104", 1)), style=STYLES, date1904=True),
    "booleans-errors.xlsx": book(
        HEADER + '<row r="2"><c r="A2" t="b"><v>1</v></c><c r="B2" t="b"><v>0</v></c>'
        '<c r="C2" t="e"><v>#N/A</v></c></row>'
        '<row r="3"><c r="A3" t="str"><f>A1&amp;"x"</f><v>ax</v></c><c r="B3"><f>1+1</f><v>2</v></c></row>'
    ),
    "gaps.xlsx": book(
        row(2, text("B2", "b"), text("D2", "d")) + row(3, '<c r="A3" s="1"/>') + row(7, text("A7", "x"))
    ),
    "no-references.xlsx": book(
        '<row><c t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><t>b</t></is></c></row>'
        "<row><c><v>1</v></c><c><v>2</v></c></row>"
    ),
    "hidden-first.xlsx": book(None, sheets=[
        ("Rahasia", "hidden", row(1, text("A1", "x"))), ("Data", None, row(1, text("A1", "y")))]),
    "three-sheets.xlsx": book(None, sheets=[
        ("Angkatan I", None, row(1, text("A1", "x"))), ("Angkatan II", None, row(1, text("A1", "y"))),
        ("Rahasia", "veryHidden", row(1, text("A1", "z")))]),
    "named-sheet.xlsx": book(None, sheets=[
        ("Satu", None, row(1, text("A1", "x"))), ("Dua", None, row(1, text("A1", "y")))]),
    "no-such-sheet.xlsx": book(row(1, text("A1", "x"))),
    "absolute-targets.xlsx": book(row(1, shared("A1", 0)), strings=["<t>ya</t>"], target="/xl/"),
    "prefixed.xlsx": book("", extra={"xl/worksheets/sheet1.xml": (
        f'{HEAD}<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1" t="inlineStr">'
        "<x:is><x:t>a</x:t></x:is></x:c></x:row></x:sheetData></x:worksheet>")}),
    "empty-sheet.xlsx": book(""),
    "bomb.xlsx": book(HEADER + row(2, text("A2", "x")) + "<row/>" * 2_000_000),
    "doctype.xlsx": book("", extra={"xl/worksheets/sheet1.xml": (
        f'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" '
        't="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>')}),
    "not-xml.xlsx": book("", extra={"xl/worksheets/sheet1.xml": "<worksheet><sheetData><row"}),
    "deep.xlsx": book("<row>" * 70 + "</row>" * 70),
    "rows-backwards.xlsx": book(row(2, text("A2", "x")) + row(1, text("A1", "y"))),
    "cells-backwards.xlsx": book(row(1, text("B1", "x"), text("A1", "y"))),
    "missing-string.xlsx": book(row(1, text("A1", "x"), shared("B1", 5)), strings=["<t>a</t>"]),
    "far-column.xlsx": book(row(1, text("A1", "x")) + row(2, text("ALM2", "x"))),
    "far-empty-column.xlsx": book(row(1, text("A1", "x"), '<c r="XFD1" s="0"/>')),
    "long-cell.xlsx": book(row(1, text("A1", "x" * 65537))),
    "no-sheet-part.xlsx": archive({
        "_rels/.rels": relations([("rId1", "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="A" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations([("r1", "worksheet", "worksheets/none.xml")])}),
    "letter.docx.xlsx": archive({
        "_rels/.rels": relations([("rId1", "officeDocument", "word/document.xml")]),
        "word/document.xml": "<document><body/></document>"}),
    "pictures.zip": archive({"a.png": "x"}),
}
END = WORKBOOKS["shared.xlsx"].rindex(b"PK\5\6")
WORKBOOKS["many-parts.xlsx"] = (
    WORKBOOKS["shared.xlsx"][: END + 8] + b"\xff\xff\xff\xff" + WORKBOOKS["shared.xlsx"][END + 12 :]
)
WORKBOOKS["cut-off.xlsx"] = WORKBOOKS["shared.xlsx"][:-60]

# ---- Files to import -----------------------------------------------------------------------------

PEOPLE = [
    ("NIK", "Nama", "Tanggal", "Kejuruan", "Nilai", "Aktif"),
    ("3375010101900001", "Budi", 43566, "Las SMAW 3G", "85.5", "1"),
    ("3375014101900002", "Siti", 43567, "Roti", "90", "0"),
]


def people_book(as_text=True):
    """As a number, a spreadsheet keeps 15 digits of a NIK."""
    rows = row(1, *[text(f"{'ABCDEF'[i]}1", h) for i, h in enumerate(PEOPLE[0])])
    for n, (nik, name, day, vocation, score, active) in enumerate(PEOPLE[1:], 2):
        rows += row(
            n, text(f"A{n}", nik) if as_text else number(f"A{n}", nik[:15] + "0"), text(f"B{n}", name),
            number(f"C{n}", day, 1), text(f"D{n}", vocation), number(f"E{n}", score),
            f'<c r="F{n}" t="b"><v>{active}</v></c>')
    return book(rows, style=STYLES)


IMPORTS = {
    "import/person.tested/two-sheets.xlsx": book(None, sheets=[
        ("Angkatan I", None, row(1, text("A1", "NIK"), text("B1", "Tanggal"), text("C1", "Kejuruan"))
         + row(2, text("A2", "3375010101900001"), text("B2", "11/04/2019"), text("C2", "Las"))),
        ("Angkatan II", None, row(1, text("A1", "y")))]),
    "import/person.tested/table-on-second-sheet.xlsx": book(None, sheets=[
        ("Petunjuk", None, row(1, text("A1", "Isi lembar kedua")) + row(2, text("A2", "Terima kasih"))),
        ("Data", None, row(1, text("A1", "NIK"), text("B1", "Tanggal"), text("C1", "Kejuruan")))]),
    "import/person.tested/workbook.xlsx": people_book(),
    "import/person.tested/workbook-damaged-nik.xlsx": people_book(False),
    "import/person.tested/utf16-tab.csv": b"\xff\xfe" + (
        "NIK\tNama\tTanggal\tKejuruan\r\n3375010101900001\tRené\t11/04/2019\tLas\r\n"
    ).encode("utf-16-le"),
    "import/person.tested/windows1252.csv": (
        "NIK;Nama;Tanggal;Kejuruan\r\n3375010101900001;René;11/04/2019;Las\r\n").encode("cp1252"),
    "import/person.tested/line-breaks.csv": (
        'NIK;Nama;Tanggal;Kejuruan\r\n3375010101900001;"Budi\r\n""Ketua"" Santoso";11/04/2019;Las\r\n'
        "3375010101900002;Siti;32/04/2019;Las\r\n").encode(),
}


def main():
    for name, data in TEXTS.items():
        write("read/" + name, data)
    for name, data in WORKBOOKS.items():
        write("read/" + name, data)
    for name, data in IMPORTS.items():
        write(name, data)


if __name__ == "__main__":
    main()
