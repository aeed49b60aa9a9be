"""The supervisor: starting, restarting, reloading and stopping the processes of a node."""

import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import time

import pytest

from conftest import BUILD, PATIENCE, ROOT, SANITIZED, alive, vacancy

SAMPLES = str(BUILD / "tests" / "plugins")


def sample(name, **more):
    return {"module": f"{SAMPLES}/{name}.so", "audiences": ["industry"], **more}


# ---- Start and stop


def test_starts_announces_itself_and_stops_in_order(node):
    n = node({"probe": sample("probe"), "second": sample("probe")}).start()
    children = n.children()
    assert set(children) == {"hub", "probe", "second"}
    n.wait(lambda: any("2 of 2 plugins up" in s for s in n.words("STATUS")), "the status")

    assert n.stop() == 0
    assert n.words("STOPPING") == ["1"]
    assert not any(alive(pid) for pid in children.values())
    assert len(re.findall(r"stops with a count", n.log())) == 2
    assert n.log().rstrip().endswith("stopped")


def test_interrupt_stops_in_order_too(node):
    n = node({"probe": sample("probe")}).start()
    n.process.send_signal(signal.SIGINT)
    assert n.wait_end() == 0
    assert "stops with a count" in n.log()


def test_a_node_without_plugins_runs(node):
    n = node().start()
    assert set(n.children()) == {"hub"}
    assert n.request("HELLO")[0] == "OK"


def test_stop_while_a_worker_hangs_kills_it_after_its_grace(node):
    n = node({"probe": sample("probe", options={"scar": "scar"})}).start()
    n.publish([vacancy("hang")])
    n.wait(lambda: (n.folder / "scar").exists(), "the hanging callback")
    pid = n.pid("probe")
    assert n.stop() == 0
    assert not alive(pid)
    assert "probe does not stop: killed" in n.log()


def test_everything_dies_with_the_supervisor(node):
    n = node({"probe": sample("probe")}).start()
    children = n.children()
    n.process.kill()
    n.process.wait()
    n.wait(lambda: not any(alive(pid) for pid in children.values()), "the end of the children")


# ---- Restart


def test_a_worker_that_dies_is_started_again_and_the_log_says_why_and_when(node):
    n = node({"probe": sample("probe"), "second": sample("probe")}).start()
    others = {name: pid for name, pid in n.children().items() if name != "probe"}
    old = n.kill("probe")
    n.wait_for_log(r"probe was ended by SIGKILL \(Killed\); starting it again in 0\.1 s")
    n.wait_restart("probe", old)
    n.wait_for_log(r"probe\[\d+\] info: ready", 2)
    assert {name: n.children()[name] for name in others} == others


def test_the_hub_that_dies_is_started_again_and_workers_find_it_by_themselves(node):
    n = node({"probe": sample("probe")}).start()
    worker = n.pid("probe")
    for _ in range(3):
        n.publish([vacancy()])
        n.wait_restart("hub", n.kill("hub"))
    n.publish([vacancy()])
    n.wait(lambda: len(n.fetch_all(["vacancy.closed"])) == 4, "four reactions")
    assert n.pid("probe") == worker


def test_a_crash_loop_backs_off_and_leaves_the_others_alone(node):
    n = node({"crash": sample("crash_create"), "probe": sample("probe")},
             steady_after="60s").start()
    pauses = n.wait_for_log(r"crash was ended by SIGABRT \(Aborted\); starting it again in "
                            r"([\d.]+) s", 4)
    assert [float(m.group(1)) for m in pauses[:4]] == [0.1, 0.2, 0.4, 0.8]
    n.publish([vacancy()])
    n.wait(lambda: n.fetch_all(["vacancy.closed"]), "the other plugin's reaction")
    n.wait(lambda: any("crash is not" in s for s in n.words("STATUS")), "the status")


def test_a_plugin_that_hangs_is_killed_and_started_again(node):
    n = node({"hang": sample("hang_create")}, hang_timeout="2s").start()
    n.wait_for_log(r"hang has given no sign of life for 2 s: killed")
    n.wait_for_log(r"hang was ended by SIGKILL \(Killed\); starting it again in 0\.1 s")


