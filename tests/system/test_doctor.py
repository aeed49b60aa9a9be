"""jejaringctl doctor, metrics and graph: what a running node looks like from outside. Each finding
of the doctor is provoked once."""

import ctypes
import datetime
import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess

import pytest

import pg
from conftest import BUILD, Client, vacancy
from test_ctl import ctl

PROBE = {"module": str(BUILD / "tests" / "plugins" / "probe.so"), "audiences": ["industry"]}
# What this machine is to blame for is not the node's.
QUIET = ["--skip", "clock,disk"]
FAKETIME = next(iter(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


def findings(n, *words, code=1):
    done = ctl("doctor", "--json", *words, node=n)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def found(n, check, pattern, *words):
    """The one finding of that kind, which says what to do next."""
    all_ = findings(n, *words)
    some = [one for one in all_ if one["check"] == check and re.search(pattern, one["text"])]
    assert len(some) == 1 and some[0]["wrong"] and some[0]["next"], all_
    return some[0]


def backed_up(n):
    assert ctl("backup", str(n.folder / "backup"), node=n).returncode == 0


def test_a_sound_node_is_fine(node):
    n = node({"probe": PROBE}).start()
    n.publish([vacancy()])
    backed_up(n)
    done = ctl("doctor", *QUIET, node=n)
    assert (done.returncode, done.stdout) == (0, "uji: 10 things looked at, all of them fine\n"), \
        done.stdout


def test_words_for_a_tired_administrator(node):
    n = node()
    done = ctl("doctor", *QUIET, node=n)
    assert done.returncode == 1
    assert re.search(r"^wrong  hub: the daemon is not running: nobody listens at .*\n"
                     r"       next: `systemctl status jejaringd` tells why", done.stdout, re.M)
    assert "1 wrong" in done.stdout
    wrong = ctl("doctor", "--skip", "disc", node=n)
    assert wrong.returncode == 2 and 'did you mean "disk"?' in wrong.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_may_not_ask_is_told_so(node):
    n = node().start()
    n.folder.chmod(0o755)
    if not all(part.stat().st_mode & 0o001 for part in n.folder.parents):
        pytest.skip("nobody cannot come to the build folder")
    (n.folder / "run").chmod(0o755)
    done = subprocess.run([BUILD / "jejaringctl", "-c", n.file, "doctor"], capture_output=True, text=True,
                          user="nobody")
    assert done.returncode == 1
    assert "hub: the node cannot be asked: you may not use the daemon's socket" in done.stdout


def test_a_hub_that_cannot_start(node):
    first = node().start()
    n = node(state=str(first.folder / "state"))
    n.start(ready=False)
    n.wait(lambda: (n.folder / "run" / "processes.json").exists(), "the account")
    n.wait(lambda: "another hub has" in str(findings(n, *QUIET)), "the reason")
    assert "it says: cannot start: another hub has" in found(n, "hub", "does not answer")["text"]


def test_a_worker_that_is_started_again_and_again(node):
    n = node({"crash": {"module": str(BUILD / "tests/plugins/crash_create.so"),
                        "audiences": ["industry"]}}, steady_after="60s").start()
    n.wait_for_log("crash was ended by SIGABRT", 3)
    one = found(n, "workers", r"crash was ended by SIGABRT \(Aborted\) and was started again \d+ ")
    assert "it is not up" in one["text"]


def test_a_worker_that_died_a_moment_ago_and_one_that_died_long_ago(node):
    n = node({"probe": PROBE}).start()
    n.wait_restart("probe", n.kill("probe"))
    n.wait_for_log(r"probe\[\d+\] info: ready", 2)
    found(n, "workers", r"probe was ended by SIGKILL \(Killed\) and was started again 1")
    findings(n, "--lag", "0s", *QUIET, code=0)


def test_readers_that_lag_and_readers_that_are_lost(node):
    n = node({"probe": {**PROBE}})
    (n.folder / "agencies.d").mkdir()
    for id_ in ("bank", "lama"):
        agency = {"id": id_, "name": id_, "audiences": ["capital"], "regions": ["33.75"]}
        (n.folder / "agencies.d" / f"{id_}.yaml").write_text(json.dumps(agency))
    doors = [{"endpoint": f"ipc://{n.folder}/{id_}.sock", "as": id_} for id_ in ("bank", "lama")]
    n.write_config(hub={"listen": doors})
    n.start()
    n.publish([vacancy(), vacancy()])
    for door in doors:
        reader = Client(door["endpoint"])
        reader.request("FETCH", {"name": "main", "max_events": 1})
        reader.request("COMMIT", {"name": "main", "cursor": "1"})
        reader.close()
    findings(n, "--skip", "backup,clock,disk", code=0)
    found(n, "consumers", r"bank/main does not read: \d events wait, the oldest for \d+ s",
          "--lag", "1ms")
    n.publish([vacancy("later 100000")])
    n.wait(lambda: findings(n, "--skip", "backup,clock,disk", "--lag", "1ms") and
           "probe/main is behind" in str(findings(n, "--lag", "1ms")), "the plugin's lag")
    (n.folder / "agencies.d" / "lama.yaml").unlink()
    one = found(n, "consumers", "lama/main reads no more")
    assert one["next"] == "`jejaringctl consumer drop lama/main`"


def test_a_link_to_the_province_that_is_down(node):
    n = node()
    shutil.copy(BUILD / "tests/plugins/probe.so", n.folder / "uplink.so")
    n.write_config(plugins={"uplink": {**PROBE, "module": "./uplink.so"}})
    n.start()
    n.publish([vacancy("later 100000")])
    n.wait(lambda: "the link to the province is down or behind: 1 events wait" in
           str(findings(n, "--lag", "1ms")), "the link")


def test_quarantine_that_fills_and_overflows(node):
    n = node(hub={"quarantine": 20}).start()

    def refuse(count):
        bad = [vacancy() for _ in range(count)]
        for one in bad:
            one["data"]["headcount"] = 0
        n.request("PUBLISH", {}, bad)

    refuse(1)
    assert [one["wrong"] for one in findings(n, *QUIET, code=0)] == [False]
    refuse(2)
    found(n, "quarantine", "3 refused events are kept, and each sender has room for 20")
    refuse(20)
    found(n, "quarantine", "20 refused events are kept, and 3 older ones were pushed out")


def test_files_that_nobody_deals_with(node):
    n = node({"blk": {"audiences": ["blk"], "inbox": "inbox"}}).start()
    folder = n.folder / "inbox" / "alumni.graduated"
    n.wait(folder.exists, "the inbox")
    (n.folder / "bad.csv").write_text("NIK;Nama\n123;Bukan NIK\n")
    (n.folder / "bad.csv").rename(folder / "bad.csv")
    n.wait(lambda: list(folder.glob("rejected/bad*")), "the refused file")
    n.wait(lambda: not (folder / "bad.csv").exists(), "the end of it")
    found(n, "inbox", r"refused files? in .*alumni\.graduated/rejected nobody has dealt with")
    n.kill_all()
    (folder / "baru.csv").write_text("x")
    long_ago = datetime.datetime.now().timestamp() - 7200
    os.utime(folder / "baru.csv", (long_ago, long_ago))
    found(n, "inbox", r"1 file waits in .*alumni\.graduated, the oldest for 2 h")


def test_a_journal_at_its_limit_that_somebody_holds(node):
    n = node()
    n.write_config(hub={"retention": {"size": "64KiB"},
                        "listen": [{"endpoint": f"ipc://{n.folder}/door.sock", "as": "local"}]})
    n.start()
    n.request("FETCH", {"name": "pembaca", "max_events": 1})
    n.request("COMMIT", {"name": "pembaca", "cursor": "0"})
    n.publish([vacancy() for _ in range(300)])
    found(n, "journal", r"cannot shrink: local/pembaca has still to read 300 events")


def test_a_reader_that_lost_events(node):
    n = node(hub={"retention": {"size": "64KiB", "lost_after": "1s"}}).start()
    n.request("FETCH", {"name": "pembaca", "max_events": 1})
    n.request("COMMIT", {"name": "pembaca", "cursor": "0"})
    n.publish([vacancy() for _ in range(300)])
    n.wait(lambda: any("left the journal unread" in one["text"] and one["wrong"] for one in
                       json.loads(ctl("doctor", "--json", node=n).stdout)), "the loss")


def test_disk_keys_backups_and_configuration(node):
    n = node().start()
    n.publish([vacancy()])
    found(n, "disk", "nearly full: .* MiB of .* MiB are free", "--disk", "100")
    found(n, "backup", "there has never been a backup of this node")
    backed_up(n)
    findings(n, *QUIET, code=0)
    found(n, "backup", "the last backup is .* old", "--backup-age", "0s")
    (n.folder / "backup").rename(n.folder / "away")
    notes = findings(n, *QUIET, code=0)
    assert "not where it was made" in notes[0]["text"] and not notes[0]["wrong"]
    (n.folder / "state" / "person.key").chmod(0o644)
    one = found(n, "keys", r"others may read the person key .*person\.key \(mode 0644\)")
    assert one["next"].startswith("chmod 600 ")
    (n.folder / "state" / "person.key").chmod(0o600)
    n.write_config(plugins={"x": {"module": "none.so", "audiences": ["blk"]}})
    found(n, "config", "something is wrong with the configuration: the daemon would not start")


def test_the_clock_is_what_the_kernel_says(node):
    n = node().start()
    buffer = ctypes.create_string_buffer(512)  # struct timex: modes 0 reads; status at 40
    state = ctypes.CDLL(None).adjtimex(buffer)
    unsynchronised = state == 5 or int.from_bytes(buffer[40:44], "little") & 0x40
    said = [one for one in findings(n, "--skip", "disk", code=1 if unsynchronised else 0)
            if one["check"] == "clock"]
    assert len(said) == (1 if unsynchronised else 0), said


@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not there")
def test_clocks_that_go_wrong(node):
    """The doctor's own clock is an hour slow: then the newest event lies ahead of it, and
    PostgreSQL's clock differs."""
    with pg.Cluster() as cluster:
        database = cluster.database()
        n = node({"warehouse": {"audiences": ["node"], "regions": ["*"],
                                "options": {"conninfo": database.conninfo}}}).start()
        n.publish([vacancy()])
        backed_up(n)
        n.wait(lambda: ctl("doctor", *QUIET, node=n).returncode == 0, "a sound node")
        slow = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "-1h", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "ASAN_OPTIONS": "verify_asan_link_order=0"}
        done = ctl("doctor", "--skip", "disk", node=n, env=slow)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"^wrong  clock: the clock goes wrong or was set back: the newest event was "
                     r"recorded (5[0-9]|60) min from now\n       next: set the clock right", done.stdout,
                     re.M), done.stdout
    assert re.search(r"^wrong  warehouse: the clocks of this machine and of PostgreSQL differ by "
                     r"(5[0-9]|60) min\n       next: ", done.stdout, re.M), done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_asks_the_database_as_the_daemon_does(node):
    """With PostgreSQL's `peer` there is a role for the daemon's user, and none for root."""
    with pg.Cluster() as cluster:
        database = cluster.database()
        database.psql("CREATE ROLE nobody LOGIN SUPERUSER")
        conninfo = " ".join(word for word in database.conninfo.split() if "user=" not in word)
        n = node({"warehouse": {"audiences": ["node"], "regions": ["*"],
                                "options": {"conninfo": conninfo}}})
        (n.folder / "state").mkdir()
        os.chown(n.folder / "state", pwd.getpwnam("nobody").pw_uid, -1)
        done = ctl("warehouse", "migrate", node=n)
        assert done.returncode == 0, done.stderr
        assert ctl("report", "absorption", node=n).returncode == 0
        assert not [one for one in json.loads(ctl("doctor", "--json", node=n).stdout)
                    if one["check"] == "warehouse"]


