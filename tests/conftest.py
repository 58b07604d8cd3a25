"""What all tests share: machines are noisy, so hypothesis asserts no times."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
