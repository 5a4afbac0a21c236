/* SPDX-License-Identifier: MIT
 * iptc_fields.c - the data sets of IPTC-IIM that are attributes, alone or inside Photoshop's resources. Sources:
 * IPTC-NAA Information Interchange Model 4.2, chapters 3, 5 and 6; Adobe Photoshop File Formats Specification, "Image
 * Resource Blocks". */
#include "metadata/readers.h"

#include <string.h>

enum { DATA_SET_MARK = 0x1c, HEADER_BYTES = 5, RECORD_APPLICATION = 2, IPTC_RESOURCE = 0x0404 };
enum data_set { TITLE = 5, KEYWORD = 25, DATE = 55, TIME = 60, CITY = 90, COUNTRY = 101, CAPTION = 120 };

/* "20240701" and "183005+0200". Parts of a date that are not known are zeros. */
static void put_taken(cs_metadata *metadata, const uint8_t *date, size_t date_size, const uint8_t *clock,
                      size_t clock_size)
{
    char text[32];
    cs_metadata_time time;
    if (date_size != 8)
        return;
    const char *d = (const char *)date, *c = (const char *)clock;
    size_t n = 0;
    for (size_t i = 0; i < 8; i++) {
        if (i == 4 || i == 6)
            text[n++] = '-';
        text[n++] = d[i];
    }
    if (clock_size >= 6) {
        text[n++] = 'T';
        for (size_t i = 0; i < clock_size && i < 11; i++) {
            if (i == 2 || i == 4)
                text[n++] = ':';
            text[n++] = c[i];
        }
    }
    if (cs_metadata_read_time(text, n, &time))
        cs_metadata_put_time(metadata, CS_META_TAKEN, CS_RANK_IPTC, &time);
}

void cs_iptc_read(cs_metadata *metadata, const uint8_t *data, size_t size)
{
    const uint8_t *date = NULL, *clock = NULL;
    size_t date_size = 0, clock_size = 0;
    for (size_t at = 0, length; size - at >= HEADER_BYTES && data[at] == DATA_SET_MARK; at += HEADER_BYTES + length) {
        const uint8_t *p = data + at;
        length = (size_t)p[3] << 8 | p[4];
        if (length > size - at - HEADER_BYTES) /* also an extended data set, whose length has the highest bit set */
            break;
        if (p[1] != RECORD_APPLICATION)
            continue;
        switch (p[2]) {
        case TITLE:
            cs_metadata_put_text(metadata, CS_META_TITLE, CS_RANK_TEXT_IPTC, p + HEADER_BYTES, length);
            break;
        case CAPTION:
            cs_metadata_put_text(metadata, CS_META_CAPTION, CS_RANK_TEXT_IPTC, p + HEADER_BYTES, length);
            break;
        case CITY:
            cs_metadata_put_text(metadata, CS_META_CITY, CS_RANK_TEXT_IPTC, p + HEADER_BYTES, length);
            break;
        case COUNTRY:
            cs_metadata_put_text(metadata, CS_META_COUNTRY, CS_RANK_TEXT_IPTC, p + HEADER_BYTES, length);
            break;
        case KEYWORD:
            cs_metadata_add_keyword(metadata, CS_RANK_TEXT_IPTC, p + HEADER_BYTES, length);
            break;
        case DATE:
            date = p + HEADER_BYTES;
            date_size = length;
            break;
        case TIME:
            clock = p + HEADER_BYTES;
            clock_size = length;
            break;
        default:
            break;
        }
    }
    if (date)
        put_taken(metadata, date, date_size, clock, clock_size);
}

void cs_photoshop_read(cs_metadata *metadata, const uint8_t *data, size_t size)
{
    /* "8BIM", 16 bits of number, a name with its length and 32 bits of size; name and data take an even number of
     * bytes */
    for (size_t at = 0; size - at >= 12 && memcmp(data + at, "8BIM", 4) == 0;) {
        const unsigned number = (unsigned)data[at + 4] << 8 | data[at + 5];
        const size_t name = ((size_t)data[at + 6] + 2) & ~(size_t)1;
        at += 6;
        if (size - at < name + 4)
            return;
        at += name;
        const size_t length =
            (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 | (size_t)data[at + 2] << 8 | data[at + 3];
        at += 4;
        if (length > size - at)
            return;
        if (number == IPTC_RESOURCE)
            cs_iptc_read(metadata, data + at, length);
        at += length;
        if (length % 2 && at < size)
            at++;
    }
}
