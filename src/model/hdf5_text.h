/* SPDX-License-Identifier: MIT
 * hdf5_text.h - the text of an attribute of an HDF5 object, read without libhdf5. */
#ifndef CS_MODEL_HDF5_TEXT_H
#define CS_MODEL_HDF5_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copy the text of attribute `name` of the object whose header is at byte `at` of data[size] to out[room], which is
 * NUL-terminated. It reads what h5py writes for a str: a scalar text of variable length, in an object header of version
 * 1. False: there is no such text, it does not fit, or the file is damaged. */
bool cs_hdf5_text(const uint8_t *data, size_t size, uint64_t at, const char *name, char *out, size_t room);

#endif
