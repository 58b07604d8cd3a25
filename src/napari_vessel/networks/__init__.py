"""Networks: what they are made of, where they run, and how they are kept.

A network is a callable from NCHW float32 images in [0, 1] to N1HW logits. It
is made only from a :class:`Checkpoint`: a folder with safetensors weights and
a JSON card. This is the only package that imports segmentation-models-pytorch;
its configuration and card import no torch.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
