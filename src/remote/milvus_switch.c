/* SPDX-License-Identifier: MIT
 * milvus_switch.c - collections beside one that is encoded anew: their names, and how one takes the other's place. */
#include "remote/milvus_schema.h"

#include <string.h>

const char cs_milvus_remodel_ending[] = "__remodel", cs_milvus_replaced_ending[] = "__replaced";

clipsearch_status cs_milvus_name_beside(const char *name, const char *ending, char out[CS_MILVUS_NAME_MAX + 1],
                                        clipsearch_error *err)
{
    const size_t size = strlen(name), end = strlen(ending);
    if (size + end > CS_MILVUS_NAME_MAX)
        return cs_fail(
            err, CLIPSEARCH_E_ARGUMENT,
            "the collection %s is not encoded anew in place: its name is longer than %zu bytes, which leaves "
            "no room for the name of the collection that replaces it",
            name, (size_t)CS_MILVUS_NAME_MAX - end);
    memcpy(out, name, size);
    memcpy(out + size, ending, end + 1);
    return CLIPSEARCH_OK;
}

bool cs_milvus_has_ending(const char *name, const char *ending)
{
    const size_t size = strlen(name), end = strlen(ending);
    return size > end && strcmp(name + size - end, ending) == 0;
}

bool cs_milvus_is_beside(const cs_milvus_schema *schema)
{
    return schema->own && schema->replaces && cs_milvus_has_ending(schema->name, cs_milvus_remodel_ending);
}

clipsearch_status cs_milvus_rename(milvus_database *db, const char *from, const char *to, clipsearch_error *err)
{
    cs_buf request = cs_milvus_request();
    cs_proto_put_text(&request, 2, db->address.database);
    cs_proto_put_text(&request, 3, from);
    cs_proto_put_text(&request, 4, to);
    clipsearch_status status = cs_milvus_do(db, "RenameCollection", &request, err);
    cs_buf_free(&request);
    return status;
}

/* Drop the collection NAME with the ending, if it is there and one of ours, and one that `fits`. */
static clipsearch_status drop_one(milvus_database *db, const cs_milvus_schema *schema, const char *ending,
                                  bool (*fits)(const cs_milvus_schema *schema, const cs_milvus_schema *beside),
                                  clipsearch_error *err)
{
    char name[CS_MILVUS_NAME_MAX + 1];
    cs_milvus_schema *beside = NULL;
    if (cs_milvus_name_beside(schema->name, ending, name, NULL) != CLIPSEARCH_OK)
        return CLIPSEARCH_OK; /* there can be none */
    clipsearch_status status = cs_milvus_find(db, name, &beside, err);
    if (status == CLIPSEARCH_OK && beside && beside->own && fits(schema, beside))
        status = cs_milvus_drop(db, name, err);
    cs_milvus_schema_free(&beside);
    return status;
}

static bool has_new_vectors(const cs_milvus_schema *schema, const cs_milvus_schema *beside)
{
    (void)schema;
    return beside->replaces != 0;
}

static bool was_replaced(const cs_milvus_schema *schema, const cs_milvus_schema *beside)
{
    return schema->replaces == (int64_t)beside->number;
}

clipsearch_status cs_milvus_drop_beside(milvus_database *db, const cs_milvus_schema *schema, clipsearch_error *err)
{
    clipsearch_status status = drop_one(db, schema, cs_milvus_remodel_ending, has_new_vectors, err);
    return status == CLIPSEARCH_OK ? drop_one(db, schema, cs_milvus_replaced_ending, was_replaced, err) : status;
}

clipsearch_status cs_milvus_finish_switch(milvus_database *db, const char *name, cs_milvus_schema **schema,
                                          clipsearch_error *err)
{
    char before[CS_MILVUS_NAME_MAX + 1], after[CS_MILVUS_NAME_MAX + 1];
    cs_milvus_schema *replaced = NULL, *new = NULL;
    *schema = NULL;
    if (cs_milvus_name_beside(name, cs_milvus_replaced_ending, before, NULL) != CLIPSEARCH_OK ||
        cs_milvus_name_beside(name, cs_milvus_remodel_ending, after, NULL) != CLIPSEARCH_OK)
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_milvus_find(db, before, &replaced, err);
    if (status == CLIPSEARCH_OK && replaced)
        status = cs_milvus_find(db, after, &new, err);
    if (status == CLIPSEARCH_OK && replaced && new &&new->own &&new->replaces == (int64_t)replaced->number)
        (void)cs_milvus_rename(db, after, name, NULL); /* another client may just have done it: what counts is below */
    if (status == CLIPSEARCH_OK && replaced)
        status = cs_milvus_find(db, name, schema, err);
    cs_milvus_schema_free(&replaced);
    cs_milvus_schema_free(&new);
    return status;
}
