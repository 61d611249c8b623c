"""A PostgreSQL server of one's own, in a folder of its own."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from cluster.process import die_with_parent
from cluster.waiting import until

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
START_SECONDS = 60


class Postgres:
    """Listens on a UNIX socket; user `postgres`, trusted. As root it is run as the user `postgres`,
    since PostgreSQL refuses to be root."""

    def __init__(self, data_parent=None):
        """`data_parent`: a folder for the data, its log of changes (WAL) apart; for small disks."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tyto-pg-"))
        self._user = None
        if os.geteuid() == 0:
            self._user = pwd.getpwnam("postgres")
            for folder in (self.folder, data_parent or self.folder):
                os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._process = None
        self._data = pathlib.Path(data_parent or self.folder) / "data"
        wal = ("-X", self.folder / "wal") if data_parent else ()
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                  "--locale=C.UTF-8", "-N", *wal)
        self.start()

    def uri(self, database="postgres"):
        return f"postgres://postgres@/{database}?host={self.folder}"

    def start(self):
        log = open(self.folder / "log", "ab")  # pylint: disable=consider-using-with
        with log:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                [PROGRAMS / "postgres", "-D", self._data, "-k", self.folder, "-h", "",
                 "-F"],
                stdout=log, stderr=log, start_new_session=True, cwd="/", preexec_fn=die_with_parent,
                **self._as_user())
        until(lambda: self._process.poll() is None and self.sql("SELECT 1"), START_SECONDS,
              lambda: f"PostgreSQL answers; its log is {self.folder / 'log'}")

    def sql(self, text, database="postgres"):
        """Whether it went well."""
        done = subprocess.run(
            [PROGRAMS / "psql", "-q", "-d", self.uri(database), "-v", "ON_ERROR_STOP=1", "-c",
             text],
            capture_output=True, check=False, timeout=START_SECONDS)
        return done.returncode == 0

    @contextlib.contextmanager
    def hold(self, text, database="postgres"):
        """A transaction that has run `text`, and ends when the block does."""
        with subprocess.Popen([PROGRAMS / "psql", "-qAt", "-d", self.uri(database)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as psql:
            psql.stdin.write(f"BEGIN;\n{text};\n\\echo held\n")
            psql.stdin.flush()
            while psql.stdout.readline().strip() not in ("held", ""):
                pass
            try:
                yield
            finally:
                psql.stdin.write("COMMIT;\n")
                psql.stdin.close()
                psql.wait(START_SECONDS)

    def waiting(self):
        """How many transactions wait for a lock that another one has."""
        done = subprocess.run(
            [PROGRAMS / "psql", "-qAt", "-d", self.uri(), "-c",
             "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"],
            capture_output=True, check=True, timeout=START_SECONDS, text=True)
        return int(done.stdout)

    def dump(self, database="postgres"):
        """A backup, for restore(); it can be made at any time."""
        done = subprocess.run(
            [PROGRAMS / "pg_dump", "--clean", "--if-exists", "-d", self.uri(database)],
            capture_output=True, check=True, timeout=START_SECONDS)
        return done.stdout

    def restore(self, backup, database="postgres"):
        """Puts what dump() gave back in one transaction, whoever is connected."""
        subprocess.run(
            [PROGRAMS / "psql", "-q1", "-d", self.uri(database), "-v", "ON_ERROR_STOP=1"],
            input=backup, capture_output=True, check=True, timeout=START_SECONDS)

    def copy_folder(self):
        """A copy of the data, for put_folder_back(). The server is ended for it, and started."""
        copy = self.folder / "copy"
        self._exchange_folder(self._data, copy)
        return copy

    def put_folder_back(self, copy):
        """The data as it was, as from a snapshot of its disk; the server is ended, and started."""
        self._exchange_folder(copy, self._data)

    def _exchange_folder(self, source, target):
        self.kill()
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", source, target], check=True)
        self.start()

    def kill(self):
        """Ends it at once, as a crash does."""
        if self._process is None:
            return
        self.signal(signal.SIGCONT)
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(START_SECONDS)
        self._process = None

    def signal(self, number):
        """Freezes (SIGSTOP) or thaws (SIGCONT) the server and all its processes."""
        for pid in self._children() + [self._process.pid]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _children(self):
        path = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def _as_user(self):
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _run(self, program, *arguments):
        subprocess.run([PROGRAMS / program, *arguments], check=True, stdout=subprocess.DEVNULL,
                       cwd="/", **self._as_user())
