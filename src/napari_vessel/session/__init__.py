"""What the person has open: one evented object that widgets and scripts ask and follow. No Qt.

Long work is a generator, run on a worker thread by who asks; each event it
yields is handed to :meth:`Session.deliver` on the thread that owns the session
(in napari the GUI thread), which only copies what has arrived.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
