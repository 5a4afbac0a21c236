/* SPDX-License-Identifier: MIT
 * zip.c - a zip archive's directory, checked before it is used. */
#include "model/zip.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Record sizes, signatures and field offsets are those of PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.3.16. */
enum {
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    CENTRAL_BYTES = 46,
    LOCAL_BYTES = 30,
    MAX_COMMENT = 0xFFFF,
    MAX_ENTRIES = 1 << 17,
    MAX_NAME = 4096,
    EXTRA_ZIP64 = 1,
    FLAG_ENCRYPTED = 1 | 1 << 6 | 1 << 13,
    FLAG_SIZES_BEHIND = 1 << 3
};

static const uint32_t CENTRAL = 0x02014b50, LOCAL = 0x04034b50, END = 0x06054b50, END64 = 0x06064b50,
                      LOCATOR = 0x07064b50, SMALL_MAX = 0xFFFFFFFF;

/* The archive while its directory is read. */
struct archive {
    const uint8_t *data;
    size_t size;
    const char *path;
    uint64_t count, directory_at, directory_size;
    size_t end_at; /* the first record after the directory, which must end there */
    clipsearch_error *err;
};

/* The little-endian number of `bytes` bytes at p. */
static uint64_t number(const uint8_t *p, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

static uint32_t u16(const uint8_t *p)
{
    return (uint32_t)number(p, 2);
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)number(p, 4);
}

static clipsearch_status bad(const struct archive *archive, size_t at, const char *what)
{
    return cs_fail(archive->err, CLIPSEARCH_E_MODEL, "%s: byte %zu: damaged zip archive: %s", archive->path, at, what);
}

/* ---------------------------------------------------------------- the end record */

/* The offset of the end record: of the last one whose comment ends exactly at the end of the file. */
static clipsearch_status find_end(const struct archive *archive, size_t *at)
{
    if (archive->size >= END_BYTES) {
        size_t last = archive->size - END_BYTES, first = last > MAX_COMMENT ? last - MAX_COMMENT : 0;
        for (size_t i = last + 1; i-- > first;)
            if (u32(archive->data + i) == END && u16(archive->data + i + 20) == last - i) {
                *at = i;
                return CLIPSEARCH_OK;
            }
    }
    return cs_fail(archive->err, CLIPSEARCH_E_MODEL,
                   "%s: a zip archive without the directory at its end; it was cut short, fetch it again",
                   archive->path);
}

/* The larger fields of a zip64 archive, when a locator lies before the end record at `end`. */
static clipsearch_status read_end64(struct archive *archive, size_t end)
{
    const uint8_t *locator = archive->data + end - LOCATOR_BYTES;
    if (end < LOCATOR_BYTES || u32(locator) != LOCATOR)
        return CLIPSEARCH_OK;
    uint64_t at = number(locator + 8, 8);
    if (end < LOCATOR_BYTES + END64_BYTES || at > end - LOCATOR_BYTES - END64_BYTES || u32(archive->data + at) != END64)
        return bad(archive, end - LOCATOR_BYTES, "its zip64 record is not where it is said to be");
    const uint8_t *record = archive->data + at;
    if (u32(record + 16) || u32(record + 20) || number(record + 24, 8) != number(record + 32, 8))
        return bad(archive, (size_t)at, "it is one part of several");
    archive->count = number(record + 32, 8);
    archive->directory_size = number(record + 40, 8);
    archive->directory_at = number(record + 48, 8);
    archive->end_at = (size_t)at;
    return CLIPSEARCH_OK;
}

