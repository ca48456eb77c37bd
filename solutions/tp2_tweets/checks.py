"""What is graded in TP2, tweets one character at a time."""

from __future__ import annotations

import part1_text  # noqa: F401
import part2_model  # noqa: F401
import part3_drawing  # noqa: F401
import part4_questions  # noqa: F401
from lab import lab  # noqa: F401
