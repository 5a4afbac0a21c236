/* SPDX-License-Identifier: MIT
 * open_collections.c - collections and encoders that stay open. */
#include "server/open_collections.h"

#include "base/file.h"
#include "base/item_limits.h"
#include "base/mem.h"
#include "base/server_scheme.h"
#include "models/location.h"

#include <stdio.h>
#include <string.h>

enum { MOST_ENCODERS = 16 };

struct cs_open_database {
    clipsearch_database *db;
    size_t users; /* who has taken it, and collections that are open */
    bool is_file;
    cs_file_info file; /* that was at the path before it was opened */
};

struct cs_open_collections {
    cs_open_options options;
    pthread_mutex_t lock;       /* of what follows */
    cs_open_database *database; /* NULL: none is open */
    cs_open_collection *first;
    cs_encode_pool *encoders[MOST_ENCODERS];
    size_t encoder_count;
};

/* ---------------------------------------------------------------- the database */

static void leave_database(cs_open_collections *opened, cs_open_database *database)
{
    if (--database->users || database == opened->database)
        return;
    clipsearch_database_close(&database->db);
    cs_free(database);
}

static void close_collection(cs_open_collections *opened, cs_open_collection *each)
{
    cs_calibration_cell_destroy(&each->calibration);
    clipsearch_collection_close(&each->collection);
    if (each->database)
        leave_database(opened, each->database);
    pthread_mutex_destroy(&each->facets.lock);
    cs_free(each->facets.json);
    cs_free(each->name);
    cs_free(each);
}

/* Close stale collections that nobody uses. */
static void sweep(cs_open_collections *opened)
{
    for (cs_open_collection **at = &opened->first; *at;) {
        cs_open_collection *each = *at;
        if (!each->is_stale || each->users) {
            at = &each->next;
            continue;
        }
        *at = each->next;
        close_collection(opened, each);
    }
}

/* Whether the file at the path is the one that was opened. Uploads to a file that was removed would be lost, and what
 * has taken its place would never be found. */
static bool is_current(const cs_open_database *database, const char *path)
{
    cs_file_info now;
    return !database->is_file || (cs_file_stat(path, &now, NULL) == CLIPSEARCH_OK &&
                                  now.device == database->file.device && now.inode == database->file.inode);
}

/* Who uses it still keeps it. */
static void retire_database(cs_open_collections *opened)
{
    cs_open_database *database = opened->database;
    database->users++;
    opened->database = NULL;
    for (cs_open_collection *each = opened->first; each; each = each->next)
        each->is_stale = true;
    sweep(opened);
    leave_database(opened, database);
}

