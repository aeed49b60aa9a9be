"""jejaringctl report completeness: who has reported to a province, who is late, and who never did."""

import json

import pytest

from province import enlist, regency, status_of, upper, waiting
from report_office import Office, event, graduated, key
from test_ctl import ctl

HEADINGS = ["Wilayah", "Keadaan", "Laporan terakhir"]


def told(n, day, region):
    """A graduation that was recorded on that day."""
    return graduated(n, date=day, region=region)


@pytest.fixture(scope="module")
def office(cluster, tmp_path_factory):
    """Central Java: 33.75 reports every month, 33.26 stopped in August, 33.25 began in October."""
    office = Office(tmp_path_factory.mktemp("office"), cluster.database(), region="33",
                    reports={"calendar": {"day": 10, "every": "month"}})
    events = [told(n, f"2026-{month:02}-05", "33.75") for month in range(1, 11) for n in range(month * 10, month * 10 + 4)]
    events += [told(200 + month, f"2026-{month:02}-03", "33.26") for month in range(1, 9)]
    events += [told(300, "2026-10-12", "33.25"), told(301, "2026-03-01", "15.07")]
    office.load(events)
    return office


def by_region(rows):
    return {row["region"]: row for row in rows}


def test_every_regency_of_the_province_is_there_and_the_missing_ones_come_first(office):
    rows = office.rows("report", "completeness", "--as-of", "2026-10-20")
    assert len(rows) == 35 and {row["region"][:2] for row in rows} == {"33"}
    assert [row["state"] for row in rows] == ["never"] * 32 + ["late", "reported", "reported"]
    never = rows[0]
    assert never["status"] == "belum pernah lapor" and never["events"] == 0
    assert never["reported_on"] is None and never["usual"] is None and never["late_days"] is None


@pytest.mark.parametrize("day, status, late, missed", [
    ("2026-08-31", "sudah lapor", None, None),
    ("2026-09-10", "sudah lapor", None, None),  # the day itself is not late
    ("2026-09-11", "belum lapor sejak 3 Agustus 2026", 1, "2026-09-10"),
    ("2026-10-20", "belum lapor sejak 3 Agustus 2026", 40, "2026-09-10"),
])
def test_late_is_counted_from_the_first_due_date_that_was_missed(office, day, status, late, missed):
    row = by_region(office.rows("report", "completeness", "--as-of", day))["33.26"]
    assert (row["status"], row["late_days"], row["missed_on"]) == (status, late, missed)


def test_the_calendar_of_the_configuration_counts(office, tmp_path):
    def with_calendar(**calendar):
        return Office(tmp_path, office.database, migrated=True, region="33", reports={"calendar": calendar})

    other = with_calendar(day=31, every="quarter")  # January, April, July, October
    assert by_region(other.rows("report", "completeness", "--as-of", "2027-01-31"))["33.26"]["state"] == "reported"
    late = by_region(other.rows("report", "completeness", "--as-of", "2027-02-01"))["33.26"]
    assert (late["state"], late["missed_on"]) == ("late", "2027-01-31")
    assert "is no period (month, quarter, year)" in with_calendar(every="week").run("report", "completeness", code=78)


def test_what_the_province_says_of_a_regency_itself_is_no_report_of_it(cluster, tmp_path):
    """Its plugins answer (a vacancy expires, a graduate is proposed), and its administrator erases."""
    office = Office(tmp_path, cluster.database(), region="33")
    expired = event("vacancy.closed", key("vacancy", 1), {"date": "2026-09-30", "vacancy": key("vacancy", 1),
                                                          "reason": "expired"}, region="33.26")
    proposed = event("placement.proposed", key("person", 9), {"date": "2026-10-01", "vacancy": key("vacancy", 2),
                                                              "rank": 1, "reasons": ["region"]}, region="33.25")
    expired["cause"] = proposed["cause"] = "what it answers"
    erased = event("person.erased", key("person", 8), {"date": "2026-10-02"}, region="33.24")
    office.load([told(1, "2026-08-03", "33.26"), expired, proposed, erased])
    rows = by_region(office.rows("report", "completeness", "--as-of", "2026-10-05"))
    assert rows["33.26"]["status"] == "belum lapor sejak 3 Agustus 2026" and rows["33.26"]["events"] == 1
    assert rows["33.25"]["state"] == rows["33.24"]["state"] == "never"
    office.run("warehouse", "verify")


