/* SPDX-License-Identifier: MIT
 * hnsw_fixture.c - vectors in clusters, and the recall of an index against the exact scan. */
#include "hnsw_fixture.h"

#include "base/mem.h"
#include "kernels/vec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLUSTERS = 200, SUBSPACE = 16 };

uint32_t fixture_random(void)
{
    static uint64_t seed = 1;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

/* About normal, of variance 1: a sum of twelve. */
static float normal(void)
{
    float sum = -6;
    for (int i = 0; i < 12; i++)
        sum += (float)fixture_random() * 0x1p-31f;
    return sum;
}

static void *must(void *block)
{
    if (!block) {
        fputs("Bail out! no memory for the test\n", stdout);
        exit(1);
    }
    return block;
}

/* The same clusters and mean each time for one dimension: queries come from where the vectors come from. */
static float *basis, *mean, *centres;

static void make_clusters(size_t subspace, size_t dim)
{
    static size_t made;
    if (made == dim)
        return;
    cs_free(basis);
    cs_free(mean);
    cs_free(centres);
    basis = must(cs_alloc_array(subspace * dim, sizeof *basis));
    mean = must(cs_alloc_array(dim, sizeof *mean));
    centres = must(cs_alloc_array(CLUSTERS * subspace, sizeof *centres));
    for (size_t i = 0; i < subspace * dim; i++)
        basis[i] = normal() / sqrtf((float)(dim * subspace));
    for (size_t i = 0; i < dim; i++)
        mean[i] = normal() / sqrtf((float)dim);
    for (size_t i = 0; i < CLUSTERS * subspace; i++)
        centres[i] = normal();
    made = dim;
}

/* Add a random cluster's centre to x. */
static void add_centre(float *x, size_t subspace, size_t dim)
{
    const float *centre = centres + fixture_random() % CLUSTERS * subspace;
    for (size_t i = 0; i < dim; i++)
        for (size_t j = 0; j < subspace; j++)
            x[i] += centre[j] * basis[j * dim + i];
}

float *fixture_vectors(size_t count, size_t dim, clipsearch_metric metric)
{
    const size_t subspace = dim < SUBSPACE ? dim : SUBSPACE;
    make_clusters(subspace, dim);
    float *vectors = must(cs_alloc_array(count * dim, sizeof *vectors));
    for (size_t v = 0; v < count; v++) {
        float *x = vectors + v * dim;
        const float *centre = centres + fixture_random() % CLUSTERS * subspace;
        for (size_t i = 0; i < dim; i++) {
            x[i] = mean[i] + 0.5f * normal() / sqrtf((float)dim);
            for (size_t j = 0; j < subspace; j++)
                x[i] += centre[j] * basis[j * dim + i];
        }
        if (metric == CLIPSEARCH_COSINE)
            cs_vec_normalise(x, dim);
    }
    return vectors;
}

float *fixture_texts(size_t count, size_t dim)
{
    enum { TOGETHER = 4 };
    const size_t subspace = dim < SUBSPACE ? dim : SUBSPACE;
    make_clusters(subspace, dim);
    float *vectors = must(cs_alloc_array(count * dim, sizeof *vectors));
    for (size_t v = 0; v < count; v++) {
        float *x = vectors + v * dim;
        for (size_t i = 0; i < dim; i++) /* their own mean: the images', turned */
            x[i] = 0.3f * mean[i] + 1.5f * (i % 2 ? mean[i - 1] : -mean[(i + 1) % dim]) +
                   0.5f * normal() / sqrtf((float)dim);
        for (int t = 0; t < TOGETHER; t++)
            add_centre(x, subspace, dim);
        cs_vec_normalise(x, dim);
    }
    return vectors;
}

/* Whether the exact answers give this id this score; -1: it is not among them. */
static int is_among(const cs_neighbour *got, const cs_neighbour *exact, size_t have)
{
    for (size_t j = 0; j < have; j++)
        if (exact[j].id == got->id)
            return exact[j].score == got->score;
    return -1;
}

/* Whether the exact scan gives this id this score. Only what is not among its first few is looked for among all. */
static bool is_known(const cs_neighbour *got, const cs_neighbour *few, size_t have, const cs_index *flat,
                     const float *query, const cs_id_set *allowed)
{
    int known = is_among(got, few, have);
    if (known < 0) {
        const size_t all = cs_index_count(flat);
        const cs_index_search_params params = {.k = all + 1, .allowed = allowed};
        cs_neighbour *exact = must(cs_alloc_array(all + 1, sizeof *exact));
        if (cs_index_search(flat, query, &params, NULL, exact, &have, NULL) == CLIPSEARCH_OK)
            known = is_among(got, exact, have);
        cs_free(exact);
    }
    return known > 0;
}

static bool is_in_order(const cs_neighbour *got, size_t found, bool higher)
{
    for (size_t i = 1; i < found; i++)
        if (got[i - 1].score == got[i].score ? got[i - 1].id >= got[i].id : (got[i - 1].score > got[i].score) != higher)
            return false;
    return true;
}

fixture_result fixture_compare(const cs_index *index, const cs_index *flat, const float *queries, size_t count,
                               size_t ef, const cs_id_set *allowed)
{
    enum { FEW = 100 };
    fixture_result result = {.graph = true, .scan = true, .sound = true};
    const bool higher = index->metric != CLIPSEARCH_L2;
    size_t hits = 0, wanted = 0;
    for (size_t q = 0; q < count; q++) {
        cs_neighbour got[FIXTURE_K], exact[FEW];
        size_t found = 0, have = 0;
        const float *query = queries + q * index->dim;
        cs_index_stats stats;
        cs_index_search_params params = {.k = FEW, .allowed = allowed};
        if (cs_index_search(flat, query, &params, NULL, exact, &have, NULL))
            result.sound = false;
        params = (cs_index_search_params){.k = FIXTURE_K, .ef = ef, .allowed = allowed, .stats = &stats};
        if (cs_index_search(index, query, &params, NULL, got, &found, NULL))
            result.sound = false;
        const size_t k = have < FIXTURE_K ? have : FIXTURE_K;
        result.sound = result.sound && found == k && is_in_order(got, found, higher);
        for (size_t i = 0; i < found && result.sound; i++)
            result.sound = cs_id_set_has(allowed, got[i].id) && is_known(&got[i], exact, have, flat, query, allowed);
        result.graph = result.graph && stats.graph;
        result.scan = result.scan && !stats.graph;
        wanted += k;
        for (size_t i = 0; i < found && k; i++)
            hits += higher ? got[i].score >= exact[k - 1].score : got[i].score <= exact[k - 1].score;
    }
    result.recall = wanted ? (double)hits / (double)wanted : 1;
    return result;
}
