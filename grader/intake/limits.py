"""How much a submission may hold before it is refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

MB = 1_000_000


class IntakeLimits(BaseModel):
    """What is read of one submission; what exceeds it is refused with a clear line.

    Attributes:
        notebook_mb: size of a notebook file, outputs included.
        code_kb: text of all its code cells.
        code_tokens: words, numbers and signs in all its code cells: what parsing it costs.
        recordings_mb: size of all recordings.
        package_mb: size of an archive that holds a submission.
        unpacked_mb: size of everything in a submission's archives, unpacked, by their own account.
        ratio: unpacked size over packed size, for what unpacks to more than 256 MB.
        entries: files in one submission.
        depth: archives inside one another, the student's own being the first.
        seconds: that reading one submission may take.
        memory_mb: that reading one submission may take.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    notebook_mb: PositiveFloat = 100
    code_kb: PositiveFloat = 1000
    code_tokens: PositiveInt = 100_000
    recordings_mb: PositiveFloat = 64
    package_mb: PositiveFloat = 160
    unpacked_mb: PositiveFloat = 1000
    ratio: PositiveFloat = 100
    entries: PositiveInt = 2000
    depth: PositiveInt = 3
    class_entries: PositiveInt = 200_000
    seconds: PositiveFloat = 60
    memory_mb: PositiveFloat = 1000
