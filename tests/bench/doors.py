"""The parts of the benchmark that agencies take part in, each with a CURVE key of its own: what CURVE
costs, fan-out to many with different rights, many who are there and do nothing, and attacks."""

import contextlib
import json
import os
import pathlib
import resource
import socket
import statistics
import sys
import time

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from attacks import ATTACKS, under
from node import Node

AUDIENCES = ["blk", "industry", "cooperative", "capital", "disability", "opd", "province", "public"]
REGIONS = [["*"], ["33"], ["33.75"], ["33.26", "33.75"]]
SUBSCRIBERS = 50
FANOUT_PER_S = 2000
CROWD = 500
DESCRIPTORS = 256  # of the hub under attack; the attacks hold twice as many connections
PLACES = 64  # at the door, of the hub, for who has not proved who he is
CROWDS = ("idle", "half-open", "garbage", "versions")


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class AgencyNode(Node):
    """A node with one door for agencies; agencies: {id: (audiences, regions, types)}. With plain the
    door asks for no key: whoever comes is the agency of that name."""

    def __init__(self, folder, person_key, agencies, plain=None):
        super().__init__(folder, person_key)
        self.port = free_port()
        self.agencies = agencies
        self.pairs = {one: tuple(key.decode() for key in zmq.curve_keypair()) for one in agencies}
        server, secret = (key.decode() for key in zmq.curve_keypair())
        self.server = server
        (self.folder / "server.key").touch(0o600)
        (self.folder / "server.key").write_text(secret + "\n")
        (self.folder / "agencies.d").mkdir()
        for one, (audiences, regions, types) in agencies.items():
            (self.folder / "agencies.d" / f"{one}.yaml").write_text(json.dumps(
                {"id": one, "name": one, "audiences": audiences, "regions": regions,
                 "publishes": types, "public_key": self.pairs[one][0]}))
        door = {"endpoint": self.door, **({"as": plain} if plain else {})}
        self.config.update(server_key="server.key", agencies="agencies.d", hub={"listen": [door]})

    @property
    def door(self):
        return f"tcp://127.0.0.1:{self.port}"

    def keys(self, agency):
        """As JJ_BENCH_KEYS wants them."""
        return " ".join((self.server, *self.pairs[agency]))

    def hub(self):
        for pid in self.pids():
            if b"hub" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return pid
        raise RuntimeError("there is no hub\n" + self.words())


def memory_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


EVERYTHING = {"penerbit": (["province"], ["*"], ["*"])}


def curve(bench, tool, figures):
    """The same events by tcp, without and with CURVE; one right after the other."""
    def intake(plain):
        with AgencyNode(bench.folder, bench.person_key, EVERYTHING, plain) as node:
            environment = {} if plain else {"JJ_BENCH_KEYS": node.keys("penerbit")}
            return tool("bench_client", "publish", node.door, bench.events, 500, 16,
                        environment=environment)["events_per_s"]
    figures["plain_intake_per_s"] = intake("penerbit")
    figures["curve_intake_per_s"] = intake(None)
    figures["curve_ratio"] = figures["curve_intake_per_s"] / figures["plain_intake_per_s"]


