"""Drives the built warehouse plugin through its ABI, as a worker does: a host in ctypes.

    plugin = Host(options={"conninfo": db.conninfo})
    plugin.deliver(events, after, cursor)   # True: done, False: later

`events` are dicts as warehouse_events makes them. What the plugin logs and rejects is kept.
"""

import ctypes as c
import datetime
import json
import os
import pathlib

import pytest

# A plugin built with AddressSanitizer needs its runtime before everything else in the process:
# test_warehouse_sanitized.py starts pytest once more, so. Children of it go without.
if os.environ.get("SANITIZED") and "libasan" not in os.environ.get("LD_PRELOAD", ""):
    pytest.skip("see test_warehouse_sanitized.py", allow_module_level=True)
os.environ.pop("LD_PRELOAD", None)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("B", ROOT / "build"))
SUFFIXES = {"ms": 1, "s": 1000, "m": 60000}


class Error(c.Structure):
    _fields_ = [("code", c.c_int), ("line", c.c_int), ("column", c.c_int), ("file", c.c_char * 256),
                ("field", c.c_char * 128), ("text", c.c_char * 512)]


class Option(c.Structure):
    _fields_ = [("name", c.c_char_p), ("type", c.c_int), ("initial", c.c_char_p), ("min", c.c_int64),
                ("max", c.c_int64), ("required", c.c_bool), ("doc", c.c_char_p)]


class Value(c.Structure):
    _fields_ = [("given", c.c_bool), ("number", c.c_int64), ("string", c.c_char_p)]


class Event(c.Structure):
    _fields_ = [("text", c.c_char_p), ("size_bytes", c.c_size_t), ("key", c.c_ubyte * 16),
                ("time_ms", c.c_int64), ("id", c.c_char_p), ("source", c.c_char_p),
                ("type", c.c_char_p), ("region", c.c_char_p), ("subject", c.c_char_p),
                ("recipient", c.c_char_p), ("cause", c.c_char_p)]


class HostStruct(c.Structure):
    pass


HOST = c.POINTER(HostStruct)
REJECT = c.CFUNCTYPE(c.c_int, HOST, c.POINTER(Event), c.c_char_p)
LOG = c.CFUNCTYPE(None, HOST, c.c_int, c.c_char_p, c.c_void_p, c.c_void_p, c.c_void_p)
NOW = c.CFUNCTYPE(c.c_int64, HOST)
INTERFACE = c.CFUNCTYPE(c.c_void_p, HOST, c.c_char_p)
STATE_GET = c.CFUNCTYPE(c.c_int, HOST, c.c_char_p, c.POINTER(c.c_char_p))
HostStruct._fields_ = [
    ("abi_major", c.c_uint32), ("abi_minor", c.c_uint32), ("size_bytes", c.c_size_t),
    ("ctx", c.c_void_p), ("instance", c.c_char_p), ("node", c.c_char_p), ("region", c.c_char_p),
    ("publish", c.c_void_p), ("state_get", STATE_GET), ("state_put", c.c_void_p),
    ("state_delete", c.c_void_p), ("state_scan", c.c_void_p), ("commit", c.c_void_p),
    ("data", c.c_void_p), ("reject", REJECT), ("log", LOG), ("now_ms", NOW), ("timer", c.c_void_p),
    ("watch", c.c_void_p), ("interface", INTERFACE)]


class Plugin(c.Structure):
    _fields_ = [
        ("abi_major", c.c_uint32), ("abi_minor", c.c_uint32), ("size_bytes", c.c_size_t),
        ("name", c.c_char_p), ("version", c.c_char_p), ("summary", c.c_char_p),
        ("publishes", c.POINTER(c.c_char_p)), ("subscribes", c.POINTER(c.c_char_p)),
        ("options", c.POINTER(Option)),
        ("check", c.CFUNCTYPE(c.c_int, c.POINTER(Value), c.POINTER(Error))),
        ("create", c.CFUNCTYPE(c.c_int, HOST, c.POINTER(Value), c.POINTER(c.c_void_p),
                               c.POINTER(Error))),
        ("start", c.c_void_p),
        ("on_events", c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(Event), c.c_size_t)),
        ("on_timer", c.c_void_p), ("on_descriptor", c.c_void_p),
        ("resume", c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(c.c_uint64), c.POINTER(Error))),
        ("batch", c.CFUNCTYPE(None, c.c_void_p, c.c_uint64, c.c_uint64)),
        ("reload", c.c_void_p), ("stop", c.c_void_p),
        ("destroy", c.CFUNCTYPE(None, c.c_void_p))]


def load():
    """The plugin's descriptor. libjejaring gives the symbols that the daemon gives otherwise."""
    c.CDLL(str(BUILD / "libjejaring.so"), mode=c.RTLD_GLOBAL)
    library = c.CDLL(str(BUILD / "plugins" / "warehouse.so"))
    return Plugin.in_dll(library, "jejaring_plugin"), library


