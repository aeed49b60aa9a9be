"""python3 publish_lines.py LIBRARY ENDPOINT FILE SOURCE: an agency that publishes the lines of a file
with libjejaring, as jejaring/publish.h says: the number of a line is its event's sequence, and what
is settled is remembered beside the file. It may be killed at any moment and begin again.

Prints a line for each refused event, and at the end what became of all.
"""

import ctypes
import os
import sys

from test_subscribe import Bytes, Error, Options


class Refusal(ctypes.Structure):
    _fields_ = [("sequence", ctypes.c_uint64), ("code", ctypes.c_int), ("field", ctypes.c_char_p),
                ("detail", ctypes.c_char_p), ("event", Bytes)]


ON_REFUSED = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(Refusal))


class Publishing(ctypes.Structure):
    _fields_ = [("source", ctypes.c_char_p), ("window", ctypes.c_size_t),
                ("max_events", ctypes.c_size_t), ("on_refused", ON_REFUSED),
                ("arg", ctypes.c_void_p)]


class Published(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in
                ("accepted", "duplicate", "refused", "waiting")]


@ON_REFUSED
def say_refused(_, refusal):
    r = refusal.contents
    print("refused", r.sequence, r.code, r.field.decode(), flush=True)


def main(library, endpoint, path, source):
    lib = ctypes.CDLL(library)
    lib.jj_publisher_settled.restype = ctypes.c_uint64
    lib.jj_publisher_counts.restype = Published
    client, publisher, error = ctypes.c_void_p(), ctypes.c_void_p(), Error()
    options = Options(endpoint=endpoint.encode(), timeout_ms=2000)
    how = Publishing(source=source.encode(), window=4, max_events=50, on_refused=say_refused)

    def must(code):
        if code:
            sys.exit(f"{code}: {error.text.decode()}")

    def remember():
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(str(max(lib.jj_publisher_settled(publisher), begin)))
        os.rename(f"{path}.new", f"{path}.settled")

    begin = int(open(f"{path}.settled").read()) if os.path.exists(f"{path}.settled") else 0
    must(lib.jj_client_open(ctypes.byref(client), ctypes.byref(options), ctypes.byref(error)))
    must(lib.jj_publisher_open(ctypes.byref(publisher), client, ctypes.byref(how),
                               ctypes.byref(error)))
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            if number > begin:
                must(lib.jj_publisher_add(publisher, ctypes.c_uint64(number), line,
                                          ctypes.c_size_t(len(line)), -1, ctypes.byref(error)))
                if number % 20 == 0:
                    remember()
    must(lib.jj_publisher_flush(publisher, -1, ctypes.byref(error)))
    remember()
    counts = lib.jj_publisher_counts(publisher)
    print("done", counts.accepted, counts.duplicate, counts.refused, counts.waiting, flush=True)
    lib.jj_publisher_close(publisher)
    lib.jj_client_close(client)


if __name__ == "__main__":
    main(*sys.argv[1:])
