/* SPDX-License-Identifier: MIT
 * clean.c - CLIP's basic_clean, whitespace_clean and lower. */
#include "text/clean.h"

#include "base/utf8.h"
#include "text/entities.h"
#include "text/normalize.h"
#include "text/unicode.h"

#include <string.h>

/* ftfy repairs a text line by line, each until nothing changes any more, and cuts longer lines here. Source: ftfy
 * 6.3.1, fix_text and fix_and_explain with fix_encoding=False. */
enum { LONGEST_LINE = 1000000 };

/* Each pass over a line resolves one level of references ("&amp;amp;"), so a line of n levels costs n passes. A text
 * may cost this many code points in all: a second or two, or 64 passes over the longest text. */
enum { MOST_WORK = 1 << 26 };

/* The working memory of cleaning. */
typedef struct work {
    cs_codepoints line, a, b;
    size_t cost;   /* code points processed so far */
    bool unescape; /* ftfy stops resolving references at the first line with a '<' in it: it may be HTML */
} work;

/* Latin ligatures and digraphs taken apart. Source: ftfy.chardata.LIGATURES. */
static size_t split_ligature(uint32_t code, uint32_t out[3])
{
    static const uint16_t ligatures[][4] = {
        {0x132, 'I', 'J'},    {0x133, 'i', 'j'},  {0x149, 0x2BC, 'n'}, {0x1C4, 'D', 0x17D},     {0x1C5, 'D', 0x17E},
        {0x1C6, 'd', 0x17E},  {0x1C7, 'L', 'J'},  {0x1C8, 'L', 'j'},   {0x1C9, 'l', 'j'},       {0x1CA, 'N', 'J'},
        {0x1CB, 'N', 'j'},    {0x1CC, 'n', 'j'},  {0x1F1, 'D', 'Z'},   {0x1F2, 'D', 'z'},       {0x1F3, 'd', 'z'},
        {0xFB00, 'f', 'f'},   {0xFB01, 'f', 'i'}, {0xFB02, 'f', 'l'},  {0xFB03, 'f', 'f', 'i'}, {0xFB04, 'f', 'f', 'l'},
        {0xFB05, 0x17F, 't'}, {0xFB06, 's', 't'},
    };
    for (size_t i = 0; i < sizeof ligatures / sizeof *ligatures; i++)
        if (ligatures[i][0] == code) {
            size_t count = 0;
            for (; count < 3 && ligatures[i][count + 1]; count++)
                out[count] = ligatures[i][count + 1];
            return count;
        }
    out[0] = code;
    return 1;
}

static uint32_t uncurl(uint32_t code)
{
    if (code == 0x2BC || (code >= 0x2018 && code <= 0x201B))
        return '\'';
    return code >= 0x201C && code <= 0x201F ? '"' : code;
}

/* ftfy's steps that look at one character: C1 controls, ligatures, widths, quotes; and its line breaks. (U+0085, which
 * ftfy lists as one, never gets there: as a C1 control it has already become an ellipsis.) */
static bool map_characters(const cs_codepoints *in, cs_codepoints *out)
{
    out->count = 0;
    for (size_t i = 0; i < in->count; i++) {
        uint32_t code = in->at[i];
        if (code == '\r') {
            if (i + 1 < in->count && in->at[i + 1] == '\n')
                i++;
            code = '\n';
        }
        if (code < 0x80) {
            if (!cs_codepoints_put(out, code))
                return false;
            continue;
        }
        uint32_t parts[3];
        size_t count = split_ligature(cs_unicode_decode_c1(code), parts);
        for (size_t p = 0; p < count; p++) {
            uint32_t narrow[2] = {parts[p] == 0x3000 ? ' ' : parts[p]};
            size_t n = parts[p] >= 0xFF01 && parts[p] <= 0xFFEF ? cs_unicode_narrow(parts[p], narrow) : 1;
            for (size_t k = 0; k < n; k++) {
                uint32_t last = uncurl(narrow[k]);
                if (!cs_codepoints_put(out, last == 0x2028 || last == 0x2029 ? '\n' : last))
                    return false;
            }
        }
    }
    return true;
}

