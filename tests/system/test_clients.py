"""The clients of tests/clients/, as a stranger would run them: by a connection bundle, over CURVE.

The C one is built out of tree with what `make install` put somewhere, by pkg-config alone.
"""

import contextlib
import json
import os
import shutil
import subprocess
import threading

import pytest
import zmq

from client import CATALOGUE, free_port, full_event, nik, seeded
from conftest import BUILD, PATIENCE, ROOT, SANITIZED, vacancy, wait_until
from test_agency import add, came_in, door, hears, listening, open_node

CLIENTS = ROOT / "tests" / "clients"


@pytest.fixture(scope="session")
def compile_c(tmp_path_factory):
    """Makes a program of a C file with what `make install DESTDIR=...` staged; returns its path. Of
    the source tree it sees nothing: pkg-config tells all that the compiler needs."""
    if SANITIZED:
        pytest.skip("a program that is not sanitized cannot load a sanitized library")
    stage = tmp_path_factory.mktemp("stage")
    place = stage / "usr" / "local" / "lib"
    subprocess.run(["make", "-s", "-C", ROOT, f"B={BUILD}", f"DESTDIR={stage}", "PREFIX=/usr/local",
                    "install"], check=True, capture_output=True, timeout=300)
    environment = {**os.environ, "PKG_CONFIG_PATH": str(place / "pkgconfig"),
                   "PKG_CONFIG_SYSROOT_DIR": str(stage)}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "jejaring"], env=environment,
                           check=True, capture_output=True, text=True).stdout.split()

    def compile_(source):
        program = stage / source.stem
        shutil.copy(source, stage)
        subprocess.run(["cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", source.name, "-o",
                        program, f"-Wl,-rpath,{place}", *flags],
                       cwd=stage, check=True, timeout=PATIENCE)
        return program
    return compile_


