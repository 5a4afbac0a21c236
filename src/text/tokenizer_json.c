/* SPDX-License-Identifier: MIT
 * tokenizer_json.c - a tokenizer.json, which may be hostile. */
#include "text/tokenizer_json.h"

#include <string.h>

enum { MAX_VALUES = 1 << 21 }; /* CLIP's has 200,000 */

bool cs_tokenizer_json_is(const cs_buf *text)
{
    size_t at = 0;
    while (at < text->len && strchr(" \t\r\n", text->data[at]) && text->data[at])
        at++;
    return at < text->len && text->data[at] == '{';
}

static const cs_json *model_of(const cs_json_document *document)
{
    return cs_json_get(cs_json_root(document), "model");
}

/* Whether a member that may be left out, or be null, is the string `expected` otherwise. */
static bool is_absent_or(const cs_json *value, const char *expected)
{
    return !value || value->type == CS_JSON_NULL ||
           (value->type == CS_JSON_STRING && value->string_len == strlen(expected) &&
            memcmp(value->string, expected, value->string_len) == 0);
}

static clipsearch_status check_model(const char *path, const cs_json *model, clipsearch_error *err)
{
    const char *wrong = NULL;
    if (!model || model->type != CS_JSON_OBJECT)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: expected an object \"model\" in it", path);
    const cs_json *fallback = cs_json_get(model, "byte_fallback"), *end = cs_json_get(model, "end_of_word_suffix");
    if (!is_absent_or(cs_json_get(model, "type"), "BPE"))
        wrong = "type \"BPE\"";
    else if (!end || end->type != CS_JSON_STRING || !is_absent_or(end, "</w>"))
        wrong = "end_of_word_suffix \"</w>\"";
    else if (!is_absent_or(cs_json_get(model, "continuing_subword_prefix"), ""))
        wrong = "no continuing_subword_prefix";
    else if (fallback && fallback->type == CS_JSON_BOOL && fallback->boolean)
        wrong = "no byte_fallback";
    return wrong ? cs_fail(err, CLIPSEARCH_E_MODEL,
                           "%s: byte %zu: this is not CLIP's tokenizer: expected a model with %s", path, model->offset,
                           wrong)
                 : CLIPSEARCH_OK;
}

clipsearch_status cs_tokenizer_json_open(const char *path, const cs_buf *text, cs_json_document **document,
                                         clipsearch_error *err)
{
    clipsearch_status status = cs_json_parse(text->data, text->len, path, MAX_VALUES, document, err);
    if (status == CLIPSEARCH_E_FORMAT) { /* an error in a model's file is CLIPSEARCH_E_MODEL */
        status = CLIPSEARCH_E_MODEL;
        if (err)
            err->code = status;
    }
    if (status == CLIPSEARCH_OK)
        status = check_model(path, model_of(*document), err);
    if (status != CLIPSEARCH_OK)
        cs_json_close(document);
    return status;
}

/* A symbol or merge that has no character which would end a line. */
static bool fits_line(const cs_json *value)
{
    return value && value->type == CS_JSON_STRING && !memchr(value->string, '\n', value->string_len) &&
           !memchr(value->string, '\r', value->string_len) && !memchr(value->string, '\0', value->string_len);
}

static bool put_merge(const cs_json *merge, cs_buf *lines)
{
    if (merge->type == CS_JSON_ARRAY) {
        const cs_json *left = merge->first, *right = left ? left->next : NULL;
        if (merge->count != 2 || !fits_line(left) || !fits_line(right) || memchr(left->string, ' ', left->string_len))
            return false;
        cs_buf_append(lines, left->string, left->string_len);
        cs_buf_putc(lines, ' ');
        cs_buf_append(lines, right->string, right->string_len);
    } else {
        if (!fits_line(merge))
            return false;
        cs_buf_append(lines, merge->string, merge->string_len);
    }
    cs_buf_putc(lines, '\n');
    return true;
}

clipsearch_status cs_tokenizer_json_put_merges(const char *path, const cs_json_document *document, cs_buf *lines,
                                               clipsearch_error *err)
{
    const cs_json *merges = cs_json_get(model_of(document), "merges");
    if (!merges || merges->type != CS_JSON_ARRAY)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: expected an array \"merges\" in its model", path);
    cs_buf_puts(lines, "#version: 0.2\n");
    for (const cs_json *merge = merges->first; merge; merge = merge->next)
        if (!put_merge(merge, lines))
            return cs_fail(err, CLIPSEARCH_E_MODEL,
                           "%s: byte %zu: expected a merge, \"left right\" or [\"left\", \"right\"]", path,
                           merge->offset);
    return lines->failed ? cs_fail_memory(err, path) : CLIPSEARCH_OK;
}

const cs_json *cs_tokenizer_json_vocabulary(const cs_json_document *document)
{
    return cs_json_get(model_of(document), "vocab");
}
