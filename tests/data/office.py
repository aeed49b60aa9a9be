"""Writes tables the way offices save them: their separators, encodings, quotes and leftovers."""

from dataclasses import dataclass, field

ENCODINGS = {
    "utf-8": (b"", "utf-8"),
    "utf-8-bom": (b"\xef\xbb\xbf", "utf-8"),
    "utf-16le": (b"\xff\xfe", "utf-16-le"),  # Excel's "Unicode text"
    "windows-1252": (b"", "cp1252"),
}


@dataclass
class Broken:
    """A row that must be refused: what is wrong (`why`) in which member of data (`field`)."""

    cells: list
    field: str
    why: str


@dataclass
class Sheet:
    """One file. `rows` mixes lists of cells and Broken; a totals row and blank rows may follow."""

    path: str  # below the inbox: plugin/type/name.csv
    header: list
    rows: list
    delimiter: str = ";"
    encoding: str = "utf-8"
    newline: str = "\r\n"
    quote_all: bool = False
    sep_line: bool = False  # Excel's own first line, sep=;
    totals: list = field(default_factory=list)
    blank_rows: int = 0
    blank_columns: int = 0

    @property
    def type(self):
        return self.path.split("/")[1]


def day(date, style):
    """A date in the style of a file: "iso" or "dmy" (dd/mm/yyyy). Anything else stays as it is."""
    if not hasattr(date, "isoformat"):
        return date
    return date.isoformat() if style == "iso" else date.strftime("%d/%m/%Y")


def render(sheet):
    """Returns (bytes of the file, its description for expected.json)."""
    lines = ["sep=" + sheet.delimiter] if sheet.sep_line else []
    lines.append(_line(sheet, sheet.header))
    broken = []
    # As a spreadsheet shows it: the header is row 1, a line break in a cell begins no new row.
    for number, row in enumerate(sheet.rows, 2):
        cells = row
        if isinstance(row, Broken):
            cells = row.cells
            broken.append({"row": number, "field": row.field, "why": row.why})
        lines.append(_line(sheet, cells))
    if sheet.totals:
        lines.append(_line(sheet, sheet.totals))
    lines += [sheet.delimiter * (len(sheet.header) + sheet.blank_columns - 1)] * sheet.blank_rows
    bom, codec = ENCODINGS[sheet.encoding]
    text = sheet.newline.join(lines) + sheet.newline
    about = {
        "path": sheet.path,
        "type": sheet.type,
        "encoding": sheet.encoding,
        "delimiter": sheet.delimiter,
        "good": len(sheet.rows) - len(broken),
        "broken": len(broken),
        "broken_rows": broken,
    }
    return bom + text.encode(codec), about


def _line(sheet, cells):
    if len(cells) > len(sheet.header):
        raise ValueError(f"{sheet.path}: a row has {len(cells)} cells")
    short = len(sheet.header) - len(cells) + sheet.blank_columns
    return sheet.delimiter.join([_cell(sheet, c) for c in cells] + [""] * short)


def _cell(sheet, value):
    text = str(value)
    special = any(c in text for c in (sheet.delimiter, '"', "\n"))
    if not special and not (sheet.quote_all and text):
        return text
    return '"' + text.replace('"', '""') + '"'
