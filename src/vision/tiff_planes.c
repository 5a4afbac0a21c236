/* SPDX-License-Identifier: MIT
 * tiff_planes.c - makes one plane of a tiled TIFF look like a file of its own. */
#include "vision/tiff_planes.h"

#include "vision/tiff_header.h"

#include <string.h>

enum { RGB = 2, GREY = 1, SEPARATE = 2, TOGETHER = 1, MAX_PLANES = 4 };
enum { UNKNOWN_TAG = 337 }; /* TargetPrinter: a text that nobody reads; tags stay in order */
enum { TYPE_SHORT = 3, TYPE_LONG = 4, TYPE_LONG8 = 16 };

static size_t type_bytes(uint64_t type)
{
    return type == TYPE_SHORT ? 2 : type == TYPE_LONG ? 4 : type == TYPE_LONG8 ? 8 : 0;
}

static void write_number(const cs_tiff_planes *planes, uint8_t *at, size_t length, uint64_t value)
{
    for (size_t i = 0; i < length; i++)
        at[planes->big_endian ? length - 1 - i : i] = (uint8_t)(value >> 8 * i);
}

/* The parts of a directory's entry. */
typedef struct entry {
    uint64_t type, count;
    size_t count_bytes; /* of the count, and of the value or its offset */
    size_t value;       /* its place */
} entry;

static entry read_entry(const uint8_t *data, const cs_tiff_planes *planes, size_t place)
{
    entry e = {.count_bytes = planes->is_big ? 8 : 4};
    e.type = cs_tiff_read(data + place + 2, 2, planes->big_endian);
    e.count = cs_tiff_read(data + place + 4, e.count_bytes, planes->big_endian);
    e.value = place + 4 + e.count_bytes;
    return e;
}

/* Whether a list at `place` has an element for each tile of each plane, and not in the entry itself. */
static bool is_tile_list(const uint8_t *data, const cs_tiff_planes *planes, size_t place)
{
    if (!place)
        return false;
    const entry e = read_entry(data, planes, place);
    return type_bytes(e.type) && e.count && e.count % planes->planes == 0 && e.count < UINT32_MAX;
}

bool cs_tiff_find_planes(const uint8_t *data, size_t size, cs_tiff_planes *planes)
{
    uint64_t samples, photometric, configuration, tile;
    if (!cs_tiff_find(data, size, CS_TIFF_TILE_WIDTH, &tile) ||
        !cs_tiff_find(data, size, CS_TIFF_PLANAR_CONFIGURATION, &configuration) || configuration != SEPARATE ||
        !cs_tiff_find(data, size, CS_TIFF_PHOTOMETRIC, &photometric) || photometric != RGB ||
        !cs_tiff_find(data, size, CS_TIFF_SAMPLES, &samples) || samples < 3 || samples > MAX_PLANES)
        return false;
    *planes = (cs_tiff_planes){.planes = (unsigned)samples,
                               .bits = cs_tiff_entry_place(data, size, CS_TIFF_BITS),
                               .photometric = cs_tiff_entry_place(data, size, CS_TIFF_PHOTOMETRIC),
                               .samples = cs_tiff_entry_place(data, size, CS_TIFF_SAMPLES),
                               .configuration = cs_tiff_entry_place(data, size, CS_TIFF_PLANAR_CONFIGURATION),
                               .offsets = cs_tiff_entry_place(data, size, CS_TIFF_TILE_OFFSETS),
                               .sizes = cs_tiff_entry_place(data, size, CS_TIFF_TILE_SIZES),
                               .format = cs_tiff_entry_place(data, size, CS_TIFF_SAMPLE_FORMAT),
                               .extra = cs_tiff_entry_place(data, size, CS_TIFF_EXTRA_SAMPLES),
                               .big_endian = data[0] == 'M'};
    planes->is_big = cs_tiff_read(data + 2, 2, planes->big_endian) == 43;
    return planes->bits && is_tile_list(data, planes, planes->offsets) && is_tile_list(data, planes, planes->sizes);
}

/* Make the entry one SHORT. */
static void put_short(const cs_tiff_planes *planes, size_t place, uint64_t value, uint8_t *copy)
{
    const size_t count_bytes = planes->is_big ? 8 : 4;
    write_number(planes, copy + place + 2, 2, TYPE_SHORT);
    write_number(planes, copy + place + 4, count_bytes, 1);
    memset(copy + place + 4 + count_bytes, 0, count_bytes);
    write_number(planes, copy + place + 4 + count_bytes, 2, value);
}

/* A list of one SHORT for each sample becomes the first of them. */
static void keep_first(const uint8_t *data, size_t size, const cs_tiff_planes *planes, size_t place, uint8_t *copy)
{
    if (!place)
        return;
    const entry e = read_entry(data, planes, place);
    size_t at = e.value;
    if (e.type != TYPE_SHORT)
        return;
    if (e.count * 2 > e.count_bytes)
        at = (size_t)cs_tiff_read(data + at, e.count_bytes, planes->big_endian);
    put_short(planes, place, size >= 2 && at <= size - 2 ? cs_tiff_read(data + at, 2, planes->big_endian) : 0, copy);
}

/* A list with an element for each tile becomes the part of it that is of the plane. */
static void keep_part(const uint8_t *data, size_t size, const cs_tiff_planes *planes, size_t place, unsigned plane,
                      uint8_t *copy)
{
    const entry e = read_entry(data, planes, place);
    const size_t bytes = type_bytes(e.type);
    const uint64_t part = e.count / planes->planes, before = part * plane * bytes;
    write_number(planes, copy + place + 4, e.count_bytes, part);
    const bool inside = e.count * bytes <= e.count_bytes; /* the list stands in the entry itself */
    const uint64_t list = (inside ? e.value : cs_tiff_read(data + e.value, e.count_bytes, planes->big_endian)) + before;
    if (part * bytes > e.count_bytes) {
        write_number(planes, copy + e.value, e.count_bytes, list);
        return;
    }
    memset(copy + e.value, 0, e.count_bytes);
    if (list <= size && part * bytes <= size - list)
        memcpy(copy + e.value, data + list, (size_t)(part * bytes));
}

void cs_tiff_select_plane(const uint8_t *data, size_t size, const cs_tiff_planes *planes, unsigned plane, uint8_t *copy)
{
    memcpy(copy, data, size);
    put_short(planes, planes->photometric, GREY, copy);
    put_short(planes, planes->samples, 1, copy);
    put_short(planes, planes->configuration, TOGETHER, copy);
    keep_first(data, size, planes, planes->bits, copy);
    keep_first(data, size, planes, planes->format, copy);
    if (planes->extra) /* what the fourth sample is: no plane has it */
        write_number(planes, copy + planes->extra, 2, UNKNOWN_TAG);
    keep_part(data, size, planes, planes->offsets, plane, copy);
    keep_part(data, size, planes, planes->sizes, plane, copy);
}
