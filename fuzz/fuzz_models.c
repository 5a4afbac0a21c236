/* SPDX-License-Identifier: MIT
 * fuzz_models.c - any bytes as a file of known models. */
#include "models/catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cs_yaml *yaml;
    cs_catalogue catalogue = {0};
    if (cs_yaml_parse((const char *)data, size, "fuzz.yaml", &yaml, NULL) == CLIPSEARCH_OK)
        (void)cs_catalogue_read(yaml, &catalogue, NULL);
    cs_catalogue_close(&catalogue);
    return 0;
}
