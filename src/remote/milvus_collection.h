/* SPDX-License-Identifier: MIT
 * milvus_collection.h - an open collection of a Milvus server, and the rows that it answers with. */
#ifndef CS_REMOTE_MILVUS_COLLECTION_H
#define CS_REMOTE_MILVUS_COLLECTION_H

#include "remote/milvus_schema.h"

#include <stdatomic.h>

typedef struct milvus_collection {
    clipsearch_collection base;
    milvus_database *db;
    cs_milvus_schema *schema;
    atomic_ullong changes;       /* batches of changes made through this handle */
    atomic_ullong written;       /* the largest timestamp that the server gave for one */
    atomic_bool unseen_removals; /* items were removed, for which it gives none, and nothing has been read since */
    atomic_bool dirty;           /* changes were made, and not counted strongly yet */
    bool strong;                 /* every read sees all that anybody has written; set before the first */
} milvus_collection;

static inline milvus_collection *cs_milvus_collection(clipsearch_collection *collection)
{
    return (milvus_collection *)collection;
}

/* The id of the item with this path: 63 bits of its SHA-256, so that every client gives it the same. */
int64_t cs_milvus_key(const char *path);

/* ---- tables: columns of an answer (FieldData) */

typedef struct cs_milvus_column {
    cs_proto name; /* in the answer */
    cs_milvus_type type;
    bool is_dynamic;
    size_t count;     /* elements; of vectors numbers */
    size_t capacity;  /* of the one array that there is of these: */
    int64_t *numbers; /* whole numbers and booleans, else NULL */
    double *reals;    /* floats and doubles of scalar fields, else NULL */
    cs_proto *texts;  /* texts and JSON, else NULL */
    float *floats;    /* of vectors, else NULL */
} cs_milvus_column;

enum { CS_MILVUS_COLUMNS_MAX = CS_MILVUS_FIELDS_MAX + 2 };

typedef struct cs_milvus_table {
    const cs_milvus_schema *schema;
    cs_milvus_column columns[CS_MILVUS_COLUMNS_MAX];
    size_t count;
    size_t rows;
    cs_buf scratch; /* strings of the row that was read last */
} cs_milvus_table;

/* Read the fields `field` of a message. Everything points into the answer, which must live as long. Free the table in
 * any case. CLIPSEARCH_E_DATABASE: columns of different lengths, or damage; _MEMORY. */
clipsearch_status cs_milvus_table_read(const milvus_collection *collection, cs_proto message, uint32_t field,
                                       cs_milvus_table *table, clipsearch_error *err);
void cs_milvus_table_free(cs_milvus_table *table);
/* NULL: there is no such column. */
const cs_milvus_column *cs_milvus_table_find(const cs_milvus_table *table, const char *name);
/* The item of a row: its strings live until the next call. CLIPSEARCH_E_DATABASE: values that no item has. */
clipsearch_status cs_milvus_table_item(cs_milvus_table *table, size_t row, clipsearch_item *item, cs_item_file *file,
                                       clipsearch_error *err);
/* The same for a row whose id is known already. */
clipsearch_status cs_milvus_table_item_of(cs_milvus_table *table, size_t row, int64_t id, clipsearch_item *item,
                                          cs_item_file *file, clipsearch_error *err);
/* Add to `column` the numbers of a field, packed or a single one; those of a list {data=1}; floats. False: out of
 * memory. *sound becomes false where the bytes are damaged. */
bool cs_milvus_add_numbers(const cs_proto_field *field, cs_milvus_column *column, bool *sound);
bool cs_milvus_add_number_list(cs_proto list, cs_milvus_column *column, bool *sound);
bool cs_milvus_add_floats(const cs_proto_field *field, cs_milvus_column *column, bool *sound);
/* The content hash of a row of our own. */
clipsearch_status cs_milvus_table_hash(const cs_milvus_table *table, size_t row, uint8_t hash[32],
                                       clipsearch_error *err);
