/* SPDX-License-Identifier: MIT
 * fuzz_torch_legacy.c - any bytes as a PyTorch file from before version 1.6. */
#include "weights_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return check_weights(data, size);
}
