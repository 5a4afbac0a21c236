/* SPDX-License-Identifier: MIT
 * hdf5_absent.c - the message of a build without libhdf5. */
#include "model/container.h"

clipsearch_status cs_hdf5_read(cs_weights *weights, clipsearch_error *err)
{
    return cs_fail(
        err, CLIPSEARCH_E_UNSUPPORTED,
        "%s: this is an HDF5 (Keras) file, and this build was made without libhdf5 (meson option hdf5); load "
        "it in Python and save its arrays with safetensors.numpy.save_file",
        weights->path);
}

const char *cs_hdf5_library(void)
{
    return NULL;
}
