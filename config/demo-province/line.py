"""The line between a regency and its province: carries TCP from a port of its own to another one.
SIGUSR1 cuts it, SIGUSR2 mends it.

    line.py TARGET-PORT PORT-FILE
"""

import os
import signal
import socket
import sys
import threading

whole = True
ends = set()


def cut(*_):
    global whole
    whole = False
    for end in list(ends):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def mend(*_):
    global whole
    whole = True


def carry(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass
    for end in (one, other):
        ends.discard(end)
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()


def serve(listener, target):
    while True:
        near, _ = listener.accept()
        try:
            if not whole:
                raise ConnectionError
            far = socket.create_connection(("127.0.0.1", target), 5)
        except OSError:
            near.close()
            continue
        ends.update((near, far))
        threading.Thread(target=carry, args=(near, far), daemon=True).start()
        threading.Thread(target=carry, args=(far, near), daemon=True).start()


signal.signal(signal.SIGUSR1, cut)
signal.signal(signal.SIGUSR2, mend)
door = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[2] + ".new", "w", encoding="ascii") as file:
    file.write(str(door.getsockname()[1]))
os.rename(sys.argv[2] + ".new", sys.argv[2])
threading.Thread(target=serve, args=(door, int(sys.argv[1])), daemon=True).start()
while True:
    signal.pause()
