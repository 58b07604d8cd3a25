"""Where a workflow runs: here, or in the viewer's resident compute process.

A :class:`Runner` takes a workflow's name and a frozen request and relays the
events. :class:`InlineRunner` runs it in the calling thread (command line,
tests); :class:`ProcessRunner` in one child process per viewer, which holds torch
and the networks, so that the viewer never imports them and outlives their crash.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
