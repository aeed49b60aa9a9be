"""The person key of a journal stays the one that its persons were named with: nobody counts twice."""

import os
import shutil

import pytest

from client import graduated, nik, person_key
from conftest import vacancy
from test_check import check, found


def new_key(n, name):
    path = n.folder / name
    path.write_text(os.urandom(32).hex() + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def begun(node):
    """A node that has named a person by a key of its own, and rests."""
    n = node().start()
    n.publish([graduated(nik(1), _id="ani")])
    assert n.fetch_all()[0]["subject"] == person_key(n, nik(1))
    assert n.stop() == 0
    return n


def refuses(n, option, start=True):
    found(check(n), rf"{option}: .*is not that of the persons in .*/journal\.db")
    n.start(ready=False)
    assert n.wait_end() == 78
    assert "with another one everybody would be counted a second time" in n.log()


def test_a_key_that_is_lost_is_not_made_anew(begun):
    n = begun
    key = n.folder / "state" / "person.key"
    kept = key.rename(n.folder / "kept.key")
    refuses(n, "state")
    assert not key.exists()
    shutil.copy(kept, key)
    check(n, code=0)
    n.start()
    n.publish([graduated(nik(1), _id="ani")])
    assert n.request("STATUS")[1]["balance"]["duplicate"] == 1, "the same person, the same event"


def test_another_key_is_refused(begun):
    n = begun
    right = n.folder / "right.key"
    shutil.copy(n.folder / "state" / "person.key", right)
    new_key(n, "other.key")
    n.write_config(person_key="other.key")
    refuses(n, "person_key")
    n.write_config(person_key="right.key")
    check(n, code=0)
    n.start()


def test_a_province_may_get_its_key_until_it_names_a_person(node):
    n = node().start()
    n.publish([vacancy()])
    assert n.stop() == 0
    new_key(n, "province.key")
    n.write_config(person_key="province.key")
    check(n, code=0)
    n.start()
    n.publish([graduated(nik(1))])
    assert n.fetch_all()[1]["subject"] == person_key(n, nik(1))
    n.wait_restart("hub", n.kill("hub"))
    assert n.stop() == 0
    n.write_config()
    n.config.pop("person_key")
    n.write_config()
    refuses(n, "state")
