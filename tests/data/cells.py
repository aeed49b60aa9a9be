"""What stands in the cells: the words of the offices, and the rows that must be refused."""

import csv
from pathlib import Path

import lives
from office import Broken, day

ROOT = Path(__file__).resolve().parent.parent.parent
CITY = "33.75"

FUNDING = {"apbn": "APBN", "apbd": "APBD"}
INTENT = {"employment": "Bekerja", "self_employment": "Wirausaha", "undecided": "Belum tahu"}
SEX = {"L": "Laki-laki", "P": "Perempuan"}
DISABILITY = {
    "": "",
    "rungu": "Tuna Rungu",
    "fisik": "Fisik",
    "netra": "Netra",
    "daksa": "Tuna Daksa",
}
STATUS = {
    "employed": "Bekerja",
    "self_employed": "Wirausaha",
    "unemployed": "Belum bekerja",
    "studying": "Kuliah",
    "not_seeking": "Mengurus rumah tangga",
}
WORK = {
    "": "",
    "own_account": "Berusaha sendiri",
    "own_account_assisted": "Berusaha dibantu buruh tidak tetap",
    "employer": "Berusaha dibantu buruh tetap",
    "employee": "Buruh/Karyawan/Pegawai",
    "casual_agriculture": "Pekerja bebas di pertanian",
    "casual_non_agriculture": "Pekerja bebas di nonpertanian",
    "unpaid": "Pekerja keluarga/tidak dibayar",
}
WAVE = {"6m": "6 bulan", "12m": "12 bulan"}
REASON = {"finished": "Selesai kontrak", "resigned": "Mengundurkan diri", "dismissed": "PHK"}
INCOME = ["Di bawah 1 juta", "1-2 juta", "2-3 juta", "3-5 juta"]
METHOD = ["Telepon", "WA", "Kunjungan", "Google Form"]

# (member of data, what is wrong with it, the cell)
EXCEL_NIK = ("nik", "nik_damaged", "3.37502E+15")
EXCEL_NIK_COMMA = ("nik", "nik_damaged", "3,37502E+15")
SHORT_NIK = ("nik", "nik_digits", "337502410419900")


def spellings():
    """{slug: [name and the first synonyms, as offices write them]}"""
    with open(ROOT / "schemas/reference/vocations.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return {row["slug"]: [row["name"], *row["synonyms"].split("|")[:3]] for row in rows}


VOCATIONS = spellings()


def vocation(slug, turn):
    return VOCATIONS[slug][turn % len(VOCATIONS[slug])]


def choose(persons, regions, years):
    return [p for p in persons if p.course.region in regions and p.course.year in years]


def spoil(columns, person, header, mistake, style="dmy"):
    """A Broken row: that person's cells with the cell below `header` replaced."""
    member, why, text = mistake
    cells = [text if name == header else day(cell(person), style) for name, cell in columns]
    return Broken(cells, member, why)


def fill(columns, things, style="dmy"):
    return [[day(cell(thing), style) for _, cell in columns] for thing in things]


def spread(rows, broken):
    """Puts the broken rows among the good ones, well apart."""
    step = len(rows) // (len(broken) + 1)
    for number, row in enumerate(broken, 1):
        rows.insert(number * step + number - 1, row)
    return rows


def spares(like, count, year):
    """Persons for broken rows, members of a course like that of a real one."""
    persons = lives.spare_persons(count, like.course.region, year)
    for person in persons:
        person.course = like.course
        person.intent = "employment"
    return persons
