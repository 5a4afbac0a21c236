/* SPDX-License-Identifier: MIT
 * split.c - CLIP's splitting expression by hand. */
#include "text/split.h"

#include "text/unicode.h"

enum { LONG_S = 0x17F, IOTA_BELOW = 0x345 };

/* Length of `text` if it is at `at` (a long s counts as an s), else 0. *exact: no long s was needed. */
static size_t match(const uint32_t *at, size_t size, const char *text, bool *exact)
{
    size_t i = 0;
    *exact = true;
    for (; text[i]; i++) {
        if (i == size)
            return 0;
        bool long_s = at[i] == LONG_S && text[i] == 's';
        if (!long_s && at[i] != (unsigned char)text[i])
            return 0;
        *exact = *exact && !long_s;
    }
    return i;
}

static size_t contraction(const uint32_t *at, size_t size)
{
    static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        bool exact;
        size_t length = match(at, size, endings[i], &exact);
        if (length)
            return length;
    }
    return 0;
}

/* Is the code point matched by [\p{L}] or by [^\s\p{L}\p{N}]? */
static bool in_class(uint32_t code, cs_class class)
{
    return code != IOTA_BELOW && cs_unicode_class(code) == class;
}

bool cs_split_next(const uint32_t *codepoints, size_t count, size_t from, cs_word *word)
{
    while (from < count && (codepoints[from] == IOTA_BELOW || cs_unicode_class(codepoints[from]) == CS_CLASS_SPACE))
        from++;
    if (from == count)
        return false;
    const uint32_t *at = codepoints + from;
    size_t left = count - from, length = 0;
    *word = (cs_word){.begin = from, .kind = CS_WORD};
    if (*at == '<') {
        bool exact;
        length = match(at, left, "<|startoftext|>", &exact);
        if (length && exact)
            word->kind = CS_WORD_START;
        if (!length) {
            length = match(at, left, "<|endoftext|>", &exact);
            if (length && exact)
                word->kind = CS_WORD_END;
        }
    } else if (*at == '\'') {
        length = contraction(at, left);
    }
    if (!length) {
        cs_class class = cs_unicode_class(*at);
        length = 1;
        while (class != CS_CLASS_NUMBER && length < left && in_class(at[length], class))
            length++;
    }
    word->end = from + length;
    return true;
}
