/* SPDX-License-Identifier: MIT
 * find.c - pairs of duplicates: by content digest, then by the neighbours of each vector, compared as small images. */
#include "base/clock.h"
#include "base/file_gone.h"
#include "base/mem.h"
#include "base/pool.h"
#include "duplicates/compare.h"
#include "duplicates/duplicates.h"
#include "duplicates/groups.h"
#include "duplicates/taken.h"
#include "duplicates/turned.h"
#include "filter/filter.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 1024,       /* vectors that are searched for together */
    NEIGHBOURS = 12,    /* of each, itself included */
    CANDIDATES = 64,    /* of a walk: images that are nearly the same are its first neighbours, which few walks miss */
    BURST_SECONDS = 60, /* between two images of a burst */
    READ_TOGETHER = 32, /* images, pieces and pairs between two calls of the progress function */
    TURN_TOGETHER = 16,
    COMPARE_TOGETHER = 1024,
    NO_COSINE = -2 /* of a pair that was not found by its vectors */
};

/* Cosines of candidates. The others are never read. */
static const float same_cosine = 0.85F, edited_cosine = 0.6F;
/* Of images that cannot be compared. */
static const float unreadable_cosine = 0.9995F;
/* Of a burst: with times, and without. */
static const float burst_cosine = 0.85F, burst_correlation = 0.5F, untimed_cosine = 0.95F, untimed_correlation = 0.85F;

typedef struct finder {
    clipsearch_collection *collection;
    const clipsearch_duplicates_options *options;
    clipsearch_duplicates_report *report;
    cs_filter_tree *filter;
    clipsearch_hits *items; /* of query 0, by id */
    size_t count;
    cs_duplicate_pair *pairs;
    size_t pair_count, pair_capacity;
    bool *wanted, *unreadable; /* [count] */
    cs_small_image **small;    /* [count]; NULL: not wanted, or unreadable */
    cs_coarse *coarse;         /* [count] of those; the others are flat */
    uint32_t *to_read;         /* [read_count] */
    size_t read_count;
    cs_image_reader *readers; /* [threads] */
    unsigned threads;
    cs_pool *pool;
    pthread_mutex_t lock; /* of `out_of_memory` and options->bad */
    bool out_of_memory;
    cs_turned_search *turned;
    double start; /* ms */
    size_t first; /* of the pieces that the pool works on */
} finder;

/* Say how far a phase is. CLIPSEARCH_E_CANCELLED when that ends the call. */
static clipsearch_status show_progress(const finder *f, clipsearch_duplicates_phase phase, uint64_t done,
                                       uint64_t total, clipsearch_error *err)
{
    const clipsearch_duplicates_progress progress = {
        .phase = phase, .done = done, .total = total, .seconds = (cs_clock_ms() - f->start) / 1e3};
    if (f->options->progress && !f->options->progress(f->options->context, &progress))
        return cs_fail(err, CLIPSEARCH_E_CANCELLED, "the search for duplicates was cancelled");
    return CLIPSEARCH_OK;
}

/* The part of `total` pieces that a pool works on from `first` on between two calls of the progress function. */
static size_t part_of(size_t first, size_t total, size_t most)
{
    return total - first < most ? total - first : most;
}

static const clipsearch_hit *item_at(const finder *f, size_t item)
{
    return cs_hits_get(f->items, 0, item);
}

static clipsearch_status add_pair(finder *f, uint32_t a, uint32_t b, float score, clipsearch_duplicate_level level,
                                  clipsearch_error *err)
{
    cs_duplicate_pair *larger = cs_grow(f->pairs, &f->pair_capacity, f->pair_count + 1, sizeof *larger);
    if (!larger)
        return cs_fail_memory(err, "pairs of images");
    f->pairs = larger;
    f->pairs[f->pair_count++] = (cs_duplicate_pair){.a = a, .b = b, .score = score, .level = level};
    return CLIPSEARCH_OK;
}

