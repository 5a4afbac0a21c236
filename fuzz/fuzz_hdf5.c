/* SPDX-License-Identifier: MIT
 * fuzz_hdf5.c - any bytes as a Keras HDF5 file. */
#include "weights_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libhdf5 loses a few blocks of its own when a file is damaged; nothing outside can free them */
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return check_weights(data, size);
}
