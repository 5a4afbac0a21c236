/* SPDX-License-Identifier: MIT
 * turned.c - neighbours by a signature that no orientation changes.
 *
 * The eight orientations carry a cell of the 8 x 8 grid to up to seven others: its orbit. The values of each orbit,
 * sorted, are the same in every orientation; and sorting brings two grids as near to each other as any order can, so
 * images that are near in some orientation have near signatures. Images are sorted by one number, and each is compared
 * with those that follow it closely: first by the means of the orbits, then by everything. */
#include "duplicates/turned.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE = CS_COARSE_SIDE,
    CELLS = CS_COARSE_CELLS,
    HALF = SIDE / 2,
    ORBITS = HALF * (HALF + 1) / 2,
    MEANS = 12, /* ORBITS and zeros: whole vectors of the processor */
    MOST = CS_TURNED_MOST,
    PIECE = 256
};

static const float most_distance = 0.15F; /* of two signatures, whose lengths are 1 */
static const float no_distance = 1e-7F;   /* squared; roundings */

typedef struct row {
    float key;
    uint32_t image;
} row;

typedef struct neighbours {
    float squared[MOST]; /* ascending */
    uint32_t images[MOST];
    uint32_t count;
} neighbours;

struct cs_turned_search {
    size_t count;
    row *rows;             /* [count] by key */
    float (*means)[MEANS]; /* [count] means of orbits, each times the root of the orbit's size */
    float (*cells)[CELLS]; /* [count] */
    neighbours *found;     /* [count] */
};

/* Which orbit a cell belongs to, and how large that is. */
typedef struct orbits {
    uint8_t orbit[CELLS], size[ORBITS];
    float weight[ORBITS]; /* of the key: high at the border, low in the middle; of length 1 over all cells */
} orbits;

static void find_orbits(orbits *o)
{
    uint8_t numbers[HALF][HALF];
    uint8_t next = 0;
    float mean = 0, squares = 0;
    memset(o, 0, sizeof *o);
    for (size_t y = 0; y < HALF; y++)
        for (size_t x = y; x < HALF; x++)
            numbers[y][x] = numbers[x][y] = next++;
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++) {
            const size_t j = y < HALF ? y : SIDE - 1 - y, i = x < HALF ? x : SIDE - 1 - x;
            const uint8_t orbit = numbers[j][i];
            const float dx = (float)x - (SIDE - 1) / 2.0F, dy = (float)y - (SIDE - 1) / 2.0F;
            o->orbit[y * SIDE + x] = orbit;
            o->size[orbit]++;
            o->weight[orbit] = dx * dx + dy * dy;
        }
    for (size_t i = 0; i < CELLS; i++)
        mean += o->weight[o->orbit[i]] / CELLS;
    for (size_t i = 0; i < CELLS; i++)
        squares += (o->weight[o->orbit[i]] - mean) * (o->weight[o->orbit[i]] - mean);
    for (size_t i = 0; i < ORBITS; i++)
        o->weight[i] = (o->weight[i] - mean) / sqrtf(squares);
}

