/* SPDX-License-Identifier: MIT
 * conv2d.c - finds each output pixel's inputs, and splits a convolution among threads. */
#include "nn/conv2d.h"

#include "base/mem.h"
#include "nn/workspace.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* The greatest height of a depthwise kernel; the least pieces for each thread, so that none waits long for the last. */
enum { MAX_DEPTHWISE = 16, EACH_THREAD = 4 };

/* The arguments of cs_conv_forward, and how the work is split. */
typedef struct conv_job {
    const cs_conv *conv;
    const float *x; /* [count, height, width, in], or planar */
    size_t count, height, width;
    size_t out_height, out_width;
    const float *residual;
    float *y;
    float low, high;
    size_t rows;          /* output pixels in all images; depthwise: rows of them */
    size_t block, blocks; /* rows of one piece; number of such blocks */
    size_t panels, each;  /* panels of outputs, in all and in one piece */
    bool blocks_outermost;
    bool ahead;           /* weights do not stay in the second-level cache: each panel's are prefetched */
    const float **starts; /* [threads, block, runs] */
    size_t runs, run;
    float *framed; /* [count, framed height, framed width, in]: x with its padding around it, when x is planar */
} conv_job;

static bool is_depthwise(const cs_conv_spec *spec)
{
    return spec->groups > 1;
}

static clipsearch_status check_spec(cs_conv_spec *spec, clipsearch_error *err)
{
    spec->stride += spec->stride == 0;
    spec->groups += spec->groups == 0;
    size_t k;
    bool good = spec->in && spec->out && spec->kernel_h && spec->kernel_w;
    good = good && spec->pad < spec->kernel_h && spec->pad < spec->kernel_w &&
           spec->pad_more < spec->kernel_h - spec->pad && spec->pad_more < spec->kernel_w - spec->pad;
    good = good && (spec->groups == 1 || (spec->groups == spec->in && spec->in == spec->out && !spec->planar &&
                                          spec->kernel_h <= MAX_DEPTHWISE));
    good = good && !__builtin_mul_overflow(spec->kernel_h, spec->kernel_w, &k) &&
           !__builtin_mul_overflow(k, spec->in, &k) && !__builtin_mul_overflow(k, spec->out + CS_CONV_PANEL, &k) &&
           spec->out <= SIZE_MAX - CS_CONV_PANEL;
    if (good)
        return CLIPSEARCH_OK;
    return cs_fail(
        err, CLIPSEARCH_E_UNSUPPORTED,
        "a convolution of %zu to %zu channels, kernel %zu x %zu, stride %zu, padding %zu, %zu groups: expected "
        "channels and kernel above 0, padding below the kernel, and 1 group or one for each channel (then with as many "
        "outputs, a kernel at most %d high, and no planar input)",
        spec->in, spec->out, spec->kernel_h, spec->kernel_w, spec->stride, spec->pad, spec->groups, (int)MAX_DEPTHWISE);
}

typedef struct pack_job {
    const cs_conv *conv;
    const float *weight;
} pack_job;

static void pack_piece(void *context, size_t piece, unsigned worker)
{
    const pack_job *job = context;
    const cs_conv_spec *spec = &job->conv->spec;
    const size_t first = piece * CS_CONV_PANEL, taps = spec->kernel_h * spec->kernel_w;
    const size_t outputs = spec->out - first < CS_CONV_PANEL ? spec->out - first : CS_CONV_PANEL;
    (void)worker;
    cs_conv_pack(job->conv->ops, job->weight, spec->in, taps, first, outputs,
                 job->conv->packed + first * spec->in * taps);
}

static clipsearch_status open_depthwise(cs_conv *conv, const float *weight, clipsearch_error *err)
{
    const size_t channels = conv->spec.out, taps = conv->spec.kernel_h * conv->spec.kernel_w;
    conv->depthwise = cs_depthwise_ops_best();
    conv->packed = cs_alloc_aligned(taps * channels, sizeof *conv->packed);
    if (!conv->packed)
        return cs_fail_memory(err, "a convolution's weights");
    for (size_t c = 0; c < channels; c++)
        for (size_t tap = 0; tap < taps; tap++)
            conv->packed[tap * channels + c] = weight[c * taps + tap];
    return CLIPSEARCH_OK;
}

