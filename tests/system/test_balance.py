"""The balance of hub and consumers: it adds up, and what it says of the past stays what it was,
whenever the hub is killed."""

import pytest

from client import check_balance
from conftest import event, vacancy
from test_ctl import ctl, result


def order(**attributes):
    return event("order.placed", {
        "date": "2024-01-15", "order": "5a1f0c9e-0000-4000-8000-00000000000a", "opd": "Dinas",
        "service": "perawatan-ac", "value": 1000}, subject="5a1f0c9e-0000-4000-8000-00000000000a",
        **attributes)


def restart(n):
    old = n.kill("hub")
    n.wait_restart("hub", old)
    n.request("HELLO")  # answered once it listens


def split(n, name="local/pembaca"):
    status = n.request("STATUS")[1]
    check_balance(status)
    one = next(c for c in status["consumers"] if c["name"] == name)
    return one["delivered"], one["filtered"], one["pending"]


@pytest.mark.parametrize("kept", [{"types": ["order.*"]}, {"regions": ["15.07"]}])
def test_a_commit_after_a_restart_counts_as_it_was_fetched(node, kept):
    n = node().start()
    n.publish([vacancy() for _ in range(7)] + [order(region="15.07") for _ in range(1)])
    kind, told, events = n.request("FETCH", {"name": "pembaca", **kept})
    assert kind == "EVENTS" and len(events) == 1
    restart(n)
    assert split(n) == (0, 0, 8)
    n.request("COMMIT", {"name": "pembaca", "cursor": told["cursor"]})
    assert split(n) == (1, 7, 0)
    restart(n)
    assert split(n) == (1, 7, 0)
    n.publish([vacancy()])
    n.request("COMMIT", {"name": "pembaca", "cursor": "9"})
    assert split(n) == (1, 8, 0), "the filter of the last FETCH"
    assert n.request("FETCH", {"name": "pembaca"})[1]["count"] == 0
    n.publish([vacancy()])
    restart(n)
    n.request("COMMIT", {"name": "pembaca", "cursor": "10"})
    assert split(n) == (2, 8, 0), "the filter was taken away"


def test_the_filter_is_no_part_of_the_consumers_state(node):
    n = node().start()
    n.publish([vacancy()])
    n.request("FETCH", {"name": "pembaca", "types": ["order.*"]})
    n.request("COMMIT", {"name": "pembaca", "cursor": "1", "state": {"kunci": "isi"}})
    assert n.request("STATE", {"name": "pembaca"})[1]["state"] == {"kunci": "isi"}
    kind, told, _ = n.request("COMMIT", {"name": "pembaca", "state": {"\u0001filter": "{}"}})
    assert (kind, told["code"]) == ("ERROR", "malformed")
    assert ctl("consumer", "drop", "local/pembaca", node=n).returncode == 0
    n.request("COMMIT", {"name": "pembaca", "cursor": "1"})
    assert split(n) == (1, 0, 0), "a new consumer has nothing of the old one"


def test_the_balance_of_the_hub_outlives_it(node):
    n = node().start()
    good = [vacancy() for _ in range(5)]
    for _ in range(2):
        assert n.request("PUBLISH", {}, good + [vacancy(region="3375")])[0] == "OK"
    before = result("balance", node=n)
    assert before["hub"] == {"received": 12, "accepted": 5, "duplicate": 5, "rejected": 2,
                             "adds_up": True}
    restart(n)
    assert result("balance", node=n) == before
    n.kill_all()
    n.client = None
    n.start()
    assert result("balance", node=n) == before


def test_the_status_tells_what_can_be_fetched(node):
    """A cursor that has moved, and what was published with it, are told together, even to one who
    asks before they are on disk."""
    n = node().start()
    n.publish([vacancy()])
    kind, told, _ = n.request("FETCH", {"name": "pembaca"})
    for head in range(2, 30):
        n.client.send("COMMIT", {"name": "pembaca", "cursor": told["cursor"]}, [vacancy()])
        n.client.send("STATUS")
        answers = [n.client.receive()[1] for _ in range(2)]
        status = next(answer for answer in answers if "consumers" in answer)
        check_balance(status)
        one, = status["consumers"]
        assert (status["journal"]["head"], one["cursor"], one["pending"]) == \
            (str(head), told["cursor"], head - int(told["cursor"]))
        told["cursor"] = str(head)
