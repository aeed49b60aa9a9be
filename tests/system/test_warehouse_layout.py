"""How the tables lie on disk: the log in months, tried for real; and everything spread by Citus, which
cannot run here: its documented rules are checked against the catalogue, and against a stand-in for its
functions that keeps these rules and refuses what Citus refuses."""

import datetime
import random
import re
import subprocess

import pytest

import pg
import warehouse_events
from test_warehouse_order import assert_same, contents, deliver_all
from warehouse_host import BUILD, ROOT, Host, warehouse

MONTHS = {"partitioned": "month"}


@pytest.fixture(scope="module")
def cluster():
    with pg.Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def database(cluster):
    """A warehouse in the default layout, with events of all types."""
    database = warehouse(cluster)
    with Host({"conninfo": database.conninfo}) as plugin:
        assert plugin.deliver(warehouse_events.Maker(31, persons=60).mixed(900), plugin.resume(), 900)
    return database


def copy_of(database):
    with database.connect() as connection, connection.cursor() as cursor:
        found = contents(cursor)
    connection.close()
    return found


def verified(database):
    return database.psql("BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL search_path = jejaring, pg_catalog;"
                         "SELECT name FROM verify() WHERE missing + surplus > 0; ROLLBACK") == ""


# ---- Months --------------------------------------------------------------------------------------


