"""The warehouse plugin through its ABI, against a PostgreSQL that is broken on purpose: exactly once,
whatever happens."""

import shutil
import signal
import time

import pytest

import pg
import warehouse_events
from conftest import PATIENCE
from cutting_proxy import CuttingProxy
from warehouse_host import Host, warehouse

WARNING, NOTICE = 4, 5


@pytest.fixture(scope="module")
def cluster():
    with pg.Cluster() as cluster:
        yield cluster


@pytest.fixture()
def database(cluster):
    database = warehouse(cluster)
    yield database
    database.drop()


@pytest.fixture()
def events():
    return warehouse_events.Maker(7, persons=40).mixed(300, erasures=0)


def stored(database):
    return int(database.psql("SELECT count(*) FROM jejaring.event"))


def cursor_of(database):
    return int(database.psql("SELECT cursor FROM jejaring.consumer_cursor"))


def unique(events):
    return len({(event["subject"], event["key"]) for event in events})


def words(plugin, level=None):
    return [text for severity, text in plugin.log if level in (None, severity)]


# ---- Exactly once ----------------------------------------------------------------------------


def test_a_batch_given_again_is_stored_once(database, events):
    with Host({"conninfo": database.conninfo}) as plugin:
        assert plugin.resume() == 0
        assert plugin.deliver(events, 0, 300)
        assert plugin.deliver(events, 0, 300)
    assert stored(database) == unique(events)
    assert cursor_of(database) == 300


@pytest.mark.parametrize("after", [False, True])
def test_a_connection_lost_at_commit(database, events, after):
    """Cut before the server sees COMMIT, and after: either way the batch is there once."""
    proxy = CuttingProxy(database.env["PGHOST"])
    through = database.conninfo.replace(database.env["PGHOST"], proxy.folder)
    with Host({"conninfo": through}) as plugin:
        assert plugin.resume() == 0
        proxy.cut_at, proxy.after = "COMMIT", after
        done = plugin.deliver(events, 0, 300)
        assert proxy.cuts == 1
        assert done == after
        assert stored(database) == (unique(events) if after else 0)
        assert plugin.resume() == (300 if after else 0)
        assert plugin.deliver(events, 0, 300)
    proxy.close()
    assert stored(database) == unique(events)
    assert cursor_of(database) == 300


@pytest.mark.parametrize("moment", ["COPY pg_temp.stage", "PGCOPY", "ingest", "UPDATE jejaring.consumer_cursor"])
def test_a_connection_lost_on_the_way(database, events, moment):
    proxy = CuttingProxy(database.env["PGHOST"])
    with Host({"conninfo": database.conninfo.replace(database.env["PGHOST"], proxy.folder)}) as plugin:
        plugin.resume()
        proxy.cut_at = moment
        assert not plugin.deliver(events, 0, 300)
        assert proxy.cuts == 1
        assert stored(database) == 0
        assert plugin.deliver(events, 0, 300)
        assert words(plugin, WARNING)[-1].endswith("trying again with pauses of up to 30 s")
        assert "takes events again" in words(plugin, NOTICE)[-1]
    proxy.close()
    assert stored(database) == unique(events)


def test_an_older_copy_of_the_database_gets_again_what_it_lacks(cluster, database, events):
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        assert plugin.deliver(events[:100], 0, 100)
    older = cluster.database(template=database)
    with Host({"conninfo": database.conninfo}) as plugin:
        assert plugin.deliver(events[100:200], 100, 200)
    with Host({"conninfo": older.conninfo}, committed=200) as plugin:
        assert not plugin.deliver(events[200:], 200, 300)
        assert "begins behind 200" in words(plugin)[-1]
        assert plugin.resume() == 100
        assert "ends at cursor 100, behind 200" in words(plugin, WARNING)[-1]
        assert plugin.deliver(events[100:], 100, 300)
    assert stored(older) == unique(events)
    older.drop()


