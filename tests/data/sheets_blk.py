"""The files of the training centres: graduates, certificates, tracer surveys."""

from datetime import timedelta

from cells import (
    CITY, DISABILITY, EXCEL_NIK, EXCEL_NIK_COMMA, FUNDING, INCOME, INTENT, METHOD, SEX, SHORT_NIK,
    STATUS, WAVE, WORK, choose, fill, spares, spoil, spread, vocation,
)
from office import Broken, Sheet
from people import Dice
from story import PROGRAMS


def graduates_2018(story):
    people = choose(story.persons, [CITY], [2018])
    columns = [
        ("No", lambda p: ""),
        ("NIK", lambda p: p.nik),
        ("Nama Lengkap", lambda p: p.name),
        ("L/P", lambda p: p.sex),
        ("Tahun Lahir", lambda p: p.birth_year),
        ("Pendidikan Terakhir", lambda p: p.education),
        ("Alamat", lambda p: p.address),
        ("No. HP", lambda p: p.phone),
        ("Program Pelatihan", lambda p: PROGRAMS[p.course.vocation]),
        ("Kejuruan", lambda p: vocation(p.course.vocation, 0)),
        ("Angkatan", lambda p: p.course.batch),
        ("Tahun", lambda p: p.course.year),
        ("Sumber Dana", lambda p: FUNDING[p.course.funding]),
        ("Materi Tambahan", lambda p: "Pemasaran Digital" if p.course.funding == "apbd" else ""),
        ("Tanggal Lulus", lambda p: p.course.date),
        ("Persetujuan", lambda p: ", ".join(p.consent)),
    ]
    rows = fill(columns, people)
    first, second = spares(people[0], 2, 2018)
    broken = [
        spoil(columns, first, "NIK", EXCEL_NIK_COMMA),
        spoil(columns, second, "Tanggal Lulus", ("date", "date_impossible", "31/02/2018")),
    ]
    spread(rows, broken)
    for number, row in enumerate(rows, 1):
        (row.cells if isinstance(row, Broken) else row)[0] = number
    return Sheet(
        "blk/alumni.graduated/alumni-2018.csv", [name for name, _ in columns], rows,
        encoding="utf-8-bom", totals=["JUMLAH", "", len(rows)], blank_rows=3, blank_columns=2,
    )


def graduates_2019(story):
    people = choose(story.persons, [CITY], [2019])
    nicknamed = {p.nik for p in people[10::50]}
    two_lines = {p.nik for p in people[20::60]}
    columns = [
        ("NIK", lambda p: p.nik),
        ("Nama", lambda p: p.name.replace(" ", ' "Mas" ' if p.sex == "L" else ' "Mbak" ', 1)
         if p.nik in nicknamed else p.name),
        ("Jenis Kelamin", lambda p: SEX[p.sex]),
        ("Tahun Lahir", lambda p: p.birth_year),
        ("Pendidikan", lambda p: p.education),
        ("Alamat", lambda p: p.address.replace(", ", "\n") if p.nik in two_lines else p.address),
        ("No HP/WA", lambda p: p.phone),
        ("Email", lambda p: p.email),
        ("Nama Pelatihan", lambda p: PROGRAMS[p.course.vocation]),
        ("Sub Kejuruan", lambda p: vocation(p.course.vocation, 1)),
        ("Gelombang", lambda p: p.course.batch),
        ("Tahun Anggaran", lambda p: p.course.year),
        ("Sumber Anggaran", lambda p: FUNDING[p.course.funding]),
        ("Materi Tambahan", lambda p: "Pemasaran Digital" if p.course.funding == "apbd" else ""),
        ("Tgl Kelulusan", lambda p: p.course.date),
        ("Minat", lambda p: INTENT[p.intent]),
        ("Jenis Disabilitas", lambda p: DISABILITY[p.disability]),
        ("Kebutuhan Khusus", lambda p: p.needs),
        ("Persetujuan Berbagi Data", lambda p: ", ".join(p.consent)),
    ]
    rows = fill(columns, people, "iso")
    first, second = spares(people[0], 2, 2019)
    broken = [
        spoil(columns, first, "Sub Kejuruan", ("vocation", "missing", ""), "iso"),
        spoil(columns, second, "NIK", SHORT_NIK, "iso"),
    ]
    return Sheet(
        "blk/alumni.graduated/alumni-2019-angkatan-II-III.csv", [name for name, _ in columns],
        spread(rows, broken), delimiter=",", newline="\n", quote_all=True,
    )


