"""jejaringctl top, and the file in which the supervisor tells of its processes."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import time

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
