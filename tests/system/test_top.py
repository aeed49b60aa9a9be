"""jejaringctl top, and the file in which the supervisor tells of its processes."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import pytest

from conftest import PATIENCE, vacancy, wait_until
from test_ctl import CTL, ctl


def processes(n):
    """What the supervisor tells, by name."""
    file = n.folder / "run" / "processes.json"
    if not file.exists():
        return {}
    return {p["name"]: p for p in json.loads(file.read_text())["processes"]}


# ---- The supervisor's file


def test_the_supervisor_tells_of_its_processes(node):
    n = node({"blk": {"audiences": ["blk"]}}).start()
    n.wait(lambda: {name: p["state"] for name, p in processes(n).items()} ==
           {"hub": "up", "blk": "up"}, "both to be up")
    told = processes(n)
    assert {name: p["pid"] for name, p in told.items()} == n.children()
    assert told["blk"]["restarts"] == 0 and told["blk"]["ended"] == ""
    old = n.kill("blk")
    n.wait_restart("blk", old)
    n.wait(lambda: processes(n)["blk"]["state"] == "up" and processes(n)["blk"]["restarts"] == 1,
           "the restart to be told")
    assert "SIGKILL" in processes(n)["blk"]["ended"]
    assert processes(n)["hub"]["restarts"] == 0
    n.stop()
    assert not (n.folder / "run" / "processes.json").exists()


def test_a_process_that_cannot_start_is_told_as_waiting(node):
    n = node({"blk": {"audiences": ["blk"]}}).start()
    os.kill(n.pid("hub"), signal.SIGSTOP)
    n.kill("blk")
    n.wait(lambda: processes(n)["blk"]["state"] == "starting", "the new one to wait for the hub")
    os.kill(n.pid("hub"), signal.SIGCONT)
    n.wait(lambda: processes(n)["blk"]["state"] == "up", "it to be up")


# ---- One picture


def test_one_picture_holds_everything(node):
    n = node({"blk": {"audiences": ["blk"]}}).start()
    n.publish([vacancy() for _ in range(20)])
    n.request("FETCH", {"name": "lambat"})
    n.wait(lambda: processes(n).get("blk", {}).get("state") == "up", "blk to be up")
    shown = ctl("top", "--once", "--interval", "100ms", node=n)
    assert shown.returncode == 0, shown.stderr
    assert "\033" not in shown.stdout
    lines = {line.split()[0]: line.split() for line in shown.stdout.splitlines() if line}
    assert lines["Jejaring"][1:4] == ["uji,", "region", "33.75,"]
    assert lines["intake"][1] == "0/s" and "20 accepted so far" in shown.stdout
    assert "of 4.0 GiB" in " ".join(lines["journal"]) and "free" in lines["disk"]
    assert lines["quarantine"][1] == "0"
    assert lines["hub"][1] == lines["blk"][1] == "up"
    assert lines["local/lambat"][1:3] == ["0", "20"]


def test_the_picture_as_json(node):
    n = node().start()
    n.publish([vacancy() for _ in range(20)])
    n.request("FETCH", {"name": "lambat"})
    done = ctl("top", "--once", "--json", "--interval", "100ms", node=n)
    told = json.loads(done.stdout)
    assert told["reachable"] is True
    assert told["rates"]["accepted"] == 0 and told["rates"]["consumers"] == {"local/lambat": 0}
    assert [(p["name"], p["state"]) for p in told["processes"]] == [("hub", "up")]
    one = told["status"]["consumers"][0]
    assert one["pending"] == 20 and one["lag_ms"] > 0
    journal = told["status"]["journal"]
    assert journal["limit_bytes"] == 4 << 30
    assert 0 < journal["free_bytes"] <= journal["disk_bytes"]


def test_a_consumer_that_has_caught_up_has_no_lag(node):
    n = node().start()
    n.publish([vacancy()])
    n.request("COMMIT", {"name": "cepat", "cursor": "1"})
    assert n.request("STATUS")[1]["consumers"][0]["lag_ms"] == 0


def test_a_hub_that_does_not_answer_is_told_and_not_waited_for(node):
    n = node().start()
    hub = n.pid("hub")
    n.wait(lambda: processes(n).get("hub", {}).get("state") == "up", "the hub to be told of")
    os.kill(hub, signal.SIGSTOP)
    done = ctl("top", "--once", "--timeout", "1600ms", node=n)
    os.kill(hub, signal.SIGCONT)
    assert done.returncode == 4
    assert re.search(r"The hub has not answered for \d+ s; still trying", done.stdout)
    assert "hub                  up" in done.stdout
    n.stop()
    done = ctl("top", "--once", "--timeout", "1h", node=n)  # where nobody listens it does not wait
    assert done.returncode == 4 and "jejaringd is not running." in done.stdout


def test_who_may_not_ask_is_told(node):
    n = node()
    door = f"ipc://{n.folder}/run/kantor.sock"
    n.write_config(agencies="agencies.d", hub={"listen": [{"endpoint": door, "as": "kantor"}]})
    (n.folder / "agencies.d").mkdir()
    (n.folder / "agencies.d" / "kantor.yaml").write_text(
        json.dumps({"id": "kantor", "name": "Kantor", "audiences": ["opd"], "regions": ["33.75"]}))
    n.start()
    done = ctl("top", "--once", "--endpoint", door)
    assert done.returncode == 1 and "only the local administrator" in done.stderr


@pytest.mark.parametrize("words, message", [
    (["--interval", "soon"], "--interval: a duration from 100ms to 1h is expected"),
    (["--interval", "10ms"], "--interval: a duration from 100ms to 1h is expected"),
])
def test_a_wrong_interval_is_refused(node, words, message):
    done = ctl("top", *words, node=node())
    assert done.returncode == 2 and message in done.stderr


# ---- The screen


class Terminal:
    """jejaringctl top in a terminal of its own, and all that it has written there."""

    def __init__(self, n, columns=100, rows=24, **environment):
        self.n, self.text = n, ""
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            [CTL, "-c", str(n.file), "top", "--interval", "100ms"], stdin=self.slave,
            stdout=self.slave, stderr=self.slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, **environment})
        os.set_blocking(self.master, False)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        try:
            while got := os.read(self.master, 65536):
                self.text += got.decode()
        except BlockingIOError:
            pass
        return self.text

    def wait(self, what, text=None, seconds=PATIENCE):
        """Until a text has been written since the last call, or a condition holds."""
        start = len(self.text)
        wait_until(lambda: what in self.read()[start:] if text is None else text(), what, seconds,
                   lambda: self.text[-3000:])

    def last(self):
        """The newest whole picture, as lines."""
        pictures = self.read().split("\033[H")
        return pictures[-2].replace("\033[K", "").replace("\033[J", "").split("\r\n")

    def type(self, keys):
        os.write(self.master, keys)

    def end(self):
        """Waits for its end; the terminal must be as it was before."""
        wait_until(lambda: (self.read(), self.process.poll() is not None)[1], "its end",
                   log=lambda: self.text[-3000:])
        self.read()
        assert self.text.rstrip().endswith("\033[?25h\033[?1049l"), self.text[-100:]
        assert termios.tcgetattr(self.slave) == self.before
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def screen(node):
    opened = []

    def make(n=None, **options):
        opened.append(Terminal(n or node({"blk": {"audiences": ["blk"]}}).start(), **options))
        return opened[-1]
    yield make
    for one in opened:
        one.close()


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "ctrl-c"])
def test_q_and_ctrl_c_end_it_and_restore_the_terminal(screen, key):
    top = screen()
    top.wait("Jejaring uji")
    assert top.text.startswith("\033[?1049h\033[?25l")
    top.wait("q ends")
    top.type(key)
    assert top.end() == 0


def test_a_signal_ends_it_and_restores_the_terminal(screen):
    top = screen()
    top.wait("Jejaring uji")
    top.process.terminate()
    assert top.end() == 0


def test_it_fits_the_terminal_also_when_that_changes(screen):
    top = screen(columns=100, rows=24)
    for i in range(30):
        top.n.request("FETCH", {"name": f"pembaca{i:02}"})
    top.wait("... and", seconds=PATIENCE)
    for columns, rows in [(100, 24), (60, 12), (140, 40)]:
        top.resize(columns, rows)
        mark = len(top.read())
        top.wait("the new size", lambda: len(top.read()[mark:].split("\033[H")) > 3)
        lines = top.last()
        assert len(lines) <= rows, lines
        assert all(len(plain(line)) <= columns for line in lines), lines
        assert lines[-1] == "q ends"


def plain(line):
    for code in ("\033[1m", "\033[31m", "\033[0m"):
        line = line.replace(code, "")
    return line


def test_it_goes_on_while_the_hub_is_away(screen):
    top = screen()
    top.wait("accepted so far")
    hub = top.n.pid("hub")
    os.kill(hub, signal.SIGSTOP)
    top.wait("The hub has not answered for")
    assert "still trying" in top.text
    os.kill(hub, signal.SIGCONT)
    top.wait("an answer", lambda: "has not answered" not in "".join(top.last()))
    old = top.n.kill("hub")
    top.n.wait_restart("hub", old)
    top.wait("the restart", lambda: any(line.startswith("hub") and " up " in line and
                                        line.split()[4] == "1" for line in
                                        map(plain, top.last())))
    top.type(b"q")
    assert top.end() == 0


def test_colours_are_left_out_on_request(screen):
    coloured = screen()
    coloured.wait("q ends")
    assert "\033[1m" in coloured.text
    bare = screen(coloured.n, NO_COLOR="1")
    bare.wait("q ends")
    assert "\033[1m" not in bare.text and "\033[31m" not in bare.text
