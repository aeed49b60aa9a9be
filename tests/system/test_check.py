"""jejaringctl check: exact about what keeps a daemon from its start, and what to do about it."""

import json
import os
import pwd
import re
import socket
import subprocess

import pytest

import pg
from conftest import BUILD, vacancy
from test_ctl import ctl
from test_journald import may_mount


def check(n, *words, code=78):
    done = ctl("check", *words, node=n)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    return done.stderr


def found(text, pattern):
    """One finding of that kind: with a place, and what to do in the line below."""
    matches = re.findall(rf"^(?=\S+:\d+:\d+: error: ).*(?:{pattern}).*\n  next: \S.*$", text, re.M)
    assert len(matches) == 1, (pattern, text)


def test_a_right_configuration_is_right_and_nothing_is_made(node):
    n = node({"blk": {"audiences": ["blk"], "inbox": "inbox"}})
    assert "the configuration is right: node uji, region 33.75, 1 plugins" in check(n, code=0)
    assert check(n, "--connect", code=0)
    assert ctl("check", str(n.file)).returncode == 0
    assert not (n.folder / "state").exists() and not (n.folder / "inbox").exists()
    n.start()
    check(n, "--connect", code=0)  # what it holds itself is not in its own way


def test_every_kind_of_finding_has_a_place_and_a_remedy(node):
    n = node({"warehouse": {"audiences": ["blk"], "regions": ["33.75", "99.99"]}},
             region="33.98", server_key="server.key", state="taken/state",
             hub={"listen": [{"endpoint": "tcp://127.0.0.1:1", "as": "siapa"}]})
    (n.folder / "taken").write_text("")
    (n.folder / "server.key").write_text("x" * 40)
    (n.folder / "server.key").chmod(0o644)
    (n.folder / "agencies.d").mkdir()
    bad = {"id": "warehouse", "name": "A", "audiences": ["capital"], "regions": ["35.99"],
           "publishes": ["loan.aplied"]}
    (n.folder / "agencies.d" / "a.yaml").write_text(json.dumps(bad))
    (n.folder / "agencies.d" / "b.yaml").write_text("id: b\nname: B\naudience: [blk]\n")
    text = check(n)
    for pattern in [r'"33\.98" is no region', r'"99\.99" is no region', r'"35\.99" is no region',
                    r'cannot do its work without the audience "node"', r"server\.key.*others may read",
                    r"state: .*taken is no folder", r'no agency "siapa"',
                    r'b\.yaml.*unknown key "audience", did you mean "audiences"',
                    r'"loan\.aplied", did you mean "loan\.applied"',
                    r'"warehouse" is the name of the administrator or of a plugin']:
        found(text, pattern)
    listed = json.loads(ctl("check", "--json", node=n).stdout)
    assert len(listed) == text.count(": error: ")
    assert all(one["next"] and one["text"] and one["file"] for one in listed)


def test_the_daemon_and_its_control_tool_find_the_same(node):
    n = node({"blk": {"audiences": ["blk"], "options": {"settel": "1h"}}}, region="33.98")
    assert n.run("--check", "-c", str(n.file)).stderr == check(n)


def test_keys_and_a_journal_of_another_version(node):
    n = node().start()
    assert n.stop() == 0
    journal = n.folder / "state" / "journal.db"
    (n.folder / "state" / "node.key").chmod(0o640)
    found(check(n), r"node\.key: holds a secret but others may read it")
    (n.folder / "state" / "node.key").chmod(0o600)
    with open(journal, "r+b") as file:
        file.seek(60)
        file.write((4).to_bytes(4, "big"))
    found(check(n), r"journal\.db is of version 4, this program reads up to 3")
    n.start(ready=False)
    assert n.wait_end() == 78, "what the check refuses does not start, either"


def test_what_is_in_the_way_of_a_start(node):
    first = node().start()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        n = node(state=str(first.folder / "state"),
                 hub={"listen": [{"endpoint": f"tcp://127.0.0.1:{port}", "as": "local"}],
                      "bell": ["tcp://127.0.0.9:1", f"ipc://{first.folder}/run/bell.sock"]})
        text = check(n, "--connect")
        found(text, rf"tcp://127\.0\.0\.1:{port} cannot be had: another program listens there")
        found(text, r"bell\.sock cannot be had: another program listens there")
        found(text, r"another hub has the journal in .*/state open")
        assert "127.0.0.9" not in text, "that one is free"
        other = node(hub={"listen": [{"endpoint": f"tcp://127.0.0.1:{port}", "as": "local"}]})
        other.start(ready=False)
        other.wait_for_log(rf"another program listens at tcp://127\.0\.0\.1:{port} already")
    other.wait_ready()  # as soon as the port is free


def test_sockets_and_folders_that_cannot_be_had(node):
    n = node({"blk": {"audiences": ["blk"], "inbox": "inbox"}})
    n.write_config(hub={"listen": [{"endpoint": f"ipc://{n.folder}/doors/a.sock", "as": "local"},
                                   {"endpoint": f"ipc://{n.folder}/notes", "as": "local"},
                                   {"endpoint": "tcp://127.0.0.1:1", "as": "local"}],
                        "bell": ["tcp://0.0.0.0:1"]})
    (n.folder / "notes").write_text("not a socket")
    (n.folder / "elsewhere").mkdir()
    (n.folder / "inbox").mkdir()
    (n.folder / "inbox" / "alumni.graduated").symlink_to(n.folder / "elsewhere")
    found(check(n), r"tcp://0\.0\.0\.0:1 is used already in line")
    n.config["hub"].pop("bell")
    n.write_config()
    text = check(n)
    found(text, r"a\.sock: its folder is not there, and the daemon makes none")
    found(text, r"notes: something else than a socket is there")
    found(text, r"inbox: .*alumni\.graduated is no folder; links are not followed here")
    n.start(ready=False)
    n.wait_for_log(r"cannot listen at ipc://\S*(notes|a\.sock)")
    n.stop()
    assert (n.folder / "notes").read_text() == "not a socket"