def test_a_hub_that_hangs_is_killed_and_the_watchdog_is_fed_by_its_health(node):
    n = node(hang_timeout="2s")
    n.environment = {"WATCHDOG_USEC": "1000000"}
    n.start()
    n.wait(lambda: n.words("WATCHDOG"), "the watchdog's food")
    old = n.kill("hub", signal.SIGSTOP)
    fed = len(n.words("WATCHDOG"))
    n.wait_for_log(r"hub has given no sign of life for 2 s: killed")
    # It is due every half second; one sign of life may have been on its way.
    assert len(n.words("WATCHDOG")) <= fed + 1
    n.wait_restart("hub", old)
    n.wait(lambda: len(n.words("WATCHDOG")) > fed, "the watchdog's food again")


def test_the_service_manager_may_listen_at_an_abstract_socket(node):
    n = node()
    name = f"jejaring-test-{os.getpid()}-{n.folder.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name)
        manager.settimeout(PATIENCE)
        n.environment = {"NOTIFY_SOCKET": "@" + name}
        n.start(ready=False)
        told = ""
        while "READY=1" not in told:
            told += manager.recv(4096).decode() + "\n"


def test_a_watchdog_that_is_meant_for_another_process_is_not_fed(node):
    n = node()
    n.environment = {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}
    n.start()
    n.wait(lambda: len(n.words("STATUS")) > 0, "a status")
    n.wait_restart("hub", n.kill("hub"))
    n.wait(lambda: any("hub up" in s for s in n.words("STATUS")), "the hub again")
    assert not n.words("WATCHDOG")


def test_a_journal_that_another_daemon_has_open_is_not_touched(node):
    first = node().start()
    second = node(state=str(first.folder / "state"))
    second.start(ready=False)
    second.wait_for_log(r"another hub has .*/journal\.db open: stop the other daemon")
    second.wait_for_log(r"hub ended")
    second.wait(lambda: any("hub down, cannot start: another hub has" in s
                            for s in second.words("STATUS")), "the reason in the status")
    assert first.request("HELLO")[0] == "OK"


# ---- Descriptors and secrets


