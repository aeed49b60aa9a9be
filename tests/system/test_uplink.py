"""A regency reports to its province: nothing is lost or counted twice, whatever breaks."""

import datetime
import json
import shutil
import time
import zlib

import pytest

from client import connected, event_key, graduated, nik, person_key
from conftest import event, vacancy
from province import arrived, attach, enlist, identities, joined, outcomes, regency, says, \
    status_of, upper, waiting
from test_ctl import ctl, result


@pytest.fixture
def lines():
    nodes = []
    yield nodes
    for one in nodes:
        one.line.close()


@pytest.fixture
def pair(node, lines):
    """A province and a regency that reports to it, both running."""
    return joined(node, lines)


def test_events_arrive_with_their_identity_and_origin(pair):
    p, r = pair
    r.publish([graduated(nik(1), _time="2019-07-31T08:00:00+07:00"), *outcomes(3)])
    here, there = r.fetch_all(), arrived(p, r)
    assert identities(here) == identities(there)
    for place, (mine, theirs) in enumerate(zip(here, there), 1):
        assert (theirs["origin"], theirs["originsequence"]) == ("pekalongan", str(place))
        for name in ("source", "id", "time", "region", "subject", "recordedtime"):
            assert theirs[name] == mine[name], name
        assert "origin" not in mine
    assert there[0]["subject"] == person_key(p, nik(1)) and "nik" not in there[0]["data"]
    known = status_of(p, "pekalongan")
    assert (known["sequence"], known["accepted"], known["gaps"], known["problem"]) == \
        ("4", 4, [], None)
    assert says(r) == "reports to node jateng"


def test_what_the_province_may_not_see_stays(pair):
    p, r = pair
    r.publish([event("referral.made", {"date": "2024-01-01", "to": "uld", "purpose": "kerja",
                                       "nik": nik(1)}),
               event("accommodation.assessed", {"date": "2024-01-01", "category": "mobility",
                                                "needs": ["ramp"], "nik": nik(1)})])
    there = arrived(p, r)
    assert [e["type"] for e in there] == ["accommodation.assessed"]
    assert "needs" not in there[0]["data"]
    assert there[0]["originsequence"] == "2" and status_of(p, "pekalongan")["gaps"] == []


def test_a_line_that_was_down_is_caught_up(pair):
    p, r = pair
    r.publish(outcomes(2))
    arrived(p, r)
    r.line.cut()
    for at in range(0, 3000, 500):
        r.publish(outcomes(500, 10 + at))
    assert waiting(r) > 0
    r.line.mend()
    assert identities(arrived(p, r)) == identities(r.fetch_all())
    assert status_of(p, "pekalongan")["gaps"] == []
    assert p.request("STATUS")[1]["adds_up"] and r.request("STATUS")[1]["adds_up"]


def test_kills_on_both_sides_lose_and_double_nothing(pair):
    p, r = pair
    for round_ in range(3):
        r.publish(outcomes(400, round_ * 1000))
        old = r.kill("uplink")
        r.publish(outcomes(400, round_ * 1000 + 400))
        hub = p.kill("hub")
        r.line.cut()
        p.wait_restart("hub", hub)
        r.wait_restart("uplink", old)
        local = r.kill("hub")
        r.line.mend()
        r.wait_restart("hub", local)
    there = arrived(p, r)
    assert identities(there) == identities(r.fetch_all()) and len(there) == 2400
    known = status_of(p, "pekalongan")
    assert (known["gaps"], known["blocked"]) == ([], False)


def test_an_outage_is_shown_and_ends_by_itself(node, lines):
    p = upper(node)
    bundle = enlist(p, "pekalongan", "33.75")
    r = attach(node({}, node="pekalongan"), p, bundle)
    lines.append(r)
    r.start()
    r.publish(outcomes(1))
    r.wait_for_log("does not answer; events wait in the journal")
    r.wait(lambda: "does not answer" in says(r), "the bad news in the status")
    p.start()
    assert len(arrived(p, r)) == 1
    r.wait(lambda: says(r) == "reports to node jateng", "the good news in the status")


# ---- Downward, and more than two levels


