"""Sockets that cut a connection at a chosen or a random moment: who talks through one loses the server
exactly there."""

import os
import pathlib
import random
import socket
import tempfile
import threading


class Cutter:
    """Listens at a path and joins each connection with one of its own to the target."""

    def __init__(self, path, target):
        self.path, self.target = str(path), str(target)
        self.cuts = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
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
            except OSError:  # the target is away: so is its stand-in
                client.close()
                continue
            for work, *words in self._directions(client, server):
                threading.Thread(target=work, args=words, daemon=True).start()

    def _directions(self, client, server):
        """Two calls (function, arguments ...), each of which carries what comes from one side."""
        raise NotImplementedError

    @staticmethod
    def _end(*sockets):
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


class CuttingProxy(Cutter):
    """In front of PostgreSQL. `cut_at` is a text in what the client sends; None: never. With
    after=True the server still gets it, and only its answer is lost. Each cut happens once."""

    def __init__(self, target_folder):
        self.folder = tempfile.mkdtemp(prefix="jj-cut-")
        self.cut_at = None
        self.after = False
        super().__init__(os.path.join(self.folder, ".s.PGSQL.5432"), os.path.join(target_folder, ".s.PGSQL.5432"))

    def _directions(self, client, server):
        return (self._to_server, client, server), (self._to_client, client, server)

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
        super().close()
        pathlib.Path(self.path).unlink()
        os.rmdir(self.folder)


class CuttingWire(Cutter):
    """An ipc endpoint in front of the hub's that cuts each connection after a random number of
    bytes of the hub's answers (ZeroMQ's own greeting has about 100), in the middle of whatever is
    under way."""

    def __init__(self, path, target, seed, least=150, most=450):
        self.least, self.most = least, most
        self.random = random.Random(seed)
        self.calm = False  # True: nothing is cut any more
        super().__init__(path, target)

    @property
    def endpoint(self):
        return f"ipc://{self.path}"

    def _directions(self, client, server):
        left = self.random.randint(self.least, self.most)
        return (self._pass_on, client, server), (self._pass_on, server, client, left)

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
        self._end(from_, to)
