"""Runs one job and tells each event; a test kills it. Run by path, with its globals given."""

import resource
from pathlib import Path

import torch

from napari_vessel.runner import InlineRunner, work_on
from napari_vessel.workflows import BlockProposed, request_of_json


def main(values, tell, spare_bytes=None):
    torch.set_num_threads(1)
    if spare_bytes:
        pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]
        used = int(pages) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + spare_bytes, used + spare_bytes))
    request = request_of_json(values)
    try:
        for event in work_on(None, lambda: InlineRunner().run("predict", request)):
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            box = str(event.box) if isinstance(event, BlockProposed) else None
            tell.send((type(event).__name__, box, peak))
    except Exception as error:  # noqa: BLE001  the test looks at which
        tell.send((type(error).__name__, str(error), 0))


if "given" in globals():  # pytest, which looks for doctests in every module, gives nothing
    main(**globals()["given"])
