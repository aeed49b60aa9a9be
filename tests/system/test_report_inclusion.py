"""`jejaringctl report inclusion`: what is counted, and that small counts do not come out."""

import datetime
import itertools
import random

import psycopg2
import pytest

from report_office import Office, event, graduated, key

TODAY = None  # in Jakarta, when the test begins
FLOOR = 5
GROUPS = [["graduates"], ["employed", "self_employed", "not_working", "untraced"], ["referred"],
          ["accommodated", "waiting"]]


@pytest.fixture(autouse=True)
def today():
    """Not when the file is read: minutes lie between, and at times a midnight."""
    global TODAY
    TODAY = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=7)).date()


def disabled(name, year, region="33.75", **data):
    return graduated(name, f"{year}-06-30", region, disability={"category": "physical"}, **data)


def fates(name, fate):
    """What became of a person: status, and whether there was a referral, an assessment, a provision."""
    person, status, referred, help_ = key("person", name), *fate
    events = []
    if status:
        events.append(event("outcome.reported", person, {"date": str(TODAY), "status": status}))
    if referred:
        events.append(event("referral.made", person, {"date": str(TODAY), "to": "ULD", "purpose": "kerja"}))
    if help_:
        events.append(event("accommodation.assessed", person, {"date": str(TODAY), "category": "mobility"}))
    if help_ == "provided":
        events.append(event("accommodation.provided", person, {"date": str(TODAY), "category": "mobility"}))
    return events


def cells(office, *words):
    return {(row["region"], row["year"]): row for row in office.rows("report", "inclusion", *words)}


def test_what_is_counted(cluster, tmp_path):
    office = Office(tmp_path, cluster.database())
    assert office.run("report", "inclusion").startswith("Tidak ada lulusan dengan disabilitas")
    events = [graduated(f"able {n}", "2023-06-30") for n in range(20)]
    fate = [("employed", True, "provided")] * 6 + [("self_employed", True, None)] * 5 + \
           [("studying", False, "assessed")] * 7 + [(None, False, None)] * 8
    for n, one in enumerate(fate):
        events += [disabled(n, 2023), *fates(n, one)]
    # Graduated twice, told of it once: counts once, with the last.
    events += [disabled("twice", 2022, "33.26"), graduated("twice", "2023-07-31")]
    events += [event("quota.reported", key("employer", 1), {
        "date": "2024-03-01", "employer": key("employer", 1), "employer_name": "PT A", "headcount": 200,
        "disabled_headcount": 0, "ownership": "private"}),
        event("quota.shortfall", key("employer", 1), {
            "date": "2024-03-01", "employer": key("employer", 1), "employer_name": "PT A", "required": 2,
            "employed": 0, "shortfall": 2, "ownership": "private"}),
        event("quota.reported", key("employer", 2), {
            "date": "2024-03-01", "employer": key("employer", 2), "employer_name": "PT B", "headcount": 90,
            "disabled_headcount": 1, "ownership": "private"}, region="33.26")]
    office.load(events)
    rows = cells(office)
    assert list(rows) == [("33.26", 2024), ("33.75", 2023), ("33.75", 2024), ("33.75", None), (None, 2023),
                          (None, 2024), (None, None)]
    assert [rows["33.75", 2023][name] for group in GROUPS for name in group] == [27, 6, 5, 7, 9, 11, 6, 7]
    assert rows["33.75", 2023]["rate"] == pytest.approx(11 / 27)
    assert rows[None, None]["region_name"] == "Semua wilayah"
    quota = ("employers", "employers_short", "shortfall")
    assert [rows["33.75", 2024][name] for name in quota] == [1, 1, 2]
    assert [rows["33.26", 2024][name] for name in quota] == [1, 0, 0]
    assert [rows[None, 2024][name] for name in quota] == [2, 1, 2] and rows["33.75", None]["employers"] is None
    assert list(cells(office, "--region", "33.75", "--year", "2023")) == [("33.75", 2023)]


def published(rows):
    """What an attacker has: name -> {(region, year): count}, without what is hidden."""
    return {name: {at: row[name] for at, row in rows.items() if name not in row.get("hidden", [])}
            for group in GROUPS for name in group}


