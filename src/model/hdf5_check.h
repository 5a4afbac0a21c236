/* SPDX-License-Identifier: MIT
 * hdf5_check.h - checks that an HDF5 file has the structure h5py writes for Keras, before libhdf5 reads it. */
#ifndef CS_MODEL_HDF5_CHECK_H
#define CS_MODEL_HDF5_CHECK_H

#include "base/error.h"

#include <stdint.h>

/* Walk every structure that libhdf5 would, from the superblock to the last data set, and fail on what is damaged or
 * is not one of the few that Keras' files have: superblock version 0, groups with symbol tables, object headers of
 * version 1, data sets in one piece, numbers, texts and flags. Every block must lie in the file, whole, and none may
 * overlap another, so that each is seen once: there are no cycles, and no object has two names. Errors:
 * CLIPSEARCH_E_MODEL (damaged), _UNSUPPORTED (other structures), _MEMORY. Messages give the byte. */
clipsearch_status cs_hdf5_check(const uint8_t *data, size_t size, const char *path, clipsearch_error *err);

#endif
