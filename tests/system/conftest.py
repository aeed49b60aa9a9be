"""A node of its own for each test: `node` makes one, with the programs of $B (default: build).

    def test_something(node):
        n = node({"blk": {"audiences": ["blk"]}}, log="debug")
        n.start()                        # returns once the daemon says READY
        n.publish([event])               # as the local administrator, over ipc
        n.wait_for_log("ready")
        n.kill("blk")                    # kill -9 of one process, by its name

Nothing sleeps for a fixed time: everything waits for a condition, with a limit, and a failure
shows the log. Reactions, and reactions to those, are waited for by n.settle(). Afterwards the
daemon is stopped, and the test fails if a sanitizer had anything to say or a process was left behind.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

import pytest
import zmq

import pg

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("B", ROOT / "build")).resolve()
SANITIZED = bool(os.environ.get("SANITIZED"))
PATIENCE = 120 if SANITIZED else 60  # seconds: for a machine that is many times slower, or shared
SOCKET_PATH_MAX = 107


def wait_until(condition, what, seconds=PATIENCE, log=None):
    """The first true value of condition(), asked again and again."""
    begun = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        waited = time.monotonic() - begun
        if waited > seconds:
            text = f"\n{log()}" if log else ""
            pytest.fail(f"waited {seconds} s for {what}{text}", pytrace=True)
        time.sleep(0.01 if waited < 2 else 0.05)  # whoever is waited for needs the processor, too


def short_folder():
    """A new folder below the build folder, or elsewhere if a socket in it would have too long a
    path."""
    base = BUILD / "t"
    if len(str(base)) + len("/12345678/run/plugins.sock") > SOCKET_PATH_MAX:
        base = pathlib.Path(tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True)
    return pathlib.Path(tempfile.mkdtemp(dir=base, prefix=""))


def fresh_id():
    """Without digits: a long run of them is masked where an event is shown, since it may be a NIK."""
    return uuid.uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))


def event(type_, data, subject=None, **attributes):
    """A CloudEvent as a dictionary; its time is the day in its data."""
    whole = {
        "specversion": "1.0",
        "id": fresh_id(),
        "source": "/test",
        "type": type_,
        "time": data.get("date", "2024-01-01") + "T00:00:00Z",
        "region": "33.75",
        "data": data,
    }
    if subject:
        whole["subject"] = subject
    whole.update(attributes)
    return whole


def vacancy(title="Juru las", **attributes):
    key = str(uuid.uuid4())
    data = {"date": "2024-01-15", "vacancy": key, "employer": "Bengkel Maju", "title": title,
            "headcount": 2, "kind": "employment"}
    return event("vacancy.opened", data, subject=key, **attributes)


class Client:
    """One connection to the hub, with one request under way at a time."""

    def __init__(self, endpoint):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.number = 0

    def send(self, verb, options=None, events=()):
        self.number += 1
        frames = [b"JJ1", verb.encode(), str(self.number).encode(),
                  json.dumps(options or {}).encode()]
        self.socket.send_multipart(frames + [json.dumps(e).encode() for e in events])
        return self.number

    def receive(self, seconds=PATIENCE):
        if not self.socket.poll(seconds * 1000):
            pytest.fail(f"the hub gave no answer within {seconds} s")
        _, kind, _, result, *events = self.socket.recv_multipart()
        return kind.decode(), json.loads(result), [json.loads(e) for e in events]

    def request(self, verb, options=None, events=()):
        self.send(verb, options, events)
        return self.receive()

    def close(self):
        self.socket.close()


class Node:
    def __init__(self, plugins=None, **config):
        self.folder = short_folder()
        self.config = {
            "node": "uji",
            "region": "33.75",
            "state": "state",
            "run": "run",
            "schemas": str(ROOT / "schemas"),
            "plugin_path": str(BUILD / "plugins"),
            "steady_after": "100ms",
            "plugins": plugins or {},
            **config,
        }
        self.file = self.folder / "jejaringd.yaml"
        self.log_file = self.folder / "log"
        self.process = None
        self.environment = {}
        self.wrapper = []  # a program that runs the daemon, and its arguments
        self.told = []  # what the service manager would have been told
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(self.folder / "notify"))
        self.notify.setblocking(False)
        self.client = None
        self.client_is_old = False  # it is connected to a hub that is no more
        self.killed = False  # a process of it was, by the test
        self.subscribed = {}  # plugin: the types that it listens to
        self.write_config()

    # ---- Configuration

    def write_config(self, **changes):
        """JSON is YAML: the configuration is written as it stands here."""
        self.config.update(changes)
        self.file.write_text(json.dumps(self.config, indent=1) + "\n")

    def reload(self):
        """SIGHUP, and waits until the daemon says that it is done with it."""
        mark = len(self.words("READY"))
        self.process.send_signal(signal.SIGHUP)
        self.wait(lambda: len(self.words("READY")) > mark, "the end of the reload")

    # ---- Life

    def run(self, *arguments, **options):
        """Runs jejaringd to its end."""
        return subprocess.run([BUILD / "jejaringd", *arguments], capture_output=True, text=True,
                              timeout=PATIENCE, **options)

    def start(self, ready=True):
        environment = {**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify"),
                       **self.environment}
        self.told.clear()
        self.client_is_old = True
        with open(self.log_file, "ab") as log:
            command = [*self.wrapper, BUILD / "jejaringd", "-c", self.file]
            self.process = subprocess.Popen(command, stderr=log, stdout=log,
                                            stdin=subprocess.DEVNULL, env=environment)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self):
        self.wait(lambda: self.words("READY") or self.process.poll() is not None, "READY")
        assert self.process.poll() is None, f"the daemon ended\n{self.log()}"

    def stop(self):
        """SIGTERM; returns the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait_end()

    def wait_end(self):
        self.wait(lambda: self.process.poll() is not None, "the end of the daemon")
        return self.process.returncode

    def check_books(self):
        """After a fault the balance must add up, whatever the test was about. A hub that the test
        has left without life is not waited for."""
        from client import check_balance  # which needs this file
        asking = Client(self.endpoint)
        asking.send("STATUS")
        try:
            if asking.socket.poll(5000):
                check_balance(asking.receive()[1], self.log())
        finally:
            asking.close()

    def close(self):
        try:
            if self.killed and self.process and self.process.poll() is None:
                self.check_books()
        finally:
            self._close()

    def _close(self):
        if self.client:
            self.client.close()
        try:
            if self.process and self.process.poll() is None:
                self._end()
        finally:
            self.notify.close()
            log = self.log()
            shutil.rmtree(self.folder, ignore_errors=True)
        if re.search(r"Sanitizer|runtime error:", log):
            pytest.fail(f"a sanitizer has something to say\n{log}")

    def _end(self):
        children = self.children()
        for pid in children.values():  # a test that failed may have left one stopped
            send(pid, signal.SIGCONT)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
            self.wait(lambda: not any(alive(pid) for pid in children.values()),
                      "the end of all processes")
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"the daemon did not stop\n{self.log()}")
        finally:
            for pid in children.values():
                if alive(pid):
                    send(pid, signal.SIGKILL)

    # ---- Processes

    def children(self):
        """{"hub": pid, "blk": pid, ...} of what is running now."""
        found = {}
        if self.process is None:
            return found
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and parent_of(entry.name) == self.process.pid:
                words = command_of(entry.name)
                if "--plugin" in words:
                    found[words[words.index("--plugin") + 1]] = int(entry.name)
                elif "--role" in words:
                    found[words[words.index("--role") + 1]] = int(entry.name)
        return found

    def pid(self, name):
        return self.wait(lambda: self.children().get(name), f"a process {name}")

    def kill(self, name, how=signal.SIGKILL, pid=None):
        """Sends a signal to one process and returns the number that it had. To hit something that
        passes quickly, its number is found out before, by pid()."""
        pid = pid or self.pid(name)
        self.killed = self.killed or how == signal.SIGKILL
        self.client_is_old = self.client_is_old or (name == "hub" and how == signal.SIGKILL)
        os.kill(pid, how)
        return pid

    def kill_all(self):
        """kill -9 of everything, the supervisor first."""
        pids = list(self.children().values())
        self.killed = self.client_is_old = True
        self.process.kill()
        self.process.wait()
        self.wait(lambda: not any(alive(pid) for pid in pids), "the end of all processes")

    def wait_restart(self, name, old):
        """The new process of a name, once it is another one than old."""
        return self.wait(lambda: self.children().get(name) not in (None, old) and
                         self.children().get(name), f"{name} to be started again")

    # ---- What it says

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def wait(self, condition, what, seconds=PATIENCE):
        def looked():
            self.hear()
            return condition()
        return wait_until(looked, what, seconds, self.log)

    def wait_for_log(self, pattern, count=1):
        """Waits until a pattern is in the log so many times; returns the matches."""
        self.wait(lambda: len(re.findall(pattern, self.log())) >= count,
                  f"{pattern!r} in the log")
        return list(re.finditer(pattern, self.log()))

    def hear(self):
        """Takes what the service manager is told: the socket has room for a few messages only, and
        more would be lost."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.told.append(self.notify.recv(4096).decode())

    def words(self, name):
        """Values of NAME=... that the service manager was told so far."""
        self.hear()
        lines = [line for text in self.told for line in text.split("\n")]
        return [line.split("=", 1)[1] for line in lines if line.startswith(name + "=")]

    # ---- The hub

    @property
    def endpoint(self):
        return f"ipc://{self.folder}/run/hub.sock"

    def request(self, verb, options=None, events=()):
        if self.client and self.client_is_old:
            # What is sent while a broken connection has not been noticed yet is lost.
            self.client.close()
            self.client = None
        if self.client is None:
            self.client, self.client_is_old = Client(self.endpoint), False
        return self.client.request(verb, options, events)

    def publish(self, events):
        """As the local administrator; every event must be accepted."""
        for at in range(0, len(events), 500):
            kind, result, _ = self.request("PUBLISH", {}, events[at:at + 500])
            assert kind == "OK" and not result["rejected"], result
        return result

    def fetch_all(self, types=None):
        """Every event of the journal, of these types."""
        got, after = [], "0"
        while True:
            options = {"after": after, "max_events": 1000}
            if types:
                options["types"] = types
            kind, result, events = self.request("FETCH", options)
            assert kind == "EVENTS", result
            got += events
            if result["cursor"] == after or result["behind"] == 0:
                return got
            after = result["cursor"]


    def listens_to(self, plugin):
        """The types that a plugin of this node says it listens to."""
        if plugin not in self.subscribed:
            folder = self.config["plugin_path"]
            file = self.config["plugins"][plugin].get("module", f"{folder}/{plugin}.so")
            told = re.search(r"^subscribes to: (.*)$", self.run("--describe", file).stdout, re.M)
            self.subscribed[plugin] = told[1].split() if told else []
        return self.subscribed[plugin]

    def has_more(self, plugin, cursor):
        """True if there is anything behind a cursor that the plugin listens to."""
        types, behind = self.listens_to(plugin), 1
        options = {"after": cursor, "max_events": 1}
        if "*" not in types:
            options["types"] = types
        while behind:
            kind, result, events = self.request("FETCH", options)
            assert kind == "EVENTS", result
            if events:
                return True
            options["after"], behind = result["cursor"], result["behind"]
        return False

    def settle(self):
        """Waits until every plugin has taken all that it listens to, what the others have said
        meanwhile included, and returns the STATUS of then.

        A plugin's cursor and what it says are committed together. So nobody will say anything more
        once nobody has anything left behind the cursors of one and the same moment; that is looked
        for after that moment, never before. (A cursor passes what its plugin does not listen to
        when its FETCH ends, up to a second later: that is not waited for.) Nor are timers.
        """
        def quiet():
            status = self.request("STATUS")[1]
            consumers = {c["name"]: c for c in status["consumers"]}
            for plugin in self.config["plugins"]:
                one = consumers.get(f"{plugin}/main")
                if not one or (one["pending"] and self.has_more(plugin, one["cursor"])):
                    return None
            return status

        return self.wait(quiet, "all plugins to have everything")


def send(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def parent_of(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return 0


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return False


@pytest.fixture
def node():
    nodes = []

    def make(plugins=None, **config):
        nodes.append(Node(plugins, **config))
        return nodes[-1]

    yield make
    with contextlib.ExitStack() as ending:  # each of them, even if another one fails
        for one in reversed(nodes):
            ending.callback(one.close)


@pytest.fixture(scope="session")
def cluster():
    """The PostgreSQL of all tests that leave it as it is, but for databases of their own."""
    with pg.Cluster() as made:
        yield made


@pytest.fixture
def database(cluster):
    """An empty database."""
    database = cluster.database()
    yield database
    database.drop()
