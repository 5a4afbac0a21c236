/* SPDX-License-Identifier: MIT
 * winograd_conv.c - transforms weights, cuts maps into tiles, and splits their products among threads. */
#include "nn/winograd_conv.h"

#include "base/mem.h"

#include <assert.h>

enum {
    TILE = CS_WINOGRAD_TILE,
    SIDE = CS_WINOGRAD_SIDE,
    POINTS = CS_WINOGRAD_POINTS,
    BLOCK = 54, /* tiles that meet the weights together */
    LEAST = 24, /* tiles of a block, where it is made smaller so that every thread has some */
    UNIT = 6,   /* rows of the products' highest tile */
    APART = 16, /* floats between one point's numbers and the next's, so that they are not all in the same cache set */
    EACH_THREAD = 4 /* the least pieces for each thread, so that none waits long for the last */
};

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static size_t tiles_along(size_t size)
{
    return size / TILE + (size % TILE != 0);
}

/* Measured on a Sapphire Rapids Xeon, processor time of one layer beside the direct one, AVX-512 / AVX2: maps of 112 x
 * 112 and 16 channels 0.49 / 0.52, 14 x 14 and 128 to 512 channels 0.54 to 0.78 / 0.39 to 0.55. Smaller maps have few
 * tiles for the weights, four times as many bytes, that are read for them, and half of a last tile is not needed: 12 x
 * 12 and 256 channels 0.79 / 0.34, 9 x 9 and 512 channels 1.29 / 0.90, 7 x 7 and 256 or 512 channels 1.03, 1.73 / 0.68,
 * 1.12. */
bool cs_winograd_conv_pays(const cs_conv_spec *spec)
{
    enum { LEAST_CHANNELS = 16, MOST_CHANNELS = 4096, LEAST_TILES = 16 };
    if (spec->groups != 1 || spec->kernel_h != 3 || spec->kernel_w != 3 || spec->stride != 1 || spec->planar)
        return false;
    if (spec->in < LEAST_CHANNELS || spec->out < LEAST_CHANNELS || spec->in > MOST_CHANNELS ||
        spec->out > MOST_CHANNELS)
        return false;
    return tiles_along(spec->height) * tiles_along(spec->width) >= LEAST_TILES;
}

/* ---------------------------------------------------------------- weights */

typedef struct pack_job {
    const cs_winograd_conv *conv;
    const cs_conv_spec *spec;
    const float *weight;
} pack_job;

/* The weights of a few outputs, to their places among those of a strip. */
static void pack_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const pack_job *job = context;
    const cs_conv_ops *products = job->conv->products;
    const size_t lanes = job->conv->ops->lanes, in = job->spec->in, out = job->spec->out, first = piece * lanes;
    const size_t strip = first / products->strip * products->strip, left = round_up(out - strip, products->lanes);
    job->conv->ops->weights(job->weight + first * in * 9, out - first < lanes ? out - first : lanes, in,
                            job->conv->packed + strip * in + first - strip,
                            left < products->strip ? left : products->strip, job->conv->apart);
}

clipsearch_status cs_winograd_conv_open(cs_winograd_conv *conv, const cs_conv_spec *spec, const float *weight,
                                        cs_pool *pool, clipsearch_error *err)
{
    *conv = (cs_winograd_conv){.ops = cs_winograd_ops_best(), .products = cs_conv_ops_best()};
    assert(conv->ops->lanes == conv->products->lanes);
    conv->apart = cs_conv_packed_size(conv->products, spec->out, spec->in) + APART;
    conv->packed = cs_alloc_large(POINTS, conv->apart * sizeof *conv->packed);
    if (!conv->packed)
        return cs_fail_memory(err, "a convolution's weights");
    pack_job job = {conv, spec, weight};
    cs_pool_run(pool, (spec->out + conv->ops->lanes - 1) / conv->ops->lanes, pack_piece, &job);
    return CLIPSEARCH_OK;
}

void cs_winograd_conv_close(cs_winograd_conv *conv)
{
    cs_free(conv->packed);
    *conv = (cs_winograd_conv){0};
}

