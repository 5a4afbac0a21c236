/* SPDX-License-Identifier: MIT
 * pool.h - a fixed set of worker threads for loops over independent pieces. */
#ifndef CS_BASE_POOL_H
#define CS_BASE_POOL_H

#include "base/error.h"

typedef struct cs_pool cs_pool;

/* `threads` in all, including the caller's own (so 1 starts none); 0: one for each processor that this process may
 * use. */
clipsearch_status cs_pool_open(unsigned threads, cs_pool **pool, clipsearch_error *err);
void cs_pool_close(cs_pool **pool);

/* Threads in all, including the caller's; 1 for NULL. */
unsigned cs_pool_threads(const cs_pool *pool);

/* Call work(context, piece, worker) once for every piece in [0, pieces), spread over the threads, and return when all
 * are done. `worker` in [0, threads) names the scratch a call may use. A thread begins with a range of its own, in
 * ascending order: what belongs together should be neighbours, and runs over the same things as many pieces. pool NULL:
 * all on this thread. Not re-entrant; one caller at a time. Allocates nothing. */
void cs_pool_run(cs_pool *pool, size_t pieces, void (*work)(void *context, size_t piece, unsigned worker),
                 void *context);

/* Processors this process may use (its affinity mask), at least 1. */
unsigned cs_processors(void);

#endif
