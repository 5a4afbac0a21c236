/* SPDX-License-Identifier: MIT
 * jpeg_segment.c - walks the markers of a JPEG. Source: ITU-T T.81, annex B. */
#include "vision/jpeg_segment.h"

#include <string.h>

enum { MARKER_TEM = 0x01, MARKER_RST0 = 0xd0, MARKER_SOI = 0xd8, MARKER_EOI = 0xd9 };

/* Markers that stand alone, without a length: TEM, RSTn, SOI. */
static bool is_bare_marker(unsigned marker)
{
    return marker == MARKER_TEM || (marker >= MARKER_RST0 && marker <= MARKER_SOI);
}

bool cs_jpeg_next_segment(const uint8_t *data, size_t size, size_t *at, cs_jpeg_segment *segment)
{
    for (size_t i = *at ? *at : 2;;) {
        while (i < size && data[i] != 0xff)
            i++;
        while (i < size && data[i] == 0xff)
            i++;
        if (i >= size)
            return false;
        unsigned marker = data[i++];
        if (marker == 0 || is_bare_marker(marker))
            continue;
        if (marker == MARKER_EOI || size - i < 2)
            return false;
        size_t length = (size_t)data[i] << 8 | data[i + 1];
        if (length < 2 || length > size - i)
            return false;
        *segment = (cs_jpeg_segment){marker, data + i + 2, length - 2};
        *at = i + length;
        return true;
    }
}

bool cs_jpeg_is_exif(const cs_jpeg_segment *segment)
{
    return segment->marker == CS_JPEG_APP1 && segment->size >= 6 && memcmp(segment->data, "Exif\0\0", 6) == 0;
}

/* What stands behind the name [length] that an APP1 segment begins with; 0 when it has another one. */
static size_t size_behind(const cs_jpeg_segment *segment, const char *name, size_t length)
{
    return segment->marker == CS_JPEG_APP1 && segment->size > length && memcmp(segment->data, name, length) == 0
               ? segment->size - length
               : 0;
}

size_t cs_jpeg_xmp_size(const cs_jpeg_segment *segment)
{
    static const char name[] = "http://ns.adobe.com/xap/1.0/"; /* with the zero byte behind it */
    return size_behind(segment, name, sizeof name);
}

size_t cs_jpeg_extended_xmp_size(const cs_jpeg_segment *segment)
{
    static const char name[] = "http://ns.adobe.com/xmp/extension/";
    return size_behind(segment, name, sizeof name);
}
