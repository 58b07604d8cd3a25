"""From a network and a way to read voxels to probabilities, slice by slice and block by block.

Slices of up to three planes go through the network in tiles and views (flips
and turns), are blended, turned back and fused. What is written down (see
:class:`InferenceConfig`) decides the result; batch sizes do not. The
configuration, the choice of planes and the fusing need no torch.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
