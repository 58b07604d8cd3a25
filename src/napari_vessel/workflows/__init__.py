"""What a person or a script can ask for: one generator of events each, and no interface.

A request is a frozen value, an event is a frozen value, both can be pickled,
and importing this package imports no torch: so a request can be made in the
viewer, run in the compute process, and its events read in the viewer again.
To cancel a workflow is to stop asking it.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
