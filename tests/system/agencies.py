"""What the agencies say, in one line each, and nodes with the plugins that listen.

    n = run(node, "blk", blk={"places": 1})
    publish(n, graduate("ani"), certified("ani"), batch_closed())
    said(n, "incubation.selected")
"""

import uuid

from conftest import event

NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")

PLUGINS = {
    "blk": {"audiences": ["blk"]},
    "industry": {"audiences": ["industry", "blk", "disability"]},
    "cooperative": {"audiences": ["cooperative", "blk"]},
    "capital": {"audiences": ["capital", "province"]},
    "disability": {"audiences": ["disability", "province"]},
    "template": {"audiences": ["blk"], "options": {"milestone": 1}},
}

def key(word):
    """The key of a person or thing that tests call by a word."""
    return str(uuid.uuid5(NAMESPACE, word))


def say(type_, subject, date, id_=None, **data):
    return event(type_, {"date": date, **data}, subject=key(subject),
                 id=id_ or f"{type_}/{subject}/{date}")


def graduate(person, date="2019-07-31", consent=("industry",), **data):
    return say("alumni.graduated", person, date,
               **{"program": "PBK", "vocation": "las-smaw-3g", "batch": "II", "year": 2019,
                  "funding": "apbd", "consent": list(consent), **data})


def certified(person, date="2019-08-10", score=80, result="competent"):
    return say("alumni.certified", person, date, scheme="Juru Las", result=result, score=score)


def vacancy(name, date="2020-01-01", **data):
    return say("vacancy.opened", name, date,
               **{"vacancy": key(name), "employer": "Bengkel", "title": "Juru las", "headcount": 1,
                  "kind": "employment", "vocations": ["las-smaw-3g"], **data})


def batch_closed(name="angkatan", **data):
    return say("batch.closed", name, "2019-08-31",
               **{"batch": key(name), "name": "II", "program": "PBK", "vocation": "las-smaw-3g",
                  "year": 2019, "participants": 16, "graduates": 16, **data})


def business(owner, date="2019-09-01", **data):
    return say("business.registered", owner, date,
               **{"business": key(f"usaha {owner}"), "vocation": "teknik-pendingin", **data})


def order(name, date="2020-01-01", **data):
    return say("order.placed", name, date,
               **{"order": key(name), "opd": "Dinas", "service": "teknik-pendingin",
                  "value": 500000, **data})


def started(person, place=None, date="2020-02-01"):
    more = {"vacancy": key(place)} if place else {}
    return say("placement.started", person, date, employer="Bengkel", kind="employment", **more)


def run(node, *names, **options):
    """A node with these plugins only."""
    plugins = {name: dict(PLUGINS[name]) for name in names}
    for name, values in options.items():
        plugins[name]["options"] = values
    return node(plugins).start()


def said(n, type_):
    return n.fetch_all([type_])


def settle(n):
    """n.settle(); and nothing that was said was refused."""
    status = n.settle()
    assert status["adds_up"], status
    assert status["balance"]["rejected"] == 0, n.log()
    return status


def publish(n, *events):
    n.publish(list(events))
    settle(n)
