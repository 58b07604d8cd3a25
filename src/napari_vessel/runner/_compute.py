"""The viewer's end of one compute process: pipe, threads and end."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from threading import Event, Lock, Thread, current_thread
from time import monotonic

from napari_vessel.errors import ComputeError

from ._config import RunnerConfig
from ._inbox import Gone, Heartbeat, Inbox
from ._launch import launch
from ._messages import Beat, Ready, Shutdown, Start, pack, unpack
from ._output import Output

__all__ = ["ComputeProcess"]

_AGAIN = "start again with the same button; nothing you painted is affected."
_BEAT_S = 2.0  # without a sign of life: nothing to speak of


class ComputeProcess:
    """One child process from its start to its end.

    Three threads listen: to the pipe, to what it prints, and for its end. The
    last is the one that reports a death: a pipe's end may stay away as long as
    a child of the child's holds it.

    Raises
    ------
    ComputeError
        The process cannot be started.
    """

    def __init__(self, config: RunnerConfig) -> None:
        self._config = config
        self._owner = os.getpid()
        self._inboxes: dict[int, Inbox] = {}
        self._sending = Lock()
        self._connection: Connection | None = None
        self._answered, self._exited = Event(), Event()
        self._verdict: str | None = None
        self._gone: Gone | None = None
        self._heard, self._step_s = monotonic(), 0.0
        self._open()

    @property
    def alive(self) -> bool:
        """Whether the process runs and is wanted."""
        return not self._exited.is_set() and self._verdict is None

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def await_answer(self) -> None:
        """Wait until the process takes requests, or has died; one that never does is ended."""
        if not self._answered.wait(self._config.start_wait_s):
            self._verdict = f"gave no answer for {self._config.start_wait_s:g} s"
            self._process.kill()

    def open_job(self, start: Start) -> Inbox:
        """Start a job; its news come to the inbox returned, also that the process died."""
        inbox = self._inboxes[start.job] = Inbox(self.pulse)
        if self._gone is not None:
            inbox.put(self._gone)
        self.send(start)
        return inbox

    def forget_job(self, job: int) -> None:
        """Let late news of a job pass by."""
        self._inboxes.pop(job, None)

    def send(self, message: object) -> None:
        """Send a message; if the process is dead, each inbox gets to know by itself."""
        with self._sending, suppress(OSError):
            if self._connection is not None:
                self._connection.send_bytes(pack(message))

    def pulse(self) -> Heartbeat:
        """Tell how long the process has given no sign of life, and how long its step lasts."""
        silent = monotonic() - self._heard
        return Heartbeat(silent if silent > _BEAT_S else 0.0, self._step_s)

    def kill(self, verdict: str) -> None:
        """End a process that hangs, at once; its jobs are told that it ``verdict``."""
        self._verdict = self._verdict or verdict
        self._process.kill()

    def close(self) -> None:
        """Ask the process to end, then make it end; bounded, idempotent."""
        if os.getpid() != self._owner:  # a fork of the viewer's does not own it
            return
        self._verdict = self._verdict or "was closed"
        if self._said_farewell():
            self._exited.wait(self._config.close_wait_s)
        for end in (self._process.terminate, self._process.kill):
            if not self._exited.is_set():
                end()
                self._exited.wait(2)
        if current_thread() is not self._undertaker:
            self._undertaker.join(5)

    def _said_farewell(self) -> bool:
        """Send Shutdown unless there is no one yet, or a message is stuck on its way."""
        if not self._sending.acquire(timeout=0.5):
            return False
        try:
            if self._connection is not None:
                self._connection.send_bytes(pack(Shutdown()))
            return self._connection is not None
        except OSError:
            return False
        finally:
            self._sending.release()

    def _open(self) -> None:
        """Start the process and the threads that listen to it."""
        secret = secrets.token_bytes(32)
        try:
            listener = Listener(authkey=secret)
        except OSError as error:
            message = f"No pipe to a compute process can be made ({error}): check TMPDIR."
            raise ComputeError(message) from error
        try:
            self._process = launch(self._config, listener.address, secret)
        except ComputeError:
            listener.close()
            raise
        self._listen(listener)

    def _listen(self, listener: Listener) -> None:
        """Start the three threads."""
        if self._process.stdout is None:  # only for the type checker: stdout=PIPE
            return
        self._output = Output(self._process.stdout, self._config.log_file)
        self._reader = Thread(
            target=self._read, args=(listener,), name="compute events", daemon=True
        )
        self._undertaker = Thread(
            target=self._bury, args=(listener.address,), name="compute end", daemon=True
        )
        self._reader.start()
        self._undertaker.start()

    def _read(self, listener: Listener) -> None:
        """Take the child's call, then hand its news to the inboxes until it hangs up."""
        with listener:
            connection = self._accepted(listener)
        if connection is None:
            return
        with suppress(OSError, EOFError):
            while True:
                self._dispatch(unpack(connection.recv_bytes()), connection)
        with self._sending:  # not under the feet of someone who sends
            self._connection = None
            connection.close()

    def _accepted(self, listener: Listener) -> Connection | None:
        """Wait for the child's call; None if it died before."""
        while not self._exited.is_set():
            # What calls without the secret is not our child, or our child dying, or _bury.
            with suppress(OSError, EOFError, AuthenticationError):
                return listener.accept()
        return None

    def _dispatch(self, message: object, connection: Connection) -> None:
        """Hand one message on; news of jobs that nobody follows pass by."""
        self._heard = monotonic()
        if isinstance(message, Beat):
            self._step_s = message.step_s
        elif isinstance(message, Ready):
            self._connection = connection
            self._answered.set()
        elif (inbox := self._inboxes.get(getattr(message, "job", -1))) is not None:
            inbox.put(message)

    def _bury(self, address: str) -> None:
        """Wait for the process's end and tell everyone, after what it still had to say."""
        status = self._process.wait()
        self._exited.set()
        if not self._answered.is_set():
            with suppress(OSError, EOFError):
                Client(address).close()  # wakes accept(), which nothing else does
        self._reader.join(1)
        self._gone = Gone(self._obituary(status), self._output.tail(timeout=1))
        self._answered.set()
        for inbox in tuple(self._inboxes.values()):
            inbox.put(self._gone)
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def _obituary(self, status: int) -> str:
        """Say how the process ended and what to do."""
        if self._verdict is not None:
            return f"The compute process {self._verdict}: {_AGAIN}"
        if status < 0:
            hint = ", often because memory ran out" if status == -9 else ""
            return f"The compute process was killed (signal {-status}{hint}): {_AGAIN}"
        return f"The compute process ended by itself (status {status}): {_AGAIN}"
