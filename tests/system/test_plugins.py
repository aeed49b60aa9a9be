"""Every reaction of the plugins through the real hub: what they are shown, what they say, what
others see of it, and that kill -9 neither repeats nor forgets any of it."""

import json
import os
import random
import re
import signal
import time

import pytest

from agencies import (
    PLUGINS, batch_closed, business, certified, graduate, key, order, publish, run, said, say, settle,
    started, vacancy,
)
from conftest import Client

REACTIONS = ["incubation.selected", "placement.proposed", "vacancy.closed", "order.offered",
             "loan.referred", "referral.made", "accommodation.provided", "quota.shortfall"]


# ---- Each reaction


def test_all_plugins_load_and_say_what_they_are(node):
    n = run(node, *PLUGINS)
    assert set(n.children()) == {"hub", *PLUGINS}
    check = n.run("--check", "-c", str(n.file))
    assert check.returncode == 0, check.stderr
    for name in PLUGINS:
        described = n.run("--describe", f"{n.config['plugin_path']}/{name}.so").stdout
        assert name in described


@pytest.mark.parametrize("plugin, options, message", [
    ("industry", {"proposals_per_seat": 0}, "proposals_per_seat"),
    ("industry", {"proposals_per_set": 3}, "proposals_per_seat"),
    ("blk", {"settle": "soon"}, "settle"),
    ("capital", {"schemes": [{"scheme": "kur"}]}, "row 1: scheme"),
    ("disability", {"unit": ""}, "1 to 200 characters"),
    ("template", {"funder": ""}, "a funder has 1 to 200 characters"),
])
def test_wrong_options_are_found_before_the_start(node, plugin, options, message):
    n = node({plugin: {**PLUGINS[plugin], "options": options}})
    check = n.run("--check", "-c", str(n.file))
    assert check.returncode == 78
    assert message in check.stderr + check.stdout


def test_the_three_best_of_a_closed_batch_are_selected(node):
    n = run(node, "blk", blk={"funder": "APBD"})
    people = [f"p{i}" for i in range(5)]
    publish(n, *[graduate(p) for p in people],
            *[certified(p, score=80 + i) for i, p in enumerate(people)])
    assert said(n, "incubation.selected") == []
    publish(n, batch_closed())
    publish(n, certified("p0", "2019-10-01", score=100), batch_closed("twice"))
    got = said(n, "incubation.selected")
    assert [(e["subject"], e["data"]["rank"]) for e in got] == \
        [(key("p4"), 1), (key("p3"), 2), (key("p2"), 3)]
    assert got[0]["source"] == "/uji/blk" and got[0]["cause"] == "batch.closed/angkatan/2019-08-31"
    assert got[0]["data"]["funder"] == "APBD" and got[0]["data"]["date"] == "2019-08-31"


def test_consenting_graduates_are_proposed_and_a_filled_vacancy_closes(node):
    n = run(node, "industry")
    publish(n, graduate("ani", "2019-07-31"), graduate("budi", "2019-06-30"), certified("ani"),
            graduate("citra", consent=[]), vacancy("v1"))
    got = said(n, "placement.proposed")
    assert [e["subject"] for e in got] == [key("ani"), key("budi")]
    assert got[0]["data"]["reasons"] == ["vocation", "region", "competent"]
    publish(n, say("consent.granted", "citra", "2020-01-15", audiences=["industry"]))
    assert [e["subject"] for e in said(n, "placement.proposed")][2:] == [key("citra")]
    publish(n, started("ani", "v1"), graduate("late", "2020-03-01"))
    closed = said(n, "vacancy.closed")
    assert [(e["subject"], e["data"]["reason"]) for e in closed] == [(key("v1"), "filled")]
    assert len(said(n, "placement.proposed")) == 3


def test_a_plugin_bound_by_consent_proposes_whom_it_is_shown(node):
    n = node({"industry": {"audiences": ["industry"]}}).start()
    publish(n, vacancy("v1"), graduate("ani"), graduate("silent", consent=[]))
    assert [e["subject"] for e in said(n, "placement.proposed")] == [key("ani")]


