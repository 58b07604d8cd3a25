from ._config import PhantomConfig as PhantomConfig
from ._phantom import Phantom as Phantom
from ._phantom import make_phantom as make_phantom
from ._random import Family as Family
from ._random import random_config as random_config
from ._shelf import PhantomShelf as PhantomShelf
from ._shelf import ShelvedPhantom as ShelvedPhantom
from ._tree import Branch as Branch
from ._tree import Tree as Tree

__all__ = [
    "Branch",
    "Family",
    "Phantom",
    "PhantomConfig",
    "PhantomShelf",
    "ShelvedPhantom",
    "Tree",
    "make_phantom",
    "random_config",
]
