# SPDX-License-Identifier: MIT
"""Models: texts and images to vectors."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import threading
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Union

import numpy as np

from . import _library as lib
from ._errors import ArgumentError, call

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
#: An image: the path of a file, the bytes of one, a uint8 array [height, width, 3], or a Pillow image.
ImageLike = Any


def path_bytes(path: Path) -> bytes:
    """The path as C has it, which ends at a NUL."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ArgumentError(f"a path has a NUL in it: {path!r}")
    return encoded


def float_pointer(array: np.ndarray) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


def as_floats(values: Any, dim: int, what: str) -> np.ndarray:
    """`values` as a contiguous float32 array [count, dim]; one vector counts as one row."""
    array = np.ascontiguousarray(values, dtype=np.float32)
    if array.ndim == 1:
        array = array.reshape(1, -1)
    if array.ndim != 2 or array.shape[1] != dim:
        raise ArgumentError(f"{what}: expected an array [count, {dim}], found the shape {np.shape(values)}")
    return array


def texts_of(texts: Sequence[str]) -> Any:
    encoded = [text_bytes(text, "a text") for text in texts]
    return (ctypes.c_char_p * len(encoded))(*encoded)


def text_bytes(text: str, what: str) -> bytes:
    """A text as C has it, which ends at a NUL: behind one the rest would be ignored."""
    if "\0" in text:
        raise ArgumentError(f"{what} has a NUL character")
    return text.encode("utf-8", "surrogatepass")


def find_model(name: str = "default") -> str:
    """The directory of the installed model `name`: "default", or one that `clipsearch model fetch` has fetched."""
    path = ctypes.create_string_buffer(lib.PATH_SIZE)
    call("model_find", path_bytes(name), path)
    return os.fsdecode(path.value)


class EncoderInfo(NamedTuple):
    """What an encoder is. `fingerprint` identifies it; `dim` is the number of floats in a vector."""

    name: str
    path: str
    fingerprint: str
    preprocessing: str
    dim: int
    image_size: int
    context_length: int
    logit_scale: float
    texts: bool  # it encodes texts too
    metric: str
    normalized: bool
    image_precision: Optional[str] = None  # what images are computed in: "f32", "int8", "bf16"; None: without the tower
    text_precision: Optional[str] = None  # the same of texts


METRICS = ["cosine", "ip", "l2"]
PRECISIONS = ["auto", "f32", "int8", "bf16"]


def precision_number(precision: str) -> int:
    if precision not in PRECISIONS:
        raise ArgumentError(f'precision is "{precision}"; it can be "auto", "f32", "int8" or "bf16"')
    return PRECISIONS.index(precision)


class _Pixels:
    """Images in the form in which the library takes them; frees those that the library has made."""

    def __init__(self, images: Sequence[ImageLike]) -> None:
        self.array = (lib.Image * len(images))()
        self._made: List[lib.Image] = []
        self._kept: List[np.ndarray] = []
        try:
            for place, image in zip(self.array, images):
                self._read(place, image)
        except BaseException:
            self.free()
            raise

    def _read(self, place: lib.Image, image: ImageLike) -> None:
        if isinstance(image, (bytes, bytearray, memoryview)):
            data = bytes(image)
            call("image_decode", data, len(data), None, None, ctypes.byref(place))
            self._made.append(place)
        elif isinstance(image, (str, os.PathLike)):
            call("image_load", path_bytes(image), None, ctypes.byref(place))
            self._made.append(place)
        else:
            if hasattr(image, "convert"):  # Pillow
                image = image.convert("RGB")
            pixels = np.ascontiguousarray(image)
            if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
                raise ArgumentError(
                    "an image in an array must be uint8 [height, width, 3], red, green and blue; "
                    f"found {pixels.dtype} {list(pixels.shape)}"
                )
            self._kept.append(pixels)
            place.rgb = pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
            place.height, place.width = pixels.shape[:2]

    def free(self) -> None:
        for image in self._made:
            lib.library.clipsearch_image_free(ctypes.byref(image))
        self._made = []

    def __enter__(self) -> "_Pixels":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.free()


class _Name(str):
    """The name of an installed model, never of a file or folder that is called so."""


