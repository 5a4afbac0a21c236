/* SPDX-License-Identifier: MIT
 * entities.h - HTML's named and numeric character references. */
#ifndef CS_TEXT_ENTITIES_H
#define CS_TEXT_ENTITIES_H

#include "text/codepoints.h"

enum {
    CS_ENTITY_BARE = 1, /* HTML also accepts the name without its semicolon */
    CS_ENTITY_CAPS = 2  /* ftfy also accepts the name in capitals, which then means the capital letter */
};

typedef struct cs_entity {
    char name[32];   /* without '&' and ';' */
    uint32_t first;  /* what it stands for: one code point */
    uint16_t second; /* and a second one, or 0 */
    uint16_t flags;
} cs_entity;

/* By name in byte order. Generated: tools/make_entities.py. */
extern const cs_entity cs_entity_table[];
extern const size_t cs_entity_count;

/* Append `in` to `out` with its references resolved as Python's html.unescape does: semicolons optional where HTML
 * allows it, the longest known name wins, numbers corrected as the HTML standard says. False: out of memory. */
bool cs_entities_unescape(const cs_codepoints *in, cs_codepoints *out);

/* The same as ftfy's unescape_html does: only with the semicolon, names of at most 24 letters, and lower-case names
 * also in capitals ("&EACUTE;"). */
bool cs_entities_unescape_strict(const cs_codepoints *in, cs_codepoints *out);

#endif
