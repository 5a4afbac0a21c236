/* SPDX-License-Identifier: MIT
 * test_hnsw_changes.c - changes in any order, the same graph each time, threads, no memory, and what is refused. */
#include "base/mem.h"
#include "hnsw_fixture.h"
#include "index/hnsw_graph.h"
#include "tap.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static const char *const kind_names[] = {"f32", "f16", "i8", "bf16"};
enum { KINDS = sizeof kind_names / sizeof *kind_names };

static bool is_whole(const cs_index *index)
{
    cs_hnsw_report report;
    return cs_index_hnsw_check(index, &report, NULL) == CLIPSEARCH_OK && report.broken == 0;
}

/* ---- any order */

/* Few vectors for many ids, so that ids often have equal ones. */
static void test_changes(cs_quant_kind kind)
{
    enum { IDS = 400, DIM = 5, VECTORS = 150, STEPS = TAP_SLOW ? 6000 : 12000 };
    float *vectors = fixture_vectors(VECTORS, DIM, CLIPSEARCH_L2);
    static int64_t batch[40];
    static float many[40 * DIM];
    cs_index *index = NULL, *flat = NULL;
    cs_index_hnsw_open(DIM, CLIPSEARCH_L2, &(cs_hnsw_options){.codes = kind, .m = 4, .ef_construction = 20}, &index,
                       NULL);
    cs_index_flat_open(DIM, CLIPSEARCH_L2, &flat, NULL);
    bool good = true;
    for (int step = 0; step < STEPS && good; step++) {
        const int64_t id = (int64_t)(fixture_random() % IDS) * 1000003 - 77;
        const bool growing = step / 2000 % 2 == 0;
        const uint32_t chance = fixture_random() % 100;
        if (chance == 0) {
            good = cs_index_vacuum(index, NULL, NULL) == CLIPSEARCH_OK;
        } else if (chance < 3 && growing) {
            for (size_t i = 0; i < 40; i++) {
                batch[i] = (int64_t)(fixture_random() % IDS) * 1000003 - 77;
                memcpy(many + i * DIM, vectors + fixture_random() % VECTORS * DIM, DIM * sizeof *many);
            }
            good = cs_index_put_many(index, batch, many, 40, NULL, NULL) == CLIPSEARCH_OK &&
                   cs_index_put_many(flat, batch, many, 40, NULL, NULL) == CLIPSEARCH_OK;
        } else if ((chance % 4 != 0) == growing) {
            const float *vector = vectors + fixture_random() % VECTORS * DIM;
            good = cs_index_put(index, id, vector, NULL) == CLIPSEARCH_OK &&
                   cs_index_put(flat, id, vector, NULL) == CLIPSEARCH_OK;
        } else {
            good = cs_index_remove(index, id) == cs_index_remove(flat, id);
        }
        good = good && cs_index_count(index) == cs_index_count(flat);
        if (step % 50 == 0) {
            cs_neighbour a[IDS], b[IDS];
            size_t in_a = 0, in_b = 0;
            cs_index_search_params all = {.k = IDS};
            cs_index_search(index, vectors, &all, NULL, a, &in_a, NULL);
            cs_index_search(flat, vectors, &all, NULL, b, &in_b, NULL);
            good = good && is_whole(index) && in_a == in_b;
            for (size_t i = 0; i < in_a && good; i++)
                good = a[i].id == b[i].id && a[i].score == b[i].score;
        }
    }
    TAP_OK(good, "%s: %d random changes keep what they should", kind_names[kind], STEPS);
    for (int64_t i = 0; i < IDS; i++)
        cs_index_remove(index, i * 1000003 - 77);
    good = good && cs_index_vacuum(index, NULL, NULL) == CLIPSEARCH_OK && cs_index_count(index) == 0 && is_whole(index);
    size_t found = 9;
    cs_neighbour out;
    cs_index_search(index, vectors, &(cs_index_search_params){.k = 1}, NULL, &out, &found, NULL);
    good = good && found == 0 && cs_index_put(index, 5, vectors, NULL) == CLIPSEARCH_OK;
    cs_index_search(index, vectors, &(cs_index_search_params){.k = 1}, NULL, &out, &found, NULL);
    TAP_OK(good && found == 1 && out.id == 5 && out.score == 0, "%s: emptied, and begun again", kind_names[kind]);
    cs_index_close(&index);
    cs_index_close(&index);
    cs_index_close(&flat);
    cs_free(vectors);
}

/* ---- the same each time */

