"""What a province has to expect of dozens of nodes: restored from a backup, newer than itself, wrong
for weeks. It is found, told in log and status, and nothing is lost."""

import json
import shutil

import pytest

from client import graduated, nik
from conftest import ROOT, vacancy
from province import arrived, identities, joined, outcomes, regency, says, status_of, upper, waiting
from test_ctl import ctl, result


@pytest.fixture
def lines():
    nodes = []
    yield nodes
    for one in nodes:
        one.line.close()


@pytest.fixture
def pair(node, lines):
    return joined(node, lines)


def begin_again(n):
    n.start()
    n.client = None


# ---- Another person key


def test_a_node_that_names_persons_with_another_key_is_told_of(node, lines):
    p = upper(node).start()
    regencies = [regency(node, p, region, name=name) for region, name in
                 (("33.75", "pekalongan"), ("33.26", "kajen"))]
    lines.extend(regencies)
    (regencies[1].folder / "person.key").unlink()
    assert ctl("keys", "new", str(regencies[1].folder / "person.key")).returncode == 0
    for r in regencies:
        r.start()
        r.publish([graduated(nik(1), _region=r.config["region"])])
        arrived(p, r)
    p.wait_for_log("node kajen names persons with another person key than this one")
    assert len({e["subject"] for e in p.fetch_all()}) == 2
    assert [status_of(p, name)["same_person_key"] for name in ("pekalongan", "kajen")] == [True, False]
    told = ctl("status", node=p)
    assert "warning: node kajen names persons with another person key" in told.stderr
    assert "pekalongan" not in told.stderr and told.returncode == 0
    p.stop()
    begin_again(p)
    p.wait(lambda: status_of(p, "kajen")["same_person_key"] is False, "kajen to say so again")


# ---- Restored


def test_a_restored_regency_is_found_at_once_and_gets_back_what_had_come_down(pair):
    p, r = pair
    r.publish(outcomes(3))
    arrived(p, r)
    backup = r.folder / "backup"
    assert ctl("backup", str(backup), node=r).returncode == 0
    r.publish(outcomes(4, 10))
    p.publish([vacancy("Juru ukur", region="33")])
    r.wait(lambda: r.fetch_all(["vacancy.*"]), "the vacancy to come down")
    arrived(p, r)
    journal = r.request("HELLO")[1]["journal"]
    r.stop()
    assert ctl("restore", "--force", str(backup), node=r).returncode == 0
    begin_again(r)
    assert r.request("HELLO")[1]["journal"] != journal, "who keeps a cursor can tell"
    # Nothing new is there yet: only that the journal is shorter than it was.
    p.wait_for_log("ends at 3, and has reported up to")
    r.wait(lambda: "refused by the node above: conflict" in says(r), "the status there")
    told = ctl("status", node=p)
    assert told.returncode == 1 and "restored from an older copy" in told.stderr
    assert len(p.fetch_all()) == 8, "what is there stays"
    assert ctl("node", "forget", "pekalongan", node=p).returncode == 0
    r.publish(outcomes(5, 20))
    there = arrived(p, r)
    assert len(there) == 13 and len(set(identities(there))) == 13
    r.wait(lambda: r.fetch_all(["vacancy.*"]), "the vacancy to come down once more")
    assert status_of(p, "pekalongan")["gaps"] == []


def test_a_restored_province_gives_and_takes_what_it_has_lost(pair):
    p, r = pair
    r.publish(outcomes(2))
    arrived(p, r)
    p.publish([vacancy("Juru ukur", region="33")])
    r.wait(lambda: len(r.fetch_all(["vacancy.*"])) == 1, "the vacancy to come down")
    backup = p.folder / "backup"
    assert ctl("backup", str(backup), node=p).returncode == 0
    r.publish(outcomes(6, 10))
    arrived(p, r)
    p.stop()
    assert ctl("restore", "--force", str(backup), node=p).returncode == 0
    begin_again(p)
    p.publish([vacancy("Juru masak", region="33")])  # where one of the regency's stood
    r.kill("uplink")  # it would look by itself within half a minute
    r.wait(lambda: len(r.fetch_all(["vacancy.*"])) == 2, "what is new above to come down")
    p.wait(lambda: len(p.fetch_all(["outcome.reported"])) == 8, "what it had lost")
    assert status_of(p, "pekalongan")["gaps"] == []


