"""jejaringctl backup and restore: a node that is lost goes on from a backup that was made while it
ran; nothing is doubled, and nothing is lost that its producers send again."""

import json
import shutil
import stat
import subprocess

from client import check_balance, differences, graduated, ids, nik
from conftest import vacancy
from test_ctl import CTL, ctl
from test_warehouse_faults import Load, check_all_there, stored, wait_for_warehouse, warehouse_node


def backup(n, name="backup", *words):
    folder = n.folder / name
    done = ctl("backup", str(folder), *words, node=n)
    assert done.returncode == 0, done.stderr
    return folder


def restore(n, folder, *words):
    done = ctl("restore", str(folder), *words, node=n)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(n, folder, what, *words, code=1):
    done = ctl("restore", str(folder), *words, node=n)
    assert done.returncode == code and what in done.stderr, done.stderr
    assert "next: " in done.stderr


def manifest(folder):
    return json.loads((folder / "MANIFEST.json").read_text())


def test_a_node_that_is_lost_goes_on_from_a_backup_made_under_load(node, database):
    n = warehouse_node(node, database).start()
    publisher = Load(n)
    publisher.wait_for(300)
    folder = n.folder / "backup"
    with subprocess.Popen([CTL, "-c", n.file, "backup", folder]) as making:
        while making.poll() is None:  # as many as there is time for
            publisher.allow(100 - (publisher.allowed - publisher.sent))
            n.wait(lambda: publisher.trouble or publisher.sent > publisher.allowed - 50 or
                   making.poll() is not None, "events under way during the backup")
    assert making.returncode == 0
    publisher.wait_for(100)  # and some that it cannot hold
    publisher.stop()
    sent, kept = publisher.sent, manifest(folder)["journal"]["head"]
    assert 300 <= kept < sent
    wait_for_warehouse(n)
    assert stored(database) == (sent, sent)
    n.kill_all()
    shutil.rmtree(n.folder / "state")

    restore(n, folder)
    n.start()
    # A producer cannot know what the backup holds, and sends everything again.
    again = Load(n)
    again.make = publisher.acknowledged.__getitem__
    again.wait_for(sent)
    again.stop()
    balance = n.request("STATUS")[1]["balance"]
    assert balance["accepted"] == sent and balance["rejected"] == 0, balance
    assert balance["duplicate"] >= kept
    problem = differences(ids(publisher.acknowledged), ids(n.fetch_all()))
    assert not problem, f"the journal: {problem}"
    n.wait_for_log(rf"restored from a backup, and the database ends at cursor {sent}: giving it every")
    check_all_there(n, database, publisher.acknowledged)
    # Its own cursor is right again: from here on it is as if nothing had been.
    n.publish([vacancy("sesudahnya", id="lowongan-sesudahnya")])
    wait_for_warehouse(n)
    assert stored(database) == (sent + 1, sent + 1)
    n.wait_restart("warehouse", n.kill("warehouse"))
    n.publish([vacancy("lagi", id="lowongan-lagi")])
    wait_for_warehouse(n)
    assert stored(database) == (sent + 2, sent + 2)
    assert n.log().count("restored from a backup") == 1


def test_keys_vault_and_reactions_come_back(node):
    n = node({"blk": {"audiences": ["blk"]}}).start()
    n.publish([graduated(nik(1), name="Alumnus Satu", phone="081234567")])
    person = n.fetch_all()[0]["subject"]
    folder = backup(n)
    n.publish([graduated(nik(2), name="Alumnus Dua", phone="081234568")])
    other = n.fetch_all()[1]["subject"]
    n.kill_all()
    shutil.rmtree(n.folder / "state")
    restore(n, folder)
    n.start()
    kind, result, _ = n.request("REVEAL", {"person": person, "purpose": "uji"})
    assert kind == "OK" and result["contact"]["phone"] == "081234567", result
    n.publish([graduated(nik(2), name="Alumnus Dua", phone="081234568")])
    assert n.fetch_all()[1]["subject"] == other, "the same person key for the same NIK"
    check_balance(n.request("STATUS")[1], n.log())
    assert ctl("audit", "verify", node=n).returncode == 0


