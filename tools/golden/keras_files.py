# SPDX-License-Identifier: MIT
# Writes the same two layers with the Keras version that runs it, for tests/model/test_keras.c; `h5py` writes what must be
# refused, and the reference in safetensors. See tests/data/weights/README.md.
#
#     python keras_files.py DIRECTORY keras1|keras2|keras3|h5py
import sys

import numpy as np

from exact_numbers import numbers

directory, label = sys.argv[1:]

ARRAYS = [("block1_conv1/kernel", (3, 3, 3, 2), 1), ("block1_conv1/bias", (2,), 2), ("bn/gamma", (2,), 3),
          ("bn/beta", (2,), 4), ("bn/moving_mean", (2,), 5), ("bn/moving_variance", (2,), 6)]
arrays = {name: numbers(int(np.prod(shape)), seed).reshape(shape) for name, shape, seed in ARRAYS}


def model():
    import keras
    if label == "keras1":
        from keras.layers import BatchNormalization, Convolution2D, Input
        from keras.models import Model
        inputs = Input((4, 4, 3))
        x = Convolution2D(2, 3, 3, name="block1_conv1")(inputs)
    else:
        from keras import Input, Model
        from keras.layers import BatchNormalization, Conv2D
        inputs = Input((4, 4, 3))
        x = Conv2D(2, 3, name="block1_conv1")(inputs)
    made = Model(inputs, BatchNormalization(name="bn")(x))
    for layer in ("block1_conv1", "bn"):
        made.get_layer(layer).set_weights([arrays[name] for name, _, _ in ARRAYS if name.startswith(layer + "/")])
    return made


def refused():
    import h5py
    from safetensors.numpy import save_file
    save_file(arrays, directory + "/keras.safetensors")

    def create(name, **kwargs):
        return h5py.File("%s/refused/%s.h5" % (directory, name), "w", **kwargs)

    kernel = arrays["block1_conv1/kernel"]
    with create("compressed") as file:
        file.create_dataset("a/kernel", data=kernel, compression="gzip")
    with create("pieces") as file:
        file.create_dataset("a/kernel", data=kernel, chunks=(1, 1, 3, 2))
    with create("external-data") as file:
        file.create_dataset("a/kernel", (2,), "f4", external=[("/etc/hostname", 0, 8)])
    with create("external-link") as file:
        file["a"] = h5py.ExternalLink("/etc/hostname", "/x")
    with create("soft-link") as file:
        file["a/kernel"] = kernel
        file["b"] = h5py.SoftLink("/a")
    with create("virtual") as file:
        layout = h5py.VirtualLayout((2,), "f4")
        layout[:] = h5py.VirtualSource("/etc/hostname", "x", (2,))
        file.create_virtual_dataset("a/kernel", layout)
    with create("itself") as file:
        file.create_group("a")["b"] = file["/"]
    with create("latest-format", libver="latest") as file:
        file["a/kernel"] = kernel
    with create("never-written") as file:
        file.create_dataset("a/kernel", (2, 2), "f4")
    with create("no-weights") as file:
        file["text"] = "not a weight"
    # and what is passed over
    with h5py.File(directory + "/other-types.h5", "w") as file:
        file["a/kernel"] = kernel.astype("f2")
        file["a/steps"] = np.array([7], "i8")
        file["a/double"] = np.array([0.5])
        file["a/big"] = kernel.astype(">f4")
        file["a/text"] = "words"
        file["a/flags"] = np.array([True, False])
        file["optimizer_weights/a/kernel"] = kernel

if label == "h5py":
    refused()
elif label == "keras3":
    made = model()
    made.save_weights(directory + "/keras3.weights.h5")
    made.save(directory + "/keras3-model.h5")
else:
    made = model()
    made.save_weights(directory + "/%s.h5" % label)
    if label == "keras2":
        made.compile("adam", "mse")
        made.train_on_batch(np.zeros((1, 4, 4, 3)), np.zeros((1, 2, 2, 2)))  # an optimizer with a state
        for layer in ("block1_conv1", "bn"):
            made.get_layer(layer).set_weights([arrays[n] for n, _, _ in ARRAYS if n.startswith(layer + "/")])
        made.save(directory + "/keras2-model.h5")
