/* SPDX-License-Identifier: MIT
 * linear.c - binds a matrix for cs_gemm, cs_qgemm or cs_bgemm. */
#include "nn/linear.h"

#include "base/mem.h"
#include "nn/floats.h"

#include <math.h>
#include <string.h>

/* The floats of a matrix that the file has in pairs. */
static clipsearch_status expand(cs_linear *linear, const cs_matrix *weight, clipsearch_error *err)
{
    const cs_bgemm_weights paired = {.n = weight->rows, .k = weight->columns, .pairs = weight->data};
    linear->owned = cs_alloc_array(weight->rows * weight->columns, sizeof *linear->owned);
    if (!linear->owned)
        return cs_fail_memory(err, "a matrix in bf16");
    cs_bgemm_unpack(&paired, linear->owned);
    return CLIPSEARCH_OK;
}

static cs_linear sized(const cs_matrix *weight)
{
    return (cs_linear){
        .weights = {.n = weight->rows, .k = weight->columns}, .ldx = weight->columns, .ldy = weight->rows};
}

clipsearch_status cs_linear_open(cs_linear *linear, const cs_matrix *weight, const cs_matrix *bias, bool pack,
                                 cs_pool *pool, clipsearch_error *err)
{
    *linear = sized(weight);
    linear->weights.dtype = weight->dtype;
    linear->weights.rows = weight->data;
    clipsearch_status status = CLIPSEARCH_OK;
    if (weight->transposed || weight->bytes || weight->paired) {
        status = weight->paired ? expand(linear, weight, err) : cs_floats_copy(weight, &linear->owned, err);
        linear->weights.dtype = CS_F32;
        linear->weights.rows = linear->owned;
    }
    if (status == CLIPSEARCH_OK && bias)
        status = cs_floats_copy(bias, &linear->bias, err);
    if (status == CLIPSEARCH_OK && (pack || weight->paired))
        status = cs_gemm_pack(&linear->weights, pool, err);
    if (status == CLIPSEARCH_OK && weight->paired) { /* only the packed form is read from here on */
        cs_free(linear->owned);
        linear->owned = NULL;
        linear->weights.rows = NULL;
    }
    if (status != CLIPSEARCH_OK)
        cs_linear_close(linear);
    return status;
}

void cs_linear_close(cs_linear *linear)
{
    cs_gemm_unpack(&linear->weights);
    cs_free(linear->owned);
    cs_free(linear->bias);
    cs_free(linear->owned_codes);
    cs_free(linear->scales);
    cs_free(linear->sums);
    cs_free(linear->owned_pairs);
    *linear = (cs_linear){0};
}

/* What the file says of its codes. The codes themselves may be any: the sums are then wrong but in range (qgemm.h). */
static clipsearch_status copy_file_scales(cs_linear *linear, const cs_matrix *weight, clipsearch_error *err)
{
    const int32_t most = 128 * (int32_t)weight->columns;
    memcpy(linear->scales, weight->scales, weight->rows * sizeof *linear->scales);
    memcpy(linear->sums, weight->sums, weight->rows * sizeof *linear->sums);
    for (size_t i = 0; i < weight->rows; i++)
        if (!isfinite(linear->scales[i]) || linear->sums[i] > most || linear->sums[i] < -most)
            return cs_fail(err, CLIPSEARCH_E_MODEL,
                           "the 8-bit weights of output %zu of a matrix have a scale or a sum that cannot be right; "
                           "convert the model again",
                           i);
    linear->coded.codes = weight->data;
    return CLIPSEARCH_OK;
}

/* Weights that are packed in 8 bits or as pairs of bf16, a strip of outputs a piece. */
typedef struct pack_job {
    const cs_gemm_weights *from;
    cs_qgemm_inputs inputs; /* of 8 bits */
    cs_linear *to;
    bool *good; /* [pieces] */
} pack_job;

/* Pack all strips, each with `pack`. A weight that cannot be packed is CLIPSEARCH_E_MODEL with the message `bad`. */
static clipsearch_status pack_strips(pack_job job, size_t strip, void (*pack)(void *context, size_t piece, unsigned),
                                     const char *bad, cs_pool *pool, clipsearch_error *err)
{
    const size_t pieces = (job.from->n + strip - 1) / strip;
    bool all = true;
    job.good = cs_zalloc_array(pieces, sizeof *job.good);
    if (!job.good)
        return cs_fail_memory(err, "packed weights");
    cs_pool_run(pool, pieces, pack, &job);
    for (size_t i = 0; i < pieces; i++)
        all &= job.good[i];
    cs_free(job.good);
    return all ? CLIPSEARCH_OK : cs_fail(err, CLIPSEARCH_E_MODEL, "%s", bad);
}

static void quantize_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const pack_job *job = context;
    const cs_gemm_weights *from = job->from;
    const size_t strip = cs_qgemm_stride(from->k) * CS_QGEMM_STRIP, output = piece * CS_QGEMM_STRIP;
    job->good[piece] =
        cs_qgemm_pack(from->dtype, from->rows, from->n, from->k, job->inputs, piece, 1,
                      job->to->owned_codes + piece * strip, job->to->scales + output, job->to->sums + output);
}

