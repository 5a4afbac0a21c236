/* SPDX-License-Identifier: MIT
 * pool.c - worker threads. Each has a share of the pieces, neighbours, and the same in every run of as many: what it
 * wrote in one run is in its processor's cache in the next. Who is done with its own share takes from others, so a
 * slow worker never delays them. A run ends when its pieces are done: it does not wait for workers that the system has
 * given no processor to yet, so that with other programs on the machine two threads are not slower than one. Who waits
 * looks again for some microseconds, the time between two layers of a network, before it sleeps. */
#include "base/pool.h"

#include "base/mem.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

/* Looks at what is waited for, of some 50 cycles each on x86: about five microseconds, which is what passes between two
 * layers. 2,000 were measured too (bench/bench_pool.c): no better alone, and slower beside other programs. */
enum { SPINS = 300 };

enum { LINE = 64 };

typedef struct worker {
    cs_pool *pool;
    pthread_t thread;
    unsigned number;
} worker;

/* The pieces of one thread that nobody has taken yet. In a cache line of its own, because its thread counts in it. */
typedef struct share {
    _Alignas(LINE) atomic_size_t next;
    size_t end;
} share;

struct cs_pool {
    unsigned threads; /* caller included */
    unsigned started;
    worker *workers; /* [threads - 1] */
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    atomic_uint_fast64_t round; /* raised by each run; under the lock, but looked at without it */
    bool open;                  /* workers may join the round */
    atomic_uint busy;           /* workers that have joined it and not finished; as `round` */
    unsigned asleep;            /* workers that wait to be woken */
    atomic_bool stop;
    void (*work)(void *context, size_t piece, unsigned worker);
    void *context;
    share *shares; /* [threads] */
};

static void run_share(cs_pool *pool, share *from, unsigned number)
{
    for (;;) {
        size_t piece = atomic_fetch_add_explicit(&from->next, 1, memory_order_relaxed);
        if (piece >= from->end)
            return;
        pool->work(pool->context, piece, number);
    }
}

static void run_pieces(cs_pool *pool, unsigned number)
{
    for (unsigned i = 0; i < pool->threads; i++)
        run_share(pool, &pool->shares[(number + i) % pool->threads], number);
}

/* Before the round is open. */
static void share_out(cs_pool *pool, size_t pieces)
{
    size_t begin = 0;
    for (unsigned i = 0; i < pool->threads; i++) {
        const size_t left = pool->threads - i, end = begin + (pieces - begin + left - 1) / left;
        atomic_store_explicit(&pool->shares[i].next, begin, memory_order_relaxed);
        pool->shares[i].end = end;
        begin = end;
    }
}

static inline void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Without the lock: wait a little for a round behind `seen`. */
static void look_for_round(cs_pool *pool, uint64_t seen)
{
    for (int i = 0; i < SPINS && atomic_load_explicit(&pool->round, memory_order_relaxed) == seen &&
                    !atomic_load_explicit(&pool->stop, memory_order_relaxed);
         i++)
        pause_briefly();
}

/* With the lock: sleep until there is a round behind `seen` to join, or the pool is closed. */
static void wait_for_round(cs_pool *pool, uint64_t seen)
{
    while (!(pool->open && pool->round != seen) && !pool->stop) {
        pool->asleep++;
        pthread_cond_wait(&pool->wake, &pool->lock);
        pool->asleep--;
    }
}

static void *worker_main(void *argument)
{
    worker *self = argument;
    cs_pool *pool = self->pool;
    uint64_t seen = 0;
    for (;;) {
        look_for_round(pool, seen);
        pthread_mutex_lock(&pool->lock);
        wait_for_round(pool, seen);
        if (pool->stop)
            break;
        seen = pool->round;
        pool->busy++;
        pthread_mutex_unlock(&pool->lock);
        run_pieces(pool, self->number);
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0 && !pool->open)
            pthread_cond_signal(&pool->idle);
        pthread_mutex_unlock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

unsigned cs_processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (unsigned)n : 1;
}

clipsearch_status cs_pool_open(unsigned threads, cs_pool **out, clipsearch_error *err)
{
    *out = NULL;
    if (threads == 0)
        threads = cs_processors();
    cs_pool *pool = cs_zalloc_array(1, sizeof *pool);
    if (!pool)
        return cs_fail_memory(err, "a thread pool");
    pool->threads = threads;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->idle, NULL);
    pool->workers = cs_zalloc_array(threads - 1, sizeof *pool->workers);
    pool->shares = cs_alloc_aligned(threads, sizeof *pool->shares);
    if (!pool->workers || !pool->shares) {
        cs_pool_close(&pool);
        return cs_fail_memory(err, "a thread pool");
    }
    /* Signals belong to the program: workers block them all, so a handler runs on a thread of the program's own. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    for (unsigned i = 0; i + 1 < threads && !failed; i++) {
        pool->workers[i] = (worker){.pool = pool, .number = i + 1};
        failed = pthread_create(&pool->workers[i].thread, NULL, worker_main, &pool->workers[i]);
        if (!failed)
            pool->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        cs_pool_close(&pool);
        return cs_fail_errno(err, CLIPSEARCH_E_MEMORY, failed, "cannot start %u threads", threads);
    }
    *out = pool;
    return CLIPSEARCH_OK;
}

void cs_pool_close(cs_pool **handle)
{
    cs_pool *pool = *handle;
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->idle);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    cs_free(pool->workers);
    cs_free(pool->shares);
    cs_free(pool);
    *handle = NULL;
}

unsigned cs_pool_threads(const cs_pool *pool)
{
    return pool ? pool->threads : 1;
}

void cs_pool_run(cs_pool *pool, size_t pieces, void (*work)(void *context, size_t piece, unsigned worker),
                 void *context)
{
    if (!pool || pool->threads == 1 || pieces <= 1) {
        for (size_t piece = 0; piece < pieces; piece++)
            work(context, piece, 0);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->work = work;
    pool->context = context;
    share_out(pool, pieces);
    pool->open = true;
    pool->round++;
    if (pool->asleep)
        pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    run_pieces(pool, 0);
    pthread_mutex_lock(&pool->lock);
    pool->open = false;
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < SPINS && atomic_load_explicit(&pool->busy, memory_order_relaxed); i++)
        pause_briefly();
    pthread_mutex_lock(&pool->lock);
    while (pool->busy)
        pthread_cond_wait(&pool->idle, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}