def test_vacancies_of_others_come_down_and_do_not_go_round(node, lines, pair):
    p, r = pair
    other = regency(node, p, "33.25", name="batang")
    lines.append(other)
    other.start()
    r.publish([vacancy("Juru las")])
    other.publish([vacancy("Juru masak", region="33.25")])
    p.publish([vacancy("Juru ukur", region="33")])
    titles = ["Juru las", "Juru masak", "Juru ukur"]
    for n in (r, other, p):
        n.wait(lambda: len(n.fetch_all()) >= 3, "all vacancies")
    arrived(p, r), arrived(p, other)
    for n in (r, other, p):
        found = n.fetch_all()
        assert sorted(e["data"]["title"] for e in found) == titles
    origins = {e["data"]["title"]: (e.get("origin"), e["recordedtime"]) for e in r.fetch_all()}
    assert [origins[t][0] for t in titles] == [None, "batang", "jateng"]
    assert origins["Juru masak"][1] == other.fetch_all()[0]["recordedtime"]
    counts = [n["accepted"] for n in p.request("STATUS")[1]["nodes"]]
    assert counts == [1, 1], "an event went back up"


def test_the_end_of_a_vacancy_from_above_is_not_said_below(node, lines):
    """It would be about a region that is not the regency's, and be refused above."""
    p = upper(node).start()
    reads_all = {"industry": {"audiences": ["industry", "blk"], "regions": ["*"]}}
    r = regency(node, p, "33.75", name="pekalongan", plugins=reads_all)
    lines.append(r)
    r.start()
    mine, above = vacancy("di sini"), vacancy("di provinsi", region="33")
    for one in (mine, above):
        one["data"]["valid_until"] = "2024-02-01"
    p.publish([above])
    r.wait(lambda: r.fetch_all(["vacancy.opened"]), "the vacancy from above")
    r.publish([mine])
    r.wait(lambda: r.fetch_all(["vacancy.closed"]), "the end of the own vacancy")
    r.settle()
    arrived(p, r)
    closed = r.fetch_all(["vacancy.closed"])
    assert [(e["subject"], e["region"]) for e in closed] == [(mine["subject"], "33.75")]
    assert status_of(p, "pekalongan")["rejected"] == 0


def test_three_levels(node, lines):
    m = upper(node, "kementerian").start()
    p = upper(node)
    attach(p, m, enlist(m, "jateng", "33", sees="*"), down=["vacancy.*"])
    lines.append(p)
    p.start()
    r = regency(node, p, "33.75", name="pekalongan", sees="*")
    lines.append(r)
    r.start()
    r.publish(outcomes(5))
    p.publish([vacancy("di provinsi", region="33")])
    m.publish([vacancy("dari kementerian", region="31.71")])
    r.wait(lambda: len(r.fetch_all()) == 7, "what comes down through two levels")
    arrived(p, r), arrived(m, p)
    top = m.fetch_all()
    assert len(top) == 7
    from_below = [e for e in top if e["type"] == "outcome.reported"]
    assert {e["origin"] for e in from_below} == {"pekalongan"}
    assert sorted(int(e["originsequence"]) for e in from_below) == [1, 2, 3, 4, 5]
    assert [e["origin"] for e in top if e["data"].get("title") == "di provinsi"] == ["jateng"]
    down = {e["data"]["title"]: e["origin"] for e in r.fetch_all(["vacancy.*"])}
    assert down == {"di provinsi": "jateng", "dari kementerian": "kementerian"}
    assert [n["name"] for n in m.request("STATUS")[1]["nodes"]] == ["jateng"]


# ---- Erasure and consent


def test_an_erasure_is_carried_out_above_and_confirmed(pair):
    p, r = pair
    person = person_key(p, nik(7))
    r.publish([graduated(nik(7), program="program-yang-dihapus"), *outcomes(2, 7)])
    arrived(p, r)
    files = [p.folder / "state" / name for name in ("journal.db", "journal.db-wal")]
    stored = lambda: b"".join(f.read_bytes() for f in files if f.exists())
    assert person in str(p.fetch_all()) and b"program-yang-dihapus" in stored()
    r.line.cut()
    assert r.request("ERASE", {"nik": nik(7)})[0] == "OK"
    r.wait(lambda: [e["confirmed"] for e in result("erasures", node=r)] == [None], "the open one")
    r.line.mend()
    r.wait(lambda: all(e["confirmed"] for e in result("erasures", node=r)), "the confirmation")
    there = p.fetch_all()
    assert [e["type"] for e in there if e.get("subject") == person] == ["person.erased"]
    p.wait(lambda: b"program-yang-dihapus" not in stored(), "the last byte of it to go")


