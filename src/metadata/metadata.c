/* SPDX-License-Identifier: MIT
 * metadata.c - finds the blocks of metadata in a file by its format, and writes the values as JSON. */
#include "metadata/metadata.h"

#include "base/json.h"
#include "metadata/readers.h"
#include "vision/jpeg_segment.h"
#include "vision/png_chunk.h"

#include <string.h>
#include <strings.h>

/* ---- which fields ---- */

/* The fields of one name; 0: there is none of it. */
static uint32_t fields_of(const char *name, size_t size)
{
    static const char gps[] = "gps";
    if (size == sizeof gps - 1 && memcmp(name, gps, size) == 0)
        return 1u << CS_META_LATITUDE | 1u << CS_META_LONGITUDE | 1u << CS_META_ALTITUDE;
    for (unsigned i = 0; i < CS_META_FIELDS; i++) {
        const char *known = cs_metadata_field_name((cs_metadata_field)i);
        if (strlen(known) == size && memcmp(known, name, size) == 0)
            return 1u << i;
    }
    return 0;
}

static clipsearch_status fail_name(const char *name, size_t size, clipsearch_error *err)
{
    char known[512] = "";
    size_t at = 0;
    for (unsigned i = 0; i < CS_META_FIELDS; i++)
        at += (size_t)cs_format(known + at, sizeof known - at, "%s, ", cs_metadata_field_name((cs_metadata_field)i));
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "metadata: there is no attribute \"%.*s\"; there are %sand gps",
                   size > 64 ? 64 : (int)size, name, known);
}

clipsearch_status cs_metadata_choose(const char *names, uint32_t *fields, clipsearch_error *err)
{
    *fields = names ? 0 : (1u << CS_META_FIELDS) - 1;
    while (names && *names) {
        names += strspn(names, " ,");
        const size_t size = strcspn(names, " ,");
        const uint32_t more = fields_of(names, size);
        if (size && !more)
            return fail_name(names, size, err);
        *fields |= more;
        names += size;
    }
    return CLIPSEARCH_OK;
}

/* ---- blocks of metadata ---- */

static void read_jpeg(cs_metadata *metadata, const uint8_t *data, size_t size)
{
    static const char photoshop[] = "Photoshop 3.0"; /* with the zero byte behind it */
    size_t at = 0, xmp;
    bool has_exif = false;
    for (cs_jpeg_segment segment; cs_jpeg_next_segment(data, size, &at, &segment) && segment.marker != CS_JPEG_SCAN;) {
        if (!has_exif && cs_jpeg_is_exif(&segment)) {
            has_exif = true; /* a second segment continues the first */
            cs_exif_read(metadata, segment.data, segment.size);
        } else if ((xmp = cs_jpeg_xmp_size(&segment))) {
            cs_xmp_read(metadata, segment.data + segment.size - xmp, xmp);
        } else if ((xmp = cs_jpeg_extended_xmp_size(&segment))) {
            cs_extended_xmp_add(metadata, segment.data + segment.size - xmp, xmp);
        } else if (segment.marker == CS_JPEG_APP13 && segment.size > sizeof photoshop &&
                   memcmp(segment.data, photoshop, sizeof photoshop) == 0) {
            cs_photoshop_read(metadata, segment.data + sizeof photoshop, segment.size - sizeof photoshop);
        }
    }
    cs_extended_xmp_read(metadata);
}

static clipsearch_status read_png(cs_metadata *metadata, const uint8_t *data, size_t size, clipsearch_error *err)
{
    const cs_image_source source = {.data = data, .size = size, .name = "a PNG's metadata"};
    cs_png_notes notes;
    cs_png_find_notes(&source, &notes);
    clipsearch_status status = cs_png_expand_note(&source, &notes.exif, err);
    if (status == CLIPSEARCH_OK && notes.exif.data)
        cs_exif_read(metadata, notes.exif.data, notes.exif.size);
    if (status == CLIPSEARCH_OK)
        status = cs_png_expand_note(&source, &notes.xmp, err);
    if (status == CLIPSEARCH_OK && notes.xmp.data)
        cs_xmp_read(metadata, notes.xmp.data, notes.xmp.size);
    if (status == CLIPSEARCH_OK)
        status = cs_png_expand_note(&source, &notes.iptc, err);
    if (status == CLIPSEARCH_OK && notes.iptc.data) {
        cs_photoshop_read(metadata, notes.iptc.data, notes.iptc.size);
        cs_iptc_read(metadata, notes.iptc.data, notes.iptc.size);
    }
    cs_png_free_notes(&notes);
    return status;
}