def test_children_inherit_nothing_but_what_is_theirs(node):
    n = node({"probe": sample("probe"), "second": sample("probe")}).start()
    tokens = {}
    for name in ("probe", "second"):
        pid = n.pid(name)
        grants = json.loads(pathlib.Path(f"/proc/{pid}/fd/4").read_text())
        assert list(grants) == [name], "a worker knows its own password only"
        tokens[name] = grants[name]["token"]
        names = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        assert sum("memfd:" in one for one in names) == 2
        environment = pathlib.Path(f"/proc/{pid}/environ").read_text()
        assert "NOTIFY_SOCKET" not in environment
        assert tokens[name] not in environment + " ".join(
            pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0"))
    assert tokens["probe"] != tokens["second"]
    opened = [os.readlink(f"/proc/{n.process.pid}/fd/{fd}")
              for fd in os.listdir(f"/proc/{n.process.pid}/fd")]
    assert not any("journal.db" in one or "eventpoll" in one for one in opened)


def test_the_supervisor_maps_no_plugin(node):
    n = node({"probe": sample("probe")}).start()
    maps = pathlib.Path(f"/proc/{n.process.pid}/maps").read_text()
    assert "probe.so" not in maps
    assert "probe.so" not in pathlib.Path(f"/proc/{n.pid('hub')}/maps").read_text()


# ---- Wrong configuration


def test_check_says_everything_that_is_wrong(node):
    n = node({
        "missing": {"module": "no_such.so", "audiences": ["blk"]},
        "major": sample("wrong_major"),
        "crash": sample("crash_load"),
        "hang": sample("hang_load"),
        "count": sample("options", options={"needed": "x", "count": 12, "coutn": 1}),
        "eager": sample("options", options={"needed": "x", "count": 7, "eager": True}),
    }, hang_timeout="2s")
    done = n.run("--check", "-c", str(n.file))
    assert done.returncode == 78
    lines = [line for line in done.stderr.splitlines() if not line.startswith("  next: ")]
    assert len(done.stderr.splitlines()) == 2 * len(lines), "each has something to do about it"
    assert all(re.match(re.escape(str(n.file)) + r":\d+:\d+: error: ", line) for line in lines)
    for expected in [
        r"plugin missing: .*/no_such\.so: cannot be loaded: .*No such file",
        r"plugin major: .*: was built for plugin ABI 2, this daemon speaks 1",
        r"plugin crash: .*: it crashes when it is loaded or checks its options \(Aborted\)",
        r"plugin hang: .*: it hangs when it is loaded or checks its options",
        r"\"count\" must be between 1 and 10, not 12",
        r"unknown key \"coutn\", did you mean \"count\"\?",
        r"count: an eager one can count to 5 only",
    ]:
        assert len(re.findall(expected, done.stderr)) == 1, (expected, done.stderr)
    assert len(lines) == 7


def test_check_looks_at_the_files_that_are_named(node):
    n = node({"probe": sample("probe")}, person_key="person.key")
    key = n.folder / "person.key"
    key.write_text("0" * 64 + "\n")
    key.chmod(0o644)
    done = n.run("--check", "-c", str(n.file))
    assert done.returncode == 78
    assert re.search(r":\d+:\d+: error: person_key: .*/person\.key: ", done.stderr)
    key.chmod(0o600)
    assert n.run("--check", "-c", str(n.file)).returncode == 0

    schemas = n.folder / "schemas"
    (schemas / "events").mkdir(parents=True)
    n.write_config(schemas="schemas")
    done = n.run("--check", "-c", str(n.file))
    assert done.returncode == 78
    assert re.search(r":6:\d+: error: schemas: .*/events: no schemas of event types", done.stderr)
    shutil.copy(ROOT / "schemas" / "events" / "_defs.json", schemas / "events")
    shutil.copy(ROOT / "schemas" / "events" / "vacancy.opened.json", schemas / "events")
    done = n.run("--check", "-c", str(n.file))
    assert done.returncode == 78
    assert re.search(r":\d+:\d+: error: plugin probe publishes vacancy\.closed, which no schema in "
                     r".*/events describes", done.stderr)
    (schemas / "events" / "bad.json").write_text("{")
    done = n.run("--check", "-c", str(n.file))
    assert done.returncode == 78
    assert re.search(r":6:\d+: error: schemas: .*bad\.json: ", done.stderr)


def test_check_of_a_right_configuration_exits_0(node):
    n = node({"probe": sample("probe")})
    done = n.run("--check", "-c", str(n.file))
    assert (done.returncode, done.stdout) == (0, "")
    assert "the configuration is right" in done.stderr
    assert not (n.folder / "state").exists()


@pytest.mark.parametrize("text, why", [
    ("node: a\nregion: 3375\n", ":2:9: error: \"3375\" is refused because it has no dot"),
    ("node: a\nregion: \"33.75\"\nplugins:\n  x: {module: /none.so, audiences: [blk]}\n",
     ":4:15: error: plugin x: /none.so: cannot be loaded"),
])
def test_a_wrong_configuration_ends_the_start_with_78(node, text, why):
    n = node()
    n.file.write_text(text)
    n.start(ready=False)
    assert n.wait_end() == 78
    assert f"{n.file}{why}" in n.log()
    assert not n.words("READY")


def test_a_missing_configuration_ends_the_start_with_78(node):
    n = node()
    n.file.unlink()
    n.start(ready=False)
    assert n.wait_end() == 78
    assert "No such file" in n.log()


def test_what_the_hub_cannot_use_ends_the_start_with_78(node):
    n = node(schemas="nowhere")
    n.start(ready=False)
    assert n.wait_end() == 78


def test_usage_errors_exit_with_2(node):
    n = node()
    assert n.run("--frobnicate").returncode == 2
    assert n.run("surplus").returncode == 2
    assert n.run("--role", "king").returncode == 2
    shown = n.run("--help")
    assert shown.returncode == 0 and "--describe" in shown.stdout
    assert n.run("--version").stdout.startswith("jejaringd ")


def test_describe_shows_descriptor_and_options(node):
    shown = node().run("--describe", f"{SAMPLES}/options.so").stdout
    assert shown.startswith("options 1: sample of the tests\n")
    assert re.search(r"count +number, 1 to 10, default 3\n +a number from 1 to 10\n", shown)
    assert re.search(r"needed +text, required\n", shown)
    refused = node().run("--describe", f"{SAMPLES}/wrong_major.so")
    assert refused.returncode == 1 and "plugin ABI 2" in refused.stderr


# ---- Reload


def test_a_wrong_configuration_is_not_taken_over(node):
    n = node({"probe": sample("probe")}).start()
    before = n.children()
    n.write_config(region="3375")
    n.reload()
    assert "RELOADING=1" in "\n".join(n.told)
    assert ":3:12: error: \"3375\" is refused" in n.log()
    assert "is wrong and is not used" in n.log()
    n.wait(lambda: "the file was wrong when it was read again" in n.words("STATUS")[-1],
           "the status to tell of it")
    assert n.children() == before
    n.wait_restart("probe", n.kill("probe"))  # it still starts by the old one
    n.wait_for_log(r"probe\[\d+\] info: ready", 2)


def test_every_bound_of_the_hub_is_in_force_after_a_reload(node):
    n = node(hub={"time_ahead": "2d"}).start()
    ahead = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=9))
    late = vacancy(time=ahead.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert n.request("PUBLISH", {}, [late])[1]["rejected"]
    for hub in ({"time_ahead": "20d"}, {"quarantine_size": "1MiB", "time_ahead": "20d"},
                {"retention": {"lost_after": "90d"}, "time_ahead": "20d"}):
        old = n.pid("hub")
        n.write_config(hub=hub)
        n.reload()
        n.wait_restart("hub", old)
    n.publish([late])
    assert n.stop() == 0
    assert n.words("STATUS")[-1] == "stopped"


def test_reload_restarts_only_what_changed(node):
    n = node({"a": sample("probe"), "b": sample("probe", options={"tick": "0s"})}).start()
    before = n.children()
    n.config["plugins"]["b"]["inbox"] = "inbox/b"
    n.write_config()
    n.reload()
    n.wait_restart("b", before["b"])
    after = n.children()
    assert (after["hub"], after["a"]) == (before["hub"], before["a"])
    assert "b is started again with its new configuration" in n.log()


def test_reload_adds_and_removes_plugins(node):
    n = node({"a": sample("probe")}).start()
    a = n.pid("a")
    n.config["plugins"] = {"b": sample("probe")}
    n.write_config()
    n.reload()
    n.wait(lambda: set(n.children()) == {"hub", "b"}, "b in place of a")
    n.wait(lambda: not alive(a), "the end of a")
    n.wait_for_log(r"b\[\d+\] info: ready")
    assert "b ended" not in n.log(), "it is started when the hub knows it"
    n.publish([vacancy()])
    closed = n.wait(lambda: n.fetch_all(["vacancy.closed"]), "the reaction of b")
    assert closed[0]["source"] == "/uji/b"


def test_new_options_are_handed_to_a_plugin_that_can_take_them(node):
    n = node({"probe": sample("probe", options={"word": "satu"})}).start()
    before = n.children()
    n.config["plugins"]["probe"]["options"]["word"] = "dua"
    n.write_config()
    n.reload()
    n.wait_for_log(r"the word is now dua")
    n.publish([vacancy("shout")])
    n.wait_for_log(r"the word is dua, the count is 1")
    assert n.children() == before


def test_a_plugin_that_refuses_its_new_options_is_started_again_with_them(node):
    n = node({"probe": sample("probe")}).start()
    old = n.pid("probe")
    n.config["plugins"]["probe"]["options"] = {"word": "refuse"}
    n.write_config()
    n.reload()
    n.wait_for_log(r"the new options are not taken while running: not that word")
    n.wait_restart("probe", old)
    n.wait_for_log(r"probe\[\d+\] info: ready", 2)


def test_a_file_that_is_broken_later_breaks_no_restart(node):
    n = node({"probe": sample("probe")}).start()
    n.file.write_text("][")
    n.wait_restart("hub", n.kill("hub"))
    n.wait_restart("probe", n.kill("probe"))
    n.publish([vacancy()])
    n.wait(lambda: n.fetch_all(["vacancy.closed"]), "a reaction")


# ---- Cost


def resident_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(SANITIZED, reason="a sanitizer takes memory of its own")
def test_an_idle_node_with_four_plugins_is_small_and_quiet(node):
    n = node({name: sample("probe") for name in ("a", "b", "c", "d")}).start()
    pids = [n.process.pid, *n.children().values()]
    before = sum(cpu_seconds(pid) for pid in pids)
    start = time.monotonic()
    time.sleep(5)  # this is the measurement
    used = (sum(cpu_seconds(pid) for pid in pids) - before) / (time.monotonic() - start)
    memory = sum(resident_kib(pid) for pid in pids)
    assert memory < 60 * 1024, f"{memory} KiB"
    assert used < 0.01, f"{used:.2%} of a CPU"
