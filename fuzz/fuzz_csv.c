/* SPDX-License-Identifier: MIT
 * fuzz_csv.c - any bytes as a CSV file: refused, or a table in which every field can be read. */
#include "base/csv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cs_csv csv;
    clipsearch_error err;
    if (cs_csv_parse((const char *)data, size, "fuzz", &csv, &err) != CLIPSEARCH_OK)
        return 0;
    size_t bytes = 0;
    for (size_t i = 0; i < csv.columns; i++)
        bytes += strlen(csv.header[i]);
    for (size_t i = 0; i < csv.rows * csv.columns; i++)
        bytes += strlen(csv.fields[i]);
    for (size_t i = 1; i < csv.rows; i++)
        if (csv.lines[i] <= csv.lines[i - 1])
            abort();
    if (bytes > size || cs_csv_column(&csv, csv.header[csv.columns - 1]) != (int)csv.columns - 1)
        abort();
    cs_csv_free(&csv);
    return 0;
}
