# SPDX-License-Identifier: MIT
"""Collections: images and vectors that can be searched."""

from __future__ import annotations

import ctypes
import datetime
import hashlib
import json
import numbers
import os
import pathlib
import threading
from typing import Any, Callable, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _library as lib
from ._encoder import (
    METRICS,
    PRECISIONS,
    Encoder,
    ImageLike,
    Path,
    _Name,
    _Pixels,
    as_floats,
    float_pointer,
    opened,
    path_bytes,
    precision_number,
    text_bytes,
)
from ._duplicates import find_duplicates
from ._errors import ArgumentError, Calls, Error, MismatchError, call, make_error
from ._items import Attributes, Hit, Hits, Item, Part, Query, filter_of
from ._reports import BadFile, CheckReport, CollectionInfo, Duplicates, DuplicatesProgress, IngestReport, Progress

#: The least relevance of a hit that probably fits.
RELEVANT = 0.5


def _attributes_of(attributes: Optional[Attributes]) -> Optional[bytes]:
    return None if attributes is None else json.dumps(attributes, ensure_ascii=False, allow_nan=False).encode()


def _pointers(values: Sequence[Optional[bytes]]) -> Any:
    return (ctypes.c_char_p * len(values))(*values)


def _ids_of(ids: Any) -> np.ndarray:
    array = np.asarray(ids)
    # NumPy would make whole numbers of others, and negative ones of large ones
    if array.size and (array.dtype.kind not in "iu" or int(array.max()) >= 2**63):
        raise ArgumentError(f"ids must be whole numbers below 2**63, not {array.reshape(-1)[0]!r}")
    return np.ascontiguousarray(array, dtype=np.int64).reshape(-1)


def _id_pointer(ids: np.ndarray) -> Any:
    return ids.ctypes.data_as(ctypes.POINTER(ctypes.c_int64))


def _run_ingestion(
    name: str,
    target: Any,
    encoder: Encoder,
    options: lib.IngestOptions,
    progress: Optional[Callable[[Progress], Optional[bool]]],
) -> IngestReport:
    """Call the library's function `name`, which takes a target, a session and IngestOptions."""
    report, bad = lib.IngestReport(), []

    def note_bad(unused: Any, path: bytes, why: Any) -> None:
        bad.append(BadFile(os.fsdecode(path), make_error(why.contents)))

    def show(unused: Any, at: Any) -> bool:
        p = at.contents
        if progress is None:
            return True
        return progress(Progress(p.found, p.done, p.stored, p.seconds, os.fsdecode(p.path))) is not False

    with Calls() as calls, encoder._own_session() as session:
        options.bad_file = lib.BAD_FILE(calls.guard(note_bad, None))
        options.progress = lib.INGEST_PROGRESS(calls.guard(show, False))
        calls.call(name, target, session, ctypes.byref(options), ctypes.byref(report))
    counts = {field: getattr(report, field) for field in IngestReport._fields if field != "bad"}
    return IngestReport(bad=bad, **counts)


def _check_precision(model: Any, precision: str) -> None:
    precision_number(precision)
    if isinstance(model, Encoder) and precision != "auto":
        raise ArgumentError("an Encoder has its precision already: Encoder(..., precision=...)")


