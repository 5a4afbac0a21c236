/* SPDX-License-Identifier: MIT
 * test_pool.c - every piece of every run is done once before the run returns, with more threads than processors, after
 * pauses in which the threads sleep, with pieces that take long, and with a thread that stands still. */
#include "base/pool.h"
#include "tap.h"

#include <stdatomic.h>
#include <time.h>

enum { MOST = 64, THREADS = 5 };

typedef struct run {
    unsigned
        done[MOST]; /* by piece; no atomics: two threads with one piece, or a late one, are a race that TSan sees */
    atomic_uint workers; /* bits of those that did a piece */
    long nap;            /* nanoseconds that an odd piece takes */
} run;

static void sleep_ns(long ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

static void work(void *context, size_t piece, unsigned worker)
{
    run *r = context;
    r->done[piece]++;
    atomic_fetch_or(&r->workers, 1u << worker);
    if (piece % 2 && r->nap)
        sleep_ns(r->nap);
}

/* Runs of 0 to MOST pieces, one after another; `pause`: nanoseconds before each. */
static bool all_are_done(cs_pool *pool, int runs, long pause, long nap, unsigned *workers)
{
    bool good = true;
    *workers = 0;
    for (int n = 0; n < runs; n++) {
        run r = {.nap = nap};
        const size_t pieces = (size_t)(n * 7 % (MOST + 1));
        if (pause)
            sleep_ns(pause);
        cs_pool_run(pool, pieces, work, &r);
        for (size_t i = 0; i < MOST; i++)
            good = good && r.done[i] == (i < pieces);
        *workers |= atomic_load(&r.workers);
    }
    return good;
}

typedef struct waiting {
    atomic_size_t done;
    bool in_time;
} waiting;

/* Piece 0 waits until all others are done. */
static void wait_for_others(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    waiting *w = context;
    for (int i = 0; piece == 0 && i < 20000 && atomic_load(&w->done) < MOST - 1; i++)
        sleep_ns(1000000);
    if (piece == 0)
        w->in_time = atomic_load(&w->done) == MOST - 1;
    else
        atomic_fetch_add(&w->done, 1);
}

int main(void)
{
    clipsearch_error err;
    unsigned workers;
    for (unsigned threads = 1; threads <= THREADS; threads += 2) {
        cs_pool *pool = NULL;
        TAP_OK(cs_pool_open(threads, &pool, &err) == CLIPSEARCH_OK && cs_pool_threads(pool) == threads, "%u threads",
               threads);
        TAP_OK(all_are_done(pool, 20000, 0, 0, &workers) && workers < 1u << threads, "20,000 runs without a pause");
        TAP_OK(all_are_done(pool, 200, 200000, 0, &workers), "200 runs, with pauses in which the threads sleep");
        TAP_OK(all_are_done(pool, 60, 0, 200000, &workers) && workers == (1u << threads) - 1,
               "long pieces: each of the threads does some");
        waiting w = {.in_time = true};
        if (threads > 1)
            cs_pool_run(pool, MOST, wait_for_others, &w);
        TAP_OK(w.in_time, "a thread that stands still keeps no piece from the others");
        cs_pool_close(&pool);
    }
    TAP_OK(all_are_done(NULL, 100, 0, 0, &workers) && workers <= 1, "no pool");
    for (int i = 0; i < 50; i++) {
        cs_pool *pool = NULL;
        if (cs_pool_open(THREADS, &pool, &err) == CLIPSEARCH_OK && i % 2)
            all_are_done(pool, 3, 0, 0, &workers);
        cs_pool_close(&pool);
    }
    TAP_OK(true, "pools are closed while their threads wait, or begin");
    return tap_done();
}
