"""Nodes that report to one another, on this machine: a province, its regencies, and a line between
them that can be cut.

    p = province(node)                      # with a CURVE door
    r = regency(node, p, "33.75")           # its uplink goes through r.line
    r.line.cut(); r.line.mend()
"""

import json
import shutil
import socket
import threading
import time

from client import free_port, nik
from conftest import event
from test_ctl import ctl


class Line:
    """TCP to one port, that can be cut: connections end, and new ones are refused. With a rate (bytes
    a second upward) it is a slow one."""

    def __init__(self, port):
        self.target = port
        self.whole = True
        self.sockets = set()
        self.carried = 0  # bytes upward
        self.rate = None
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                if not self.whole:
                    raise ConnectionError
                far = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                near.close()
                continue
            self.sockets |= {near, far}
            if not self.whole:
                self.cut()
            for one, other, up in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._carry, args=(one, other, up), daemon=True).start()

    def _carry(self, one, other, up):
        try:
            while data := one.recv(65536):
                if up:
                    self.carried += len(data)
                    time.sleep(len(data) / self.rate if self.rate else 0)
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            self.sockets.discard(end)
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def cut(self):
        self.whole = False
        for one in list(self.sockets):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def mend(self):
        self.whole = True

    def close(self):
        self.listener.close()
        self.cut()


def upper(node, name="jateng", region="33", plugins=None, **config):
    """A node that others can report to, not started yet."""
    n = node(plugins or {}, node=name, region=region, **config)
    assert ctl("keys", "curve", str(n.folder / "server.key")).returncode == 0
    key = n.folder / "person.key"
    assert ctl("keys", "new", str(key)).returncode == 0
    n.port = free_port()
    n.write_config(server_key="server.key", person_key="person.key",
                   hub={"listen": [{"endpoint": f"tcp://127.0.0.1:{n.port}"}]})
    # A loopback address speaks CURVE like any other: it names nobody.
    return n


def enlist(above, id_, region, name=None, sees="33", audience="public"):
    """Makes the node's agency file on the node above; returns the bundle."""
    bundle = above.folder / id_
    done = ctl("agency", "add", id_, "--name", f"Simpul {id_}", "--audience", audience, "--region",
               region, "--sees", sees, "--publish", "*", "--node", name or id_, "--host",
               "127.0.0.1", "--bundle", str(bundle), node=above)
    assert done.returncode == 0, done.stderr
    if above.process:
        above.reload()
    return bundle


def attach(n, above, bundle, **options):
    """Gives a node an uplink through a line of its own."""
    n.line = Line(above.port)
    target = n.folder / bundle.name
    shutil.copytree(bundle, target)
    told = json.loads((target / "connection.json").read_text())
    told["endpoint"] = f"tcp://127.0.0.1:{n.line.port}"
    (target / "connection.json").write_text(json.dumps(told))
    shutil.copy(above.folder / "person.key", n.folder / "person.key")
    plugins = {**n.config["plugins"],
               "uplink": {"audiences": ["province"], "regions": ["*"],
                          "options": {"connection": bundle.name, **options}}}
    n.write_config(plugins=plugins, person_key="person.key")
    return n


def regency(node, above, region, id_=None, name=None, plugins=None, sees="33", **options):
    """A regency's node with an uplink, enlisted above, not started yet."""
    id_ = id_ or f"kab-{region.replace('.', '-')}"
    bundle = enlist(above, id_, region, name or id_, sees)
    n = node(plugins or {}, node=name or id_, region=region)
    n.id = id_
    return attach(n, above, bundle, **options)


def status_of(above, name):
    """What STATUS of the node above says about one below."""
    return next((n for n in above.request("STATUS")[1]["nodes"] if n["name"] == name), None)


def says(n):
    """What the uplink of a node says about itself."""
    return next((c.get("says", "") for c in n.request("STATUS")[1]["consumers"]
                 if c["name"] == "uplink/main"), "")


def waiting(n):
    """How many events a node's uplink has still to bring up."""
    return next((c["pending"] for c in n.request("STATUS")[1]["consumers"]
                 if c["name"] == "uplink/main"), None)


def identities(events):
    return sorted((e["source"], e["id"]) for e in events)


def joined(node, lines):
    """A province and a regency that reports to it, both running; the regency is added to lines."""
    p = upper(node).start()
    r = regency(node, p, "33.75", name="pekalongan")
    lines.append(r)
    r.start()
    return p, r


def outcomes(count, first=0, **attributes):
    return [event("outcome.reported", {"nik": nik(first + i), "date": "2024-03-01",
                                       "status": "employed"}, **attributes)
            for i in range(count)]


def arrived(p, r, types=None):
    """Waits until the province has what the regency has; returns what the province has."""
    r.wait(lambda: waiting(r) == 0, "the regency's uplink to be done")
    return p.fetch_all(types)
