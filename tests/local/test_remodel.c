/* SPDX-License-Identifier: MIT
 * test_remodel.c - a collection that is encoded anew with another model, by the interface of backends: what handles,
 * searches and changes see before, during and after the switch, in a file and in memory. */
#include "backend/backend.h"
#include "support/folder.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

enum { OLD_DIM = 6, NEW_DIM = 9, COUNT = 20 };

static clipsearch_error err;

static const cs_encoder_identity
    old_encoder = {.name = "old", .fingerprint = "0000", .preprocessing = "p", .dim = OLD_DIM, .path = "/models/old"},
    new_encoder = {.name = "new", .fingerprint = "1111", .preprocessing = "q", .dim = NEW_DIM},
    third_encoder = {.name = "third", .fingerprint = "2222", .preprocessing = "q", .dim = NEW_DIM};

/* The unit vector along one axis; all are near none but themselves. */
static void axis(size_t dim, size_t n, float *vector)
{
    memset(vector, 0, dim * sizeof *vector);
    vector[n % dim] = 1;
}

static clipsearch_item item_of(int n, char path[32])
{
    snprintf(path, 32, "/i/%02d.jpg", n);
    clipsearch_item item = {.path = path, .size = 5, .mtime_ns = 7, .attributes = "{\"n\":1}"};
    memset(item.hash, n, sizeof item.hash);
    return item;
}

static bool put(clipsearch_collection *c, int n, int content)
{
    char path[32];
    float vector[OLD_DIM];
    clipsearch_item item = item_of(n, path);
    memset(item.hash, content, sizeof item.hash);
    axis(OLD_DIM, (size_t)n, vector);
    return cs_collection_put(c, &item, vector, 1, NULL, &err) == CLIPSEARCH_OK;
}

static clipsearch_collection *make(clipsearch_database *db)
{
    clipsearch_collection *c = NULL;
    const clipsearch_index_options index = {0};
    bool good = cs_collection_ensure(db, "photos", &old_encoder, CLIPSEARCH_COSINE, &index, &c, &err) == CLIPSEARCH_OK;
    for (int n = 1; n <= COUNT && good; n++)
        good = put(c, n, n);
    return good ? c : NULL;
}

/* Store the new vectors of all items that want one; returns how many those were. */
static int encode_all(clipsearch_collection *c, int64_t but)
{
    int done = 0;
    cs_items items = {0};
    if (cs_collection_items_to_remodel(c, 0, 1000, &items, &err) != CLIPSEARCH_OK)
        return -1;
    for (size_t i = 0; i < items.count; i++) {
        float vector[NEW_DIM];
        cs_new_vector new_vector = {.id = items.items[i].id, .vector = vector};
        memcpy(new_vector.hash, items.items[i].hash, sizeof new_vector.hash);
        axis(NEW_DIM, (size_t)items.items[i].id, vector);
        if (items.items[i].id == but)
            continue;
        if (cs_collection_put_new_vectors(c, &new_vector, 1, &err) != CLIPSEARCH_OK)
            return -1;
        done++;
    }
    cs_items_free(&items);
    return done;
}

/* The id of the best hit of a query along axis `n`; 0: none, below 0: an error. */
static int64_t best(clipsearch_collection *c, size_t dim, size_t n, bool with_gone)
{
    float query[NEW_DIM];
    clipsearch_hits *hits = NULL;
    axis(dim, n, query);
    const cs_search_request request = {.queries = query, .count = 1, .k = 1, .with_gone = with_gone, .exact = true};
    if (cs_collection_search(c, &request, &hits, &err) != CLIPSEARCH_OK)
        return -1;
    const int64_t id = cs_hits_count(hits, 0) ? cs_hits_get(hits, 0, 0)->id : 0;
    cs_hits_free(&hits);
    return id;
}