static clipsearch_status open_dense(cs_conv *conv, const float *weight, cs_pool *pool, clipsearch_error *err)
{
    const cs_conv_spec *spec = &conv->spec;
    conv->ops = cs_conv_ops_best();
    conv->zeros = cs_zalloc_array(spec->in, sizeof *conv->zeros);
    const size_t size = cs_conv_packed_size(conv->ops, spec->out, spec->kernel_h * spec->kernel_w * spec->in);
    conv->packed = cs_alloc_large(size, sizeof *conv->packed);
    if (!conv->zeros || !conv->packed)
        return cs_fail_memory(err, "a convolution's weights");
    pack_job job = {conv, weight};
    cs_pool_run(pool, (spec->out + CS_CONV_PANEL - 1) / CS_CONV_PANEL, pack_piece, &job);
    return CLIPSEARCH_OK;
}

static clipsearch_status open_conv(cs_conv *conv, const cs_conv_spec *spec, const float *weight, const float *bias,
                                   bool coded, cs_pool *pool, clipsearch_error *err)
{
    *conv = (cs_conv){.spec = *spec};
    clipsearch_status status = check_spec(&conv->spec, err);
    if (status == CLIPSEARCH_OK && coded && cs_coded_conv_can(&conv->spec))
        status = cs_coded_conv_open(&conv->coded, &conv->spec, weight, pool, err);
    else if (status == CLIPSEARCH_OK && cs_winograd_conv_pays(&conv->spec))
        status = cs_winograd_conv_open(&conv->winograd, &conv->spec, weight, pool, err);
    else if (status == CLIPSEARCH_OK)
        status = is_depthwise(&conv->spec) ? open_depthwise(conv, weight, err) : open_dense(conv, weight, pool, err);
    if (status == CLIPSEARCH_OK) {
        const size_t rounded = (spec->out + CS_CONV_PANEL - 1) / CS_CONV_PANEL * CS_CONV_PANEL;
        conv->bias = cs_alloc_aligned(rounded, sizeof *conv->bias);
        if (!conv->bias) {
            status = cs_fail_memory(err, "a convolution's bias");
        } else {
            memset(conv->bias, 0, rounded * sizeof *conv->bias);
            if (bias)
                memcpy(conv->bias, bias, spec->out * sizeof *bias);
        }
    }
    if (status != CLIPSEARCH_OK)
        cs_conv_close(conv);
    return status;
}

clipsearch_status cs_conv_open(cs_conv *conv, const cs_conv_spec *spec, const float *weight, const float *bias,
                               cs_pool *pool, clipsearch_error *err)
{
    return open_conv(conv, spec, weight, bias, false, pool, err);
}

clipsearch_status cs_conv_open_coded(cs_conv *conv, const cs_conv_spec *spec, const float *weight, const float *bias,
                                     cs_pool *pool, clipsearch_error *err)
{
    return open_conv(conv, spec, weight, bias, true, pool, err);
}

void cs_conv_close(cs_conv *conv)
{
    cs_free(conv->packed);
    cs_free(conv->bias);
    cs_free(conv->zeros);
    cs_coded_conv_close(&conv->coded);
    cs_winograd_conv_close(&conv->winograd);
    *conv = (cs_conv){0};
}

/* A height or width with its padding. */
static size_t framed_size(const cs_conv_spec *spec, size_t size)
{
    return size + 2 * spec->pad + spec->pad_more;
}

static size_t output_size(const cs_conv_spec *spec, size_t size, size_t kernel)
{
    const size_t framed = framed_size(spec, size);
    return framed < kernel ? 0 : (framed - kernel) / spec->stride + 1;
}

size_t cs_conv_packed_bytes(const cs_conv *conv)
{
    const cs_conv_spec *spec = &conv->spec;
    size_t taps = spec->kernel_h * spec->kernel_w;
    if (conv->coded.ops)
        return cs_coded_conv_bytes(&conv->coded);
    if (conv->winograd.ops)
        return cs_winograd_conv_bytes(&conv->winograd);
    return (conv->ops ? cs_conv_packed_size(conv->ops, spec->out, taps * spec->in) : taps * spec->out) * sizeof(float);
}

size_t cs_conv_output_height(const cs_conv *conv, size_t height)
{
    return output_size(&conv->spec, height, conv->spec.kernel_h);
}

