# SPDX-License-Identifier: MIT
"""What a collection says of itself, and of what was done."""

from __future__ import annotations

import datetime
from typing import List, NamedTuple, Optional

from ._errors import Error
from ._items import Item


class CollectionInfo(NamedTuple):
    """What a collection is. `changes`: items put or removed since the index file was written."""

    name: str
    encoder: str  # name of the model; "" when the vectors were put without one
    fingerprint: str
    dim: int
    metric: str
    count: int
    gone: int
    created: datetime.datetime
    indexed: bool
    changes: int
    model_path: Optional[str]  # of the model, where it was opened by a path
    precisions: List[str]  # what the vectors were computed in: "f32", "int8", "bf16"; empty: not known


class BadFile(NamedTuple):
    path: str
    error: Error


class IngestReport(NamedTuple):
    """What an ingestion did: numbers of files. `bad` has the files that were skipped, with the reason."""

    found: int
    inserted: int
    replaced: int
    unchanged: int
    moved: int
    copied: int
    updated: int
    skipped: int
    pruned: int
    gone: int
    kept: int
    seconds: float
    indexed: bool
    bad: List[BadFile]


class Progress(NamedTuple):
    """How far an ingestion is: numbers of files."""

    found: int
    done: int
    stored: int
    seconds: float
    path: str


class CheckReport(NamedTuple):
    """`recall` is the share of the ten nearest that searches find for images, as it was measured, and `query_recall` that
    for texts; 0 without an index file, and without texts in it (those that an ingestion encodes)."""

    images: int
    index: str  # "none", "usable", "unused" or "damaged"
    why: str
    recall: float
    query_recall: float


class Duplicate(NamedTuple):
    """An image of a group. `level` says how alike it and the first of the group are: "exact", "same", "edited", "burst"."""

    item: Item
    level: str


class Duplicates(NamedTuple):
    """Groups of two and more images that are duplicates of each other; the first of each is the one to keep."""

    groups: List[List[Duplicate]]
    images: int  # that were looked at
    candidates: int  # pairs that may be duplicates, beside those with the same bytes
    decoded: int  # images that were read to compare such pairs
    surplus: int  # images in groups whose files are there, without the first of each
    surplus_bytes: int
    bad: List[BadFile]  # images that had to be compared and cannot be read


class DuplicatesProgress(NamedTuple):
    phase: str  # "search", "read", "turn" or "compare"
    done: int
    total: int
    seconds: float
