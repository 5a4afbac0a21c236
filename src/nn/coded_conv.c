/* SPDX-License-Identifier: MIT
 * coded_conv.c - quantizes weights and maps, and splits a convolution in 8 bits among threads. */
#include "nn/coded_conv.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum {
    STRIP = CS_QCONV_STRIP,
    FEW_INPUTS = 32,  /* convolutions of at most so many inputs, and those */
    FEW_OUTPUTS = 32, /* of one tap to fewer outputs stay in floats: they gain least, lose most (docs/precision.md) */
    UNIT = 6,         /* rows of the kernels' highest tile of four strips */
    EACH_THREAD = 4,  /* the least pieces for each thread, so that none waits long for the last */
    CACHE_BYTES = 512 << 10, /* weights up to this size stay in the second-level cache for all pixels */
    LINE_BYTES = 64,
    MET = 8, /* pixels whose ranges are found by one call */
    PAGE_BYTES = 4096
};

static size_t taps_of(const cs_conv_spec *spec)
{
    return spec->kernel_h * spec->kernel_w;
}

/* The greatest code of the inputs; no table saturates because the weights are packed for the same. */
static int32_t most_of(const cs_conv_spec *spec)
{
    return taps_of(spec) == 1 ? CS_QCONV_POINT_CODES : CS_QCONV_CODES;
}

/* Bytes from row to row of inputs that are copied together: whole lines, but no whole pages: such rows would all lie in
 * the same few sets of the caches. */