class _Calibration:
    """What scores mean in a collection of `count` items; freed with its last user."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.handle = ctypes.c_void_p()

    def __del__(self) -> None:
        if lib is not None:
            lib.library.clipsearch_calibration_free(ctypes.byref(self.handle))


def _parts_of(query: Any) -> List[Any]:
    """The parts of a query; a list of numbers is one, a vector."""
    if isinstance(query, (str, Part)):
        return [query]
    if isinstance(query, np.ndarray):
        if query.ndim != 1:
            raise ArgumentError(f"a query is one vector, not an array {list(query.shape)}; search_many takes several, and "
                                "clipsearch.Part(image=...) is an image")
        return [query]
    if isinstance(query, (bytes, bytearray, memoryview, os.PathLike)):
        raise ArgumentError("an image is a query as clipsearch.Part(image=...): a path, or the bytes of a file")
    if not isinstance(query, Iterable):
        raise ArgumentError(f"a query is a text, a vector, a Part, or a list of texts and Parts, not {query!r}")
    parts = list(query)
    if parts and all(isinstance(part, numbers.Real) for part in parts):
        return [np.asarray(parts, np.float32)]
    return parts


def _is_of_texts(query: Query) -> bool:
    return all(isinstance(part, str) or (isinstance(part, Part) and part.text is not None) for part in _parts_of(query))


class Collection:
    """A collection of a database file.

    `path` is the database; ":memory:" is one in memory. `name` is the collection; None: "photos", or the only one that
    there is. It must exist unless `create` is set: then it is made for `model` or, with `dim`, for vectors of your own.
    `model` is a name, a path or an Encoder; None: the model that made the collection, opened when it is first needed.
    `precision` is what vectors are computed in, as in Encoder, which has its own; with "auto" new images are computed as
    those that are there. Any number of threads may use a collection.
    """

    def __init__(
        self,
        path: Path,
        name: Optional[str] = None,
        *,
        create: bool = False,
        read_only: bool = False,
        model: Optional[Union[str, Path, Encoder]] = None,
        dim: Optional[int] = None,
        metric: Optional[str] = None,
        precision: str = "auto",
    ) -> None:
        _check_precision(model, precision)
        if read_only and create:
            raise ArgumentError("read_only and create contradict each other")
        if dim is not None and model is not None:
            raise ArgumentError("a collection with dim is for vectors of your own, without a model; give one of the two")
        self._database = ctypes.c_void_p()
        self._handle = ctypes.c_void_p()
        # where it is, though the working directory may change; an address of a server and ":memory:" are no paths
        is_file = b"://" not in path_bytes(path) and path_bytes(path) != b":memory:"
        self._path, self._read_only = os.path.abspath(path_bytes(path)) if is_file else path, read_only
        self._calibration: Optional[_Calibration] = None
        self._calibration_lock = threading.Lock()
        self._model = model
        self._precision = precision
        self._encoder: Optional[Encoder] = model if isinstance(model, Encoder) else None
        self._image_encoder: Optional[Encoder] = None  # where new images are computed in another precision than queries
        self._encoder_lock = threading.Lock()  # so that threads open one encoder
        create = create or dim is not None or path_bytes(path) == b":memory:"
        flags = lib.READ_ONLY if read_only else lib.CREATE if create else 0
        if metric is not None and metric not in METRICS:
            raise ArgumentError(f'metric is "{metric}"; it can be "cosine", "ip" or "l2"')
        was_there = os.path.exists(path)
        call("database_open", path_bytes(path), flags, ctypes.byref(self._database))
        try:
            self._open(name, create and not read_only, dim, metric)
        except BaseException:
            made = not was_there and not self._has_collections()
            self.close()
            if made and os.path.exists(path):
                os.remove(path)
            raise
        self.name = self.info.name
        self.dim: int = self.info.dim
        self.metric: str = self.info.metric

    def _has_collections(self) -> bool:
        """Also those that somebody else has made since; true when that cannot be known."""
        try:
            return bool(self._names())
        except Error:
            return True

    def _names(self) -> List[str]:
        names: List[str] = []

        def add(unused: Any, info: Any) -> bool:
            names.append(info.contents.name.decode())
            return True

        call("database_collections", self._database, lib.COLLECTION_EACH(add), None)
        return names

    def _open(self, name: Optional[str], create: bool, dim: Optional[int], metric: Optional[str]) -> None:
        names = self._names()
        if name is None:
            name = names[0] if len(names) == 1 and not create else "photos"
        own_name = text_bytes(name, "the collection's name")
        handle = ctypes.byref(self._handle)
        if dim is not None:
            options = lib.VectorsOptions()
            options.dim = dim
            options.metric = METRICS.index(metric or "cosine")
            call("collection_ensure_vectors", self._database, own_name, ctypes.byref(options), handle)
        elif create and name not in names:
            encoder = self.encoder
            number = METRICS.index(metric or encoder.info.metric)
            call("collection_ensure_index", self._database, own_name, encoder._handle, number, None, handle)
        else:
            own = self.encoder._handle if self._model is not None else None
            call("collection_open", self._database, own_name, own, handle)
            if metric is not None and self.info.metric != metric:
                raise MismatchError(f"the collection {name} compares by {self.info.metric}, not by {metric}")

    @property
    def encoder(self) -> Encoder:
        """The collection's model, opened when it is first asked for."""
        with self._encoder_lock:
            if self._encoder is None:
                self._encoder = self._open_encoder()
            return self._encoder

    def _model_to_open(self) -> Optional[Union[str, Path, Encoder]]:
        model = self._model
        if model is None and self._handle:
            info = self.info
            if not info.fingerprint:
                raise ArgumentError(
                    f"the collection {info.name} holds vectors that were put without a model: no text and no image "
                    "can be encoded for it; search by a vector or an id"
                )
            there = info.model_path and os.path.exists(info.model_path)
            model = info.model_path if there else _Name(info.encoder)
        return model

    def _open_encoder(self) -> Encoder:
        encoder = opened(self._model_to_open(), self._precision)
        if self._handle:
            call("collection_check_encoder", self._handle, encoder._handle)
        return encoder

    def _encoder_for_images(self) -> Encoder:
        """The encoder of images that are added: they are computed as those that are there."""
        encoder = self.encoder
        if isinstance(self._model, Encoder):
            return encoder
        with self._encoder_lock:
            own = self._image_encoder
            precision = self._precision_to_follow(encoder, self._precision)
            if precision == "auto":
                return encoder
            if own is None or own.info.image_precision != precision:
                if own is not None:
                    own.close()
                self._image_encoder = own = Encoder(self._model_to_open() or "default", text=False, precision=precision)
                call("collection_check_encoder", self._handle, own._handle)
            return own

    def _precision_to_follow(self, encoder: Encoder, asked: str) -> str:
        """That of all stored vectors, when it is another than the encoder's and nothing else was asked for."""
        info = self.info
        follows = asked == "auto" and encoder.info.image_precision == "f32" and info.fingerprint == encoder.info.fingerprint
        if not follows or len(info.precisions) != 1 or info.precisions[0] == "f32":
            return "auto"
        return info.precisions[0]

    @property
    def info(self) -> CollectionInfo:
        """What the collection is, as it is now."""
        info = lib.CollectionInfo()
        call("collection_describe", self._open_handle(), ctypes.byref(info))
        return CollectionInfo(
            info.name.decode(),
            os.fsdecode(info.encoder),
            info.fingerprint.decode(),
            info.dim,
            METRICS[info.metric],
            info.count,
            info.gone,
            datetime.datetime.fromtimestamp(info.created, datetime.timezone.utc),
            info.indexed,
            info.changes,
            None if info.model_path is None else os.fsdecode(info.model_path),
            [name for i, name in enumerate(PRECISIONS) if i and info.precisions & 1 << i],
        )

    # ---- searching

    def search(
        self,
        query: Query,
        k: int = 10,
        *,
        filter: Optional[str] = None,
        limit: Optional[float] = None,
        exact: bool = False,
        ef: int = 0,
        gone: bool = False,
        with_self: bool = False,
        fold_copies: bool = False,
        relevant: bool = False,
        min_relevance: Optional[float] = None,
        timeout: float = 0,
        go_on: Optional[Callable[[], bool]] = None,
    ) -> List[Hit]:
        """The `k` items that are nearest to the query, nearest first.

        `query` is a text, a vector [dim], a Part, or a list of texts and Parts that are added up. `filter` is a condition
        such as 'price < 100'; `limit` the lowest score (for "l2" the greatest distance). With `fold_copies`
        items with the same content are one hit, whose `copies` counts the others. With `relevant` there are only hits that
        probably fit, or with `min_relevance` those of another relevance, 0 to 1; both are for queries of texts, and see
        `calibrate`. The search ends with an exception after `timeout` seconds, or when `go_on`, which is called every few
        milliseconds, returns False.
        """
        return self.search_many(
            [query],
            k,
            filter=filter,
            limit=limit,
            exact=exact,
            ef=ef,
            gone=gone,
            with_self=with_self,
            fold_copies=fold_copies,
            relevant=relevant,
            min_relevance=min_relevance,
            timeout=timeout,
            go_on=go_on,
        )[0]

    def search_many(
        self,
        queries: Union[np.ndarray, Sequence[Query]],
        k: int = 10,
        *,
        filter: Optional[str] = None,
        limit: Optional[float] = None,
        exact: bool = False,
        ef: int = 0,
        gone: bool = False,
        with_self: bool = False,
        fold_copies: bool = False,
        relevant: bool = False,
        min_relevance: Optional[float] = None,
        timeout: float = 0,
        go_on: Optional[Callable[[], bool]] = None,
    ) -> List[List[Hit]]:
        """Many searches at once, which takes less time: a list of queries, or vectors [count, dim]."""
        if isinstance(queries, (str, bytes)):
            raise ArgumentError("search_many takes a list of queries; search takes one")
        if k < 1:  # below 0 it would become a very large number
            raise ArgumentError(f"k is {k}; ask for one hit at least")
        options = lib.SearchOptions()
        options.filter = filter_of(filter)
        options.exact, options.ef, options.gone, options.timeout = exact, ef, gone, timeout
        options.fold_copies = fold_copies
        if relevant and min_relevance is not None:
            raise ArgumentError("relevant means min_relevance=0.5; give one of them")
        calibration = None
        if relevant or min_relevance is not None:
            least = RELEVANT if min_relevance is None else min_relevance
            if not 0 <= least <= 1:
                raise ArgumentError(f"min_relevance is {least}; it must be from 0 to 1")
            if any(not _is_of_texts(query) for query in queries):
                raise ArgumentError("relevance is for queries of texts; for others there is limit")
            calibration = self._calibrated()  # kept as long as the search
            options.calibration, options.min_relevance = calibration.handle, least
        if limit is not None:
            options.has_limit, options.limit = True, limit
        with Calls() as calls, Hits() as found:
            # asked also without a function of the caller's, so that Ctrl-C ends a search
            options.go_on = lib.GO_ON(calls.guard(lambda unused: go_on is None or go_on() is not False, False))
            pointer = ctypes.byref(options)
            if isinstance(queries, np.ndarray) or all(isinstance(query, np.ndarray) and query.ndim == 1 for query in queries):
                vectors = as_floats(queries, self.dim, "the queries") if len(queries) else np.empty((0, self.dim))
                count = len(vectors)
                floats = float_pointer(vectors)
                calls.call("search", self._open_handle(), floats, count, k, pointer, ctypes.byref(found.handle))
            else:
                count = len(queries)
                self._ask(calls, queries, k, with_self, pointer, found)
            return [found.hits(query) for query in range(count)] if calls.raised is None else []

    def _ask(
        self, calls: Calls, queries: Sequence[Query], k: int, with_self: bool, options: Any, found: Hits
    ) -> None:
        kept: List[Any] = []  # what the library reads lives as long as the call
        questions = (lib.Question * len(queries))()
        encoded = False
        for question, query in zip(questions, queries):
            listed = _parts_of(query)
            parts = [
                part if isinstance(part, Part) else Part(part) if isinstance(part, str) else Part(vector=part)
                for part in listed
            ]
            encoded = encoded or any(part.is_encoded for part in parts)
            array = (lib.Part * len(parts))()
            for place, part in zip(array, parts):
                self._fill_part(place, part, kept)
            lib.Question.__init__(question)
            question.parts, question.part_count, question.with_self = array, len(parts), with_self
            kept.append(array)
        arguments = (questions, len(queries), k, options, ctypes.byref(found.handle))
        if encoded:
            encoder = self.encoder  # kept as long as its session is used
            with encoder._lock:
                calls.call("ask", self._open_handle(), encoder._open(), *arguments)
        else:
            calls.call("ask", self._open_handle(), None, *arguments)

    def calibrate(self, *, cache: Optional[Path] = None) -> None:
        """Find out what scores mean in this collection, for the relevance of hits.

        A search with `relevant` or `min_relevance` does so itself when it has not been done, or when the number of items has
        changed by more than a tenth. It takes a fraction of a second to some seconds; with `cache` the result is read from
        that file if it fits, and otherwise written to it.
        """
        with self._calibration_lock:
            self._calibration = self._calibrate(cache)

    def _calibrate(self, cache: Optional[Path]) -> _Calibration:
        made = _Calibration(len(self))
        encoder = self.encoder
        with encoder._lock:
            call(
                "calibrate",
                self._open_handle(),
                encoder._open(),
                None if cache is None else path_bytes(cache),
                ctypes.byref(made.handle),
            )
        return made

    def _calibrated(self) -> _Calibration:
        with self._calibration_lock:
            known, count = self._calibration, len(self)
            if known is None or abs(count - known.count) * 10 > known.count:
                known = self._calibration = self._calibrate(None)
            return known

    def duplicates(
        self,
        level: str = "same",
        *,
        filter: Optional[str] = None,
        threads: int = 0,
        progress: Optional[Callable[[DuplicatesProgress], Optional[bool]]] = None,
    ) -> Duplicates:
        """Groups of images that are duplicates of each other; nothing is changed.

        `level` is how alike they are, each one with those before it: "exact" (the same bytes), "same" (recoded or resized),
        "edited" (turned, mirrored, cropped a little, brightened) or "burst" (one scene within a minute). `progress` may
        return False to end it with CancelledError. See `clipsearch_duplicates_find` in clipsearch.h.
        """
        return find_duplicates(self._open_handle(), level, filter, threads, progress)

    def _fill_part(self, place: lib.Part, part: Part, kept: List[Any]) -> None:
        lib.Part.__init__(place)
        place.weight = part.weight
        if part.text is not None:
            place.text = text_bytes(part.text, "a text")
        elif part.image is not None:
            if isinstance(part.image, (bytes, bytearray, memoryview)):
                data = bytes(part.image)
                kept.append(data)
                place.image = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p)
                place.image_size = len(data)
            elif isinstance(part.image, (str, os.PathLike)):
                place.path = path_bytes(part.image)
            elif part.region is None:  # pixels
                vector = self.encoder.encode_image(part.image)
                kept.append(vector)
                place.vector = float_pointer(vector)
            else:
                raise ArgumentError("cut the region out of an image that is an array yourself")
        elif part.id is not None:
            place.id = part.id
        else:
            vector = as_floats(part.vector, self.dim, "the vector of a part")
            if len(vector) != 1:
                raise ArgumentError(f"a part is one vector, not {len(vector)}")
            kept.append(vector)
            place.vector = float_pointer(vector)
        if part.region is not None:
            region = lib.Region(*part.region, part.percent)
            kept.append(region)
            place.region = ctypes.pointer(region)

    # ---- items

    def __len__(self) -> int:
        return self.info.count

    def items(
        self, filter: Optional[str] = None, *, after: int = 0, gone: bool = False, page: int = 500
    ) -> Iterator[Item]:
        """All items that match the filter, in the order of their ids. They are read page by page."""
        if page < 1:
            raise ArgumentError(f"page is {page}; it must be 1 or more")
        options = lib.ListOptions()
        options.filter = filter_of(filter)
        options.gone, options.limit, options.after = gone, page, after
        while True:
            with Hits() as found:
                call("list", self._open_handle(), ctypes.byref(options), ctypes.byref(found.handle))
                items = found.items()
            yield from items
            if len(items) < page:
                return
            options.after = items[-1].id

    def __iter__(self) -> Iterator[Item]:
        return self.items()

    def get(self, ids: Union[int, Iterable[int]]) -> Any:
        """The item with this id (None when there is none), or the items that exist of a list of ids."""
        wanted = _ids_of([ids] if isinstance(ids, (int, np.integer)) else list(ids))
        with Hits() as found:
            call("get", self._open_handle(), _id_pointer(wanted), len(wanted), ctypes.byref(found.handle))
            items = found.items()
        if isinstance(ids, (int, np.integer)):
            return items[0] if items else None
        return items

    def vectors(self, ids: Union[int, Iterable[int]]) -> np.ndarray:
        """The stored vectors of items: float32 [count, dim]; of one id [dim]."""
        wanted = _ids_of([ids] if isinstance(ids, (int, np.integer)) else list(ids))
        vectors = np.empty((len(wanted), self.dim), np.float32)
        call("collection_vectors", self._open_handle(), _id_pointer(wanted), len(wanted), float_pointer(vectors))
        return vectors[0] if isinstance(ids, (int, np.integer)) else vectors

    # ---- changing

    def put(
        self,
        vectors: Any,
        *,
        paths: Optional[Sequence[Optional[Path]]] = None,
        ids: Optional[Sequence[int]] = None,
        attributes: Optional[Sequence[Optional[Attributes]]] = None,
    ) -> np.ndarray:
        """Store vectors [count, dim], all of them or none, and return their ids.

        In a collection with the metric "cosine" they get length 1. A path is any name that is unique in the collection; an
        item without one is named "#" and its id. An item with a path or an id that is there already is replaced.
        """
        floats = as_floats(vectors, self.dim, "the vectors")
        items = (lib.Item * len(floats))()
        for what, given in (("paths", paths), ("ids", ids), ("attributes", attributes)):
            if isinstance(given, (str, bytes, dict)):
                raise ArgumentError(f"{what} must be a list, with one for each vector")
            if given is not None and len(given) != len(floats):
                raise ArgumentError(f"{len(floats)} vectors, but {len(given)} {what}")
        wanted = None if ids is None else _ids_of(list(ids)).tolist()
        for i, item in enumerate(items):
            item.path = path_bytes(paths[i]) if paths is not None and paths[i] is not None else None
            item.id = wanted[i] if wanted is not None else 0
            item.attributes = _attributes_of(attributes[i]) if attributes is not None else None
        given = np.zeros(len(floats), np.int64)
        call(
            "collection_put_vectors",
            self._open_handle(),
            items,
            float_pointer(floats),
            len(floats),
            _id_pointer(given),
        )
        return given

    def add_images(
        self,
        images: Sequence[ImageLike],
        *,
        paths: Optional[Sequence[Optional[Path]]] = None,
        attributes: Optional[Sequence[Optional[Attributes]]] = None,
    ) -> np.ndarray:
        """Encode and store images, and return their ids.

        Each is the path of a file, the bytes of one, a uint8 array [height, width, 3], or a Pillow image. `paths` names
        them; an image that is given as a path is named after it. To keep a folder up to date use `ingest`.
        """
        listed = list(images)
        for what, given in (("paths", paths), ("attributes", attributes)):
            if given is not None and len(given) != len(listed):
                raise ArgumentError(f"{len(listed)} images, but {len(given)} {what}")
        encoder = self._encoder_for_images()
        all_ids = np.zeros(len(listed), np.int64)
        for first in range(0, len(listed), 32):
            some = listed[first : first + 32]
            items = (lib.Item * len(some))()
            vectors = np.empty((len(some), self.dim), np.float32)
            with _Pixels(some) as pixels:
                with encoder._lock:
                    call("encode_images", encoder._open(), pixels.array, len(some), float_pointer(vectors))
                for i, (item, image) in enumerate(zip(items, some)):
                    path = paths[first + i] if paths is not None else None
                    item.width, item.height = pixels.array[i].width, pixels.array[i].height
                    item.attributes = _attributes_of(attributes[first + i]) if attributes is not None else None
                    self._describe_file(item, image, path)
            given = all_ids[first : first + 32]
            with encoder._lock:
                encoder._open()
                call(
                    "collection_put_encoded",
                    self._open_handle(),
                    encoder._handle,
                    items,
                    float_pointer(vectors),
                    len(some),
                    _id_pointer(given),
                )
        return all_ids

    @staticmethod
    def _describe_file(item: lib.Item, image: ImageLike, path: Optional[Path]) -> None:
        data = None
        if isinstance(image, (bytes, bytearray, memoryview)):
            data = bytes(image)
        elif isinstance(image, (str, os.PathLike)):
            real = os.path.realpath(path_bytes(image))
            data = pathlib.Path(os.fsdecode(real)).read_bytes()
            item.mtime_ns = os.stat(real).st_mtime_ns
            path = real if path is None else path
        if data is not None:
            item.size = len(data)
            item.hash = (ctypes.c_uint8 * 32)(*hashlib.sha256(data).digest())
        item.path = None if path is None else path_bytes(path)

    def ingest(
        self,
        *sources: Path,
        include: Optional[Sequence[str]] = None,
        exclude: Optional[Sequence[str]] = None,
        attributes: Optional[Attributes] = None,
        prune: bool = False,
        rescan: bool = False,
        dry_run: bool = False,
        stop_at_bad: bool = False,
        batch: int = 32,
        threads: int = 0,
        progress: Optional[Callable[[Progress], Optional[bool]]] = None,
    ) -> IngestReport:
        """Bring the collection up to date with the images in folders and files.

        New and changed images are encoded and stored. `progress` is called from time to time; if it returns False the
        ingestion stops, and CancelledError is raised; another call continues. See `clipsearch_ingest` in clipsearch.h.
        """
        encoder = self._encoder_for_images()
        options = lib.IngestOptions()
        if any(not isinstance(source, (str, bytes, os.PathLike)) for source in sources):
            raise ArgumentError("ingest takes folders and files one by one: ingest(*paths) for a list")
        listed = (lib.Source * len(sources))()
        kept: List[Any] = []
        for place, source in zip(listed, sources):
            lib.Source.__init__(place)
            place.path = path_bytes(source)
            place.attributes = _attributes_of(attributes)
            for name, patterns in (("include", include), ("exclude", exclude)):
                if isinstance(patterns, (str, bytes)):
                    raise ArgumentError(f"{name} must be a list of patterns")
                if patterns is not None:
                    pointers = _pointers([path_bytes(pattern) for pattern in patterns])
                    kept.append(pointers)
                    setattr(place, name, pointers)
                    setattr(place, name + "_count", len(pointers))
        options.sources, options.source_count = listed, len(sources)
        options.batch, options.threads = batch, threads
        options.prune, options.rescan, options.dry_run = prune, rescan, dry_run
        options.on_bad = lib.STOP_AT_BAD if stop_at_bad else lib.SKIP_BAD
        return _run_ingestion("ingest", self._open_handle(), encoder, options, progress)

    def remodel(
        self,
        model: Union[str, Path, Encoder],
        *,
        metric: Optional[str] = None,
        force: bool = False,
        dry_run: bool = False,
        batch: int = 32,
        threads: int = 0,
        precision: Optional[str] = None,
        progress: Optional[Callable[[Progress], Optional[bool]]] = None,
    ) -> IngestReport:
        """Encode all images of the collection anew with another model, in place.

        Ids, paths and attributes stay. Until the last image is done other collections that are open find what they found
        before; then they fail with NotFoundError and must be opened again. This one goes on with the new model; no other
        thread may use it meanwhile. What was done is kept if it is interrupted: another call continues. `metric` is the
        model's usual one if it is None. `force` switches though many files are gone or cannot be read.
        `precision` is as in Collection, whose own is used if it is None. See `clipsearch_remodel` in clipsearch.h.
        """
        self._open_handle()
        if path_bytes(self._path) == b":memory:" or self._read_only:
            raise ArgumentError("a collection in memory or opened with read_only cannot be encoded anew")
        if metric is not None and metric not in METRICS:
            raise ArgumentError(f'metric is "{metric}"; it can be "cosine", "ip" or "l2"')
        if precision is None:
            precision = "auto" if isinstance(model, Encoder) else self._precision
        _check_precision(model, precision)
        encoder, images = opened(model, precision), None
        try:
            follow = "auto" if encoder is model else self._precision_to_follow(encoder, precision)
            if follow != "auto":
                images = Encoder(model, text=False, precision=follow)
            target, options = lib.IngestTarget(), lib.IngestOptions()
            target.database, target.collection = path_bytes(self._path), self.name.encode()
            target.metric = METRICS.index(metric or encoder.info.metric)
            options.batch, options.threads, options.dry_run, options.force_prune = batch, threads, dry_run, force
            report = _run_ingestion("remodel", ctypes.byref(target), images or encoder, options, progress)
        except BaseException:
            if encoder is not model:
                encoder.close()
            raise
        finally:
            if images is not None:
                images.close()
        if not dry_run:
            self._switch(model, encoder, precision)
        elif encoder is not model:
            encoder.close()
        return report

    def _switch(self, model: Union[str, Path, Encoder], encoder: Encoder, precision: str) -> None:
        """Open the collection again, which is the encoder's now."""
        if self._encoder is not None and self._encoder is not self._model and self._encoder is not encoder:
            self._encoder.close()
        if self._image_encoder is not None:
            self._image_encoder.close()
        self._model, self._encoder, self._image_encoder, self._calibration = model, encoder, None, None
        self._precision = precision
        lib.library.clipsearch_collection_close(ctypes.byref(self._handle))
        call("collection_open", self._database, self.name.encode(), encoder._handle, ctypes.byref(self._handle))
        self.dim, self.metric = self.info.dim, self.info.metric

    def remove(self, ids: Union[int, Iterable[int]]) -> int:
        """Remove items by their ids; returns how many there were."""
        wanted = _ids_of([ids] if isinstance(ids, (int, np.integer)) else list(ids))
        removed = ctypes.c_size_t()
        call("collection_remove", self._open_handle(), _id_pointer(wanted), len(wanted), ctypes.byref(removed))
        return removed.value

    def remove_where(self, filter: str) -> int:
        """Remove the items that match the filter ("true": all); returns how many there were."""
        removed = ctypes.c_uint64()
        call("collection_remove_where", self._open_handle(), filter_of(filter), ctypes.byref(removed))
        return removed.value

    def merge_attributes(self, ids: Sequence[int], attributes: Sequence[Attributes]) -> None:
        """Add to and change attributes of items; one that is None is removed."""
        wanted = _ids_of(ids)
        if len(wanted) != len(attributes):
            raise ArgumentError(f"{len(wanted)} ids, but {len(attributes)} attributes")
        pointers = _pointers([_attributes_of(one) for one in attributes])
        call("collection_merge_attributes", self._open_handle(), _id_pointer(wanted), pointers, len(wanted))

    # ---- the database

    def checkpoint(self, *, rebuild: bool = False, vacuum: bool = False, threads: int = 0) -> None:
        """Write the index file or bring it up to date; to be called after many vectors were put. Where the collection's
        model is open, the recall of texts is measured with sentences."""
        options = lib.CheckpointOptions()
        options.encoder = self._encoder and self._encoder._handle
        options.rebuild, options.vacuum, options.threads = rebuild, vacuum, threads
        with Calls() as calls:  # so that Ctrl-C ends it
            options.progress = lib.CHECKPOINT_PROGRESS(calls.guard(lambda *unused: True, False))
            calls.call("collection_checkpoint", self._open_handle(), ctypes.byref(options))

    def vacuum(self) -> None:
        """Write the database file again without the space of what was removed."""
        self._open_handle()
        call("database_vacuum", self._database)

    def check(self, sample: int = 100) -> CheckReport:
        """Read everything, and measure the recall of searches with `sample` queries. Raises what is damaged."""
        report = lib.CheckReport()
        call("collection_check", self._open_handle(), sample, ctypes.byref(report))
        state = ["none", "usable", "unused", "damaged"][report.state]
        return CheckReport(report.images, state, report.why.decode("utf-8", "replace"), report.recall,
                           report.query_recall)

    def _open_handle(self) -> ctypes.c_void_p:
        if not self._handle:
            raise ArgumentError("the collection is closed")
        return self._handle

    def close(self) -> None:
        """Close collection and database. They may be closed already. An encoder that was opened for it is closed too."""
        self._calibration = None
        lib.library.clipsearch_collection_close(ctypes.byref(self._handle))
        lib.library.clipsearch_database_close(ctypes.byref(self._database))
        if self._encoder is not None and self._encoder is not self._model:
            self._encoder.close()
        if self._image_encoder is not None:
            self._image_encoder.close()
        self._encoder = self._image_encoder = None

    def __enter__(self) -> "Collection":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_database", None) and lib is not None:
            self.close()

    def __repr__(self) -> str:
        if not self._handle:
            return "<clipsearch.Collection, closed>"
        info = self.info
        return f"<clipsearch.Collection {info.name}: {info.count} items, {info.dim} floats, {info.metric}>"


def collections(path: Path) -> List[str]:
    """The names of the collections of a database file."""
    database = ctypes.c_void_p()
    call("database_open", path_bytes(path), lib.READ_ONLY, ctypes.byref(database))
    names: List[str] = []

    def add(unused: Any, info: Any) -> bool:
        names.append(info.contents.name.decode())
        return True

    try:
        call("database_collections", database, lib.COLLECTION_EACH(add), None)
    finally:
        lib.library.clipsearch_database_close(ctypes.byref(database))
    return names


def drop(path: Path, name: str) -> None:
    """Remove a collection with all its items. Image files are never touched."""
    database = ctypes.c_void_p()
    call("database_open", path_bytes(path), 0, ctypes.byref(database))
    try:
        call("collection_drop", database, text_bytes(name, "the collection's name"))
    finally:
        lib.library.clipsearch_database_close(ctypes.byref(database))
