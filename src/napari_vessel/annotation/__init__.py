"""What a person corrected: the journal that keeps it, the overlay and the array they paint on.

The truth is the journal: append-only SQLite files, one for each open viewer.
Everything else here is derived from it and may be dropped at any time. Boxes
are in level-0 voxels of the volume, zyx, unless a docstring says region.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
