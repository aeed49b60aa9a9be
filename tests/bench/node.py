"""A private node for the benchmark: the real daemon with a configuration of its own in a folder
that is gone when it is closed."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("B", ROOT / "build")).resolve()
SOCKET_PATH_MAX = 107


def work_folder():
    """Below the build folder, and so on its disk; elsewhere only if socket paths get too long."""
    base = BUILD
    if len(str(base)) + len("/bench-12345678/node/run/plugins.sock") > SOCKET_PATH_MAX:
        base = None
    return pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=base))


def make_person_key(path):
    path.write_text("0123456789abcdef" * 4 + "\n")
    path.chmod(0o600)


class Node:
    """with Node(folder, plugins) as node: ...   Running and ready inside of the block."""

    def __init__(self, folder, person_key, plugins=None, environment=None):
        self.folder = pathlib.Path(folder) / "node"
        self.folder.mkdir()
        self.environment = environment or {}
        self.config = {
            "node": "bench", "region": "33", "state": "state", "run": "run", "log": "warning",
            "schemas": str(ROOT / "schemas"), "plugin_path": str(BUILD / "plugins"),
            "person_key": str(person_key), "plugins": plugins or {},
        }
        self.process = None
        self.log = self.folder / "log"

    @property
    def endpoint(self):
        return f"ipc://{self.folder}/run/hub.sock"

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        config = self.folder / "jejaringd.yaml"
        config.write_text(json.dumps(self.config))  # JSON is YAML
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with notify, open(self.log, "ab") as log:
            (self.folder / "notify").unlink(missing_ok=True)
            notify.bind(str(self.folder / "notify"))
            environment = dict(os.environ, **self.environment,
                               NOTIFY_SOCKET=str(self.folder / "notify"))
            self.process = subprocess.Popen([BUILD / "jejaringd", "-c", config], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, env=environment)
            notify.settimeout(30)
            while b"READY=1" not in notify.recv(4096):
                pass
        # What it says later goes nowhere: nobody listens at that address any more.

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self):
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def words(self):
        """The end of the log, for a message about a failure."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-10:])

    # -- its processes

    def pids(self):
        """The supervisor and its children."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *map(int, children.read_text().split())]

    def resident_kib(self):
        """(resident, proportional): the second counts a shared page once."""
        resident = proportional = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                resident += int(line.split()[1]) if line.startswith("Rss:") else 0
                proportional += int(line.split()[1]) if line.startswith("Pss:") else 0
        return resident, proportional

    def cpu_seconds(self, role=None):
        """CPU time of all threads so far, to the nanosecond; of one role only if it is named."""
        total = 0
        for pid in self.pids():
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if role is None or role.encode() in words:
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def settle(self, seconds=10):
        """Until the work that was left for a quiet moment is done."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = self.cpu_seconds()
            time.sleep(1.2)  # its loop turns once a second when nothing happens
            if self.cpu_seconds() - before < 0.01:
                return

    def idle(self, seconds):
        """What it costs to be there: memory, and CPU over some seconds."""
        time.sleep(2)
        processes, start, before = len(self.pids()), time.monotonic(), self.cpu_seconds()
        time.sleep(seconds)
        percent = 100 * (self.cpu_seconds() - before) / (time.monotonic() - start)
        resident, proportional = self.resident_kib()
        return {"processes": processes, "seconds": seconds, "cpu_percent": round(percent, 3),
                "rss_mib": round(resident / 1024, 1), "pss_mib": round(proportional / 1024, 1)}