size_t cs_winograd_conv_bytes(const cs_winograd_conv *conv)
{
    return POINTS * conv->apart * sizeof *conv->packed;
}

/* ---------------------------------------------------------------- tiles */

/* The arguments of cs_winograd_conv_forward, and how the work is split. */
typedef struct winograd_job {
    const cs_winograd_conv *conv;
    const cs_conv_spec *spec;
    const cs_conv_images *images;
    const float *bias, *residual;
    float *y;
    const cs_winograd_scratch *s;
    size_t rows, columns; /* tiles of an image */
    size_t tiles;         /* of all images */
    size_t block;         /* tiles of a block */
    size_t first, count;  /* the block at hand, where threads share one */
    size_t panels;
} winograd_job;

static void find_tiles(winograd_job *job)
{
    job->rows = tiles_along(job->images->out_height);
    job->columns = tiles_along(job->images->out_width);
    job->tiles = job->images->count * job->rows * job->columns;
    job->panels = (job->spec->out + CS_CONV_PANEL - 1) / CS_CONV_PANEL;
}

void cs_winograd_conv_carve(const cs_conv_spec *spec, const cs_conv_images *images, unsigned threads,
                            cs_workspace *workspace, cs_winograd_scratch *s)
{
    const size_t rows = tiles_along(images->out_height), columns = tiles_along(images->out_width);
    size_t tiles;
    if (__builtin_mul_overflow(rows, columns, &tiles) || __builtin_mul_overflow(tiles, images->count, &tiles)) {
        workspace->overflow = true;
        return;
    }
    const size_t block = tiles < BLOCK ? tiles : BLOCK;
    s->inputs_apart = block * spec->in + APART; /* channels are limited */
    s->sums_apart = block * spec->out + APART;
    s->inputs = cs_workspace_floats(workspace, (size_t)threads * POINTS, s->inputs_apart);
    s->sums = cs_workspace_floats(workspace, (size_t)threads * POINTS, s->sums_apart);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The transform of a tile's inputs, to place `slot` of the block at `inputs`. */
static void transform_inputs(const winograd_job *job, size_t tile, size_t slot, float *inputs)
{
    const cs_conv_images *images = job->images;
    const size_t pad = job->spec->pad, in = job->spec->in, image = tile / (job->rows * job->columns);
    const size_t top = tile / job->columns % job->rows * TILE, left = tile % job->columns * TILE;
    cs_winograd_input call = {
        .first = pad > left ? pad - left : 0, .channels = in, .to = inputs + slot * in, .apart = job->s->inputs_apart};
    const size_t x = left + call.first - pad;
    call.count = x < images->width ? least(images->width - x, SIDE - call.first) : 0;
    for (size_t i = 0; i < SIDE && call.count; i++) {
        const size_t y = top + i - pad; /* below 0 wraps around to more than any size */
        if (y < images->height)
            call.rows[i] = images->x + ((image * images->height + y) * images->width + x) * in;
    }
    job->conv->ops->input(&call);
}

/* The sums of `tiles` tiles at one point, for a panel of outputs. */
static void multiply(const winograd_job *job, size_t point, size_t panel, size_t tiles, const float *inputs,
                     float *sums)
{
    static const float no_bias[CS_CONV_PANEL];
    const cs_winograd_conv *conv = job->conv;
    const size_t in = job->spec->in, out = job->spec->out, first = panel * CS_CONV_PANEL;
    const float *starts[BLOCK], *packed = conv->packed + point * conv->apart + first * in;
    const bool row_ends = panel + 1 == job->panels;
    const float *next = row_ends ? conv->packed + (point + 1) * conv->apart : packed + in * CS_CONV_PANEL;
    const size_t next_panels = row_ends ? point + 1 < POINTS : 1;
    for (size_t i = 0; i < tiles; i++)
        starts[i] = inputs + point * job->s->inputs_apart + i * in;
    const cs_conv_call call = {.starts = starts,
                               .runs = 1,
                               .run = in,
                               .rows = tiles,
                               .outputs = least(out - first, CS_CONV_PANEL),
                               .packed = packed,
                               .bias = no_bias,
                               .y = sums + point * job->s->sums_apart + first,
                               .ldy = out,
                               .low = -INFINITY,
                               .high = INFINITY,
                               .next = next,
                               .next_floats = next_panels * in * CS_CONV_PANEL};
    conv->products->multiply(&call);
}

/* A tile's outputs of the sums at place `slot` of the block at `sums`. */
static void transform_outputs(const winograd_job *job, size_t tile, size_t slot, const float *sums)
{
    const cs_conv_images *images = job->images;
    const size_t out = job->spec->out, image = tile / (job->rows * job->columns);
    const size_t top = tile / job->columns % job->rows * TILE, left = tile % job->columns * TILE;
    const size_t at = ((image * images->out_height + top) * images->out_width + left) * out;
    const cs_winograd_output call = {.sums = sums + slot * out,
                                     .apart = job->s->sums_apart,
                                     .outputs = out,
                                     .height = least(images->out_height - top, TILE),
                                     .width = least(images->out_width - left, TILE),
                                     .bias = job->bias,
                                     .residual = job->residual ? job->residual + at : NULL,
                                     .y = job->y + at,
                                     .row = images->out_width * out,
                                     .low = cs_conv_low(job->spec),
                                     .high = cs_conv_high(job->spec)};
    job->conv->ops->output(&call);
}

/* ---------------------------------------------------------------- threads */

/* A block, in the thread's own buffers. */
static void block_piece(void *context, size_t block, unsigned worker)
{
    const winograd_job *job = context;
    const size_t first = block * job->block, tiles = least(job->block, job->tiles - first);
    float *inputs = job->s->inputs + worker * POINTS * job->s->inputs_apart;
    float *sums = job->s->sums + worker * POINTS * job->s->sums_apart;
    for (size_t i = 0; i < tiles; i++)
        transform_inputs(job, first + i, i, inputs);
    for (size_t point = 0; point < POINTS; point++)
        for (size_t panel = 0; panel < job->panels; panel++)
            multiply(job, point, panel, tiles, inputs, sums);
    for (size_t i = 0; i < tiles; i++)
        transform_outputs(job, first + i, i, sums);
}

static void input_piece(void *context, size_t tile, unsigned worker)
{
    (void)worker;
    const winograd_job *job = context;
    transform_inputs(job, job->first + tile, tile, job->s->inputs);
}

static void product_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const winograd_job *job = context;
    multiply(job, piece / job->panels, piece % job->panels, job->count, job->s->inputs, job->s->sums);
}