def test_a_vacancy_whose_day_is_over_is_closed_and_takes_nobody(node):
    n = run(node, "industry")
    publish(n, graduate("ani"), vacancy("v1", valid_until="2020-06-30"))
    assert said(n, "placement.proposed") == []
    closed = said(n, "vacancy.closed")
    assert [(e["data"]["reason"], e["data"]["date"]) for e in closed] == [("expired", "2020-07-01")]


def test_a_withdrawn_vacancy_takes_nobody_until_it_is_opened_again(node):
    n = run(node, "industry")
    publish(n, graduate("ani"), say("vacancy.closed", "v1", "2020-01-05", vacancy=key("v1"),
                                    reason="withdrawn"), vacancy("v1"))
    assert said(n, "placement.proposed") == []
    publish(n, vacancy("v1", "2020-01-06"))
    assert [e["subject"] for e in said(n, "placement.proposed")] == [key("ani")]
    assert [e["data"]["reason"] for e in said(n, "vacancy.closed")] == ["withdrawn"]


def test_a_friendly_vacancy_serves_persons_with_a_disability_and_tells_nobody(node):
    n = run(node, "industry")
    publish(n, *[graduate(f"p{i}", f"2019-0{i}-28") for i in range(1, 9)],
            graduate("wati", "2019-12-31", consent=["industry", "disability"], **DISABILITY))
    publish(n, vacancy("v1", disability_friendly=True), vacancy("v2"))
    proposed = {}
    for e in said(n, "placement.proposed"):
        proposed.setdefault(e["data"]["vacancy"], []).append(e["subject"])
        assert set(e["data"]) == {"date", "vacancy", "rank", "reasons"}
        assert e["data"]["reasons"] == ["vocation", "region"]
    assert len(proposed[key("v1")]) == 3 and key("wati") in proposed[key("v1")]
    assert proposed[key("v2")] == [key("p1"), key("p2"), key("p3")]


def test_an_order_is_offered_in_rotation(node):
    n = run(node, "cooperative", cooperative={"offers": 1})
    publish(n, business("ani"), business("budi", "2019-10-01"), business("baker", vocation="roti"))
    for i in range(3):
        publish(n, order(f"o{i}"))
    got = said(n, "order.offered")
    assert [e["subject"] for e in got] == [key("ani"), key("budi"), key("ani")]
    assert got[0]["data"]["reasons"] == ["skill", "region", "never_offered"]
    assert got[2]["data"]["reasons"] == ["skill", "region", "rotation"]


def test_an_order_that_is_not_taken_goes_to_the_next(node):
    n = run(node, "cooperative", cooperative={"offers": 1, "patience": "1s", "rounds": 2})
    publish(n, business("ani"), business("budi", "2019-10-01"), order("o1"))
    n.wait(lambda: len(said(n, "order.offered")) == 2, "the second round")
    assert [e["subject"] for e in said(n, "order.offered")] == [key("ani"), key("budi")]


def test_a_business_in_need_is_referred_once_its_owner_consents(node):
    n = run(node, "capital")
    need = {"needs_capital": True, "amount_needed": 8000000}
    publish(n, graduate("ani", consent=["capital"]), graduate("budi", consent=[]),
            business("ani", **need), business("budi", **need))
    got = said(n, "loan.referred")
    assert [(e["subject"], e["data"]["scheme"], e["data"]["amount"]) for e in got] == \
        [(key("ani"), "kur_super_mikro", 8000000)]
    publish(n, say("consent.granted", "budi", "2020-01-15", audiences=["capital"]))
    publish(n, say("consent.granted", "budi", "2020-01-16", audiences=["capital"]))
    assert [e["subject"] for e in said(n, "loan.referred")] == [key("ani"), key("budi")]


DISABILITY = {"disability": {"category": "hearing", "needs": ["bahasa isyarat"]}}


