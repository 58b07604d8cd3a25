"""Training: from reviewed voxels to a better network, or to the word that it is not.

Reviewed voxels are split into blocks to learn from and blocks to judge by; a
sampler draws patches of the former in all planes; :func:`fit`, the one training
loop, drives a task and yields events; candidate and incumbent are scored on
the same blocks and :func:`decide` says which of them is used. The loss sees
reviewed voxels only.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
