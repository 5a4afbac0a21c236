/* SPDX-License-Identifier: MIT
 * milvus_schema.h - what a Milvus collection is made of: our own, and those that other programs made. */
#ifndef CS_REMOTE_MILVUS_SCHEMA_H
#define CS_REMOTE_MILVUS_SCHEMA_H

#include "base/item_limits.h"
#include "remote/milvus_client.h"

enum {
    CS_MILVUS_NAME_MAX = CS_COLLECTION_NAME_MAX, /* bytes of the name of a collection or field */
    CS_MILVUS_PATH_MAX = 4096,                   /* bytes of a path in a collection of ours */
    CS_MILVUS_META_MAX = 65536,                  /* bytes of an item's attributes: Milvus's limit for a value of JSON */
    CS_MILVUS_FIELDS_MAX = 64                    /* fields of a collection: Milvus's limit */
};

/* Bits 1 << TYPE: all types of index, and the default. */
enum { CS_MILVUS_INDEX_TYPES = (2 << CLIPSEARCH_INDEX_TYPE_AUTOINDEX) - 1 };

/* Types of fields, by Milvus's numbers. */
typedef enum cs_milvus_type {
    CS_MILVUS_BOOL = 1,
    CS_MILVUS_INT8 = 2,
    CS_MILVUS_INT16 = 3,
    CS_MILVUS_INT32 = 4,
    CS_MILVUS_INT64 = 5,
    CS_MILVUS_FLOAT = 10,
    CS_MILVUS_DOUBLE = 11,
    CS_MILVUS_VARCHAR = 21,
    CS_MILVUS_JSON = 23,
    CS_MILVUS_VECTOR = 101
} cs_milvus_type;

typedef struct cs_milvus_field {
    char name[CS_MILVUS_NAME_MAX + 1];
    cs_milvus_type type;
} cs_milvus_field;

/* A collection as the server describes it. */
typedef struct cs_milvus_schema {
    char name[CS_MILVUS_NAME_MAX + 1];
    uint64_t number;                     /* the server's; another collection of the same name has another */
    bool own;                            /* made by clipsearch: fields as cs_milvus_create makes them */
    bool text_keys;                      /* of others: items have texts for ids, which clipsearch cannot use */
    bool dynamic;                        /* items may have attributes beyond the fields ($meta) */
    char key[CS_MILVUS_NAME_MAX + 1];    /* the field with the id */
    char path[CS_MILVUS_NAME_MAX + 1];   /* of others: the field that looks like a path, or "" */
    char vector[CS_MILVUS_NAME_MAX + 1]; /* the first field of vectors, or "" */
    size_t dim;
    cs_milvus_field fields[CS_MILVUS_FIELDS_MAX]; /* of others: what items have besides; [count] */
    size_t count;
    /* of our own: what its description says; of others nothing is known of the model */
    char encoder[129], fingerprint[65], preprocessing[256], model_path[CS_MODEL_PATH_MAX + 1];
    clipsearch_metric metric;
    int64_t created;
    clipsearch_index_options index;
    unsigned precisions; /* of the encoder that it was made with; a description does not change afterwards */
    unsigned encoding;   /* how many times it was remodelled; the field of vectors is named after it */
    int64_t replaces;    /* the number of the collection that it was made to replace; 0: of none */
    char *sources;       /* the property that holds the remembered sources, or NULL */
} cs_milvus_schema;

/* Describe the collection, if there is one: else *schema is NULL. It is the caller's, freed with cs_milvus_schema_free.
 * Errors: those of cs_milvus_call. */
clipsearch_status cs_milvus_find(milvus_database *db, const char *name, cs_milvus_schema **schema,
                                 clipsearch_error *err);
/* The same; where there is none, CLIPSEARCH_E_NOT_FOUND names the collections that there are. A replacement by a
 * collection of another model that was cut off in between is brought to its end first. */
