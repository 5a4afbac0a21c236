/* SPDX-License-Identifier: MIT
 * yaml_advice.c - recognises common slips in YAML by the parser's message and the characters at the place. */
#include "config/yaml_advice.h"

#include "base/utf8.h"

#include <string.h>

enum { MOST_SHOWN = 60 }; /* bytes of the file that are repeated in a message */

/* The byte at a line and column (in characters), which may be the end. */
static const char *find_place(const char *text, const char *end, size_t line, size_t column)
{
    while (line > 0 && text < end) {
        const char *next = memchr(text, '\n', (size_t)(end - text));
        text = next ? next + 1 : end;
        line--;
    }
    for (; column > 0 && text < end && *text != '\n'; column--) {
        const size_t n = cs_utf8_length(text, (size_t)(end - text));
        text += n ? n : 1;
    }
    return text;
}

/* How many bytes the plain text at `at` has: to the end of the line, a comment, or what ends an element of [a, b]. */
static size_t plain_length(const char *at, const char *end)
{
    size_t n = 0;
    int depth = 0; /* of brackets, which patterns have */
    for (; at + n < end && at[n] != '\n' && at[n] != '\r'; n++) {
        if (at[n] == '[' || at[n] == '{')
            depth++;
        if ((at[n] == ']' || at[n] == '}') && depth-- == 0)
            break;
        if ((at[n] == ',' && depth == 0) || (at[n] == '#' && n && at[n - 1] == ' '))
            break;
    }
    while (n && (at[n - 1] == ' ' || at[n - 1] == '\t'))
        n--;
    return n;
}

static void put_quote_advice(const char *at, const char *end, cs_buf *buf)
{
    const size_t n = plain_length(at, end);
    cs_buf_printf(buf, "a text that begins with %c must be in quotes", *at);
    if (n > 0 && n <= MOST_SHOWN && !memchr(at, '"', n) && !memchr(at, '\\', n))
        cs_buf_printf(buf, ": \"%.*s\"", (int)n, at);
}

/* Advice that depends on the parser's words alone; the first row whose words are there is used. */
static const struct {
    const char *problem, *context, *advice; /* context "": any */
} rows[] = {
    {"tab character", "", "a tab stands where only spaces may; indent with spaces"},
    {"unknown escape character", "",
     "in double quotes each \\ must be written twice; or use single quotes, in which it is written once"},
    {"hexdecimal number", "quoted scalar",
     "in double quotes each \\ must be written twice; or use single quotes, in which it is written once"},
    {"unexpected end of stream", "quoted scalar", "a quote is not closed"},
    {"unexpected document indicator", "quoted scalar", "a quote is not closed"},
    {"mapping values are not allowed", "",
     "check the indentation of this line; a text with a colon and a space in it must be in quotes"},
    {"block sequence entries are not allowed", "", "begin a new line for each element of a list, with - before it"},
    {"could not find expected ':'", "", "a line of the form key: value is expected here; a space follows the colon"},
    {"expected ',' or ']'", "", "a [ is not closed, a comma is missing, or a text with brackets is not in quotes"},
    {"expected ',' or '}'", "", "a { is not closed, a comma is missing, or a text with braces is not in quotes"},
    {"expected key", "", "keys of one map must begin in the same column"},
    {"expected '-' indicator", "", "elements of one list must begin in the same column, each with -"},
};

void cs_yaml_put_advice(const char *text, size_t size, const cs_yaml_problem *p, cs_buf *buf, size_t *line,
                        size_t *column)
{
    const char *end = text + size, *context = p->context ? p->context : "";
    const char *at = find_place(text, end, p->line, p->column);
    *line = p->line;
    *column = p->column;
    if (strstr(context, "an alias") || strstr(context, "an anchor")) {
        at = find_place(text, end, p->context_line, p->context_column);
        *line = p->context_line;
        *column = p->context_column;
        if (at < end && (*at == '*' || *at == '&'))
            put_quote_advice(at, end, buf);
        return;
    }
    if (strstr(p->problem, "cannot start any token") && at < end) {
        if (*at == '\t')
            cs_buf_puts(buf, rows[0].advice);
        else
            put_quote_advice(at, end, buf);
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strstr(p->problem, rows[i].problem) && strstr(context, rows[i].context)) {
            cs_buf_puts(buf, rows[i].advice);
            return;
        }
}