/* Run `work` for every piece on the pool, `together` of them between two calls of the progress function. */
static clipsearch_status run_pieces(finder *f, clipsearch_duplicates_phase phase, size_t pieces, size_t together,
                                    void (*work)(void *context, size_t piece, unsigned worker), clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (f->first = 0; f->first < pieces && status == CLIPSEARCH_OK; f->first += together) {
        status = show_progress(f, phase, f->first, pieces, err);
        if (status == CLIPSEARCH_OK)
            cs_pool_run(f->pool, part_of(f->first, pieces, together), work, f);
        if (f->out_of_memory)
            status = cs_fail_memory(err, "small images");
    }
    return status;
}

/* ---------------------------------------------------------------- equal files */

static int compare_hashes(const void *a, const void *b)
{
    const clipsearch_hit *const *x = a, *const *y = b;
    const int order = memcmp((*x)->hash, (*y)->hash, sizeof(*x)->hash);
    return order ? order : ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

/* The items of equal digests, [count]: each with the next. Those whose files are others now are left out: nothing is
 * read, so nothing would say that their bytes are not equal any more. */
static clipsearch_status pair_equal(finder *f, const clipsearch_hit *const *items, size_t count, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const clipsearch_hit *first = item_at(f, 0), *last = NULL;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        if (cs_hit_has_changed(items[i]))
            continue;
        if (last)
            status = add_pair(f, (uint32_t)(last - first), (uint32_t)(items[i] - first), 1, CLIPSEARCH_DUPLICATES_EXACT,
                              err);
        last = items[i];
    }
    return status;
}

static clipsearch_status pair_equal_files(finder *f, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const clipsearch_hit **by_hash = cs_alloc_array(f->count, sizeof *by_hash);
    if (!by_hash)
        return cs_fail_memory(err, "content digests");
    for (size_t i = 0; i < f->count; i++)
        by_hash[i] = item_at(f, i);
    qsort(by_hash, f->count, sizeof *by_hash, compare_hashes);
    for (size_t i = 0, end; i < f->count && status == CLIPSEARCH_OK; i = end) {
        for (end = i + 1; end < f->count && memcmp(by_hash[end]->hash, by_hash[i]->hash, sizeof by_hash[i]->hash) == 0;)
            end++;
        if (end > i + 1 && cs_hit_has_hash(by_hash[i]))
            status = pair_equal(f, by_hash + i, end - i, err);
    }
    cs_free(by_hash);
    return status;
}

/* ---------------------------------------------------------------- neighbours */

/* The place of the item `id`; false: it is not among the items. */
static bool find_item(const finder *f, int64_t id, uint32_t *item)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (item_at(f, middle)->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    *item = (uint32_t)low;
    return low < f->count && item_at(f, low)->id == id;
}

static float least_cosine(const finder *f)
{
    return f->options->level == CLIPSEARCH_DUPLICATES_SAME ? same_cosine : edited_cosine;
}

/* The cosine of the item's vector and its neighbour's. In a cosine collection that is the score. */
static clipsearch_status cosine_of(const finder *f, const float *vector, const clipsearch_hit *hit, float *other,
                                   float *cosine, clipsearch_error *err)
{
    const cs_collection_identity *identity = cs_collection_identify(f->collection);
    double ab = 0, aa = 0, bb = 0;
    *cosine = hit->score;
    if (identity->metric == CLIPSEARCH_COSINE)
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_collection_vectors(f->collection, &hit->id, 1, other, err);
    for (size_t i = 0; status == CLIPSEARCH_OK && i < identity->dim; i++) {
        ab += (double)vector[i] * other[i];
        aa += (double)vector[i] * vector[i];
        bb += (double)other[i] * other[i];
    }
    *cosine = aa > 0 && bb > 0 ? (float)(ab / sqrt(aa * bb)) : 0;
    return status;
}

