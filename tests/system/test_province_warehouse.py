"""A province's warehouse and the nodes below it: what is erased there, and what a regency may read."""

import json
import os
import signal

import pytest

import pg
from client import connected, graduated, nik, person_key
from conftest import wait_until
from province import regency, upper
from test_ctl import ctl, result


@pytest.fixture(scope="module")
def cluster():
    with pg.Cluster() as cluster:
        yield cluster


@pytest.fixture
def three(node, cluster):
    """A province with a warehouse, and two regencies."""
    database = cluster.database()
    p = upper(node, plugins={"warehouse": {"audiences": ["node"], "regions": ["*"],
                                           "options": {"conninfo": database.conninfo}}}).start()
    below = [regency(node, p, region, name=name)
             for region, name in (("33.75", "pekalongan"), ("33.25", "batang"))]
    for one in below:
        one.start()
    yield p, database, *below
    for one in below:
        one.line.close()


def report(n, *arguments):
    return {row["region"]: row for row in result("report", *arguments, node=n)}


def as_node(p, r):
    """A connection by the key of a node below."""
    bundle = p.folder / r.id
    told = json.loads((bundle / "connection.json").read_text())
    keys = told["server_key"], told["public_key"], (bundle / "secret.key").read_text().split()[0]
    return connected(told["endpoint"].replace(":5710", f":{p.port}"),
                     curve=[key.encode() for key in keys])


def stored(database, person):
    return int(database.psql(f"SELECT count(*) FROM jejaring.alumni WHERE person = '{person}'")) + \
        int(database.psql(f"SELECT count(*) FROM jejaring.event WHERE subject = '{person}'"
                          " AND type <> 'person.erased'"))


def test_an_erasure_is_confirmed_when_the_warehouse_above_has_carried_it_out(three):
    p, database, r, _ = three
    person = person_key(p, nik(7))
    r.publish([graduated(nik(7)), graduated(nik(8))])
    wait_until(lambda: stored(database, person) == 2, "the graduate to be in the warehouse", log=p.log)
    os.kill(p.pid("warehouse"), signal.SIGSTOP)
    assert r.request("ERASE", {"nik": nik(7)})[0] == "OK"
    p.wait(lambda: [e["type"] for e in p.fetch_all() if e.get("subject") == person] ==
           ["person.erased"], "the hub above to carry it out")
    erasure = r.wait(lambda: result("erasures", node=r), "the erasure to be noted")[0]
    with as_node(p, r) as node:
        told = node.ok("RECEIPT", {"keys": [erasure["key"]]})["receipts"]
    assert [each["pending"] for each in told] == [["warehouse/main"]]
    assert erasure["confirmed"] is None and stored(database, person) == 2
    os.kill(p.pid("warehouse"), signal.SIGCONT)
    r.wait(lambda: all(e["confirmed"] for e in result("erasures", node=r)), "the receipt")
    assert stored(database, person) == 0
    assert stored(database, person_key(p, nik(8))) == 2


def test_an_edge_node_reads_the_reports_of_its_region_and_no_others(three):
    p, database, r, other = three
    r.publish([graduated(nik(n)) for n in range(1, 4)])
    other.publish([graduated(nik(n), _region="33.25") for n in range(10, 15)])
    wait_until(lambda: database.psql("SELECT count(*) FROM jejaring.alumni").strip() == "8",
               "all graduates in the warehouse", log=p.log)
    database.psql("CREATE ROLE pekalongan LOGIN IN ROLE jejaring_reader;"
                  "INSERT INTO jejaring.access_region VALUES ('pekalongan', '33.75')")
    assert ctl("report", "absorption", node=r).returncode != 0, "it has no database of its own"
    r.write_config(reports={"conninfo": database.conninfo + " user=pekalongan"})
    mine = report(r, "absorption", "--by", "region")
    assert {region: row["graduates"] for region, row in mine.items()} == {"33.75": 3}
    whole = report(p, "absorption", "--by", "region")
    assert mine["33.75"] == whole["33.75"] and whole["33.25"]["graduates"] == 5