/* Length of the terminal escape ESC [ digits and semicolons, letter at `at`, or 0. */
static size_t terminal_escape(const uint32_t *at, size_t size)
{
    size_t i = 2;
    if (size < 3 || at[0] != 0x1B || at[1] != '[')
        return 0;
    /* Python's \d takes the digits of every script */
    while (i < size && (at[i] == ';' || cs_unicode_is_digit(at[i])))
        i++;
    return i < size && (at[i] | 0x20) >= 'a' && (at[i] | 0x20) <= 'z' ? i + 1 : 0;
}

static bool is_unwanted_control(uint32_t code)
{
    if (code < 0x20)
        return code != '\t' && code != '\n' && code != '\f' && code != '\r';
    return code == 0x7F || (code >= 0x206A && code <= 0x206F) || code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFC);
}

/* Terminal escapes first, controls after, as ftfy does: the ESC of what is not a whole escape is removed with the
 * controls. */
static bool drop_controls(const cs_codepoints *in, cs_codepoints *out)
{
    out->count = 0;
    for (size_t i = 0; i < in->count;) {
        size_t escape = terminal_escape(in->at + i, in->count - i);
        if (!escape && !is_unwanted_control(in->at[i]) && !cs_codepoints_put(out, in->at[i]))
            return false;
        i += escape ? escape : 1;
    }
    return true;
}

/* Whether none of ftfy's steps would change the line. */
static bool is_plain(const cs_codepoints *line)
{
    for (size_t i = 0; i < line->count; i++) {
        uint32_t code = line->at[i];
        if (code == '&' || code >= 0x7F || (code < 0x20 && code != '\n' && code != '\t'))
            return false;
    }
    return true;
}

/* Repair w->line in place. */
static clipsearch_status fix_line(work *w, clipsearch_error *err)
{
    while (!is_plain(&w->line)) {
        w->cost += w->line.count;
        if (w->cost > MOST_WORK)
            return cs_fail(
                err, CLIPSEARCH_E_LIMIT,
                "the text has character references (\"&amp;\") escaped too many times over, expected at most "
                "a few levels; unescape it first");
        const cs_codepoints *from = &w->line;
        if (w->unescape) {
            if (!cs_entities_unescape_strict(&w->line, &w->b))
                return cs_fail_memory(err, "cleaning a text");
            from = &w->b;
        }
        if (!map_characters(from, &w->a) || !drop_controls(&w->a, &w->b) || !cs_normalize(&w->b, &w->a, &w->b))
            return cs_fail_memory(err, "cleaning a text");
        if (w->a.count == w->line.count && memcmp(w->a.at, w->line.at, w->a.count * sizeof *w->a.at) == 0)
            return CLIPSEARCH_OK;
        w->line.count = 0;
        if (!cs_codepoints_append(&w->line, w->a.at, w->a.count))
            return cs_fail_memory(err, "cleaning a text");
    }
    return CLIPSEARCH_OK;
}

/* ftfy.fix_text: `text` line by line into `out`. */
static clipsearch_status fix_text(work *w, const uint8_t *text, size_t size, cs_codepoints *out, clipsearch_error *err)
{
    w->unescape = true;
    for (size_t i = 0; i < size;) {
        w->line.count = 0;
        uint32_t code = 0;
        while (i < size && code != '\n' && w->line.count < LONGEST_LINE) {
            i += cs_utf8_read(text + i, size - i, &code);
            if (code == '<')
                w->unescape = false;
            if (!cs_codepoints_put(&w->line, code))
                return cs_fail_memory(err, "cleaning a text");
        }
        clipsearch_status status = fix_line(w, err);
        if (status != CLIPSEARCH_OK)
            return status;
        if (!cs_codepoints_append(out, w->line.at, w->line.count))
            return cs_fail_memory(err, "cleaning a text");
    }
    return CLIPSEARCH_OK;
}