static bool same_graph(const cs_index *a, const cs_index *b)
{
    const cs_hnsw *x = (const cs_hnsw *)a, *y = (const cs_hnsw *)b;
    if (x->rows != y->rows || x->upper_count != y->upper_count || x->entry != y->entry)
        return false;
    for (uint32_t row = 0; row < x->rows; row++)
        for (int level = 0; level <= x->levels[row]; level++) {
            const size_t cap = cs_hnsw_cap(x, level);
            const uint32_t *p = cs_hnsw_links(x, row, level), *q = cs_hnsw_links(y, row, level);
            const size_t count = cs_hnsw_link_count(p, cap);
            if (count != cs_hnsw_link_count(q, cap) || memcmp(p, q, count * sizeof *p) != 0)
                return false;
        }
    return true;
}

static void test_same(void)
{
    enum { COUNT = 3000, DIM = 32 };
    static int64_t ids[COUNT];
    float *vectors = fixture_vectors(COUNT, DIM, CLIPSEARCH_COSINE);
    cs_index *made[4] = {0};
    for (int i = 0; i < COUNT; i++)
        ids[i] = i;
    for (unsigned i = 0; i < 4; i++) {
        static const unsigned threads[] = {1, 1, 3, 1};
        cs_pool *pool = NULL;
        cs_pool_open(threads[i], &pool, NULL);
        cs_index_hnsw_open(DIM, CLIPSEARCH_COSINE, &(cs_hnsw_options){.codes = CS_QUANT_I8, .seed = i == 3}, &made[i],
                           NULL);
        cs_index_put_many(made[i], ids, vectors, COUNT, pool, NULL);
        for (int64_t id = 0; id < COUNT; id += 3)
            cs_index_remove(made[i], id);
        cs_index_vacuum(made[i], pool, NULL);
        cs_pool_close(&pool);
    }
    TAP_OK(same_graph(made[0], made[1]), "the same seed gives the same graph");
    TAP_OK(same_graph(made[0], made[2]), "on any number of threads");
    TAP_OK(!same_graph(made[0], made[3]), "another seed another one");
    for (int i = 0; i < 4; i++)
        cs_index_close(&made[i]);
    cs_free(vectors);
}

/* ---- threads */

enum { T_STAYING = 600, T_ALL = 1500, T_DIM = 24, T_READERS = 3 };

typedef struct reading {
    const cs_index *index;
    const float *vectors;
    atomic_bool stop, wrong;
    atomic_size_t searches;
    atomic_bool weak[T_STAYING], lost[T_STAYING]; /* was once not found with ef 20, with 48 */
} reading;

static size_t count_of(atomic_bool *flags)
{
    size_t count = 0;
    for (size_t i = 0; i < T_STAYING; i++)
        count += atomic_load(&flags[i]);
    return count;
}

static bool finds_itself(const reading *r, size_t q, size_t ef)
{
    cs_neighbour out[FIXTURE_K];
    size_t found = 0;
    cs_index_search(r->index, r->vectors + q * T_DIM, &(cs_index_search_params){.k = FIXTURE_K, .ef = ef}, NULL, out,
                    &found, NULL);
    return found && out[0].score > 0.9999f;
}

/* Ids below T_STAYING are never removed; each id always has the same vector. So a search finds K, each with the score
 * it has in the exact scan, and no absent id. */
static void *read_all_the_time(void *context)
{
    reading *r = context;
    for (size_t q = 0; !atomic_load(&r->stop); q = (q + 17) % T_ALL) {
        cs_neighbour out[FIXTURE_K];
        size_t found = 0;
        const float *query = r->vectors + q * T_DIM;
        clipsearch_status status = cs_index_search(r->index, query, &(cs_index_search_params){.k = FIXTURE_K, .ef = 20},
                                                   NULL, out, &found, NULL);
        bool good = status == CLIPSEARCH_OK && found == FIXTURE_K && cs_index_count(r->index) >= T_STAYING;
        for (size_t i = 0; i < found && good; i++) {
            float score = 0;
            for (size_t j = 0; j < T_DIM; j++)
                score += query[j] * r->vectors[(size_t)out[i].id * T_DIM + j];
            good = fabsf(score - out[i].score) < 1e-4f && (i == 0 || out[i - 1].score >= out[i].score);
        }
        if (q < T_STAYING && !(found && out[0].score > 0.9999f)) {
            atomic_store(&r->weak[q], true);
            if (!finds_itself(r, q, 48))
                atomic_store(&r->lost[q], true);
        }
        if (!good)
            atomic_store(&r->wrong, true);
        atomic_fetch_add(&r->searches, 1);
    }
    return NULL;
}

