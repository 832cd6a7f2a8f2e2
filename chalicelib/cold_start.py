"""No garbage is looked for while a process starts: what is imported stays, and looking costs a tenth of a cold start.

Import this first, and call ``over`` when all is imported (app.py).
"""

from __future__ import annotations

import gc

gc.disable()


def over() -> None:
    """From now on garbage is collected again, but not among what is loaded by now."""
    gc.freeze()
    gc.enable()
