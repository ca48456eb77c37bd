"""What is graded in TP1: an LSTM on Mel spectrograms, and what its score is worth."""

from __future__ import annotations

import part1_sound  # noqa: F401
import part2_data  # noqa: F401
import part3_network  # noqa: F401
import part4_conclusions  # noqa: F401
from lab import lab  # noqa: F401
