"""jejaringctl plugin test: the conformance kit. The plugins of this tree pass; each hostile sample
fails for its own reason; and none of them takes a node down."""

import json
import os
import re

import pytest

from client import free_port
from conftest import BUILD, SANITIZED, vacancy
from test_ctl import ctl

SAMPLES = BUILD / "tests" / "plugins"
OWN = sorted(path.stem for path in (BUILD / "plugins").glob("*.so"))

# sample: (case, what is wrong with it)
HOSTILE = {
    "wrong_major": ("load", "was built for plugin ABI 2, this daemon speaks 1"),
    "short_struct": ("load", "its descriptor says that it has 64 bytes"),
    "bad_name": ("load", "no proper name"),
    "bad_type": ("load", "entry 2 of its list `publishes` is no event type"),
    "bad_options": ("load", '"size" is in the table twice'),
    "bad_default": ("load", "count"),
    "no_callbacks": ("load", "lacks the callback on_events"),
    "no_symbol": ("load", "does not export the symbol jejaring_plugin"),
    "unresolved": ("load", "cannot be loaded"),
    "crash_load": ("load", "crashes in loading (Aborted)"),
    "hang_load": ("load", "hangs in loading"),
    "impure_check": ("options", "check answers differently about the same options"),
    "crash_create": ("lifecycle", "crashes in create (Aborted)"),
    "hang_create": ("lifecycle", "hangs in create"),
    "fail_create": ("lifecycle", "create or start fails: the office has no register"),
    "silent_create": ("lifecycle", "fails without saying why"),
    "early_publish": ("lifecycle", "create: publishes, which create may not"),
    "double_destroy": ("lifecycle", "crashes in destroy (Aborted)"),
    "null_destroy": ("lifecycle", "crashes in destroy (of nothing) (Segmentation fault)"),
    "descriptors": ("lifecycle", "leaves descriptors open"),
    "undeclared": ("lifecycle", "start: publishes alumni.graduated, which its descriptor does not declare"),
    "crash_events": ("events", "crashes in on_events (Aborted)"),
    "hang_events": ("events", "hangs in on_events"),
    "exit_events": ("events", "ends the process in on_events (exit code 7)"),
    "clock": ("repeat", "publishes something else: times belong to events, not to the clock"),
    "leak_events": ("memory", "KiB with each batch of the same events"),
    "rough_events": ("events", "changes the working folder of the process, which is the host's"),
    "close_events": ("events", "ends the process in on_events"),
    "fork_events": ("events", "leaves processes of its own behind"),
}
# Under a sanitizer a crash ends otherwise.
SANITIZER_SAYS = {"double_destroy": "in destroy (exit code", "null_destroy": "in destroy (of nothing)"}


def results(path, *words):
    # A sanitizer keeps what was freed for a while; here that would be taken for a leak.
    keep = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    done = ctl("plugin", "test", str(path), "--json", *words, env={"ASAN_OPTIONS": keep})
    cases = json.loads(done.stdout)
    failed = {one["case"]: one["text"] for one in cases if not one["ok"]}
    assert done.returncode == (1 if failed else 0), done.stderr
    return cases, failed


@pytest.fixture
def connection(node):
    """The bundle of a node above, for the plugin that reports to one."""
    n = node(server_key="server.key",
             hub={"listen": [{"endpoint": f"tcp://0.0.0.0:{free_port()}"}]})
    assert ctl("keys", "curve", str(n.folder / "server.key")).returncode == 0
    done = ctl("agency", "add", "uji", "--name", "Uji", "--audience", "province", "--region", "33.75",
               "--host", "127.0.0.1", "--bundle", str(n.folder / "bundle"), node=n)
    assert done.returncode == 0, done.stderr
    return n.folder / "bundle"


@pytest.mark.parametrize("name", OWN)
def test_the_plugins_of_this_tree_pass(name, request):
    words = []
    if name == "uplink":
        words = ["--options", json.dumps({"connection": str(request.getfixturevalue("connection"))})]
    cases, failed = results(BUILD / "plugins" / f"{name}.so", *words)
    assert not failed and len(cases) == 6


def test_one_of_a_later_minor_version_passes():
    assert not results(SAMPLES / "newer_minor.so")[1]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_plugin_fails_for_its_own_reason(name):
    case, reason = HOSTILE[name]
    if SANITIZED:
        reason = SANITIZER_SAYS.get(name, reason)
    # Who hangs is waited for, several times over; everybody else gets all the time in the world.
    patience = ("5s" if SANITIZED else "1500ms") if "hang" in name else "60s"
    _, failed = results(SAMPLES / f"{name}.so", "--timeout", patience)
    assert case == next(iter(failed)), failed
    assert reason in failed[case], failed


def test_options_are_judged_as_in_a_node():
    _, failed = results(SAMPLES / "options.so")
    assert '"needed" is missing' in failed["options"] and "--options" in failed["options"]
    assert not results(SAMPLES / "options.so", "--options", "{needed: x}")[1]
    _, failed = results(SAMPLES / "options.so", "--options", "{needed: x, count: 7, eager: true}")
    assert "an eager one can count to 5 only" in failed["options"]


def test_words_for_a_developer():
    done = ctl("plugin", "test", str(SAMPLES / "crash_events.so"))
    assert done.returncode == 1
    assert re.search(r"^ok    load  ", done.stdout, re.M)
    assert re.search(r"^FAIL  events     crashes in on_events \(Aborted\)$", done.stdout, re.M)
    assert done.stdout.endswith("crash_events.so: 6 cases, 3 failed\n")
    done = ctl("plugin", "test", "none.so")
    assert done.returncode == 1 and "No such file" in done.stderr


def test_a_node_stays_up_with_all_of_those_that_load(node):
    """They crash, hang, fail and leak, each in its own process; the others work on."""
    hostile = [name for name, (case, _) in HOSTILE.items()
               if case != "load" and name not in ("impure_check", "hang_create")]
    plugins = {name.replace("_", "-"): {"module": str(SAMPLES / f"{name}.so"),
                                        "audiences": ["industry"]} for name in hostile}
    plugins["probe"] = {"module": str(SAMPLES / "probe.so"), "audiences": ["industry"]}
    n = node(plugins, hang_timeout="10s", steady_after="60s").start()
    hub, probe = n.pid("hub"), n.pid("probe")
    n.publish([vacancy() for _ in range(3)])

    def reactions():
        closed = n.fetch_all(["vacancy.closed"])
        return len([one for one in closed if one["source"] == "/uji/probe"])

    n.wait(lambda: reactions() == 3, "the probe's reactions")
    n.wait_for_log(r"crash-events (was ended by SIGABRT|ended)", 2)
    n.wait_for_log(r"exit-events ended with exit code 7", 2)
    n.wait_for_log(r"close-events (ended|was ended)", 2)
    n.wait_for_log(r"hang-events has given no sign of life for 10 s: killed")
    n.wait_for_log(r"fail-create\[\d+\] error: .*the office has no register")
    n.wait_for_log(r"silent-create\[\d+\] error: .*the plugin fails without saying why")
    assert (n.children()["hub"], n.children()["probe"]) == (hub, probe)
    n.publish([vacancy()])
    n.wait(lambda: reactions() == 4, "the probe's next reaction")
    assert n.request("STATUS")[1]["adds_up"]