static clipsearch_status open_database(cs_open_collections *opened, clipsearch_error *err)
{
    const char *path = opened->options.settings->db;
    if (opened->database && is_current(opened->database, path))
        return CLIPSEARCH_OK;
    if (opened->database)
        retire_database(opened);
    cs_open_database *database = cs_zalloc_array(1, sizeof *database);
    if (!database)
        return cs_fail_memory(err, "a database");
    /* before it is opened: if another takes its place in between, the next request finds that out */
    database->is_file = !cs_server_scheme_of(path) && cs_file_stat(path, &database->file, NULL) == CLIPSEARCH_OK;
    clipsearch_status status =
        clipsearch_database_open(path, opened->options.writable ? 0 : CLIPSEARCH_READ_ONLY, &database->db, err);
    if (status != CLIPSEARCH_OK) {
        cs_free(database);
        return status == CLIPSEARCH_E_NOT_FOUND
                   ? cs_fail(err, status, "nothing has been ingested yet: there is no database %s", path)
                   : status;
    }
    if (opened->options.note)
        clipsearch_database_on_note(database->db, opened->options.note, opened->options.context);
    opened->database = database;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_open_collections_make(const cs_open_options *options, cs_open_collections **made,
                                           clipsearch_error *err)
{
    cs_open_collections *opened = cs_zalloc_array(1, sizeof *opened);
    *made = opened;
    if (!opened)
        return cs_fail_memory(err, "the collections");
    opened->options = *options;
    pthread_mutex_init(&opened->lock, NULL);
    clipsearch_status status = open_database(opened, err);
    if (status == CLIPSEARCH_E_NOT_FOUND) /* it may come */
        status = CLIPSEARCH_OK;
    if (status != CLIPSEARCH_OK)
        cs_open_collections_free(made);
    return status;
}

clipsearch_status cs_database_take(cs_open_collections *opened, cs_open_database **taken, clipsearch_database **db,
                                   clipsearch_error *err)
{
    *taken = NULL;
    *db = NULL;
    pthread_mutex_lock(&opened->lock);
    const clipsearch_status status = open_database(opened, err);
    if (status == CLIPSEARCH_OK) {
        *taken = opened->database;
        *db = opened->database->db;
        opened->database->users++;
    }
    pthread_mutex_unlock(&opened->lock);
    return status;
}

void cs_database_give(cs_open_collections *opened, cs_open_database *taken)
{
    if (!taken)
        return;
    pthread_mutex_lock(&opened->lock);
    leave_database(opened, taken);
    pthread_mutex_unlock(&opened->lock);
}

/* ---------------------------------------------------------------- collections */

void cs_open_collections_free(cs_open_collections **made)
{
    cs_open_collections *opened = *made;
    if (!opened)
        return;
    while (opened->first) {
        cs_open_collection *each = opened->first;
        opened->first = each->next;
        close_collection(opened, each);
    }
    if (opened->database) {
        clipsearch_database_close(&opened->database->db);
        cs_free(opened->database);
    }
    for (size_t i = 0; i < opened->encoder_count; i++)
        cs_encode_pool_close(&opened->encoders[i]);
    pthread_mutex_destroy(&opened->lock);
    cs_free(opened);
    *made = NULL;
}

static clipsearch_status open_new(cs_open_collections *opened, const char *name, cs_open_collection **made,
                                  clipsearch_error *err)
{
    cs_open_collection *each = cs_zalloc_array(1, sizeof *each);
    if (!each)
        return cs_fail_memory(err, "a collection");
    cs_calibration_cell_init(&each->calibration);
    pthread_mutex_init(&each->facets.lock, NULL);
    each->name = cs_strdup(name);
    clipsearch_status status = each->name ? CLIPSEARCH_OK : cs_fail_memory(err, "a collection");
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_open(opened->database->db, name, NULL, &each->collection, err);
    if (status != CLIPSEARCH_OK) {
        close_collection(opened, each);
        return status;
    }
    each->database = opened->database;
    each->database->users++;
    each->next = opened->first;
    opened->first = *made = each;
    return CLIPSEARCH_OK;
}

typedef struct only_name {
    char name[CS_COLLECTION_NAME_MAX + 1];
    size_t count;
} only_name;

static bool count_name(void *context, const clipsearch_collection_info *info)
{
    only_name *only = context;
    if (only->count++ == 0)
        snprintf(only->name, sizeof only->name, "%s", info->name);
    return only->count < 2;
}

/* Find or open `name`, and describe it. */
static clipsearch_status take_named(cs_open_collections *opened, const char *name, cs_open_collection **taken,
                                    clipsearch_collection_info *info, clipsearch_error *err)
{
    cs_open_collection *each = opened->first;
    while (each && (each->is_stale || strcmp(each->name, name) != 0))
        each = each->next;
    clipsearch_collection_info_init(info);
    if (each && clipsearch_collection_describe(each->collection, info, NULL) != CLIPSEARCH_OK) {
        each->is_stale = true; /* it was dropped or encoded anew; perhaps there is one of that name again */
        each = NULL;
    }
    clipsearch_status status = CLIPSEARCH_OK;
    if (!each) {
        sweep(opened);
        status = open_new(opened, name, &each, err);
        clipsearch_collection_info_init(info);
        if (status == CLIPSEARCH_OK)
            status = clipsearch_collection_describe(each->collection, info, err);
    }
    if (status == CLIPSEARCH_OK) {
        each->users++;
        *taken = each;
    }
    return status;
}

clipsearch_status cs_collection_take(cs_open_collections *opened, const char *name, cs_open_collection **taken,
                                     clipsearch_collection_info *info, clipsearch_error *err)
{
    const cs_settings *settings = opened->options.settings;
    clipsearch_collection_info own;
    only_name only = {.count = 0};
    *taken = NULL;
    if (!info)
        info = &own;
    pthread_mutex_lock(&opened->lock);
    clipsearch_status status = open_database(opened, err);
    if (status == CLIPSEARCH_OK)
        status = take_named(opened, name ? name : settings->collection, taken, info, err);
    if (status == CLIPSEARCH_E_NOT_FOUND && opened->database && !name && settings->collection_from == CS_FROM_DEFAULT &&
        clipsearch_database_collections(opened->database->db, count_name, &only, NULL) == CLIPSEARCH_OK &&
        only.count == 1)
        status = take_named(opened, only.name, taken, info, err);
    pthread_mutex_unlock(&opened->lock);
    return status;
}

void cs_collection_give(cs_open_collections *opened, cs_open_collection *taken)
{
    if (!taken)
        return;
    pthread_mutex_lock(&opened->lock);
    taken->users--;
    sweep(opened);
    pthread_mutex_unlock(&opened->lock);
}

/* ---------------------------------------------------------------- encoders */

static bool fits(const cs_encode_pool *pool, const clipsearch_collection_info *info)
{
    const clipsearch_encoder_info *have = cs_encode_pool_info(pool);
    return strcmp(have->fingerprint, info->fingerprint) == 0 && have->dim == info->dim &&
           (!info->preprocessing[0] || strcmp(have->preprocessing, info->preprocessing) == 0);
}

static cs_encode_pool *find_encoder(cs_open_collections *opened, const clipsearch_collection_info *info)
{
    for (size_t i = 0; i < opened->encoder_count; i++)
        if (fits(opened->encoders[i], info))
            return opened->encoders[i];
    return NULL;
}

static clipsearch_status open_encoder(cs_open_collections *opened, const clipsearch_collection_info *info,
                                      cs_encode_pool **pool, clipsearch_error *err)
{
    const cs_open_options *options = &opened->options;
    cs_model_location location = {0};
    clipsearch_encoder *encoder = NULL;
    const cs_collection_model made = {.encoder = info->encoder, .path = info->model_path};
    if (opened->encoder_count == MOST_ENCODERS)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "collections of %d models are open already, which is the limit",
                       (int)MOST_ENCODERS);
    clipsearch_status status = cs_model_choose(options->settings, &made, &location, err);
    if (status == CLIPSEARCH_OK)
        status = cs_model_open(&location, CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER, false,
                               options->settings->precision, &encoder, err);
    cs_model_location_free(&location);
    if (status == CLIPSEARCH_OK)
        status = cs_encode_pool_open(encoder, options->sessions, (unsigned)options->settings->threads,
                                     options->max_pixels, pool, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!fits(*pool, info)) {
        status = cs_fail(err, CLIPSEARCH_E_MISMATCH,
                         "the collection %s was made with the model %s, and the model %s that was found has other "
                         "weights or another preprocessing",
                         info->name, info->encoder, cs_encode_pool_info(*pool)->path);
        cs_encode_pool_close(pool);
        return status;
    }
    opened->encoders[opened->encoder_count++] = *pool;
    return status;
}

clipsearch_status cs_collection_encoder(cs_open_collections *opened, const clipsearch_collection_info *info,
                                        cs_encode_pool **pool, clipsearch_error *err)
{
    if (!info->fingerprint[0])
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "the collection %s holds vectors that were put without a model: no text and no image can be "
                       "encoded for it; search by ids or vectors",
                       info->name);
    clipsearch_status status = CLIPSEARCH_OK;
    pthread_mutex_lock(&opened->lock);
    *pool = find_encoder(opened, info);
    if (!*pool)
        status = open_encoder(opened, info, pool, err);
    pthread_mutex_unlock(&opened->lock);
    return status;
}

void cs_each_encoder(cs_open_collections *opened, void (*each)(void *context, cs_encode_pool *pool), void *context)
{
    pthread_mutex_lock(&opened->lock);
    for (size_t i = 0; i < opened->encoder_count; i++)
        each(context, opened->encoders[i]);
    pthread_mutex_unlock(&opened->lock);
}
