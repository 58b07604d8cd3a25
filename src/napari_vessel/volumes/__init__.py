"""Volumes: opened lazily, read in boxes, and written so that they are whole or absent.

The only door to zarr. Reading: :func:`open_volume` gives a :class:`Volume`.
Writing: a :class:`Store` holds the probabilities of a prediction, and the
exporters write a mask for other programs.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
