"""How much a submission may hold before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class IntakeLimits:
    """What is read of one submission; what exceeds it is refused with a clear line.

    Attributes:
        notebook_mb: size of a notebook file, outputs included.
        code_kb: text of all its code cells.
        recordings_mb: size of all recordings.
        package_mb: size of an archive that holds a submission.
        unpacked_mb: size of everything in a submission's archives, unpacked, by their own account.
        ratio: unpacked size over packed size, for what unpacks to more than 256 MB.
        entries: files in one submission.
        depth: archives inside one another, the student's own being the first.
        class_entries: files in the whole folder or zip.
        seconds: that reading one submission may take.
        memory_mb: that reading one submission may take.
    """

    notebook_mb: float = 100
    code_kb: float = 1000
    recordings_mb: float = 64
    package_mb: float = 160
    unpacked_mb: float = 1000
    ratio: float = 100
    entries: int = 2000
    depth: int = 3
    class_entries: int = 200_000
    seconds: float = 60
    memory_mb: float = 1000