def test_a_database_that_is_away_or_of_another_version(node):
    with pg.Cluster() as cluster:
        database = cluster.database()
        n = node({"warehouse": {"audiences": ["node"], "regions": ["*"],
                                "options": {"conninfo": database.conninfo}}}).start()
        n.wait(lambda: json.loads(ctl("doctor", "--json", *QUIET, node=n).stdout) == [],
               "a sound warehouse")
        database.psql("INSERT INTO jejaring.migration VALUES (999, '999_later.sql', 'x')")
        found(n, "warehouse", "not that of this version: .*migrated by a newer Jejaring")
        cluster.stop()
        n.publish([vacancy()])
        found(n, "warehouse", "the database of warehouse is away: ")
        n.wait(lambda: any(one["check"] == "consumers" for one in findings(n, "--lag", "1ms")),
               "the warehouse to be behind")


# ---- Metrics

LINE = re.compile(r'^([a-z_]+)(?:\{([a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
                  r'(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*)\})? (-?\d+(?:\.\d+)?)$')


def parse(text):
    """The text format 0.0.4, strictly: {name: {labels: value}}; what promtool complains of, too."""
    assert text.endswith("\n")
    families, kind, helped, current = {}, {}, set(), None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            assert name not in helped and words.strip(), line
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, type_ = line.split(" ")
            assert name in helped and name not in kind and type_ in ("counter", "gauge"), line
            assert name.endswith("_total") == (type_ == "counter"), line
            kind[name] = current = type_
            families[name] = {}
            current = name
        else:
            match = LINE.match(line)
            assert match and match[1] == current, f"out of its family: {line!r}"
            assert (match[2] or "") not in families[current], f"twice: {line!r}"
            families[current][match[2] or ""] = float(match[3])
    assert all(families.values()), "a family without a value"
    return families


