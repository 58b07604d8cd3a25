"""The compute process: ``python -m napari_vessel.runner``, started by the viewer.

Its standard input brings one line of JSON (address, secret and settings; neither
arguments nor environment, which others on the machine can read) and then stays
open: its end is the viewer's end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Client
from threading import Thread

from ._serve import Server
from ._shares import Shares

_GRACE_S = 5.0


def main() -> None:
    """Serve the viewer whose greeting waits on standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the viewer's
    greeting = json.loads(sys.stdin.buffer.readline())
    Thread(target=_end_with_the_viewer, name="lifeline", daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(greeting["niceness"])
    address = greeting["address"]
    with Client(address, authkey=bytes.fromhex(greeting["secret"])) as connection:
        shares = Shares(greeting["background_threads"])
        Server(connection, greeting["registry"], greeting["warm_up"], shares).serve()


def _end_with_the_viewer() -> None:
    """Leave no orphan: when the viewer is gone, even a long step gets only a few seconds.

    Between two steps the loop notices by itself and closes its generators.
    """
    with suppress(OSError):
        # Not sys.stdin: its lock, held by a daemon thread, aborts an interpreter that exits.
        while os.read(0, 1):
            pass
    time.sleep(_GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    main()
