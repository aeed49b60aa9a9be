"""A warehouse that belongs to an ordinary role, as the administrator's page has it made: its owner may
create no roles."""

import pytest

import pg
import warehouse_events
from test_ctl import ctl
from warehouse_host import Host

REPORTS = ["absorption", "absorption --by year", "absorption --by disability", "absorption --explain",
           "absorption --list working", "funnel", "time-to-work", "funding", "tracer", "vacancies",
           "directory", "orders", "capital", "candidates", "inclusion", "completeness"]
ROLES = ["jejaring_writer", "jejaring_reader", "jejaring_specific", "jejaring_counter"]


@pytest.fixture(scope="module", params=["no roles", "roles of the administrator's"])
def conninfo(request):
    with pg.Cluster() as cluster:
        cluster.execute("CREATE ROLE biasa LOGIN")
        if request.param != "no roles":
            for role in ROLES:
                cluster.execute(f"CREATE ROLE {role}")
        database = cluster.database()
        cluster.execute(f'ALTER DATABASE "{database.name}" OWNER TO biasa')
        words = [word for word in database.conninfo.split() if not word.startswith("user=")]
        conninfo = " ".join([*words, "user=biasa"])
        events = warehouse_events.Maker(7, persons=15).mixed(120)
        with Host({"conninfo": conninfo}) as plugin:
            plugin.resume()
            assert plugin.deliver(events, 0, 120)
        if request.param != "no roles":
            database.psql("CREATE ROLE kota LOGIN IN ROLE jejaring_reader;"
                          "INSERT INTO jejaring.access_region VALUES ('kota', '33.75')")
            as_reader = " ".join([*words, "user=kota"])
            import psycopg2
            with psycopg2.connect(as_reader) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT DISTINCT region FROM jejaring.standing")
                assert cursor.fetchall() == [("33.75",)]
        yield conninfo


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_is_made(node, conninfo, report):
    n = node({"warehouse": {"audiences": ["node"], "regions": ["*"],
                            "options": {"conninfo": conninfo}}})
    done = ctl("report", *report.split(), node=n)
    assert done.returncode == 0 and done.stdout, done.stderr


def test_rebuild_and_verify(node, conninfo):
    n = node({"warehouse": {"audiences": ["node"], "regions": ["*"],
                            "options": {"conninfo": conninfo}}})
    assert ctl("warehouse", "migrate", node=n).returncode == 0
    assert ctl("warehouse", "rebuild", node=n).returncode == 0
    done = ctl("warehouse", "verify", node=n)
    assert done.returncode == 0, done.stdout + done.stderr