static clipsearch_status read_end(struct archive *archive)
{
    size_t at = 0;
    clipsearch_status status = find_end(archive, &at);
    if (status != CLIPSEARCH_OK)
        return status;
    const uint8_t *end = archive->data + at;
    if (u16(end + 4) || u16(end + 6) || u16(end + 8) != u16(end + 10))
        return bad(archive, at, "it is one part of several");
    archive->count = u16(end + 10);
    archive->directory_size = u32(end + 12);
    archive->directory_at = u32(end + 16);
    archive->end_at = at;
    status = read_end64(archive, at);
    if (status != CLIPSEARCH_OK)
        return status;
    if (archive->directory_at > archive->end_at || archive->directory_size != archive->end_at - archive->directory_at)
        return bad(archive, at, "its directory does not lie where it is said to");
    if (archive->count > MAX_ENTRIES)
        return cs_fail(archive->err, CLIPSEARCH_E_MODEL, "%s: byte %zu: %llu entries, more than the limit of %d",
                       archive->path, at, (unsigned long long)archive->count, MAX_ENTRIES);
    if (archive->count > archive->directory_size / CENTRAL_BYTES)
        return bad(archive, at, "more entries than its directory can hold");
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- entries */

static clipsearch_status bad_entry(const struct archive *archive, size_t at, const cs_zip_entry *entry,
                                   const char *what)
{
    return cs_fail(archive->err, CLIPSEARCH_E_MODEL, "%s: byte %zu: the zip entry \"%.*s\" %s", archive->path, at,
                   entry->name_len < 200 ? (int)entry->name_len : 200, entry->name, what);
}

/* Nothing is ever written under these names, but an archive that has one was made to do harm. */
static bool plain_name(const char *name, size_t n)
{
    if (n == 0 || n > MAX_NAME || name[0] == '/' || memchr(name, '\0', n) || memchr(name, '\\', n))
        return false;
    for (size_t i = 0, begin = 0; i <= n; i++)
        if (i == n || name[i] == '/') {
            if (i - begin == 2 && name[begin] == '.' && name[begin + 1] == '.')
                return false;
            begin = i + 1;
        }
    return true;
}

/* The fields that did not fit 32 bits: those of `fields` that are all ones are replaced, in order. */
static bool read_extra(const uint8_t *extra, size_t n, uint64_t *fields[3])
{
    for (size_t at = 0; n - at >= 4;) {
        size_t length = u16(extra + at + 2), used = 0;
        if (length > n - at - 4)
            return false;
        for (int i = 0; u16(extra + at) == EXTRA_ZIP64 && i < 3; i++) {
            if (*fields[i] != SMALL_MAX)
                continue;
            if (length - used < 8)
                return false;
            *fields[i] = number(extra + at + 4 + used, 8);
            used += 8;
        }
        at += 4 + length;
    }
    return true;
}

/* Check the local header against the directory's entry, whose flags and method these are; sets entry->at. */
static clipsearch_status read_local(const struct archive *archive, uint32_t flags, uint32_t method, uint64_t size,
                                    cs_zip_entry *entry)
{
    size_t limit = (size_t)archive->directory_at, at = entry->header_at;
    if (limit < LOCAL_BYTES || at > limit - LOCAL_BYTES || u32(archive->data + at) != LOCAL)
        return bad_entry(archive, at, entry, "has no header where the directory says");
    const uint8_t *local = archive->data + at;
    size_t name_len = u16(local + 26), skip = name_len + u16(local + 28);
    if (skip > limit - LOCAL_BYTES - at || name_len != entry->name_len ||
        memcmp(local + LOCAL_BYTES, entry->name, name_len) != 0)
        return bad_entry(archive, at, entry, "is called otherwise in its own header");
    if (u16(local + 8) != method || (u16(local + 6) & FLAG_SIZES_BEHIND) != (flags & FLAG_SIZES_BEHIND))
        return bad_entry(archive, at, entry, "is packed otherwise by its own header");
    entry->at = at + LOCAL_BYTES + skip;
    if (size > limit - entry->at)
        return bad_entry(archive, at, entry, "reaches beyond the entries' part of the file; it was cut short");
    entry->size = (size_t)size;
    uint32_t packed = u32(local + 18);
    if (!(flags & FLAG_SIZES_BEHIND) && packed != size && packed != SMALL_MAX)
        return bad_entry(archive, at, entry, "is of another size by its own header");
    return CLIPSEARCH_OK;
}

/* Read the directory's entry at *at; *at becomes its end. */
static clipsearch_status read_entry(const struct archive *archive, size_t *at, cs_zip_entry *entry)
{
    size_t here = *at, left = archive->end_at - here;
    const uint8_t *central = archive->data + here;
    if (left < CENTRAL_BYTES || u32(central) != CENTRAL)
        return bad(archive, here, "no entry where the directory should have one");
    size_t name_len = u16(central + 28), extra_len = u16(central + 30), comment_len = u16(central + 32);
    if (name_len + extra_len + comment_len > left - CENTRAL_BYTES)
        return bad(archive, here, "an entry reaches beyond the directory");
    *at = here + CENTRAL_BYTES + name_len + extra_len + comment_len;
    *entry = (cs_zip_entry){.name = (const char *)central + CENTRAL_BYTES, .name_len = name_len};
    if (!plain_name(entry->name, name_len))
        return bad(archive, here, "an entry's name is empty, too long, or leads out of the archive");
    uint32_t flags = u16(central + 8), method = u16(central + 10);
    uint64_t packed = u32(central + 20), size = u32(central + 24), header_at = u32(central + 42);
    if (!read_extra(central + CENTRAL_BYTES + name_len, extra_len, (uint64_t *[]){&size, &packed, &header_at}))
        return bad_entry(archive, here, entry, "has broken extra fields");
    if (flags & FLAG_ENCRYPTED)
        return cs_fail(archive->err, CLIPSEARCH_E_UNSUPPORTED, "%s: byte %zu: the zip entry \"%.*s\" is encrypted",
                       archive->path, here, name_len < 200 ? (int)name_len : 200, entry->name);
    entry->stored = method == 0;
    if (entry->stored && packed != size)
        return bad_entry(archive, here, entry, "is stored, but in another size than its own");
    if (header_at > archive->directory_at)
        return bad_entry(archive, here, entry, "begins beyond the entries' part of the file");
    entry->header_at = (size_t)header_at;
    return read_local(archive, flags, method, packed, entry);
}

static int compare_places(const void *a, const void *b)
{
    const cs_zip_entry *x = a, *y = b;
    return (x->header_at > y->header_at) - (x->header_at < y->header_at);
}

static int compare_names(const void *a, const void *b)
{
    const cs_zip_entry *x = a, *y = b;
    size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
    int order = memcmp(x->name, y->name, n);
    return order ? order : (x->name_len > y->name_len) - (x->name_len < y->name_len);
}

/* Leaves the entries in ascending order of their names. */
static clipsearch_status check_entries(const struct archive *archive, cs_zip *zip)
{
    qsort(zip->entries, zip->count, sizeof *zip->entries, compare_places);
    for (size_t i = 1; i < zip->count; i++)
        if (zip->entries[i].header_at < zip->entries[i - 1].at + zip->entries[i - 1].size)
            return bad_entry(archive, zip->entries[i].header_at, &zip->entries[i], "overlaps another");
    qsort(zip->entries, zip->count, sizeof *zip->entries, compare_names);
    for (size_t i = 1; i < zip->count; i++)
        if (compare_names(&zip->entries[i - 1], &zip->entries[i]) == 0)
            return bad_entry(archive, zip->entries[i].header_at, &zip->entries[i], "is there twice");
    return CLIPSEARCH_OK;
}

clipsearch_status cs_zip_open(const uint8_t *data, size_t size, const char *path, cs_zip *zip, clipsearch_error *err)
{
    struct archive archive = {.data = data, .size = size, .path = path, .err = err};
    *zip = (cs_zip){0};
    clipsearch_status status = read_end(&archive);
    if (status != CLIPSEARCH_OK)
        return status;
    zip->entries = cs_alloc_array((size_t)archive.count, sizeof *zip->entries);
    if (!zip->entries)
        return cs_fail_memory(err, path);
    size_t at = (size_t)archive.directory_at;
    for (; status == CLIPSEARCH_OK && zip->count < archive.count; zip->count++)
        status = read_entry(&archive, &at, &zip->entries[zip->count]);
    if (status == CLIPSEARCH_OK && at != archive.end_at)
        status = bad(&archive, at, "its directory holds more than its entries");
    if (status == CLIPSEARCH_OK)
        status = check_entries(&archive, zip);
    if (status != CLIPSEARCH_OK)
        cs_zip_free(zip);
    return status;
}

void cs_zip_free(cs_zip *zip)
{
    cs_free(zip->entries);
    *zip = (cs_zip){0};
}

const cs_zip_entry *cs_zip_find(const cs_zip *zip, const char *name, size_t name_len)
{
    const cs_zip_entry wanted = {.name = name, .name_len = name_len};
    return bsearch(&wanted, zip->entries, zip->count, sizeof *zip->entries, compare_names);
}