def test_months_stand_beside_the_usual(office):
    row = by_region(office.rows("report", "completeness", "--as-of", "2026-10-20"))["33.75"]
    assert (row["this_month"], row["last_month"], row["usual"]) == (4, 4, 4)
    assert row["by_month"] == "0 0 4 4 4 4 4 4 4 4 4 4"
    stopped = by_region(office.rows("report", "completeness", "--as-of", "2026-10-20"))["33.26"]
    assert (stopped["this_month"], stopped["last_month"], stopped["usual"]) == (0, 0, 1)


def test_officials_read_it_in_indonesian_and_in_a_workbook(office, tmp_path):
    text = office.run("report", "completeness", "--as-of", "2026-10-20")
    assert all(heading in text for heading in HEADINGS)
    assert "33.26 Kabupaten Pekalongan" in text and "belum lapor sejak 3 Agustus 2026" in text
    assert text.count("belum pernah lapor") == 32
    office.run("report", "completeness", "-o", tmp_path / "k.xlsx")
    assert (tmp_path / "k.xlsx").read_bytes()[:2] == b"PK"
    assert office.run("report", "completeness", "--region", "33.26", "--format", "csv").count("\n") == 2


def test_what_the_hub_knows_of_its_nodes_stands_beside_it(office):
    nodes = json.dumps([
        {"name": "pekalongan", "regions": ["33.75"], "contact": "2026-10-20T03:04:00Z", "gaps": []},
        {"name": "batang", "regions": ["33.25"], "contact": None, "gaps": [{"after": "5", "upto": "9"}]}])
    query = f"""SELECT region, contact, gaps, status, node_names FROM jejaring.report_completeness(
        '33', NULL, 10, 1, '{nodes}') WHERE region IN ('33.75', '33.25', '33.26') ORDER BY 1"""
    batang, stopped, city = (line.split("|") for line in office.database.psql(query).splitlines())
    assert batang[1:3] == ["", "1"] and batang[3].endswith("; ada kejadian yang belum sampai")
    assert stopped[1:3] == ["", ""] and stopped[4] == ""
    assert city[1:3] == ["2026-10-20 10:04", "0"] and city[4] == "pekalongan"


def test_the_view_and_the_coverage_behind_a_figure(office):
    states = office.database.psql("SELECT region, state <> 'never' FROM jejaring.completeness WHERE region IN "
                                  "('33.75', '33.01', '15.07') ORDER BY 1")
    assert states.split() == ["15.07|t", "33.01|f", "33.75|t"]
    coverage = office.database.psql("SELECT province, reported, regencies, cardinality(missing) FROM "
                                    "jejaring.reported_regions('2026-09-01')")
    assert coverage.split() == ["15|1|11|10", "33|2|35|33"]


def test_a_reader_of_one_region_sees_who_reports(office, cluster):
    office.database.psql("CREATE ROLE pembaca LOGIN IN ROLE jejaring_reader; "
                         "INSERT INTO jejaring.access_region VALUES ('pembaca', '33.75')")
    rows = office.database.psql("SET ROLE pembaca; SELECT count(*) FROM jejaring.completeness "
                                "WHERE state <> 'never' AND region LIKE '33.%'")
    assert rows.strip() == "3"
    with pytest.raises(RuntimeError, match="permission denied"):
        office.database.psql("SET ROLE pembaca; SELECT * FROM jejaring.arrival")


def test_a_province_sees_who_reports_through_which_node(cluster, node):
    """For real: two regencies are enlisted, one of them has a node that runs."""
    database = cluster.database()
    above = upper(node, plugins={"warehouse": {"audiences": ["node"], "regions": ["*"], "options": {
        "conninfo": database.conninfo}}}).start()
    below = regency(node, above, "33.75", name="pekalongan")
    try:
        enlist(above, "kab-pekalongan", "33.26")
        below.start()
        done = ctl("sim", "--events", "300", "--regions", "33.75", node=below)
        assert done.returncode == 0, done.stderr

        def report():
            done = ctl("report", "completeness", "--json", node=above)
            assert done.returncode == 0, done.stderr
            return by_region(json.loads(done.stdout))

        below.wait(lambda: waiting(below) == 0, "the regency's uplink to be done")
        sent = status_of(above, "pekalongan")["accepted"]
        city = above.wait(lambda: (row := report()["33.75"])["events"] == sent and row,
                          "the province's warehouse to have it all")
        assert sent > 250
        assert (city["status"], city["gaps"], city["nodes"]) == ("sudah lapor", 0, "pekalongan")
        assert city["contact"][:2] == "20" and city["this_month"] == sent
        silent = report()["33.26"]
        assert (silent["status"], silent["contact"], silent["gaps"]) == ("belum pernah lapor", None, 0)
        assert database.psql("SELECT DISTINCT region, node FROM jejaring.arrival").split() == ["33.75|pekalongan"]
    finally:
        below.line.close()
