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

from client import free_port
from conftest import BUILD, PATIENCE, ROOT, SANITIZED, vacancy, wait_until
from test_agency import add, open_node

CLIENTS = ROOT / "tests" / "clients"


@pytest.fixture(scope="session")
def compile_c(tmp_path_factory):
    """Makes a program of a C file, with an installed libjejaring; returns its path."""
    if SANITIZED:
        pytest.skip("a program that is not sanitized cannot load a sanitized library")
    place = tmp_path_factory.mktemp("prefix")
    subprocess.run(["make", "-s", "-C", ROOT, f"B={BUILD}", f"PREFIX={place}", "install"],
                   check=True, capture_output=True, timeout=300)
    environment = {**os.environ, "PKG_CONFIG_PATH": str(place / "lib" / "pkgconfig")}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "jejaring"], env=environment,
                           check=True, capture_output=True, text=True).stdout.split()

    def compile_(source):
        subprocess.run(["cc", "-std=c17", "-Wall", "-Wextra", "-Werror", source, "-o",
                        place / source.stem, f"-Wl,-rpath,{place}/lib", *flags],
                       check=True, timeout=PATIENCE)
        return place / source.stem
    return compile_


@pytest.fixture(scope="session")
def c_client(compile_c):
    """The command of the C client."""
    return [compile_c(CLIENTS / "c" / "client.c")]


@pytest.fixture(scope="session")
def node_client(tmp_path_factory):
    """The command of the Node client, with what npm installs by its lock file."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed: the Node client is not tested")
    place = tmp_path_factory.mktemp("node") / "client"
    shutil.copytree(CLIENTS / "node", place, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=place, text=True,
                          capture_output=True, timeout=300)
    if done.returncode:
        pytest.skip(f"npm ci does not work here: the Node client is not tested\n{done.stderr}")
    return ["node", place / "client.mjs"]


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
    assert [(t["accepted"], t["duplicate"], t["rejected"]) for t in told] == \
        [(1, 0, []), (0, 1, [])]
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
            n.client.close()
            n.client = None
    assert without_repeats(reader.titles()) == [f"{t}-{i}" for t in range(2) for i in range(3)]


@pytest.mark.parametrize("client", ["python", "node"], indirect=True)
def test_a_client_hears_the_bell(agency, client):
    n, bundle = agency
    with running(client, bundle, "bell") as bell:
        n.wait(lambda: "bell/" in bell.lines, "the heartbeat")
        n.publish([vacancy()])
        n.wait(lambda: "vacancy.opened/33.75/" in bell.lines, "the bell")


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
    program = compile_c(bundle / "subscribe.c")
    n.publish([vacancy("Juru las")])
    process = subprocess.Popen([program], cwd=bundle, stdout=subprocess.PIPE, text=True)
    try:
        assert json.loads(process.stdout.readline())["data"]["title"] == "Juru las"
    finally:
        process.kill()
        process.communicate()
