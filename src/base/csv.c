/* SPDX-License-Identifier: MIT
 * csv.c - one pass over a private copy of the text; fields are unquoted in place and never grow. */
#include "base/csv.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

enum { MAX_COLUMNS = 4096 };

typedef struct reader {
    const char *name; /* begins messages */
    char *at, *end;   /* in the copy; *end is NUL */
    size_t line;      /* number of the line `at` is in */
    bool row_ended;   /* the field read last was its row's last */
} reader;

/* Read one field; its NUL overwrites the separator after it, or stands where unquoting left room. */
static clipsearch_status read_field(reader *in, char **field, clipsearch_error *err)
{
    char *out = in->at;
    *field = out;
    if (*in->at == '"') {
        size_t opened = in->line;
        for (in->at++;; in->at++) {
            if (in->at == in->end)
                return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: line %zu: a quote is opened but never closed", in->name,
                               opened);
            if (*in->at == '"' && *++in->at != '"')
                break;
            if (*in->at == '\n')
                in->line++;
            *out++ = *in->at;
        }
    } else {
        while (in->at != in->end && *in->at != ',' && *in->at != '\n' && !(in->at[0] == '\r' && in->at[1] == '\n'))
            *out++ = *in->at++;
    }
    if (in->at[0] == '\r' && in->at[1] == '\n')
        in->at++;
    char separator = *in->at;
    if (in->at != in->end && separator != ',' && separator != '\n')
        return cs_fail(err, CLIPSEARCH_E_FORMAT,
                       "%s: line %zu: text after a closing quote (a quote inside a quoted field is written twice)",
                       in->name, in->line);
    in->row_ended = separator != ',';
    *out = '\0';
    if (in->at != in->end)
        in->at++;
    if (separator == '\n')
        in->line++;
    return CLIPSEARCH_OK;
}

static void skip_blank_lines(reader *in)
{
    while (in->at != in->end) {
        size_t n = in->at[0] == '\n' ? 1 : in->at[0] == '\r' && in->at[1] == '\n' ? 2 : 0;
        if (!n)
            return;
        in->at += n;
        in->line++;
    }
}

/* NUL bytes and broken UTF-8 are rejected before anything is read, so that every field is a proper string. */
static clipsearch_status check_bytes(const char *text, size_t size, const char *name, clipsearch_error *err)
{
    size_t line = 1;
    for (size_t i = 0; i < size;) {
        size_t n = cs_utf8_length(text + i, size - i);
        if (n == 0)
            return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: line %zu: not UTF-8; save the file as UTF-8", name, line);
        if (text[i] == '\0')
            return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: line %zu: a NUL byte; this is not a CSV file", name, line);
        line += text[i] == '\n';
        i += n;
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status read_header(reader *in, cs_csv *csv, clipsearch_error *err)
{
    skip_blank_lines(in);
    if (in->at == in->end)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: empty; a header row was expected", in->name);
    size_t line = in->line, capacity = 0;
    do {
        char **header = cs_grow(csv->header, &capacity, csv->columns + 1, sizeof *header);
        if (!header)
            return cs_fail_memory(err, in->name);
        csv->header = header;
        char *field;
        clipsearch_status status = read_field(in, &field, err);
        if (status != CLIPSEARCH_OK)
            return status;
        if (!field[0])
            return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: line %zu: column %zu of the header has no name", in->name,
                           line, csv->columns + 1);
        if (cs_csv_column(csv, field) >= 0)
            return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: line %zu: the header names the column \"%s\" twice", in->name,
                           line, field);
        if (csv->columns == MAX_COLUMNS)
            return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: line %zu: more than %d columns", in->name, line,
                           (int)MAX_COLUMNS);
        csv->header[csv->columns++] = field;
    } while (!in->row_ended);
    return CLIPSEARCH_OK;
}

static clipsearch_status read_rows(reader *in, cs_csv *csv, clipsearch_error *err)
{
    size_t count = 0, field_capacity = 0, row_capacity = 0;
    for (skip_blank_lines(in); in->at != in->end; skip_blank_lines(in)) {
        size_t line = in->line, columns = 0;
        size_t *lines = cs_grow(csv->lines, &row_capacity, csv->rows + 1, sizeof *lines);
        if (!lines)
            return cs_fail_memory(err, in->name);
        csv->lines = lines;
        do {
            char **fields = cs_grow(csv->fields, &field_capacity, count + 1, sizeof *fields);
            if (!fields)
                return cs_fail_memory(err, in->name);
            csv->fields = fields;
            clipsearch_status status = read_field(in, &fields[count], err);
            if (status != CLIPSEARCH_OK)
                return status;
            count++;
            columns++;
        } while (!in->row_ended && columns <= csv->columns);
        if (columns != csv->columns)
            return cs_fail(err, CLIPSEARCH_E_FORMAT,
                           "%s: line %zu: %s fields than the header's %zu (quote a field that"
                           " holds a comma)",
                           in->name, line, columns < csv->columns ? "fewer" : "more", csv->columns);
        csv->lines[csv->rows++] = line;
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_csv_parse(const char *text, size_t size, const char *name, cs_csv *csv, clipsearch_error *err)
{
    *csv = (cs_csv){0};
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        size -= 3;
    }
    clipsearch_status status = check_bytes(text, size, name, err);
    if (status != CLIPSEARCH_OK)
        return status;
    csv->storage = cs_strndup(size ? text : "", size);
    if (!csv->storage)
        return cs_fail_memory(err, name);
    reader in = {.name = name, .at = csv->storage, .end = csv->storage + size, .line = 1};
    status = read_header(&in, csv, err);
    if (status == CLIPSEARCH_OK)
        status = read_rows(&in, csv, err);
    if (status != CLIPSEARCH_OK)
        cs_csv_free(csv);
    return status;
}

void cs_csv_free(cs_csv *csv)
{
    cs_free(csv->header);
    cs_free(csv->fields);
    cs_free(csv->lines);
    cs_free(csv->storage);
    *csv = (cs_csv){0};
}

int cs_csv_column(const cs_csv *csv, const char *name)
{
    for (size_t i = 0; i < csv->columns; i++)
        if (strcmp(csv->header[i], name) == 0)
            return (int)i;
    return -1;
}
