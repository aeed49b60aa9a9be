"""Under systemd the log's lines go to journald with fields, and never with a person in them."""

import os
import shutil
import socket
import subprocess
import threading

import pytest

from conftest import event

READY = "20ba4a937aa6454398ecddad736f84ad"
CHILD_DIED = "1b3794594d6247e6bc5d943cd673780c"
REJECTED = "9358142b81a14702a7de546d1928b4d5"
NIK = "3375014505990001"


def may_mount():
    return shutil.which("unshare") and \
        subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not may_mount(), reason="journald's socket can only be put into "
                                "place in a mount namespace, which takes root")


class Journald:
    """What journald would have received: its socket, at its place, for one process only."""

    def __init__(self, folder):
        (folder / "journal").mkdir()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "journal" / "socket"))
        self.entries = []
        # All the time: the socket has room for a few lines only, and who writes more waits.
        threading.Thread(target=self._read, daemon=True).start()
        self.wrapper = ["unshare", "--mount", "sh", "-c",
                        "mount -t tmpfs none /run && mkdir /run/systemd && "
                        f"mount --bind {folder} /run/systemd && exec \"$@\"", "sh"]

    def _read(self):
        while True:
            text = self.socket.recv(65536).decode()
            self.entries.append(dict(line.split("=", 1) for line in text.splitlines()))

    def read(self):
        return list(self.entries)

    def find(self, **fields):
        return [entry for entry in self.read() if fields.items() <= entry.items()]


def test_lines_carry_fields_and_ids(node):
    n = node({"blk": {"audiences": ["blk"]}})
    journald = Journald(n.folder)
    n.log_file.touch()
    told = os.stat(n.log_file)
    n.environment["JOURNAL_STREAM"] = f"{told.st_dev}:{told.st_ino}"
    n.wrapper = journald.wrapper
    n.start()
    n.wait(lambda: journald.find(MESSAGE_ID=READY, PROCESS="supervisor"), "the ready line")
    n.wait(lambda: journald.find(PLUGIN="blk", PROCESS="blk", PRIORITY="6"), "a line of the plugin")

    bad = event("outcome.reported", {"nik": NIK, "date": "2024-01-01", "status": "rich"})
    kind, result, _ = n.request("PUBLISH", {}, [bad])
    assert (kind, len(result["rejected"])) == ("OK", 1)
    [line] = n.wait(lambda: journald.find(MESSAGE_ID=REJECTED), "the rejection")
    assert (line["AGENCY"], line["PROCESS"], line["PRIORITY"]) == ("local", "hub", "4")

    n.write_config(nonsense=1)
    n.reload()
    wrong = n.wait(lambda: [e for e in journald.read() if "nonsense" in e["MESSAGE"]], "the reason")
    assert [(e["PRIORITY"], e["PROCESS"]) for e in wrong] == [("3", "check")]
    del n.config["nonsense"]
    n.write_config()

    n.kill("blk")
    [line] = n.wait(lambda: journald.find(MESSAGE_ID=CHILD_DIED), "the end of the plugin")
    assert (line["PLUGIN"], line["PROCESS"]) == ("blk", "supervisor")
    assert n.log() == "", "what goes to journald does not go to stderr, too"
    assert NIK not in str(journald.read())