def test_a_backup_is_closed_to_others_and_says_what_it_holds(node):
    n = node(server_key="server.key")
    assert ctl("keys", "curve", str(n.folder / "server.key")).returncode == 0
    (n.folder / "agencies.d").mkdir()
    agency = {"id": "bank", "name": "Bank", "audiences": ["capital"], "regions": ["33.75"]}
    (n.folder / "agencies.d" / "bank.yaml").write_text(json.dumps(agency))
    n.start()
    n.publish([vacancy() for _ in range(7)])
    folder = backup(n)
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*")}
    for path in [folder, *found.values()]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    files = {name for name, path in found.items() if path.is_file()}
    assert files == {"MANIFEST.json", "journal.db", "keys/node.key", "keys/person.key",
                     "keys/server.key", "config/jejaringd.yaml", "config/agencies.d/bank.yaml"}
    said = manifest(folder)
    assert {one["name"] for one in said["files"]} == files - {"MANIFEST.json"}
    assert said["node"] == "uji" and said["journal"]["head"] == 7
    done = ctl("backup", str(folder), node=n)
    assert done.returncode == 1 and "is not empty" in done.stderr
    assert json.loads((n.folder / "state" / "last-backup.json").read_text())["folder"] == str(folder)


def test_what_a_restore_refuses(node):
    n = node().start()
    n.publish([vacancy("sebelum")])
    folder = backup(n)
    n.publish([vacancy("sesudah")])
    refused(n, folder, "a hub is running")
    refused(n, folder, "a hub is running", "--force")
    assert n.stop() == 0
    refused(n, folder, "--force moves it aside")
    n.write_config(node="lain")
    refused(n, folder, 'it is of the node "uji"', "--force", code=78)
    n.write_config(node="uji")
    refused(n, n.folder, "MANIFEST.json", code=1)
    journal = bytearray((folder / "journal.db").read_bytes())
    journal[5000] ^= 1
    (folder / "journal.db").write_bytes(journal)
    refused(n, folder, "the backup is damaged", "--force")
    journal[5000] ^= 1
    (folder / "journal.db").write_bytes(journal)
    n.start()
    assert len(n.fetch_all()) == 2, "nothing was changed by what was refused"
    assert n.stop() == 0

    assert "is again what it was at" in restore(n, folder, "--force")
    aside = list((n.folder / "state").glob("before-restore-*"))
    assert [one.name for one in aside[0].iterdir()] == ["journal.db"], "nothing is ever deleted"
    n.start()
    assert [e["data"]["title"] for e in n.fetch_all()] == ["sebelum"]


def test_a_backup_without_keys_needs_them_from_elsewhere(node):
    n = node().start()
    n.publish([vacancy()])
    folder = backup(n, "backup", "--without-keys")
    assert not (folder / "keys").exists()
    assert n.stop() == 0
    keys = {name: (n.folder / "state" / name).read_bytes() for name in ("node.key", "person.key")}
    shutil.rmtree(n.folder / "state")
    refused(n, folder, "the backup has no keys/node.key")
    for name, key in keys.items():
        (n.folder / "state" / name).write_bytes(key)
        (n.folder / "state" / name).chmod(0o600)
    restore(n, folder)
    n.start()
    assert len(n.fetch_all()) == 1
    assert n.stop() == 0


def test_another_key_is_not_overwritten(node):
    n = node().start()
    n.publish([vacancy()])
    folder = backup(n)
    assert n.stop() == 0
    (n.folder / "state" / "journal.db").unlink()
    (n.folder / "state" / "node.key").write_text("5" * 64 + "\n")
    refused(n, folder, "is another key than the backup's")
    restore(n, folder, "--force")
    aside = list((n.folder / "state").glob("before-restore-*/node.key"))
    assert aside[0].read_text() == "5" * 64 + "\n"
    n.start()
    assert len(n.fetch_all()) == 1
