/* SPDX-License-Identifier: MIT
 * normalize.c - decompose, order, compose. */
#include "text/normalize.h"

#include "text/unicode.h"

#include <string.h>

/* Code points below this are their own NFC and combine with nothing before them. */
enum { FIRST_OF_INTEREST = 0x300 };

enum { INSERTION_MAX = 32 }; /* marks in a row; real text has five at most, longer runs are hostile */

/* Stable order of one run of marks by combining class. */
static void insertion_sort(uint32_t *at, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t code = at[i];
        uint8_t class = cs_unicode_combining(code);
        size_t j = i;
        for (; j > 0 && cs_unicode_combining(at[j - 1]) > class; j--)
            at[j] = at[j - 1];
        at[j] = code;
    }
}

/* The same for long runs: count the classes, then place (there are at most 255). */
static bool counting_sort(uint32_t *at, size_t count, cs_codepoints *spare)
{
    size_t place[256] = {0};
    spare->count = 0;
    if (!cs_codepoints_append(spare, at, count))
        return false;
    for (size_t i = 0; i < count; i++)
        place[cs_unicode_combining(at[i])]++;
    size_t sum = 0;
    for (size_t i = 0; i < 256; i++) {
        size_t n = place[i];
        place[i] = sum;
        sum += n;
    }
    for (size_t i = 0; i < count; i++)
        at[place[cs_unicode_combining(spare->at[i])]++] = spare->at[i];
    return true;
}

/* Canonical ordering: every run of marks (class not 0) by class. */
static bool order(cs_codepoints *codepoints, cs_codepoints *spare)
{
    for (size_t i = 0; i < codepoints->count;) {
        if (!cs_unicode_combining(codepoints->at[i])) {
            i++;
            continue;
        }
        size_t end = i + 1;
        while (end < codepoints->count && cs_unicode_combining(codepoints->at[end]))
            end++;
        if (end - i <= INSERTION_MAX)
            insertion_sort(codepoints->at + i, end - i);
        else if (!counting_sort(codepoints->at + i, end - i, spare))
            return false;
        i = end;
    }
    return true;
}

/* Canonical composition in place. */
static void compose(cs_codepoints *codepoints)
{
    uint32_t *at = codepoints->at;
    size_t written = 0, starter = 0;
    bool has_starter = false;
    int last_class = -1; /* of the last mark between the starter and here, -1 when there is none */
    for (size_t i = 0; i < codepoints->count; i++) {
        uint32_t code = at[i];
        int class = cs_unicode_combining(code);
        if (has_starter && last_class < class) {
            uint32_t composite = cs_unicode_compose(at[starter], code);
            if (composite) {
                at[starter] = composite;
                continue;
            }
        }
        if (class == 0) {
            starter = written;
            has_starter = true;
            last_class = -1;
        } else {
            last_class = class;
        }
        at[written++] = code;
    }
    codepoints->count = written;
}

bool cs_normalize(const cs_codepoints *in, cs_codepoints *out, cs_codepoints *spare)
{
    out->count = 0;
    size_t i = 0;
    while (i < in->count && in->at[i] < FIRST_OF_INTEREST)
        i++;
    if (i == in->count)
        return cs_codepoints_append(out, in->at, in->count);
    for (i = 0; i < in->count; i++) {
        uint32_t parts[4] = {in->at[i]};
        size_t count = in->at[i] < 0x80 ? 1 : cs_unicode_decompose(in->at[i], parts);
        if (!cs_codepoints_append(out, parts, count))
            return false;
    }
    if (!order(out, spare))
        return false;
    compose(out);
    return true;
}
