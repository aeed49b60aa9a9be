"""A private PostgreSQL for one run: a cluster of its own in a temporary folder below build/, reached
by a unix socket only, gone without a trace when it is closed.

    with pg.Cluster() as cluster:
        db = cluster.database()          # a fresh, empty database
        env = dict(os.environ, **db.env) # PGHOST, PGPORT, PGUSER, PGDATABASE for a child process
        with db.connect() as connection: # psycopg2
            ...

If PGHOST is set, that server is used as it is: only databases are made there and dropped again
(stop, start and kill are then refused). initdb and the server refuse to run as root, so as root
they run as an unprivileged user.

For shell scripts:  pg.py run [--fsync] -- COMMAND...   runs COMMAND with a fresh database in its
environment and leaves nothing running.
"""

import contextlib
import getpass
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
USERS = ("postgres", "nobody")
SOCKET_PATH_MAX = 90  # sun_path is 108 bytes; ".s.PGSQL.5432.lock" and some air


def bin_dir():
    """The folder of initdb and postgres: that of pg_config, or the newest of Debian's."""
    found = shutil.which("initdb")
    if found:
        return pathlib.Path(found).resolve().parent
    versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"),
                      key=lambda path: float(path.parent.parent.name))
    if not versions:
        raise RuntimeError("no initdb found: install the package postgresql")
    return versions[-1].parent


def _server_user():
    """Whom the server runs as; None: the caller."""
    if os.geteuid() != 0:
        return None
    for name in USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("PostgreSQL cannot run as root and there is no unprivileged user")


def _traversable(path):
    """True if anybody may pass through every folder down to path."""
    return all(part.stat().st_mode & 0o001 for part in [path, *path.parents])