static size_t apart_of(const cs_coded_conv *conv)
{
    const size_t whole = (conv->main.k + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    return whole % PAGE_BYTES ? whole : whole + LINE_BYTES;
}

/* Inputs of more than one tap lie apart, and some tables read them together. */
static bool gathers(const cs_coded_conv *conv, const cs_conv_spec *spec)
{
    return conv->ops->together && taps_of(spec) > 1;
}

static size_t strips_of(size_t outputs)
{
    return (outputs + STRIP - 1) / STRIP;
}

bool cs_coded_conv_can(const cs_conv_spec *spec)
{
    const size_t taps = taps_of(spec);
    return spec->groups == 1 && !spec->planar && spec->in * taps > FEW_INPUTS &&
           (taps > 1 || spec->out >= FEW_OUTPUTS) && cs_qgemm_stride(spec->in) <= CS_QGEMM_MAX_K / taps;
}

/* ---------------------------------------------------------------- weights */

typedef struct pack_job {
    const cs_conv_spec *spec;
    const float *weight;
    size_t run, k;
    float *rows;  /* [out, taps, run]: the weights, zeros behind the channels */
    float *rests; /* [out, in] */
    int8_t *codes, *rest_codes;
    float *scales, *rest_scales;
    int32_t *sums, *rest_sums;
    bool *good; /* [strips] */
} pack_job;

static void arrange_output(const pack_job *job, size_t output)
{
    const size_t taps = taps_of(job->spec), in = job->spec->in;
    const float *from = job->weight + output * in * taps;
    float *to = job->rows + output * job->k;
    memset(to, 0, job->k * sizeof *to);
    for (size_t tap = 0; tap < taps; tap++)
        for (size_t c = 0; c < in; c++)
            to[tap * job->run + c] = from[c * taps + tap];
}

static void leave_rest(const pack_job *job, size_t output)
{
    const int8_t *codes = job->codes + output / STRIP * STRIP * job->k + output % STRIP * CS_QCONV_GROUP;
    const float *row = job->rows + output * job->k;
    float *rest = job->rests + output * job->spec->in;
    memset(rest, 0, job->spec->in * sizeof *rest);
    for (size_t tap = 0; tap < job->k; tap += job->run)
        for (size_t c = 0; c < job->spec->in; c++) {
            const size_t i = tap + c;
            const int8_t code = codes[i / CS_QCONV_GROUP * STRIP * CS_QCONV_GROUP + i % CS_QCONV_GROUP];
            rest[c] += row[i] - (float)code * job->scales[output];
        }
}

static void pack_strip(void *context, size_t strip, unsigned worker)
{
    (void)worker;
    const pack_job *job = context;
    const size_t in = job->spec->in, out = job->spec->out, first = strip * STRIP;
    for (size_t o = first; o < out && o < first + STRIP; o++)
        arrange_output(job, o);
    job->good[strip] = cs_qgemm_pack(CS_F32, job->rows, out, job->k, (cs_qgemm_inputs){.most = most_of(job->spec)},
                                     strip, 1, job->codes + first * job->k, job->scales + first, job->sums + first);
    if (!job->good[strip])
        return;
    for (size_t o = first; o < out && o < first + STRIP; o++)
        leave_rest(job, o);
    job->good[strip] =
        cs_qgemm_pack(CS_F32, job->rests, out, in, (cs_qgemm_inputs){.most = CS_QGEMM_CODES}, strip, 1,
                      job->rest_codes + first * cs_qgemm_stride(in), job->rest_scales + first, job->rest_sums + first);
}

/* Divide the block that both matrices lie in. */
static void carve_weights(pack_job *job, cs_workspace *workspace)
{
    const size_t rounded = strips_of(job->spec->out) * STRIP;
    job->codes = cs_workspace_alloc(workspace, rounded, job->k);
    job->rest_codes = cs_workspace_alloc(workspace, rounded, cs_qgemm_stride(job->spec->in));
    job->scales = cs_workspace_floats(workspace, 1, rounded);
    job->rest_scales = cs_workspace_floats(workspace, 1, rounded);
    job->sums = cs_workspace_alloc(workspace, rounded, sizeof *job->sums);
    job->rest_sums = cs_workspace_alloc(workspace, rounded, sizeof *job->rest_sums);
}

/* Quantize the weights into the block that was divided. */
static clipsearch_status pack(pack_job *job, cs_pool *pool, clipsearch_error *err)
{
    const size_t strips = strips_of(job->spec->out);
    bool all = true;
    job->rows = cs_alloc_array(job->spec->out, job->k * sizeof *job->rows);
    job->rests = cs_alloc_array(job->spec->out, job->spec->in * sizeof *job->rests);
    job->good = cs_zalloc_array(strips, sizeof *job->good);
    clipsearch_status status = CLIPSEARCH_OK;
    if (!job->rows || !job->rests || !job->good) {
        status = cs_fail_memory(err, "a convolution's weights");
    } else {
        cs_pool_run(pool, strips, pack_strip, job);
        for (size_t i = 0; i < strips; i++)
            all &= job->good[i];
        if (!all)
            status = cs_fail(err, CLIPSEARCH_E_MODEL,
                             "a convolution has a weight that is not a number; the model is damaged");
    }
    cs_free(job->rows);
    cs_free(job->rests);
    cs_free(job->good);
    return status;
}

clipsearch_status cs_coded_conv_open(cs_coded_conv *conv, const cs_conv_spec *spec, const float *weight, cs_pool *pool,
                                     clipsearch_error *err)
{
    pack_job job = {.spec = spec, .weight = weight, .run = cs_qgemm_stride(spec->in)};
    job.k = taps_of(spec) * job.run;
    *conv = (cs_coded_conv){.ops = cs_qconv_ops_best(), .run = job.run};
    cs_workspace workspace = {0};
    carve_weights(&job, &workspace);
    const size_t bytes = cs_workspace_size(&workspace);
    conv->memory = bytes ? cs_alloc_aligned(bytes, 1) : NULL;
    if (!conv->memory)
        return cs_fail_memory(err, "a convolution's weights");
    memset(conv->memory, 0, bytes);
    workspace = (cs_workspace){.base = conv->memory};
    carve_weights(&job, &workspace);
    conv->main =
        (cs_qgemm_weights){.n = spec->out, .k = job.k, .codes = job.codes, .scales = job.scales, .sums = job.sums};
    conv->rest = (cs_qgemm_weights){
        .n = spec->out, .k = spec->in, .codes = job.rest_codes, .scales = job.rest_scales, .sums = job.rest_sums};
    return pack(&job, pool, err);
}

void cs_coded_conv_close(cs_coded_conv *conv)
{
    cs_free(conv->memory);
    *conv = (cs_coded_conv){0};
}

size_t cs_coded_conv_bytes(const cs_coded_conv *conv)
{
    return cs_qgemm_codes_size(conv->main.n, conv->main.k) + cs_qgemm_codes_size(conv->rest.n, conv->rest.k);
}

/* ---------------------------------------------------------------- maps */

/* The arguments of cs_coded_conv_forward, and how the work is split. */
typedef struct coded_job {
    const cs_coded_conv *conv;
    const cs_conv_spec *spec;
    const cs_conv_images *images;
    const float *residual;
    float *y;
    const cs_coded_scratch *s;
    bool point;           /* one tap: only the pixels that it reads are quantized */
    size_t lines, width;  /* of an image's quantized pixels */
    size_t pixels;        /* outputs of an image */
    size_t block, blocks; /* outputs of one piece; blocks of an image */
    size_t panels, each;  /* panels of channels, in all and in one piece */
    bool blocks_outermost;
} coded_job;

static void find_lines(coded_job *job)
{
    job->point = taps_of(job->spec) == 1;
    job->lines = job->point ? job->images->out_height : job->images->height;
    job->width = job->point ? job->images->out_width : job->images->width;
    job->pixels = job->images->out_height * job->images->out_width;
}

void cs_coded_conv_carve(const cs_coded_conv *conv, const cs_conv_spec *spec, const cs_conv_images *images,
                         unsigned threads, cs_workspace *workspace, cs_coded_scratch *s)
{
    coded_job job = {.spec = spec, .images = images};
    find_lines(&job);
    const size_t count = images->count;
    size_t lines, pixels;
    if (__builtin_mul_overflow(count, job.lines, &lines) || __builtin_mul_overflow(lines, job.width, &pixels)) {
        workspace->overflow = true;
        return;
    }
    s->codes = cs_workspace_alloc(workspace, pixels, conv->run);
    s->pads = cs_workspace_alloc(workspace, count, conv->run);
    s->scales = cs_workspace_alloc(workspace, job.point ? pixels : count, sizeof *s->scales);
    s->sums = cs_workspace_floats(workspace, lines, spec->in);
    s->ranges = cs_workspace_floats(workspace, lines, 2);
    s->means = cs_workspace_floats(workspace, count, spec->in);
    s->mean_codes = cs_workspace_alloc(workspace, count, cs_qgemm_stride(spec->in));
    s->mean_rows = cs_workspace_alloc(workspace, count, sizeof *s->mean_rows);
    s->biases = cs_workspace_floats(workspace, count, strips_of(spec->out) * STRIP);
    s->starts = cs_workspace_alloc(workspace, (size_t)threads * CS_QCONV_ROWS * taps_of(spec), sizeof *s->starts);
    s->together =
        gathers(conv, spec) ? cs_workspace_alloc(workspace, (size_t)threads * CS_QCONV_ROWS, apart_of(conv)) : NULL;
}

/* The pixel `i` of a line of those that are quantized. */
static const float *pixel_at(const coded_job *job, size_t line, size_t i)
{
    const cs_conv_images *images = job->images;
    const size_t image = line / job->lines, y = line % job->lines, stride = job->point ? job->spec->stride : 1;
    return images->x + ((image * images->height + y * stride) * images->width + i * stride) * job->spec->in;
}

/* Take another range into `all`: NaN if one of them is. */
static void widen(float all[2], const float range[2])
{
    all[0] = range[0] < all[0] ? range[0] : all[0] + 0 * range[0];
    all[1] = range[1] > all[1] ? range[1] : all[1] + 0 * range[1];
}

/* A line's sums, and for a larger kernel its range; for one tap its codes and scales at once. */
static void meet_line(void *context, size_t line, unsigned worker)
{
    (void)worker;
    const coded_job *job = context;
    const cs_qconv_ops *ops = job->conv->ops;
    const size_t in = job->spec->in, run = job->conv->run;
    const size_t apart = (job->point ? job->spec->stride : 1) * in;
    float *sums = job->s->sums + line * in, *all = job->s->ranges + line * 2, ranges[MET][2];
    memset(sums, 0, in * sizeof *sums);
    all[0] = all[1] = 0;
    for (size_t first = 0; first < job->width; first += MET) {
        const size_t count = job->width - first < MET ? job->width - first : MET;
        const float *x = pixel_at(job, line, first);
        ops->meet(x, apart, count, in, sums, ranges);
        for (size_t i = 0; i < count && !job->point; i++)
            widen(all, ranges[i]);
        for (size_t i = 0; i < count && job->point; i++) {
            const size_t pixel = line * job->width + first + i;
            job->s->scales[pixel] = cs_qconv_scale_of(ranges[i][0], ranges[i][1], most_of(job->spec));
            ops->quantize(x + i * apart, in, &job->s->scales[pixel], job->s->codes + pixel * run, run);
        }
    }
}

/* The mean over an image, its codes, and for a larger kernel the image's scale. */
static void meet_image(void *context, size_t image, unsigned worker)
{
    (void)worker;
    const coded_job *job = context;
    const cs_coded_scratch *s = job->s;
    const size_t in = job->spec->in, first = image * job->lines, run = job->conv->run;
    float *mean = s->means + image * in, all[2] = {0};
    memset(mean, 0, in * sizeof *mean);
    for (size_t line = first; line < first + job->lines; line++) {
        float ignored[1][2];
        job->conv->ops->meet(s->sums + line * in, in, 1, in, mean, ignored);
        widen(all, s->ranges + line * 2);
    }
    for (size_t c = 0; c < in; c++)
        mean[c] /= (float)(job->lines * job->width);
    const cs_qgemm_rows rows = {.codes = s->mean_codes, .rows = s->mean_rows};
    cs_qgemm_quantize_row(cs_qgemm_ops_best(), mean, in, &rows, image);
    if (job->point)
        return;
    s->scales[image] = cs_qconv_scale_of(all[0], all[1], most_of(job->spec));
    memset(s->pads + image * run, s->scales[image].zero, run);
}

/* For a larger kernel: a line's codes. */
static void code_line(void *context, size_t line, unsigned worker)
{
    (void)worker;
    const coded_job *job = context;
    const size_t in = job->spec->in, run = job->conv->run;
    const cs_qconv_scale *scale = &job->s->scales[line / job->lines];
    uint8_t *codes = job->s->codes + line * job->width * run;
    if (run == in)
        job->conv->ops->quantize(pixel_at(job, line, 0), job->width * in, scale, codes, job->width * in);
    else
        for (size_t i = 0; i < job->width; i++)
            job->conv->ops->quantize(pixel_at(job, line, i), in, scale, codes + i * run, run);
}

/* ---------------------------------------------------------------- products */

/* Where the taps of outputs [first, first + rows) of an image begin, [taps, rows]. */
static void find_starts(const coded_job *job, size_t image, size_t first, size_t rows, const uint8_t **starts)
{
    const cs_conv_spec *spec = job->spec;
    const size_t run = job->conv->run;
    const uint8_t *codes = job->s->codes + image * job->lines * job->width * run, *pad = job->s->pads + image * run;
    for (size_t i = 0; i < rows; i++) {
        const size_t oy = (first + i) / job->images->out_width, ox = (first + i) % job->images->out_width;
        if (job->point) {
            starts[i] = codes + (first + i) * run;
            continue;
        }
        for (size_t ky = 0, tap = 0; ky < spec->kernel_h; ky++)
            for (size_t kx = 0; kx < spec->kernel_w; kx++, tap++) {
                const size_t at = cs_conv_tap(spec, job->images->height, job->images->width, oy, ox, ky, kx);
                starts[tap * rows + i] = at == SIZE_MAX ? pad : codes + at * run;
            }
    }
}

static void multiply_piece(void *context, size_t piece, unsigned worker)
{
    const coded_job *job = context;
    const cs_coded_conv *conv = job->conv;
    const cs_coded_scratch *s = job->s;
    const size_t groups = (job->panels + job->each - 1) / job->each, all = job->images->count * job->blocks;
    const size_t block = job->blocks_outermost ? piece / groups : piece % all;
    const size_t panel = (job->blocks_outermost ? piece % groups : piece / all) * job->each;
    const size_t image = block / job->blocks, row = block % job->blocks * job->block;
    const size_t rows = job->pixels - row < job->block ? job->pixels - row : job->block;
    const size_t out = job->spec->out, rounded = strips_of(out) * STRIP, at = (image * job->pixels + row) * out;
    const uint8_t **starts = s->starts + worker * CS_QCONV_ROWS * taps_of(job->spec);
    cs_qconv_scale same[CS_QCONV_ROWS];
    for (size_t i = 0; i < rows && !job->point; i++)
        same[i] = s->scales[image];
    find_starts(job, image, row, rows, starts);
    const uint8_t *together = starts[0]; /* of one tap, rows lie together already */
    size_t apart = conv->run;
    if (gathers(conv, job->spec)) {
        apart = apart_of(conv);
        uint8_t *own = s->together + worker * CS_QCONV_ROWS * apart;
        cs_qconv_gather(starts, taps_of(job->spec), conv->run, rows, own, apart);
        together = own;
    }
    for (size_t p = panel; p < panel + job->each && p < job->panels; p++) {
        const size_t first = p * CS_QCONV_PANEL;
        const bool another = p + 1 < panel + job->each && p + 1 < out / CS_QCONV_PANEL;
        const cs_qconv_call call = {.starts = starts,
                                    .together = together,
                                    .apart = apart,
                                    .runs = taps_of(job->spec),
                                    .run = conv->run,
                                    .rows = rows,
                                    .outputs = out - first < CS_QCONV_PANEL ? out - first : CS_QCONV_PANEL,
                                    .codes = conv->main.codes + first * conv->main.k,
                                    .ahead = another ? CS_QCONV_PANEL * conv->main.k : 0,
                                    .scales = conv->main.scales + first,
                                    .sums = conv->main.sums + first,
                                    .bias = s->biases + image * rounded + first,
                                    .inputs = job->point ? s->scales + image * job->pixels + row : same,
                                    .residual = job->residual ? job->residual + at + first : NULL,
                                    .y = job->y + at + first,
                                    .ldy = out,
                                    .low = cs_conv_low(job->spec),
                                    .high = cs_conv_high(job->spec)};
        conv->ops->multiply(&call);
    }
}

/* Blocks of nearly equal height, and an order that reads less from outside the second-level cache: all weights for each
 * block, or all blocks for each panel of weights. */
static void split_work(coded_job *job, unsigned threads)
{
    const size_t whole = (job->pixels + CS_QCONV_ROWS - 1) / CS_QCONV_ROWS;
    job->block = ((job->pixels + whole - 1) / whole + UNIT - 1) / UNIT * UNIT;
    job->block = job->block < CS_QCONV_ROWS ? job->block : CS_QCONV_ROWS;
    job->blocks = (job->pixels + job->block - 1) / job->block;
    job->panels = (job->spec->out + CS_QCONV_PANEL - 1) / CS_QCONV_PANEL;
    job->blocks_outermost = job->spec->out * job->conv->main.k <= CACHE_BYTES;
    const bool enough = threads == 1 || job->images->count * job->blocks >= (size_t)EACH_THREAD * threads;
    job->each = job->blocks_outermost && enough ? job->panels : 1;
    if (!gathers(job->conv, job->spec))
        return;
    /* inputs are copied once for all panels of a piece */
    const size_t all = job->images->count * job->blocks, pieces = threads == 1 ? 1 : (size_t)EACH_THREAD * threads;
    const size_t groups = (pieces + all - 1) / all;
    job->each = groups < job->panels ? (job->panels + groups - 1) / groups : 1;
}

void cs_coded_conv_forward(const cs_coded_conv *conv, const cs_conv_spec *spec, const float *bias,
                           const cs_conv_images *images, const float *residual, float *y, const cs_coded_scratch *s,
                           cs_pool *pool)
{
    coded_job job = {.conv = conv, .spec = spec, .images = images, .residual = residual, .y = y, .s = s};
    const size_t rounded = strips_of(spec->out) * STRIP;
    find_lines(&job);
    split_work(&job, cs_pool_threads(pool));
    cs_pool_run(pool, images->count * job.lines, meet_line, &job);
    cs_pool_run(pool, images->count, meet_image, &job);
    if (!job.point)
        cs_pool_run(pool, images->count * job.lines, code_line, &job);
    const cs_qgemm_rows means = {.codes = s->mean_codes, .rows = s->mean_rows};
    memset(s->biases, 0, images->count * rounded * sizeof *s->biases);
    cs_qgemm(&conv->rest, &means, images->count, bias, CS_ACT_NONE, NULL, s->biases, rounded, pool);
    cs_pool_run(pool, images->count * job.blocks * ((job.panels + job.each - 1) / job.each), multiply_piece, &job);
}
