/* SPDX-License-Identifier: MIT
 * heif_items.c - the EXIF and XMP items of a HEIC or AVIF file. The boxes that say where they are lie in the file's
 * one "meta" box; only these are read, so no decoder is needed. Sources: ISO/IEC 14496-12 (ISO base media file
 * format), 8.11; ISO/IEC 23008-12 (HEIF), annex A. */
#include "metadata/readers.h"

#include <string.h>

enum { MAX_ITEMS = 4096 };

/* Bytes that are read from the front. */
typedef struct bytes {
    const uint8_t *at;
    size_t left;
    bool failed; /* more was read than there is */
} bytes;

static uint64_t take(bytes *b, unsigned size)
{
    uint64_t value = 0;
    if (size > b->left) {
        b->failed = true;
        b->left = 0;
        return 0;
    }
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | b->at[i];
    b->at += size;
    b->left -= size;
    return value;
}

/* The next box: its type and what is in it. False: there is none. */
static bool next_box(bytes *from, char type[4], bytes *inside)
{
    if (from->left < 8)
        return false;
    uint64_t size = take(from, 4), head = 8;
    memcpy(type, from->at, 4);
    take(from, 4);
    if (size == 1) {
        size = take(from, 8);
        head = 16;
    } else if (size == 0) {
        size = head + from->left; /* to the end of the file */
    }
    if (from->failed || size < head || size - head > from->left)
        return false;
    *inside = (bytes){.at = from->at, .left = (size_t)(size - head)};
    from->at += inside->left;
    from->left -= inside->left;
    return true;
}

static bool is_type(const char type[4], const char *name)
{
    return memcmp(type, name, 4) == 0;
}

/* The items that are wanted, and where the boxes about them are. */
typedef struct items {
    uint64_t exif, xmp; /* numbers of items; 0: there is none */
    bytes info, places, data;
} items;

/* "infe": an item's number and type; of a "mime" item also its kind of content. */
static void read_item_info(bytes box, items *found)
{
    static const char xmp[] = "application/rdf+xml";
    const uint64_t version = take(&box, 1);
    take(&box, 3);
    const uint64_t number = take(&box, version == 3 ? 4 : 2);
    take(&box, 2);
    if (version < 2 || version > 3 || box.left < 4 || number == 0)
        return;
    const char *type = (const char *)box.at;
    take(&box, 4);
    if (is_type(type, "Exif") && !found->exif)
        found->exif = number;
    if (!is_type(type, "mime") || found->xmp)
        return;
    const uint8_t *name_end = box.left ? memchr(box.at, 0, box.left) : NULL;
    if (name_end && (size_t)(box.at + box.left - name_end) > sizeof xmp && memcmp(name_end + 1, xmp, sizeof xmp) == 0)
        found->xmp = number;
}

static void read_infos(items *found)
{
    char type[4];
    bytes box = found->info, inside;
    const uint64_t version = take(&box, 1);
    take(&box, 3);
    take(&box, version == 0 ? 2 : 4); /* how many there are */
    for (int i = 0; i < MAX_ITEMS && next_box(&box, type, &inside); i++)
        if (is_type(type, "infe"))
            read_item_info(inside, found);
}

/* Find an item's bytes in the file. An item in several pieces is not read. */
static bool find_item(const items *found, uint64_t number, const uint8_t *data, size_t size, bytes *item)
{
    bytes box = found->places;
    const uint64_t version = take(&box, 1);
    take(&box, 3);
    const uint64_t sizes = take(&box, 2);
    const unsigned offset_size = sizes >> 12 & 15, length_size = sizes >> 8 & 15, base_size = sizes >> 4 & 15,
                   index_size = version > 0 ? sizes & 15 : 0;
    if (version > 2 || offset_size > 8 || length_size > 8 || base_size > 8 || index_size > 8)
        return false;
    uint64_t count = take(&box, version < 2 ? 2 : 4);
    for (; count && !box.failed; count--) {
        const uint64_t id = take(&box, version < 2 ? 2 : 4), method = version ? take(&box, 2) & 15 : 0;
        take(&box, 2); /* 0: in this file */
        const uint64_t base = take(&box, base_size), pieces = take(&box, 2);
        if (id == number && pieces == 1) {
            take(&box, index_size);
            const uint64_t offset = take(&box, offset_size), length = take(&box, length_size);
            const bytes whole = method == 1 ? found->data : (bytes){.at = data, .left = size};
            uint64_t at;
            if (box.failed || method > 1 || __builtin_add_overflow(base, offset, &at) || at > whole.left ||
                length > whole.left - at)
                return false;
            *item = (bytes){.at = whole.at + at, .left = (size_t)length};
            return true;
        }
        const uint64_t skip = pieces * (index_size + offset_size + length_size);
        if (skip > box.left)
            return false;
        box.at += skip;
        box.left -= skip;
    }
    return false;
}

void cs_heif_read(cs_metadata *metadata, const uint8_t *data, size_t size)
{
    char type[4] = "";
    items found = {0};
    bytes file = {.at = data, .left = size}, box, item;
    while (next_box(&file, type, &box) && !is_type(type, "meta"))
        ;
    if (!is_type(type, "meta"))
        return;
    take(&box, 4); /* version and flags */
    for (bytes inside; next_box(&box, type, &inside);)
        if (is_type(type, "iinf"))
            found.info = inside;
        else if (is_type(type, "iloc"))
            found.places = inside;
        else if (is_type(type, "idat"))
            found.data = inside;
    read_infos(&found);
    if (found.exif && find_item(&found, found.exif, data, size, &item)) {
        const uint64_t skip = take(&item, 4); /* to the byte order mark */
        if (skip <= item.left)
            cs_exif_read(metadata, item.at + skip, item.left - (size_t)skip);
    }
    if (found.xmp && find_item(&found, found.xmp, data, size, &item))
        cs_xmp_read(metadata, item.at, item.left);
}