def with_agencies(node, plugin, *audiences):
    """A node with this plugin and a door for an agency of each audience; n.seen(audience, type) are
    the events of a type as that agency fetches them."""
    n = node({plugin: PLUGINS[plugin]})
    doors = {audience: f"ipc://{n.folder}/{audience}.sock" for audience in audiences}
    (n.folder / "agencies.d").mkdir()
    for audience in audiences:  # not by the plugin's own name: that would be the owner
        agency = {"id": f"office-{audience}", "name": audience, "audiences": [audience.split("-")[0]],
                  "regions": ["*"], "publishes": ["placement.started"]}
        (n.folder / "agencies.d" / f"{agency['id']}.yaml").write_text(json.dumps(agency))
    n.write_config(hub={"listen": [{"endpoint": e, "as": f"office-{a}"} for a, e in doors.items()]})

    def seen(audience, type_):
        client = Client(doors[audience])
        events = client.request("FETCH", {"types": [type_]})[2]
        client.close()
        return events

    n.door = doors.get
    n.seen = seen
    return n.start()


def test_a_graduate_with_a_disability_is_referred_and_only_the_unit_sees_it(node):
    others = ("industry", "blk", "province", "opd", "cooperative", "capital", "public")
    n = with_agencies(node, "disability", "disability", *others)
    publish(n, graduate("wati", consent=["disability", "industry"], **DISABILITY),
            graduate("silent", consent=["industry"], **DISABILITY))
    assert [(e["subject"], e["data"]["to"]) for e in said(n, "referral.made")] == \
        [(key("wati"), "ULD Ketenagakerjaan")]
    assert [e["subject"] for e in n.seen("disability", "referral.made")] == [key("wati")]
    assert {audience: n.seen(audience, "referral.made") for audience in others} == \
        {audience: [] for audience in others}


def test_the_agency_that_placed_somebody_learns_the_needs_and_never_the_category(node):
    n = with_agencies(node, "disability", "industry", "industry-elsewhere", "opd", "disability")
    publish(n, graduate("wati", consent=["disability", "industry"], **DISABILITY),
            graduate("silent", consent=["disability"], **DISABILITY))
    for person in ("wati", "silent"):
        publish(n, say("accommodation.assessed", person, "2019-09-01", category="hearing",
                       needs=["juru bahasa isyarat"]))
    for type_ in ("accommodation.assessed", "accommodation.provided"):
        assert n.seen("industry", type_) == []
    employer = Client(n.door("industry"))
    assert employer.request("PUBLISH", {}, [started("wati"), started("silent")])[1]["accepted"] == 2
    assert "publishers" not in employer.request("FETCH", {"publishers": True})[1]
    employer.close()
    settle(n)
    got = said(n, "accommodation.provided")
    assert [(e["data"]["needs"], e["data"]["category"]) for e in got] == \
        2 * [(["juru bahasa isyarat"], "hearing")]
    told = n.seen("industry", "accommodation.provided")
    assert [(e["subject"], e["data"]) for e in told] == \
        [(key("wati"), {"date": "2020-02-01", "needs": ["juru bahasa isyarat"]})]
    assert n.seen("industry", "accommodation.assessed") == []
    for other in ("industry-elsewhere", "opd"):
        assert n.seen(other, "accommodation.provided") == []
    assert [e["data"]["category"] for e in n.seen("disability", "accommodation.provided")] == ["hearing", "hearing"]


@pytest.mark.parametrize("late", [False, True])
def test_each_report_is_held_against_the_quota_whenever_it_comes(node, late):
    n = run(node, "disability")

    def report(date, disabled):
        return say("quota.reported", "hotel", date, employer=key("hotel"), employer_name="Hotel",
                   headcount=150, disabled_headcount=disabled, ownership="private")

    for one in sorted([report("2020-01-31", 0), report("2021-01-31", 2)], key=lambda e: e["time"], reverse=late):
        publish(n, one)
    assert sorted((e["data"]["date"], e["data"]["required"], e["data"]["shortfall"])
                  for e in said(n, "quota.shortfall")) == [("2020-01-31", 2, 2), ("2021-01-31", 2, 0)]


def test_the_template_nominates(node):
    n = run(node, "template")
    publish(n, graduate("ani"))
    assert [e["subject"] for e in said(n, "incubation.selected")] == [key("ani")]


# ---- All together


