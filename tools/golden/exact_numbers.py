# SPDX-License-Identifier: MIT
"""Numbers for the fixtures of weight files. Runs in every Python and NumPy that a generator runs in, Python 2 included."""
import numpy as np


def numbers(count, seed):
    """The same values in every version and on every machine, and values that f16 and bf16 hold exactly."""
    state, out = seed, []
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2147483648
        out.append((state >> 16) % 255 - 127)
    return np.array(out, dtype=np.float32) / 64
