"""The daemon under the seccomp part of its systemd unit: everything it does has to go on working."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

from client import connected
from conftest import ROOT, SANITIZED, event
from test_agency import add, door, open_node

UNIT = ROOT / "systemd" / "jejaringd.service"
CONFINE = ["/usr/bin/python3", str(pathlib.Path(__file__).with_name("confine.py")), str(UNIT)]

pytestmark = [
    pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here"),
    pytest.mark.skipif(SANITIZED, reason="a sanitizer needs system calls that a service does not"),
]

GRADUATES = """NIK;Nama;Tanggal Lulus;Kejuruan;Program;Angkatan;Tahun;Sumber Dana
3375014505990001;SITI AMINAH;2024-03-01;las-smaw-3g;Las SMAW 3G;I;2024;APBD
"""


def confined(code):
    """What a line of Python sees under the confinement."""
    done = subprocess.run([*CONFINE, "/usr/bin/python3", "-c", code], capture_output=True, text=True,
                          timeout=60)
    return done.stdout.strip() or done.stderr


def test_the_unit_is_as_confined_as_its_page_says():
    """--threshold=15: an exposure above 1.5 fails."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=15",
                           "--no-pager", str(UNIT)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"exposure level for jejaringd.service: ([0-9.]+)", done.stdout)[1]
    page = (ROOT / "systemd" / "README.md").read_text()
    assert f"(`systemd-analyze security jejaringd`: {told})" in page


@pytest.mark.parametrize("code, expected", [
    ("import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)", "PermissionError"),
    ("import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "OSError: [Errno 97]"),
    ("import os; os.chroot('/')", "PermissionError"),
    ("import socket; socket.socket(socket.AF_INET); print('fine')", "fine"),
])
def test_the_confinement_confines(code, expected):
    assert expected in confined(code)


def test_the_daemon_works_under_its_unit(node, database):
    """A file, CURVE from outside, a second hub socket, PostgreSQL, a reload and a clean end."""
    n = open_node(node)
    bundle = add(n, "bank", "--publish", "loan.applied")
    inbox = n.folder / "inbox"
    n.write_config(plugins={
        "blk": {"audiences": ["blk"], "inbox": str(inbox)},
        "warehouse": {"audiences": ["node"], "regions": ["*"],
                      "options": {"conninfo": database.conninfo}}})
    n.wrapper = CONFINE
    n.start()
    drop = inbox / "alumni.graduated"
    (drop / "lulusan.tmp").write_text(GRADUATES)
    (drop / "lulusan.tmp").rename(drop / "lulusan.csv")
    n.wait(lambda: (drop / "done" / "lulusan.csv").exists(), "the file to be taken")
    endpoint, curve = door(bundle)
    with connected(endpoint, curve=curve) as connection:
        loan = event("loan.applied", {"nik": "3375014505990001", "date": "2024-05-01",
                                      "scheme": "kur_mikro", "amount": 20000000})
        kind, told, _ = connection.request("PUBLISH", {}, [json.dumps(loan).encode()])
        assert (kind, told["accepted"]) == ("OK", 1), told
    n.wait(lambda: database.psql("SELECT count(*) FROM jejaring.loan").strip() == "1",
           "the loan in the warehouse")
    assert database.psql("SELECT count(*) FROM jejaring.alumni").strip() == "1"
    n.reload()
    assert n.stop() == 0