def a_story(people=60):
    """Some of everything, for every reaction."""
    events = [batch_closed()]
    for i in range(people):
        name = f"p{i:03}"
        consent = [a for a in ("industry", "capital", "disability") if (i + len(a)) % 3]
        more = DISABILITY if i % 10 == 0 else {}
        events.append(graduate(name, f"2019-{1 + i % 7:02}-15", consent, **more))
        events.append(certified(name, score=50 + i % 40, result="not_yet" if i % 7 == 3 else
                                "competent"))
        if i % 5 == 0:
            events.append(business(name, f"2019-09-{1 + i % 28:02}", needs_capital=True,
                                   amount_needed=(1 + i) * 3000000))
        if i % 10 == 0:
            events.append(say("accommodation.assessed", name, "2019-09-01", category="hearing",
                              needs=["juru bahasa isyarat"]))
            events.append(started(name, "v0" if i == 0 else None))
        if i % 11 == 2:
            events.append(say("consent.withdrawn", name, "2019-12-01", audiences=["industry"]))
    events += [vacancy(f"v{i}", headcount=1 + i % 3) for i in range(6)]
    events += [order(f"o{i}", f"2020-01-{i + 1:02}") for i in range(4)]
    events.append(say("quota.reported", "hotel", "2020-01-31", employer=key("hotel"),
                      employer_name="Hotel", headcount=900, disabled_headcount=2,
                      ownership="government"))
    return events


def reactions(n):
    """All reactions as comparable tuples; each (source, id) must be there once."""
    events = [e for e in n.fetch_all(REACTIONS) if "cause" in e]
    ids = [(e["source"], e["id"]) for e in events]
    assert len(set(ids)) == len(ids)
    return sorted((e["type"], e["subject"], e["cause"], str(sorted(e["data"].items())))
                  for e in events)


def test_everything_at_once_in_one_batch_ends_the_same_in_any_order(node):
    """What does not depend on what was known on the way: selections, referrals, shortfalls."""
    steady = {"referral.made", "loan.referred", "accommodation.provided", "quota.shortfall"}
    names = [name for name in PLUGINS if name != "template"]
    ended = []
    for seed in range(3):
        events = a_story()
        random.Random(seed).shuffle(events)
        n = run(node, *names)
        publish(n, *events)
        got = reactions(n)
        assert {r[0] for r in got} >= steady | {"placement.proposed", "order.offered",
                                                "incubation.selected"}
        assert len([r for r in got if r[0] == "incubation.selected"]) == 3
        ended.append([r for r in got if r[0] in steady])
        n.stop()
    assert ended[0] == ended[1] == ended[2]


def consumers(n):
    return {c["name"]: int(c["cursor"]) for c in n.request("STATUS")[1]["consumers"]}


def batches(n, plugin):
    """How many batches a plugin has taken; it says so before it commits them."""
    return len(re.findall(rf"{plugin}.* events took .*: done", n.log()))


def kill_in_commit(n, plugin, victim, events):
    """The plugin, or the hub, dies when the plugin has taken a batch and its COMMIT has no answer yet:
    what was said is known to the hub or not, and the plugin cannot tell."""
    settle(n)
    old, taken = n.pid(victim), batches(n, plugin)
    n.wait(lambda: n.request("STATUS")[1]["waiting"] == len(n.config["plugins"]),
           "all of them to be idle, and to ask the hub for more")
    n.kill(plugin, signal.SIGSTOP)
    n.publish(events)
    consumers(n)  # once more through the hub's loop: it has answered the plugin's FETCH
    hub = n.kill("hub", signal.SIGSTOP)
    n.kill(plugin, signal.SIGCONT)
    end = time.monotonic() + 5
    while batches(n, plugin) == taken and time.monotonic() < end:
        time.sleep(0.005)  # in vain if it was between two FETCHes: then nothing is under way
    caught = batches(n, plugin) > taken
    n.kill(victim)
    if victim != "hub":
        os.kill(hub, signal.SIGCONT)
    n.wait_restart(victim, old)
    return caught


def kill_while_it_takes(n, victim, step, events):
    """Publishes events; while they are taken, a process dies: at once ("fetch"), with a COMMIT under
    way, or right after it ("done"). True if it was at that step for certain."""
    if step == "commit":
        return kill_in_commit(n, "industry" if victim == "hub" else victim, victim, events)
    old, cursor = n.pid(victim), consumers(n).get(f"{victim}/main", 0)
    n.publish(events)
    if step == "done" and victim != "hub":
        n.wait(lambda: consumers(n).get(f"{victim}/main", 0) > cursor, f"{victim} to commit")
    n.kill(victim)
    n.wait_restart(victim, old)
    return False


