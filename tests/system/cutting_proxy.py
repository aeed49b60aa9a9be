"""A unix socket in front of PostgreSQL's that cuts a connection at a chosen moment: a client that
talks through it loses the server exactly there."""

import os
import pathlib
import socket
import tempfile
import threading


class CuttingProxy:
    """`cut_at` is a text in what the client sends; None: never. With after=True the server still gets
    it, and only its answer is lost. Each cut happens once."""

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
