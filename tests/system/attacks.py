"""What somebody may try at a hub's door, each in a process of its own that stops by itself.

    with under("idle", endpoint, keys=curve, seconds=5): ...

or by hand: python3 attacks.py NAME ENDPOINT SECONDS [SERVER_KEY PUBLIC_KEY SECRET_KEY]. Loopback only,
bounded in connections and in time. The first four need no key; the others are those of an agency
that is let in.
"""

import contextlib
import errno
import json
import pathlib
import random
import select
import signal
import socket
import subprocess
import sys
import time

import zmq

BURST = 32         # connections begun at a time
CONNECTIONS = 512  # twice the descriptors that the hub under test is allowed
SIGNATURE = b"\xff" + bytes(8) + b"\x7f"


def address(endpoint):
    host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
    assert host == "127.0.0.1", "loopback only"
    return host, int(port)


def connect(where):
    one = socket.socket()
    one.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        one.connect(where)
    return one


def is_gone(one):
    try:
        return one.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError as error:
        return error.errno != errno.ENOTCONN  # not there yet


def crowd(endpoint, end, greet, pause_s=0.002):
    """Keeps CONNECTIONS open; each says what greet(number) gives, once it is there. They come in
    BURSTs, so that they are a crowd even where this process is seldom given the processor."""
    where, held, number = address(endpoint), {}, 0
    while time.monotonic() < end:
        missing = min(BURST, CONNECTIONS - len(held))
        for number in range(number + 1, number + 1 + missing):
            held[connect(where)] = greet(number)
        time.sleep(missing * pause_s or 0.05)
        waiting = [one for one, words in held.items() if words]
        for one in select.select([], waiting[:500], [], 0)[1] if waiting else []:
            with contextlib.suppress(OSError):
                one.send(held[one])
            held[one] = None
        for one in [one for one in held if is_gone(one)]:
            del held[one]
            one.close()
    for one in held:
        one.close()


def idle(endpoint, end, _keys):
    crowd(endpoint, end, lambda number: None)


def half_open(endpoint, end, _keys):
    """The first bytes of ZMTP, or all of its greeting, and then nothing."""
    greeting = SIGNATURE + b"\x03\x00" + b"CURVE".ljust(20, b"\0") + bytes(32)
    crowd(endpoint, end, lambda number: [SIGNATURE, greeting][number % 2])


def garbage(endpoint, end, _keys):
    pick = random.Random(7)
    crowd(endpoint, end, lambda number: pick.randbytes(pick.randrange(1, 2000)), pause_s=0.005)


def versions(endpoint, end, _keys):
    """ZMTP of versions that there are not, or not any more, and mechanisms nobody offers."""
    greetings = [SIGNATURE + bytes([major, minor]) + mechanism.ljust(20, b"\0") + bytes(32)
                 for major, minor in ((0, 0), (1, 0), (2, 0), (3, 99), (4, 0), (255, 255))
                 for mechanism in (b"NULL", b"PLAIN", b"CURVE", b"x" * 20)]
    crowd(endpoint, end, lambda number: greetings[number % len(greetings)], pause_s=0.005)


# ---- With a key


def dealer(endpoint, keys, **options):
    one = zmq.Context.instance().socket(zmq.DEALER)
    one.curve_serverkey, one.curve_publickey, one.curve_secretkey = keys
    one.linger = 0
    for name, value in options.items():
        setattr(one, name, value)
    one.connect(endpoint)
    return one


def talk(endpoint, end, keys, frames, pause_s):
    """Says it again and again, and takes what comes back."""
    one = dealer(endpoint, keys, sndhwm=4)
    while time.monotonic() < end:
        with contextlib.suppress(zmq.Again):
            one.send_multipart(frames(), zmq.NOBLOCK, copy=False)
        while one.poll(0):
            one.recv_multipart()
        time.sleep(pause_s)


def sizes(endpoint, end, keys):
    """Frames of nothing, and one byte beyond the limit."""
    large = b" " * ((1 << 20) + 1)
    turns = [[], [b"", b"", b"", b""], [b"JJ1", b"PUBLISH", b"1", b"{}", b""],
             [b"JJ1", b"PUBLISH", b"1", b"{}", large], [b"JJ1", b"PUBLISH", b"1", large]]
    pick = random.Random(7)
    talk(endpoint, end, keys, lambda: pick.choice(turns) or [b""], pause_s=0.05)


def frames(endpoint, end, keys):
    many = [b"JJ1", b"PUBLISH", b"1", b"{}"] + [b"{}"] * 10000
    talk(endpoint, end, keys, lambda: many, pause_s=0.1)


def refused(endpoint, end, keys):
    """500 events a message that are nothing, as fast as they are answered."""
    event = json.dumps({"specversion": "1.0", "id": "x", "source": "/x", "type": "no.such.type",
                        "time": "2024-01-01T00:00:00Z", "region": "33.75", "data": {}}).encode()
    one = dealer(endpoint, keys)
    while time.monotonic() < end:
        one.send_multipart([b"JJ1", b"PUBLISH", b"1", b"{}"] + [event] * 500)
        if one.poll(2000):
            one.recv_multipart()


def unread(endpoint, end, keys):
    """Asks for all there is, over several connections, and never reads."""
    many = [dealer(endpoint, keys, rcvhwm=1, rcvbuf=4096, sndhwm=4) for _ in range(8)]
    while time.monotonic() < end:
        for one in many:
            with contextlib.suppress(zmq.Again):
                one.send_multipart([b"JJ1", b"FETCH", b"1", b'{"after":"0","max_events":1000}'],
                                   zmq.NOBLOCK)
        time.sleep(0.01)


def same_page(endpoint, end, keys):
    """Fetches the same page for ever, and reads it."""
    one = dealer(endpoint, keys)
    while time.monotonic() < end:
        one.send_multipart([b"JJ1", b"FETCH", b"1",
                            b'{"name":"selalu","after":"0","max_events":100}'])
        if one.poll(2000):
            one.recv_multipart()


KEYLESS = {"idle": idle, "half-open": half_open, "garbage": garbage, "versions": versions}
KEYED = {"sizes": sizes, "frames": frames, "refused": refused, "unread": unread,
         "same-page": same_page}
ATTACKS = {**KEYLESS, **KEYED}


@contextlib.contextmanager
def under(name, endpoint, keys, seconds, behind=False):
    """The attack goes on while this lasts, and no longer than so many seconds. behind: it has only
    that of the processors which others leave."""
    words = [key.decode() for key in keys]
    process = subprocess.Popen([*(["chrt", "--idle", "0"] if behind else []), sys.executable,
                                pathlib.Path(__file__), name, endpoint, str(seconds), *words],
                               stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"begins\n"
        yield process
        assert process.poll() in (None, 0), f"the attack {name} broke off"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def main(name, endpoint, seconds, *keys):
    signal.alarm(int(float(seconds)) + 10)  # whatever happens
    print("begins", flush=True)
    ATTACKS[name](endpoint, time.monotonic() + float(seconds), [key.encode() for key in keys])


if __name__ == "__main__":
    main(*sys.argv[1:])
