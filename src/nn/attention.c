/* SPDX-License-Identifier: MIT
 * attention.c - attention as two matrix products per sequence and head, with the kernels that cs_gemm uses. */
#include "nn/attention.h"

#include "kernels/gemm.h"

#include <assert.h>
#include <math.h>

/* Queries handled together: the scores of a block stay in the second-level cache up to some 4,000 keys, and each packed
 * panel is read once for a block. */
enum { QUERIES = 64 };

/* One worker's buffers. T = longest sequence, H = head size, P = panel. */
typedef struct buffers {
    float *flat;   /* [T, H] scaled keys: contiguous, as packing expects its rows */
    float *keys;   /* the keys packed, a panel of P keys each ceil_panel(P, H) floats */
    float *values; /* the values packed, a panel of P outputs each */
    float *scores; /* [QUERIES, T] */
} buffers;

typedef struct job {
    const cs_sequences *sequences;
    size_t width, heads, head;
    bool all_rows;
    const float *q, *k, *v;
    float *out;
    const cs_attention_scratch *scratch;
    const cs_gemm_ops *gemm;
    const cs_act_ops *act;
} job;

/* Floats of one packed panel, rounded so that the next is aligned as well */
static size_t panel_floats(const cs_gemm_ops *gemm, size_t k)
{
    size_t floats = gemm->packed_size(gemm->panel, k), unit = CS_WORKSPACE_ALIGNMENT / sizeof(float);
    return (floats + unit - 1) / unit * unit;
}

static size_t panels(const cs_gemm_ops *gemm, size_t n)
{
    return (n + gemm->panel - 1) / gemm->panel;
}

static buffers carve_worker(const cs_gemm_ops *gemm, size_t head, size_t longest, cs_workspace *workspace)
{
    buffers b;
    b.flat = cs_workspace_floats(workspace, longest, head);
    b.keys = cs_workspace_floats(workspace, panels(gemm, longest), panel_floats(gemm, head));
    b.values = cs_workspace_floats(workspace, panels(gemm, head), panel_floats(gemm, longest));
    b.scores = cs_workspace_floats(workspace, QUERIES, longest);
    return b;
}

void cs_attention_carve(cs_attention_scratch *scratch, size_t head, size_t longest, unsigned threads,
                        cs_workspace *workspace)
{
    cs_workspace worker = {0};
    carve_worker(cs_gemm_ops_best(), head, longest, &worker);
    workspace->overflow |= worker.overflow;
    scratch->bytes = worker.used;
    scratch->block = cs_workspace_alloc(workspace, threads, scratch->bytes);
}

/* The rows of `flat` [n, k] into panels. */
static void pack(const cs_gemm_ops *gemm, const float *flat, size_t n, size_t k, float *packed)
{
    cs_gemm_weights w = {.n = n, .k = k, .dtype = CS_F32, .rows = flat};
    for (size_t panel = 0; panel < panels(gemm, n); panel++)
        gemm->pack(&w, panel, 1, packed + panel * panel_floats(gemm, k));
}

/* y [m, n] = x [m, k] times the packed matrix [n, k] transposed. */
static void multiply(const cs_gemm_ops *gemm, const float *x, size_t ldx, size_t m, size_t k, const float *packed,
                     size_t n, float *y, size_t ldy)
{
    for (size_t panel = 0; panel < panels(gemm, n); panel++) {
        size_t first = panel * gemm->panel, outputs = n - first < gemm->panel ? n - first : gemm->panel;
        gemm->multiply(x, ldx, m, k, packed + panel * panel_floats(gemm, k), outputs, (cs_gemm_ahead){0}, y + first,
                       ldy);
    }
}

/* The softmax of each row over the keys that it attends to; the others get weight 0. Row i of the block is query
 * `first` + i. */
static void weigh(const job *j, float *scores, size_t rows, size_t first, size_t length)
{
    bool causal = j->sequences->causal && j->all_rows;
    for (size_t i = 0; i < rows; i++) {
        float *row = scores + i * length;
        size_t seen = causal ? first + i + 1 : length;
        j->act->softmax(row, seen);
        for (size_t t = seen; t < length; t++)
            row[t] = 0;
    }
}

/* One head of one sequence. */
static void attend(void *context, size_t piece, unsigned worker)
{
    const job *j = context;
    size_t item = piece / j->heads, column = piece % j->heads * j->head;
    size_t first_row = j->sequences->offsets[item], length = j->sequences->offsets[item + 1] - first_row;
    const float *k = j->k + first_row * j->width + column, *v = j->v + first_row * j->width + column;
    assert(length >= 1 && length <= j->sequences->longest);
    size_t first_query = j->all_rows ? first_row : item, queries = j->all_rows ? length : 1;
    const float *q = j->q + first_query * j->width + column;
    float *out = j->out + first_query * j->width + column;

    cs_workspace workspace = {.base = (char *)j->scratch->block + worker * j->scratch->bytes};
    buffers b = carve_worker(j->gemm, j->head, j->sequences->longest, &workspace);

    /* scaling a key scales its scores; for a head of 64 the scale is a power of two and rounds nothing */
    float scale = 1.0f / sqrtf((float)j->head);
    for (size_t t = 0; t < length; t++)
        for (size_t c = 0; c < j->head; c++)
            b.flat[t * j->head + c] = k[t * j->width + c] * scale;
    pack(j->gemm, b.flat, length, j->head, b.keys);
    for (size_t panel = 0; panel < panels(j->gemm, j->head); panel++)
        j->gemm->pack_columns(v, j->width, j->head, length, panel, b.values + panel * panel_floats(j->gemm, length));

    for (size_t first = 0; first < queries; first += QUERIES) {
        size_t rows = queries - first < QUERIES ? queries - first : QUERIES;
        /* no query of a causal sequence attends to keys after the block's last query */
        size_t keys = j->sequences->causal && j->all_rows ? first + rows : length;
        multiply(j->gemm, q + first * j->width, j->width, rows, j->head, b.keys, keys, b.scores, length);
        weigh(j, b.scores, rows, first, length);
        multiply(j->gemm, b.scores, length, rows, length, b.values, j->head, out + first * j->width, j->width);
    }
}

void cs_attention_forward(const cs_sequences *sequences, size_t width, size_t heads, bool all_rows, const float *q,
                          const float *k, const float *v, float *out, const cs_attention_scratch *scratch,
                          cs_pool *pool)
{
    assert(heads && width % heads == 0 && scratch->block);
    job j = {.sequences = sequences,
             .width = width,
             .heads = heads,
             .head = width / heads,
             .all_rows = all_rows,
             .q = q,
             .k = k,
             .v = v,
             .out = out,
             .scratch = scratch,
             .gemm = cs_gemm_ops_best(),
             .act = cs_act()};
    cs_pool_run(pool, sequences->count * heads, attend, &j);
}