def _children(pid):
    """What a process has started."""
    with contextlib.suppress(OSError):
        return [int(child) for child in
                pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _send(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


class Database:
    """One database of a cluster."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name
        self.env = dict(cluster.env, PGDATABASE=name)

    @property
    def conninfo(self):
        keys = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGDATABASE": "dbname"}
        return " ".join(f"{keys[key]}='{value}'" for key, value in self.env.items() if key in keys)

    def connect(self, **options):
        import psycopg2

        return psycopg2.connect(self.conninfo, **options)

    def psql(self, sql, **options):
        """Runs SQL text through psql and returns what it printed, unaligned."""
        done = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=sql, text=True,
            env=dict(os.environ, **self.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            **options)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}")
        return done.stdout

    def drop(self):
        with contextlib.suppress(Exception):
            self.cluster.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


class Cluster:
    """Starts at once; close() (or the end of the with block) removes everything."""

    def __init__(self, fsync=False, settings=None, folder=None):
        self.databases = []
        self.folder = None
        self.socket_folder = None
        self.process = None
        self.user = None
        if os.environ.get("PGHOST"):
            self.env = {key: os.environ[key] for key in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD")
                        if key in os.environ}
            return
        self.user = _server_user()
        self._make_folders(folder)
        self.env = {"PGHOST": str(self.socket_folder), "PGPORT": "5432", "PGUSER": "jejaring"}
        try:
            self._initdb(fsync, settings or {})
            self.start()
        except BaseException:
            self.close()
            raise

    # -- set-up

    def _make_folders(self, parent):
        parent = pathlib.Path(parent or ROOT / "build")
        parent.mkdir(parents=True, exist_ok=True)
        if self.user is not None and not _traversable(parent):
            parent = pathlib.Path(tempfile.gettempdir())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-", dir=parent))
        self.folder.chmod(0o755)
        self.socket_folder = self.folder / "s"
        if len(str(self.socket_folder)) > SOCKET_PATH_MAX:
            self.socket_folder = pathlib.Path(tempfile.mkdtemp(prefix="jj-pg-"))
        else:
            self.socket_folder.mkdir()
        self.socket_folder.chmod(0o755)
        if self.user is not None:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
            os.chown(self.socket_folder, self.user.pw_uid, self.user.pw_gid)

    def _identity(self):
        """Arguments that make a child run as the server's user."""
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _initdb(self, fsync, settings):
        done = subprocess.run(
            [bin_dir() / "initdb", "-D", self.folder / "data", "-U", "jejaring", "-A", "trust",
             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.folder,
            **self._identity())
        if done.returncode != 0:
            raise RuntimeError(f"initdb: {done.stdout}")
        wanted = {"listen_addresses": "", "unix_socket_directories": str(self.socket_folder),
                  "port": 5432, "fsync": "on" if fsync else "off", "shared_buffers": "128MB",
                  "max_wal_size": "2GB", "log_min_messages": "warning", "timezone": "UTC",
                  "full_page_writes": "on" if fsync else "off", **settings}
        lines = "".join(f"{key} = '{value}'\n" for key, value in wanted.items())
        with open(self.folder / "data" / "postgresql.auto.conf", "a", encoding="utf-8") as file:
            file.write(lines)

    # -- life

    def start(self):
        self._own()
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [bin_dir() / "postgres", "-D", self.folder / "data"], stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True,
            **self._identity())
        log.close()
        self._wait_ready()

    def _wait_ready(self, timeout=120):
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            done = subprocess.run([str(bin_dir() / "pg_isready"), "-q"], check=False,
                                  env=dict(os.environ, **self.env, PGDATABASE="postgres"))
            if done.returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start:\n" + (self.folder / "log").read_text())

    def postmaster(self):
        """Process id of the server, from its own file."""
        self._own()
        return int((self.folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])

    def signal(self, number):
        os.kill(self.postmaster(), number)

    def stop(self, mode="fast"):
        """smart, fast, or immediate (as after a loss of power)."""
        self._own()
        if self.process is None:
            return
        numbers = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            self.signal(numbers[mode])
        self.process.wait(timeout=60)
        self.process = None

    def _own(self):
        if self.folder is None:
            raise RuntimeError("this server is not ours (PGHOST is set)")

    def close(self):
        for database in self.databases:
            if self.folder is None:
                database.drop()
        self.databases = []
        if self.folder is None:
            return
        if self.process is not None:
            self._end()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    def _end(self):
        """Whatever became of it: a test that failed may have left its processes stopped."""
        pids = [self.process.pid, *_children(self.process.pid)]
        for pid in pids:
            _send(pid, signal.SIGCONT)
        try:
            self.stop("immediate")
        except Exception:
            for pid in pids:
                _send(pid, signal.SIGKILL)
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- databases

    def execute(self, sql, patience=120):
        until = time.monotonic() + patience
        while True:
            done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], text=True,
                                  env=dict(os.environ, **self.env, PGDATABASE="postgres"),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            if done.returncode == 0:
                return done.stdout
            # A process of the server outlives the connection that it served by a moment.
            busy = "is being accessed by other users" in done.stderr
            if not busy or time.monotonic() > until:
                raise RuntimeError(f"psql: {done.stderr}")

    def database(self, template=None):
        """A fresh database, empty or a copy of another one (to which nobody may be connected)."""
        name = "jj_" + uuid.uuid4().hex[:12]
        source = f' TEMPLATE "{template.name}"' if template else ""
        self.execute(f'CREATE DATABASE "{name}"{source}')
        made = Database(self, name)
        self.databases.append(made)
        return made


def main(arguments):
    if not arguments or arguments[0] != "run" or "--" not in arguments:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    split = arguments.index("--")
    with Cluster(fsync="--fsync" in arguments[:split]) as cluster:
        env = dict(os.environ, **cluster.database().env)
        env.setdefault("PGUSER", getpass.getuser())
        return subprocess.run(arguments[split + 1:], env=env, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except RuntimeError as error:
        sys.exit(f"cannot get a PostgreSQL: {str(error).strip()}")
