"""jejaringctl sim: load that is always the same, plausible, and taken by a real hub to the last event."""

import collections
import json
import subprocess

import pytest

from conftest import BUILD, ROOT

TYPES = {path.stem for path in (ROOT / "schemas" / "events").glob("[a-z]*.json")}
SEED = "1"


@pytest.fixture(scope="module")
def sim(tmp_path_factory):
    config = tmp_path_factory.mktemp("sim") / "jejaringd.yaml"
    config.write_text(json.dumps({"node": "uji", "region": "33", "schemas": str(ROOT / "schemas")}))

    def run(*words, fails=False):
        done = subprocess.run([BUILD / "jejaringctl", "-c", config, "sim", "--print", *words],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else done.stdout

    return run


def events_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(sim):
    first = sim("--events", "2000", "--seed", "5")
    assert sim("--events", "2000", "--seed", "5") == first
    assert sim("--events", "2000", "--seed", "6") != first
    assert first.count("\n") == 2000
    # More events are a slower run of the same lives at another pace, not more of the same bytes; but
    # the first events of people's lives do not depend on how many of them are printed.
    assert sim("--people", "160", "--seed", "5").startswith(sim("--people", "160", "--seed", "5",
                                                                "--events", "100"))


def test_nothing_happens_before_what_it_rests_on(sim):
    events = events_of(sim("--people", "1600", "--seed", SEED))
    assert [e["time"] for e in events] == sorted(e["time"] for e in events)
    assert len({(e["source"], e["id"]) for e in events}) == len(events)
    needs = {"alumni.certified": ("alumni.graduated",), "outcome.reported": ("alumni.graduated",),
             "placement.ended": ("placement.started",), "cooperative.joined": ("business.registered",),
             "cooperative.left": ("cooperative.joined",), "business.closed": ("business.registered",),
             "loan.applied": ("loan.referred",), "loan.decided": ("loan.applied",),
             "loan.disbursed": ("loan.decided",), "loan.repaid": ("loan.disbursed",),
             "accommodation.provided": ("accommodation.assessed",),
             "consent.withdrawn": ("alumni.graduated",)}
    seen, erased, vacancies, orders = collections.defaultdict(set), set(), {}, set()
    for event in events:
        person, data = event["data"].get("nik"), event["data"]
        if person:
            assert person not in erased
            for earlier in needs.get(event["type"], ()):
                assert earlier in seen[person], (event, seen[person])
            seen[person].add(event["type"])
        if event["type"] == "person.erased":
            erased.add(person)
        if event["type"] == "vacancy.opened":
            vacancies[data["vacancy"]] = data["employer"]
        elif "vacancy" in data:
            assert data["vacancy"] in vacancies
            assert data.get("employer", vacancies[data["vacancy"]]) == vacancies[data["vacancy"]]
        if event["type"] == "order.placed":
            orders.add(data["order"])
        elif "order" in data:
            assert data["order"] in orders
    graduated = [e["data"]["nik"] for e in events if e["type"] == "alumni.graduated"]
    assert len(set(graduated)) == len(graduated) == 1600
    assert {e["type"] for e in events} == TYPES


def test_people_live_where_indonesians_do(sim):
    def shares(*words):
        events = events_of(sim("--people", "8000", *words))
        homes = [e["region"] for e in events if e["type"] == "alumni.graduated"]
        return collections.Counter(homes), len(homes)

    regions, people = shares()
    provinces = collections.Counter()
    for region, count in regions.items():
        provinces[region[:2]] += count
    assert [code for code, _ in provinces.most_common(3)] == ["32", "35", "33"]  # Java
    assert 0.1 < provinces["33"] / people < 0.17  # 36.5 of 270 million
    assert set(shares("--regions", "33.75,34")[0]) <= {"33.75", "34.01", "34.02", "34.03", "34.04", "34.71"}
    assert "no such region" in sim("--regions", "3375", fails=True)


def test_a_hub_takes_all_of_it(node):
    hub = node().start()
    done = subprocess.run([BUILD / "jejaringctl", "-c", hub.file, "--json", "sim", "--events", "3000",
                           "--seed", SEED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["accepted"], told["duplicate"], told["rejected"]) == (3000, 0, 0)
    journal = hub.fetch_all()
    assert {event["type"] for event in journal} == TYPES
    # By NIK or by key it is the same person and the same event, but for graduations without contact.
    words = [BUILD / "jejaringctl", "-c", hub.file, "--json", "sim", "--events", "3000", "--seed", SEED,
             "--person-key", hub.folder / "state" / "person.key"]
    printed = subprocess.run([*words, "--print"], stdout=subprocess.PIPE, text=True, check=True).stdout
    bare = [e for e in events_of(printed) if e["type"] == "alumni.graduated" and "name" not in e["data"]]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    told = json.loads(done.stdout)
    assert (told["accepted"], told["duplicate"]) == (0, 3000 - len(bare)) and len(bare) > 100, told
