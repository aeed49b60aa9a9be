"""Order does not matter: the same events in any order, with repetitions, in batches of any size, end
in the same tables; and so does a rebuild from the log.

JEJARING_PERMUTATIONS says how many orders are tried (default 200)."""

import json
import os
import random

import pytest

import pg
import warehouse_events
from warehouse_host import Host, warehouse

PERMUTATIONS = int(os.environ.get("JEJARING_PERMUTATIONS", "200"))
SIZES = [1, 9, 60, 400, 1000, 5000]


def tables(cursor):
    cursor.execute("SELECT jejaring.projections() || 'event'::text")
    return cursor.fetchone()[0]


def contents(cursor):
    """Every table as sorted text."""
    result = {}
    for table in tables(cursor):
        cursor.execute(f"SELECT r::text FROM jejaring.{table} r ORDER BY 1")
        result[table] = [row[0] for row in cursor]
    cursor.connection.commit()
    return result


def assert_same(expected, found, what):
    for table, rows in expected.items():
        if rows != found[table]:
            missing, surplus = set(rows) - set(found[table]), set(found[table]) - set(rows)
            pytest.fail(f"{what}: {table} differs\nmissing: {sorted(missing)[:3]}\n"
                        f"surplus: {sorted(surplus)[:3]}")


def deliver_all(plugin, events, pick):
    """Prepared events, in batches of random sizes."""
    cursor, at = plugin.resume(), 0
    while at < len(events):
        size = pick.choice(SIZES)
        batch = events[at:at + size]
        assert plugin.deliver_prepared(batch, cursor, cursor + len(batch)), plugin.log[-1:]
        cursor += len(batch)
        at += size
    assert not plugin.rejected, plugin.rejected[:3]


def hostile(seed, persons, count):
    """Corrections, ends before starts, halves without the other half, equal times."""
    return warehouse_events.Maker(seed, persons=persons).mixed(count, erasures=4)