/* How many items a search finds; -1: an error, or another number with a filter that all match. */
static int count_hits(clipsearch_collection *c, bool with_gone)
{
    size_t found[2];
    const float query[NEW_DIM] = {1};
    for (int i = 0; i < 2; i++) {
        clipsearch_hits *hits = NULL;
        clipsearch_search_options options;
        clipsearch_search_options_init(&options);
        options.gone = with_gone;
        options.filter = i ? "size > 0" : NULL;
        if (clipsearch_search(c, query, 1, 1000, &options, &hits, &err) != CLIPSEARCH_OK)
            return -1;
        found[i] = clipsearch_hits_count(hits, 0);
        clipsearch_hits_free(&hits);
    }
    return found[0] == found[1] ? (int)found[0] : -1;
}

static void test_switch(const char *path)
{
    clipsearch_database *db = NULL, *reader_db = NULL;
    clipsearch_collection *c = NULL, *reader = NULL, *again = NULL;
    cs_remodel_state state;
    bool resumed = true, finished = true;
    const bool in_memory = strcmp(path, ":memory:") == 0;
    const int64_t without[] = {4};
    TAP_OK(clipsearch_database_open(path, CLIPSEARCH_CREATE, &db, &err) == CLIPSEARCH_OK && (c = make(db)),
           "%s: a collection %s", path, err.message);
    if (!in_memory)
        TAP_OK(clipsearch_database_open(path, CLIPSEARCH_READ_ONLY, &reader_db, &err) == CLIPSEARCH_OK &&
                   cs_collection_open(reader_db, "photos", NULL, &reader, &err) == CLIPSEARCH_OK &&
                   best(reader, OLD_DIM, 3, false) == 3 &&
                   strcmp(cs_collection_identify(reader)->model_path, "/models/old") == 0,
               "a reader, who knows where the model is %s", err.message);
    TAP_OK(cs_collection_put_new_vectors(c, &(cs_new_vector){.id = 1, .vector = (float[NEW_DIM]){1}}, 1, &err) ==
               CLIPSEARCH_E_ARGUMENT,
           "a new vector before it has begun: %s", err.message);
    TAP_OK(cs_collection_begin_remodel(c, &new_encoder, CLIPSEARCH_IP, &resumed, &err) == CLIPSEARCH_OK && !resumed &&
               cs_collection_describe_remodel(c, &state, &err) == CLIPSEARCH_OK && state.begun && state.done == 0 &&
               strcmp(state.encoder, "new") == 0,
           "it begins %s", err.message);
    TAP_OK(encode_all(c, 4) == COUNT - 1 && best(c, OLD_DIM, 3, false) == 3, "the old vectors answer");
    TAP_OK(cs_collection_finish_remodel(c, NULL, 0, &finished, &err) == CLIPSEARCH_OK && !finished &&
               best(c, OLD_DIM, 3, false) == 3,
           "it does not end while an item wants a vector");
    TAP_OK(put(c, COUNT + 1, 77) && put(c, 2, 78) &&
               cs_collection_finish_remodel(c, without, 1, &finished, &err) == CLIPSEARCH_OK && !finished,
           "nor when one is new and one has another content");
    TAP_OK(cs_collection_begin_remodel(c, &new_encoder, CLIPSEARCH_IP, &resumed, &err) == CLIPSEARCH_OK && resumed &&
               cs_collection_describe_remodel(c, &state, &err) == CLIPSEARCH_OK && state.done == COUNT - 2,
           "another run goes on");
    TAP_OK(encode_all(c, 4) == 2, "with these two alone");
    TAP_OK(cs_collection_finish_remodel(c, without, 1, &finished, &err) == CLIPSEARCH_OK && finished, "it ends %s",
           err.message);

    /* what those see who had it open */
    TAP_OK(best(c, OLD_DIM, 3, false) == -1 && err.code == CLIPSEARCH_E_NOT_FOUND &&
               strstr(err.message, "was encoded anew, with the model new, since it was opened; open it again"),
           "its own handle: %s", err.message);
    TAP_OK(!put(c, 30, 30) && err.code == CLIPSEARCH_E_NOT_FOUND, "puts nothing of the old model: %s", err.message);
    if (!in_memory)
        TAP_OK(best(reader, OLD_DIM, 3, false) == -1 && err.code == CLIPSEARCH_E_NOT_FOUND, "another process's: %s",
               err.message);
    TAP_OK(cs_collection_open(db, "photos", &new_encoder, &again, &err) == CLIPSEARCH_OK &&
               cs_collection_identify(again)->dim == NEW_DIM &&
               cs_collection_identify(again)->metric == CLIPSEARCH_IP && !cs_collection_identify(again)->model_path,
           "a new handle, beside the old one, is of the new model %s", err.message);
    TAP_OK(best(again, NEW_DIM, 3, false) == 3 && best(again, NEW_DIM, 2, false) == 2 &&
               best(again, NEW_DIM, COUNT + 1, false) > 0,
           "and finds by it");

    /* the item without a vector */
    cs_items items = {0};
    const char *paths[] = {"/i/04.jpg", "/i/05.jpg"};
    cs_collection_state counts;
    TAP_OK(cs_collection_by_paths(again, paths, 2, &items, &err) == CLIPSEARCH_OK && items.items[0].id == 4 &&
               items.files[0].gone_since > 0 && items.items[0].mtime_ns != 7 &&
               strcmp(items.items[0].attributes, "{\"n\":1}") == 0 && items.items[1].mtime_ns == 7 &&
               !items.files[1].gone_since,
           "the one that could not be encoded is gone, and would be read again");
    TAP_OK(cs_collection_describe(again, &counts, &err) == CLIPSEARCH_OK && counts.count == COUNT + 1 &&
               counts.gone == 1 && best(again, NEW_DIM, 4, false) != 4,
           "and is not found");
    TAP_OK(count_hits(again, true) == COUNT && count_hits(again, false) == COUNT,
           "nor when items are found that are gone");
    cs_item_change gone = {.kind = CS_ITEM_GONE, .item.id = 5, .file.gone_since = 1000};
    TAP_OK(cs_collection_apply(again, &gone, 1, &err) == CLIPSEARCH_OK && count_hits(again, true) == COUNT &&
               count_hits(again, false) == COUNT - 1,
           "unlike one that went later, whose vector is the new model's");
    if (!in_memory) {
        clipsearch_checkpoint_options options;
        clipsearch_checkpoint_options_init(&options);
        TAP_OK(clipsearch_collection_checkpoint(again, &options, &err) == CLIPSEARCH_OK &&
                   count_hits(again, true) == COUNT && count_hits(again, false) == COUNT - 1,
               "with an index too %s", err.message);
    }
    cs_items_free(&items);

    /* giving up */
    TAP_OK(cs_collection_begin_remodel(again, &third_encoder, CLIPSEARCH_IP, &resumed, &err) == CLIPSEARCH_OK &&
               encode_all(again, 0) == COUNT + 1 &&
               cs_collection_begin_remodel(again, &old_encoder, CLIPSEARCH_COSINE, &resumed, &err) == CLIPSEARCH_OK &&
               !resumed && cs_collection_describe_remodel(again, &state, &err) == CLIPSEARCH_OK && state.done == 0,
           "a third model begins anew");
    TAP_OK(cs_collection_begin_remodel(again, &new_encoder, CLIPSEARCH_IP, &resumed, &err) == CLIPSEARCH_OK &&
               cs_collection_describe_remodel(again, &state, &err) == CLIPSEARCH_OK && !state.begun,
           "and its own gives up");
    cs_collection_close(&c);
    TAP_OK(best(again, NEW_DIM, 3, false) == 3, "the old handle is closed, the new one still good");
    cs_collection_close(&again);
    cs_collection_close(&reader);
    cs_database_close(&reader_db);
    cs_database_close(&db);
}

int main(void)
{
    char path[4200];
    folder place;
    folder_make(&place);
    snprintf(path, sizeof path, "%s/remodel.db", place.path);
    test_switch(path);
    test_switch(":memory:");
    folder_remove(&place);
    return tap_done();
}