static void test_threads(cs_quant_kind kind)
{
    float *vectors = fixture_vectors(T_ALL, T_DIM, CLIPSEARCH_COSINE);
    static int64_t ids[T_ALL];
    pthread_t threads[T_READERS];
    cs_index *index = NULL;
    cs_pool *pool = NULL;
    for (int i = 0; i < T_ALL; i++)
        ids[i] = i;
    cs_pool_open(2, &pool, NULL);
    cs_index_hnsw_open(T_DIM, CLIPSEARCH_COSINE, &(cs_hnsw_options){.codes = kind, .m = 8, .ef_construction = 40},
                       &index, NULL);
    bool good = cs_index_put_many(index, ids, vectors, T_STAYING, pool, NULL) == CLIPSEARCH_OK;
    reading r = {.index = index, .vectors = vectors};
    for (int t = 0; t < T_READERS; t++)
        good = pthread_create(&threads[t], NULL, read_all_the_time, &r) == 0 && good;
    for (int round = 0; round < 3; round++) {
        for (int64_t id = T_STAYING; id < T_STAYING + 300; id++)
            good = cs_index_put(index, id, vectors + id * T_DIM, NULL) == CLIPSEARCH_OK && good;
        good = cs_index_put_many(index, ids + T_STAYING, vectors + (size_t)T_STAYING * T_DIM, T_ALL - T_STAYING, pool,
                                 NULL) == CLIPSEARCH_OK &&
               good;
        for (int64_t id = T_STAYING; id < T_ALL; id++)
            good = (id % 5 == 0 || cs_index_remove(index, id)) && good;
        good = cs_index_vacuum(index, pool, NULL) == CLIPSEARCH_OK && good;
        for (int64_t id = T_STAYING; id < T_ALL; id += 5)
            good = cs_index_remove(index, id) && good;
    }
    atomic_store(&r.stop, true);
    for (int t = 0; t < T_READERS; t++)
        pthread_join(threads[t], NULL);
    TAP_OK(good && !atomic_load(&r.wrong) && is_whole(index), "%s: %zu searches beside a writer saw nothing half done",
           kind_names[kind], atomic_load(&r.searches));
    /* One that stays is its own nearest neighbour, whatever is being written. A walk may miss it while what led to it
     * is removed and not yet repaired: how often depends on which thread runs when, but it is few of them. */
    const size_t weak = count_of(r.weak), lost = count_of(r.lost);
    TAP_OK(weak * 50 <= T_STAYING && lost * 150 <= T_STAYING,
           "%s: %zu of %d that stay were once not found with ef 20, %zu not with 48 either", kind_names[kind], weak,
           T_STAYING, lost);
    size_t missed = 0;
    for (size_t q = 0; q < T_STAYING; q++)
        missed += !finds_itself(&r, q, 48);
    TAP_OK(missed == 0, "%s: once all is written each is found with ef 48", kind_names[kind]);
    cs_index_close(&index);
    cs_pool_close(&pool);
    cs_free(vectors);
}

/* ---- repairing beside inserts */

static bool is_zero(const void *bytes, size_t size)
{
    const char *p = bytes;
    for (size_t i = 0; i < size; i++)
        if (p[i])
            return false;
    return true;
}

/* After a third was removed, inserts repair the graph and reuse the rows of removed nodes, a few at a time: every
 * change looks at a bounded number of rows. */
