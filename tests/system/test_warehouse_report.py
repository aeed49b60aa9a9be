"""`jejaringctl report absorption` and `jejaringctl warehouse`: what officials, programs and
administrators are shown."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import zipfile

import pytest

import pg
import warehouse_events
from warehouse_host import BUILD, Host

NAMES = ["region", "region_name", "year", "graduates", "traced", "employed", "self_employed", "working", "formal",
         "informal", "rate", "low", "high", "coverage", "placed", "by_employer", "by_cooperative", "by_bank",
         "by_opd", "by_self"]


class Office:
    """A database and a configuration that names it."""

    def __init__(self, folder, database):
        self.folder, self.database = folder, database
        self.config = folder / "jejaringd.yaml"
        self.config.write_text(f"""
node: pekalongan
region: "33.75"
state: {folder}/state
run: {folder}/r
schemas: {pg.ROOT}/schemas
plugins:
  warehouse:
    audiences: [node]
    options: {{conninfo: "{database.conninfo if database else 'host=/nowhere'}"}}
""")

    def run(self, *words, code=0, **env):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment.update({"COLUMNS": "150", **env})
        done = subprocess.run([BUILD / "jejaringctl", *words, "-c", self.config], text=True,
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stderr if code else done.stdout


def graduates(maker, year, count, day, **outcomes):
    """count graduates of a year, the first of them with an outcome."""
    statuses = [status for status, number in outcomes.items() for _ in range(number)]
    events = []
    for n in range(count):
        person = warehouse_events.entity("person", f"{year}-{n}")
        graduated = maker.graduated(person)
        graduated["data"].update(year=year, batch="I, \"a\"" if year == 2020 else "I", funding="apbd", sex="female")
        graduated["data"].pop("disability", None)
        graduated["data"]["date"] = f"{year}-06-30"
        graduated["region"] = "33.75"
        events.append(graduated)
        if n < len(statuses):
            later = maker.event("outcome.reported", person, {"status": statuses[n]}, day=day)
            if statuses[n] == "placed":
                later = maker.event("placement.started", person, {"employer": "PT A", "kind": "employment"}, day=day)
            events.append(later)
    return events


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with pg.Cluster() as cluster:
        database = cluster.database()
        maker = warehouse_events.Maker(1)
        day = 18800  # in 2021
        events = graduates(maker, 2018, 1250, day, employed=600, self_employed=350, unemployed=60)
        events += graduates(maker, 2020, 19, day, placed=8, self_employed=1)
        with Host({"conninfo": database.conninfo}) as plugin:
            plugin.resume()
            assert plugin.deliver(events, 0, len(events)), plugin.log
        yield Office(tmp_path_factory.mktemp("office"), database)


def test_the_table_speaks_indonesian(office):
    lines = office.run("report", "absorption", "--by", "region,year", "--as-of", "2022-01-31").splitlines()
    assert lines[0].split() == ["Wilayah", "Tahun", "Lulusan", "Terlacak", "Bekerja", "Wirausaha", "Terserap",
                                "Formal", "Informal", "Serapan", "Terendah", "Tertinggi", "Cakupan"]
    year_2018, year_2020 = lines[1], lines[2]
    assert year_2018.split() == ["33.75", "Kota", "Pekalongan", "2018", "1.250", "1.010", "600", "48,0%", "350", "28,0%",
                                 "950", "76,0%", "0", "350", "76,0%", "76,0%", "95,2%", "80,8%"]
    assert "8   42,1%" in year_2020
    assert "per 31 Januari 2022" in "\n".join(lines)


def test_the_columns_stand_under_one_another(office):
    lines = office.run("report", "absorption").splitlines()[:3]
    assert len({len(line) for line in lines}) == 1
    assert lines[0].index("Tahun") + 5 == lines[1].index("2018") + 4 == lines[2].index("2020") + 4


def test_bars_where_there_is_room(office):
    assert "█" not in office.run("report", "absorption", COLUMNS="100")
    wide = office.run("report", "absorption", COLUMNS="200").splitlines()
    assert wide[1].count("█") == 15 and wide[1].endswith("▎")


def test_json_has_fractions_and_english_names(office):
    rows = json.loads(office.run("report", "absorption", "--by", "region,year", "--json"))
    assert [list(row) for row in rows] == [NAMES, NAMES]
    assert [row["rate"] for row in rows] == [0.76, pytest.approx(9 / 19)]
    rows = json.loads(office.run("report", "absorption", "--definition", "employed", "--format", "json"))
    assert rows[1]["rate"] == pytest.approx(8 / 19)
    assert rows[1]["high"] == pytest.approx((8 + 10) / 19)


def test_csv_has_the_columns_of_the_definition_for_programs(office):
    text = office.run("report", "absorption", "--by", "region,year", "--format", "csv")
    names = NAMES[:NAMES.index("coverage") + 1]
    names.remove("region_name")
    assert text.splitlines()[0] == ",".join(names)
    text = office.run("report", "absorption", "--by", "batch,year", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["batch", "year", *names[2:], "regencies", "regencies_behind"]
    assert [row["batch"] for row in rows] == ["I", 'I, "a"']
    assert rows[0]["rate"] == "0.76"


def test_a_workbook_has_figures_as_figures(office, tmp_path):
    office.run("report", "absorption", "-o", tmp_path / "serapan.xlsx")
    with zipfile.ZipFile(tmp_path / "serapan.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<v>1250</v>" in sheet and re.search(r"<v>0.760*</v>", sheet)


def test_any_dimensions_in_the_order_asked_for(office):
    rows = json.loads(office.run("report", "absorption", "--by=sex,province,disability", "--json"))
    assert [list(row)[:4] for row in rows] == [["sex", "province", "province_name", "disability"]] * 2
    assert [(row["graduates"], row["disability"]) for row in rows] == [(1269, False), (0, True)]


def test_explain_says_with_the_datas_own_figures_why_three_rates_differ(office):
    text = office.run("report", "absorption", "--explain")
    assert "Ditempatkan" in text and "pemberi kerja 8" in text and "pengakuan sendiri 951" in text
    said = [" ".join(line.split()) for line in text.splitlines()]
    assert "33.75 Kota Pekalongan, 2018, 1.250 lulusan:" in said
    assert "Terserap 950 76,0% 600 bekerja pada pihak lain dan 350 wirausaha" in said
    assert "Bekerja 600 48,0% tanpa 350 wirausaha" in said
    assert "Ditempatkan 0 0,0% 0 bekerja dan pernah dilaporkan pemberi kerja, dan 0 kini tidak lagi;" in said
    assert "tanpa 600 yang bekerja tanpa laporan pemberi kerja" in said


# ---- What is missing, and who is behind a figure ---------------------------------------------


def province_of(office, tmp_path):
    """The same database, read from the province."""
    other = Office(tmp_path, office.database)
    other.config.write_text(other.config.read_text().replace('region: "33.75"', 'region: "33"'))
    return other


def test_a_regency_without_data_is_missing_and_not_zero(office, tmp_path):
    province = province_of(office, tmp_path)
    table = province.run("report", "absorption")
    assert "Belum ada data (bukan nol): 33.01 Kabupaten Cilacap" in table and "33.75" not in table.split("nol): ")[1]
    rows = json.loads(province.run("report", "absorption", "--by", "region", "--json"))
    assert len(rows) == 35  # all regencies and cities of the province
    assert {row["region"] for row in rows if row["graduates"] is not None} == {"33.75"}
    assert not any(row["graduates"] == 0 for row in rows)
    assert "Belum ada data" not in office.run("report", "absorption")  # a city expects itself alone


def test_a_figure_of_more_than_one_region_tells_of_how_many_it_is(office, tmp_path):
    province = province_of(office, tmp_path)
    assert "1 dari 35" in province.run("report", "absorption", "--by", "province,year")
    for words in (["--by", "year"], ["--by", "vocation", "--as-of", "2022-01-31"], ["--by", "province,sex"],
                  ["--by", "year", "--known-at", "2026-01-01"], ["--by", "year", "--where", "province=33"]):
        rows = json.loads(province.run("report", "absorption", *words, "--json"))
        assert rows and {(row["regencies"], row["regencies_behind"]) for row in rows} == {(35, 1)}, words
    rows = json.loads(province.run("report", "absorption", "--by", "year", "--where", "region=33.75", "--json"))
    assert {(row["regencies"], row["regencies_behind"]) for row in rows} == {(1, 1)}
    assert "1 dari 1" in office.run("report", "absorption", "--by", "year")  # a city expects itself alone
    assert " dari 35" not in province.run("report", "absorption")


def test_a_year_that_only_others_have_is_missing(office, tmp_path):
    maker = warehouse_events.Maker(5)
    events = graduates(maker, 2018, 3, 18800)
    for event in events:
        event.update(region="33.26", id="elsewhere-" + event["id"], subject=warehouse_events.entity("person", event["id"]))
    with Host({"conninfo": office.database.conninfo}, instance="missing") as plugin:
        plugin.resume()
        assert plugin.deliver(events, 0, len(events)), plugin.log
    province = province_of(office, tmp_path)
    assert "Belum ada data 33.26 Kabupaten Pekalongan: 2020." in province.run("report", "absorption")
    rows = json.loads(province.run("report", "absorption", "--json"))
    assert [row["graduates"] for row in rows if row["region"] == "33.26"] == [3, None]
    rows = json.loads(province.run("report", "absorption", "--by", "year", "--json"))
    assert [(row["year"], row["regencies_behind"], row["regencies"]) for row in rows] == [(2018, 2, 35), (2020, 1, 35)]
    office.database.psql("DELETE FROM jejaring.event WHERE id LIKE 'elsewhere-%'; SET search_path = jejaring, pg_catalog;"
                         "SELECT rebuild(); DELETE FROM consumer_cursor WHERE consumer = 'missing'")


@pytest.mark.parametrize("counter, count", [("graduates", 1250), ("working", 950), ("employed", 600), ("untraced", 240),
                                            ("by_self", 950), ("placed", 0)])
def test_every_figure_can_be_drilled_down(office, counter, count):
    words = ("report", "absorption", "--list", counter, "--where", "region=33.75,year=2018", "--json")
    rows = json.loads(office.run(*words))
    assert len({row["person"] for row in rows}) == len(rows) == count


def test_a_cell_is_named_as_the_report_shows_it(office):
    words = ("report", "absorption", "--list", "placed", "--json")
    named = json.loads(office.run(*words, "--where", 'batch=I, "a",sex=perempuan', "--where", "disability=tidak"))
    assert len(named) == 8 and {row["witness"] for row in named} == {"employer"}
    assert json.loads(office.run(*words, "--where", "sex=male")) == []
    assert json.loads(office.run(*words, "--where", "funding=-")) == []
    table = office.run("report", "absorption", "--list", "placed").splitlines()
    assert table[0].split()[:2] == ["Kunci", "orang"] and "pemberi kerja" in table[1]


@pytest.mark.parametrize("report", ["absorption", "funnel", "time-to-work"])
def test_a_part_of_the_cells_has_the_same_figures(office, report):
    whole = json.loads(office.run("report", report, "--by", "region,year,sex", "--json"))
    for where, kept in (("year=2018,sex=perempuan", {"year": 2018, "sex": "female"}), ("region=33.75", {"region": "33.75"}),
                        ("province=33", {}), ("year=1999", {"year": 1999})):
        expected = [row for row in whole if all(row[name] == value for name, value in kept.items())]
        part = json.loads(office.run("report", report, "--by", "region,year,sex", "--where", where, "--json"))
        missing = [row for row in part if row["graduates"] is None]
        assert [row for row in part if row not in missing] == expected, where
        assert bool(missing) == (report == "absorption" and where in ("province=33", "year=1999"))
    assert len(whole) > 1


def test_the_halves_of_a_part(office):
    def funding(*words):
        return json.loads(office.run("report", "funding", "--by", "year", "--json", *words))

    assert funding("--where", "region=33.75") == funding()
    assert funding("--where", "year=2018") == [row for row in funding() if row["year"] == 2018] != []
    assert "is what the report compares" in office.run("report", "funding", "--where", "funding=apbn", code=2)


def test_a_list_shows_whom_the_database_lets_its_user_see(office, tmp_path):
    office.database.psql("CREATE ROLE dinas LOGIN IN ROLE jejaring_reader; CREATE ROLE lain LOGIN IN ROLE jejaring_reader;"
                         "INSERT INTO jejaring.access_region VALUES ('dinas', '33.75'), ('lain', '35.22')")
    for role, count in (("dinas", 950), ("lain", 0)):
        reader = Office(tmp_path, office.database)
        reader.config.write_text(reader.config.read_text().replace("user='jejaring'", f"user='{role}'"))
        rows = json.loads(reader.run("report", "absorption", "--list", "working", "--where", "year=2018", "--json"))
        assert len(rows) == count
        assert json.loads(reader.run("report", "funnel", "--by", "year", "--json"))[:1] == \
            ([{"year": 2018, "graduates": 1250, "certified": 0, "certified_share": 0, "proposed": 0,
               "proposed_share": 0, "started": 950, "started_share": 0.76, "due": 950, "lasting": 950,
               "lasting_share": 1}] if count else [])


@pytest.mark.parametrize("words, said", [
    (["--by", "regio"], "did you mean region?"), (["--horizon", "6 m"], "unknown horizon: 6 m"),
    (["--definition", "workin"], "did you mean working?"), (["--as-of", "31/01/2022"], "not a date"),
    (["--as-of", "2022-02-30"], "not a date"), (["--known-at", "yesterday"], "not a date"),
    (["--format", "xls"], "unknown format"), (["--byy", "region"], "--by"),
    (["--list", "worki"], "did you mean working?"), (["--list", "working", "--where", "regio=1"], "--where:"),
    (["--list", "working", "--by", "year"], "--where"), (["--where", "year=kemarin"], "no value of year: kemarin"),
    (["--where", "disability=mungkin"], "no value of disability: mungkin")])
def test_wrong_words_are_explained(office, words, said):
    assert said in office.run("report", "absorption", *words, code=2)


def test_no_colour_unless_a_terminal_shows_it(office):
    assert "\033" not in office.run("report", "absorption")

    def on_terminal(**env):
        leader, follower = pty.openpty()
        subprocess.run([BUILD / "jejaringctl", "report", "absorption", "-c", office.config], stdout=follower,
                       env={**os.environ, **env}, check=True)
        os.close(follower)
        text = b""
        try:
            while piece := os.read(leader, 65536):
                text += piece
        except OSError:
            pass
        os.close(leader)
        return text

    os.environ.pop("NO_COLOR", None)
    assert b"\033[1m" in on_terminal(TERM="xterm")
    assert b"\033" not in on_terminal(TERM="xterm", NO_COLOR="1")


def test_a_database_that_is_not_there(tmp_path):
    assert "/nowhere" in Office(tmp_path, None).run("report", "absorption", code=1)


def test_a_database_without_a_warehouse_is_named_and_made(tmp_path):
    with pg.Cluster() as cluster:
        office = Office(tmp_path, cluster.database())
        assert "jejaringctl warehouse migrate" in office.run("report", "absorption", code=1)
        office.run("warehouse", "migrate")
        assert office.run("report", "absorption").splitlines() == [
            "Belum ada data lulusan.", "Belum ada data (bukan nol): 33.75 Kota Pekalongan."]
        assert [row["graduates"] for row in json.loads(office.run("report", "absorption", "--json"))] == [None]
        for report in ("funnel", "time-to-work", "funding"):
            assert office.run("report", report).strip() == "Belum ada data lulusan."
            assert json.loads(office.run("report", report, "--json")) == []


def test_verify_and_rebuild(office):
    tables = json.loads(office.run("warehouse", "verify", "--json"))
    assert {"table": "alumni", "rows": 1269, "missing": 0, "surplus": 0} in tables
    office.database.psql("UPDATE jejaring.alumni SET sex = 'male'")
    assert "differ from the log" in office.run("warehouse", "verify", code=1)
    office.run("warehouse", "rebuild")
    assert "DIFFERS" not in office.run("warehouse", "verify")