def test_an_overdue_erasure_is_shown(node, lines):
    p = upper(node)
    bundle = enlist(p, "pekalongan", "33.75")
    r = attach(node({}, node="pekalongan"), p, bundle, erasure_due="1s")
    lines.append(r)
    p.start(), r.start()
    r.publish([graduated(nik(1))])
    arrived(p, r)
    r.line.cut()
    assert r.request("ERASE", {"nik": nik(1)})[0] == "OK"
    r.wait(lambda: "OVERDUE" in says(r), "the status to complain")
    assert "OVERDUE" in ctl("status", node=r).stdout


def test_consent_that_is_withdrawn_is_withdrawn_above(pair):
    p, r = pair
    r.publish([graduated(nik(3), consent=["industry"])])
    r.publish([event("consent.withdrawn", {"date": "2024-05-01", "audiences": ["industry"],
                                           "nik": nik(3)})])
    assert [e["type"] for e in arrived(p, r)] == ["alumni.graduated", "consent.withdrawn"]
    p.write_config(hub={"listen": [*p.config["hub"]["listen"],
                                   {"endpoint": f"ipc://{p.folder}/i.sock", "as": "pt"}]})
    assert ctl("agency", "add", "pt", "--name", "PT", "--audience", "industry", "--region", "33",
               "--host", "127.0.0.1", "--bundle", str(p.folder / "pt"), node=p).returncode == 0
    p.stop(), p.start()
    with connected(f"ipc://{p.folder}/i.sock") as industry:
        seen = industry.request("FETCH", {"after": "0"})[2]
        assert not [e for e in seen if e["type"] == "alumni.graduated"]


# ---- Bad input: detected, told in log and status, and nothing is spoiled


def test_a_wrong_region_is_put_aside_and_the_rest_goes_on(pair):
    p, r = pair
    r.publish([*outcomes(1), *outcomes(1, 5, region="33.26"), *outcomes(1, 9)])
    assert [e["region"] for e in arrived(p, r)] == ["33.75", "33.75"]
    r.wait_for_log("into its quarantine, the first with forbidden")
    r.wait(lambda: says(r) == "reports to node jateng; waiting in its quarantine: 1", "the status")
    known = status_of(p, "pekalongan")
    assert known["rejected"] == 1 and "region" in known["problem"]["text"]
    told = ctl("status", node=p)
    assert told.returncode == 1 and "events of node pekalongan wait in quarantine (1)" in told.stderr
    assert "may not publish for this region" in told.stderr
    entry = result("quarantine", "list", node=p)[0]
    assert (entry["code"], entry["field"]) == ("forbidden", "/region")


def test_a_node_name_under_another_key_is_refused(node, lines, pair):
    p, r = pair
    r.publish(outcomes(2))
    arrived(p, r)
    bundle = enlist(p, "penyusup", "33.26", name="pekalongan")
    other = attach(node({}, node="pekalongan", region="33.26"), p, bundle)
    lines.append(other)
    other.start()
    other.publish(outcomes(1, 50, region="33.26"))
    p.wait_for_log("two agencies' files name the same node")
    other.wait(lambda: "refused by the node above: conflict" in says(other), "the status")
    known = status_of(p, "pekalongan")
    assert (known["agency"], known["accepted"]) == ("kab-33-75", 2)
    assert "penyusup reports as node pekalongan" in known["problem"]["text"]
    told = ctl("status", node=p)
    assert told.returncode == 1 and "penyusup reports as node pekalongan" in told.stderr
    assert len(p.fetch_all()) == 2 and waiting(other) == 1
    r.publish(outcomes(1, 90))
    assert len(arrived(p, r)) == 3, "the real one is not disturbed"


def test_a_key_of_another_node_is_refused(node, lines):
    p = upper(node).start()
    bundle = enlist(p, "batang", "33.25")
    r = attach(node({}, node="pekalongan"), p, bundle)
    lines.append(r)
    r.start()
    r.publish(outcomes(1))
    p.wait_for_log("this key is that of node batang")
    r.wait(lambda: "refused by the node above: forbidden" in says(r), "the status")
    assert "wrong key" in status_of(p, "batang")["problem"]["text"]
    assert p.fetch_all() == [] and waiting(r) == 1