static void test_gradual_repair(clipsearch_metric metric, cs_quant_kind kind)
{
    enum { COUNT = 3000, DIM = 32, QUERIES = 50 };
    static int64_t ids[COUNT];
    float *vectors = fixture_vectors(COUNT, DIM, metric), *queries = fixture_vectors(QUERIES, DIM, metric);
    cs_index *index = NULL, *flat = NULL;
    for (int i = 0; i < COUNT; i++)
        ids[i] = i;
    cs_index_hnsw_open(DIM, metric, &(cs_hnsw_options){.codes = kind}, &index, NULL);
    cs_index_flat_open(DIM, metric, &flat, NULL);
    const cs_hnsw *hnsw = (const cs_hnsw *)index;
    bool good = cs_index_put_many(index, ids, vectors, COUNT, NULL, NULL) == CLIPSEARCH_OK &&
                cs_index_put_many(flat, ids, vectors, COUNT, NULL, NULL) == CLIPSEARCH_OK;
    for (int64_t id = 0; id < COUNT; id += 3)
        good = cs_index_remove(index, id) && cs_index_remove(flat, id) && good;
    size_t puts = 0, most = 0, before = 0, broken = 0;
    for (int64_t id = 0; id < COUNT; id += 3, puts++) {
        before = hnsw->retiring.words ? hnsw->repaired : 0;
        good = good && cs_index_put(index, id, vectors + id * DIM, NULL) == CLIPSEARCH_OK &&
               cs_index_put(flat, id, vectors + id * DIM, NULL) == CLIPSEARCH_OK;
        const size_t step = hnsw->retiring.words && hnsw->repaired > before ? hnsw->repaired - before : 0;
        most = step > most ? step : most;
        broken += puts % 5 == 0 && !is_whole(index);
    }
    TAP_OK(broken == 0, "%s, metric %d: the graph is whole after every step, as a file may be written then",
           kind_names[kind], (int)metric);
    size_t free_rows = 0;
    for (size_t row = 0; row < hnsw->rows && good; row++)
        if (hnsw->state[row] == CS_HNSW_FREE) {
            free_rows++;
            good = is_zero(hnsw->exact + row * hnsw->exact_stride, hnsw->exact_stride * sizeof *hnsw->exact) &&
                   is_zero(cs_quant_row(&hnsw->quant, (uint32_t)row), hnsw->quant.row_bytes);
        }
    TAP_OK(good && is_whole(index) && hnsw->dead == 0 && !hnsw->retiring.bits && free_rows > 0 &&
               hnsw->rows < COUNT + COUNT / 3,
           "%s, metric %d: %zu inserts repaired the graph: %zu rows for %d ids, %zu of them free", kind_names[kind],
           (int)metric, puts, hnsw->rows, COUNT, free_rows);
    TAP_OK(most > 0 && most <= 8 * 64, "%s, metric %d: none looked at more than %zu rows", kind_names[kind],
           (int)metric, most);
    fixture_result r = fixture_compare(index, flat, queries, QUERIES, 40, NULL);
    TAP_OK(r.sound && r.graph && r.recall >= 0.99, "%s, metric %d: recall %.4f by the graph", kind_names[kind],
           (int)metric, r.recall);
    cs_index_close(&index);
    cs_index_close(&flat);
    cs_free(vectors);
    cs_free(queries);
}

/* ---- out of memory */

static clipsearch_status live(cs_index **index, const float *vectors, const int64_t *ids, cs_quant_kind kind,
                              cs_pool *pool)
{
    enum { DIM = 6 };
    cs_hnsw_options options = {.codes = kind, .m = 4, .ef_construction = 16};
    clipsearch_error err;
    clipsearch_status status = cs_index_hnsw_open(DIM, CLIPSEARCH_IP, &options, index, &err);
    for (int64_t id = 0; id < 70 && !status; id++)
        status = cs_index_put(*index, id, vectors + id * DIM, &err);
    if (!status)
        status = cs_index_put_many(*index, ids, vectors, 500, pool, &err);
    for (int64_t id = 0; id < 200 && !status; id++)
        cs_index_remove(*index, id);
    for (int64_t id = 600; id < 620 && !status; id++) /* so many are removed that each insert repairs some rows */
        status = cs_index_put(*index, id, vectors + (id - 500) * DIM, &err);
    if (!status)
        status = cs_index_vacuum(*index, pool, &err);
    if (!status)
        status = cs_index_reserve(*index, 1000, &err);
    cs_neighbour out[40];
    size_t found;
    cs_hnsw_report report;
    if (!status)
        status = cs_index_search(*index, vectors, &(cs_index_search_params){.k = 2, .ef = 8}, NULL, out, &found, &err);
    if (!status)
        status = cs_index_search(*index, vectors, &(cs_index_search_params){.k = 40}, NULL, out, &found, &err);
    return status ? status : cs_index_hnsw_check(*index, &report, &err);
}