size_t cs_conv_output_width(const cs_conv *conv, size_t width)
{
    return output_size(&conv->spec, width, conv->spec.kernel_w);
}

/* Allocate what the pieces need from `workspace`. */
static void carve(const cs_conv *conv, conv_job *job, size_t count, size_t height, size_t width, unsigned threads,
                  cs_workspace *workspace)
{
    const cs_conv_spec *spec = &conv->spec;
    if (is_depthwise(spec))
        return;
    job->runs = spec->planar ? spec->kernel_h : spec->kernel_h * spec->kernel_w;
    job->run = spec->planar ? spec->kernel_w * spec->in : spec->in;
    job->starts = cs_workspace_alloc(workspace, (size_t)threads * CS_CONV_ROWS * job->runs, sizeof *job->starts);
    if (spec->planar) {
        size_t pixels;
        if (height > SIZE_MAX / 4 || width > SIZE_MAX / 4 || spec->pad + spec->pad_more > SIZE_MAX / 4 ||
            __builtin_mul_overflow(framed_size(spec, height), framed_size(spec, width), &pixels) ||
            __builtin_mul_overflow(pixels, count, &pixels))
            workspace->overflow = true;
        else
            job->framed = cs_workspace_floats(workspace, pixels, spec->in);
    }
}

static cs_conv_images images_of(const cs_conv *conv, const float *x, size_t count, size_t height, size_t width)
{
    return (cs_conv_images){.x = x,
                            .count = count,
                            .height = height,
                            .width = width,
                            .out_height = cs_conv_output_height(conv, height),
                            .out_width = cs_conv_output_width(conv, width)};
}

size_t cs_conv_scratch(const cs_conv *conv, size_t count, size_t height, size_t width, unsigned threads)
{
    cs_workspace workspace = {0};
    conv_job job;
    cs_coded_scratch coded;
    cs_winograd_scratch winograd;
    cs_workspace_alloc(&workspace, 1,
                       CS_WORKSPACE_ALIGNMENT); /* so that a need of 0 bytes is not taken for an overflow */
    const cs_conv_images images = images_of(conv, NULL, count, height, width);
    if (conv->coded.ops)
        cs_coded_conv_carve(&conv->coded, &conv->spec, &images, threads, &workspace, &coded);
    else if (conv->winograd.ops)
        cs_winograd_conv_carve(&conv->spec, &images, threads, &workspace, &winograd);
    else
        carve(conv, &job, count, height, width, threads, &workspace);
    return cs_workspace_size(&workspace);
}

/* Where the runs of output pixels [first, first + rows) begin, [runs, rows]. */
static void find_starts(const conv_job *job, size_t first, size_t rows, const float **starts)
{
    const cs_conv_spec *spec = &job->conv->spec;
    if (!spec->planar && spec->kernel_h == 1 && spec->kernel_w == 1 && spec->stride == 1 &&
        job->out_height == job->height && job->out_width == job->width) { /* each pixel is its own run */
        for (size_t i = 0; i < rows; i++)
            starts[i] = job->x + (first + i) * spec->in;
        return;
    }
    const size_t frame_h = framed_size(spec, job->height), frame_w = framed_size(spec, job->width);
    size_t ox = first % job->out_width, oy = first / job->out_width % job->out_height;
    size_t image = first / job->out_width / job->out_height;
    for (size_t i = 0; i < rows; i++) {
        if (spec->planar) {
            const size_t top = oy * spec->stride, left = ox * spec->stride; /* counted from the padding's edge */
            const float *corner = job->framed + ((image * frame_h + top) * frame_w + left) * spec->in;
            for (size_t ky = 0; ky < spec->kernel_h; ky++)
                starts[ky * rows + i] = corner + ky * frame_w * spec->in;
        } else {
            const float *x = job->x + image * job->height * job->width * spec->in;
            for (size_t ky = 0; ky < spec->kernel_h; ky++)
                for (size_t kx = 0; kx < spec->kernel_w; kx++) {
                    const size_t at = cs_conv_tap(spec, job->height, job->width, oy, ox, ky, kx);
                    starts[(ky * spec->kernel_w + kx) * rows + i] =
                        at == SIZE_MAX ? job->conv->zeros : x + at * spec->in;
                }
        }
        if (++ox == job->out_width) {
            ox = 0;
            if (++oy == job->out_height) {
                oy = 0;
                image++;
            }
        }
    }
}

