"""Samples with classes: where they are read from, and how they are split. No torch.

:func:`open_data` opens a folder per class, a table of file names, the objects
marked in a volume, or the chunks of volumes, as a :class:`SampleSet`;
:func:`split_samples` parts it for training, validation and test, and never
parts what comes from one donor or volume.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
