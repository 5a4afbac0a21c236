/* SPDX-License-Identifier: MIT
 * fuzz_safetensors.c - any bytes as a weight file; every byte of an accepted tensor must be readable. */
#include "weights_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return check_weights(data, size);
}
