/* SPDX-License-Identifier: MIT
 * extended_xmp.c - XMP that is too long for one segment of a JPEG: a second packet in pieces, which the first packet
 * names by its digest. Source: XMP specification part 3 (2020), 1.1.3.1. */
#include "metadata/readers.h"

#include <string.h>

/* A piece begins with the digest, the size of the whole packet and the place of the piece in it, both big-endian. */
enum { SIZE_AT = CS_XMP_DIGEST, PLACE_AT = SIZE_AT + 4, HEAD = PLACE_AT + 4 };

static size_t read_u32(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* The first piece makes room for the packet. */
static bool begin_packet(cs_extended_xmp *packet, const uint8_t *piece)
{
    const size_t full = read_u32(piece + SIZE_AT);
    if (full == 0 || full > CS_XMP_MAX_PACKET || !cs_buf_reserve(&packet->bytes, full))
        return false;
    memset(packet->bytes.data, ' ', full);
    packet->bytes.len = full;
    memcpy(packet->digest, piece, CS_XMP_DIGEST);
    packet->got = 0;
    return true;
}

void cs_extended_xmp_add(cs_metadata *metadata, const uint8_t *piece, size_t size)
{
    cs_extended_xmp *packet = &metadata->extended;
    if (size <= HEAD || (packet->is_named && memcmp(piece, packet->named, CS_XMP_DIGEST) != 0))
        return; /* of a packet that some program left behind */
    if (!packet->bytes.len && !begin_packet(packet, piece))
        return;
    const size_t place = read_u32(piece + PLACE_AT), length = size - HEAD;
    if (memcmp(piece, packet->digest, CS_XMP_DIGEST) != 0 || read_u32(piece + SIZE_AT) != packet->bytes.len ||
        place > packet->bytes.len || length > packet->bytes.len - place)
        return;
    memcpy(packet->bytes.data + place, piece + HEAD, length);
    packet->got += length;
}

void cs_extended_xmp_read(cs_metadata *metadata)
{
    cs_extended_xmp *packet = &metadata->extended;
    if (packet->bytes.len && packet->got == packet->bytes.len && packet->is_named &&
        memcmp(packet->digest, packet->named, CS_XMP_DIGEST) == 0)
        cs_xmp_read(metadata, (const uint8_t *)packet->bytes.data, packet->bytes.len);
}