static clipsearch_status quantize(cs_linear *linear, cs_qgemm_inputs inputs, cs_pool *pool, clipsearch_error *err)
{
    const size_t bytes = cs_qgemm_codes_size(linear->weights.n, linear->weights.k);
    const pack_job job = {.from = &linear->weights, .inputs = inputs, .to = linear};
    linear->owned_codes = bytes ? cs_alloc_large(bytes, 1) : NULL;
    if (!linear->owned_codes)
        return cs_fail_memory(err, "weights of 8 bits");
    linear->coded.codes = linear->owned_codes;
    return pack_strips(job, CS_QGEMM_STRIP, quantize_piece,
                       "a matrix has a weight that is not a number; the model is damaged", pool, err);
}

clipsearch_status cs_linear_open_coded(cs_linear *linear, const cs_matrix *weight, const cs_matrix *bias, cs_pool *pool,
                                       clipsearch_error *err)
{
    *linear = sized(weight);
    if (weight->columns > CS_QGEMM_MAX_K)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "a matrix with %zu inputs cannot be computed in 8 bits; the limit is %d", weight->columns,
                       (int)CS_QGEMM_MAX_K);
    clipsearch_status status = CLIPSEARCH_OK;
    if (weight->coded) {
        if (bias)
            status = cs_floats_copy(bias, &linear->bias, err);
    } else {
        status = cs_linear_open(linear, weight, bias, false, NULL, err);
    }
    if (status != CLIPSEARCH_OK)
        return status;
    const cs_qgemm_inputs inputs = {.side = weight->side, .most = cs_qgemm_most(weight->two_steps)};
    linear->scales = cs_alloc_array(weight->rows, sizeof *linear->scales);
    linear->sums = cs_alloc_array(weight->rows, sizeof *linear->sums);
    if (!linear->scales || !linear->sums)
        status = cs_fail_memory(err, "weights of 8 bits");
    else
        status = weight->coded ? copy_file_scales(linear, weight, err) : quantize(linear, inputs, pool, err);
    linear->coded.n = weight->rows;
    linear->coded.k = weight->columns;
    linear->coded.scales = linear->scales;
    linear->coded.sums = linear->sums;
    if (status != CLIPSEARCH_OK) {
        cs_linear_close(linear);
        return status;
    }
    cs_free(linear->owned); /* floats, of which the codes were made */
    linear->owned = NULL;
    return CLIPSEARCH_OK;
}

static void pair_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const pack_job *job = context;
    const cs_gemm_weights *from = job->from;
    job->good[piece] = cs_bgemm_pack(from->dtype, from->rows, from->n, from->k, piece, 1,
                                     job->to->owned_pairs + piece * cs_bgemm_stride(from->k) * CS_PANEL_STRIP);
}

static clipsearch_status make_pairs(cs_linear *linear, cs_pool *pool, clipsearch_error *err)
{
    const size_t bytes = cs_bgemm_pairs_size(linear->weights.n, linear->weights.k);
    const pack_job job = {.from = &linear->weights, .to = linear};
    linear->owned_pairs = bytes ? cs_alloc_large(bytes, 1) : NULL;
    if (!linear->owned_pairs)
        return cs_fail_memory(err, "weights in bf16");
    linear->paired.pairs = linear->owned_pairs;
    return pack_strips(job, CS_PANEL_STRIP, pair_piece,
                       "a matrix has a weight that is not a number, or that bf16 cannot hold; compute it in f32", pool,
                       err);
}

clipsearch_status cs_linear_open_paired(cs_linear *linear, const cs_matrix *weight, const cs_matrix *bias,
                                        cs_pool *pool, clipsearch_error *err)
{
    *linear = sized(weight);
    clipsearch_status status = CLIPSEARCH_OK;
    if (weight->paired) {
        linear->paired.pairs = weight->data;
        if (bias)
            status = cs_floats_copy(bias, &linear->bias, err);
    } else {
        status = cs_linear_open(linear, weight, bias, false, NULL, err);
        if (status == CLIPSEARCH_OK)
            status = make_pairs(linear, pool, err);
    }
    linear->paired.n = weight->rows;
    linear->paired.k = weight->columns;
    if (status != CLIPSEARCH_OK) {
        cs_linear_close(linear);
        return status;
    }
    cs_free(linear->owned); /* floats, of which the pairs were made */
    linear->owned = NULL;
    return CLIPSEARCH_OK;
}

size_t cs_linear_packed_bytes(const cs_linear *linear)
{
    if (linear->paired.pairs)
        return linear->owned_pairs ? cs_bgemm_pairs_size(linear->paired.n, linear->paired.k) : 0;
    if (linear->coded.codes)
        return linear->owned_codes ? cs_qgemm_codes_size(linear->coded.n, linear->coded.k) : 0;
    return cs_gemm_ops_best()->packed_size(linear->weights.n, linear->weights.k) * sizeof(float);
}

void cs_linear_forward(const cs_linear *linear, const float *x, size_t rows, cs_activation act, const float *residual,
                       float *y, float *scratch, cs_pool *pool)
{
    cs_gemm(&linear->weights, x, linear->ldx, rows, linear->bias, act, residual, y, linear->ldy, scratch, pool);
}

bool cs_linear_is_coded(const cs_linear *linear)
{
    return linear->coded.codes || linear->paired.pairs;
}

void cs_linear_forward_coded(const cs_linear *linear, const cs_coded_rows *x, size_t rows, cs_activation act,
                             const float *residual, float *y, cs_pool *pool)
{
    if (linear->paired.pairs)
        cs_bgemm(&linear->paired, x->halves, rows, linear->bias, act, residual, y, linear->ldy, pool);
    else
        cs_qgemm(&linear->coded, &x->codes, rows, linear->bias, act, residual, y, linear->ldy, pool);
}