static void dense_piece(void *context, size_t piece, unsigned worker)
{
    const conv_job *job = context;
    const cs_conv *conv = job->conv;
    const size_t groups = job->panels / job->each, out = conv->spec.out;
    const size_t block = job->blocks_outermost ? piece / groups : piece % job->blocks;
    const size_t panel = (job->blocks_outermost ? piece % groups : piece / job->blocks) * job->each;
    const size_t row = block * job->block, rows = job->rows - row < job->block ? job->rows - row : job->block;
    const float **starts = job->starts + worker * CS_CONV_ROWS * job->runs;
    find_starts(job, row, rows, starts);
    for (size_t first = panel * CS_CONV_PANEL; first < (panel + job->each) * CS_CONV_PANEL; first += CS_CONV_PANEL) {
        const float *packed = conv->packed + first * job->runs * job->run;
        const float *next =
            job->ahead && out - first > CS_CONV_PANEL ? packed + CS_CONV_PANEL * job->runs * job->run : NULL;
        const cs_conv_call call = {.starts = starts,
                                   .runs = job->runs,
                                   .run = job->run,
                                   .rows = rows,
                                   .outputs = out - first < CS_CONV_PANEL ? out - first : CS_CONV_PANEL,
                                   .packed = packed,
                                   .bias = conv->bias + first,
                                   .residual = job->residual ? job->residual + row * out + first : NULL,
                                   .y = job->y + row * out + first,
                                   .ldy = out,
                                   .low = job->low,
                                   .high = job->high,
                                   .next = next,
                                   .next_floats = next ? CS_CONV_PANEL * job->runs * job->run : 0};
        assert(call.rows <= CS_CONV_ROWS);
        conv->ops->multiply(&call);
    }
}

/* Blocks of nearly equal height, small enough for every thread to have several pieces; and the order of pieces that
 * reads less from outside the second-level cache: all panels of weights for each block of rows, or all rows for each
 * panel. */
static void split_work(conv_job *job, unsigned threads)
{
    enum { LEAST_ROWS = 24, UNIT = 6, CACHE_FLOATS = 1 << 17 };
    const cs_conv_spec *spec = &job->conv->spec;
    const size_t weights = job->runs * job->run * spec->out, x = job->count * job->height * job->width * spec->in;
    job->ahead = weights > CACHE_FLOATS;
    job->panels = (spec->out + CS_CONV_PANEL - 1) / CS_CONV_PANEL;
    size_t blocks = (job->rows + CS_CONV_ROWS - 1) / CS_CONV_ROWS;
    if (threads > 1)
        while (blocks * job->panels < EACH_THREAD * threads && job->rows > blocks * LEAST_ROWS)
            blocks++;
    job->block = (job->rows + blocks - 1) / blocks;
    if (job->block > UNIT)
        job->block = (job->block + UNIT - 1) / UNIT * UNIT;
    job->blocks = (job->rows + job->block - 1) / job->block;
    const size_t by_blocks = x + (weights <= CACHE_FLOATS ? 0 : job->blocks * weights);
    const size_t by_panels = weights + (x <= CACHE_FLOATS ? x : job->panels * x);
    job->blocks_outermost = by_blocks <= by_panels;
    job->each = job->blocks_outermost && job->blocks >= 2 * EACH_THREAD * threads ? job->panels : 1;
}

/* One row of one framed image. */
static void frame_row(void *context, size_t piece, unsigned worker)
{
    const conv_job *job = context;
    const cs_conv_spec *spec = &job->conv->spec;
    const size_t pad = spec->pad, in = spec->in, frame_h = framed_size(spec, job->height);
    const size_t frame_w = framed_size(spec, job->width), image = piece / frame_h, y = piece % frame_h;
    float *row = job->framed + piece * frame_w * in;
    (void)worker;
    if (y < pad || y - pad >= job->height) {
        memset(row, 0, frame_w * in * sizeof *row);
        return;
    }
    memset(row, 0, pad * in * sizeof *row);
    memset(row + (pad + job->width) * in, 0, (pad + spec->pad_more) * in * sizeof *row);
    for (size_t c = 0; c < in; c++) {
        const float *from = job->x + ((image * in + c) * job->height + y - pad) * job->width;
        float *to = row + pad * in + c;
        for (size_t i = 0; i < job->width; i++)
            to[i * in] = from[i];
    }
}

