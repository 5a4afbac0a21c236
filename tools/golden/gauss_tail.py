# SPDX-License-Identifier: MIT
"""The polynomial R of src/kernels/act_poly.h: erfc(s / sqrt 2) = exp(-s R(s)) on [0, 6].

Weighted least squares at Chebyshev nodes, the weights raised where the error is largest (Lawson's iteration) until it is
level: a minimax fit. The weight is what an error of R does to s/2 erfc (the activation), with a floor that keeps the
tail's relative error near 3e-6. Made with Python 3.11, numpy 2 and mpmath 1.3: python3 tools/golden/gauss_tail.py
"""
import numpy as np
from mpmath import cos, erfc, log, mp, mpf, pi, sqrt

mp.dps = 40
END, DEGREE, NODES, ROUNDS = 6, 9, 400, 60

nodes = [mpf(END) * (1 - cos(pi * (i + mpf(1) / 2) / NODES)) / 2 for i in range(NODES)]
target = np.array([float(-log(erfc(s / sqrt(mpf(2)))) / s) for s in nodes])
effect = np.array([float(erfc(s / sqrt(mpf(2))) * s / 2) for s in nodes])
s = np.array([float(v) for v in nodes])
weight = np.maximum(effect, 0.002 * s)
basis = np.vander(s / 3 - 1, DEGREE + 1, increasing=True)  # in (s - 3) / 3, which the fit can stand

lawson = np.ones(NODES)
for _ in range(ROUNDS):
    w = weight * np.sqrt(lawson)
    coefficients, *_ = np.linalg.lstsq(basis * w[:, None], target * w, rcond=None)
    error = np.abs(basis @ coefficients - target) * weight
    lawson *= error / error.max() + 1e-3
    lawson /= lawson.sum()

polynomial = np.poly1d([0.0])
for c in coefficients[::-1]:
    polynomial = polynomial * np.poly1d([1 / 3, -1]) + c
print("highest power first:", ", ".join(float(np.float32(c)).hex() + "f" for c in polynomial.coeffs))
print("largest error of half the tail:", np.abs((basis @ coefficients - target) * effect).max())
