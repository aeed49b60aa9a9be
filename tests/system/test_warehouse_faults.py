"""A whole node whose PostgreSQL is stopped, killed, cut off, refuses rows or is an older copy: the
intake never notices, and everything is in the warehouse in the end, once."""

import re
import threading

import psycopg2
import pytest

import pg
from client import Publisher, check_balance, differences, ids, nik, pending
from conftest import event, vacancy

AWAY = r"warehouse\[\d+\] (?:warning|error): [^\n]*events wait in the journal"
BACK = r"warehouse\[\d+\] notice: PostgreSQL takes events again"
MARK = "Nama Yang Tidak Boleh Tampak"


@pytest.fixture(scope="module")
def cluster():
    with pg.Cluster() as cluster:
        yield cluster


def load(number):
    if number % 2:
        return vacancy(f"Juru las {number}", id=f"lowongan-{number}")
    return event("outcome.reported", {"date": "2020-02-01", "status": "employed",
                                      "nik": nik(number)}, id=f"hasil-{number}")


def warehouse_node(node, database, **options):
    return node({"warehouse": {"audiences": ["node"], "regions": ["*"],
                               "options": {"conninfo": database.conninfo, **options}}})


class Load(Publisher):
    """Goes on while the test looks elsewhere."""

    def __init__(self, n, allowed=0):
        super().__init__(n.endpoint, load, allowed=allowed)
        self.node = n
        self.start()

    def wait_for(self, count):
        """Lets it send so many events more and waits until they are acknowledged."""
        self.allow(count)
        self.node.wait(lambda: self.trouble or len(self.acknowledged) >= self.allowed,
                       f"{count} acknowledgements")
        assert not self.trouble, self.trouble


def stored(database):
    """Cursor and number of events in the warehouse."""
    with database.connect() as connection, connection.cursor() as statement:
        statement.execute("SELECT coalesce(max(cursor), 0), (SELECT count(*) FROM jejaring.event) "
                          "FROM jejaring.consumer_cursor")
        return statement.fetchone()


def wait_for_warehouse(n):
    def caught_up():
        return pending(n.request("STATUS")[1], "warehouse") == 0
    n.wait(caught_up, "the warehouse to have everything")


def check_all_there(n, database, published, without=()):
    """In the end the warehouse holds each event once, and so do its projections."""
    wait_for_warehouse(n)
    expected = set(ids(published)) - set(without)
    problem = differences(expected, database.psql("SELECT id FROM jejaring.event").split())
    assert not problem, f"jejaring.event: {problem}\n{n.log()}"
    for table, prefix in (("vacancy", "lowongan"), ("outcome", "hasil")):
        count = sum(one.startswith(prefix) for one in expected)
        found = int(database.psql(f"SELECT count(*) FROM jejaring.{table}"))
        assert found == count, f"{table}: expected {count} rows, found {found}"
    check_balance(n.request("STATUS")[1], n.log())


def said(n, pattern):
    return len(re.findall(pattern, n.log()))


# ---- The server is away


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_server_that_goes_away_in_mid_load_stops_nobody(node, cluster, database, how):
    """`fast` is an administrator's stop, `immediate` is kill -9 of all its processes."""
    n = warehouse_node(node, database).start()
    publisher = Load(n)
    publisher.wait_for(400)
    n.wait(lambda: stored(database)[0] > 0, "the first events in the warehouse")
    publisher.allow(400)  # these are under way while the server goes
    try:
        cluster.stop(how)
        publisher.wait_for(1600)
        n.wait_for_log(AWAY)
    finally:
        cluster.start()
    publisher.wait_for(400)
    n.wait_for_log(BACK)
    publisher.stop()
    check_all_there(n, database, publisher.acknowledged)
    assert said(n, AWAY) == 1, f"expected one complaint\n{n.log()}"
    assert said(n, BACK) == 1, f"expected one line about the return\n{n.log()}"
    assert "warehouse was ended" not in n.log(), "the worker should live through it"