def milliseconds(text):
    for suffix, factor in SUFFIXES.items():
        if text.endswith(suffix) and text[:-len(suffix)].isdigit():
            return int(text[:-len(suffix)]) * factor
    raise ValueError(text)


def time_ms(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (moment - epoch) // datetime.timedelta(milliseconds=1)


class Host:
    """One instance of the plugin and the host around it."""

    def __init__(self, options=None, node="simpul", instance="warehouse", committed=0):
        self.descriptor, self.library = load()
        self.log = []       # (level, text): formats only, see _log
        self.rejected = []  # (event id, reason)
        self.committed = committed
        self._keep = []
        self.values = self._values({"schemas": str(ROOT / "schemas"), **(options or {})})
        self.host = HostStruct(
            abi_major=1, abi_minor=0, size_bytes=c.sizeof(HostStruct), instance=instance.encode(),
            node=node.encode(), region=b"33.75", reject=REJECT(self._reject), log=LOG(self._log),
            now_ms=NOW(lambda _: int(datetime.datetime.now().timestamp() * 1000)),
            interface=INTERFACE(lambda *_: None),
            state_get=STATE_GET(lambda *_: -24))  # JJ_ENOTFOUND
        self.self = c.c_void_p()
        error = Error()
        if self.descriptor.check(self.values, error):
            raise ValueError(error.text.decode())
        if self.descriptor.create(self.host, self.values, self.self, error):
            raise RuntimeError(error.text.decode())

    def _values(self, given):
        table = self.descriptor.options
        values, names = [], []
        while table[len(values)].name:
            option = table[len(values)]
            name = option.name.decode()
            names.append(name)
            text = given.get(name, option.initial.decode() if option.initial else None)
            value = Value(given=text is not None)
            if text is not None and option.type == 2:
                value.number = text == "true"
            elif text is not None and option.type == 3:
                value.number = milliseconds(text)
            elif text is not None:
                value.string = text.encode()
            values.append(value)
        unknown = set(given) - set(names)
        if unknown:
            raise ValueError(f"no such options: {unknown}")
        return (Value * len(values))(*values)

    def _reject(self, _host, event, reason):
        self.rejected.append((event.contents.id.decode(), reason.decode()))
        return 0

    def _log(self, _host, level, text, a, b, d):
        # Arguments of a variadic call: fetched as pointers, formatted by the C library.
        out = c.create_string_buffer(1024)
        c.CDLL(None).snprintf(out, c.c_size_t(1024), text, c.c_void_p(a), c.c_void_p(b),
                              c.c_void_p(d))
        self.log.append((level, out.value.decode(errors="replace")))

    # -- what a worker does

    def resume(self):
        cursor, error = c.c_uint64(self.committed), Error()
        rc = self.descriptor.resume(self.self, cursor, error)
        if rc:
            raise RuntimeError(error.text.decode())
        return cursor.value

    @staticmethod
    def prepare(event):
        """The event as the plugin is given it, for deliver_prepared()."""
        place = Event()
        text = json.dumps({name: value for name, value in event.items() if name != "key"},
                          ensure_ascii=False).encode()
        place.text, place.size_bytes = text, len(text)
        place.key = (c.c_ubyte * 16)(*bytes.fromhex(event["key"]))
        place.time_ms = time_ms(event["time"])
        for name in ("id", "source", "type", "region", "subject", "recipient", "cause"):
            if event.get(name) is not None:
                setattr(place, name, event[name].encode())
        return place

    def deliver_prepared(self, prepared, after, cursor):
        """One batch. True: done. Who calls keeps what was prepared."""
        return self.deliver_array((Event * len(prepared))(*prepared), len(prepared), after, cursor)

    def deliver(self, events, after, cursor):
        """One batch. True: done."""
        return self.deliver_prepared([self.prepare(event) for event in events], after, cursor)

    def deliver_array(self, array, count, after, cursor):
        self.descriptor.batch(self.self, after, cursor)
        done = self.descriptor.on_events(self.self, array, count) == 0
        if done:
            self.committed = cursor
        return done

    def close(self):
        if self.self:
            self.descriptor.destroy(self.self)
            self.self = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def warehouse(cluster):
    """A fresh database with the schema in it: a copy of one that was migrated once."""
    if not hasattr(cluster, "migrated"):
        cluster.migrated = cluster.database()
        with Host({"conninfo": cluster.migrated.conninfo}) as plugin:
            plugin.resume()
            assert all(level > 4 for level, _ in plugin.log), plugin.log
        cluster.migrated.psql("DELETE FROM jejaring.consumer_cursor")
    return cluster.database(template=cluster.migrated)


def fill(database, events):
    """Has the plugin store them, in one batch, after what is there."""
    with Host({"conninfo": database.conninfo}) as plugin:
        after = plugin.resume()
        assert plugin.deliver(events, after, after + len(events)), plugin.log
        assert not plugin.rejected, plugin.rejected
