/* SPDX-License-Identifier: MIT
 * fuzz_yaml.c - any bytes as an ingest file. */
#include "config/ingest_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clipsearch_error err;
    cs_yaml *yaml;
    cs_ingest_file file;
    if (cs_yaml_parse((const char *)data, size, "fuzz.yaml", &yaml, &err) == CLIPSEARCH_OK &&
        cs_ingest_file_read(yaml, "directory", &file, &err) == CLIPSEARCH_OK)
        cs_ingest_file_close(&file);
    return 0;
}
