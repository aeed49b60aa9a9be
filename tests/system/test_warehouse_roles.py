"""Who may read what in the warehouse, tried as those roles; and rules that the whole schema keeps."""

import datetime
import uuid

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
        INSERT INTO jejaring.access_region VALUES ('kota', '33.75'), ('jateng', '33'), ('pusat', '*')""")
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
    "UPDATE jejaring.standing SET status = 'employed'", "DELETE FROM jejaring.alumni",
    "INSERT INTO jejaring.access_region VALUES ('kota', '*')"])
def test_a_reader_may_not(database, what):
    with pytest.raises(RuntimeError, match="permission denied"):
        as_role(database, "kota", what)


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


DISTRIBUTED_BY = {
    "person": ["accommodation", "alumni", "alumni_version", "application", "business", "certification",
               "consent", "evidence", "incubation", "loan", "loan_repayment", "membership", "mentoring",
               "order_offer", "outcome", "placement", "referral", "standing"],
    "subject": ["event"], "vacancy": ["vacancy"], "batch": ["batch"], "employer": ["quota"],
    "service_order": ["service_order"],
}
# Small, the same on every machine, or touched by one transaction at a time: reference tables.
REFERENCE = ["absorption_cell", "access_region", "consumer_cursor", "erasure", "migration",
             "refused_event", "region"]


def test_the_schema_can_be_distributed_as_it_is(database):
    """Citus 12: the distribution column is in every unique index, nothing is tied across shards by a
    foreign key, a trigger or an identity, and every table is one or the other."""
    tables = set(database.psql("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND "
                               "relnamespace = 'jejaring'::regnamespace").split())
    distributed = {table: column for column, names in DISTRIBUTED_BY.items() for table in names}
    assert tables == set(distributed) | set(REFERENCE)
    rows = database.psql("""
        SELECT t.relname, a.attname, a.atttypid::regtype
        FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
        WHERE i.indisunique AND t.relnamespace = 'jejaring'::regnamespace""")
    for table, first, type in (line.split("|") for line in rows.split()):
        if table in distributed:
            assert (first, type) == (distributed[table], "uuid"), table
    assert database.psql("SELECT conname FROM pg_constraint WHERE contype = 'f' AND connamespace = "
                         "'jejaring'::regnamespace") == ""
    assert database.psql("SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE "
                         "c.relnamespace = 'jejaring'::regnamespace") == ""
    assert database.psql("SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = "
                         "'jejaring'::regnamespace") == ""


def key_from(day):
    """The lowest event key of a day."""
    milliseconds = (datetime.date.fromisoformat(day) - warehouse_events.EPOCH).days * 86400000
    return uuid.UUID(bytes=milliseconds.to_bytes(6, "big") + bytes(10))


def test_the_log_can_be_partitioned_by_month(database):
    """Its one key begins the month with the key's 48 bits of time: RANGE (event_key) works."""
    first, last = (key_from("2018-12-01"), key_from("2019-01-01"))
    database.psql(f"""
        CREATE TABLE log_by_month (LIKE jejaring.event INCLUDING ALL) PARTITION BY RANGE (event_key);
        CREATE TABLE log_2018_12 PARTITION OF log_by_month FOR VALUES
            FROM ('{first}') TO ('{last}');
        CREATE TABLE log_rest PARTITION OF log_by_month DEFAULT;
        INSERT INTO log_by_month SELECT * FROM jejaring.event""")
    counts = database.psql("SELECT (SELECT count(*) FROM log_2018_12), "
                           "(SELECT count(*) FROM jejaring.event WHERE time >= '2018-12-01' AND time < '2019-01-01')")
    here, there = counts.strip().split("|")
    assert here == there != "0"
    database.psql("DROP TABLE log_by_month")


def test_regions_are_those_of_the_reference_file(database):
    rows = database.psql("SELECT level, count(*) FROM jejaring.region GROUP BY 1 ORDER BY 1")
    assert rows.split() == ["city|98", "province|38", "regency|416"]
    assert database.psql("SELECT name, province_code FROM jejaring.region WHERE code = '33.75'").strip() == \
        "Kota Pekalongan|33"


def test_no_report_reads_the_whole_log(database):
    """The raw log is read by person only: no query behind a report names it."""
    sources = database.psql("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'jejaring'::regnamespace "
                            "AND proname IN ('absorption', 'absorption_sums', 'standing_at', 'evaluate')")
    assert "FROM event" not in sources and "JOIN event" not in sources