/* The ids [rows], or NULL when there are none. */
const int64_t *cs_milvus_table_ids(const cs_milvus_table *table);
/* The vectors [rows, dim], or NULL when there are none. */
const float *cs_milvus_table_vectors(const cs_milvus_table *table);

/* Whether the collection is still the one that was opened: CLIPSEARCH_E_NOT_FOUND. */
clipsearch_status cs_milvus_check_same(const milvus_collection *collection, clipsearch_error *err);

/* ---- reading */

/* What of the items is asked for. */
typedef enum cs_milvus_wanted {
    CS_MILVUS_IDS,
    CS_MILVUS_ITEMS,
    CS_MILVUS_PATHS,
    CS_MILVUS_HASHES,
    CS_MILVUS_VECTORS,
    CS_MILVUS_WHOLE /* items and vectors */
} cs_milvus_wanted;

/* Append the fields that are wanted as output_fields. */
void cs_milvus_put_wanted(const milvus_collection *collection, cs_milvus_wanted wanted, uint32_t field,
                          cs_buf *request);

/* Append how fresh the answer must be: all that was written through this handle, and what others wrote but in the last
 * moments; `strong`: everything. */
void cs_milvus_put_consistency(milvus_collection *collection, bool strong, uint32_t timestamp_field,
                               uint32_t level_field, cs_buf *request);

/* Call Query or Search, as cs_milvus_call; a collection that the server has not in its memory is loaded, and asked
 * again. */
clipsearch_status cs_milvus_ask(milvus_collection *collection, const char *method, const cs_buf *request, cs_buf *body,
                                cs_proto *answer, clipsearch_error *err);

/* The error for a refusal of a call that names the collection: CLIPSEARCH_E_NOT_FOUND when it is not there any more. */
clipsearch_status cs_milvus_fail_refused(const milvus_collection *collection, const char *method,
                                         const cs_milvus_refusal *refusal, clipsearch_error *err);

/* The items that `expression` lets through with ids above `after`, by id, at most `limit` and CS_MILVUS_ROWS_MAX.
 * *table and *body are the caller's to free, in any case. A collection that the server has forgotten to load is loaded.
 */
clipsearch_status cs_milvus_query(milvus_collection *collection, const char *expression, cs_milvus_wanted wanted,
                                  size_t limit, cs_buf *body, cs_milvus_table *table, clipsearch_error *err);
/* The same page by page, until all are read or `each` returns another status. */
clipsearch_status cs_milvus_each_page(milvus_collection *collection, const char *expression, cs_milvus_wanted wanted,
                                      clipsearch_status (*each)(void *context, cs_milvus_table *table,
                                                                clipsearch_error *err),
                                      void *context, clipsearch_error *err);
/* The same, of which only the first `most` are needed: they may be followed by others. */
clipsearch_status
cs_milvus_each_some(milvus_collection *collection, const char *expression, cs_milvus_wanted wanted, uint64_t most,
                    clipsearch_status (*each)(void *context, cs_milvus_table *table, clipsearch_error *err),
                    void *context, clipsearch_error *err);
/* Append the filter (NULL: none) as an expression, without the items whose files are gone unless with_gone. *none: it
 * lets nothing through. Errors: those of cs_filter_print_milvus. */
clipsearch_status cs_milvus_print_filter(const milvus_collection *collection, const cs_filter_tree *filter,
                                         bool with_gone, cs_buf *text, bool *none, clipsearch_error *err);
/* How many items the expression ("": none) lets through. */
clipsearch_status cs_milvus_count(milvus_collection *collection, const char *expression, bool strong, uint64_t *count,
                                  clipsearch_error *err);

/* An `each` that adds the rows to `items`, a cs_items; bind it afterwards. */
clipsearch_status cs_milvus_keep_items(void *items, cs_milvus_table *table, clipsearch_error *err);
/* An `each` that adds the ids to `list`, a cs_id_list. */
clipsearch_status cs_milvus_keep_ids(void *list, cs_milvus_table *table, clipsearch_error *err);