def test_a_journal_from_an_old_backup_is_found_and_nothing_is_lost(pair):
    p, r = pair
    r.publish(outcomes(3))
    arrived(p, r)
    r.stop()
    shutil.copytree(r.folder / "state", r.folder / "backup")
    r.start()
    r.client = None
    r.publish(outcomes(4, 10))
    arrived(p, r)
    r.stop()
    shutil.rmtree(r.folder / "state")
    (r.folder / "backup").rename(r.folder / "state")
    r.start()
    r.client = None
    r.publish(outcomes(6, 20))
    p.wait_for_log("restored from an older copy")
    r.wait(lambda: "refused by the node above: conflict" in says(r), "the status")
    known = status_of(p, "pekalongan")
    assert known["blocked"] and "node forget pekalongan" in known["problem"]["text"]
    assert ctl("status", node=p).returncode == 1 and len(p.fetch_all()) == 7
    assert ctl("node", "forget", "pekalongan", node=p).returncode == 0
    there = arrived(p, r)
    assert len(there) == 13, "what was here before, and what is new"
    assert not status_of(p, "pekalongan")["blocked"]


def test_a_province_from_an_old_backup_is_given_everything_again(pair):
    p, r = pair
    r.publish(outcomes(3))
    arrived(p, r)
    p.stop()
    shutil.copytree(p.folder / "state", p.folder / "backup")
    p.start()
    p.client = None
    r.publish(outcomes(4, 10))
    arrived(p, r)
    p.stop()
    shutil.rmtree(p.folder / "state")
    (p.folder / "backup").rename(p.folder / "state")
    p.start()
    p.client = None
    r.kill("uplink")
    p.wait(lambda: len(p.fetch_all()) == 7, "the events between")
    assert status_of(p, "pekalongan")["gaps"] == []


def test_two_nodes_for_one_region_are_told_apart(node, lines, pair):
    p, r = pair
    r.publish(outcomes(1))
    arrived(p, r)
    other = regency(node, p, "33.75", id_="lain")
    lines.append(other)
    other.start()
    other.publish(outcomes(2, 30))
    other.wait(lambda: waiting(other) == 0, "the second node's report")
    assert len(p.fetch_all()) == 1
    assert "reported by node pekalongan: two nodes" in status_of(p, "lain")["problem"]["text"]
    assert status_of(p, "pekalongan")["rivals"] == ["lain"]
    assert "may report the same region" in ctl("status", node=p).stderr
    assert ctl("node", "forget", "pekalongan", node=p).returncode == 0
    for entry in result("quarantine", "list", node=p):
        assert ctl("quarantine", "retry", str(entry["number"]), node=p).returncode == 0
    assert sorted(e["origin"] for e in p.fetch_all()) == ["lain", "lain", "pekalongan"]


def test_who_is_no_node_cannot_say_where_an_event_comes_from(node):
    p = upper(node)
    p.write_config(hub={"listen": [{"endpoint": f"ipc://{p.folder}/i.sock", "as": "blk1"}]})
    (p.folder / "agencies.d").mkdir()
    (p.folder / "agencies.d" / "blk1.yaml").write_text(
        'id: blk1\nname: "BLK"\naudiences: [blk]\nregions: ["33"]\npublishes: ["*"]\n')
    p.start()
    with connected(f"ipc://{p.folder}/i.sock") as agency:
        told = outcomes(1, origin="pekalongan", originsequence="7",
                        recordedtime="2001-01-01T00:00:00Z")
        assert agency.request("PUBLISH", {}, told)[1]["accepted"] == 1
        stored = p.fetch_all()[0]
        assert "origin" not in stored and not stored["recordedtime"].startswith("2001")
        kind, why, _ = agency.request("PUBLISH", {"origin": {
            "node": "pekalongan", "after": "0", "upto": "1", "sequences": ["1"]}}, outcomes(1, 5))
        assert (kind, why["code"]) == ("ERROR", "forbidden")


# ---- Slow lines


def test_a_rate_is_kept(node, lines):
    p = upper(node).start()
    r = regency(node, p, "33.75", name="pekalongan", rate="20KiB", batch=10, compress=False)
    lines.append(r)
    r.start()
    r.wait(lambda: says(r).startswith("reports"), "the connection")
    begun = time.monotonic()
    r.publish(outcomes(200))  # about 90 KB
    arrived(p, r)
    taken = time.monotonic() - begun
    assert taken > 2, f"{r.line.carried} bytes in {taken:.1f} s"


