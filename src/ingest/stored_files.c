/* SPDX-License-Identifier: MIT
 * stored_files.c - one page of look-ups by path. */
#include "ingest/stored_files.h"

static clipsearch_status read_page(cs_stored_files *stored, clipsearch_collection *collection,
                                   const cs_sources *sources, size_t first, clipsearch_error *err)
{
    const char *paths[CS_STORED_FILES_PAGE];
    size_t left = sources->file_count - first, count = left < CS_STORED_FILES_PAGE ? left : CS_STORED_FILES_PAGE;
    for (size_t i = 0; i < count; i++)
        paths[i] = sources->files[first + i].path;
    cs_items_clear(&stored->items);
    stored->first = first;
    return cs_collection_by_paths(collection, paths, count, &stored->items, err);
}

clipsearch_status cs_stored_files_find(cs_stored_files *stored, clipsearch_collection *collection,
                                       const cs_sources *sources, size_t number, const clipsearch_item **item,
                                       const cs_item_file **known, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    *item = NULL;
    *known = NULL;
    if (!collection)
        return CLIPSEARCH_OK;
    if (number < stored->first || number - stored->first >= stored->items.count)
        status = read_page(stored, collection, sources, number, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const clipsearch_item *found = &stored->items.items[number - stored->first];
    *item = found->id ? found : NULL;
    *known = &stored->items.files[number - stored->first];
    return CLIPSEARCH_OK;
}

void cs_stored_files_clear(cs_stored_files *stored)
{
    cs_items_clear(&stored->items);
}

void cs_stored_files_free(cs_stored_files *stored)
{
    cs_items_free(&stored->items);
    *stored = (cs_stored_files){0};
}
