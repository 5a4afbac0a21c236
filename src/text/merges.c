/* SPDX-License-Identifier: MIT
 * merges.c - a file of merges, which may be hostile. */
#include "text/merges.h"

#include "base/buf.h"
#include "model/gzip.h"
#include "text/tokenizer_json.h"
#include "text/unicode.h"

#include <stdio.h>
#include <string.h>

enum {
    MAX_FILE = 64 << 20, /* expanded; CLIP's largest is 3 MB */
    MAX_LINE = 1024,     /* CLIP's longest is 62 bytes */
    EXTRA_PIECE = 32
};

/* One line, without its "\n" or "\r\n". */
typedef struct line {
    const char *text;
    size_t size;
    size_t number; /* from 1 */
    bool is_json;  /* the line was made from a tokenizer.json */
} line;

/* Read the next line of [*at, end); false at the end. */
static bool next_line(const char **at, const char *end, line *l)
{
    if (*at == end)
        return false;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    l->text = *at;
    l->size = (size_t)((stop ? stop : end) - *at);
    l->number++;
    *at = stop ? stop + 1 : end;
    if (l->size && l->text[l->size - 1] == '\r')
        l->size--;
    return true;
}

/* A line as a message can show it: what is not printable ASCII or well-formed UTF-8 as \xNN, cut when long. */
static const char *shown(const line *l, char out[96])
{
    size_t used = 0, i = 0;
    while (i < l->size && used < 80) {
        uint32_t code;
        size_t n = cs_utf8_read((const uint8_t *)l->text + i, l->size - i, &code);
        bool fine = code >= 0x20 && code != 0x7F && code != 0xFFFD && !(code >= 0x80 && code < 0xA0);
        if (fine) {
            memcpy(out + used, l->text + i, n);
            used += n;
        } else {
            n = 1;
            used += (size_t)snprintf(out + used, 5, "\\x%02x", (uint8_t)l->text[i]);
        }
        i += n;
    }
    snprintf(out + used, 96 - used, "%s", i < l->size ? "..." : "");
    return out;
}

static clipsearch_status bad_line(clipsearch_error *err, const char *path, const line *l, const char *what)
{
    char text[96];
    return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: %s %zu: %s, found \"%s\"; is it the file of this model?", path,
                   l->is_json ? "merge" : "line", l->is_json ? l->number - 1 : l->number, what, shown(l, text));
}

/* Add the merge on one line as merge number `rank`. */
static clipsearch_status read_merge(const char *path, const line *l, size_t rank, cs_pieces *pieces, cs_bpe *bpe,
                                    clipsearch_error *err)
{
    if (l->size > MAX_LINE)
        return bad_line(err, path, l, "expected two symbols, at most 1024 bytes");
    const char *space = memchr(l->text, ' ', l->size);
    size_t left_size = space ? (size_t)(space - l->text) : 0;
    size_t right_size = space ? l->size - left_size - 1 : 0;
    if (!left_size || !right_size || memchr(space + 1, ' ', right_size))
        return bad_line(err, path, l, "expected two symbols with one space between them");
    int32_t left = cs_pieces_find(pieces, l->text, left_size);
    int32_t right = cs_pieces_find(pieces, space + 1, right_size);
    if (left < 0 || right < 0)
        return bad_line(err, path, l, "expected symbols made by the lines before");
    if (!cs_pieces_add(pieces, l->text, left_size, space + 1, right_size))
        return bad_line(err, path, l, "expected a merge that makes a new symbol");
    cs_bpe_add(bpe, left, right, (int32_t)rank);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_merges_file_read(const char *path, cs_merges_file *file, clipsearch_error *err)
{
    *file = (cs_merges_file){.lines = cs_buf_make(MAX_FILE)};
    clipsearch_status status = cs_gzip_read(path, &file->lines, err);
    if (status != CLIPSEARCH_OK || !cs_tokenizer_json_is(&file->lines))
        return status;
    status = cs_tokenizer_json_open(path, &file->lines, &file->document, err);
    cs_buf_clear(&file->lines);
    if (status == CLIPSEARCH_OK)
        status = cs_tokenizer_json_put_merges(path, file->document, &file->lines, err);
    return status;
}

void cs_merges_file_free(cs_merges_file *file)
{
    cs_buf_free(&file->lines);
    cs_json_close(&file->document);
}

clipsearch_status cs_merges_add(const char *path, const cs_merges_file *file, size_t count, size_t extra,
                                cs_pieces *pieces, cs_bpe *bpe, clipsearch_error *err)
{
    const cs_buf *lines = &file->lines;
    const char *at = lines->data, *end = at ? at + lines->len : at;
    line l = {.is_json = file->document != NULL};
    *pieces = (cs_pieces){0};
    *bpe = (cs_bpe){0};
    clipsearch_status status = CLIPSEARCH_OK;
    /* a merge's piece with its NUL is no longer than its line */
    if (!cs_pieces_make(pieces, CS_BPE_FIRST + count + extra, lines->len + extra * EXTRA_PIECE) ||
        !cs_bpe_make(bpe, count)) {
        status = cs_fail_memory(err, path);
        goto done;
    }
    if (!next_line(&at, end, &l) || !memmem(l.text, l.size, "#version", strlen("#version"))) {
        l.number = 1;
        status = bad_line(err, path, &l, "expected a first line with \"#version\" in it");
        goto done;
    }
    for (size_t rank = 0; rank < count && status == CLIPSEARCH_OK; rank++) {
        if (next_line(&at, end, &l))
            status = read_merge(path, &l, rank, pieces, bpe, err);
        else
            status = cs_fail(err, CLIPSEARCH_E_MODEL,
                             "%s: expected %zu merges to fill the model's vocabulary, found %zu; is it the file of "
                             "this model?",
                             path, count, rank);
    }
done:
    if (status != CLIPSEARCH_OK) {
        cs_pieces_free(pieces);
        cs_bpe_free(bpe);
    }
    return status;
}