def test_files_of_the_state_that_are_not_the_daemons_or_not_whole(node):
    n = node().start()
    n.publish([vacancy() for _ in range(100)])
    assert n.stop() == 0
    state = n.folder / "state"
    (state / "journal.db.lock").unlink()
    (state / "journal.db.lock").mkdir()
    found(check(n), r"state: .*journal\.db\.lock is no file")
    (state / "journal.db.lock").rmdir()
    check(n, code=0)
    os.truncate(state / "journal.db", (state / "journal.db").stat().st_size // 2)
    found(check(n), r"journal\.db is cut short: a part of it is missing")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_service_that_is_stopped_is_judged_as_it_will_be_started(node):
    """systemd makes /run/jejaring when it starts the service and removes it afterwards."""
    user = pwd.getpwnam("nobody")
    n = node(run="/run/jejaring")
    (n.folder / "state").mkdir()
    os.chown(n.folder / "state", user.pw_uid, user.pw_gid)
    if not all(part.stat().st_mode & 0o001 for part in n.folder.parents):
        pytest.skip("nobody cannot come to the build folder")
    n.folder.chmod(0o755)
    assert "is right" in check(n, code=0)


@pytest.mark.skipif(not may_mount(), reason="a /run of its own takes a mount namespace")
def test_keys_that_the_unit_hands_over_are_looked_up_while_it_is_stopped(node):
    """A stand-in for systemctl prints what `systemctl cat` does of a unit with a drop-in."""
    user = pwd.getpwnam("nobody")
    n = node(server_key="server.key", run="/run/jejaring")
    assert ctl("keys", "curve", str(n.folder / "server.key")).returncode == 0
    os.chown(n.folder / "server.key", 0, 0)
    (n.folder / "state").mkdir()
    os.chown(n.folder / "state", user.pw_uid, user.pw_gid)
    if not all(part.stat().st_mode & 0o001 for part in n.folder.parents):
        pytest.skip("nobody cannot come to the build folder")
    n.folder.chmod(0o755)
    found(check(n), r"server_key: .*server\.key: cannot open: Permission denied")
    (n.folder / "systemctl").write_text(
        "#!/bin/sh\ntest \"$1 $2\" = 'cat jejaringd.service' && cat <<END\n[Service]\n"
        "#LoadCredential=person.key:/nowhere\n\n# /etc/systemd/system/jejaringd.service.d/keys.conf\n"
        f"[Service]\nLoadCredential=server.key:{n.folder}/server.key\nEND\n")
    (n.folder / "systemctl").chmod(0o755)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /run && mkdir -p /run/systemd/system && "
         f"{BUILD}/jejaringctl -c {n.file} check; code=$?; ls /run; exit $code"],
        env={**os.environ, "PATH": f"{n.folder}:{os.environ['PATH']}"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "systemd\n", "what was lent is taken back"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_checks_as_the_owner_of_the_state_folder(node):
    user = pwd.getpwnam("nobody")
    n = node({"blk": {"audiences": ["blk"], "inbox": "inbox"}})
    (n.folder / "state").mkdir()
    (n.folder / "inbox").mkdir(mode=0o755)
    os.chown(n.folder / "state", user.pw_uid, user.pw_gid)
    n.folder.chmod(0o755)
    if not all(part.stat().st_mode & 0o001 for part in n.folder.parents):
        pytest.skip("nobody cannot come to the build folder")
    (n.folder / "person.key").write_text("0" * 64 + "\n")
    (n.folder / "person.key").chmod(0o600)
    os.chown(n.folder / "person.key", user.pw_uid, user.pw_gid)
    n.write_config(person_key="person.key")
    text = check(n)
    assert "person_key" not in text, "it is the daemon's, and root may read it all the same"
    found(text, r"inbox: .*/inbox cannot be written to by this user")
    found(text, r"run: .* cannot be made, because .* cannot be written to by this user")


def test_postgresql_and_its_schema(node):
    with pg.Cluster() as cluster:
        database = cluster.database()
        n = node({"warehouse": {"audiences": ["node"], "regions": ["*"],
                                "options": {"conninfo": database.conninfo, "migrate": False}}})
        found(check(n, "--connect"), r"plugin warehouse: 001\S* is to be applied to the database")
        n.config["plugins"]["warehouse"]["options"]["migrate"] = True
        n.write_config()
        check(n, "--connect", code=0)  # the daemon will do it
        assert ctl("warehouse", "migrate", node=n).returncode == 0
        n.config["plugins"]["warehouse"]["options"]["migrate"] = False
        n.write_config()
        check(n, "--connect", code=0)
        database.psql("INSERT INTO jejaring.migration VALUES (999, '999_later.sql', 'x')")
        found(check(n, "--connect"), r"migrated by a newer Jejaring")
        cluster.stop()
        found(check(n, "--connect"), r"PostgreSQL cannot be used")
