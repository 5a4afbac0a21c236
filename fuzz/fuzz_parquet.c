/* SPDX-License-Identifier: MIT
 * fuzz_parquet.c - any bytes as a Parquet file: refused, or rows of which every field can be read and makes an item
 * or a message. */
#include "exchange/item_row.h"
#include "exchange/rows.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST_ROWS = 2000 }; /* a run of one number says of many rows in few bytes */
    cs_rows *rows;
    cs_row row;
    bool more = true;
    clipsearch_error err;
    clipsearch_item item;
    cs_buf path = cs_buf_make(1 << 17), attributes = cs_buf_make(64 << 20);
    clipsearch_status status = cs_parquet_parse(data, size, "fuzz", &rows, &err);
    for (size_t n = 0; status == CLIPSEARCH_OK && more && n < MOST_ROWS; n++) {
        status = cs_rows_next(rows, &row, &more, &err);
        for (size_t i = 0; more && i < row.count; i++)
            if (!row.fields[i].name || (row.fields[i].length && memchr(row.fields[i].text, 0, row.fields[i].length)))
                abort();
        if (more && cs_item_from_row(&row, NULL, &path, &attributes, &item, &err) == CLIPSEARCH_OK &&
            (!*item.path || item.attributes[0] != '{'))
            abort();
    }
    cs_rows_close(&rows);
    cs_buf_free(&path);
    cs_buf_free(&attributes);
    return 0;
}
