/* SPDX-License-Identifier: MIT
 * hnsw_repair_step.c - mending the graph around removed nodes a few rows at a time, beside other changes. */
#include "index/hnsw_repair_step.h"

#include "base/mem.h"
#include "index/hnsw_remove.h"
#include "index/hnsw_repair.h"

#include <string.h>

/* Mending a whole graph takes some 60 microseconds a node, a minute for a million, which no insert can be made to wait.
 * So a sweep takes the nodes removed so far, goes over all rows a few at a time, and gives those that link to one of
 * them other links. Nothing new can come to link to them meanwhile (only living nodes are chosen), so once the last
 * row has been seen to, no link leads to them and their rows are free. Nodes removed since wait for the next sweep. */
enum {
    LOOKED_AT = 64, /* for each row that may be mended so many may be looked at: most need nothing */
    FREED = 8       /* and so many may be freed */
};

static bool is_going(const cs_hnsw *hnsw, uint32_t row)
{
    return row / 64 < hnsw->going.words && cs_visited_has(&hnsw->going, row);
}

static size_t end_of(const cs_hnsw *hnsw)
{
    return hnsw->going.words * 64;
}

static bool begin(cs_hnsw *hnsw)
{
    const size_t words = cs_visited_words(hnsw->rows);
    hnsw->going.bits = cs_zalloc_array(words, sizeof *hnsw->going.bits);
    if (!hnsw->going.bits)
        return false;
    hnsw->going.words = words;
    hnsw->swept = 0;
    for (size_t row = 0; row < hnsw->rows; row++)
        if (hnsw->state[row] == CS_HNSW_DEAD)
            cs_visited_add(&hnsw->going, (uint32_t)row);
    return true;
}

static bool leads_to_going(const cs_hnsw *hnsw, uint32_t row, int level)
{
    const uint32_t *links = cs_hnsw_links(hnsw, row, level);
    const size_t cap = cs_hnsw_cap(hnsw, level);
    for (size_t i = 0; i < cap && links[i] != CS_HNSW_NONE; i++)
        if (is_going(hnsw, links[i]))
            return true;
    return false;
}

/* Removed nodes that are not going are walked over too. Returns whether there was something to mend. */
static bool mend_row(cs_hnsw *hnsw, uint32_t row, uint32_t *links, cs_hnsw_scratch *scratch)
{
    bool mended = false;
    if ((hnsw->state[row] != CS_HNSW_LIVE && hnsw->state[row] != CS_HNSW_DEAD) || is_going(hnsw, row))
        return false;
    for (int level = 0; level <= hnsw->levels[row]; level++)
        if (leads_to_going(hnsw, row, level)) {
            cs_hnsw_repair_links(hnsw, row, level, links, scratch);
            pthread_rwlock_wrlock(&hnsw->shared->lock);
            memcpy(cs_hnsw_links(hnsw, row, level), links, cs_hnsw_cap(hnsw, level) * sizeof *links);
            pthread_rwlock_unlock(&hnsw->shared->lock);
            mended = true;
        }
    if (mended && hnsw->state[row] == CS_HNSW_LIVE)
        cs_hnsw_add_links_back(hnsw, row);
    return mended;
}

/* The entry must not be one of those that go. */
static void move_entry(cs_hnsw *hnsw)
{
    uint32_t entry = CS_HNSW_NONE;
    int top = 0;
    for (uint32_t row = 0; row < hnsw->rows; row++)
        if ((hnsw->state[row] == CS_HNSW_LIVE || (hnsw->state[row] == CS_HNSW_DEAD && !is_going(hnsw, row))) &&
            (entry == CS_HNSW_NONE || hnsw->levels[row] > top)) {
            entry = row;
            top = hnsw->levels[row];
        }
    pthread_rwlock_wrlock(&hnsw->shared->lock);
    hnsw->entry = entry;
    hnsw->top = top;
    pthread_rwlock_unlock(&hnsw->shared->lock);
}

static void free_some(cs_hnsw *hnsw, size_t rows)
{
    const size_t end = end_of(hnsw);
    for (size_t looked = 0, freed = 0; hnsw->swept < 2 * end && freed < rows * FREED && looked < rows * LOOKED_AT;
         looked++) {
        const uint32_t row = (uint32_t)(hnsw->swept++ - end);
        if (!is_going(hnsw, row))
            continue;
        pthread_rwlock_wrlock(&hnsw->shared->lock);
        cs_hnsw_free_row(hnsw, row);
        hnsw->dead--;
        pthread_rwlock_unlock(&hnsw->shared->lock);
        freed++;
    }
    if (hnsw->swept == 2 * end) {
        cs_free(hnsw->going.bits);
        hnsw->going = (cs_visited){0};
    }
}

clipsearch_status cs_hnsw_repair_step(cs_hnsw *hnsw, bool due, size_t rows, clipsearch_error *err)
{
    if (!hnsw->going.bits && !due)
        return CLIPSEARCH_OK;
    if (!hnsw->going.bits && !begin(hnsw))
        return cs_fail_memory(err, "mending the links of an index");
    const size_t end = end_of(hnsw);
    if (hnsw->swept >= end) {
        free_some(hnsw, rows);
        return CLIPSEARCH_OK;
    }
    cs_hnsw_scratch *scratch = cs_hnsw_borrow_scratch(hnsw, 1, cs_hnsw_repair_candidates(hnsw));
    uint32_t *links = cs_alloc_array(hnsw->m0, sizeof *links);
    if (scratch && links)
        for (size_t looked = 0, mended = 0; hnsw->swept < end && mended < rows && looked < rows * LOOKED_AT; looked++) {
            const uint32_t row = (uint32_t)hnsw->swept++;
            mended += row < hnsw->rows && mend_row(hnsw, row, links, scratch);
        }
    clipsearch_status status = scratch && links ? CLIPSEARCH_OK : cs_fail_memory(err, "mending the links of an index");
    cs_hnsw_return_scratch(hnsw, scratch);
    cs_free(links);
    if (hnsw->swept == end && hnsw->entry != CS_HNSW_NONE && is_going(hnsw, hnsw->entry))
        move_entry(hnsw);
    return status;
}