class Encoder:
    """An open model.

    `model` is a name for find_model, or the path of a model directory or weight file. `precision` is what vectors are
    computed in: "f32", "int8" or "bf16"; "auto": as the weight file is. Threads may share an encoder; one at a time encodes
    with it.
    """

    def __init__(
        self,
        model: Union[str, Path] = "default",
        *,
        threads: int = 0,
        image: bool = True,
        text: bool = True,
        precision: str = "auto",
    ) -> None:
        self._handle = ctypes.c_void_p()
        self._session = ctypes.c_void_p()
        if not image and not text:  # to the library none means both
            raise ArgumentError("an encoder has an image tower or a text tower; both were left out")
        self._lock = threading.Lock()
        options = lib.EncoderOptions()
        options.precision = precision_number(precision)
        path = os.fsdecode(path_bytes(model))
        if isinstance(model, _Name) or (os.sep not in path and not pathlib.Path(path).exists()):
            options.name = os.fsencode(path)
            path = find_model(path)
        options.towers = lib.IMAGE_TOWER * image | lib.TEXT_TOWER * text
        self._threads = threads
        call("encoder_open", path_bytes(path), ctypes.byref(options), ctypes.byref(self._handle))
        try:
            info = lib.EncoderInfo()
            call("encoder_describe", self._handle, ctypes.byref(info))
            self._open_session(self._session)
        except BaseException:
            self.close()
            raise
        self.info = EncoderInfo(
            name=os.fsdecode(info.name),
            path=os.fsdecode(info.path),
            fingerprint=info.fingerprint.decode(),
            preprocessing=info.preprocessing.decode(),
            dim=info.dim,
            image_size=info.image_size,
            context_length=info.context_length,
            logit_scale=info.logit_scale,
            texts=bool(info.towers & lib.TEXT_TOWER),
            metric=METRICS[info.metric],
            normalized=info.normalized,
            image_precision=PRECISIONS[info.image_precision] if info.image_precision else None,
            text_precision=PRECISIONS[info.text_precision] if info.text_precision else None,
        )
        self.dim: int = self.info.dim

    def encode_texts(self, texts: Union[str, Sequence[str]]) -> np.ndarray:
        """The vectors of texts: float32 [count, dim], each of length 1; of one text (a str) [dim]."""
        listed = [texts] if isinstance(texts, str) else list(texts)
        vectors = np.empty((len(listed), self.dim), np.float32)
        pointers = texts_of(listed)
        with self._lock:
            call("encode_texts", self._open(), pointers, len(listed), float_pointer(vectors))
        return vectors[0] if isinstance(texts, str) else vectors

    def encode_images(self, images: Union[ImageLike, Sequence[ImageLike]]) -> np.ndarray:
        """The vectors of images: float32 [count, dim]; of one path or the bytes of one file [dim].

        Each is the path of a file, the bytes of one, a uint8 array [height, width, 3], or a Pillow image.
        """
        if isinstance(images, (str, bytes, os.PathLike)):
            return self.encode_image(images)
        listed = list(images)
        vectors = np.empty((len(listed), self.dim), np.float32)
        for first in range(0, len(listed), 32):  # so many are in memory at once
            with _Pixels(listed[first : first + 32]) as pixels, self._lock:
                part = vectors[first : first + 32]
                call("encode_images", self._open(), pixels.array, len(part), float_pointer(part))
        return vectors

    def encode_image(self, image: ImageLike) -> np.ndarray:
        """The vector of one image: float32 [dim]."""
        return self.encode_images([image])[0]

    def _open(self) -> ctypes.c_void_p:
        if not self._session:
            raise ArgumentError("the encoder is closed")
        return self._session

    def _open_session(self, session: ctypes.c_void_p) -> None:
        options = lib.SessionOptions()
        options.threads = self._threads
        call("session_open", self._handle, ctypes.byref(options), ctypes.byref(session))

    @contextlib.contextmanager
    def _own_session(self) -> Iterator[ctypes.c_void_p]:
        """A session beside the encoder's: what takes long keeps nobody else from encoding, not even its own functions."""
        self._open()
        session = ctypes.c_void_p()
        self._open_session(session)
        try:
            yield session
        finally:
            lib.library.clipsearch_session_close(ctypes.byref(session))

    def close(self) -> None:
        """Free the model. It may be closed already."""
        lib.library.clipsearch_session_close(ctypes.byref(self._session))
        lib.library.clipsearch_encoder_close(ctypes.byref(self._handle))

    def __enter__(self) -> "Encoder":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) and lib is not None:
            self.close()

    def __repr__(self) -> str:
        return f"<clipsearch.Encoder {self.info.name}, {self.dim} floats>"


def opened(model: Optional[Union[str, Path, Encoder]], precision: str = "auto") -> Encoder:
    """`model` itself if it is an encoder, otherwise a new one."""
    if isinstance(model, Encoder):
        return model
    return Encoder("default" if model is None else model, precision=precision)
