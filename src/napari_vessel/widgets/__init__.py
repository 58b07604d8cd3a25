"""The napari side: one dock, the labels layer a person paints on, reader, writers, sample.

The only package that knows napari and Qt. Widgets ask the session and follow
it; long work runs on worker threads. Nothing here imports torch.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
