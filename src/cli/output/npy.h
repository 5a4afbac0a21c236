/* SPDX-License-Identifier: MIT
 * npy.h - the header of a NumPy file. */
#ifndef CS_CLI_OUTPUT_NPY_H
#define CS_CLI_OUTPUT_NPY_H

#include "base/buf.h"

/* Append the header of a .npy file, format version 1.0 (NEP 1), of a C-ordered little-endian float32 array
 * [rows, columns]: its length is a multiple of 64, and the numbers follow it. */
void cs_npy_put_header(cs_buf *buf, size_t rows, size_t columns);

#endif
