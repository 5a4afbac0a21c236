/* SPDX-License-Identifier: MIT
 * entities.c - resolve character references, by HTML's rules and by ftfy's. */
#include "text/entities.h"

#include "text/unicode.h"

#include <string.h>

enum {
    LONGEST_RUN = 32,    /* what html.unescape reads after '&' */
    LONGEST_BARE = 6,    /* longest name that may go without its semicolon ("frac12") */
    LONGEST_STRICT = 24, /* what ftfy reads */
    TOO_LARGE = 0x110000
};

static bool is_digit(uint32_t code)
{
    return code >= '0' && code <= '9';
}

static bool is_letter(uint32_t code)
{
    return (code | 0x20) >= 'a' && (code | 0x20) <= 'z';
}

static int hex_value(uint32_t code)
{
    if (is_digit(code))
        return (int)(code - '0');
    uint32_t lower = code | 0x20;
    return lower >= 'a' && lower <= 'f' ? (int)(lower - 'a') + 10 : -1;
}

/* The entry of the name of `size` code points, or NULL. */
static const cs_entity *look_up(const uint32_t *name, size_t size)
{
    char key[sizeof cs_entity_table->name];
    if (size >= sizeof key)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        if (name[i] == 0 || name[i] > 0x7F)
            return NULL;
        key[i] = (char)name[i];
    }
    key[size] = '\0';
    size_t low = 0, high = cs_entity_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(key, cs_entity_table[middle].name);
        if (order == 0)
            return &cs_entity_table[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool put_entity(cs_codepoints *out, const cs_entity *entity)
{
    return cs_codepoints_put(out, entity->first) && (!entity->second || cs_codepoints_put(out, entity->second));
}

/* Append the meaning of a numeric reference: nothing, or one code point. The HTML standard's "numeric character
 * reference end state" as Python applies it: U+0080..U+009F mean windows-1252, and what is not a character gives nothing. */
static bool put_number(cs_codepoints *out, uint32_t number)
{
    if (number >= 0x80 && number <= 0x9F)
        return cs_codepoints_put(out, cs_unicode_decode_c1(number));
    if (number == 0 || (number >= 0xD800 && number <= 0xDFFF) || number >= TOO_LARGE)
        return cs_codepoints_put(out, 0xFFFD);
    bool control =
        (number < 0x20 && number != '\t' && number != '\n' && number != '\f' && number != '\r') || number == 0x7F;
    bool no_character = (number >= 0xFDD0 && number <= 0xFDEF) || (number & 0xFFFE) == 0xFFFE;
    return control || no_character || cs_codepoints_put(out, number);
}

/* Read the number of "&#123" or "&#x7b" at `at` ('&' first); returns where it ends, before any ';', or 0 when there is
 * none. */
static size_t read_number(const uint32_t *at, size_t size, uint32_t *number)
{
    size_t i = 2;
    uint32_t base = 10;
    if (i < size && (at[i] | 0x20) == 'x') {
        base = 16;
        i++;
    }
    size_t first = i;
    *number = 0;
    for (; i < size; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0 || (uint32_t)digit >= base)
            break;
        if (*number < TOO_LARGE)
            *number = *number * base + (uint32_t)digit;
    }
    return i > first ? i : 0;
}

/* Resolve the reference at `at` ('&' first) into `out`; *taken is its length, 0 when it is not a reference. */
static bool resolve(const uint32_t *at, size_t size, cs_codepoints *out, size_t *taken)
{
    *taken = 0;
    if (size > 1 && at[1] == '#') {
        uint32_t number;
        size_t end = read_number(at, size, &number);
        if (!end)
            return true;
        *taken = end < size && at[end] == ';' ? end + 1 : end;
        return put_number(out, number);
    }
    size_t run = 0; /* code points of the name */
    while (run < LONGEST_RUN && 1 + run < size && !(at[1 + run] < 0x80 && strchr("\t\n\f <&#;", (int)at[1 + run])))
        run++; /* strchr also finds NUL, which is in no name either */
    const cs_entity *entity = NULL;
    if (1 + run < size && at[1 + run] == ';') {
        entity = look_up(at + 1, run);
        if (entity)
            *taken = run + 2;
    }
    for (size_t n = run < LONGEST_BARE ? run : LONGEST_BARE; !entity && n >= 2; n--) {
        entity = look_up(at + 1, n);
        if (entity && !(entity->flags & CS_ENTITY_BARE))
            entity = NULL;
        if (entity)
            *taken = n + 1;
    }
    return !entity || put_entity(out, entity);
}

/* Append the capital of one code point; ß alone among the named characters has a capital of two letters that lower case
 * does not undo. (The ligatures have too, but cleaning's next step splits them either way.) */
static bool put_capital(cs_codepoints *out, uint32_t code)
{
    if (code == 0xDF)
        return cs_codepoints_put(out, 'S') && cs_codepoints_put(out, 'S');
    return cs_codepoints_put(out, cs_unicode_upper(code));
}

/* The entity with the lower-case name of the capitals `name`, when ftfy takes it so, or NULL. */
static const cs_entity *look_up_capitals(const uint32_t *name, size_t size)
{
    uint32_t lower[LONGEST_STRICT];
    for (size_t i = 0; i < size; i++) {
        if (name[i] >= 'a' && name[i] <= 'z')
            return NULL;
        lower[i] = is_letter(name[i]) ? name[i] | 0x20 : name[i];
    }
    const cs_entity *entity = look_up(lower, size);
    return entity && entity->flags & CS_ENTITY_CAPS ? entity : NULL;
}

/* As resolve, by ftfy's rules: &#?[0-9A-Za-z]{1,24}; and nothing that would leave a semicolon behind. */
static bool resolve_strict(const uint32_t *at, size_t size, cs_codepoints *out, size_t *taken)
{
    *taken = 0;
    size_t first = size > 1 && at[1] == '#' ? 2 : 1;
    size_t end = first;
    while (end < size && end - first <= LONGEST_STRICT && (is_digit(at[end]) || is_letter(at[end])))
        end++;
    if (end == first || end - first > LONGEST_STRICT || end == size || at[end] != ';')
        return true;
    if (first == 2) {
        uint32_t number;
        if (read_number(at, size, &number) != end || number == ';')
            return true;
        *taken = end + 1;
        return put_number(out, number);
    }
    const cs_entity *entity = look_up(at + 1, end - 1);
    if (entity) {
        *taken = end + 1;
        return put_entity(out, entity);
    }
    entity = look_up_capitals(at + 1, end - 1);
    if (!entity)
        return true;
    *taken = end + 1;
    return put_capital(out, entity->first) && (!entity->second || put_capital(out, entity->second));
}

static bool unescape(const cs_codepoints *in, cs_codepoints *out,
                     bool (*rule)(const uint32_t *at, size_t size, cs_codepoints *out, size_t *taken))
{
    out->count = 0;
    for (size_t i = 0; i < in->count;) {
        size_t taken = 0;
        if (in->at[i] == '&' && !rule(in->at + i, in->count - i, out, &taken))
            return false;
        if (!taken && !cs_codepoints_put(out, in->at[i]))
            return false;
        i += taken ? taken : 1;
    }
    return true;
}

bool cs_entities_unescape(const cs_codepoints *in, cs_codepoints *out)
{
    return unescape(in, out, resolve);
}

bool cs_entities_unescape_strict(const cs_codepoints *in, cs_codepoints *out)
{
    return unescape(in, out, resolve_strict);
}