def test_each_node_and_instance_has_its_own_cursor(database, events):
    with Host({"conninfo": database.conninfo}, node="a") as one, \
            Host({"conninfo": database.conninfo}, node="b") as other:
        assert one.resume() == other.resume() == 0
        assert one.deliver(events, 0, 500)
        assert other.resume() == 0
        assert other.deliver(events[:50], 0, 70)
    rows = database.psql("SELECT node, consumer, cursor FROM jejaring.consumer_cursor ORDER BY 1")
    assert rows.split() == ["a|warehouse|500", "b|warehouse|70"]
    assert stored(database) == unique(events)


# ---- Away ------------------------------------------------------------------------------------


def test_a_database_that_is_away_is_said_once_and_so_is_its_return(events):
    with pg.Cluster() as cluster:
        database = cluster.database()
        cluster.stop()
        with Host({"conninfo": database.conninfo}) as plugin:
            assert plugin.resume() == 0  # nothing better is known; reading may begin
            for _ in range(3):
                assert not plugin.deliver(events[:100], 0, 100)
            assert len(plugin.log) == 1
            assert plugin.log[0][0] == WARNING
            cluster.start()
            assert plugin.deliver(events[:100], 0, 100)
            cluster.stop("immediate")
            assert not plugin.deliver(events[100:], 100, 300)
            cluster.start()
            assert plugin.resume() == 100
            assert plugin.deliver(events[100:], 100, 300)
            assert sum("takes events again" in text for text in words(plugin)) == 2
        assert stored(database) == unique(events)


def test_a_server_that_hangs_does_not_hold_the_process(events):
    with pg.Cluster() as cluster:
        database = cluster.database()
        with Host({"conninfo": database.conninfo, "statement_timeout": "1s", "connect_timeout": "1s"}) as plugin:
            plugin.resume()
            backend = database.psql("SELECT pid FROM pg_stat_activity WHERE application_name = 'jejaring warehouse'")
            cluster_stop(int(backend), signal.SIGSTOP)
            cluster.signal(signal.SIGSTOP)
            begun = time.monotonic()
            assert not plugin.deliver(events, 0, 300)
            assert not plugin.deliver(events, 0, 300)
            assert time.monotonic() - begun < 30
            cluster.signal(signal.SIGCONT)
            cluster_stop(int(backend), signal.SIGCONT)
            assert deliver_within(plugin, events, 0, 300, PATIENCE)
        assert stored(database) == unique(events)


def cluster_stop(pid, number):
    import os

    os.kill(pid, number)