clipsearch_status cs_milvus_describe(milvus_database *db, const char *name, cs_milvus_schema **schema,
                                     clipsearch_error *err);
void cs_milvus_schema_free(cs_milvus_schema **schema);

/* What the schema says, with its strings. */
cs_collection_identity cs_milvus_identity(const cs_milvus_schema *schema);

/* CLIPSEARCH_E_ARGUMENT: Milvus allows no collection of this name, or no vectors of `dim` numbers, or the options of
 * the index are out of range. */
clipsearch_status cs_milvus_check_new(const char *name, size_t dim, const clipsearch_index_options *index,
                                      clipsearch_error *err);

/* Make a collection of ours, which is to replace another one (NULL: none), and describe it. One that another client
 * made at the same moment is as good. */
clipsearch_status cs_milvus_create(milvus_database *db, const char *name, const cs_encoder_identity *encoder,
                                   clipsearch_metric metric, const clipsearch_index_options *index,
                                   const cs_milvus_schema *replaces, cs_milvus_schema **schema, clipsearch_error *err);
clipsearch_status cs_milvus_drop(milvus_database *db, const char *name, clipsearch_error *err);

/* ---- a collection that is encoded anew: the new vectors are in NAME__remodel, which takes the place of NAME in the
 * end. NAME is NAME__replaced for the moment between the two renames. */

extern const char cs_milvus_remodel_ending[], cs_milvus_replaced_ending[];

/* NAME with an ending. CLIPSEARCH_E_ARGUMENT: that is longer than Milvus allows. */
clipsearch_status cs_milvus_name_beside(const char *name, const char *ending, char out[CS_MILVUS_NAME_MAX + 1],
                                        clipsearch_error *err);
bool cs_milvus_has_ending(const char *name, const char *ending);
/* Whether the collection is there for the new vectors of another. */
bool cs_milvus_is_beside(const cs_milvus_schema *schema);
/* Drop what is beside the collection: new vectors, and what it has replaced. */
clipsearch_status cs_milvus_drop_beside(milvus_database *db, const cs_milvus_schema *schema, clipsearch_error *err);
clipsearch_status cs_milvus_rename(milvus_database *db, const char *from, const char *to, clipsearch_error *err);
/* Bring a replacement to its end that was cut off between its two renames. *schema stays NULL: there was none. */
clipsearch_status cs_milvus_finish_switch(milvus_database *db, const char *name, cs_milvus_schema **schema,
                                          clipsearch_error *err);

/* Load the collection into the server's memory unless it is there, and wait for that. One of ours gets its index first
 * when it has none. */
clipsearch_status cs_milvus_load(milvus_database *db, const cs_milvus_schema *schema, clipsearch_error *err);

/* What a server says of a collection's index. */
typedef struct cs_milvus_index {
    char type[32]; /* as the server writes it; "": there is none */
    clipsearch_metric metric;
    clipsearch_index_options options; /* type, m, ef_construction and nlist, as far as they are known */
    uint64_t indexed, total;          /* vectors in sealed segments; growing ones are searched without an index */
    uint64_t state;                   /* Milvus's number: 3 is finished */
} cs_milvus_index;

clipsearch_status cs_milvus_describe_index(milvus_database *db, const cs_milvus_schema *schema, cs_milvus_index *index,
                                           clipsearch_error *err);
/* Whether the collection is in the server's memory. */
clipsearch_status cs_milvus_is_loaded(milvus_database *db, const char *name, bool *loaded, clipsearch_error *err);

/* The name of the collections of the database, in order, each with a NUL behind it. */
clipsearch_status cs_milvus_list(milvus_database *db, cs_buf *names, clipsearch_error *err);

/* A request with the names of database and collection, which nearly all begin with. */
cs_buf cs_milvus_request_for(const milvus_database *db, const char *collection);
/* Append a KeyValuePair as field `field`. */
void cs_milvus_put_pair(cs_buf *request, uint32_t field, const char *key, const char *value);

#endif
