"""What is graded in TP5, MixMatch: learning from hardly any labels."""

from __future__ import annotations

import part1_split  # noqa: F401
import part2_ideas  # noqa: F401
import part3_mixmatch  # noqa: F401
import part4_loss  # noqa: F401
import part5_experiment  # noqa: F401
from lab import lab  # noqa: F401