def graduates_2020(story):
    people = choose(story.persons, [CITY], [2020])
    columns = [
        ("Kode Wilayah", lambda p: p.course.region),
        ("No KTP", lambda p: p.nik),
        ("Nama Peserta", lambda p: p.name),
        ("JK", lambda p: p.sex),
        ("Tahun Lahir", lambda p: p.birth_year),
        ("Ijazah Terakhir", lambda p: p.education),
        ("Nomor WA", lambda p: p.phone),
        ("Program", lambda p: PROGRAMS[p.course.vocation]),
        ("Jurusan", lambda p: vocation(p.course.vocation, 2)),
        ("Angkatan Ke", lambda p: p.course.batch),
        ("TA", lambda p: p.course.year),
        ("Pendanaan", lambda p: FUNDING[p.course.funding]),
        ("Pelatihan Tambahan",
         lambda p: "Digital Marketing/Soft Skill" if p.course.funding == "apbd" else ""),
        ("Tgl. Lulus", lambda p: p.course.date),
        ("Rencana Setelah Lulus", lambda p: INTENT[p.intent]),
        ("Ragam Disabilitas", lambda p: DISABILITY[p.disability]),
        ("Kebutuhan", lambda p: p.needs),
        ("Izin Berbagi Data", lambda p: "/".join(p.consent)),
    ]
    rows = fill(columns, people)
    (first,) = spares(people[0], 1, 2020)
    broken = [spoil(columns, first, "Kode Wilayah", ("region", "region_dot", "3375"))]
    return Sheet(
        "blk/alumni.graduated/alumni-2020.csv", [name for name, _ in columns],
        spread(rows, broken), delimiter="\t", encoding="utf-16le", blank_rows=1,
    )


def graduates_regency(story, region, name, habits):
    people = choose(story.persons, [region], [2019, 2020])
    columns = [
        ("Kode Kab/Kota", lambda p: p.course.region),
        ("Nomor Induk Kependudukan", lambda p: p.nik),
        ("Nama Alumni", lambda p: p.name),
        ("Jenis Kelamin", lambda p: SEX[p.sex].lower()),
        ("Tahun Lahir", lambda p: p.birth_year),
        ("Tingkat Pendidikan", lambda p: p.education),
        ("Telepon", lambda p: p.phone),
        ("Paket Pelatihan", lambda p: PROGRAMS[p.course.vocation]),
        ("Kejuruan", lambda p: vocation(p.course.vocation, 3)),
        ("Tahap", lambda p: p.course.batch),
        ("Tahun Pelatihan", lambda p: p.course.year),
        ("Anggaran", lambda p: FUNDING[p.course.funding]),
        ("Tanggal Selesai", lambda p: p.course.date),
        ("Minat", lambda p: INTENT[p.intent]),
        ("Persetujuan", lambda p: "; ".join(p.consent)),
    ]
    rows = fill(columns, people)
    if region == "35.22":
        (first,) = spares(people[0], 1, 2020)
        mistake = ("region", "region_dot", "3522")
        spread(rows, [spoil(columns, first, "Kode Kab/Kota", mistake)])
    return Sheet(
        f"blk/alumni.graduated/{name}.csv", [name for name, _ in columns], rows, **habits
    )


def certificates(story, years, regions, seed):
    """Four of five graduates sat the test: (person, day, result, score, number)."""
    dice = Dice(seed)
    out = []
    for person in choose(story.persons, regions, years):
        if not dice.chance(0.82):
            continue
        score = dice.between(130, 196) / 2
        when = person.course.date + timedelta(days=dice.between(2, 9))
        number = f"UJK/{person.course.year}/{person.course.region}/{len(out) + 1:04d}"
        out.append((person, when, score >= 70, score, number))
    return out