static clipsearch_status pair_neighbours(finder *f, size_t first, size_t count, const float *vectors, float *other,
                                         const clipsearch_hits *hits, clipsearch_error *err)
{
    const size_t dim = cs_collection_identify(f->collection)->dim;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        const clipsearch_hit *self = item_at(f, first + i);
        for (size_t rank = 0; rank < cs_hits_count(hits, i) && status == CLIPSEARCH_OK; rank++) {
            const clipsearch_hit *hit = cs_hits_get(hits, i, rank);
            uint32_t item;
            float cosine;
            if (hit->id == self->id || !find_item(f, hit->id, &item) ||
                (cs_hit_has_hash(hit) && memcmp(hit->hash, self->hash, sizeof hit->hash) == 0))
                continue;
            status = cosine_of(f, vectors + i * dim, hit, other, &cosine, err);
            if (status == CLIPSEARCH_OK && cosine >= least_cosine(f)) {
                const uint32_t own = (uint32_t)(first + i);
                status = add_pair(f, own < item ? own : item, own < item ? item : own, cosine, 0, err);
            }
        }
    }
    return status;
}

static clipsearch_status search_batch(finder *f, size_t first, size_t count, float *vectors, clipsearch_error *err)
{
    const size_t dim = cs_collection_identify(f->collection)->dim;
    int64_t ids[BATCH];
    clipsearch_hits *hits = NULL;
    for (size_t i = 0; i < count; i++)
        ids[i] = item_at(f, first + i)->id;
    clipsearch_status status = cs_collection_vectors(f->collection, ids, count, vectors, err);
    if (status == CLIPSEARCH_OK) {
        const cs_search_request request = {
            .queries = vectors, .count = count, .k = NEIGHBOURS, .filter = f->filter, .ef = CANDIDATES};
        status = cs_collection_search(f->collection, &request, &hits, err);
    }
    if (status == CLIPSEARCH_OK)
        status = pair_neighbours(f, first, count, vectors, vectors + BATCH * dim, hits, err);
    cs_hits_free(&hits);
    return status;
}

static int compare_pairs(const void *a, const void *b)
{
    const cs_duplicate_pair *x = a, *y = b;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    if (x->b != y->b)
        return x->b < y->b ? -1 : 1;
    return (x->score < y->score) - (x->score > y->score);
}

/* Each neighbour's neighbours give the same pair again: keep the first, whose cosine is known. */
static void remove_repeated_pairs(finder *f)
{
    size_t kept = 0;
    if (f->pair_count)
        qsort(f->pairs, f->pair_count, sizeof *f->pairs, compare_pairs);
    for (size_t i = 0; i < f->pair_count; i++)
        if (!kept || f->pairs[i].a != f->pairs[kept - 1].a || f->pairs[i].b != f->pairs[kept - 1].b)
            f->pairs[kept++] = f->pairs[i];
    f->pair_count = kept;
}

static clipsearch_status find_candidates(finder *f, clipsearch_error *err)
{
    const size_t dim = cs_collection_identify(f->collection)->dim;
    float *vectors = cs_alloc_array(BATCH + 1, dim * sizeof *vectors);
    clipsearch_status status = vectors ? CLIPSEARCH_OK : cs_fail_memory(err, "vectors");
    for (size_t first = 0; first < f->count && status == CLIPSEARCH_OK; first += BATCH) {
        status = show_progress(f, CLIPSEARCH_DUPLICATES_SEARCH, first, f->count, err);
        if (status == CLIPSEARCH_OK)
            status = search_batch(f, first, part_of(first, f->count, BATCH), vectors, err);
    }
    cs_free(vectors);
    remove_repeated_pairs(f);
    return status;
}

/* ---------------------------------------------------------------- small images */

static void read_item(void *context, size_t piece, unsigned worker)
{
    finder *f = context;
    clipsearch_error err;
    const uint32_t item = f->to_read[f->first + piece];
    cs_small_image *small = cs_zalloc_array(1, sizeof *small);
    clipsearch_status status = small ? cs_small_image_load(&f->readers[worker], item_at(f, item)->path, small, &err)
                                     : cs_fail_memory(&err, "a small image");
    if (status == CLIPSEARCH_OK) {
        cs_coarse_make(small, &f->coarse[item]);
        f->small[item] = small;
        return;
    }
    cs_free(small);
    pthread_mutex_lock(&f->lock);
    f->unreadable[item] = true;
    f->report->unreadable++;
    if (status == CLIPSEARCH_E_MEMORY)
        f->out_of_memory = true;
    else if (f->options->bad)
        f->options->bad(f->options->context, item_at(f, item)->path, &err);
    pthread_mutex_unlock(&f->lock);
}

