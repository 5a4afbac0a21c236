/* SPDX-License-Identifier: MIT
 * png_orientation.c - the orientation in a PNG's eXIf and text chunks.
 *
 * ImageMagick, and exiftool before 2017, write EXIF as hexadecimal digits into a text chunk; Adobe and macOS write XMP
 * into iTXt. A file may hold thousands of such chunks: the last of each kind is found first, and only that one is
 * expanded, to 1 MiB at most. Checksums are not compared: a wrong one can only give a wrong orientation. */
#include "vision/png_chunk.h"

#include "base/mem.h"
#include "vision/orient.h"
#include "vision/xmp.h"

#include <limits.h>
#include <string.h>
#define ZLIB_CONST /* input is const */
#include <zlib.h>

enum { SIGNATURE_BYTES = 8, MAX_TEXT = 1 << 20 };

/* What a text chunk says under its keyword. */
struct text {
    const uint8_t *data; /* [size]; NULL: no such chunk */
    size_t size;
    bool compressed;
};

struct notes {
    cs_png_chunk exif; /* type NULL: none */
    struct text raw_exif, xmp;
};

bool cs_png_next_chunk(const cs_image_source *source, size_t *at, cs_png_chunk *chunk)
{
    if (source->size < 8 || *at > source->size - 8)
        return false;
    const uint8_t *head = source->data + *at;
    for (int i = 4; i < 8; i++) {
        const uint8_t c = head[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && c != '_')
            return false;
    }
    const size_t stated = cs_png_u32(head), left = source->size - *at - 8;
    *chunk = (cs_png_chunk){.type = head + 4, .data = head + 8, .length = stated < left ? stated : left};
    if (left >= 4 && stated <= left - 4) {
        chunk->checksum = chunk->data + stated;
        *at += 12 + stated;
    } else {
        *at = source->size;
    }
    return true;
}

/* Move behind the next `n` bytes. */
static bool skip_bytes(struct text *text, size_t n)
{
    if (text->size < n)
        return false;
    text->data += n;
    text->size -= n;
    return true;
}

/* Move behind the next byte `c`. */
static bool skip_past(struct text *text, int c)
{
    const uint8_t *found = text->size ? memchr(text->data, c, text->size) : NULL;
    return found && skip_bytes(text, (size_t)(found + 1 - text->data));
}

/* The text of a tEXt, zTXt or iTXt chunk with this keyword into *found, which stays as it is when the chunk is another
 * or damaged. */
static void match_text(const cs_png_chunk *chunk, const char *keyword, struct text *found)
{
    const size_t n = strlen(keyword) + 1; /* with the zero byte */
    if (chunk->length < n || memcmp(chunk->data, keyword, n) != 0)
        return;
    struct text text = {chunk->data + n, chunk->length - n, false};
    bool good = true;
    if (memcmp(chunk->type, "zTXt", 4) == 0) {
        text.compressed = true;
        good = text.size > 0 && text.data[0] == 0 && skip_bytes(&text, 1); /* the one method */
    } else if (memcmp(chunk->type, "iTXt", 4) == 0) {
        text.compressed = text.size > 0 && text.data[0] != 0;
        good = text.size >= 2 && (!text.compressed || text.data[1] == 0) && skip_bytes(&text, 2) &&
               skip_past(&text, 0) && skip_past(&text, 0); /* language, keyword in that language */
    } else if (memcmp(chunk->type, "tEXt", 4) != 0) {
        return;
    }
    if (good)
        *found = text;
}

static void find_notes(const cs_image_source *source, struct notes *notes)
{
    size_t at = SIGNATURE_BYTES;
    for (cs_png_chunk chunk; cs_png_next_chunk(source, &at, &chunk) && memcmp(chunk.type, "IEND", 4) != 0;) {
        if (memcmp(chunk.type, "eXIf", 4) == 0)
            notes->exif = chunk;
        match_text(&chunk, "Raw profile type exif", &notes->raw_exif);
        match_text(&chunk, "XML:com.adobe.xmp", &notes->xmp);
    }
}

static voidpf allocate(voidpf context, uInt items, uInt size)
{
    (void)context;
    return cs_alloc_array(items, size);
}

static void release(voidpf context, voidpf block)
{
    (void)context;
    cs_free(block);
}

/* Expand a text's zlib stream into *block, which the caller frees, and make the text point to it. A stream that is
 * damaged or longer than MAX_TEXT gives what is there. */
static clipsearch_status expand(const cs_image_source *source, struct text *text, uint8_t **block,
                                clipsearch_error *err)
{
    z_stream stream = {.zalloc = allocate, .zfree = release};
    *block = cs_alloc_array(MAX_TEXT, 1);
    if (!*block || inflateInit(&stream) != Z_OK)
        return cs_fail_memory(err, source->name);
    stream.next_in = text->data;
    stream.avail_in = text->size < UINT_MAX ? (uInt)text->size : UINT_MAX;
    stream.next_out = *block;
    stream.avail_out = MAX_TEXT;
    int result = inflate(&stream, Z_FINISH);
    *text = (struct text){*block, MAX_TEXT - stream.avail_out, false};
    inflateEnd(&stream);
    return result == Z_MEM_ERROR ? cs_fail_memory(err, source->name) : CLIPSEARCH_OK;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The orientation in "\nexif\n      32\n" and lines of hexadecimal digits. */
static clipsearch_status read_raw_profile(const cs_image_source *source, struct text text, bool *found,
                                          unsigned *orientation, clipsearch_error *err)
{
    for (int line = 0; line < 3; line++)
        if (!skip_past(&text, '\n'))
            return CLIPSEARCH_OK;
    const size_t room = text.size / 2 < MAX_TEXT ? text.size / 2 : MAX_TEXT;
    if (room == 0)
        return CLIPSEARCH_OK;
    uint8_t *exif = cs_alloc_array(room, 1);
    if (!exif)
        return cs_fail_memory(err, source->name);
    size_t digits = 0;
    bool good = true;
    for (size_t i = 0; good && i < text.size && digits / 2 < room; i++) {
        const int digit = hex_digit(text.data[i]);
        if (digit >= 0) {
            exif[digits / 2] = (uint8_t)(digits % 2 ? exif[digits / 2] << 4 | digit : digit);
            digits++;
        } else {
            good = text.data[i] == ' ' || (text.data[i] >= '\t' && text.data[i] <= '\r');
        }
    }
    *found = good && cs_exif_orientation(exif, digits / 2, orientation);
    cs_free(exif);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_png_orientation(const cs_image_source *source, unsigned *orientation, clipsearch_error *err)
{
    struct notes notes = {0};
    find_notes(source, &notes);
    uint8_t *raw_block = NULL, *xmp_block = NULL;
    clipsearch_status status = CLIPSEARCH_OK;
    bool found = notes.exif.type && cs_exif_orientation(notes.exif.data, notes.exif.length, orientation);
    if (!notes.exif.type && notes.raw_exif.data) {
        if (notes.raw_exif.compressed)
            status = expand(source, &notes.raw_exif, &raw_block, err);
        if (status == CLIPSEARCH_OK)
            status = read_raw_profile(source, notes.raw_exif, &found, orientation, err);
    }
    if (status == CLIPSEARCH_OK && !found && notes.xmp.data) {
        if (notes.xmp.compressed)
            status = expand(source, &notes.xmp, &xmp_block, err);
        if (status == CLIPSEARCH_OK)
            cs_xmp_orientation(notes.xmp.data, notes.xmp.size, orientation);
    }
    cs_free(raw_block);
    cs_free(xmp_block);
    return status;
}
