"""What may be spent: bounds on hostile data, limits of the cache."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Numeric limits on what hostile data may make ls_tools do.

    Attributes:
        response_bytes: Largest API answer held in memory.
        download_bytes: Largest single file downloaded.
        expanded_bytes: Largest size that gzip or zip input may expand to.
        xml_bytes: Largest labeling configuration.
        task_bytes: Largest single task in an export.
        nesting: Deepest nesting of JSON containers in a task.
        image_pixels: Most pixels of a picture that is opened.
        mask_values: Most values of a mask that is decoded; a brush has four of
            them per pixel.
        references_per_value: Most media references in one value of task data.
        redirects: Most redirects of one request.
    """

    response_bytes: int = 64 * 2**20
    download_bytes: int = 2**40
    expanded_bytes: int = 64 * 2**30
    xml_bytes: int = 8 * 2**20
    task_bytes: int = 2**30
    nesting: int = 200
    image_pixels: int = 2**30
    mask_values: int = 2**30
    references_per_value: int = 100_000
    redirects: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLimits:
    """How large and how old the cache may grow, and what is trusted how long.

    Attributes:
        max_bytes: Size of all files, after which those least recently used go;
            None for no limit.
        min_free_bytes: Free space to leave on the disk of the cache; None to
            use it up.
        max_age_s: Seconds since the last use after which an entry goes; None
            for never.
        grace_s: Seconds since the last use during which no entry is evicted.
        ttl_s: Seconds since the store last confirmed an entry after which
            ``if-missing`` asks it again; None for never.
        read_only: Never write to the cache folder; what is not in it is an error.
    """

    max_bytes: int | None = None
    min_free_bytes: int | None = None
    max_age_s: float | None = None
    grace_s: float = 600.0
    ttl_s: float | None = None
    read_only: bool = False