def test_on_a_slow_line_little_is_under_way(node, lines):
    p = upper(node).start()
    r = regency(node, p, "33.75", name="pekalongan", compress=False, batch=50)
    lines.append(r)
    r.line.rate = 40_000
    r.start()
    r.wait(lambda: says(r).startswith("reports"), "the connection")
    r.publish(outcomes(1400))  # some 12 s of this line, in 28 messages
    arrived(p, r)
    # What stands in the line keeps a HELLO waiting, too, and whoever is silent for long counts as away.
    assert "does not answer" not in r.log()


def test_messages_are_packed_and_damaged_ones_refused(pair):
    p, r = pair
    r.publish(outcomes(300))
    there = arrived(p, r)
    raw = sum(len(json.dumps(e)) for e in there)
    assert r.line.carried < raw / 2, f"{r.line.carried} bytes for {raw}"
    whole = b"".join(len(t).to_bytes(4, "little") + t
                     for t in (json.dumps(e).encode() for e in outcomes(2, 400)))
    packed = zlib.compress(whole)
    with connected(p.endpoint) as admin:
        def ask(frame, how="deflate", number=2):
            return admin.request("PUBLISH", {"packed": {"how": how, "events": number}}, [frame])[:2]
        for wrong in (ask(packed[:-8]), ask(b"x" * 50), ask(packed, number=3), ask(packed, "zstd"),
                      ask(zlib.compress(bytes(20_000_000)))):
            assert wrong[0] == "ERROR" and wrong[1]["code"] in ("malformed", "too_large"), wrong
        assert ask(packed)[1]["accepted"] == 2
    assert len(p.fetch_all()) == 302


def test_outside_of_the_hours_nothing_is_sent(node, lines):
    now = datetime.datetime.now()
    closed = [(now + datetime.timedelta(hours=h)).strftime("%H:%M") for h in (2, 3)]
    p = upper(node).start()
    r = regency(node, p, "33.75", name="pekalongan", window="-".join(closed))
    lines.append(r)
    r.start()
    r.publish(outcomes(1))
    r.wait(lambda: "outside of its hours" in says(r), "the status")
    assert waiting(r) == 1 and status_of(p, "pekalongan")["contact"] is None


@pytest.mark.parametrize("options, said", [
    ({"window": "malam"}, "two times of the day"),
    ({"down": "vacancy.*"}, "a list of event types"),
    ({}, "secret.key is missing or not readable in"),
])
def test_a_bad_option_is_named_before_the_start(node, options, said):
    n = node({"uplink": {"audiences": ["province"], "options": {"connection": "x", **options}}})
    done = n.run("--check", "-c", n.file)
    assert done.returncode == 78 and said in done.stderr + done.stdout


# ---- The contract, by hand


@pytest.fixture
def by_hand(node):
    """A connection as a node's agency, and what it says of its journal."""
    p = upper(node)
    p.write_config(hub={"listen": [{"endpoint": f"ipc://{p.folder}/n.sock", "as": "n1"}]})
    (p.folder / "agencies.d").mkdir()
    (p.folder / "agencies.d" / "n1.yaml").write_text(
        'id: n1\nname: "N"\naudiences: [public]\nregions: ["33.75"]\npublishes: ["*"]\nnode: satu\n')
    p.start()
    with connected(f"ipc://{p.folder}/n.sock") as connection:
        def say(after, upto, places, events=None):
            events = outcomes(len(places), 10 * after) if events is None else events
            origin = {"node": "satu", "after": str(after), "upto": str(upto),
                      "sequences": [str(place) for place in places]}
            return connection.request("PUBLISH", {"origin": origin}, events)[:2]
        yield p, connection, say


def test_gaps_are_told_and_closed(by_hand):
    p, _, say = by_hand
    assert say(0, 2, [1, 2])[1]["accepted"] == 2
    assert say(10, 12, [12])[1]["accepted"] == 1
    gaps = lambda: [(g["after"], g["upto"]) for g in status_of(p, "satu")["gaps"]]
    assert gaps() == [("2", "10")]
    assert "8 places of its journal are missing" in ctl("status", node=p).stderr
    say(5, 7, [6])
    assert gaps() == [("2", "5"), ("7", "10")]
    say(2, 11, [3, 9])
    assert gaps() == [] and status_of(p, "satu")["sequence"] == "12"
    assert len(p.fetch_all()) == 6