def certificate_columns(decimal, passed, failed, headers):
    cells = [
        lambda c: c[0].nik,
        lambda c: vocation(c[0].course.vocation, 0),
        lambda c: c[0].course.batch,
        lambda c: c[0].course.year,
        lambda c: c[1],
        lambda c: PROGRAMS[c[0].course.vocation],
        lambda c: "LSP BLK Pesisir",
        lambda c: passed if c[2] else failed,
        lambda c: f"{c[3]:g}".replace(".", decimal),
        lambda c: c[4] if c[2] else "",
        lambda c: c[1].replace(year=c[1].year + 3) if c[2] else "",
    ]
    return list(zip(headers.split("|"), cells, strict=True))


def certified_2018(story):
    tests = certificates(story, [2018], [CITY], 18)
    columns = certificate_columns(
        ",", "Kompeten", "Belum Kompeten",
        "NIK|Kejuruan|Angkatan|Tahun|Tanggal Uji|Skema Sertifikasi|LSP|Hasil|Nilai|No. Sertifikat"
        "|Berlaku Sampai")
    person, *rest = tests[0]
    (spare,) = spares(person, 1, 2018)
    mistake = ("date", "date_impossible", "30/02/2018")
    rows = spread(fill(columns, tests), [spoil(columns, (spare, *rest), "Tanggal Uji", mistake)])
    return Sheet("blk/alumni.certified/uji-kompetensi-2018.csv", [n for n, _ in columns], rows)


def certified_2019(story):
    tests = certificates(story, [2019], [CITY], 19)
    columns = certificate_columns(
        ".", "K", "BK",
        "No KTP|Sub Kejuruan|Gelombang|Tahun Anggaran|Tgl Uji Kompetensi|Skema|Nama LSP|K/BK|Skor"
        "|Nomor Sertifikat|Masa Berlaku")
    return Sheet(
        "blk/alumni.certified/uji-kompetensi-2019.csv", [n for n, _ in columns],
        fill(columns, tests, "iso"), delimiter="\t", newline="\n")


def certified_2020(story):
    tests = certificates(story, [2020], [CITY], 20)
    columns = certificate_columns(
        ".", "Kompeten", "Belum Kompeten",
        "NIK|Kejuruan|Angkatan|Tahun|Tanggal Sertifikat|Nama Skema|Lembaga Sertifikasi|Hasil Uji"
        "|Nilai Akhir|No Sertifikat|Berlaku s/d")
    person, *rest = tests[0]
    (spare,) = spares(person, 1, 2020)
    rows = spread(fill(columns, tests), [spoil(columns, (spare, *rest), "NIK", EXCEL_NIK)])
    return Sheet(
        "blk/alumni.certified/uji-kompetensi-2020.csv", [n for n, _ in columns], rows,
        delimiter=",", encoding="utf-8-bom", quote_all=True)


def certified_regencies(story):
    tests = certificates(story, [2019, 2020], ["15.07", "35.22"], 21)
    columns = certificate_columns(
        ",", "Lulus", "Belum lulus",
        "NIK|Kejuruan|Tahap|Tahun|Tgl Uji|Skema|LSP|Hasil|Nilai|No Sertifikat|Berlaku Hingga")
    columns.insert(0, ("Kode Wilayah", lambda c: c[0].course.region))
    return Sheet(
        "blk/alumni.certified/uji-kompetensi-kabupaten.csv", [n for n, _ in columns],
        fill(columns, tests), encoding="windows-1252", blank_rows=2)


def answers(story, regions, years):
    """(person, evidence) of all surveys, by day."""
    found = [
        (p, e) for p in choose(story.persons, regions, years)
        for e in p.evidence if e.kind == "survey"
    ]
    return sorted(found, key=lambda a: (a[1].date, a[0].nik))


def survey_columns(headers, seed):
    dice = Dice(seed)

    def at_work(a, text):
        return text if a[1].status in ("employed", "self_employed") else ""

    cells = [
        lambda a: a[0].nik,
        lambda a: a[1].date,
        lambda a: STATUS[a[1].status],
        lambda a: WORK[a[1].work],
        lambda a: a[1].employer,
        lambda a: at_work(a, dice.choice(["Sesuai", "Sesuai", "Kurang sesuai", "Tidak sesuai"])),
        lambda a: at_work(a, dice.choice(INCOME)),
        lambda a: dice.choice(METHOD),
        lambda a: WAVE[a[1].wave],
    ]
    return list(zip(headers.split("|"), cells, strict=True))