static void test_out_of_memory(cs_quant_kind kind)
{
    enum { DIM = 6, COUNT = 500 };
    float *vectors = fixture_vectors(COUNT, DIM, CLIPSEARCH_IP);
    static int64_t ids[COUNT];
    cs_pool *pool = NULL;
    size_t failures = 0;
    bool done = false, good = true;
    for (int i = 0; i < COUNT; i++)
        ids[i] = i;
    cs_pool_open(2, &pool, NULL);
    /* the first ones all, then ever fewer: a put fails alike whichever it is */
    for (uint64_t n = 1; !done && good && n < 100000; n += 1 + n / 60) {
        cs_index *index = NULL;
        cs_mem_fail_at(n);
        clipsearch_status status = live(&index, vectors, ids, kind, pool);
        cs_mem_fail_at(0);
        done = status == CLIPSEARCH_OK;
        failures += !done;
        good = done || status == CLIPSEARCH_E_MEMORY;
        if (index && !done) { /* whole, and what failed can be done now */
            const size_t before = cs_index_count(index);
            good = good && is_whole(index) && cs_index_put(index, 999, vectors + 13 * DIM, NULL) == CLIPSEARCH_OK &&
                   cs_index_count(index) == before + 1 && cs_index_vacuum(index, NULL, NULL) == CLIPSEARCH_OK &&
                   is_whole(index);
        }
        cs_index_close(&index);
    }
    TAP_OK(good && done && failures > 80, "%s: each of %zu allocations may fail", kind_names[kind], failures);

    cs_index *index = NULL;
    good = live(&index, vectors, ids, kind, pool) == CLIPSEARCH_OK;
    const uint64_t before = cs_mem_count();
    cs_neighbour out[10];
    size_t found;
    for (int i = 0; i < 100; i++)
        cs_index_search(index, vectors + i * DIM, &(cs_index_search_params){.k = 10}, NULL, out, &found, NULL);
    TAP_OK(good && cs_mem_count() == before, "%s: searching allocates nothing once warm", kind_names[kind]);
    cs_index_close(&index);
    cs_pool_close(&pool);
    cs_free(vectors);
}

/* ---- refusals */

static void refuse(size_t dim, clipsearch_metric metric, cs_hnsw_options options, const char *what)
{
    clipsearch_error err = {0};
    cs_index *index = (cs_index *)&err;
    TAP_OK(cs_index_hnsw_open(dim, metric, &options, &index, &err) == CLIPSEARCH_E_ARGUMENT && !index, "%s: %s", what,
           err.message);
}

static void test_refusals(void)
{
    refuse(0, CLIPSEARCH_IP, (cs_hnsw_options){0}, "dim 0");
    refuse(4097, CLIPSEARCH_IP, (cs_hnsw_options){0}, "dim 4097");
    refuse(4, (clipsearch_metric)3, (cs_hnsw_options){0}, "metric 3");
    refuse(4, CLIPSEARCH_IP, (cs_hnsw_options){.m = 3}, "m 3");
    refuse(4, CLIPSEARCH_IP, (cs_hnsw_options){.m = 65}, "m 65");
    refuse(4, CLIPSEARCH_IP, (cs_hnsw_options){.m = 32, .ef_construction = 31}, "ef_construction below m");
    refuse(4, CLIPSEARCH_IP, (cs_hnsw_options){.ef_construction = 4097}, "ef_construction 4097");
    refuse(4, CLIPSEARCH_IP, (cs_hnsw_options){.ef = 65537}, "ef 65537");
    refuse(4, CLIPSEARCH_IP, (cs_hnsw_options){.codes = (cs_quant_kind)4}, "codes 4");
    cs_index *index = NULL;
    clipsearch_error err;
    const float bad[3] = {0, NAN, 0}, good[3] = {1, 2, 3};
    const int64_t ids[2] = {1, 2};
    float two[6] = {1, 2, 3, 0, INFINITY, 0};
    cs_index_hnsw_open(3, CLIPSEARCH_IP, &(cs_hnsw_options){0}, &index, &err);
    TAP_OK(cs_index_put(index, 7, bad, &err) == CLIPSEARCH_E_ARGUMENT, "a vector: %s", err.message);
    TAP_OK(cs_index_put_many(index, ids, two, 2, NULL, &err) == CLIPSEARCH_E_ARGUMENT && cs_index_count(index) == 0,
           "one of many: %s", err.message);
    TAP_OK(cs_index_reserve(index, (size_t)1 << 31, &err) == CLIPSEARCH_E_LIMIT, "room: %s", err.message);
    TAP_OK(cs_index_put(index, 7, good, &err) == CLIPSEARCH_OK && cs_index_count(index) == 1, "then it goes on");
    cs_index_close(&index);
}

int main(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        /* Under ThreadSanitizer threads are all that is tested. Under another codes of 16 bits are not: they are stored
         * as those of 32 bits are, and test_hnsw.c has them. */
        const bool all = !TAP_THREADS && (!TAP_SLOW || kind == CS_QUANT_F32 || kind == CS_QUANT_I8);
        if (all)
            test_changes((cs_quant_kind)kind);
        if (all || TAP_THREADS)
            test_threads((cs_quant_kind)kind);
        for (int metric = 0; metric < (TAP_SLOW ? 1 : 3) && all; metric++)
            test_gradual_repair((clipsearch_metric)metric, (cs_quant_kind)kind);
        if (all)
            test_out_of_memory((cs_quant_kind)kind);
    }
    test_same();
    test_refusals();
    return tap_done();
}