def test_a_place_holds_one_event(by_hand):
    p, connection, say = by_hand
    first = outcomes(3)
    assert say(0, 3, [1, 2, 3], first)[1]["accepted"] == 3
    assert say(0, 3, [1, 2, 3], first)[1]["duplicate"] == 3
    kind, why = say(1, 4, [2, 4], outcomes(2, 50))
    assert (kind, why["code"], why["field"]) == ("ERROR", "conflict", "/origin")
    assert "at place 2" in why["detail"]
    assert say(3, 4, [4])[1]["code"] == "conflict", "nothing until somebody has looked"
    assert len(p.fetch_all()) == 3 and status_of(p, "satu")["blocked"]
    assert p.request("FORGET", {"node": "satu"})[0] == "OK"
    assert say(3, 4, [4])[1]["accepted"] == 1
    hello = connection.ok("HELLO", {"origin": {"node": "satu"}})
    assert hello["origin"] == {"node": "satu", "sequence": "4", "quarantined": 0}


def test_a_node_with_another_key_hears_of_the_erasures_that_it_told_before(node):
    p = upper(node)
    doors = {name: f"ipc://{p.folder}/{name}.sock" for name in ("old", "new", "other")}
    p.write_config(hub={"listen": [{"endpoint": door, "as": name} for name, door in doors.items()]})
    (p.folder / "agencies.d").mkdir()
    for name in doors:
        (p.folder / "agencies.d" / f"{name}.yaml").write_text(
            f'id: {name}\nname: "N"\naudiences: [public]\nregions: ["33.75"]\npublishes: ["*"]\n'
            f'node: {"dua" if name == "other" else "satu"}\n')
    p.start()
    erased = event("person.erased", {"date": "2024-03-01", "nik": nik(1)})
    told = {"origin": {"node": "satu", "after": "0", "upto": "1", "sequences": ["1"]}}
    with connected(doors["old"]) as old, connected(doors["new"]) as new, \
            connected(doors["other"]) as other:
        assert old.ok("PUBLISH", told, [erased])["accepted"] == 1
        assert new.request("PUBLISH", told, [erased])[1]["code"] == "conflict"
        assert p.request("FORGET", {"node": "satu"})[0] == "OK"
        assert new.ok("PUBLISH", told, [erased])["duplicate"] == 1
        keys = {"keys": [event_key(erased)]}
        assert [r["pending"] for r in new.ok("RECEIPT", keys)["receipts"]] == [[]]
        assert other.ok("RECEIPT", keys)["receipts"] == []


@pytest.mark.parametrize("origin", [
    None, 7, {}, {"node": "satu"}, {"node": "sa/tu", "after": "0", "upto": "1", "sequences": ["1"]},
    {"node": "satu", "after": "0", "upto": "1", "sequences": []},
    {"node": "satu", "after": "0", "upto": "1", "sequences": ["2"]},
    {"node": "satu", "after": "1", "upto": "1", "sequences": ["1"]},
    {"node": "satu", "after": "2", "upto": "1", "sequences": ["1"]},
    {"node": "satu", "after": 0, "upto": "1", "sequences": ["1"]},
    {"node": "satu", "after": "0", "upto": "1", "sequences": [1]},
    {"node": "satu", "upto": "1", "sequences": ["1"]},
    {"node": "satu", "after": "0", "upto": "99999999999999999999", "sequences": ["1"]}])
def test_what_is_not_said_well_is_refused(by_hand, origin):
    p, connection, _ = by_hand
    options = {} if origin is None else {"origin": origin}
    kind, why, _ = connection.request("PUBLISH", options, outcomes(1))
    assert (kind, why["code"]) == ("ERROR", "malformed"), why
    assert p.fetch_all() == []


def test_an_event_of_this_hub_is_not_taken_back_from_below_nor_from_quarantine(by_hand):
    p, connection, say = by_hand
    refused = say(0, 1, [1], outcomes(1, origin="jateng", originsequence="5"))[1]["rejected"]
    assert [(e["code"], e["field"]) for e in refused] == [("forbidden", "/origin")]
    assert result("quarantine", "retry", "all", node=p, code=3) == {"taken": 0, "refused": 1}
    assert p.fetch_all() == [] and status_of(p, "satu")["quarantined"] == 1
    number = result("quarantine", "list", node=p)[0]["number"]
    assert ctl("quarantine", "drop", str(number), node=p).returncode == 0
    known = status_of(p, "satu")
    assert (known["quarantined"], known["problem"]) == (0, None), "what is settled is spoken of no more"
