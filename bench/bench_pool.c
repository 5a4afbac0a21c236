/* SPDX-License-Identifier: MIT
 * bench_pool.c - what a pool of threads is worth beside other programs: bench_pool [ROUNDS]. A network is 75 runs of 12
 * pieces, some 30 ms in all on one processor. Its time with one and with two threads is measured in turn, with none,
 * one and two processes beside it that never wait. Prints medians and the worst tenth, in milliseconds. */
#include "base/pool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 75, PIECES = 12, SPIN = 17000, MOST = 1000 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void work(void *context, size_t piece, unsigned worker)
{
    (void)context;
    (void)piece;
    (void)worker;
    for (volatile int i = 0; i < SPIN; i++)
        ;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static pid_t start_busy(void)
{
    pid_t child = fork();
    if (child == 0)
        for (volatile unsigned long i = 0;; i++)
            ;
    return child;
}

int main(int argc, char **argv)
{
    static double times[2][MOST];
    const int asked = argc > 1 ? atoi(argv[1]) : 60, rounds = asked < 1 ? 1 : asked > MOST ? MOST : asked;
    cs_pool *pools[2] = {NULL};
    clipsearch_error err;
    for (unsigned i = 0; i < 2; i++)
        if (cs_pool_open(i + 1, &pools[i], &err) != CLIPSEARCH_OK) {
            fprintf(stderr, "bench_pool: %s\n", err.message);
            return 1;
        }
    for (int busy = 0; busy <= 2; busy++) {
        pid_t children[2] = {0};
        for (int i = 0; i < busy; i++)
            children[i] = start_busy();
        for (int round = 0; round < rounds; round++)
            for (unsigned i = 0; i < 2; i++) {
                const double start = now_ms();
                for (int run = 0; run < RUNS; run++)
                    cs_pool_run(pools[i], PIECES, work, NULL);
                times[i][round] = now_ms() - start;
            }
        for (unsigned i = 0; i < 2; i++) {
            qsort(times[i], (size_t)rounds, sizeof *times[i], ascending);
            printf("%d busy, %u thread%s: median %6.1f ms, best %6.1f, of ten the worst %6.1f\n", busy, i + 1,
                   i ? "s" : " ", times[i][rounds / 2], times[i][0], times[i][rounds - 1 - rounds / 10]);
        }
        for (int i = 0; i < busy; i++) {
            kill(children[i], SIGKILL);
            waitpid(children[i], NULL, 0);
        }
    }
    for (unsigned i = 0; i < 2; i++)
        cs_pool_close(&pools[i]);
    return 0;
}
