__all__ = [
    "Store",
    "StoreSpec",
    "create_store",
    "least_vessel",
    "mask_of",
    "open_store",
    "probability_u8",
    "replace_folder",
    "sync_tree",
    "write_atomically",
]

from ._atomic import replace_folder as replace_folder
from ._atomic import sync_tree as sync_tree
from ._atomic import write_atomically as write_atomically
from ._mask import least_vessel as least_vessel
from ._mask import mask_of as mask_of
from ._mask import probability_u8 as probability_u8
from ._store import Store as Store
from ._store import StoreSpec as StoreSpec
from ._store import create_store as create_store
from ._store import open_store as open_store