def promtool(text):
    tool = shutil.which("promtool")
    if tool:
        done = subprocess.run([tool, "check", "metrics"], input=text, text=True,
                              capture_output=True)
        assert done.returncode == 0 and not done.stderr, done.stderr


def test_metrics_are_the_figures_of_the_node(node):
    n = node({"probe": PROBE}).start()
    n.publish([vacancy() for _ in range(5)])
    n.request("PUBLISH", {}, [{"no": "event"}])
    n.wait(lambda: len(n.fetch_all(["vacancy.closed"])) == 5, "the reactions")
    n.wait_restart("probe", n.kill("probe"))
    n.wait_for_log(r"probe\[\d+\] info: ready", 2)
    text = ctl("metrics", node=n).stdout
    promtool(text)
    got = parse(text)
    assert got["jejaring_up"] == {"": 1}
    assert got["jejaring_events_received_total"] == {"": 11}
    assert got["jejaring_events_accepted_total"] == {"": 10}
    assert got["jejaring_events_rejected_total"] == {"": 1}
    assert got["jejaring_quarantine_entries"] == {"": 1}
    assert got["jejaring_balance_adds_up"] == {"": 1}
    assert got["jejaring_process_restarts_total"] == {'process="hub"': 0, 'process="probe"': 1}
    consumer = 'consumer="probe/main"'
    parts = [got[f"jejaring_consumer_{part}"][consumer]
             for part in ("delivered_total", "filtered_total", "lag_events")]
    assert sum(parts) == 10 and parts[0] == 5
    assert 'node="uji",region="33.75",version=' in next(iter(got["jejaring_build_info"]))
    assert 0 < got["jejaring_disk_free_bytes"][""] <= got["jejaring_disk_size_bytes"][""]
    assert got["jejaring_journal_size_bytes"][""] > 0


