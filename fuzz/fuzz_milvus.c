/* SPDX-License-Identifier: MIT
 * fuzz_milvus.c - any bytes as a server's answer: columns, and the items in them. */
#include "remote/milvus_collection.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cs_milvus_schema schema = {.name = "fuzz", .key = "id", .vector = "vector", .path = "path", .dim = 4};
    static milvus_collection collection = {.schema = &schema};
    if (size == 0)
        return 0;
    schema.own = data[0] & 1; /* ours, or another program's */
    cs_milvus_table table;
    if (cs_milvus_table_read(&collection, cs_proto_of(data + 1, size - 1), 2, &table, NULL) == CLIPSEARCH_OK)
        for (size_t row = 0; row < table.rows && row < 64; row++) {
            clipsearch_item item;
            cs_item_file file;
            uint8_t hash[32];
            if (cs_milvus_table_item(&table, row, &item, &file, NULL) == CLIPSEARCH_OK &&
                (strlen(item.path) > 8 * size + 32 || item.attributes[0] != '{'))
                abort();
            (void)cs_milvus_table_hash(&table, row, hash, NULL);
        }
    cs_milvus_table_free(&table);
    return 0;
}