def test_in_months_any_order_ends_in_the_same_tables(cluster):
    events = [Host.prepare(event) for event in warehouse_events.Maker(1, persons=80).mixed(1500, erasures=4)]
    pick = random.Random(1)
    expected = None
    for options in ({}, MONTHS, MONTHS):
        database = cluster.database()
        with Host({"conninfo": database.conninfo, **options}) as plugin:
            order = events + pick.sample(events, 150)
            pick.shuffle(order)
            deliver_all(plugin, order, pick)
        found = copy_of(database)
        expected = expected or found
        assert_same(expected, found, f"layout {options}")
        assert verified(database)
        database.psql("SET search_path = jejaring, pg_catalog; SELECT rebuild()")
        assert_same(expected, copy_of(database), f"layout {options}, after rebuild")
        months = int(database.psql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'jejaring.event'::regclass"))
        assert months > 40 if options else months == 0
        database.drop()


def test_a_month_holds_its_events_and_no_others(cluster):
    database = cluster.database()
    maker = warehouse_events.Maker(3, persons=5)

    def graduated(day, extra_ms=0):
        day = (datetime.date.fromisoformat(day) - warehouse_events.EPOCH).days
        return maker.event("alumni.graduated", maker.persons[0],
                           {"program": "P", "vocation": "menjahit", "batch": "I", "year": 2018, "funding": "apbn"},
                           day=day, extra_ms=extra_ms)

    events = [graduated("2018-12-01"), graduated("2018-12-31", 86399999), graduated("2019-01-01"),
              graduated("1989-12-31", 86399999), graduated("2100-01-01")]
    with Host({"conninfo": database.conninfo, **MONTHS}) as plugin:
        assert plugin.deliver(events, plugin.resume(), 5), plugin.log
        assert plugin.deliver(events, 5, 10), plugin.log  # again: nothing is doubled
        assert not plugin.rejected
    rows = database.psql("SELECT c.relname, count(*) FROM jejaring.event e JOIN pg_class c ON c.oid = e.tableoid GROUP BY 1 ORDER BY 1")
    assert rows.split() == ["event_2018_12|2", "event_2019_01|1", "event_early|1", "event_late|1"]
    database.drop()


def test_a_log_with_events_is_moved_by_an_administrator_only(cluster, tmp_path):
    database = warehouse(cluster)
    events = warehouse_events.Maker(5, persons=40).mixed(800)
    with Host({"conninfo": database.conninfo}) as plugin:
        assert plugin.deliver(events[:500], plugin.resume(), 500)
    before = copy_of(database)
    with Host({"conninfo": database.conninfo, **MONTHS}, committed=500) as plugin:
        plugin.resume()
        assert any("jejaringctl warehouse migrate" in text for _, text in plugin.log), plugin.log
        assert not plugin.deliver(events[500:], 500, len(events))
    config = tmp_path / "jejaringd.yaml"
    config.write_text(f"node: uji\nregion: '33'\nschemas: {ROOT}/schemas\nplugins: {{warehouse: {{audiences: [node], "
                      f"options: {{partitioned: month, conninfo: \"{database.conninfo}\"}}}}}}\n")
    done = subprocess.run([BUILD / "jejaringctl", "-c", config, "warehouse", "migrate"], check=True, text=True,
                          stderr=subprocess.PIPE)
    assert "laid out anew" in done.stderr
    assert_same(before, copy_of(database), "after the move")
    # From now on a worker may go on, also one that owns nothing and meets a new month.
    database.psql("CREATE ROLE penulis LOGIN IN ROLE jejaring_writer")
    conninfo = database.conninfo.replace("user='jejaring'", "user='penulis'")
    with Host({"conninfo": conninfo, **MONTHS}, committed=500) as plugin:
        assert plugin.resume() == 500
        assert plugin.deliver(events[500:], 500, len(events)), plugin.log
    assert verified(database)
    with pytest.raises(RuntimeError, match="permission denied"):
        database.psql("SET ROLE jejaring_reader; SELECT jejaring.open_months('{2050-01-01}')")
    database.drop()
    cluster.execute("DROP ROLE penulis")


@pytest.mark.parametrize("options", [{"partitioned": "week"}, {"distributed": "yes"}])
def test_other_layouts_are_refused(options):
    with pytest.raises(ValueError, match="can only be"):
        Host(options)


# ---- Citus ---------------------------------------------------------------------------------------

# What must stay on the coordinator: written by one session, or read by none but the local roles.
LOCAL = {"access_region", "consumer_cursor", "disclosure", "migration", "refused_event"}

# Stand-ins for what Citus 12 has: the record of its tables, and the two functions, which refuse what
# its documentation and sources say that it refuses.
STAND_IN = """
    CREATE TABLE public.pg_dist_partition (logicalrelid regclass PRIMARY KEY, by_column text, type regtype);
    CREATE FUNCTION public.refuse_what_citus_refuses(t regclass, c text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF c IS NOT NULL AND EXISTS (
            SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = t AND a.attname = c
            WHERE i.indrelid = t AND i.indisunique AND a.attnum <> ALL (i.indkey)) THEN
            RAISE 'cannot create constraint on %: no distribution column in a unique index', t;
        ELSIF EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND t IN (conrelid, confrelid)) THEN
            RAISE 'cannot distribute %: foreign key', t;
        ELSIF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = t AND NOT tgisinternal) THEN
            RAISE 'cannot distribute %: trigger', t;
        ELSIF EXISTS (SELECT FROM pg_policy WHERE polrelid = t
                      AND (polqual::text LIKE '%SUBLINK%' OR polwithcheck::text LIKE '%SUBLINK%')) THEN
            RAISE 'cannot create policy on %: subqueries are not supported in policies', t;
        ELSIF EXISTS (SELECT FROM pg_attribute WHERE attrelid = t AND attidentity <> '') THEN
            RAISE 'cannot distribute %: identity', t;
        ELSIF c IS NOT NULL AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = t AND attname = c AND attgenerated <> '') THEN
            RAISE 'cannot distribute %: generated distribution column', t;
        END IF;
    END $$;
    CREATE FUNCTION public.create_reference_table(t regclass) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM public.refuse_what_citus_refuses(t, NULL);
        INSERT INTO public.pg_dist_partition VALUES (t, NULL, NULL);
    END $$;
    CREATE FUNCTION public.create_distributed_table(t regclass, c text, colocate_with text) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE
        kind CONSTANT regtype := (SELECT atttypid FROM pg_attribute WHERE attrelid = t AND attname = c);
    BEGIN
        PERFORM public.refuse_what_citus_refuses(t, c);
        IF colocate_with <> 'none' AND kind IS DISTINCT FROM
            (SELECT p.type FROM public.pg_dist_partition p WHERE p.logicalrelid = colocate_with::regclass) THEN
            RAISE 'cannot colocate % and %', t, colocate_with;
        END IF;
        INSERT INTO public.pg_dist_partition VALUES (t, c, kind);
    END $$;
"""


def test_every_table_has_its_place(database):
    tables = set(database.psql("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND "
                               "relnamespace = 'jejaring'::regnamespace").split())
    named = set(database.psql("SELECT name FROM jejaring.distribution()").split())
    assert tables == named | LOCAL and not named & LOCAL


def test_the_schema_keeps_the_rules_of_citus(database):
    """The distribution column is a uuid that cannot be null, and in every unique index, first; nothing is
    tied across machines by a foreign key, a trigger, a sequence or an identity."""
    rows = database.psql("""
        SELECT d.name, d.by_column, a.attname, a.atttypid::regtype, a.attnotnull
        FROM jejaring.distribution() d
            JOIN pg_index i ON i.indrelid = ('jejaring.' || d.name)::regclass AND i.indisunique
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE d.by_column IS NOT NULL""").split()
    assert len(rows) >= 23
    for table, column, first, type, never_null in (line.split("|") for line in rows):
        assert (first, type, never_null) == (column, "uuid", "t"), table
    assert database.psql("SELECT conname FROM pg_constraint WHERE contype = 'f' AND connamespace = "
                         "'jejaring'::regnamespace") == ""
    assert database.psql("SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE "
                         "c.relnamespace = 'jejaring'::regnamespace") == ""
    assert database.psql("SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = "
                         "'jejaring'::regnamespace") == ""


def test_upserts_are_of_a_kind_that_citus_takes(database):
    """ON CONFLICT never changes a distribution column and calls no function that is not immutable."""
    column_of = dict(line.split("|") for line in database.psql("SELECT * FROM jejaring.distribution()").split())
    sources = database.psql("SELECT prosrc FROM pg_proc WHERE pronamespace = 'jejaring'::regnamespace")
    upserts = re.findall(r"INSERT INTO (\w+) AS t\b((?:(?!INSERT INTO).)*?)DO UPDATE SET([^;]*)", sources, re.DOTALL)
    assert len(upserts) > 30
    for table, _, update in upserts:
        changed = re.split(r"[^a-z_0-9]+", update.split("=")[0])
        assert column_of[table] not in changed or not column_of[table], (table, update)
        assert not re.search(r"\b(now|today|random|evaluate)\(", update), (table, update)


def test_spread_over_a_cluster_it_still_works(database, cluster):
    """Against the stand-in: every table is taken, none has a policy left that Citus cannot have, a worker
    that only writes goes on, and readers are told that they may not, instead of seeing half."""
    spread = cluster.database(template=database)
    spread.psql(STAND_IN)
    with pytest.raises(RuntimeError, match="subqueries are not supported in policies"):
        spread.psql("SELECT public.create_reference_table('jejaring.absorption_cell')")
    count = int(spread.psql("SELECT count(*) FROM jejaring.distribution()"))
    assert int(spread.psql("SELECT jejaring.distribute()")) == count
    assert int(spread.psql("SELECT jejaring.distribute()")) == 0
    with Host({"conninfo": spread.conninfo}, committed=900) as plugin:
        assert plugin.resume() == 900  # and the definitions are applied again
        assert plugin.deliver(warehouse_events.Maker(32, persons=20).mixed(200), 900, 1100), plugin.log
    assert spread.psql("SELECT tablename FROM pg_policies JOIN jejaring.distribution() d ON d.name = tablename") == ""
    assert verified(spread)
    for table in ("standing", "absorption_cell", "alumni", "evidence"):
        with pytest.raises(RuntimeError, match="permission denied"):
            spread.psql(f"SET ROLE jejaring_reader; SELECT count(*) FROM jejaring.{table}")
    spread.drop()


def test_without_citus_the_option_says_what_is_missing(cluster):
    database = cluster.database()
    with Host({"conninfo": database.conninfo, "distributed": "citus"}) as plugin:
        plugin.resume()
        assert any("has no Citus" in text for _, text in plugin.log), plugin.log
    database.drop()