def test_metrics_for_the_textfile_collector_say_that_the_hub_is_away(node):
    n = node().start()
    file = n.folder / "jejaring.prom"
    done = ctl("metrics", "--textfile", str(file), node=n)
    assert (done.returncode, done.stdout) == (0, "")
    assert parse(file.read_text())["jejaring_up"] == {"": 1}
    assert file.stat().st_mode & 0o777 == 0o644
    assert n.stop() == 0
    done = ctl("metrics", "--textfile", str(file), node=n)
    assert done.returncode == 4 and "doctor" in done.stderr
    got = parse(file.read_text())
    assert got["jejaring_up"] == {"": 0} and "jejaring_events_received_total" not in got
    assert [one.name for one in n.folder.glob("jejaring.prom*")] == ["jejaring.prom"]


# ---- Graph


def test_the_graph_shows_who_says_and_who_hears_what(node):
    n = node({"probe": PROBE, "blk": {"audiences": ["blk"]}})
    (n.folder / "agencies.d").mkdir()
    agency = {"id": "bank", "name": 'Bank "Maju" \\ Jaya', "audiences": ["capital"],
              "regions": ["33.75"], "publishes": ["loan.applied"]}
    (n.folder / "agencies.d" / "bank.yaml").write_text(json.dumps(agency))
    done = ctl("graph", "--dot", node=n)
    assert done.returncode == 0, done.stderr
    for line in ['"plugin probe" -> "type vacancy.closed";',
                 '"type vacancy.opened" -> "plugin probe" [style=solid];',
                 '"agency bank" -> "type loan.applied";',
                 '"type loan.referred" -> "agency bank" [style=dashed];',
                 'label="Bank \\"Maju\\" \\\\ Jaya"']:
        assert line in done.stdout, done.stdout
    if shutil.which("dot"):
        drawn = subprocess.run(["dot", "-Tsvg"], input=done.stdout, text=True, capture_output=True)
        assert drawn.returncode == 0 and not drawn.stderr and "<svg" in drawn.stdout, drawn.stderr