static clipsearch_status read_candidates(finder *f, clipsearch_error *err)
{
    f->to_read = cs_alloc_array(f->count, sizeof *f->to_read);
    f->small = cs_zalloc_array(f->count, sizeof *f->small);
    f->coarse = cs_zalloc_array(f->count, sizeof *f->coarse);
    f->threads = cs_pool_threads(f->pool);
    f->readers = cs_zalloc_array(f->threads, sizeof *f->readers);
    if (!f->to_read || !f->small || !f->coarse || !f->readers)
        return cs_fail_memory(err, "small images");
    for (unsigned i = 0; i < f->threads; i++)
        f->readers[i] = cs_image_reader_make(f->options->image);
    for (size_t i = 0; i < f->pair_count; i++)
        if (!f->pairs[i].level)
            f->wanted[f->pairs[i].a] = f->wanted[f->pairs[i].b] = true;
    /* turned images may be anywhere */
    const bool all = f->options->level >= CLIPSEARCH_DUPLICATES_EDITED && f->count > 1;
    for (uint32_t i = 0; i < f->count; i++)
        if (all || f->wanted[i])
            f->to_read[f->read_count++] = i;
    f->report->decoded = f->read_count;
    return run_pieces(f, CLIPSEARCH_DUPLICATES_READ, f->read_count, READ_TOGETHER, read_item, err);
}

/* ---------------------------------------------------------------- turned images */

static void search_turned(void *context, size_t piece, unsigned worker)
{
    finder *f = context;
    (void)worker;
    cs_turned_run(f->turned, f->first + piece);
}

static clipsearch_status add_turned(void *context, uint32_t a, uint32_t b, clipsearch_error *err)
{
    return add_pair(context, a < b ? a : b, a < b ? b : a, NO_COSINE, 0, err);
}

/* Add the pairs that may be turned images, whatever their vectors are. */
static clipsearch_status find_turned(finder *f, clipsearch_error *err)
{
    clipsearch_status status = cs_turned_begin(f->coarse, f->count, &f->turned, err);
    if (status == CLIPSEARCH_OK)
        status =
            run_pieces(f, CLIPSEARCH_DUPLICATES_TURN, cs_turned_pieces(f->turned), TURN_TOGETHER, search_turned, err);
    if (status == CLIPSEARCH_OK)
        status = cs_turned_each(f->turned, add_turned, f, err);
    cs_turned_end(&f->turned);
    remove_repeated_pairs(f);
    return status;
}

/* ---------------------------------------------------------------- levels */

static bool is_burst(const finder *f, const cs_duplicate_pair *pair)
{
    int64_t a, b;
    const cs_likeness like = cs_compare_upright(f->small[pair->a], f->small[pair->b]);
    const bool timed =
        cs_taken_seconds(item_at(f, pair->a)->attributes, &a) && cs_taken_seconds(item_at(f, pair->b)->attributes, &b);
    if (like.smooth)
        return false;
    if (timed)
        return llabs(a - b) <= BURST_SECONDS && pair->score >= burst_cosine && like.correlation >= burst_correlation;
    return pair->score >= untimed_cosine && like.correlation >= untimed_correlation;
}

static void judge_pair(void *context, size_t piece, unsigned worker)
{
    const finder *f = context;
    cs_duplicate_pair *pair = &f->pairs[f->first + piece];
    const cs_comparable a = {f->small[pair->a], &f->coarse[pair->a]}, b = {f->small[pair->b], &f->coarse[pair->b]};
    const clipsearch_duplicate_level level = f->options->level;
    (void)worker;
    if (pair->level)
        return;
    if (!a.image || !b.image) {
        if (pair->score >= unreadable_cosine)
            pair->level = CLIPSEARCH_DUPLICATES_SAME;
        return;
    }
    pair->level = cs_compare(&a, &b, level >= CLIPSEARCH_DUPLICATES_EDITED);
    if (!pair->level && level == CLIPSEARCH_DUPLICATES_BURST && is_burst(f, pair))
        pair->level = CLIPSEARCH_DUPLICATES_BURST;
}

