"""The command line: arguments to workflows, events to lines. It never works itself.

Every command takes ``--json`` (one JSON object on stdout, logs on stderr) and
ends with 0 on success, 2 on a mistake of the caller's, 3 where a run ended
partial, and 1 otherwise.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