# ---- Newer, or wrong for weeks


def schemas_of(folder, **version):
    """A copy of the schemas; outcome.reported with changes."""
    shutil.copytree(ROOT / "schemas", folder)
    file = folder / "events" / "outcome.reported.json"
    schema = json.loads(file.read_text())
    schema.update(version.pop("root", {}))
    schema["properties"].update(version)
    file.write_text(json.dumps(schema))
    return str(folder)


RETRACTS = {"title": "Ditarik", "type": "boolean", "x-class": "internal",
            "x-audience": ["owner", "province"]}


def test_a_newer_version_of_a_type_waits_above_for_the_upgrade(node, lines, tmp_path):
    new = schemas_of(tmp_path / "new", root={"x-version": 2}, retracts=RETRACTS)
    p = upper(node).start()
    r = regency(node, p, "33.75", name="pekalongan")
    lines.append(r)
    r.write_config(schemas=new)
    r.start()
    later = outcomes(3, 10)
    for one in later:
        one["data"]["retracts"] = True
    r.publish([graduated(nik(1)), *later, graduated(nik(2))])
    here = r.fetch_all(["outcome.reported"])
    assert {e["dataschema"] for e in here} == {"urn:jejaring:outcome.reported:2"}
    assert [e["type"] for e in arrived(p, r)] == ["alumni.graduated"] * 2
    newer = "version 2 of outcome.reported is newer than this hub, which knows version 1"
    p.wait_for_log(newer), r.wait_for_log(newer)
    told = ctl("status", node=p)
    assert told.returncode == 1 and "events of node pekalongan wait in quarantine (3)" in told.stderr
    assert newer in told.stderr
    p.write_config(schemas=new)
    p.stop()
    begin_again(p)
    assert result("quarantine", "retry", "all", node=p) == {"taken": 3, "refused": 0}
    there = p.fetch_all(["outcome.reported"])
    assert identities(there) == identities(here)
    assert [(e["originsequence"], e["data"]["retracts"]) for e in there] == \
        [("2", True), ("3", True), ("4", True)]
    assert ctl("status", node=p).returncode == 0
    # The same by another way, without the version: known.
    assert p.request("PUBLISH", {}, later)[1]["duplicate"] == 3


def test_an_unknown_type_waits_above_for_the_upgrade(node, lines, tmp_path):
    old = tmp_path / "schemas"
    shutil.copytree(ROOT / "schemas", old)
    (old / "events" / "outcome.reported.json").unlink()
    p = upper(node, schemas=str(old), hub={"quarantine": 2}).start()
    p.write_config(hub={**p.config["hub"], "quarantine": 2})
    p.stop(), p.start()
    r = regency(node, p, "33.75", name="pekalongan")
    lines.append(r)
    r.start()
    r.publish([graduated(nik(1)), *outcomes(5), graduated(nik(2))])
    assert [e["type"] for e in arrived(p, r)] == ["alumni.graduated"] * 2
    assert "no such event type" in status_of(p, "pekalongan")["problem"]["text"]
    entries = result("quarantine", "list", node=p)
    assert [e["code"] for e in entries] == ["unknown_type"] * 5, "none is pushed out"
    shutil.copy(ROOT / "schemas/events/outcome.reported.json", old / "events")
    p.stop(), p.start()
    p.client = None
    r.publish(outcomes(1, 30, region="33.26"))
    arrived(p, r)
    assert result("quarantine", "retry", "all", node=p, code=3) == {"taken": 5, "refused": 1}
    there = [e for e in r.fetch_all() if e["region"] == "33.75"]
    assert identities(p.fetch_all()) == identities(there)
    places = sorted(int(e["originsequence"]) for e in p.fetch_all())
    assert places == list(range(1, 8))


