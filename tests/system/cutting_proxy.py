"""Sockets that cut a connection at a chosen or a random moment: who talks through one loses the server
exactly there."""

import os
import pathlib
import random
import socket
import tempfile
import threading


class CuttingProxy:
    """In front of PostgreSQL. `cut_at` is a text in what the client sends; None: never. With
    after=True the server still gets it, and only its answer is lost. Each cut happens once."""

    def __init__(self, target_folder):
        self.target = os.path.join(target_folder, ".s.PGSQL.5432")
        self.folder = tempfile.mkdtemp(prefix="jj-cut-")
        self.cut_at = None
        self.after = False
        self.cuts = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.folder, ".s.PGSQL.5432"))
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.target)
            except OSError:
                client.close()
                continue
            threading.Thread(target=self._to_server, args=(client, server), daemon=True).start()
            threading.Thread(target=self._to_client, args=(client, server), daemon=True).start()

    @staticmethod
    def _end(*sockets):
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _to_server(self, client, server):
        try:
            while data := client.recv(65536):
                if self.cut_at and self.cut_at.encode() in data:
                    self.cut_at = None
                    self.cuts += 1
                    self._end(client)
                    if self.after:
                        server.sendall(data)
                        server.recv(65536)  # the answer that the client never gets
                    break
                server.sendall(data)
        except OSError:
            pass
        self._end(client, server)

    def _to_client(self, client, server):
        try:
            while data := server.recv(65536):
                client.sendall(data)
        except OSError:
            pass
        self._end(client, server)

    def close(self):
        self.listener.close()
        pathlib.Path(self.folder, ".s.PGSQL.5432").unlink()
        os.rmdir(self.folder)


class CuttingWire:
    """An ipc endpoint in front of the hub's that cuts each connection after a random number of
    bytes of the hub's answers (ZeroMQ's own greeting has about 100), in the middle of whatever is
    under way."""

    def __init__(self, path, target, seed, least=150, most=450):
        self.path, self.target = str(path), str(target)
        self.least, self.most = least, most
        self.random = random.Random(seed)
        self.cuts = 0
        self.calm = False  # True: nothing is cut any more
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self):
        return f"ipc://{self.path}"

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.target)
            except OSError:  # the hub is away: so is its endpoint
                client.close()
                continue
            left = self.random.randint(self.least, self.most)
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, client, left), daemon=True).start()

    def _pass_on(self, from_, to, left=None):
        try:
            while data := from_.recv(16384):
                if left is not None and len(data) > left and not self.calm:
                    self.cuts += 1
                    to.sendall(data[:left])
                    break
                left = None if left is None else left - len(data)
                to.sendall(data)
        except OSError:
            pass
        CuttingProxy._end(from_, to)

    def close(self):
        self.listener.close()
