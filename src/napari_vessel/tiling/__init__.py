"""Cut blocks into slices and tiles, and put them back (numpy only).

A block (z, y, x) is seen as a stack of slices (n, rows, columns) of one plane;
a slice that does not fit the network is cut into overlapping tiles, which are
blended back; a region is cut into blocks that follow the chunks of a store.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