def test_kill_9_between_any_two_steps_repeats_and_forgets_nothing(node):
    """Every plugin and the hub die at every step of taking a batch: each reaction once, and the same
    ones as if nobody had died."""
    names = [name for name in PLUGINS if name != "template"]
    steps = ["fetch", "commit", "done"]
    events = a_story(120)
    last = [e for e in events if e["type"] in ("batch.closed", "order.placed")]
    # Needs are shown to the unit with consent only, and consent is not known before these.
    first = [e for e in events if "disability" in e["data"]]
    events = [e for e in events if e not in first + last]
    random.Random(7).shuffle(events)
    events.sort(key=lambda e: e["type"])  # so that each portion has something for everybody
    rounds = [(victim, step) for step in steps for victim in [*names, "hub"]]
    portions = [(*r, events[i::len(rounds)]) for i, r in enumerate(rounds)]
    portions += [("blk" if e["type"] == "batch.closed" else "cooperative", steps[i % len(steps)], [e])
                 for i, e in enumerate(last)]
    ended, caught = [], 0
    for deaths in (False, True):
        n = node({name: PLUGINS[name] for name in names}, log="debug").start()
        n.publish(first)
        for victim, step, portion in portions:
            if deaths:
                caught += kill_while_it_takes(n, victim, step, portion)
            else:
                n.publish(portion)
        settle(n)
        ended.append(reactions(n))
        offers_and_proposals_are_whole(n)
        n.stop()
    steady = {"referral.made", "loan.referred", "accommodation.provided", "quota.shortfall",
              "incubation.selected", "vacancy.closed"}
    quiet, killed = [[r for r in got if r[0] in steady] for got in ended]
    assert {r[0] for r in quiet} == steady
    assert killed == quiet
    assert caught >= 4, f"only {caught} COMMITs were under way when somebody died"


def offers_and_proposals_are_whole(n):
    """Which persons were proposed or asked depends on what was known; that each was so once, that no
    rank is missing, and that the rotation is fair does not."""
    for type_, thing in (("placement.proposed", "vacancy"), ("order.offered", "order")):
        asked = {}
        for e in said(n, type_):
            asked.setdefault(e["data"][thing], []).append((e["data"]["rank"], e["subject"]))
        assert asked
        for found in asked.values():
            assert [rank for rank, _ in sorted(found)] == list(range(1, len(found) + 1))
            assert len({person for _, person in found}) == len(found)
    offers = [e["subject"] for e in said(n, "order.offered")]
    assert len(offers) == 4 * 3
    times = [offers.count(person) for person in set(offers)]
    assert max(times) == 1  # there are more businesses than offers: nobody is asked twice


def test_an_erased_person_is_gone_from_every_plugin(node):
    n = run(node, "industry", "capital", "disability")
    publish(n, graduate("wati", consent=["industry", "capital", "disability"], **DISABILITY),
            business("wati", needs_capital=True, amount_needed=5000000), vacancy("v1"))
    assert len(reactions(n)) == 3
    kind, result, _ = n.request("ERASE", {"person": key("wati")})
    assert kind == "OK", result
    settle(n)
    for name in ("industry", "capital", "disability"):
        old = n.kill(name)  # what it knows now comes from the hub
        n.wait_restart(name, old)
    publish(n, vacancy("v2"), business("ani"))
    assert not [e for e in n.fetch_all(REACTIONS) if e.get("subject") == key("wati")]


def test_more_proposals_than_one_commit_holds(node):
    n = run(node, "industry")
    n.publish([graduate(f"p{i}") for i in range(900)])
    publish(n, vacancy("v1", headcount=300))
    n.wait(lambda: len(said(n, "placement.proposed")) >= 900, "all proposals")
    settle(n)
    ranks = [e["data"]["rank"] for e in said(n, "placement.proposed")]
    assert sorted(ranks) == list(range(1, 901))
