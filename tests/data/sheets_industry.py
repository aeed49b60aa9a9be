"""The files of the industry agency: vacancies, placements, and placements that ended."""

import lives
from cells import CITY, EXCEL_NIK, REASON, WORK, choose, fill, spares, spoil, spread, vocation
from office import Sheet
from story import REQUIREMENTS, TITLES


def vacancies(story):
    columns = [
        ("Kode Lowongan", lambda v: v.code),
        ("Kode Wilayah", lambda v: v.employer.region),
        ("Nama Perusahaan", lambda v: v.employer.name),
        ("Jabatan", lambda v: TITLES[v.employer.sector]),
        ("Jumlah Kebutuhan", lambda v: v.headcount),
        ("Jenis", lambda v: "Magang" if v.kind == "internship" else "Kerja"),
        ("Tanggal Lowongan", lambda v: v.opened),
        ("Berlaku Sampai", lambda v: v.valid_until),
        ("Persyaratan", lambda v: REQUIREMENTS[v.employer.sector]),
        ("Upah Minimum", lambda v: 1900000 + 50000 * (v.headcount % 5)),
        ("Upah Maksimum", lambda v: 2400000 + 100000 * (v.headcount % 4)),
        ("Lokasi Kerja", lambda v: "Pekalongan" if v.employer.region == CITY else ""),
        ("Kejuruan yang Diterima", lambda v: ", ".join(vocation(s, 0) for s in v.vocations)),
        ("Ramah Disabilitas", lambda v: "Ya" if v.kind == "friendly" else "Tidak"),
    ]
    rows = fill(columns, story.vacancies)
    wrong = lives.Vacancy("LWK-2020-099", story.vacancies[0].employer, story.vacancies[0].opened, 1)
    broken = [
        spoil(columns, wrong, "Kode Wilayah", ("region", "region_dot", "3375")),
        spoil(columns, wrong, "Nama Perusahaan", ("employer", "missing", "")),
    ]
    return Sheet(
        "industry/vacancy.opened/lowongan-2020-2021.csv", [n for n, _ in columns],
        spread(rows, broken), sep_line=True, encoding="windows-1252")


def placements(story, kind, regions, years):
    """(person, evidence) of all placements that started or ended, by day."""
    found = [
        (p, e) for p in choose(story.persons, regions, years) for e in p.evidence if e.kind == kind
    ]
    return sorted(found, key=lambda a: (a[1].date, a[0].nik))


def placement_columns():
    return [
        ("NIK", lambda a: a[0].nik),
        ("Perusahaan", lambda a: a[1].employer),
        ("Jenis", lambda a: "Magang" if a[1].internship else "Kerja"),
        ("Kejuruan", lambda a: vocation(a[0].course.vocation, 1)),
        ("Tgl Mulai Kerja", lambda a: a[1].date),
        ("Status Pekerjaan", lambda a: WORK[a[1].work]),
        ("No Perjanjian",
         lambda a: f"PM/{a[1].date.year}/{a[0].nik[-4:]}" if a[1].internship else ""),
    ]


def placed(story, name, regions, years, mistake, vacancy=False, **habits):
    """One file of placements; mistake: (header, what is wrong below it), or None."""
    columns = placement_columns()
    if vacancy:
        columns.insert(1, ("Kode Lowongan", lambda a: a[1].vacancy))
    if len(regions) > 1:
        columns.insert(0, ("Kode Kab/Kota", lambda a: a[0].course.region))
    found = placements(story, "started", regions, years)
    rows = fill(columns, found)
    if mistake:
        (spare,) = spares(found[0][0], 1, years[0])
        spread(rows, [spoil(columns, (spare, found[0][1]), *mistake)])
    return Sheet(
        f"industry/placement.started/{name}.csv", [n for n, _ in columns], rows, **habits)


def all_placements(story):
    yield placed(
        story, "penempatan-2018-2019", [CITY], [2018, 2019],
        ("Tgl Mulai Kerja", ("date", "date_impossible", "31/11/2018")))
    yield placed(
        story, "penempatan-2020", [CITY], [2020], ("NIK", EXCEL_NIK), vacancy=True,
        encoding="utf-8-bom", blank_rows=2)
    yield placed(
        story, "penempatan-kabupaten", ["15.07", "35.22"], [2019, 2020], None, vacancy=True,
        delimiter=",")


def ended(story):
    columns = [
        ("Kode Wilayah", lambda a: a[0].course.region),
        ("NIK", lambda a: a[0].nik),
        ("Nama Perusahaan", lambda a: a[1].employer),
        ("Kode Lowongan", lambda a: a[1].vacancy),
        ("Tanggal Berhenti", lambda a: a[1].date),
        ("Alasan", lambda a: REASON[a[1].reason]),
    ]
    found = placements(story, "ended", [CITY, "15.07", "35.22"], [2018, 2019, 2020])
    return Sheet(
        "industry/placement.ended/berhenti-2018-2021.csv", [n for n, _ in columns],
        fill(columns, found))


def sheets(story):
    yield vacancies(story)
    yield from all_placements(story)
    yield ended(story)