def test_a_server_that_is_away_at_the_start_is_waited_for(node, cluster, database):
    cluster.stop()
    try:
        n = warehouse_node(node, database).start()
        publisher = Load(n)
        publisher.wait_for(300)
        n.wait_for_log(AWAY)
    finally:
        cluster.start()
    publisher.stop()
    check_all_there(n, database, publisher.acknowledged)
    assert said(n, AWAY) == 1, n.log()


# ---- Connections that break


def test_connections_cut_again_and_again_lose_and_double_nothing(node, cluster, database):
    n = warehouse_node(node, database).start()
    publisher = Load(n)
    publisher.wait_for(100)
    n.wait(lambda: stored(database)[0] > 0, "the first events in the warehouse")
    watcher = cluster.database().connect()
    watcher.autocommit = True
    cut = 0
    with watcher.cursor() as statement:
        while cut < 15:
            publisher.allow(200 - (publisher.allowed - publisher.sent))
            statement.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                              "application_name = 'jejaring warehouse' AND datname = %s AND "
                              "state IN ('active', 'idle in transaction')", [database.name])
            cut += statement.fetchone()[0]
            assert not publisher.trouble, publisher.trouble
    watcher.close()
    publisher.stop()
    check_all_there(n, database, publisher.acknowledged)
    print(f"{cut} connections cut, {publisher.sent} events")


def test_a_commit_whose_answer_is_lost_is_not_done_twice(node, cluster, database):
    """The server waits for a standby that does not exist: it has committed, and its client is cut
    off before it hears so."""
    n = warehouse_node(node, database).start()
    publisher = Load(n)
    publisher.wait_for(100)
    wait_for_warehouse(n)
    watcher = cluster.database().connect()
    watcher.autocommit = True
    statement = watcher.cursor()
    statement.execute("SET synchronous_commit = local")

    def standby(name):
        statement.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        statement.execute("SELECT pg_reload_conf()")

    def cut_waiting():
        statement.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                          "datname = %s AND wait_event = 'SyncRep'", [database.name])
        return statement.fetchone()[0]

    try:
        standby("tidak_ada")
        publisher.wait_for(100)
        n.wait(cut_waiting, "a COMMIT that waits")
        # Cut on, until the worker knows how that COMMIT ended and asks for the next one.
        n.wait(cut_waiting, "the COMMIT after it")
    finally:
        standby("")
        watcher.close()
    publisher.wait_for(100)
    publisher.stop()
    check_all_there(n, database, publisher.acknowledged)


# ---- Rows that it refuses