def test_an_older_version_is_taken_by_a_newer_hub(node, tmp_path):
    n = node(schemas=schemas_of(tmp_path / "new", root={"x-version": 3})).start()
    n.publish(outcomes(1, dataschema="urn:jejaring:outcome.reported:2"))
    assert n.fetch_all()[0]["dataschema"] == "urn:jejaring:outcome.reported:2"
    wrong = {"urn:jejaring:outcome.reported:4": "unknown_type",
             "urn:jejaring:outcome.reported:x": "invalid",
             "urn:jejaring:alumni.graduated:1": "invalid"}
    for dataschema, code in wrong.items():
        refused = n.request("PUBLISH", {}, outcomes(1, 5, dataschema=dataschema))[1]["rejected"]
        assert [(e["code"], e["field"]) for e in refused] == [(code, "/dataschema")], dataschema
    n.publish(outcomes(1, 9, dataschema="https://example.org/anything"))


def test_a_node_newer_above_than_below_is_caught_up_after_the_upgrade_below(node, lines, tmp_path):
    new = schemas_of(tmp_path / "new")
    file = tmp_path / "new" / "events" / "vacancy.opened.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "x-version": 2}))
    p = upper(node, schemas=new).start()
    r = regency(node, p, "33.75", name="pekalongan")
    lines.append(r)
    r.start()
    p.publish([vacancy("Juru ukur", region="33")])
    r.wait(lambda: result("quarantine", "list", node=r), "the vacancy to be put aside below")
    r.write_config(schemas=new)
    r.stop()
    begin_again(r)
    assert result("quarantine", "retry", "all", node=r) == {"taken": 1, "refused": 0}
    here, there = r.fetch_all()[0], p.fetch_all()[0]
    assert (here["origin"], here["originsequence"]) == ("jateng", "1")
    assert here["recordedtime"] == there["recordedtime"]
    arrived(p, r)
    assert status_of(p, "pekalongan")["accepted"] == 0, "it does not go round"


def test_a_node_of_which_too_much_is_refused_waits_and_loses_nothing(node, lines, tmp_path):
    old = tmp_path / "schemas"
    shutil.copytree(ROOT / "schemas", old)
    (old / "events" / "outcome.reported.json").unlink()
    p = upper(node, schemas=str(old))
    p.write_config(hub={**p.config["hub"], "quarantine_nodes": 30})
    p.start()
    r = regency(node, p, "33.75", name="pekalongan", batch=10)
    other = regency(node, p, "33.25", name="batang")
    lines += [r, other]
    r.start(), other.start()
    r.publish(outcomes(100))
    r.publish([graduated(nik(1))])
    full = "events of node pekalongan wait in the quarantine of jateng, and no more are put there"
    p.wait_for_log(full)
    r.wait(lambda: "refused by the node above: busy" in says(r), "the status there")
    assert waiting(r) > 0 and full in ctl("status", node=p).stderr
    other.publish([graduated(nik(9), _region="33.25")])
    assert len(arrived(p, other)) == 1, "others are not disturbed"
    shutil.copy(ROOT / "schemas/events/outcome.reported.json", old / "events")
    p.stop()
    begin_again(p)
    assert result("quarantine", "retry", "all", node=p)["refused"] == 0
    assert identities(e for e in arrived(p, r) if e["region"] == "33.75") == \
        identities(r.fetch_all())


def test_retention_that_gives_up_silent_readers_waits_for_the_line(pair):
    p, r = pair
    r.write_config(hub={"retention": {"size": "1KiB", "lost_after": "1s"}})
    r.stop()
    begin_again(r)
    r.wait(lambda: says(r) == "reports to node jateng", "the connection")
    r.line.cut()
    for at in range(0, 6000, 500):
        r.publish(outcomes(500, at))
    uptime = lambda: r.request("STATUS")[1]["uptime_s"]
    since = uptime()
    r.wait(lambda: uptime() > since + 4, "the time in which others would have been given up")
    balance = {c["name"]: c for c in r.request("STATUS")[1]["consumers"]}
    assert balance["uplink/main"]["lost"] == 0 and balance["uplink/main"]["pending"] > 0
    assert "uplink/main was silent" not in r.log()
    r.line.mend()
    arrived(p, r)
    assert len(p.fetch_all()) == 6000 and status_of(p, "pekalongan")["gaps"] == []
