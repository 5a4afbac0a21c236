/* SPDX-License-Identifier: MIT
 * png_notes.c - EXIF, XMP and IPTC in a PNG's eXIf and text chunks, and the orientation that they state.
 *
 * ImageMagick, and exiftool before 2017, write EXIF as hexadecimal digits into a text chunk, and both still write IPTC
 * so; Adobe and macOS write XMP into iTXt. A file may hold thousands of such chunks: the last of each kind is found
 * first, and only that one is expanded, to 1 MiB at most. Checksums are not compared: a wrong one can only give a
 * wrong value. */
#include "vision/png_chunk.h"

#include "base/mem.h"
#include "vision/orient.h"
#include "vision/xmp.h"

#include <limits.h>
#include <string.h>
#define ZLIB_CONST /* input is const */
#include <zlib.h>

enum { SIGNATURE_BYTES = 8, MAX_TEXT = 1 << 20 };

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
static bool skip_bytes(cs_png_note *text, size_t n)
{
    if (text->size < n)
        return false;
    text->data += n;
    text->size -= n;
    return true;
}

/* Move behind the next byte `c`. */
static bool skip_past(cs_png_note *text, int c)
{
    const uint8_t *found = text->size ? memchr(text->data, c, text->size) : NULL;
    return found && skip_bytes(text, (size_t)(found + 1 - text->data));
}

/* The text of a tEXt, zTXt or iTXt chunk with this keyword into *found, which stays as it is when the chunk is another
 * or damaged. */
static void match_text(const cs_png_chunk *chunk, const char *keyword, cs_png_note *found)
{
    const size_t n = strlen(keyword) + 1; /* with the zero byte */
    if (chunk->length < n || memcmp(chunk->data, keyword, n) != 0)
        return;
    cs_png_note text = {.data = chunk->data + n, .size = chunk->length - n};
    text.hexadecimal = strncmp(keyword, "Raw profile", 11) == 0;
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

void cs_png_find_notes(const cs_image_source *source, cs_png_notes *notes)
{
    size_t at = SIGNATURE_BYTES;
    cs_png_note raw_exif = {0}, raw_xmp = {0};
    *notes = (cs_png_notes){0};
    for (cs_png_chunk chunk; cs_png_next_chunk(source, &at, &chunk) && memcmp(chunk.type, "IEND", 4) != 0;) {
        if (memcmp(chunk.type, "eXIf", 4) == 0)
            notes->exif = (cs_png_note){.data = chunk.data, .size = chunk.length};
        match_text(&chunk, "Raw profile type exif", &raw_exif);
        match_text(&chunk, "Raw profile type xmp", &raw_xmp);
        match_text(&chunk, "Raw profile type iptc", &notes->iptc);
        match_text(&chunk, "XML:com.adobe.xmp", &notes->xmp);
    }
    if (!notes->exif.data)
        notes->exif = raw_exif;
    if (!notes->xmp.data)
        notes->xmp = raw_xmp;
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

/* Decompress a note's zlib stream into a block that it owns. A stream that is damaged or longer than MAX_TEXT gives
 * what is there. */
static clipsearch_status decompress(const cs_image_source *source, cs_png_note *note, clipsearch_error *err)
{
    z_stream stream = {.zalloc = allocate, .zfree = release};
    note->block = cs_alloc_array(MAX_TEXT, 1);
    if (!note->block || inflateInit(&stream) != Z_OK)
        return cs_fail_memory(err, source->name);
    stream.next_in = note->data;
    stream.avail_in = note->size < UINT_MAX ? (uInt)note->size : UINT_MAX;
    stream.next_out = note->block;
    stream.avail_out = MAX_TEXT;
    int result = inflate(&stream, Z_FINISH);
    note->data = note->block;
    note->size = MAX_TEXT - stream.avail_out;
    note->compressed = false;
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

/* Turn "\nexif\n      32\n" and lines of hexadecimal digits into the bytes that they stand for; no bytes when they are
 * no such thing. */
static clipsearch_status read_digits(const cs_image_source *source, cs_png_note *note, clipsearch_error *err)
{
    cs_png_note text = *note;
    note->hexadecimal = false;
    note->size = 0;
    for (int line = 0; line < 3; line++)
        if (!skip_past(&text, '\n'))
            return CLIPSEARCH_OK;
    const size_t room = text.size / 2 < MAX_TEXT ? text.size / 2 : MAX_TEXT;
    uint8_t *bytes = cs_alloc_array(room, 1);
    if (!bytes)
        return cs_fail_memory(err, source->name);
    size_t digits = 0;
    bool good = true;
    for (size_t i = 0; good && i < text.size && digits / 2 < room; i++) {
        const int digit = hex_digit(text.data[i]);
        if (digit >= 0) {
            bytes[digits / 2] = (uint8_t)(digits % 2 ? bytes[digits / 2] << 4 | digit : digit);
            digits++;
        } else {
            good = text.data[i] == ' ' || (text.data[i] >= '\t' && text.data[i] <= '\r');
        }
    }
    cs_free(note->block);
    note->data = note->block = bytes;
    note->size = good ? digits / 2 : 0;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_png_expand_note(const cs_image_source *source, cs_png_note *note, clipsearch_error *err)
{
    clipsearch_status status = note->data && note->compressed ? decompress(source, note, err) : CLIPSEARCH_OK;
    return status == CLIPSEARCH_OK && note->data && note->hexadecimal ? read_digits(source, note, err) : status;
}

void cs_png_free_notes(cs_png_notes *notes)
{
    cs_free(notes->exif.block);
    cs_free(notes->xmp.block);
    cs_free(notes->iptc.block);
    *notes = (cs_png_notes){0};
}

clipsearch_status cs_png_orientation(const cs_image_source *source, unsigned *orientation, clipsearch_error *err)
{
    cs_png_notes notes;
    cs_png_find_notes(source, &notes);
    clipsearch_status status = cs_png_expand_note(source, &notes.exif, err);
    if (status == CLIPSEARCH_OK && notes.exif.data &&
        cs_exif_orientation(notes.exif.data, notes.exif.size, orientation))
        notes.xmp.data = NULL; /* EXIF has said it */
    if (status == CLIPSEARCH_OK)
        status = cs_png_expand_note(source, &notes.xmp, err);
    if (status == CLIPSEARCH_OK && notes.xmp.data)
        cs_xmp_orientation(notes.xmp.data, notes.xmp.size, orientation);
    cs_png_free_notes(&notes);
    return status;
}