def derive(known, lines):
    """Subtraction, again and again, along every line that has one unknown left."""
    known = dict(known)
    again = True
    while again:
        again = False
        for total, parts in lines:
            unknown = [at for at in [total, *parts] if at not in known]
            if len(unknown) == 1:
                at = unknown[0]
                shown = sum(known[part] for part in parts if part in known)
                known[at] = shown if at == total else known[total] - shown
                again = True
    return known


def attack(rows):
    regions = sorted({region for region, _ in rows if region})
    years = sorted({year for _, year in rows if year})
    lines = [((region, None), [(region, year) for year in years]) for region in [*regions, None]] + \
            [((None, year), [(region, year) for region in regions]) for year in [*years, None]]
    counts = published(rows)
    absent = {at: 0 for at in itertools.product([*regions, None], [*years, None]) if at not in rows}
    for name, known in counts.items():
        solved = derive({**known, **absent}, lines)
        assert set(solved) == set(known) | set(absent), f"{name} can be told: {set(solved) - set(known) - set(absent)}"
        for total, parts in lines:
            if total in known:
                left = known[total] - sum(solved.get(part, 0) for part in parts)
                assert left == 0 or left >= FLOOR, f"{name}: {left} persons in the hidden cells of {total}"
        for at, count in known.items():
            assert count == 0 or count >= FLOOR, f"{name} of {at} is {count}"
    for at, row in rows.items():
        for group in GROUPS[1:]:
            if not set(group) & set(row.get("hidden", [])) and "graduates" not in row.get("hidden", []):
                rest = row["graduates"] - sum(row[name] for name in group)
                assert rest == 0 or rest >= FLOOR, f"{group} of {at} leave {rest}"
        if set(row.get("hidden", [])) & set(GROUPS[1]):
            assert row["rate"] is None


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_attacker_subtracts_in_vain(cluster, tmp_path, seed):
    pick = random.Random(seed)
    office = Office(tmp_path, cluster.database())
    events, number, truth = [], itertools.count(), {}
    for region, year in itertools.product(["33.75", "33.26", "33.25", "35.22"], [2020, 2021, 2022, 2023]):
        size = pick.choice([0, 1, 3, 4, 6, 9, 14, 25, 40])
        for n in itertools.islice(number, size):
            fate = (pick.choice([None, "employed", "self_employed", "unemployed"]), pick.random() < 0.6,
                    pick.choice([None, "assessed", "provided"]))
            events += [disabled(n, year, region), *fates(n, fate)]
        truth[region, year] = size
    office.load(events)
    rows = cells(office)
    attack(rows)
    for at, row in rows.items():
        if at in truth and "graduates" not in row.get("hidden", []):
            assert row["graduates"] == truth[at]
    assert any("graduates" in row.get("hidden", []) for row in rows.values())
    assert any("graduates" not in row.get("hidden", []) for row in rows.values())
    # What is asked for in parts adds nothing to the whole.
    parts = {}
    for words in [["--region", "33.75"], ["--region", "33"], ["--region", "35"], ["--year", "2021"]]:
        for at, row in cells(office, *words).items():
            assert row == rows[at]
            parts[at] = row
    assert parts
    table = office.run("report", "inclusion")
    assert "*" in table and "tidak ditampilkan" in table
    assert len(office.run("report", "inclusion", "--format", "csv").splitlines()) == len(rows) + 1


def test_the_floor_is_a_setting(cluster, tmp_path):
    office = Office(tmp_path, cluster.database(), reports={"floor": 30})
    office.load([disabled(n, 2023) for n in range(29)])
    assert all("graduates" in row["hidden"] for row in cells(office).values())
    assert "--floor" in office.run("report", "inclusion", "--floor", "1", code=2)


def test_no_reader_gets_the_exact_counts(cluster, tmp_path):
    office = Office(tmp_path, cluster.database())
    office.load([disabled(n, 2023) for n in range(3)])
    with office.database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO jejaring.access_region VALUES ('jejaring_reader', '*'); SET ROLE jejaring_reader")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("SELECT * FROM jejaring.report_inclusion(NULL, NULL)")
    connection.close()
