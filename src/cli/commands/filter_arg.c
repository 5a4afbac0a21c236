/* SPDX-License-Identifier: MIT
 * filter_arg.c - shows where a filter is wrong. */
#include "cli/commands/filter_arg.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/output/message.h"

#include <string.h>

/* Characters of the filter shown before and after the error. */
enum { BEFORE = 50, AFTER = 25 };

static size_t length_at(const char *text)
{
    size_t n = cs_utf8_length(text, strlen(text));
    return n ? n : 1;
}

/* Two lines: the filter around its character number `column`, and a ^ under that. Line feeds and tabs become spaces. */
static void put_excerpt(cs_buf *buf, const char *filter, size_t column)
{
    size_t skip = column > BEFORE ? column - BEFORE : 0, number = 1;
    const char *at = filter;
    cs_buf_puts(buf, "\n  ");
    for (; *at && number <= column + AFTER; number++) {
        size_t n = length_at(at);
        if (number > skip) {
            char character[5] = {0};
            memcpy(character, at, n);
            if (*at == '\n' || *at == '\t' || *at == '\r')
                character[0] = ' ';
            cs_put_printable(buf, character);
        }
        at += n;
    }
    cs_buf_printf(buf, "%s\n  %*s^", *at ? "..." : "", (int)(column - skip - 1), "");
}

int cs_check_filter(const char *filter)
{
    clipsearch_error err;
    size_t column;
    clipsearch_status status = filter ? clipsearch_filter_check(filter, &column, &err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK)
        return CS_EXIT_FOUND;
    if (status == CLIPSEARCH_E_MEMORY)
        return cs_report_memory();
    cs_buf excerpt = cs_buf_make(4096);
    if (column)
        put_excerpt(&excerpt, filter, column);
    cs_print_message("%s%s\nFor the syntax of filters, see clipsearch(1) or run: clipsearch help query", err.message,
                     excerpt.data && !excerpt.failed ? excerpt.data : "");
    cs_buf_free(&excerpt);
    return CS_EXIT_USAGE;
}