def fanout(bench, tool, figures):
    """One who publishes at a steady rate, and subscribers of every kind."""
    readers = {f"pelanggan-{number}": ([AUDIENCES[number % len(AUDIENCES)]],
                                       REGIONS[number // len(AUDIENCES) % len(REGIONS)], [])
               for number in range(SUBSCRIBERS)}
    events = bench.folder / "fanout.jsonl"
    with open(bench.events, "rb") as file:
        events.write_bytes(b"".join(line for line, _ in zip(file, range(bench.options.fanout))))
    with AgencyNode(bench.folder, bench.person_key, {**EVERYTHING, **readers}) as node:
        keys = bench.folder / "keys"
        keys.write_text("\n".join([node.server, *(" ".join(pair) for pair in
                                                  node.pairs.values())]) + "\n")
        before = node.cpu_seconds("hub")
        told = tool("bench_fanout", node.door, events, FANOUT_PER_S, keys)
        seconds = told["events"] / told["published_per_s"]
        figures["fanout_hub_cpu_percent"] = 100 * (node.cpu_seconds("hub") - before) / seconds
    for name in ("published_per_s", "delivered_per_s", "lag_ms"):
        figures[f"fanout_{name}"] = told[name]


def crowd(bench, seconds):
    """500 agencies that are connected, wait for events, and get none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    agencies = {f"instansi-{number}": (["industry"], ["33.75"], []) for number in range(CROWD)}
    with AgencyNode(bench.folder, bench.person_key, agencies) as node:
        context, sockets = zmq.Context(), []
        context.max_sockets = CROWD + 16
        for one in agencies:
            socket_ = context.socket(zmq.DEALER)
            socket_.linger = 0
            socket_.curve_serverkey = node.server.encode()
            socket_.curve_publickey, socket_.curve_secretkey = map(str.encode, node.pairs[one])
            socket_.connect(node.door)
            socket_.send_multipart([b"JJ1", b"HELLO", b"1", b"{}"])
            sockets.append(socket_)
        for socket_ in sockets:
            if not socket_.poll(20000):
                raise RuntimeError("an agency of the crowd does not come in\n" + node.words())
            socket_.recv_multipart()
            socket_.send_multipart([b"JJ1", b"FETCH", b"2", b'{"name":"x","wait_ms":60000}'])
        node.settle()
        before, start = node.cpu_seconds("hub"), time.monotonic()
        time.sleep(seconds)
        percent = 100 * (node.cpu_seconds("hub") - before) / (time.monotonic() - start)
        memory = memory_kib(node.hub())
        for socket_ in sockets:
            socket_.close(0)
        context.term()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return {"agencies": CROWD, "hub_rss_mib": round(memory / 1024, 1),
            "hub_cpu_percent": round(percent, 3)}


# ---- Under attack

def latency(tool, bench, node, first):
    """Publish to acknowledgement of the honest agency: p50, p99 in microseconds."""
    told = tool("bench_client", "latency", node.door, bench.folder / "single.jsonl", first,
                bench.options.attack_samples, environment={"JJ_BENCH_KEYS": node.keys("baik")})
    return told["ack"]["p50_us"], told["ack"]["p99_us"]


def descriptors(node):
    return len(os.listdir(f"/proc/{node.hub()}/fd"))


def wait_for_crowd(node, name, before):
    end = time.monotonic() + 10
    while name in CROWDS[:2] and time.monotonic() < end and descriptors(node) < before + PLACES:
        time.sleep(0.05)


def attack(bench, tool, say):
    """Each attack on a hub of its own: the honest agency before, meanwhile and afterwards. An attacker
    brings a machine of his own: this one is the hub's and the honest agency's, and he has of it what
    they leave, or else it would be measured how three share two processors."""
    agencies = {"baik": (["province"], ["*"], ["*"]),
                "jahat": (["industry"], ["*"], ["vacancy.opened"])}
    result = {}
    samples = bench.options.attack_samples
    for name in ATTACKS:
        with AgencyNode(bench.folder, bench.person_key, agencies) as node:
            tool("bench_client", "publish", node.endpoint, bench.events_small, 500, 4)
            resource.prlimit(node.hub(), resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
            quiet = [latency(tool, bench, node, turn * samples) for turn in range(2)]
            rss, before = memory_kib(node.hub()), descriptors(node)
            keys = node.keys("jahat").split()
            with under(name, node.door, [key.encode() for key in keys], 120, behind=True):
                wait_for_crowd(node, name, before)
                meanwhile = latency(tool, bench, node, 2 * samples)
                grown = memory_kib(node.hub())
            after = latency(tool, bench, node, 3 * samples)
        calm = statistics.mean(p99 for _, p99 in quiet)
        result[name] = {
            "quiet_p99_us": round(calm, 1), "p50_us": meanwhile[0], "p99_us": meanwhile[1],
            "p99_ratio": round(meanwhile[1] / calm, 2), "after_p99_us": after[1],
            "memory_percent": round(100 * (grown - rss) / rss, 1)}
        say(f"attack {name}: p99 {calm:.0f} us, meanwhile {meanwhile[1]:.0f} us "
            f"({meanwhile[1] / calm:.2f}), hub {rss / 1024:.1f} MiB, "
            f"{result[name]['memory_percent']:+.1f} %")
    return result