static int compare_floats(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The cells of `coarse`, orbit by orbit, each sorted. */
static void make_signature(const orbits *o, const cs_coarse *coarse, float cells[CELLS], float means[MEANS])
{
    size_t at = 0;
    memset(means, 0, MEANS * sizeof *means);
    for (size_t orbit = 0; orbit < ORBITS; orbit++) {
        const size_t begin = at;
        float sum = 0;
        for (size_t i = 0; i < CELLS; i++)
            if (o->orbit[i] == orbit)
                sum += cells[at++] = coarse->cells[i];
        qsort(cells + begin, at - begin, sizeof *cells, compare_floats);
        means[orbit] = sum / sqrtf((float)(at - begin));
    }
}

static float key_of(const orbits *o, const cs_coarse *coarse)
{
    float key = 0;
    for (size_t i = 0; i < CELLS; i++)
        key += o->weight[o->orbit[i]] * coarse->cells[i];
    return key;
}

static int compare_rows(const void *a, const void *b)
{
    const row *x = a, *y = b;
    const int order = (x->key > y->key) - (x->key < y->key);
    return order ? order : (x->image > y->image) - (x->image < y->image);
}

clipsearch_status cs_turned_begin(const cs_coarse *coarse, size_t count, cs_turned_search **search,
                                  clipsearch_error *err)
{
    orbits o;
    find_orbits(&o);
    cs_turned_search *s = cs_zalloc_array(1, sizeof *s);
    *search = s;
    if (s) {
        s->rows = cs_alloc_array(count, sizeof *s->rows);
        s->means = cs_alloc_array(count, sizeof *s->means);
        s->cells = cs_alloc_array(count, sizeof *s->cells);
        s->found = cs_zalloc_array(count, sizeof *s->found);
    }
    if (!s || !s->rows || !s->means || !s->cells || !s->found) {
        cs_turned_end(search);
        return cs_fail_memory(err, "signatures of images");
    }
    for (size_t i = 0; i < count; i++)
        if (!coarse[i].flat)
            s->rows[s->count++] = (row){.key = key_of(&o, &coarse[i]), .image = (uint32_t)i};
    qsort(s->rows, s->count, sizeof *s->rows, compare_rows);
    for (size_t i = 0; i < s->count; i++)
        make_signature(&o, &coarse[s->rows[i].image], s->cells[i], s->means[i]);
    return CLIPSEARCH_OK;
}

void cs_turned_end(cs_turned_search **search)
{
    cs_turned_search *s = *search;
    if (!s)
        return;
    cs_free(s->rows);
    cs_free(s->means);
    cs_free(s->cells);
    cs_free(s->found);
    cs_free(s);
    *search = NULL;
}

static inline float squared_distance(const float *a, const float *b, size_t count)
{
    float lanes[4] = {0};
    for (size_t i = 0; i < count; i += 4)
        for (size_t l = 0; l < 4; l++)
            lanes[l] += (a[i + l] - b[i + l]) * (a[i + l] - b[i + l]);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

static void add_neighbour(neighbours *n, uint32_t image, float squared)
{
    size_t at = n->count < MOST ? n->count++ : MOST - 1;
    for (; at > 0 && n->squared[at - 1] > squared; at--) {
        n->squared[at] = n->squared[at - 1];
        n->images[at] = n->images[at - 1];
    }
    n->squared[at] = squared;
    n->images[at] = image;
}

/* Compare row `at` with those behind it. */
static void search_row(cs_turned_search *s, size_t at)
{
    neighbours *n = &s->found[at];
    float limit = most_distance * most_distance;
    for (size_t i = at + 1; i < s->count && s->rows[i].key - s->rows[at].key <= most_distance; i++) {
        if (squared_distance(s->means[at], s->means[i], MEANS) > limit)
            continue;
        const float squared = squared_distance(s->cells[at], s->cells[i], CELLS);
        if (squared > limit)
            continue;
        add_neighbour(n, s->rows[i].image, squared);
        if (n->count < MOST)
            continue;
        limit = n->squared[MOST - 1];
        if (limit <= no_distance) /* equal images follow, each of which finds others: they form one chain */
            break;
    }
}

size_t cs_turned_pieces(const cs_turned_search *search)
{
    return (search->count + PIECE - 1) / PIECE;
}

void cs_turned_run(cs_turned_search *search, size_t piece)
{
    const size_t first = piece * PIECE, end = search->count - first < PIECE ? search->count : first + PIECE;
    for (size_t i = first; i < end; i++)
        search_row(search, i);
}

clipsearch_status cs_turned_each(const cs_turned_search *search,
                                 clipsearch_status (*each)(void *context, uint32_t a, uint32_t b,
                                                           clipsearch_error *err),
                                 void *context, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < search->count; i++)
        for (size_t n = 0; n < search->found[i].count && status == CLIPSEARCH_OK; n++)
            status = each(context, search->rows[i].image, search->found[i].images[n], err);
    return status;
}
