/* SPDX-License-Identifier: MIT
 * thumbnails.c - a table of small images; the one that was not asked for the longest goes first. */
#include "server/thumbnails.h"

#include "base/checksum.h"
#include "base/mem.h"
#include "output/sheet_file.h"

#include <pthread.h>
#include <string.h>

enum { SLOTS = 4096, OVERHEAD = 256 /* bytes of an entry besides its JPEG, about */ };

typedef struct entry {
    char *path;
    int64_t mtime_ns;
    uint64_t file_bytes;
    uint32_t side;
    uint64_t sum;           /* of the key */
    cs_shared_bytes *bytes; /* NULL: a thread is making it */
    struct entry *chain;    /* in its slot */
    struct entry *newer, *older;
} entry;

struct cs_thumbnails {
    pthread_mutex_t lock;
    pthread_cond_t made_one;
    uint64_t limit, max_pixels, kept, found, made;
    entry *slots[SLOTS], *newest, *oldest;
};

cs_thumbnails *cs_thumbnails_open(uint64_t limit, uint64_t max_pixels)
{
    cs_thumbnails *all = cs_zalloc_array(1, sizeof *all);
    if (!all)
        return NULL;
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->made_one, NULL);
    all->limit = limit;
    all->max_pixels = max_pixels;
    return all;
}

static uint64_t size_of(const entry *each)
{
    return (each->bytes ? cs_shared_bytes_size(each->bytes) : 0) + OVERHEAD + strlen(each->path);
}

static void unlink_age(cs_thumbnails *all, entry *each)
{
    *(each->newer ? &each->newer->older : &all->newest) = each->older;
    *(each->older ? &each->older->newer : &all->oldest) = each->newer;
    each->newer = each->older = NULL;
}

static void link_newest(cs_thumbnails *all, entry *each)
{
    each->older = all->newest;
    if (all->newest)
        all->newest->newer = each;
    all->newest = each;
    if (!all->oldest)
        all->oldest = each;
}

static void free_entry(entry *each)
{
    cs_shared_bytes_release(each->bytes);
    cs_free(each->path);
    cs_free(each);
}

static void take_out(cs_thumbnails *all, entry *each)
{
    entry **at = &all->slots[each->sum % SLOTS];
    while (*at != each)
        at = &(*at)->chain;
    *at = each->chain;
}

void cs_thumbnails_close(cs_thumbnails **opened)
{
    cs_thumbnails *all = *opened;
    if (!all)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        while (all->slots[i]) {
            entry *each = all->slots[i];
            all->slots[i] = each->chain;
            free_entry(each);
        }
    pthread_cond_destroy(&all->made_one);
    pthread_mutex_destroy(&all->lock);
    cs_free(all);
    *opened = NULL;
}

static entry *find(const cs_thumbnails *all, const cs_thumbnail_key *key, uint64_t sum)
{
    entry *each = all->slots[sum % SLOTS];
    while (each && (each->sum != sum || each->mtime_ns != key->mtime_ns || each->file_bytes != key->bytes ||
                    each->side != key->side || strcmp(each->path, key->path) != 0))
        each = each->chain;
    return each;
}

static void evict(cs_thumbnails *all)
{
    while (all->kept > all->limit && all->oldest) {
        entry *each = all->oldest;
        all->kept -= size_of(each);
        unlink_age(all, each);
        take_out(all, each);
        free_entry(each);
    }
}

/* Decode and shrink. */
static clipsearch_status make(const cs_thumbnails *all, const cs_thumbnail_key *key, cs_shared_bytes **bytes,
                              clipsearch_error *err)
{
    clipsearch_image_options options;
    clipsearch_image small = {0};
    uint8_t *jpeg = NULL;
    size_t size = 0;
    clipsearch_image_options_init(&options);
    options.max_pixels = all->max_pixels;
    clipsearch_status status = clipsearch_image_load_small(key->path, key->side, &options, &small, err);
    if (status == CLIPSEARCH_OK) {
        const cs_canvas canvas = {.rgb = small.rgb, .width = small.width, .height = small.height};
        status = cs_jpeg_encode(&canvas, &jpeg, &size, err);
    }
    clipsearch_image_free(&small);
    if (status == CLIPSEARCH_OK && !(*bytes = cs_shared_bytes_make(jpeg, size)))
        status = cs_fail_memory(err, "a small image");
    return status;
}

/* An entry that this thread will make. */
static entry *begin(cs_thumbnails *all, const cs_thumbnail_key *key, uint64_t sum)
{
    entry *each = cs_zalloc_array(1, sizeof *each);
    if (!each || !(each->path = cs_strdup(key->path))) {
        cs_free(each);
        return NULL;
    }
    each->mtime_ns = key->mtime_ns;
    each->file_bytes = key->bytes;
    each->side = key->side;
    each->sum = sum;
    each->chain = all->slots[sum % SLOTS];
    all->slots[sum % SLOTS] = each;
    return each;
}

static clipsearch_status fill(cs_thumbnails *all, entry *each, const cs_thumbnail_key *key, cs_shared_bytes **bytes,
                              clipsearch_error *err)
{
    pthread_mutex_unlock(&all->lock);
    clipsearch_status status = make(all, key, bytes, err);
    pthread_mutex_lock(&all->lock);
    if (status == CLIPSEARCH_OK) {
        each->bytes = cs_shared_bytes_share(*bytes);
        all->kept += size_of(each);
        all->made++;
        link_newest(all, each);
        evict(all);
    } else {
        take_out(all, each);
        free_entry(each);
    }
    pthread_cond_broadcast(&all->made_one);
    return status;
}

clipsearch_status cs_thumbnails_get(cs_thumbnails *all, const cs_thumbnail_key *key, cs_shared_bytes **bytes,
                                    clipsearch_error *err)
{
    const uint64_t sum = cs_checksum(key->path, strlen(key->path)) ^ (uint64_t)key->mtime_ns ^ key->side;
    clipsearch_status status = CLIPSEARCH_OK;
    entry *each;
    *bytes = NULL;
    pthread_mutex_lock(&all->lock);
    while ((each = find(all, key, sum)) && !each->bytes)
        pthread_cond_wait(&all->made_one, &all->lock);
    if (each) {
        *bytes = cs_shared_bytes_share(each->bytes);
        all->found++;
        unlink_age(all, each);
        link_newest(all, each);
    } else if (!(each = begin(all, key, sum))) {
        status = cs_fail_memory(err, "a small image");
    } else {
        status = fill(all, each, key, bytes, err);
    }
    pthread_mutex_unlock(&all->lock);
    return status;
}

void cs_thumbnails_counts(cs_thumbnails *all, uint64_t *found, uint64_t *made, uint64_t *bytes)
{
    pthread_mutex_lock(&all->lock);
    *found = all->found;
    *made = all->made;
    *bytes = all->kept;
    pthread_mutex_unlock(&all->lock);
}