/* The rows with these ids, in no order, some thousands a call; `each` gets every table. */
clipsearch_status
cs_milvus_each_of(milvus_collection *collection, const int64_t *ids, size_t count, cs_milvus_wanted wanted,
                  clipsearch_status (*each)(void *context, cs_milvus_table *table, clipsearch_error *err),
                  void *context, clipsearch_error *err);

/* ---- functions of cs_collection_ops */

clipsearch_status cs_milvus_by_paths(clipsearch_collection *collection, const char *const *paths, size_t count,
                                     cs_items *items, clipsearch_error *err);
clipsearch_status cs_milvus_by_hashes(clipsearch_collection *collection, const uint8_t (*hashes)[32], size_t count,
                                      size_t most_each, cs_items *items, clipsearch_error *err);
clipsearch_status cs_milvus_by_ids(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                   clipsearch_hits *hits, clipsearch_error *err);
clipsearch_status cs_milvus_where(clipsearch_collection *collection, const cs_filter_tree *filter, const cs_page *page,
                                  clipsearch_hits *hits, clipsearch_error *err);
clipsearch_status cs_milvus_each_path(clipsearch_collection *collection, const char *root,
                                      clipsearch_status (*each)(void *context, const char *path, clipsearch_error *err),
                                      void *context, clipsearch_error *err);
clipsearch_status cs_milvus_each_hash(clipsearch_collection *collection,
                                      clipsearch_status (*each)(void *context, const uint8_t hash[32],
                                                                clipsearch_error *err),
                                      void *context, clipsearch_error *err);
clipsearch_status cs_milvus_vectors(clipsearch_collection *collection, const int64_t *ids, size_t count, float *vectors,
                                    clipsearch_error *err);
clipsearch_status cs_milvus_apply(clipsearch_collection *collection, cs_item_change *changes, size_t count,
                                  clipsearch_error *err);
clipsearch_status cs_milvus_remove_where(clipsearch_collection *collection, const cs_filter_tree *filter,
                                         uint64_t *removed, clipsearch_error *err);
clipsearch_status cs_milvus_search(clipsearch_collection *collection, const cs_search_request *request,
                                   clipsearch_hits *hits, clipsearch_error *err);
clipsearch_status cs_milvus_each_source(clipsearch_collection *collection,
                                        clipsearch_status (*each)(void *context, const cs_source_record *source,
                                                                  clipsearch_error *err),
                                        void *context, clipsearch_error *err);
clipsearch_status cs_milvus_put_sources(clipsearch_collection *collection, const char *list,
                                        const cs_source_record *sources, size_t count, clipsearch_error *err);
clipsearch_status cs_milvus_forget_sources(clipsearch_collection *collection, const char *name, uint64_t *forgotten,
                                           clipsearch_error *err);
/* Store the text as the collection's property of remembered sources. */
clipsearch_status cs_milvus_write_sources(milvus_database *db, const char *name, const char *text,
                                          clipsearch_error *err);
clipsearch_status cs_milvus_describe_remodel(clipsearch_collection *collection, cs_remodel_state *state,
                                             clipsearch_error *err);
clipsearch_status cs_milvus_begin_remodel(clipsearch_collection *collection, const cs_encoder_identity *encoder,
                                          clipsearch_metric metric, bool *resumed, clipsearch_error *err);
clipsearch_status cs_milvus_items_to_remodel(clipsearch_collection *collection, int64_t after, size_t most,
                                             cs_items *items, clipsearch_error *err);
clipsearch_status cs_milvus_put_new_vectors(clipsearch_collection *collection, const cs_new_vector *vectors,
                                            size_t count, clipsearch_error *err);
clipsearch_status cs_milvus_finish_remodel(clipsearch_collection *collection, const int64_t *without, size_t count,
                                           bool *finished, clipsearch_error *err);
clipsearch_status cs_milvus_check(clipsearch_collection *collection, size_t sample, clipsearch_check_report *report,
                                  clipsearch_error *err);

#endif
