/* SPDX-License-Identifier: MIT
 * multipart.c - the parts of a form. */
#include "server/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70, LINE_MAX_BYTES = 1000, HEAD_LINES = 16 };

static clipsearch_status damaged(clipsearch_error *err, const char *why)
{
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "the form (multipart/form-data) is damaged: %s", why);
}

/* Copy the value of the parameter `name` of a header such as `form-data; name="image"; filename="a.jpg"`. A quoted
 * value may have \" and \\. False: it is not there, or does not fit. */
static bool read_parameter(const char *text, size_t size, const char *name, char *value, size_t room)
{
    const size_t length = strlen(name);
    size_t at = 0;
    while (at < size && text[at] != ';')
        at++;
    while (at < size) {
        at++; /* the semicolon */
        while (at < size && (text[at] == ' ' || text[at] == '\t'))
            at++;
        const bool found = size - at > length && strncasecmp(text + at, name, length) == 0 && text[at + length] == '=';
        while (at < size && text[at] != '=' && text[at] != ';')
            at++;
        if (at == size || text[at] == ';')
            continue;
        at++;
        const bool quoted = at < size && text[at] == '"';
        size_t kept = 0;
        for (at += quoted; at < size && text[at] != (quoted ? '"' : ';'); at++) {
            if (quoted && text[at] == '\\' && at + 1 < size && (text[at + 1] == '"' || text[at + 1] == '\\'))
                at++;
            if (found && (kept + 1 >= room || (unsigned char)text[at] < ' '))
                return false;
            if (found)
                value[kept++] = text[at];
        }
        if (found) {
            value[kept] = '\0';
            return kept > 0;
        }
        while (at < size && text[at] != ';')
            at++;
    }
    return false;
}

/* The length of the line at `text`, without its CRLF; SIZE_MAX when it does not end or is too long. */
static size_t line_length(const char *text, size_t size)
{
    const size_t most = size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES;
    const char *end = memmem(text, most, "\r\n", 2);
    return end ? (size_t)(end - text) : SIZE_MAX;
}

static bool is_header(const char *line, size_t length, const char *name)
{
    const size_t n = strlen(name);
    return length > n && strncasecmp(line, name, n) == 0 && line[n] == ':';
}

/* Read the head of a part at *at. */
static clipsearch_status read_head(const char *body, size_t size, size_t *at, cs_form_field *field,
                                   clipsearch_error *err)
{
    bool named = false;
    for (unsigned lines = 0; lines < HEAD_LINES; lines++) {
        const char *line = body + *at;
        const size_t length = line_length(line, size - *at);
        if (length == SIZE_MAX)
            return damaged(err, "a line of a part's head does not end");
        *at += length + 2;
        if (!length)
            return named ? CLIPSEARCH_OK : damaged(err, "a part has no name");
        if (*line == ' ' || *line == '\t')
            return damaged(err, "a line of a part's head is folded");
        if (is_header(line, length, "Content-Transfer-Encoding"))
            return damaged(err, "a part has a transfer encoding");
        if (!is_header(line, length, "Content-Disposition"))
            continue;
        if (named || !read_parameter(line, length, "name", field->name, sizeof field->name))
            return damaged(err, "a part has no name, or a long one");
        if (!read_parameter(line, length, "filename", field->file_name, sizeof field->file_name))
            field->file_name[0] = '\0';
        named = true;
    }
    return damaged(err, "a part's head has too many lines");
}

/* "\r\n--" and the boundary. */
static bool make_delimiter(const char *type, char delimiter[BOUNDARY_MAX + 5])
{
    char boundary[BOUNDARY_MAX + 1];
    if (!read_parameter(type, strlen(type), "boundary", boundary, sizeof boundary))
        return false;
    snprintf(delimiter, BOUNDARY_MAX + 5, "\r\n--%s", boundary);
    return true;
}

clipsearch_status cs_form_read(const char *type, const char *body, size_t size, cs_form *form, clipsearch_error *err)
{
    char delimiter[BOUNDARY_MAX + 5];
    form->count = 0;
    if (!make_delimiter(type, delimiter))
        return damaged(err, "its Content-Type has no boundary of 1 to 70 characters");
    const size_t length = strlen(delimiter);
    size_t at = length - 2; /* the first has no line before it */
    if (size < at || memcmp(body, delimiter + 2, at) != 0)
        return damaged(err, "it does not begin with its boundary");
    while (size - at < 2 || memcmp(body + at, "--", 2) != 0) {
        if (size - at < 2 || memcmp(body + at, "\r\n", 2) != 0)
            return damaged(err, "a boundary is not followed by a new line");
        at += 2;
        if (form->count == CS_MULTIPART_FIELDS)
            return cs_fail(err, CLIPSEARCH_E_LIMIT, "the form has more than %d fields", (int)CS_MULTIPART_FIELDS);
        cs_form_field *field = &form->fields[form->count];
        clipsearch_status status = read_head(body, size, &at, field, err);
        if (status != CLIPSEARCH_OK)
            return status;
        field->data = body + at;
        /* an empty part may have its delimiter's line end already as that of the head */
        const char *end = memmem(body + at - 2, size - at + 2, delimiter, length);
        if (!end)
            return damaged(err, "its last boundary is missing");
        field->size = end < field->data ? 0 : (size_t)(end - field->data);
        at = (size_t)(end - body) + length;
        form->count++;
    }
    return CLIPSEARCH_OK;
}

const cs_form_field *cs_form_get(const cs_form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->fields[i].name, name) == 0)
            return &form->fields[i];
    return NULL;
}