/* ---------------------------------------------------------------- all of it */

static clipsearch_status list_items(finder *f, clipsearch_error *err)
{
    const cs_page page = {.limit = UINT64_MAX};
    clipsearch_status status = CLIPSEARCH_OK;
    if (f->options->filter)
        status = cs_filter_parse(f->options->filter, &f->filter, NULL, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_where(f->collection, f->filter, &page, &f->items, err);
    if (status != CLIPSEARCH_OK)
        return status;
    f->count = cs_hits_count(f->items, 0);
    f->report->images = f->count;
    if (f->count > UINT32_MAX)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "more than %u images; choose some with a filter", UINT32_MAX);
    f->wanted = cs_zalloc_array(f->count, sizeof *f->wanted);
    f->unreadable = cs_zalloc_array(f->count, sizeof *f->unreadable);
    return f->wanted && f->unreadable ? CLIPSEARCH_OK : cs_fail_memory(err, "images");
}

static clipsearch_status find_pairs(finder *f, clipsearch_error *err)
{
    clipsearch_status status = pair_equal_files(f, err);
    if (status == CLIPSEARCH_OK && f->options->level > CLIPSEARCH_DUPLICATES_EXACT) {
        status = find_candidates(f, err);
        if (status == CLIPSEARCH_OK)
            status = cs_pool_open(f->options->threads, &f->pool, err);
        if (status == CLIPSEARCH_OK)
            status = read_candidates(f, err);
        if (status == CLIPSEARCH_OK && f->options->level >= CLIPSEARCH_DUPLICATES_EDITED)
            status = find_turned(f, err);
        for (size_t i = 0; i < f->pair_count; i++)
            f->report->candidates += !f->pairs[i].level;
        if (status == CLIPSEARCH_OK)
            status = run_pieces(f, CLIPSEARCH_DUPLICATES_COMPARE, f->pair_count, COMPARE_TOGETHER, judge_pair, err);
    }
    return status;
}

static void count_groups(const clipsearch_duplicates *duplicates, clipsearch_duplicates_report *report)
{
    report->groups = cs_duplicates_groups(duplicates);
    for (size_t g = 0; g < report->groups; g++)
        for (size_t rank = 1; rank < cs_duplicates_count(duplicates, g); rank++) {
            const clipsearch_hit *hit = cs_duplicates_get(duplicates, g, rank, NULL);
            report->surplus += !hit->gone;
            report->surplus_bytes += hit->gone ? 0 : hit->size;
        }
}

static void free_finder(finder *f)
{
    for (size_t i = 0; f->small && i < f->count; i++)
        cs_free(f->small[i]);
    for (unsigned i = 0; f->readers && i < f->threads; i++)
        cs_image_reader_free(&f->readers[i]);
    cs_pool_close(&f->pool);
    cs_free(f->small);
    cs_free(f->coarse);
    cs_free(f->readers);
    cs_free(f->to_read);
    cs_free(f->wanted);
    cs_free(f->unreadable);
    cs_free(f->pairs);
    cs_hits_free(&f->items);
    cs_filter_free(&f->filter);
    pthread_mutex_destroy(&f->lock);
}

clipsearch_status cs_duplicates_find(clipsearch_collection *collection, const clipsearch_duplicates_options *options,
                                     clipsearch_duplicates **duplicates, clipsearch_duplicates_report *report,
                                     clipsearch_error *err)
{
    finder f = {.collection = collection,
                .options = options,
                .report = report,
                .start = cs_clock_ms(),
                .lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER};
    clipsearch_status status = list_items(&f, err);
    if (status == CLIPSEARCH_OK && f.count)
        status = find_pairs(&f, err);
    if (status == CLIPSEARCH_OK) {
        clipsearch_hits *items = f.items;
        f.items = NULL;
        status = cs_duplicates_group(items, f.unreadable, f.pairs, f.pair_count, duplicates, err);
    }
    if (status == CLIPSEARCH_OK)
        count_groups(*duplicates, report);
    free_finder(&f);
    return status;
}
