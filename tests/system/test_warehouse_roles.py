"""Who may read what in the warehouse, tried as those roles; and rules that the whole schema keeps."""

import pytest

import pg
import warehouse_events
from warehouse_host import Host

REGION_TABLES = ["alumni", "placement", "standing", "absorption_cell", "outcome", "business"]


@pytest.fixture(scope="module")
def cluster():
    with pg.Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def database(cluster):
    """A warehouse with events, and three readers: of a regency, of a province, of everything."""
    database = cluster.database()
    events = warehouse_events.Maker(31, persons=60).mixed(900)
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        assert plugin.deliver(events, 0, 900)
    database.psql("""
        CREATE ROLE kota LOGIN IN ROLE jejaring_reader; CREATE ROLE jateng LOGIN IN ROLE jejaring_reader;
        CREATE ROLE pusat LOGIN IN ROLE jejaring_reader; CREATE ROLE baru LOGIN IN ROLE jejaring_reader;
        CREATE ROLE pekerja LOGIN IN ROLE jejaring_writer; CREATE ROLE orang LOGIN;
        CREATE ROLE uld LOGIN IN ROLE jejaring_specific;
        INSERT INTO jejaring.access_region VALUES
            ('kota', '33.75'), ('jateng', '33'), ('pusat', '*'), ('uld', '33.75')""")
    return database


def as_role(database, role, sql):
    env = dict(database.env, PGUSER=role)
    return pg.Database.psql(type("Session", (), {"env": env})(), sql)


@pytest.mark.parametrize("table", REGION_TABLES)
def test_a_reader_sees_its_regions_and_no_others(database, table):
    def regions(role):
        return as_role(database, role, f"SELECT DISTINCT region FROM jejaring.{table} ORDER BY 1").split()

    everything = database.psql(f"SELECT DISTINCT region FROM jejaring.{table} ORDER BY 1").split()
    assert len(everything) == 5
    assert regions("kota") == ["33.75"]
    assert regions("jateng") == ["33.25", "33.26", "33.75"]
    assert regions("pusat") == everything
    assert regions("baru") == []


def test_a_reader_gets_the_same_figures_for_its_region(database):
    for report in ("jejaring.absorption", "jejaring.absorption('{region,year}', 'now', '2019-06-30', '2019-12-31')"):
        sql = f"SELECT * FROM {report} WHERE region = '33.75' ORDER BY year"
        assert as_role(database, "kota", sql) == database.psql(sql) != ""


@pytest.mark.parametrize("what", [
    "SELECT * FROM jejaring.event", "SELECT * FROM jejaring.accommodation", "SELECT * FROM jejaring.referral",
    "SELECT disability_category FROM jejaring.alumni", "SELECT * FROM jejaring.erasure",
    "SELECT disability FROM jejaring.alumni", "SELECT disability FROM jejaring.alumni_version",
    "SELECT person FROM jejaring.standing WHERE disability", "SET ROLE jejaring_counter",
    "UPDATE jejaring.disclosure SET floor = 2",
    "UPDATE jejaring.standing SET status = 'employed'", "DELETE FROM jejaring.alumni",
    "INSERT INTO jejaring.access_region VALUES ('kota', '*')"])
def test_a_reader_may_not(database, what):
    with pytest.raises(RuntimeError, match="permission denied"):
        as_role(database, "kota", what)


EXACT = [
    "SELECT * FROM jejaring.absorption('{region,disability}')",
    "SELECT * FROM jejaring.absorption('{disability}', 'now', '2019-06-30', '2019-12-31')",
    "SELECT * FROM jejaring.absorption_explained('{disability}')", "SELECT * FROM jejaring.funnel('{disability}')",
    "SELECT * FROM jejaring.time_to_work('{disability}')",
    """SELECT * FROM jejaring.absorption_list('graduates', '{"disability": true}')"""]
ROUNDED = [
    "SELECT * FROM jejaring.absorption_by_disability('{region,year,disability}')",
    "SELECT * FROM jejaring.absorption_by_disability('{region,disability}', 'now', '2019-06-30', '2018-12-31Z')",
    "SELECT * FROM jejaring.funnel_by_disability('{region,disability}')",
    "SELECT * FROM jejaring.time_to_work_by_disability('{region,disability}')",
    "SELECT * FROM jejaring.funding('{region,disability}')"]


@pytest.mark.parametrize("report", EXACT)
def test_who_has_a_disability_is_for_those_whose_duty_it_is(database, report):
    assert as_role(database, "uld", report) != ""
    for role in ("kota", "pusat"):
        with pytest.raises(RuntimeError, match="jejaring_specific only"):
            as_role(database, role, report)