/* "RIFF", a size, "WEBP", then chunks: a name, a size, and data that takes an even number of bytes. */
static void read_webp(cs_metadata *metadata, const uint8_t *data, size_t size)
{
    for (size_t at = 12; at <= size && size - at >= 8;) {
        const uint8_t *chunk = data + at;
        const size_t stated = chunk[4] | (size_t)chunk[5] << 8 | (size_t)chunk[6] << 16 | (size_t)chunk[7] << 24;
        const size_t length = stated < size - at - 8 ? stated : size - at - 8;
        if (memcmp(chunk, "EXIF", 4) == 0)
            cs_exif_read(metadata, chunk + 8, length);
        else if (memcmp(chunk, "XMP ", 4) == 0)
            cs_xmp_read(metadata, chunk + 8, length);
        at += 8 + length + length % 2;
    }
}

static clipsearch_status read_blocks(cs_metadata *metadata, const uint8_t *data, size_t size, clipsearch_error *err)
{
    if (size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
        read_jpeg(metadata, data, size);
    else if (size >= 8 && memcmp(data, "\x89PNG", 4) == 0)
        return read_png(metadata, data, size, err);
    else if (size >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0)
        read_webp(metadata, data, size);
    else if (size >= 4 && (memcmp(data, "II*\0", 4) == 0 || memcmp(data, "MM\0*", 4) == 0))
        cs_exif_read(metadata, data, size);
    else if (size >= 8 && memcmp(data + 4, "ftyp", 4) == 0)
        cs_heif_read(metadata, data, size);
    return CLIPSEARCH_OK;
}

/* ---- the values as JSON ---- */

/* The camera is the model, with the maker in front unless the model begins with its first word: "Canon EOS R5" of
 * "Canon", "NIKON D90" of "NIKON CORPORATION", but "Apple iPhone 12". */
static void put_camera(cs_metadata *metadata)
{
    const size_t make = metadata->fields[CS_META_MAKE].length, model = metadata->fields[CS_META_MODEL].length;
    cs_buf *texts = &metadata->texts;
    if (texts->failed || !model || !cs_buf_reserve(texts, make + model + 1))
        return;
    const char *maker = texts->data + metadata->fields[CS_META_MAKE].at;
    const char *name = texts->data + metadata->fields[CS_META_MODEL].at;
    size_t word = 0;
    while (word < make && maker[word] != ' ' && maker[word] != ',')
        word++;
    const size_t start = texts->len;
    if (word && (word > model || strncasecmp(maker, name, word) != 0)) {
        cs_buf_append(texts, maker, make); /* within the room that was made, so that nothing moves */
        cs_buf_putc(texts, ' ');
    }
    cs_buf_append(texts, name, model);
    metadata->fields[CS_META_CAMERA].at = start;
    metadata->fields[CS_META_CAMERA].length = texts->len - start;
    metadata->fields[CS_META_CAMERA].rank = metadata->fields[CS_META_MODEL].rank;
}

static void put_member(const cs_metadata *metadata, cs_metadata_field field, cs_buf *out)
{
    const bool list = field == CS_META_KEYWORDS;
    if (list ? metadata->keyword_count == 0 : metadata->fields[field].rank == 0)
        return;
    const char *text = metadata->texts.data + metadata->fields[field].at;
    const size_t size = metadata->fields[field].length;
    cs_buf_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", cs_metadata_field_name(field));
    if (list)
        cs_buf_printf(out, "[%s]", metadata->keywords.data);
    else if (cs_metadata_is_text(field))
        cs_json_put_string(out, text, size);
    else
        cs_buf_append(out, text, size);
}

clipsearch_status cs_metadata_read(cs_metadata *metadata, cs_metadata_file image, cs_metadata_file sidecar,
                                   uint32_t fields, cs_buf *out, clipsearch_error *err)
{
    cs_metadata_clear(metadata);
    cs_buf_clear(out);
    if (fields && sidecar.data)
        cs_xmp_read_sidecar(metadata, sidecar.data, sidecar.size);
    clipsearch_status status = fields ? read_blocks(metadata, image.data, image.size, err) : CLIPSEARCH_OK;
    if (status != CLIPSEARCH_OK)
        return status;
    put_camera(metadata);
    cs_buf_putc(out, '{');
    for (unsigned i = 0; i < CS_META_FIELDS; i++)
        if (fields >> i & 1 && !cs_metadata_failed(metadata))
            put_member(metadata, (cs_metadata_field)i, out);
    cs_buf_putc(out, '}');
    return cs_metadata_failed(metadata) || out->failed ? cs_fail_memory(err, "an image's metadata") : CLIPSEARCH_OK;
}
