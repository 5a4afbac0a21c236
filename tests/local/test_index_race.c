/* SPDX-License-Identifier: MIT
 * test_index_race.c - two checkpoints at once: the second to end does not leave the file of the first in place when it
 * lacks something. */
#include "support/gallery.h"
#include "support/index_fixture.h"
#include "tap.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 2500, MORE = 300 };

/* One of two handles of the same database, as two processes have them. */
typedef struct side {
    clipsearch_database *db;
    clipsearch_collection *collection;
    clipsearch_status status;
    clipsearch_error err;
} side;

static side first, second;
static sem_t first_began, second_began;
static pthread_t thread;
static int calls; /* of the second's progress function */

static bool open_side(side *s, const char *path, const clipsearch_encoder *encoder)
{
    const clipsearch_index_options options = {.struct_size = sizeof options, .m = 8, .ef_construction = 40};
    return clipsearch_database_open(path, CLIPSEARCH_CREATE, &s->db, &s->err) == CLIPSEARCH_OK &&
           clipsearch_collection_ensure_index(s->db, "photos", encoder, CLIPSEARCH_COSINE, &options, &s->collection,
                                              &s->err) == CLIPSEARCH_OK;
}

static clipsearch_status checkpoint(side *s, bool vacuum, bool (*progress)(void *, uint64_t, uint64_t))
{
    clipsearch_checkpoint_options options;
    clipsearch_checkpoint_options_init(&options);
    options.threads = 1;
    options.vacuum = vacuum;
    options.progress = progress;
    return clipsearch_collection_checkpoint(s->collection, &options, &s->err);
}

/* The first has seen what there is, and goes on when the second has begun. */
static bool wait_for_second(void *context, uint64_t done, uint64_t all)
{
    (void)context;
    (void)done;
    (void)all;
    sem_post(&first_began);
    sem_wait(&second_began);
    sem_post(&second_began);
    return true;
}

static void *run_first(void *unused)
{
    first.status = checkpoint(&first, false, wait_for_second);
    return unused;
}

static bool let_first_end(void *context, uint64_t done, uint64_t all)
{
    (void)context;
    (void)done;
    (void)all;
    if (calls++ == 0) {
        sem_post(&second_began);
        pthread_join(thread, NULL);
    }
    return true;
}

/* Another checkpoint, of all there is, while one vacuums. */
static bool checkpoint_meanwhile(void *context, uint64_t done, uint64_t all)
{
    (void)context;
    (void)done;
    (void)all;
    if (calls++ == 0)
        first.status = checkpoint(&first, false, NULL);
    return true;
}

static clipsearch_check_report check(void)
{
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    second.status = clipsearch_collection_check(second.collection, 0, &report, &second.err);
    return report;
}

static void test_older_state(void)
{
    sem_init(&first_began, 0, 0);
    sem_init(&second_began, 0, 0);
    calls = 0;
    if (pthread_create(&thread, NULL, run_first, NULL) != 0)
        abort();
    sem_wait(&first_began);
    const bool put = index_put(second.collection, FIRST, MORE, 0, &second.err);
    second.status = checkpoint(&second, false, let_first_end);
    TAP_OK(put && first.status == CLIPSEARCH_OK && second.status == CLIPSEARCH_OK && calls > 1,
           "a checkpoint that saw less ends first: %s %s", first.err.message, second.err.message);
    const clipsearch_check_report report = check();
    TAP_OK(second.status == CLIPSEARCH_OK && report.vectors == FIRST + MORE && report.changes == 0,
           "the file has all images: %d, and %d changes since", (int)report.vectors, (int)report.changes);
    sem_destroy(&first_began);
    sem_destroy(&second_began);
}

static void test_vacuum(void)
{
    uint64_t removed = 0;
    calls = 0;
    TAP_OK(clipsearch_collection_remove_where(second.collection, "n < 100", &removed, &second.err) == CLIPSEARCH_OK &&
               removed == 100 && index_put(second.collection, FIRST + MORE, 1, 0, &second.err),
           "changes: %s", second.err.message);
    second.status = checkpoint(&second, true, checkpoint_meanwhile);
    TAP_OK(first.status == CLIPSEARCH_OK && second.status == CLIPSEARCH_OK && calls > 0,
           "a checkpoint ends while another one vacuums: %s %s", first.err.message, second.err.message);
    const clipsearch_check_report report = check();
    TAP_OK(second.status == CLIPSEARCH_OK && report.removed == 0 && report.changes == 0,
           "the file has nothing of removed images: %d nodes", (int)report.removed);
}

int main(void)
{
    gallery g;
    gallery_open(&g, false);
    char *path = strdup(folder_path(&g.elsewhere, "race.db"));
    if (!path || !open_side(&first, path, g.encoder) || !open_side(&second, path, g.encoder) ||
        !index_put(first.collection, 0, FIRST, 0, &first.err))
        abort();
    test_older_state();
    test_vacuum();
    for (int i = 0; i < 2; i++) {
        side *s = i ? &second : &first;
        clipsearch_collection_close(&s->collection);
        clipsearch_database_close(&s->db);
    }
    free(path);
    gallery_close(&g);
    return tap_done();
}
