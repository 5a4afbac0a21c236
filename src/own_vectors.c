/* SPDX-License-Identifier: MIT
 * own_vectors.c - public functions for collections whose vectors a program brings itself. */
#include "clipsearch.h"

#include "backend/backend.h"
#include "base/error.h"
#include "structs.h"

#include <string.h>

/* What a collection can remember of a model, in bytes. */
enum { MODEL_BYTES = 128, FINGERPRINT_BYTES = 64, PREPROCESSING_BYTES = 255 };

static clipsearch_status check_text(const char *text, size_t most, const char *what, const char *function,
                                    clipsearch_error *err)
{
    if (!text || strnlen(text, most + 1) <= most)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: %s is longer than %zu bytes", function, what, most);
}

clipsearch_status clipsearch_collection_ensure_vectors(clipsearch_database *db, const char *name,
                                                       const clipsearch_vectors_options *options,
                                                       clipsearch_collection **collection, clipsearch_error *err)
{
    if (collection)
        *collection = NULL;
    if (!db || !name || !options || !collection)
        return cs_fail_null(err, __func__, db, name, options, collection);
    clipsearch_vectors_options own;
    clipsearch_index_options index;
    clipsearch_status status = cs_struct_read(&own, options, &cs_vectors_options_type, __func__, err);
    if (status == CLIPSEARCH_OK)
        status = cs_struct_read(&index, own.index, &cs_index_options_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!own.dim)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: dim is 0; set it to the number of floats in a vector",
                       __func__);
    status = cs_metric_check(own.metric, __func__, err);
    if (status == CLIPSEARCH_OK)
        status = check_text(own.model, MODEL_BYTES, "model", __func__, err);
    if (status == CLIPSEARCH_OK)
        status = check_text(own.fingerprint, FINGERPRINT_BYTES, "fingerprint", __func__, err);
    if (status == CLIPSEARCH_OK)
        status = check_text(own.preprocessing, PREPROCESSING_BYTES, "preprocessing", __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const cs_encoder_identity identity = {.name = own.model ? own.model : "",
                                          .fingerprint = own.fingerprint ? own.fingerprint : "",
                                          .preprocessing = own.preprocessing ? own.preprocessing : "",
                                          .dim = own.dim,
                                          .metric = own.metric};
    return cs_collection_ensure(db, name, &identity, own.metric, &index, collection, err);
}

clipsearch_status clipsearch_collection_put_vectors(clipsearch_collection *collection, const clipsearch_item *items,
                                                    const float *vectors, size_t count, int64_t *ids,
                                                    clipsearch_error *err)
{
    if (!collection || (count && !vectors))
        return cs_fail_null(err, __func__, collection, vectors);
    return cs_collection_put_vectors(collection, items, vectors, count, 0, ids, err);
}