@pytest.fixture(scope="session")
def c_client(compile_c):
    """The command of the C client."""
    return [compile_c(CLIENTS / "c" / "client.c")]


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory):
    """A copy of the Node client with what npm installs by its lock file."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed: the Node client is not tested")
    place = tmp_path_factory.mktemp("node") / "client"
    shutil.copytree(CLIENTS / "node", place, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=place, text=True,
                          capture_output=True, timeout=300)
    if done.returncode:
        pytest.skip(f"npm ci does not work here: the Node client is not tested\n{done.stderr}")
    return place


@pytest.fixture(scope="session")
def node_client(node_folder):
    """The command of the Node client."""
    return ["node", node_folder / "client.mjs"]


@pytest.fixture(params=["python", "node", "c"])
def client(request):
    if request.param == "python":
        return ["/usr/bin/python3", CLIENTS / "python" / "client.py"]
    return request.getfixturevalue(f"{request.param}_client")


class Running:
    """A client that goes on until it is killed, and the lines that it has printed."""

    def __init__(self, command, bundle, verb):
        self.process = subprocess.Popen([*command, bundle, verb], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        text=True)
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def titles(self):
        return [json.loads(line)["data"]["title"] for line in list(self.lines)]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE)


@contextlib.contextmanager
def running(command, bundle, verb="subscribe"):
    client = Running(command, bundle, verb)
    try:
        yield client
    finally:
        client.kill()


def without_repeats(titles):
    return list(dict.fromkeys(titles))


@pytest.fixture
def agency(node):
    """A node, and the bundle of an agency that may publish vacancies."""
    n = open_node(node)
    n.config["hub"]["bell"] = [f"tcp://0.0.0.0:{free_port()}"]
    n.write_config()
    n.start()
    bundle = add(n, "kantor", "--publish", "vacancy.opened", audience="industry")
    n.reload()
    return n, bundle


def test_each_client_is_as_short_as_the_readme_says():
    for path in CLIENTS.glob("*/client.*"):
        assert len(path.read_text().splitlines()) < 60, path


def test_a_client_publishes_and_a_repetition_does_nothing(agency, client):
    n, bundle = agency
    line = json.dumps(vacancy("Juru las")) + "\n"
    told = [json.loads(subprocess.run([*client, bundle, "publish"], input=line, text=True,
                                      capture_output=True, timeout=PATIENCE, check=True).stdout)
            for _ in range(2)]
    assert [(t["accepted"], t["duplicate"]) for t in told] == [(1, 0), (0, 1)]
    assert not told[0]["rejected"] and not told[1]["rejected"]
    assert [e["data"]["title"] for e in n.fetch_all()] == ["Juru las"]


def test_a_client_goes_on_where_it_was_killed(agency, client):
    n, bundle = agency
    n.publish([vacancy(f"a{i}") for i in range(5)])
    with running(client, bundle) as first:
        n.wait(lambda: len(first.lines) >= 5, "five events")
        n.wait(lambda: any(c["pending"] == 0 for c in n.request("STATUS")[1]["consumers"]),
               "their commit")
    n.publish([vacancy(f"b{i}") for i in range(5)])
    with running(client, bundle) as second:
        n.wait(lambda: len(second.lines) >= 5, "five more")
    assert first.titles() == [f"a{i}" for i in range(5)]
    assert second.titles() == [f"b{i}" for i in range(5)]


def test_a_client_outlives_the_hub(agency, client):
    n, bundle = agency
    with running(client, bundle) as reader:
        for turn in range(2):
            n.publish([vacancy(f"{turn}-{i}") for i in range(3)])
            n.wait(lambda: len(without_repeats(reader.titles())) == 3 * (turn + 1),
                   f"the events of turn {turn}")
            old = n.kill("hub")
            n.wait_restart("hub", old)
    assert without_repeats(reader.titles()) == [f"{t}-{i}" for t in range(2) for i in range(3)]


@pytest.mark.parametrize("client", ["python", "node"], indirect=True)
def test_a_client_hears_the_bell(agency, client):
    n, bundle = agency
    with running(client, bundle, "bell") as bell:
        n.wait(lambda: "bell/" in bell.lines, "the heartbeat")
        n.publish([vacancy()])
        n.wait(lambda: "vacancy.opened/33.75/" in bell.lines, "the bell")


def test_the_c_client_follows_by_the_bell(agency, c_client):
    n, bundle = agency
    with running(c_client, bundle) as reader:
        for title in ["satu", "dua"]:
            n.publish([vacancy(title)])
            n.wait(lambda: reader.lines and reader.titles()[-1] == title, title)
            n.wait(lambda: n.request("STATUS")[1]["waiting"] == 0,
                   "the bell to be what it waits for, not the hub")


def test_the_c_client_says_which_line_was_refused(agency, c_client):
    n, bundle = agency
    text = "".join(json.dumps(e) + "\n" for e in
                   [vacancy("satu"), vacancy("dua", region="3375"), vacancy("tiga")])
    done = subprocess.run([*c_client, bundle, "publish"], input=text, text=True,
                          capture_output=True, timeout=PATIENCE, check=True)
    assert json.loads(done.stdout) == {"accepted": 2, "duplicate": 0, "rejected": 1}
    assert done.stderr.startswith("line 2: /region ")


def test_a_client_is_told_that_it_was_revoked(agency, client):
    n, bundle = agency
    file = n.folder / "agencies.d" / "kantor.yaml"
    n.publish([vacancy("satu")])
    with running(client, bundle) as reader:
        n.wait(lambda: reader.lines, "an event")
        file.write_text(file.read_text() + "revoked: true\n")
        n.reload()
        wait_until(lambda: reader.process.poll() is not None, "its end", log=n.log)
        assert reader.process.returncode == 1
        assert "unauthorised" in reader.process.stderr.read()


def test_the_c_example_of_a_bundle_compiles_and_reads_without_a_change(agency, compile_c):
    n, bundle = agency
    bell = json.loads((bundle / "connection.json").read_text())["bell"]
    assert f'.bell = "{bell}"' in (bundle / "subscribe.c").read_text()
    program = compile_c(bundle / "subscribe.c")
    n.publish([vacancy("Juru las")])
    process = subprocess.Popen([program], cwd=bundle, stdout=subprocess.PIPE, text=True)
    try:
        assert json.loads(process.stdout.readline())["data"]["title"] == "Juru las"
        # From now on it asks when the bell rings.
        n.wait(lambda: any(c["pending"] == 0 for c in n.request("STATUS")[1]["consumers"]) and
               n.request("STATUS")[1]["waiting"] == 0, "it to hear the bell")
        n.publish([vacancy("Juru cat")])
        assert json.loads(process.stdout.readline())["data"]["title"] == "Juru cat"
    finally:
        process.kill()
        process.communicate()


# ---- CloudEvents


def sdk_says(node_folder, texts):
    return subprocess.run(["node", node_folder / "check_events.mjs"], input="\n".join(texts) + "\n",
                          cwd=node_folder, text=True, capture_output=True, timeout=PATIENCE,
                          check=False)


def test_the_cloudevents_sdk_takes_every_event(agency, node_folder):
    """Of every type: as the administrator sees it, as an agency does, and what the bell says."""
    n, bundle = agency
    pick = seeded("events for the SDK")
    made = [full_event(type_, pick, nik(number) if schema["x-subject"] == "person" else None,
                       sequence=str(number + 1), cause="sebab")
            for number, (type_, schema) in enumerate(CATALOGUE.items())]
    _, curve = door(bundle)
    with came_in(bundle) as connection, \
            listening(json.loads((bundle / "connection.json").read_text())["bell"], curve,
                      b"batch.closed/") as bell:
        n.wait(lambda: (n.publish([full_event("batch.closed", pick)]), hears(bell, 0.2))[1],
               "the subscription to arrive")
        n.publish(made)
        stored = [json.dumps(e) for e in n.fetch_all()]
        seen = [json.dumps(e) for e in connection.fetch()]
        rung = [bell.recv_multipart(zmq.NOBLOCK)[1].decode() for _ in range(1) if bell.poll(20000)]
    assert len(stored) > len(CATALOGUE) and 0 < len(seen) < len(stored) and rung
    done = sdk_says(node_folder, stored + seen + rung)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(stored) + len(seen) + len(rung)


@pytest.mark.parametrize("spoil", [{"source": None}, {"id": ""}, {"Region": "33.75"}])
def test_what_is_no_cloudevent_would_be_noticed(node_folder, spoil):
    broken = {name: value for name, value in {**vacancy(), **spoil}.items() if value is not None}
    done = sdk_says(node_folder, [json.dumps(vacancy()), json.dumps(broken)])
    assert done.returncode == 1 and done.stderr.startswith("event 1: "), done.stdout
