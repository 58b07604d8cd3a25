import os
import subprocess
import sys

import pytest

_TRIAL = """
import resource
import sys
import numpy as np
from napari_vessel.networks import keep_activations

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(2**24, np.float32)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if sys.argv[1] == "kept":
    assert keep_activations()
faults()
print(faults())
"""


def _faults(how: str) -> int:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    command = [sys.executable, "-c", _TRIAL, how]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_memory_that_was_freed_is_kept_and_not_asked_for_again() -> None:
    kept, given_back = _faults("kept"), _faults("given back")
    assert given_back > 30  # 2 MB a fault where the system gives huge pages
    assert kept < given_back / 10
