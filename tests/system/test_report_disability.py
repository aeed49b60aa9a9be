"""Reports cut by disability: what they show is rounded, and nothing can be had from them by subtraction."""

import itertools
import random

import pytest

import pg
from report_office import Office, event, graduated

FLOOR = 5
SHARES = {"rate", "low", "high", "coverage", "certified_share", "proposed_share", "started_share", "lasting_share"}
REPORTS = [["absorption"], ["absorption", "--definition", "placed", "--horizon", "6m"], ["funnel"], ["time-to-work"]]
CUTS = ["", "region", "year", "region,year", "vocation,sex", "region,vocation,sex,year"]


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with pg.Cluster() as cluster:
        office = Office(tmp_path_factory.mktemp("office"), cluster.database())
        pick, number, events = random.Random(9), itertools.count(), []
        for region, year in itertools.product(["33.75", "33.26", "35.22"], [2021, 2022, 2023]):
            for n in itertools.islice(number, pick.choice([3, 12, 40, 80])):
                told = {"disability": {"category": "physical"}} if pick.random() < pick.choice([0.1, 0.4]) else {}
                person = graduated(n, f"{year}-06-30", region, vocation=pick.choice(["las-smaw-3g", "tata-boga"]),
                                   sex=pick.choice(["female", "male"]), **told)
                events.append(person)
                if status := pick.choice([None, "employed", "self_employed", "unemployed"]):
                    events.append(event("outcome.reported", person["subject"],
                                        {"date": f"{year}-{pick.choice(['08', '11'])}-01", "status": status}))
            for n in itertools.islice(number, pick.choice([0, 3])):  # all of them with a disability
                events.append(graduated(n, f"{year}-06-30", region, vocation="menjahit", sex="female",
                                        disability={"category": "physical"}))
        office.load(events)
        yield office


def dimensions(row, by):
    return tuple(row[name] for name in by.split(",") if name)


def counts(row):
    return {name: value for name, value in row.items() if isinstance(value, int) and not isinstance(value, bool)
            and name != "year" and name not in SHARES and not name.endswith("_days")
            and not name.startswith("regencies")}  # no count of persons


@pytest.mark.parametrize("report", REPORTS, ids=" ".join)
@pytest.mark.parametrize("by", CUTS)
def test_no_difference_of_what_is_shown_is_a_small_count(office, report, by):
    whole = {dimensions(row, by): row for row in office.rows("report", *report, "--by", by)
             if row["graduates"] is not None}
    cut = {(dimensions(row, by), row["disability"]): row
           for row in office.rows("report", *report, "--by", f"{by},disability".lstrip(","))
           if row["graduates"] is not None}
    assert set(cut) == {(at, told) for at in whole for told in (False, True)} and whole
    for at, row in whole.items():
        told, others = cut[at, True], cut[at, False]
        for name, count in counts(row).items():
            assert told[name] % FLOOR == 0 <= told[name] <= count, (at, name)
            assert others[name] == min(count - told[name], row["graduates"] - told["graduates"]), (at, name)
        few = told["graduates"] < 5 * FLOOR
        hidden = set(told.get("hidden", []))
        assert hidden == {name for name in told if name in SHARES or name.endswith("_days")} if few else not hidden
        assert not few or all(told[name] is None for name in hidden)
        if "rate" in told and not few and report == ["absorption"]:
            assert told["rate"] == pytest.approx(told["working"] / told["graduates"], abs=1e-9)


@pytest.mark.parametrize("by", CUTS)
def test_what_is_shown_is_near_the_truth(office, by):
    exact = office.database.psql(
        f"SELECT coalesce(sum(graduates) FILTER (WHERE disability), 0), coalesce(sum(working) FILTER (WHERE disability), 0) "
        f"FROM jejaring.absorption('{{{by + ',' if by else ''}disability}}')").split("|")
    rows = [row for row in office.rows("report", "absorption", "--by", f"{by},disability".lstrip(","))
            if row["disability"] and row["graduates"] is not None]
    for name, count in zip(("graduates", "working"), exact):
        assert abs(sum(row[name] for row in rows) - int(count)) <= (FLOOR - 1) * len(rows)


def test_the_table_says_so(office):
    text = office.run("report", "absorption", "--by", "region,disability", "--explain", COLUMNS="200")
    assert "dibulatkan ke kelipatan 5" in text and " *" in text and "nan" not in text
    assert "dibulatkan" not in office.run("report", "absorption")
    for report in ("funnel", "time-to-work", "funding"):
        text = office.run("report", report, "--by", "vocation,disability", COLUMNS="250")
        assert "dibulatkan ke kelipatan 5" in text and " *" in text, text


def test_the_floor_is_the_configurations_and_a_reader_cannot_choose_it(office, tmp_path):
    office.database.psql("CREATE ROLE dinas LOGIN IN ROLE jejaring_reader;"
                         "INSERT INTO jejaring.access_region VALUES ('dinas', '*')")
    wider = Office(tmp_path, office.database, migrated=True, reports={"floor": 20})
    before = wider.rows("report", "absorption", "--by", "disability")
    assert before == office.rows("report", "absorption", "--by", "disability")
    wider.run("warehouse", "migrate")
    after = wider.rows("report", "absorption", "--by", "disability")
    assert after[1]["graduates"] % 20 == 0 and after[0]["graduates"] + after[1]["graduates"] == \
        before[0]["graduates"] + before[1]["graduates"]
    wider.config.write_text(wider.config.read_text().replace("user='jejaring'", "user='dinas'").replace("20}", "2}"))
    assert wider.rows("report", "absorption", "--by", "disability") == after
    refused = wider.run("report", "absorption", "--list", "working", "--where", "disability=ya", code=1)
    assert "jejaring_specific only" in refused
    assert wider.rows("report", "absorption", "--list", "working")
    assert office.rows("report", "absorption", "--list", "working", "--where", "disability=ya")
    office.run("warehouse", "migrate")
    assert office.rows("report", "absorption", "--by", "disability") == before