static void output_piece(void *context, size_t tile, unsigned worker)
{
    (void)worker;
    const winograd_job *job = context;
    transform_outputs(job, job->first + tile, tile, job->s->sums);
}

/* Blocks of nearly equal size, enough for every thread to have several; false where there are not. */
static bool split_work(winograd_job *job, unsigned threads)
{
    size_t blocks = (job->tiles + BLOCK - 1) / BLOCK;
    if (threads > 1)
        while (blocks < EACH_THREAD * threads && job->tiles > blocks * LEAST)
            blocks++;
    job->block = least(round_up((job->tiles + blocks - 1) / blocks, UNIT), BLOCK);
    return threads == 1 || blocks >= EACH_THREAD * threads;
}

void cs_winograd_conv_forward(const cs_winograd_conv *conv, const cs_conv_spec *spec, const float *bias,
                              const cs_conv_images *images, const float *residual, float *y,
                              const cs_winograd_scratch *scratch, cs_pool *pool)
{
    winograd_job job = {
        .conv = conv, .spec = spec, .images = images, .bias = bias, .residual = residual, .y = y, .s = scratch};
    find_tiles(&job);
    if (split_work(&job, cs_pool_threads(pool))) {
        cs_pool_run(pool, (job.tiles + job.block - 1) / job.block, block_piece, &job);
        return;
    }
    /* few tiles: threads share a block */
    for (; job.first < job.tiles; job.first += BLOCK) {
        job.count = least(BLOCK, job.tiles - job.first);
        cs_pool_run(pool, job.count, input_piece, &job);
        cs_pool_run(pool, POINTS * job.panels, product_piece, &job);
        cs_pool_run(pool, job.count, output_piece, &job);
    }
}
