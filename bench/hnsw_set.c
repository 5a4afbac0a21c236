/* SPDX-License-Identifier: MIT
 * hnsw_set.c - vectors in files, clocks, and passes over queries on request. */
#include "hnsw_set.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double hnsw_clock(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double hnsw_processor(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

size_t hnsw_anonymous_kilobytes(void)
{
    char line[256];
    size_t kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "RssAnon: %zu", &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    return kilobytes;
}

const void *hnsw_map(const char *folder, const char *name, size_t *bytes)
{
    char path[4096];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_RDONLY);
    const void *data = MAP_FAILED;
    if (file >= 0 && fstat(file, &info) == 0 && info.st_size > 0) {
        *bytes = (size_t)info.st_size;
        data = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, file, 0);
    }
    if (file >= 0)
        close(file);
    if (data == MAP_FAILED)
        fprintf(stderr, "%s cannot be mapped\n", path);
    return data == MAP_FAILED ? NULL : data;
}

static bool map_set(const char *folder, hnsw_set *set)
{
    char name[64];
    size_t bytes;
    if (!(set->base = hnsw_map(folder, "base.f32", &bytes)))
        return false;
    const size_t have = bytes / (set->dim * sizeof *set->base);
    set->count = set->count ? set->count : have;
    snprintf(name, sizeof name, "%struth-%zu.i32", set->kind, set->count);
    if (set->count > have || !(set->truth = hnsw_map(folder, name, &bytes)))
        return false;
    set->query_count = bytes / (HNSW_K * sizeof *set->truth);
    snprintf(name, sizeof name, "%squeries.f32", set->kind);
    return (set->queries = hnsw_map(folder, name, &bytes)) &&
           bytes == set->query_count * set->dim * sizeof *set->queries;
}

bool hnsw_set_open(int argc, char **argv, hnsw_set *set)
{
    static const struct option options[] = {
        {"codes", 1, NULL, 'c'}, {"threads", 1, NULL, 't'}, {"count", 1, NULL, 'n'},
        {"dim", 1, NULL, 'd'},   {"m", 1, NULL, 'm'},       {"ef-construction", 1, NULL, 'e'},
        {"name", 1, NULL, 'a'},  {"kind", 1, NULL, 'k'},    {NULL, 0, NULL, 0},
    };
    *set = (hnsw_set){
        .dim = 512, .m = 16, .ef_construction = 200, .threads = 2, .codes = "i8", .name = argv[0], .kind = ""};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        const size_t number = optarg ? strtoul(optarg, NULL, 10) : 0;
        switch (option) {
        case 'c':
            set->codes = optarg;
            break;
        case 't':
            set->threads = (unsigned)number;
            break;
        case 'n':
            set->count = number;
            break;
        case 'd':
            set->dim = number;
            break;
        case 'm':
            set->m = number;
            break;
        case 'e':
            set->ef_construction = number;
            break;
        case 'a':
            set->name = optarg;
            break;
        case 'k':
            set->kind = optarg;
            break;
        default:
            return false;
        }
    }
    if (optind >= argc || !set->dim) {
        fprintf(stderr,
                "usage: %s [--codes f32|f16|bf16|i8] [--threads N] [--count N] [--dim N] [--m N]\n"
                "       [--ef-construction N] [--name TEXT] [--kind image-] FOLDER [MODE]\n",
                argv[0]);
        return false;
    }
    set->folder = argv[optind];
    set->mode = optind + 1 < argc ? argv[optind + 1] : "";
    return map_set(set->folder, set);
}

double hnsw_recall(const hnsw_set *set, const int64_t *found)
{
    size_t hits = 0;
    for (size_t q = 0; q < set->query_count; q++)
        for (size_t i = 0; i < HNSW_K; i++)
            for (size_t j = 0; j < HNSW_K; j++)
                hits += found[q * HNSW_K + i] == set->truth[q * HNSW_K + j];
    return (double)hits / (double)(set->query_count * HNSW_K);
}

int hnsw_serve(const hnsw_engine *engine, const hnsw_set *set)
{
    int64_t *found = malloc(set->query_count * HNSW_K * sizeof *found);
    const size_t before = hnsw_anonymous_kilobytes();
    const double clock = hnsw_clock(), processor = hnsw_processor();
    size_t ef;
    if (!found || !engine->build(engine->context, set)) {
        free(found);
        return 1;
    }
    printf("{\"clock\": %.3f, \"processor\": %.3f, \"kilobytes\": %zu}\n", hnsw_clock() - clock,
           hnsw_processor() - processor, hnsw_anonymous_kilobytes() - before);
    fflush(stdout);
    while (scanf("%zu", &ef) == 1) {
        const double start = hnsw_processor();
        if (!engine->search(engine->context, set, ef, found))
            break;
        const double took = hnsw_processor() - start;
        printf("{\"processor\": %.6f, \"recall\": %.5f}\n", took, hnsw_recall(set, found));
        fflush(stdout);
    }
    free(found);
    return 0;
}