/* One row of outputs of all images. */
static void depthwise_row(const conv_job *job, size_t row)
{
    const cs_conv_spec *spec = &job->conv->spec;
    const size_t oy = row % job->out_height, width = job->width * spec->in, at = row * job->out_width * spec->out;
    const float *x = job->x + row / job->out_height * job->height * width, *rows[MAX_DEPTHWISE];
    assert(spec->kernel_h <= MAX_DEPTHWISE);
    for (size_t ky = 0; ky < spec->kernel_h; ky++) {
        const size_t iy = oy * spec->stride + ky - spec->pad; /* below 0 wraps around to more than any size */
        rows[ky] = iy < job->height ? x + iy * width : NULL;
    }
    size_t below = oy * spec->stride + spec->kernel_h - spec->pad; /* the first input row that is not needed yet */
    below = below < job->height ? below : job->height;
    const size_t next = job->height - below < spec->stride ? job->height - below : spec->stride;
    const cs_depthwise_call call = {.rows = rows,
                                    .width = job->width,
                                    .channels = spec->out,
                                    .kernel_h = spec->kernel_h,
                                    .kernel_w = spec->kernel_w,
                                    .stride = spec->stride,
                                    .pad = spec->pad,
                                    .weights = job->conv->packed,
                                    .bias = job->conv->bias,
                                    .residual = job->residual ? job->residual + at : NULL,
                                    .y = job->y + at,
                                    .out_width = job->out_width,
                                    .low = job->low,
                                    .high = job->high,
                                    .next = x + below * width,
                                    .next_floats = next * width};
    job->conv->depthwise->row(&call);
}

/* Several rows one after the other: they share input. */
static void depthwise_piece(void *context, size_t piece, unsigned worker)
{
    const conv_job *job = context;
    (void)worker;
    for (size_t row = piece * job->block; row < job->rows && row < (piece + 1) * job->block; row++)
        depthwise_row(job, row);
}

void cs_conv_forward(const cs_conv *conv, const float *x, size_t count, size_t height, size_t width,
                     const float *residual, float *y, void *scratch, cs_pool *pool)
{
    const cs_conv_spec *spec = &conv->spec;
    conv_job job = {.conv = conv,
                    .x = x,
                    .count = count,
                    .height = height,
                    .width = width,
                    .out_height = cs_conv_output_height(conv, height),
                    .out_width = cs_conv_output_width(conv, width),
                    .residual = residual,
                    .y = y,
                    .low = cs_conv_low(spec),
                    .high = cs_conv_high(spec)};
    job.rows = count * job.out_height * job.out_width;
    if (job.rows == 0)
        return;
    assert(x && y && x != y);
    if (is_depthwise(spec)) {
        job.rows = count * job.out_height;
        job.block = job.rows / (2 * EACH_THREAD * cs_pool_threads(pool));
        job.block = job.block ? job.block : 1;
        cs_pool_run(pool, (job.rows + job.block - 1) / job.block, depthwise_piece, &job);
        return;
    }
    assert(scratch);
    cs_workspace workspace = {.base = scratch};
    const cs_conv_images images = images_of(conv, x, count, height, width);
    if (conv->winograd.ops) {
        cs_winograd_scratch winograd;
        cs_winograd_conv_carve(spec, &images, cs_pool_threads(pool), &workspace, &winograd);
        cs_winograd_conv_forward(&conv->winograd, spec, conv->bias, &images, residual, y, &winograd, pool);
        return;
    }
    if (conv->coded.ops) {
        cs_coded_scratch coded;
        cs_coded_conv_carve(&conv->coded, spec, &images, cs_pool_threads(pool), &workspace, &coded);
        cs_coded_conv_forward(&conv->coded, spec, conv->bias, &images, residual, y, &coded, pool);
        return;
    }
    carve(conv, &job, count, height, width, cs_pool_threads(pool), &workspace);
    if (spec->planar)
        cs_pool_run(pool, count * framed_size(spec, height), frame_row, &job);
    split_work(&job, cs_pool_threads(pool));
    cs_pool_run(pool, job.blocks * (job.panels / job.each), dense_piece, &job);
}
