/* SPDX-License-Identifier: MIT
 * vocab_check.c - vocab.json, an object of piece: id. */
#include "text/vocab_check.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdio.h>

enum { MAX_FILE = 64 << 20, MAX_VALUES = 1 << 21, MAX_PIECE = 1024 };

/* The position of the quick reader. */
typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip_space(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\r' || *c->at == '\t'))
        c->at++;
}

static bool skip_char(cursor *c, char expected)
{
    skip_space(c);
    if (c->at == c->end || *c->at != expected)
        return false;
    c->at++;
    return true;
}

/* The four digits of \uXXXX, or 0. */
static uint32_t read_hex(cursor *c)
{
    uint32_t code = 0;
    if (c->end - c->at < 4)
        return 0;
    for (int i = 0; i < 4; i++, c->at++) {
        char lower = (char)(*c->at | 0x20);
        bool digit = *c->at >= '0' && *c->at <= '9';
        if (!digit && !(lower >= 'a' && lower <= 'f'))
            return 0;
        code = code << 4 | (uint32_t)(digit ? *c->at - '0' : lower - 'a' + 10);
    }
    return code;
}

/* A string as in vocabularies: of the escapes only \" \\ \/ and \u below the surrogates. */
static bool read_string(cursor *c, char out[MAX_PIECE], size_t *size)
{
    *size = 0;
    if (!skip_char(c, '"'))
        return false;
    while (c->at < c->end && *size < MAX_PIECE - 4) {
        char byte = *c->at++;
        if (byte == '"')
            return true;
        if (byte != '\\') {
            out[(*size)++] = byte;
            continue;
        }
        if (c->at == c->end)
            return false;
        byte = *c->at++;
        if (byte == '"' || byte == '\\' || byte == '/') {
            out[(*size)++] = byte;
            continue;
        }
        uint32_t code = byte == 'u' ? read_hex(c) : 0;
        if (code == 0 || code >= 0xD800)
            return false;
        *size += cs_utf8_put(code, out + *size);
    }
    return false;
}

/* A number without sign, fraction, exponent or leading zeros; ids are below 2^20. */
static bool read_number(cursor *c, int32_t *number)
{
    skip_space(c);
    const char *first = c->at;
    *number = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && c->at - first < 8)
        *number = *number * 10 + (*c->at++ - '0');
    return c->at > first && (*first != '0' || c->at - first == 1);
}

/* Whether the file is plainly right: an object of every piece once, with its id. False may also mean that the file is
 * only unusual: the full reader then decides and reports, which takes three times as long: for CLIP's 49,408 pieces 14
 * instead of 4 ms, of the 20 or so that a text query takes before its tower runs. `seen` [pieces->count] is zero. */
static bool is_plainly_right(const char *text, size_t size, const cs_pieces *pieces, uint8_t *seen)
{
    cursor c = {.at = text, .end = text + size};
    char piece[MAX_PIECE];
    size_t piece_size, count = 0;
    if (!skip_char(&c, '{'))
        return false;
    do {
        int32_t id, number;
        if (!read_string(&c, piece, &piece_size) || !skip_char(&c, ':') || !read_number(&c, &number))
            return false;
        id = cs_pieces_find(pieces, piece, piece_size);
        if (id < 0 || id != number || seen[id])
            return false;
        seen[id] = 1;
        count++;
    } while (skip_char(&c, ','));
    if (!skip_char(&c, '}') || count != pieces->count)
        return false;
    skip_space(&c);
    return c.at == c.end;
}

/* Compare the members of a well-formed file with the pieces; the first that differs is the error. */
static clipsearch_status check_members(const char *path, const cs_json *root, const cs_pieces *pieces,
                                       clipsearch_error *err)
{
    for (const cs_json *member = root->first; member; member = member->next) {
        int32_t id = cs_pieces_find(pieces, member->key, member->key_len);
        if (id < 0)
            return cs_fail(
                err, CLIPSEARCH_E_MODEL,
                "%s: byte %zu: the piece \"%.64s\" is not one the merges make; is it the file of this model?", path,
                member->offset, member->key);
        if (member->is_integer && member->integer == id)
            continue;
        char found[32] = "no number";
        if (member->type == CS_JSON_NUMBER)
            snprintf(found, sizeof found, "%.17g", member->number);
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: byte %zu: expected id %d for the piece \"%.64s\", as the merges say, found %s; is it the "
                       "file of this model?",
                       path, member->offset, (int)id, member->key, found);
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_vocab_check_object(const char *path, const cs_json *object, const cs_pieces *pieces,
                                        clipsearch_error *err)
{
    const bool is_object = object && object->type == CS_JSON_OBJECT;
    if (!is_object || object->count != pieces->count)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: expected an object of %zu pieces, as the merges and the model's configuration say, found "
                       "%s of %zu; is it the file of this model?",
                       path, pieces->count, is_object ? "one" : "something else", object ? object->count : 0);
    return check_members(path, object, pieces, err);
}

clipsearch_status cs_vocab_check(const char *path, const cs_pieces *pieces, clipsearch_error *err)
{
    cs_json_document *document = NULL;
    uint8_t *seen = NULL; /* [pieces->count] */
    cs_buf file = cs_buf_make(MAX_FILE);
    clipsearch_status status = cs_file_read(path, &file, NULL, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    const char *text = file.data ? file.data : "";
    seen = cs_zalloc_array(pieces->count, sizeof *seen);
    if (!seen) {
        status = cs_fail_memory(err, path);
        goto done;
    }
    if (is_plainly_right(text, file.len, pieces, seen))
        goto done;
    status = cs_json_parse(text, file.len, path, MAX_VALUES, &document, err);
    if (status == CLIPSEARCH_E_FORMAT) { /* an error in a model's file is CLIPSEARCH_E_MODEL */
        status = CLIPSEARCH_E_MODEL;
        if (err)
            err->code = status;
    }
    if (status == CLIPSEARCH_OK)
        status = cs_vocab_check_object(path, cs_json_root(document), pieces, err);
done:
    cs_json_close(&document);
    cs_free(seen);
    cs_buf_free(&file);
    return status;
}
