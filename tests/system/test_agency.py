"""Agencies from outside: let in by a key that `jejaringctl agency` made, put out by revoking it."""

import contextlib
import json
import pathlib
import socket
import stat
import subprocess

import pytest
import zmq

from client import Curve, connected, free_port, graduated, nik, person_key
from conftest import PATIENCE, vacancy
from test_ctl import ctl, result


def open_node(node, **hub):
    """A node with a CURVE door at every address, not started yet."""
    n = node()
    made = ctl("keys", "curve", str(n.folder / "server.key"))
    assert made.returncode == 0, made.stderr
    n.port = free_port()
    n.write_config(server_key="server.key",
                   hub={"listen": [{"endpoint": f"tcp://0.0.0.0:{n.port}"}], **hub})
    return n


def add(n, id_, *words, audience="capital", region="33.75", code=0):
    """Runs `agency add` for a bundle in the node's folder; returns the bundle's folder."""
    done = ctl("agency", "add", id_, "--name", f"Instansi {id_}", "--audience", audience,
               "--region", region, "--host", "127.0.0.1", "--bundle", str(n.folder / id_), *words,
               node=n)
    assert done.returncode == code, done.stderr
    return n.folder / id_ if code == 0 else done


def door(bundle):
    """What a client needs to come in with a bundle: endpoint, and the keys in pyzmq's order."""
    told = json.loads((bundle / "connection.json").read_text())
    secret = (bundle / "secret.key").read_text().strip()
    return told["endpoint"], tuple(key.encode() for key in
                                   (told["server_key"], told["public_key"], secret))


@contextlib.contextmanager
def came_in(bundle):
    endpoint, curve = door(bundle)
    with connected(endpoint, curve=curve) as connection:
        yield connection