/* Strip, and make every run of white space one space. In place: the text only shrinks. */
static void collapse(cs_codepoints *codepoints)
{
    size_t written = 0;
    bool gap = false;
    for (size_t i = 0; i < codepoints->count; i++) {
        if (cs_unicode_is_space(codepoints->at[i])) {
            gap = written > 0;
            continue;
        }
        if (gap)
            codepoints->at[written++] = ' ';
        gap = false;
        codepoints->at[written++] = codepoints->at[i];
    }
    codepoints->count = written;
}

/* Whether the capital sigma at `i` ends a word: a cased letter before it and none after it, not counting ignorable ones
 * (Unicode 15, table 3-17, Final_Sigma). Each run of ignorable ones is walked twice at most. */
static bool is_final_sigma(const cs_codepoints *codepoints, size_t i)
{
    size_t before = i, after = i + 1;
    while (before > 0 && cs_unicode_case_ignorable(codepoints->at[before - 1]))
        before--;
    if (before == 0 || !cs_unicode_cased(codepoints->at[before - 1]))
        return false;
    while (after < codepoints->count && cs_unicode_case_ignorable(codepoints->at[after]))
        after++;
    return after == codepoints->count || !cs_unicode_cased(codepoints->at[after]);
}

/* Full lower case: what differs from the simple mapping is the final sigma and I with a dot above. */
static bool lower(const cs_codepoints *in, cs_codepoints *out)
{
    enum { SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2, DOTTED_I = 0x130, DOT_ABOVE = 0x307 };
    out->count = 0;
    for (size_t i = 0; i < in->count; i++) {
        uint32_t code = in->at[i];
        bool ok = code == SIGMA && is_final_sigma(in, i) ? cs_codepoints_put(out, FINAL_SIGMA)
                  : code == DOTTED_I ? cs_codepoints_put(out, 'i') && cs_codepoints_put(out, DOT_ABOVE)
                                     : cs_codepoints_put(out, cs_unicode_lower(code));
        if (!ok)
            return false;
    }
    return true;
}

clipsearch_status cs_clean_codepoints(const char *text, size_t size, cs_codepoints *out, clipsearch_error *err)
{
    out->count = 0;
    if (size > CS_TEXT_MAX_BYTES)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "a text of %zu bytes, more than the limit of %d; shorten it", size,
                       CS_TEXT_MAX_BYTES);
    work w;
    w.cost = 0;
    cs_codepoints_init(&w.line);
    cs_codepoints_init(&w.a);
    cs_codepoints_init(&w.b);
    clipsearch_status status = fix_text(&w, (const uint8_t *)text, size, out, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    if (!cs_entities_unescape(out, &w.a) || !cs_entities_unescape(&w.a, &w.b)) {
        status = cs_fail_memory(err, "cleaning a text");
        goto done;
    }
    collapse(&w.b);
    if (!lower(&w.b, out))
        status = cs_fail_memory(err, "cleaning a text");
done:
    cs_codepoints_free(&w.line);
    cs_codepoints_free(&w.a);
    cs_codepoints_free(&w.b);
    return status;
}

/* Append code points to `out` as UTF-8. */
static clipsearch_status write_text(const cs_codepoints *codepoints, cs_buf *out, clipsearch_error *err)
{
    size_t size = 0;
    char bytes[4];
    for (size_t i = 0; i < codepoints->count; i++)
        size += cs_utf8_put(codepoints->at[i], bytes);
    if (!cs_buf_reserve(out, size)) {
        if (size > out->max - out->len)
            return cs_fail(err, CLIPSEARCH_E_LIMIT, "the cleaned text has %zu bytes, there is room for %zu; shorten it",
                           size, out->max - out->len);
        return cs_fail_memory(err, "cleaning a text");
    }
    for (size_t i = 0; i < codepoints->count; i++) {
        size_t n = cs_utf8_put(codepoints->at[i], bytes);
        cs_buf_append(out, bytes, n);
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_clean(const char *text, size_t size, cs_buf *out, clipsearch_error *err)
{
    cs_codepoints codepoints;
    cs_codepoints_init(&codepoints);
    clipsearch_status status = cs_clean_codepoints(text, size, &codepoints, err);
    if (status == CLIPSEARCH_OK)
        status = write_text(&codepoints, out, err);
    cs_codepoints_free(&codepoints);
    return status;
}
