/* SPDX-License-Identifier: MIT
 * json_check.c - for test_cli.sh: checks that standard input is JSON (with -l, JSON lines), and prints values of it.
 *
 *     json_check [-l] [PLACE...]      PLACE: members and element numbers separated by dots, queries.0.hits.0.path
 *
 * Prints the value at each place, a line each: strings as they are, numbers, true, false, null; for lists and objects
 * the number of elements. With -l the places are those of the last line. Exit status 1: not JSON, or no such place. */
#include "base/buf.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cs_json *find(const cs_json *value, char *place)
{
    for (char *name = strtok(place, "."); name && value; name = strtok(NULL, ".")) {
        if (value->type == CS_JSON_OBJECT) {
            value = cs_json_get(value, name);
        } else {
            const cs_json *element = value->first;
            for (long i = strtol(name, NULL, 10); i > 0 && element; i--)
                element = element->next;
            value = element;
        }
    }
    return value;
}

static void print(const cs_json *value)
{
    if (value->type == CS_JSON_STRING)
        printf("%s\n", value->string);
    else if (value->type == CS_JSON_NUMBER)
        printf("%.9g\n", value->number);
    else if (value->type == CS_JSON_BOOL)
        puts(value->boolean ? "true" : "false");
    else if (value->type == CS_JSON_NULL)
        puts("null");
    else
        printf("%zu\n", value->count);
}

int main(int argc, char **argv)
{
    bool lines = argc > 1 && strcmp(argv[1], "-l") == 0;
    cs_buf text = cs_buf_make(64 << 20);
    cs_json_document *document = NULL;
    clipsearch_error err;
    char piece[4096];
    int code = 0;
    for (size_t n; (n = fread(piece, 1, sizeof piece, stdin)) > 0;)
        cs_buf_append(&text, piece, n);
    for (char *at = text.data, *end = text.data + text.len; at && at < end && !code;) {
        char *stop = lines ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        stop = stop ? stop : end;
        cs_json_close(&document);
        if (cs_json_parse(at, (size_t)(stop - at), "input", 1 << 22, &document, &err) != CLIPSEARCH_OK) {
            fprintf(stderr, "%s\n", err.message);
            code = 1;
        }
        at = stop + 1;
    }
    for (int i = lines ? 2 : 1; i < argc && !code; i++) {
        const cs_json *value = document ? find(cs_json_root(document), argv[i]) : NULL;
        if (value)
            print(value);
        else
            code = 1;
    }
    cs_json_close(&document);
    cs_buf_free(&text);
    return code || text.failed;
}