@contextlib.contextmanager
def example(bundle):
    """The bundle's own example, running."""
    process = subprocess.Popen(["/usr/bin/python3", bundle / "subscribe.py"], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


# ---- Let in


@pytest.mark.parametrize("bell", [True, False])
def test_the_example_of_a_bundle_reads_without_a_change(node, bell):
    n = open_node(node, **({"bell": [f"tcp://0.0.0.0:{free_port()}"]} if bell else {})).start()
    bundle = add(n, "bank")
    assert ("bell" in json.loads((bundle / "connection.json").read_text())) == bell
    n.publish([vacancy("Juru las"), vacancy("Juru cat")])
    n.reload()
    with example(bundle) as reader:
        titles = [json.loads(reader.stdout.readline())["data"]["title"] for _ in range(2)]
        assert titles == ["Juru las", "Juru cat"]
        if bell:  # by which it knows when to ask
            assert n.request("STATUS")[1]["waiting"] == 0
        n.publish([vacancy("Juru masak")])
        assert json.loads(reader.stdout.readline())["data"]["title"] == "Juru masak"
        hello = json.loads(reader.stderr.readline())
        assert (hello["agency"], hello["node"], hello["audiences"]) == ("bank", "uji", ["capital"])


def test_a_door_and_a_bell_may_have_an_address_of_version_6(node):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    n = open_node(node, bell=[f"tcp://[::1]:{free_port()}"])
    n.config["hub"]["listen"] = [{"endpoint": f"tcp://[::1]:{n.port}"}]
    n.write_config()
    assert ctl("check", node=n).returncode == 0
    n.start()
    bundle = n.folder / "bank"
    done = ctl("agency", "add", "bank", "--name", "Bank", "--audience", "capital", "--region", "33.75",
               "--bundle", str(bundle), node=n)
    assert done.returncode == 0, done.stderr
    n.reload()
    n.publish([vacancy("Juru las")])
    with example(bundle) as reader:
        assert json.loads(reader.stdout.readline())["data"]["title"] == "Juru las"


def test_an_example_goes_on_where_it_was(node):
    n = open_node(node).start()
    bundle = add(n, "bank")
    n.reload()
    n.publish([vacancy("pertama")])
    with example(bundle) as reader:
        assert json.loads(reader.stdout.readline())["data"]["title"] == "pertama"
        n.wait(lambda: any(c["name"] == "bank/subscribe" and c["pending"] == 0
                           for c in n.request("STATUS")[1]["consumers"]), "the example's commit")
    n.publish([vacancy("kedua")])
    with example(bundle) as reader:
        assert json.loads(reader.stdout.readline())["data"]["title"] == "kedua"


def test_a_bundle_holds_its_secrets_closed(node):
    n = open_node(node)
    bundle = add(n, "bank", "--publish", "loan.applied,loan.decided")
    assert sorted(path.name for path in bundle.iterdir()) == \
        ["README.txt", "connection.json", "secret.key", "subscribe.c", "subscribe.py"]
    assert mode(bundle) == 0o700 and mode(bundle / "secret.key") == 0o600
    assert mode(n.folder / "server.key") == 0o600
    told = json.loads((bundle / "connection.json").read_text())
    secret = (bundle / "secret.key").read_bytes().strip()
    server = (n.folder / "server.key").read_bytes().strip()
    assert told == {"agency": "bank", "node": "uji", "endpoint": f"tcp://127.0.0.1:{n.port}",
                    "server_key": zmq.curve_public(server).decode(),
                    "public_key": zmq.curve_public(secret).decode()}
    shown = result("agency", "show", "bank", node=n)
    assert shown == {"id": "bank", "name": "Instansi bank", "audiences": ["capital"],
                     "regions": ["33.75"], "publishes": ["loan.applied", "loan.decided"],
                     "public_key": told["public_key"], "revoked": False,
                     "file": str(n.folder / "agencies.d" / "bank.yaml")}
    assert secret.decode() not in pathlib.Path(shown["file"]).read_text()


def test_an_agency_may_make_its_own_pair(node):
    n = open_node(node).start()
    own = n.folder / "own.key"
    public = ctl("keys", "pair", str(own)).stdout.strip()
    bundle = add(n, "bank", "--public-key", public)
    assert not (bundle / "secret.key").exists()
    n.reload()
    own.rename(bundle / "secret.key")
    with came_in(bundle) as bank:
        assert bank.ok("HELLO")["agency"] == "bank"


def test_who_is_not_known_is_not_let_in(node):
    n = open_node(node).start()
    endpoint, curve = door(add(n, "bank"))
    n.reload()
    stranger = Curve()
    with connected(endpoint, curve=(curve[0], stranger.public.encode(),
                                    stranger.secret.encode())) as knocking, \
            connected(endpoint) as naked:
        for connection in (knocking, naked):
            connection.knock()
        assert knocking.is_silent(0.5) and naked.is_silent(0.1)


# ---- Put out


def test_a_revoked_agency_is_out_at_its_next_request_and_nobody_else(node):
    n = open_node(node).start()
    bank, office = add(n, "bank"), add(n, "office", audience="opd")
    n.reload()
    with came_in(bank) as out, came_in(office) as stays, example(bank) as reader:
        assert out.ok("HELLO")["agency"] == "bank"
        assert stays.ok("HELLO")["agency"] == "office"
        assert json.loads(reader.stderr.readline())["agency"] == "bank"
        waiting = stays.send("FETCH", {"name": "office", "wait_ms": 30000})
        revoked = ctl("agency", "revoke", "bank", node=n)
        assert revoked.returncode == 0 and "systemctl reload" in revoked.stderr
        assert out.ok("HELLO")["agency"] == "bank", "in force before the reload"
        n.reload()
        kind, told, _ = out.request("HELLO")
        assert (kind, told["code"]) == ("ERROR", "unauthorised")
        assert reader.wait(PATIENCE) == 1
        assert "unauthorised" in reader.stderr.read()
        kind, told, _, number = stays.receive()  # asked to come again, over the same connection
        assert (kind, told["count"], number) == ("EVENTS", 0, waiting)
        assert stays.ok("HELLO")["agency"] == "office"
    with came_in(bank) as again:
        again.knock()
        assert again.is_silent(0.5), "a new connection of a revoked agency"
    assert "revoked: true" in (n.folder / "agencies.d" / "bank.yaml").read_text()


def test_a_rotated_key_replaces_the_old_one(node):
    n = open_node(node).start()
    old = add(n, "bank")
    file = n.folder / "agencies.d" / "bank.yaml"
    file.write_text("# Kontak: bagian TI\n" + file.read_text())
    n.reload()
    with came_in(old) as connection:
        connection.ok("HELLO")
        done = ctl("agency", "rotate", "bank", "--host", "127.0.0.1", "--bundle",
                   str(n.folder / "new"), node=n)
        assert done.returncode == 0, done.stderr
        n.reload()
        kind, told, _ = connection.request("HELLO")
        assert (kind, told["code"]) == ("ERROR", "unauthorised")
        with came_in(n.folder / "new") as renewed:
            assert renewed.ok("HELLO")["agency"] == "bank"
    assert file.read_text().startswith("# Kontak: bagian TI\n")


def test_reloading_what_did_not_change_drops_nobody(node):
    n = open_node(node).start()
    bundle = add(n, "bank")
    n.reload()
    hub = n.pid("hub")
    with came_in(bundle) as bank:
        bank.ok("HELLO")
        for _ in range(3):
            n.reload()
            assert bank.ok("HELLO")["agency"] == "bank"
    assert n.pid("hub") == hub


# ---- What is refused


@pytest.mark.parametrize("words, message", [
    (["--audience", "banks"], "--audience banks: one of blk"),
    (["--audience", "node"], "--audience node: one of blk"),
    (["--region", "3375"], "3375"),
    (["--publish", "loan.aplied"], 'did you mean "loan.applied"?'),
    (["--public-key", "short"], "40 characters of Z85"),
])
def test_a_wrong_agency_is_not_written(node, words, message):
    n = open_node(node)
    done = add(n, "bank", *words, code=2)
    assert message in done.stderr
    assert not list(n.folder.glob("agencies.d/*")) and not (n.folder / "bank").exists()


@pytest.mark.parametrize("id_, message", [
    ("local", "is the name of the administrator or of a plugin"),
    ("../bank", "bank"),
    ("Bank", "Bank"),
])
def test_an_id_that_cannot_be_is_refused(node, id_, message):
    n = open_node(node)
    done = ctl("agency", "add", id_, "--name", "x", "--audience", "opd", "--region", "33.75",
               "--bundle", str(n.folder / "b"), node=n)
    assert done.returncode == 2 and message in done.stderr
    assert not list(n.folder.glob("**/*.yaml"))[1:] and not (n.folder / "b").exists()


def test_an_id_or_key_is_given_once(node):
    n = open_node(node)
    bundle = add(n, "bank")
    public = json.loads((bundle / "connection.json").read_text())["public_key"]
    assert "is there already" in add(n, "bank", code=2).stderr
    assert 'that of "bank" already' in add(n, "other", "--public-key", public, code=2).stderr


def test_a_node_without_a_door_for_agencies_says_what_it_needs(node):
    n = node()
    done = add(n, "bank", code=78)
    assert "server_key (jejaringctl keys curve FILE)" in done.stderr


def test_an_agency_that_is_not_there_is_named(node):
    n = open_node(node)
    for verb in ("show", "revoke", "rotate"):
        done = ctl("agency", verb, "nobody", node=n)
        assert done.returncode == 1 and 'there is no agency "nobody"' in done.stderr


def test_the_list_tells_who_is_let_in_and_which_file_is_wrong(node):
    n = open_node(node)
    add(n, "bank"), add(n, "office", audience="opd,blk", region="33")
    ctl("agency", "revoke", "office", node=n)
    listed = ctl("agency", "list", node=n)
    assert listed.returncode == 0
    rows = {line.split()[0]: line.split() for line in listed.stdout.splitlines()[1:]}
    assert rows["bank"][1:4] == ["capital", "33.75", "key"]
    assert rows["office"][1:4] == ["blk,opd", "33", "revoked"]
    (n.folder / "agencies.d" / "third.yaml").write_text("id: third\n")
    listed = ctl("agency", "list", node=n)
    assert listed.returncode == 78 and "third.yaml" in listed.stderr
    assert "bank" in listed.stdout


@pytest.mark.parametrize("who", ["g", "o"])
def test_a_secret_that_others_may_read_is_refused(node, who):
    n = open_node(node)
    (n.folder / "server.key").chmod(0o640 if who == "g" else 0o604)
    done = add(n, "bank", code=78)
    assert "chmod 600" in done.stderr
    n.start(ready=False)
    assert n.wait_end() != 0
    assert "server.key" in n.log() and "chmod 600 it" in n.log()


def hand_over(n, *names, mode=0o400):
    """A folder of credentials, as systemd makes it of key files, which are then out of reach."""
    folder = n.folder / "credentials"
    folder.mkdir(0o700)
    for name in names:
        (n.folder / name).rename(folder / name)
        (folder / name).chmod(mode)
    n.environment["CREDENTIALS_DIRECTORY"] = str(folder)
    return folder


def test_keys_come_from_the_service_managers_credentials(node):
    n = open_node(node)
    bundle = add(n, "bank", "--publish", "loan.applied")
    person = n.folder / "person.key"
    assert ctl("keys", "new", str(person)).returncode == 0
    n.write_config(person_key="person.key")
    secret = person.read_text()
    folder = hand_over(n, "server.key", "person.key")
    n.start()
    with came_in(bundle) as bank:
        assert bank.ok("HELLO")["agency"] == "bank"
    n.publish([graduated(nik(7))])
    (folder / "person.key").chmod(0o600)
    (folder / "person.key").rename(person)
    assert person.read_text() == secret
    assert n.fetch_all()[0]["subject"] == person_key(n, nik(7))
    assert not (n.folder / "state" / "person.key").exists()


def test_a_credential_that_others_may_read_is_refused(node):
    n = open_node(node)
    hand_over(n, "server.key", mode=0o444)
    n.start(ready=False)
    assert n.wait_end() != 0
    assert "server.key" in n.log() and "others may read it" in n.log()


def test_an_agency_named_like_a_plugin_is_left_out(node):
    n = open_node(node)
    bundle = add(n, "blk", audience="blk")
    n.write_config(plugins={"blk": {"audiences": ["blk"]}})
    n.start()
    with came_in(bundle) as connection:
        connection.knock()
        n.wait_for_log('"blk" is the name of the administrator or of a plugin')
        assert connection.is_silent(0.5)


# ---- The bell


def open_bell(node):
    n = open_node(node)
    n.bell = f"tcp://127.0.0.1:{free_port()}"
    n.config["hub"]["bell"] = [n.bell.replace("127.0.0.1", "0.0.0.0")]
    n.write_config()
    return n.start()


@contextlib.contextmanager
def listening(endpoint, curve=None, topic=b""):
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.linger = 0
    socket.reconnect_ivl = 10
    if curve:
        socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = curve
    socket.subscribe(topic)
    socket.connect(endpoint)
    try:
        yield socket
    finally:
        socket.close()


def hears(socket, seconds=PATIENCE):
    return socket.poll(seconds * 1000) and socket.recv_multipart()


def drain(socket):
    while socket.poll(0):
        socket.recv_multipart()


def test_an_agency_hears_the_bell_and_nobody_else(node):
    n = open_bell(node)
    bank = add(n, "bank")
    assert json.loads((bank / "connection.json").read_text())["bell"] == n.bell
    n.reload()
    _, curve = door(bank)
    stranger = Curve()
    with listening(n.bell, curve, b"vacancy.opened/33.75/") as hearing, \
            listening(n.bell) as naked, \
            listening(n.bell, (curve[0], stranger.public.encode(),
                               stranger.secret.encode())) as knocking:
        said = vacancy()

        def rung():
            n.publish([vacancy(title="lain")])
            return hears(hearing, 0.2)
        n.wait(rung, "the subscription to arrive")
        drain(hearing)
        n.publish([said])
        topic, text = hears(hearing)
        while json.loads(text)["id"] != said["id"]:
            topic, text = hears(hearing)
        assert topic == b"vacancy.opened/33.75/"
        assert set(json.loads(text)) == {"specversion", "id", "source", "type", "time", "region",
                                         "recordedtime", "cursor"}
        assert not naked.poll(1500) and not knocking.poll(0), "the heartbeat alone comes sooner"


def test_the_bell_stops_for_a_revoked_agency_and_comes_back_for_the_others(node):
    n = open_bell(node)
    bank, office = add(n, "bank"), add(n, "office", audience="opd")
    n.reload()
    with listening(n.bell, door(bank)[1]) as out, listening(n.bell, door(office)[1]) as stays, \
            came_in(office) as connection:
        connection.ok("HELLO")
        assert hears(out) and hears(stays)
        ctl("agency", "revoke", "bank", node=n)
        n.reload()
        n.wait(lambda: (drain(out), not hears(out, 1.5))[1], "silence")
        drain(stays)
        assert hears(stays)[0] == b"bell/"
        assert not out.poll(0)
        assert connection.ok("HELLO")["agency"] == "office"


def test_adding_an_agency_leaves_the_bell_alone(node):
    n = open_bell(node)
    bank = add(n, "bank")
    n.reload()
    with listening(n.bell, door(bank)[1]) as hearing:
        watch = hearing.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        assert hears(hearing)
        add(n, "office", audience="opd")
        n.reload()
        drain(hearing)
        assert hears(hearing)
        assert not watch.poll(0), "the connection was dropped"
        hearing.disable_monitor()
        watch.close(0)
