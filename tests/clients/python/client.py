"""python3 client.py BUNDLE publish|subscribe|bell: an agency by its connection bundle.

publish sends the events on stdin, one JSON object a line; subscribe prints every event that the
agency may see, each at least once, going on where it was; bell prints what happens, as it does.
"""
import json
import pathlib
import sys
import zmq

bundle = pathlib.Path(sys.argv[1])
node = json.loads((bundle / "connection.json").read_text())
secret = (bundle / "secret.key").read_bytes().strip()


def connect(kind, endpoint):
    socket = zmq.Context.instance().socket(kind)
    socket.curve_serverkey = node["server_key"].encode()
    socket.curve_publickey, socket.curve_secretkey = zmq.curve_public(secret), secret
    socket.linger = 0
    socket.connect(endpoint)
    return socket


hub = connect(zmq.REQ, node["endpoint"])


def ask(verb, options, *events):
    """Sent again until it is answered: the hub does nothing twice."""
    global hub
    frames = [json.dumps(part).encode() for part in (options, *events)]
    while True:
        hub.send_multipart([b"JJ1", verb.encode(), b"1", *frames])
        if not hub.poll(5000):
            hub.close()
            hub = connect(zmq.REQ, node["endpoint"])
            continue
        _, kind, _, text, *got = hub.recv_multipart()
        result = json.loads(text)
        if kind != b"ERROR":
            return result, got
        if result["code"] not in ("busy", "unavailable"):
            sys.exit(f"{result['code']}: {result['detail']}")


if sys.argv[2] == "publish":
    print(json.dumps(ask("PUBLISH", {}, *map(json.loads, sys.stdin))[0]))
elif sys.argv[2] == "subscribe":
    while True:
        result, events = ask("FETCH", {"name": "python", "wait_ms": 3000})
        for event in events:
            print(event.decode(), flush=True)
        ask("COMMIT", {"name": "python", "cursor": result["cursor"]})
elif sys.argv[2] == "bell":
    bell = connect(zmq.SUB, node["bell"])
    bell.subscribe(b"")
    while True:
        print(bell.recv_multipart()[0].decode(), flush=True)
