/* SPDX-License-Identifier: MIT
 * unicode.c - utf8proc, and the few properties that it lacks. */
#include "text/unicode.h"

#include <assert.h>
#include <utf8proc.h>

enum { REPLACEMENT = 0xFFFD, FIRST_COMBINING = 0x300 };

size_t cs_utf8_read(const uint8_t *text, size_t size, uint32_t *code)
{
    uint8_t lead = text[0];
    if (lead < 0x80) {
        *code = lead;
        return 1;
    }
    *code = REPLACEMENT;
    if (lead < 0xC2 || lead > 0xF4)
        return 1;
    size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    /* the second byte's range is narrower after four of the lead bytes: no overlong forms, surrogates, or more than
     * U+10FFFF (Unicode 15, table 3-7) */
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    uint32_t value = lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (i >= size || text[i] < low || text[i] > high)
            return i;
        value = value << 6 | (text[i] & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    *code = value;
    return length;
}

bool cs_unicode_is_space(uint32_t code)
{
    if (code < 0x80)
        return code == ' ' || (code >= '\t' && code <= '\r');
    if (code == 0x85)
        return true;
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

bool cs_unicode_is_digit(uint32_t code)
{
    if (code < 0x80)
        return code >= '0' && code <= '9';
    return utf8proc_category((utf8proc_int32_t)code) == UTF8PROC_CATEGORY_ND;
}

uint32_t cs_unicode_decode_c1(uint32_t code)
{
    static const uint16_t windows_1252[32] = {
        0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
        0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178,
    };
    return code >= 0x80 && code <= 0x9F ? windows_1252[code - 0x80] : code;
}

cs_class cs_unicode_class(uint32_t code)
{
    if (code < 0x80) {
        if ((code | 0x20) >= 'a' && (code | 0x20) <= 'z')
            return CS_CLASS_LETTER;
        if (code >= '0' && code <= '9')
            return CS_CLASS_NUMBER;
        return cs_unicode_is_space(code) ? CS_CLASS_SPACE : CS_CLASS_OTHER;
    }
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return CS_CLASS_LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return CS_CLASS_NUMBER;
    default:
        return cs_unicode_is_space(code) ? CS_CLASS_SPACE : CS_CLASS_OTHER;
    }
}

uint32_t cs_unicode_lower(uint32_t code)
{
    if (code < 0x80)
        return code >= 'A' && code <= 'Z' ? code | 0x20 : code;
    return (uint32_t)utf8proc_tolower((utf8proc_int32_t)code);
}

uint32_t cs_unicode_upper(uint32_t code)
{
    return (uint32_t)utf8proc_toupper((utf8proc_int32_t)code);
}

/* Whether `code` is in one of `count` ranges. */
static bool in_ranges(uint32_t code, const uint32_t (*ranges)[2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i][0] && code <= ranges[i][1])
            return true;
    return false;
}

bool cs_unicode_case_ignorable(uint32_t code)
{
    /* Word_Break = MidLetter, MidNumLet or Single_Quote (Unicode 15, WordBreakProperty.txt) */
    static const uint32_t word_middles[][2] = {
        {0x27, 0x27},     {0x2E, 0x2E},     {0x3A, 0x3A},     {0xB7, 0xB7},     {0x387, 0x387},   {0x55F, 0x55F},
        {0x5F4, 0x5F4},   {0x2018, 0x2019}, {0x2024, 0x2024}, {0x2027, 0x2027}, {0xFE13, 0xFE13}, {0xFE52, 0xFE52},
        {0xFE55, 0xFE55}, {0xFF07, 0xFF07}, {0xFF0E, 0xFF0E}, {0xFF1A, 0xFF1A},
    };
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
        return true;
    default:
        return in_ranges(code, word_middles, sizeof word_middles / sizeof *word_middles);
    }
}

bool cs_unicode_cased(uint32_t code)
{
    /* Other_Lowercase and Other_Uppercase that are not ignorable (Unicode 15, PropList.txt): ordinal indicators, Roman
     * numerals, circled, squared and negative letters */
    static const uint32_t others[][2] = {
        {0xAA, 0xAA},       {0xBA, 0xBA},       {0x2160, 0x217F},   {0x24B6, 0x24E9},
        {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189},
    };
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
        return true;
    default:
        return in_ranges(code, others, sizeof others / sizeof *others);
    }
}

uint8_t cs_unicode_combining(uint32_t code)
{
    if (code < FIRST_COMBINING)
        return 0;
    return (uint8_t)utf8proc_get_property((utf8proc_int32_t)code)->combining_class;
}

size_t cs_unicode_decompose(uint32_t code, uint32_t out[4])
{
    utf8proc_int32_t parts[4];
    int boundary = UTF8PROC_BOUNDCLASS_START;
    utf8proc_ssize_t count =
        utf8proc_decompose_char((utf8proc_int32_t)code, parts, 4, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, &boundary);
    assert(count >= 1 && count <= 4); /* Unicode: no canonical decomposition is longer */
    for (utf8proc_ssize_t i = 0; i < count; i++)
        out[i] = (uint32_t)parts[i];
    return (size_t)count;
}

uint32_t cs_unicode_compose(uint32_t first, uint32_t second)
{
    /* Hangul is arithmetic (Unicode 15, section 3.12); ours, because utf8proc 2.8 takes U+11A7 for a trailing
     * consonant */
    enum { S = 0xAC00, L = 0x1100, V = 0x1161, T = 0x11A7, L_COUNT = 19, V_COUNT = 21, T_COUNT = 28 };
    if (second < FIRST_COMBINING) /* no composite ends in anything lower */
        return 0;
    if (first - L < L_COUNT)
        return second - V < V_COUNT ? S + ((first - L) * V_COUNT + (second - V)) * T_COUNT : 0;
    if (first - S < L_COUNT * V_COUNT * T_COUNT)
        return (first - S) % T_COUNT == 0 && second > T && second < T + T_COUNT ? first + (second - T) : 0;
    utf8proc_int32_t pair[2] = {(utf8proc_int32_t)first, (utf8proc_int32_t)second};
    return utf8proc_normalize_utf32(pair, 2, UTF8PROC_STABLE | UTF8PROC_COMPOSE) == 1 ? (uint32_t)pair[0] : 0;
}

size_t cs_unicode_narrow(uint32_t code, uint32_t out[2])
{
    utf8proc_int32_t parts[4];
    int boundary = UTF8PROC_BOUNDCLASS_START;
    utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)code, parts, 4,
                                                     UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary);
    assert(count >= 1 && count <= 2); /* of this block only U+FFE3 gives two */
    for (utf8proc_ssize_t i = 0; i < count; i++)
        out[i] = (uint32_t)parts[i];
    return (size_t)count;
}

const char *cs_unicode_library(void)
{
    return utf8proc_version();
}