def plausible(folder, seed):
    """The lives that `jejaringctl sim` makes."""
    return warehouse_events.simulated(folder, "--people", "480", "--seed", str(seed), "--regions", "33")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind, seed, permutations", [
    ("hostile", 1, PERMUTATIONS), ("few", 2, PERMUTATIONS // 8 + 1), ("plausible", 6, PERMUTATIONS // 40 + 2)])
def test_any_order_ends_in_the_same_tables(cluster, tmp_path, kind, seed, permutations):
    events = {"hostile": lambda: hostile(seed, 80, 2400), "few": lambda: hostile(seed, 15, 900),
              "plausible": lambda: plausible(tmp_path, seed)}[kind]()
    events = [Host.prepare(event) for event in events]
    pick = random.Random(seed)
    database = warehouse(cluster)
    expected = None
    with Host({"conninfo": database.conninfo}) as plugin, database.connect() as connection:
        cursor = connection.cursor()
        plugin.resume()
        for permutation in range(permutations):
            cursor.execute("TRUNCATE " + ", ".join(f"jejaring.{table}" for table in tables(cursor)))
            connection.commit()
            order = list(events)
            if permutation:
                pick.shuffle(order)
                for event in pick.sample(events, len(events) // 10):
                    order.insert(pick.randrange(len(order)), event)
            deliver_all(plugin, order, pick)
            found = contents(cursor)
            expected = expected or found
            assert_same(expected, found, f"seed {seed}, permutation {permutation}")
        cursor.execute("SET search_path = jejaring, pg_catalog; SELECT rebuild()")
        connection.commit()
        assert_same(expected, contents(cursor), f"seed {seed}, after rebuild")
    # A test that compares empty tables proves nothing.
    empty = {table for table, rows in expected.items() if not rows}
    assert empty == ({"alumni_version"} if kind == "plausible" else set())  # sim corrects nothing
    database.drop()


def test_every_type_of_the_catalogue_is_among_the_events():
    made = {event["type"] for event in warehouse_events.Maker(1, persons=80).mixed(2400)}
    known = {path.stem for path in (pg.ROOT / "schemas" / "events").glob("[a-z]*.json")}
    assert made == known


def test_verify_finds_what_differs_and_writes_nothing(cluster):
    database = warehouse(cluster)
    events = warehouse_events.Maker(3, persons=40).mixed(800)
    with Host({"conninfo": database.conninfo}) as plugin:
        assert plugin.resume() == 0
        assert plugin.deliver(events, 0, len(events))

    def differing():
        rows = database.psql("BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL search_path = jejaring, pg_catalog;"
                             "SELECT name, missing, surplus FROM verify() WHERE missing + surplus > 0; ROLLBACK")
        return rows.split()

    assert differing() == []
    database.psql("UPDATE jejaring.alumni SET funding = 'x' WHERE person = (SELECT min(person::text)::uuid FROM jejaring.alumni);"
                  "DELETE FROM jejaring.consent WHERE audience = 'opd' AND person = (SELECT person FROM jejaring.consent WHERE audience = 'opd' LIMIT 1);"
                  "UPDATE jejaring.absorption_cell SET employed = employed + 1 WHERE year = 2017 AND region = '33.75'")
    before = database.psql("SELECT md5(string_agg(a::text, '' ORDER BY a::text)) FROM jejaring.alumni a")
    found = {row.split("|")[0] for row in differing()}
    assert found == {"alumni", "consent", "absorption_cell"}
    assert database.psql("SELECT md5(string_agg(a::text, '' ORDER BY a::text)) FROM jejaring.alumni a") == before
    database.psql("SET search_path = jejaring, pg_catalog; SELECT rebuild()")
    assert differing() == []
    database.drop()


def test_an_erased_person_does_not_come_back(cluster):
    database = warehouse(cluster)
    maker = warehouse_events.Maker(5, persons=20)
    events = maker.mixed(900, erasures=0)
    person = maker.persons[0]
    theirs = [event for event in events
              if event["subject"] == person or event["data"].get("person") == person]
    erased = maker.event("person.erased", person, {}, day=maker.first + 2 * maker.days)
    # Said before the erasure, and dated after it: a plan, or a slip of the pen.
    planned = maker.graduated(person)
    planned.update(id="planned", time="2039-01-01T00:00:00.000Z",
                   recordedtime=erased["recordedtime"],
                   key=warehouse_events.key_of(2177452800000, planned["source"], "planned"))
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        batches = [[planned, *events[:450]], [erased], events[450:], [planned, *theirs]]
        cursor = 0
        for batch in batches:
            assert plugin.deliver(batch, cursor, cursor + len(batch)), plugin.log
            cursor += len(batch)
    assert len(theirs) > 10
    everything = database.psql(
        "SELECT string_agg(format('SELECT %L, count(*) FROM jejaring.%I t WHERE t::text LIKE %L', "
        f"c, c, '%{person}%'), ' UNION ALL ') FROM unnest(jejaring.projections() || 'event'::text) c")
    left = dict(line.split("|") for line in database.psql(everything).split())
    assert {table: int(count) for table, count in left.items() if int(count)} == {"event": 1, "erasure": 1}
    # A life after it is a new one.
    again = maker.graduated(person)
    again.update(time="2040-01-01T00:00:00.000Z", recordedtime="2040-01-02T00:00:00.000Z")
    with Host({"conninfo": database.conninfo}) as plugin:
        assert plugin.deliver([again], plugin.resume(), cursor + 1)
    assert database.psql(f"SELECT count(*) FROM jejaring.alumni WHERE person = '{person}'").strip() == "1"
    database.drop()


@pytest.fixture
def many_orders(cluster):
    """A warehouse with 2,000 completed orders of 400 persons, and 600 others who were erased."""
    database = warehouse(cluster)
    maker = warehouse_events.Maker(9, persons=400)
    orders = [maker.event("order.completed", warehouse_events.entity("pesanan", number),
                          {"person": maker.persons[number % 400]}, day=maker.first) for number in range(2000)]
    with Host({"conninfo": database.conninfo}) as plugin:
        assert plugin.deliver(orders, plugin.resume(), len(orders)), plugin.log
        assert not plugin.rejected, plugin.rejected[:3]
    database.psql("INSERT INTO jejaring.erasure SELECT gen_random_uuid(), now(), now(), gen_random_uuid() "
                  "FROM generate_series(1, 600)")
    database.psql("ANALYZE")
    yield database, maker.persons[7]
    database.drop()


def rows_read(cursor, event_type, subject, data):
    """How many rows of each table a batch of one event makes the warehouse read."""
    cursor.execute("SELECT jejaring.open_stage()")
    cursor.execute("INSERT INTO stage SELECT gen_random_uuid(), %s, 'kantor', 'x', now(), now(), "
                   "'33.75', %s, NULL, NULL, %s", (event_type, subject, json.dumps(data)))
    cursor.execute("SELECT jejaring.ingest()")
    cursor.execute("SELECT relname, coalesce(idx_tup_fetch, 0) + seq_tup_read FROM pg_stat_xact_all_tables "
                   "WHERE schemaname = 'jejaring'")
    return dict(cursor.fetchall())


def test_an_erasure_reads_what_is_the_persons(many_orders):
    """However many orders others have completed."""
    database, person = many_orders
    with database.connect() as connection, connection.cursor() as cursor:
        read = rows_read(cursor, "person.erased", person, {})
        cursor.execute("SELECT count(*) FROM jejaring.service_order WHERE person = %s", (person,))
        assert cursor.fetchone()[0] == 0
    assert 5 <= read["event"] <= 50, read
    assert 5 <= read["service_order"] <= 20, read


def test_a_completed_order_reads_what_is_of_that_order(many_orders):
    """However many others were completed, and however many people were erased."""
    database, person = many_orders
    with database.connect() as connection, connection.cursor() as cursor:
        read = rows_read(cursor, "order.completed", warehouse_events.entity("pesanan", 7), {"person": person})
        cursor.execute("SELECT count(*) FROM jejaring.evidence WHERE person = %s", (person,))
        assert cursor.fetchone()[0] == 6
    assert 1 <= read["event"] <= 20, read
    assert read["erasure"] <= 5, read
