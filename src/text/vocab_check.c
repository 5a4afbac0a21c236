/* SPDX-License-Identifier: MIT
 * vocab_check.c - vocab.json, an object of piece: id. */
#include "text/vocab_check.h"

#include "base/file.h"
#include "base/json.h"

enum { MAX_FILE = 64 << 20, MAX_VALUES = 1 << 21 };

clipsearch_status cs_vocab_check(const char *path, const cs_pieces *pieces, clipsearch_error *err)
{
    cs_json_document *document = NULL;
    cs_buf file = cs_buf_make(MAX_FILE);
    clipsearch_status status = cs_file_read(path, &file, NULL, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    status = cs_json_parse(file.data ? file.data : "", file.len, path, MAX_VALUES, &document, err);
    if (status == CLIPSEARCH_E_FORMAT) { /* a model's file: the kind of error is the model's */
        status = CLIPSEARCH_E_MODEL;
        if (err)
            err->code = status;
    }
    if (status != CLIPSEARCH_OK)
        goto done;
    const cs_json *root = cs_json_root(document);
    if (root->type != CS_JSON_OBJECT || root->count != pieces->count) {
        status = cs_fail(err, CLIPSEARCH_E_MODEL,
                         "%s: expected an object of %zu pieces, as the merges and the model's configuration say, found "
                         "%s of %zu; is it the file of this model?",
                         path, pieces->count, root->type == CS_JSON_OBJECT ? "one" : "no object but something",
                         root->count);
        goto done;
    }
    for (const cs_json *member = root->first; member; member = member->next) {
        int32_t id = cs_pieces_find(pieces, member->key, member->key_len);
        if (id >= 0 && member->is_integer && member->integer == id)
            continue;
        status = id < 0 ? cs_fail(err, CLIPSEARCH_E_MODEL,
                                  "%s: byte %zu: the piece \"%.64s\" is not one the merges make; is it the file of this "
                                  "model?",
                                  path, member->offset, member->key)
                        : cs_fail(err, CLIPSEARCH_E_MODEL,
                                  "%s: byte %zu: expected id %d for the piece \"%.64s\", as the merges say, found %.17g; "
                                  "is it the file of this model?",
                                  path, member->offset, (int)id, member->key, member->number);
        goto done;
    }
done:
    cs_json_close(&document);
    cs_buf_free(&file);
    return status;
}
