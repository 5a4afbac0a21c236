/* SPDX-License-Identifier: MIT
 * fuzz_npy.c - any bytes as a .npy file: refused, or an array of which every row can be read. */
#include "exchange/npy.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cs_npy npy;
    clipsearch_error err;
    if (cs_npy_parse(data, size, "fuzz", &npy, &err) != CLIPSEARCH_OK)
        return 0;
    if (npy.rows && npy.columns > size)
        abort();
    float *row = malloc((npy.rows ? npy.columns : 0) * sizeof *row + 1);
    for (size_t i = 0; row && i < npy.rows && npy.columns; i++)
        cs_npy_row(&npy, i, row);
    free(row);
    return 0;
}
