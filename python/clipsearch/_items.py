# SPDX-License-Identifier: MIT
"""Items, hits, and what is searched for."""

from __future__ import annotations

import ctypes
import json
import math
import os
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _library as lib
from ._encoder import Path
from ._errors import ArgumentError

Attributes = Dict[str, Any]


class Item(NamedTuple):
    """An item of a collection. `path` is any name, for items that were put with one."""

    id: int
    path: str
    size: int
    mtime_ns: int
    width: int
    height: int
    attributes: Attributes
    gone: bool  # the last ingestion found no file at `path`
    hash: bytes  # SHA-256 of the file; zeros when it is not known


class Hit(NamedTuple):
    """An item that a search found. `score` is the cosine or inner product, or the squared distance."""

    id: int
    score: float
    path: str
    size: int
    mtime_ns: int
    width: int
    height: int
    attributes: Attributes
    gone: bool  # the last ingestion found no file at `path`; of duplicates, and with `copies`, also: there is none now
    hash: bytes
    copies: int  # with fold_copies: further items with the same content that would be hits
    relevance: Optional[float]  # 0 to 1, at 0.5 and above it probably fits; None when it was not asked for


class Part:
    """A part of a question: a text, an image, an item or a vector; a weight below 0 subtracts it.

    `image` is the path of an image file, the bytes of one, or an array or Pillow image as `Encoder.encode_images` takes them. `region` is (left, top, width, height) in pixels, or in per
    cent of the image with `percent`.
    """

    def __init__(
        self,
        text: Optional[str] = None,
        *,
        image: Any = None,
        id: Optional[int] = None,
        vector: Any = None,
        weight: float = 1.0,
        region: Optional[Tuple[float, float, float, float]] = None,
        percent: bool = False,
    ) -> None:
        if sum(value is not None for value in (text, image, id, vector)) != 1:
            raise ArgumentError("a part is one of text, image, id and vector")
        self.text, self.image, self.id, self.vector = text, image, id, vector
        self.weight, self.region, self.percent = weight, region, percent

    @property
    def is_encoded(self) -> bool:
        return self.text is not None or self.image is not None


#: What is searched for: a text, a vector [dim], a Part, or a list of texts and Parts that are added up.
Query = Union[str, np.ndarray, Part, Sequence[Union[str, Part]]]


def filter_of(filter: Optional[str]) -> Optional[bytes]:
    if filter is None:
        return None
    if "\0" in filter:  # C would read the part before it alone, another filter
        raise ArgumentError("a filter has a NUL character")
    return filter.encode("utf-8", "surrogateescape")


def hit_of(hit: Any) -> Hit:
    """A hit of the library, copied."""
    return Hit(
        hit.id,
        hit.score,
        os.fsdecode(hit.path),
        hit.size,
        hit.mtime_ns,
        hit.width,
        hit.height,
        json.loads(hit.attributes) if hit.attributes != b"{}" else {},
        hit.gone,
        bytes(hit.hash),
        hit.copies,
        None if math.isnan(hit.relevance) else hit.relevance,
    )


def item_of(hit: Hit) -> Item:
    return Item(hit.id, *hit[2:10])


class Hits:
    """The library's hits, freed at the end."""

    def __init__(self) -> None:
        self.handle = ctypes.c_void_p()

    def __enter__(self) -> "Hits":
        return self

    def __exit__(self, *unused: Any) -> None:
        lib.library.clipsearch_hits_free(ctypes.byref(self.handle))

    def hits(self, query: int = 0) -> List[Hit]:
        count = lib.library.clipsearch_hits_count(self.handle, query)
        return [hit_of(lib.library.clipsearch_hits_get(self.handle, query, rank).contents) for rank in range(count)]

    def items(self) -> List[Item]:
        return [item_of(hit) for hit in self.hits()]