def test_what_postgresql_refuses_goes_to_quarantine_and_the_rest_goes_on(node, database):
    n = warehouse_node(node, database).start()
    publisher = Load(n)
    publisher.wait_for(100)
    wait_for_warehouse(n)
    # A rule of this database's own, whose message quotes the row.
    database.psql(f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE check_violation USING MESSAGE = 'not ' || NEW.data; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON jejaring.event FOR EACH ROW
        WHEN (NEW.data->>'title' = '{MARK}') EXECUTE FUNCTION refuse()""")
    bad = [vacancy(MARK, id=f"ditolak-{number}") for number in range(3)]
    for one in bad:
        publisher.wait_for(40)
        n.publish([one])
    publisher.wait_for(100)
    publisher.stop()
    check_all_there(n, database, publisher.acknowledged)

    entries = n.request("QUARANTINE")[1]["entries"]
    assert [(e["agency"], e["type"], e["event"]["id"]) for e in entries] == \
        [("warehouse", "vacancy.opened", one["id"]) for one in bad]
    for entry in entries:
        assert entry["detail"].startswith("warehouse: "), entry
        assert MARK not in entry["detail"], "the reason quotes the row"
    assert MARK not in n.log()
    assert database.psql("SELECT count(*) FROM jejaring.refused_event").strip() == "3"

    # Told once, however often the worker starts again.
    n.wait_restart("warehouse", n.kill("warehouse"))
    n.wait_for_log(r"warehouse\[\d+\] info: ready", 2)
    n.publish([vacancy("sesudahnya", id="sesudahnya")])
    wait_for_warehouse(n)
    assert len(n.request("QUARANTINE")[1]["entries"]) == 3
    check_balance(n.request("STATUS")[1], n.log())

    # The rule is gone: they are tried again, and nothing is left of the refusal.
    database.psql("DROP TRIGGER refuse ON jejaring.event")
    before = stored(database)[1]
    for entry in entries:
        assert n.request("RETRY", {"number": entry["number"]})[0] == "OK"
    n.wait(lambda: n.request("QUARANTINE")[1]["entries"] == [], "the events to be taken")
    assert stored(database)[1] == before + 3
    assert database.psql("SELECT count(*) FROM jejaring.refused_event").strip() == "0"
    check_balance(n.request("STATUS")[1], n.log())


# ---- An older copy


@pytest.mark.parametrize("running", [True, False])
def test_an_older_copy_of_the_database_gets_again_what_it_lacks(node, cluster, database, running):
    """Restored from a backup while the node runs, or while it is stopped."""
    n = warehouse_node(node, database).start()
    publisher = Load(n)
    publisher.wait_for(300)
    wait_for_warehouse(n)
    assert n.stop() == 0
    older = cluster.database(template=database)  # the backup
    n.start()
    publisher.wait_for(300)
    wait_for_warehouse(n)
    if not running:
        assert n.stop() == 0

    # The restored database takes the place and the name of the one that is lost.
    cluster.execute(f'DROP DATABASE "{database.name}" WITH (FORCE)')
    cluster.execute(f'ALTER DATABASE "{older.name}" RENAME TO "{database.name}"')
    assert stored(database)[1] == 300
    if not running:
        n.start()
    publisher.wait_for(200)
    publisher.stop()
    check_all_there(n, database, publisher.acknowledged)
    n.wait_for_log(r"warehouse\[\d+\] (warning|notice): "
                   r"the database (ends at|has everything up to) "
                   r"cursor 300, ")
    assert n.request("QUARANTINE")[1]["entries"] == []


def test_a_new_journal_beside_an_old_database_loses_nothing(node, database):
    """Its cursors begin at 1 again, below the one that the database has stored."""
    n = warehouse_node(node, database).start()
    first = Load(n)
    first.wait_for(40)
    wait_for_warehouse(n)
    first.stop()
    assert n.stop() == 0
    for file in (n.folder / "state").glob("journal.db*"):
        file.unlink()
    n.start()
    second = Load(n)
    second.make = lambda number: load(number + 1000)
    second.wait_for(20)
    second.stop()
    n.wait(lambda: stored(database)[1] == 60, "the events of both journals")
    wait_for_warehouse(n)
    assert said(n, "the hub's journal is a new one") == 1


def test_two_nodes_fill_one_warehouse_at_once_while_it_is_cut(node, cluster, database):
    """Each has a cursor of its own, and neither disturbs the other."""
    nodes = [warehouse_node(node, database) for _ in range(2)]
    for number, n in enumerate(nodes):
        n.write_config(node=f"simpul{number}")
        n.start()
    publishers = []
    for number, n in enumerate(nodes):
        publisher = Load(n)
        publisher.make = lambda i, number=number: load(i * 2 * 2 + number * 2 + i % 2)
        publishers.append(publisher)
    for publisher in publishers:
        publisher.allow(400)
    ended = threading.Event()

    def cut():
        with psycopg2.connect(cluster.database().conninfo) as connection:
            connection.autocommit = True
            with connection.cursor() as statement:
                while not ended.wait(0.1):
                    statement.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
                                      " datname = %s AND state = 'active'", [database.name])

    cutter = threading.Thread(target=cut)
    cutter.start()
    try:
        for publisher in publishers:
            publisher.stop()
    finally:
        ended.set()
        cutter.join()
    for n in nodes:
        wait_for_warehouse(n)
        check_balance(n.request("STATUS")[1], n.log())
    expected = [one for publisher in publishers for one in ids(publisher.acknowledged)]
    problem = differences(expected, database.psql("SELECT id FROM jejaring.event").split())
    assert not problem, f"jejaring.event: {problem}\n{nodes[0].log()}\n{nodes[1].log()}"
