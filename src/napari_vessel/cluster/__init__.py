"""Many machines: the one door to dask.distributed.

:func:`connect` reaches a scheduler, or starts a cluster on this machine, and gives a
:class:`Cluster`; :meth:`Cluster.each` carries out a function on every item of a list, on
whatever workers are there, and tells what came of each. Workers may leave and join
meanwhile. Nothing listens or connects in plain text beyond this machine.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
