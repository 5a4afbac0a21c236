/* SPDX-License-Identifier: MIT
 * milvus_absent.c - a build without nghttp2 reaches no Milvus server. */
#include "remote/milvus.h"

#include "base/error.h"

const char *cs_milvus_library(void)
{
    return "not in this build";
}

static clipsearch_status fail(const char *address, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: this build has no nghttp2, by which Milvus is reached", address);
}

clipsearch_status cs_milvus_open(const char *address, unsigned flags, clipsearch_database **db, clipsearch_error *err)
{
    (void)flags;
    *db = NULL;
    return fail(address, err);
}

clipsearch_status cs_milvus_check_new_in(const char *address, const char *name, const cs_encoder_identity *encoder,
                                         clipsearch_metric metric, const clipsearch_index_options *index,
                                         clipsearch_error *err)
{
    (void)name;
    (void)encoder;
    (void)metric;
    (void)index;
    return fail(address, err);
}

clipsearch_status cs_milvus_lock_ingestion(const char *address, const char *collection, cs_lock_file **lock,
                                           long *holder, clipsearch_error *err)
{
    (void)collection;
    (void)lock;
    (void)holder;
    return fail(address, err);
}