def test_nor_does_a_consent_tell_it(database):
    seen = {role: as_role(database, role, "SELECT count(*) FROM jejaring.consent WHERE audience = 'disability'").strip()
            for role in ("pusat", "uld")}
    assert seen["pusat"] == "0" != seen["uld"]


@pytest.mark.parametrize("report", ROUNDED)
def test_a_reader_gets_reports_by_disability_of_its_region_rounded(database, report):
    """The same as the owner's, although no reader may read the column; also if a reader puts a view of its
    own before the table that is counted."""
    everything = database.psql(report).splitlines()
    assert as_role(database, "pusat", report).splitlines() == everything
    own = as_role(database, "kota", report).splitlines()
    assert own == [line for line in everything if line.startswith("33.75|")] != []
    trap = "CREATE TEMP VIEW standing AS SELECT * FROM jejaring.standing_open LIMIT 0; " \
           "CREATE TEMP VIEW disclosure AS SELECT 1 AS floor; " \
           "CREATE TEMP VIEW alumni AS SELECT * FROM jejaring.standing_open LIMIT 0; "
    assert as_role(database, "kota", trap + report).splitlines() == own
    assert as_role(database, "pekerja", report).splitlines() == everything
    assert as_role(database, "baru", report).strip() == ""


@pytest.mark.parametrize("report", ["absorption_by_disability('{disability}'", "funnel_by_disability('{disability}'",
                                    "time_to_work_by_disability('{disability}'", "funding('{disability}'"])
@pytest.mark.parametrize("told", ["true", "false"])
def test_nor_is_a_report_by_disability_made_of_one_side_alone(database, report, told):
    """Of a cell of those who told of a disability the two rows would add up to the exact count."""
    with pytest.raises(RuntimeError, match="whether or not they told"):
        as_role(database, "kota", f"SELECT * FROM jejaring.{report}, cell => '{{\"disability\": {told}}}')")


def test_others_see_nothing(database):
    with pytest.raises(RuntimeError, match="permission denied for schema"):
        as_role(database, "orang", "SELECT * FROM jejaring.absorption")


def test_a_worker_that_only_writes(database):
    """jejaring_writer stores batches and rebuilds, without owning the schema."""
    maker = warehouse_events.Maker(32, persons=30)
    events = maker.mixed(300)
    with Host({"conninfo": database.conninfo.replace("user='jejaring'", "user='pekerja'")},
              instance="w2") as plugin:
        assert plugin.resume() == 0, plugin.log
        assert plugin.deliver(events, 0, 300), plugin.log
        assert not plugin.rejected
    as_role(database, "pekerja", "SET search_path = jejaring, pg_catalog; SELECT rebuild()")
    with pytest.raises(RuntimeError, match="permission denied"):
        as_role(database, "pekerja", "DELETE FROM jejaring.migration")


def test_without_the_right_to_create_roles_they_are_left_out(cluster):
    with pg.Cluster() as plain:
        database = plain.database()
        plain.execute(f'CREATE ROLE pemilik LOGIN; ALTER DATABASE "{database.name}" OWNER TO pemilik')
        conninfo = database.conninfo.replace("user='jejaring'", "user='pemilik'")
        with Host({"conninfo": conninfo}) as plugin:
            assert plugin.resume() == 0
            assert plugin.deliver(warehouse_events.Maker(33).mixed(100), 0, 100), plugin.log
        assert database.psql("SELECT count(*) FROM pg_policies").strip() == "0"
        # Made later by an administrator, they come with the next change of the definitions.
        assert as_role(database, "pemilik", "SELECT count(*) FROM jejaring.absorption").strip() != "0"


# ---- Rules of the schema ---------------------------------------------------------------------


def test_every_table_and_column_is_commented(database):
    missing = database.psql("""
        SELECT c.relname, a.attname FROM pg_class c
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'jejaring'::regnamespace AND c.relkind IN ('r', 'v', 'p')
            AND (obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL)
        UNION ALL SELECT 'function', proname FROM pg_proc
        WHERE pronamespace = 'jejaring'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL""")
    assert missing == ""


def test_regions_are_those_of_the_reference_file(database):
    rows = database.psql("SELECT level, count(*) FROM jejaring.region GROUP BY 1 ORDER BY 1")
    assert rows.split() == ["city|98", "province|38", "regency|416"]
    assert database.psql("SELECT name, province_code FROM jejaring.region WHERE code = '33.75'").strip() == \
        "Kota Pekalongan|33"