def deliver_within(plugin, events, after, cursor, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if plugin.deliver(events, after, cursor):
            return True
        time.sleep(0.1)
    return False


# ---- Refused ---------------------------------------------------------------------------------

BAD = {
    "a subject that is no key": ({"subject": "12"}, "the subject is not a UUID"),
    "a NUL": ({"data": {"date": "2019-01-01", "program": "a\u0000b", "vocation": "x", "batch": "I", "year": 2019}},
              "cannot be stored (NUL)"),
    "no such day": ({"data": {"date": "2019-02-30", "program": "a", "vocation": "x", "batch": "I", "year": 2019}},
                    "there is no such date"),
    "a member is missing": ({"data": {"date": "2019-02-03", "program": "a", "batch": "I", "year": 2019}},
                            "a required value is missing, column vocation"),
    "a text for a number": ({"data": {"date": "2019-02-03", "vocation": "x", "batch": "I", "year": "MMXIX"}},
                            "a value has the wrong type"),
    "too long for an index": ({"data": {"date": "2019-02-03", "vocation": "x", "batch": "".join(
        f"{n:x}" for n in range(100000, 102000)), "year": 2019}}, "too large"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_refused_event_is_put_aside_and_the_others_stay(database, events, name):
    change, reason = BAD[name]
    bad = warehouse_events.Maker(9).graduated(warehouse_events.entity("person", 1))
    bad.update(change, id="bad")
    batch = events[:120] + [bad] + events[120:]
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        assert plugin.deliver(batch, 0, 301)
        assert [id for id, _ in plugin.rejected] == ["bad"]
        assert reason in plugin.rejected[0][1]
        # The report to the hub may have been lost with the process: it is made again.
        plugin.rejected.clear()
        assert plugin.deliver(batch, 0, 301)
        assert [id for id, _ in plugin.rejected] == ["bad"]
    assert stored(database) == unique(events)
    assert cursor_of(database) == 301
    assert database.psql("SELECT count(*) FROM jejaring.refused_event").strip() == "1"


def bad_event():
    bad = warehouse_events.Maker(9).graduated(warehouse_events.entity("person", 1))
    bad.update(BAD["no such day"][0], id="bad")
    return bad


def test_a_refusal_that_nobody_heard_of_is_made_again_after_a_crash(database, events):
    batch = events[100:200] + [bad_event()] + events[200:]
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        assert plugin.deliver(events[:100], 0, 100)
        assert plugin.deliver(batch, 100, 301)  # and dies before it tells the hub
    with Host({"conninfo": database.conninfo}, committed=100) as plugin:
        assert plugin.resume() == 100
        assert plugin.deliver(batch[:60], 100, 160)  # other batches than the first time
        assert plugin.deliver(batch[60:150], 160, 250)
        assert [id for id, _ in plugin.rejected] == ["bad"]
        assert plugin.deliver(batch[150:], 250, 301)
    with Host({"conninfo": database.conninfo}, committed=301) as plugin:
        assert plugin.resume() == 301
    with Host({"conninfo": database.conninfo}, committed=250) as plugin:
        assert plugin.resume() == 301  # what the hub does not know of was not refused
    assert stored(database) == unique(events)


def test_in_a_large_batch_nobody_looks_for_what_is_refused(database):
    many = [warehouse_events.Maker(n).graduated(warehouse_events.entity("person", n))
            for n in range(1500)]
    many[700] = bad_event()
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        assert not plugin.deliver(many, 0, 1500)
        assert not plugin.rejected and "taking them in smaller batches" in words(plugin)[-1]
        assert plugin.resume() == 0
        assert plugin.deliver(many[:1000], 0, 1000)
        assert plugin.deliver(many[1000:], 1000, 1500)
        assert [id for id, _ in plugin.rejected] == ["bad"]
    assert stored(database) == 1499


def test_a_refusal_names_no_value_of_the_event(database):
    secret = "3375014508990001"
    bad = warehouse_events.Maker(9).graduated(warehouse_events.entity("person", 1))
    bad["data"]["year"] = secret
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        assert plugin.deliver([bad], 0, 1)
        assert plugin.rejected
        assert secret not in str(plugin.rejected) + str(plugin.log)
    assert secret not in database.psql("SELECT reason FROM jejaring.refused_event")


def test_a_batch_of_nothing_but_refused_events(database):
    maker = warehouse_events.Maker(9)
    batch = [maker.graduated(warehouse_events.entity("person", n)) for n in range(60)]
    for event in batch:
        del event["data"]["batch"]
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        assert plugin.deliver(batch, 0, 60)
        assert [id for id, _ in plugin.rejected] == [event["id"] for event in batch]
    assert stored(database) == 0
    assert cursor_of(database) == 60


SITE_RULE = """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'not %', NEW.data; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON jejaring.event FOR EACH ROW
    WHEN ({}) EXECUTE FUNCTION refuse()"""


def test_a_rule_of_the_site_puts_aside_what_it_refuses(database, events):
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        database.psql(SITE_RULE.format(f"NEW.id = '{events[7]['id']}'"))
        assert plugin.deliver(events, 0, 300)
        assert {id for id, _ in plugin.rejected} == {events[7]["id"]}
        assert "a rule of this database's own refuses it" in plugin.rejected[0][1]
    assert stored(database) == unique([one for one in events if one["id"] != events[7]["id"]])


def test_a_rule_of_the_site_that_refuses_everything_is_waited_for(database, events):
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        database.psql(SITE_RULE.format("true"))
        assert not plugin.deliver(events, 0, 300)
        assert not plugin.rejected and "refuses every event" in words(plugin)[-1]
        database.psql("DROP TRIGGER refuse ON jejaring.event")
        assert plugin.deliver(events, 0, 300)
    assert stored(database) == unique(events)


def test_what_is_stored_of_an_event(database):
    maker = warehouse_events.Maker(9)
    event = maker.event("future.type", warehouse_events.entity("thing", 1),
                        {"amount": 0.1, "text": "a\\b \"c\" é 漢", "deep": {"x": [1, {"data": 2}]}},
                        recipient="bank-x", cause="c-1", sequence="42", dataschema="https://example.org/s")
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        assert plugin.deliver([event], 0, 1)
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT event_key, type, source, id, region, subject, recipient, cause, data, extra, "
                       "(time AT TIME ZONE 'UTC')::text, recordedtime >= time - interval '6 days' FROM jejaring.event")
        row = cursor.fetchone()
    assert row[0].replace("-", "") == event["key"]
    assert row[1:8] == tuple(event[n] for n in ("type", "source", "id", "region", "subject", "recipient", "cause"))
    assert row[8] == event["data"]
    assert row[9] == {"sequence": "42", "dataschema": "https://example.org/s"}
    assert row[10] == event["time"].replace("T", " ").removesuffix(".000Z")


@pytest.mark.parametrize("first", [200, 600, 800, 2000])
def test_a_database_that_knows_nothing_of_its_tables_yet_still_looks_up_persons(database, tmp_path, first):
    """Before the first ANALYZE one index looks as good as the other, or better if it is smaller."""
    events = warehouse_events.simulated(tmp_path, "--events", "9000", "--regions", "33.75")
    with Host({"conninfo": database.conninfo}) as plugin:
        plugin.resume()
        assert plugin.deliver(events[:first], 0, first)
        for after in range(first, 9000, 1000):
            assert plugin.deliver(events[after:after + 1000], after, min(after + 1000, 9000))
    time.sleep(0.5)  # what a session has read is told when it has ended
    read = database.psql("""SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes
        WHERE schemaname = 'jejaring' AND idx_tup_read > 5 * 9000""")
    assert read == "", "an index was read through, not looked up in"


# ---- Schema ----------------------------------------------------------------------------------


MIGRATIONS = len(list((pg.ROOT / "schemas" / "warehouse").glob("[0-9]*.sql")))
LATER = f"{MIGRATIONS + 1:03}_later.sql"


@pytest.fixture()
def empty(cluster):
    database = cluster.database()
    yield database
    database.drop()


def copied_schemas(tmp_path):
    shutil.copytree(pg.ROOT / "schemas", tmp_path / "schemas")
    return tmp_path / "schemas"


def complaint(database, schemas, committed=0, **options):
    with Host({"conninfo": database.conninfo, "schemas": str(schemas), **options}) as plugin:
        plugin.committed = committed
        plugin.resume()
        return words(plugin)[-1] if plugin.log else ""


def test_a_migration_that_was_changed_is_refused(empty, tmp_path):
    schemas = copied_schemas(tmp_path)
    assert f"{MIGRATIONS} migrations applied" in complaint(empty, schemas)
    assert complaint(empty, schemas) == ""
    with open(schemas / "warehouse" / "002_person.sql", "a", encoding="utf-8") as file:
        file.write("-- just a word\n")
    assert "002_person.sql was changed after it had been applied" in complaint(empty, schemas)


def test_a_database_newer_than_the_files_is_refused(empty, tmp_path):
    schemas = copied_schemas(tmp_path)
    extra = schemas / "warehouse" / LATER
    extra.write_text("CREATE TABLE later (a integer PRIMARY KEY);")
    complaint(empty, schemas)
    extra.unlink()
    assert "was migrated by a newer Jejaring" in complaint(empty, schemas)


def test_a_migration_that_fails_changes_nothing(empty, tmp_path):
    schemas = copied_schemas(tmp_path)
    extra = schemas / "warehouse" / LATER
    extra.write_text("CREATE TABLE later (a integer PRIMARY KEY); SELECT 1 / 0;")
    assert f"{LATER}: PostgreSQL:" in complaint(empty, schemas)
    assert empty.psql("SELECT to_regclass('jejaring.later') IS NULL, max(number) FROM jejaring.migration").strip() == f"t|{MIGRATIONS}"
    extra.write_text("CREATE TABLE later (a integer PRIMARY KEY);")
    assert "1 migrations applied" in complaint(empty, schemas)


@pytest.mark.parametrize("name", ["7_short.sql", f"{MIGRATIONS + 2:03}_gap.sql", "notes.sql"])
def test_files_that_do_not_fit_are_refused(empty, tmp_path, name):
    schemas = copied_schemas(tmp_path)
    (schemas / "warehouse" / name).write_text("SELECT 1;")
    assert name in complaint(empty, schemas)
    assert empty.psql("SELECT to_regnamespace('jejaring') IS NULL").strip() == "t"


def test_without_leave_to_migrate_the_schema_is_only_checked(empty):
    assert "run `jejaringctl warehouse migrate`" in complaint(empty, pg.ROOT / "schemas", migrate="false")
    assert "migrations applied" in complaint(empty, pg.ROOT / "schemas")
    assert complaint(empty, pg.ROOT / "schemas", migrate="false") == ""


def test_two_workers_that_start_together_migrate_once(empty):
    import threading

    plugins = [Host({"conninfo": empty.conninfo}, instance=f"w{n}") for n in range(3)]
    threads = [threading.Thread(target=plugin.resume) for plugin in plugins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("migrations applied" in text for plugin in plugins for text in words(plugin)) == 1
    assert not any(severity < NOTICE for plugin in plugins for severity, _ in plugin.log)
    for plugin in plugins:
        plugin.close()


def test_a_changed_projection_asks_for_a_look(empty, events, tmp_path):
    schemas = copied_schemas(tmp_path)
    with Host({"conninfo": empty.conninfo, "schemas": str(schemas)}) as plugin:
        plugin.resume()
        plugin.deliver(events, 0, 300)
    with open(schemas / "warehouse" / "define-10-project.sql", "a", encoding="utf-8") as file:
        file.write("-- another one\n")
    assert "warehouse verify" in complaint(empty, schemas, committed=300)


def test_standings_are_computed_anew_where_a_migration_left_none(empty, events, tmp_path):
    schemas = copied_schemas(tmp_path)
    with Host({"conninfo": empty.conninfo, "schemas": str(schemas)}) as plugin:
        plugin.resume()
        plugin.deliver(events, 0, 300)
    derived = "SELECT s::text FROM jejaring.standing s UNION ALL SELECT c::text FROM jejaring.absorption_cell c ORDER BY 1"
    before = empty.psql(derived)
    empty.psql("TRUNCATE jejaring.standing")
    with open(schemas / "warehouse" / "define-30-evaluate.sql", "a", encoding="utf-8") as file:
        file.write("-- another one\n")
    complaint(empty, schemas, committed=300)
    assert empty.psql(derived) == before != ""


def test_a_connection_string_that_is_none_is_refused_without_quoting_it():
    with pytest.raises(ValueError) as refused:
        Host({"conninfo": "host=x passwort=geheim"})
    assert "not a connection string" in str(refused.value)
    assert "geheim" not in str(refused.value)