def surveys(story, regions, years, name, headers, mistakes, style="dmy", **habits):
    """One survey file; mistakes: {header: what is wrong below it}, a broken row each."""
    found = answers(story, regions, years)
    columns = survey_columns(headers, sum(years))
    if len(regions) > 1:
        columns.insert(0, ("Kode Wilayah", lambda a: a[0].course.region))
    rows = fill(columns, found, style)
    people = spares(found[0][0], len(mistakes), years[0])
    broken = [
        spoil(columns, (person, found[0][1]), header, mistake, style)
        for person, (header, mistake) in zip(people, mistakes.items(), strict=True)
    ]
    return Sheet(
        f"blk/outcome.reported/{name}.csv", [n for n, _ in columns], spread(rows, broken), **habits)


def all_surveys(story):
    yield surveys(
        story, [CITY], [2018], "tracer-2018",
        "NIK|Tanggal Survei|Kegiatan Sekarang|Status Pekerjaan|Tempat Bekerja|Kesesuaian"
        "|Penghasilan|Cara|Gelombang Survei",
        {"NIK": EXCEL_NIK, "Tanggal Survei": ("date", "date_impossible", "31/06/2019")},
        encoding="utf-8-bom", totals=["TOTAL", "", "224 orang"], blank_rows=2)
    yield surveys(
        story, [CITY], [2019], "tracer-2019",
        "No KTP|Tgl Pelacakan|Status Alumni|Status Pekerjaan Utama|Perusahaan/Usaha"
        "|Sesuai Pelatihan|Kisaran Penghasilan|Metode|Bulan Ke",
        {"Status Alumni": ("status", "missing", "")}, style="iso", delimiter=",", newline="\n")
    yield surveys(
        story, [CITY], [2020], "tracer-2020",
        "NIK Alumni|Tgl Monitoring|Keadaan Sekarang|Status dalam Pekerjaan|Nama Usaha"
        "|Kesesuaian Kejuruan|Pendapatan|Media|Periode", {}, delimiter="\t")
    yield surveys(
        story, ["15.07", "35.22"], [2019, 2020], "tracer-kabupaten",
        "NIK|Tanggal Kunjungan|Status|Status Pekerjaan|Tempat Kerja|Kesesuaian|Penghasilan|Cara"
        "|Gelombang Survei", {"Kode Wilayah": ("region", "region_dot", "3522")})


def closed_batches(story):
    """Every batch of a course, a fortnight after its graduation: the tests are over then."""
    batches = {}
    for person in story.persons:
        course = person.course
        key = (course.region, course.year, course.batch, course.vocation)
        batches.setdefault(key, (course, []))[1].append(person)
    numbered = list(enumerate(batches.values(), 1))
    columns = [
        ("Kode Wilayah", lambda b: b[1][0].region),
        ("Kode Pelatihan", lambda b: f"PBK-{b[1][0].year}-{b[0]:03d}"),
        ("Program Pelatihan", lambda b: PROGRAMS[b[1][0].vocation]),
        ("Kejuruan", lambda b: vocation(b[1][0].vocation, 0)),
        ("Angkatan", lambda b: b[1][0].batch),
        ("Tahun", lambda b: b[1][0].year),
        ("Jumlah Peserta", lambda b: len(b[1][1])),
        ("Jumlah Lulusan", lambda b: len(b[1][1])),
        ("Tgl Penutupan", lambda b: b[1][0].date + timedelta(days=14)),
    ]
    return Sheet(
        "blk/batch.closed/penutupan-angkatan.csv", [n for n, _ in columns],
        fill(columns, numbered), encoding="utf-8-bom")


def sheets(story):
    yield graduates_2018(story)
    yield graduates_2019(story)
    yield graduates_2020(story)
    yield graduates_regency(
        story, "15.07", "alumni-tanjung-jabung-timur",
        {"encoding": "windows-1252", "totals": ["Total", "48"]})
    yield graduates_regency(story, "35.22", "alumni-bojonegoro", {"sep_line": True})
    yield certified_2018(story)
    yield certified_2019(story)
    yield certified_2020(story)
    yield certified_regencies(story)
    yield from all_surveys(story)
    yield closed_batches(story)
