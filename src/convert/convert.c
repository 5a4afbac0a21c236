/* SPDX-License-Identifier: MIT
 * convert.c - reads a model's tensors and writes them in the order in which an encoder reads them. */
#include "convert/convert.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/digest.h"
#include "base/replace.h"
#include "convert/convert_plan.h"
#include "kernels/bgemm.h"
#include "kernels/cvt.h"
#include "kernels/qgemm.h"
#include "model/byte_rows.h"
#include "model/narrow.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    CHUNK = 1 << 16,      /* numbers converted at a time */
    HASH_CHUNK = 4 << 20, /* bytes */
    MOST_METADATA = 6
};

/* Everything a conversion holds. */
struct conversion {
    const clipsearch_convert_options *options;
    clipsearch_convert_report *report;
    clipsearch_error *err;
    cs_model_dir dir;
    cs_weights *weights;
    cs_clip_naming naming;
    unsigned towers;
    cs_convert_plan plan;
    uint64_t done, total; /* bytes, for the callback */
    float *floats;        /* [CHUNK] */
    uint8_t *narrow;      /* [4 * CHUNK] */
};

/* ---------------------------------------------------------------- bytes */

static clipsearch_status advance(struct conversion *c, uint64_t bytes)
{
    c->done += bytes;
    if (c->options->progress && !c->options->progress(c->options->context, c->done, c->total))
        return cs_fail(c->err, CLIPSEARCH_E_CANCELLED, "the conversion was stopped");
    return CLIPSEARCH_OK;
}

static clipsearch_status hash_source(struct conversion *c)
{
    cs_map map;
    clipsearch_status status = cs_map_open(c->dir.weights, &map, c->err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_digest digest;
    uint8_t bytes[CS_SHA256_BYTES];
    cs_digest_init(&digest, CS_SHA256);
    c->total += map.size;
    for (size_t at = 0; at < map.size && status == CLIPSEARCH_OK;) {
        size_t n = map.size - at < HASH_CHUNK ? map.size - at : HASH_CHUNK;
        cs_digest_update(&digest, map.data + at, n);
        at += n;
        status = advance(c, n);
    }
    clipsearch_status digested = cs_digest_final(&digest, bytes, status == CLIPSEARCH_OK ? c->err : NULL);
    status = status == CLIPSEARCH_OK ? digested : status;
    cs_digest_hex(bytes, sizeof bytes, c->report->source_sha256);
    cs_map_close(&map);
    return status;
}

static clipsearch_status fail_overflow(struct conversion *c, const char *name, const float *values, size_t n)
{
    float greatest = 0;
    for (size_t i = 0; i < n; i++)
        if (values[i] - values[i] == 0 && fabsf(values[i]) > fabsf(greatest))
            greatest = values[i];
    return cs_fail(c->err, CLIPSEARCH_E_UNSUPPORTED,
                   "%s: the tensor \"%s\" holds %g, and f16 ends at 65504; use bf16 or f32", c->dir.weights, name,
                   (double)greatest);
}

/* Write the n numbers at c->floats, of the tensor `name`, to the file as `dtype`. */
static clipsearch_status write_floats(struct conversion *c, cs_safetensors_writer *writer, const char *name,
                                      cs_dtype dtype, size_t n)
{
    cs_narrow_count count = {0};
    cs_narrow(dtype, c->floats, n, c->narrow, &count);
    if (count.overflow)
        return fail_overflow(c, name, c->floats, n);
    c->report->rounded += count.changed;
    clipsearch_status status = cs_safetensors_write(writer, c->narrow, n * cs_dtype_size(dtype), c->err);
    return status == CLIPSEARCH_OK ? advance(c, n * cs_dtype_size(dtype)) : status;
}

/* Read the numbers [first, first + n) of the matrix, counted row by row, to c->floats. */
static void gather(struct conversion *c, const cs_matrix *from, size_t first, size_t n)
{
    size_t size = cs_dtype_size(from->dtype);
    const uint8_t *data = from->data;
    if (from->bytes) {
        cs_byte_rows_read(from, first, n, c->floats);
        return;
    }
    if (!from->transposed) {
        cs_cvt()->to_f32(from->dtype, data + first * size, n, c->floats);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t row = (first + i) / from->columns, column = (first + i) % from->columns;
        cs_cvt()->to_f32(from->dtype, data + (column * from->rows + row) * size, 1, &c->floats[i]);
    }
}

/* Quantize the matrix a strip of outputs at a time; what goes with the codes is kept for the tensors behind them. */
static clipsearch_status write_codes(struct conversion *c, cs_safetensors_writer *writer, size_t index)
{
    cs_convert_source *source = &c->plan.from[index];
    const cs_matrix *from = &source->matrix;
    const size_t rows = from->rows, strip = cs_qgemm_stride(from->columns) * CS_QGEMM_STRIP;
    float *scales = cs_alloc_array(rows, sizeof *scales + sizeof(int32_t));
    int8_t *codes = cs_alloc_array(strip, 1);
    source->numbers = scales;
    clipsearch_status status = scales && codes ? CLIPSEARCH_OK : cs_fail_memory(c->err, "a conversion");
    for (size_t first = 0; first < rows && status == CLIPSEARCH_OK; first += CS_QGEMM_STRIP) {
        int32_t *sums = (int32_t *)(void *)(scales + rows);
        if (!cs_qgemm_pack(from->dtype, from->data, rows, from->columns,
                           (cs_qgemm_inputs){.side = from->side, .most = cs_qgemm_most(from->two_steps)},
                           first / CS_QGEMM_STRIP, 1, codes, scales + first, sums + first))
            status = cs_fail(c->err, CLIPSEARCH_E_MODEL, "%s: the tensor \"%s\" has a weight that is not a number",
                             c->dir.weights, source->name);
        else
            status = cs_safetensors_write(writer, codes, strip, c->err);
        if (status == CLIPSEARCH_OK)
            status = advance(c, strip);
    }
    cs_free(codes);
    c->report->parameters += rows * from->columns;
    c->report->rounded += rows * from->columns;
    return status;
}

/* How many numbers of an output round to others in bf16. */
static uint64_t count_rounded(struct conversion *c, const cs_matrix *from, size_t row)
{
    cs_narrow_count count = {0};
    for (size_t first = 0; first < from->columns; first += CHUNK) {
        const size_t n = from->columns - first < CHUNK ? from->columns - first : CHUNK;
        gather(c, from, row * from->columns + first, n);
        cs_narrow(CS_BF16, c->floats, n, c->narrow, &count);
    }
    return count.changed;
}

/* Round the matrix to pairs a strip of outputs at a time. */
static clipsearch_status write_pairs(struct conversion *c, cs_safetensors_writer *writer, size_t index)
{
    const cs_convert_source *source = &c->plan.from[index];
    const cs_matrix *from = &source->matrix;
    const size_t strip = cs_bgemm_pairs_size(CS_PANEL_STRIP, from->columns);
    uint16_t *pairs = cs_alloc_array(strip, 1);
    clipsearch_status status = pairs ? CLIPSEARCH_OK : cs_fail_memory(c->err, "a conversion");
    for (size_t first = 0; first < from->rows && status == CLIPSEARCH_OK; first += CS_PANEL_STRIP) {
        if (!cs_bgemm_pack(from->dtype, from->data, from->rows, from->columns, first / CS_PANEL_STRIP, 1, pairs))
            status = cs_fail(c->err, CLIPSEARCH_E_MODEL,
                             "%s: the tensor \"%s\" has a weight that is not a number, or that bf16 cannot hold",
                             c->dir.weights, source->name);
        else
            status = cs_safetensors_write(writer, pairs, strip, c->err);
        for (size_t row = first; row < from->rows && row < first + CS_PANEL_STRIP; row++)
            c->report->rounded += count_rounded(c, from, row);
        if (status == CLIPSEARCH_OK)
            status = advance(c, strip);
    }
    cs_free(pairs);
    c->report->parameters += from->rows * from->columns;
    return status;
}

static clipsearch_status write_beside_codes(struct conversion *c, cs_safetensors_writer *writer, size_t index)
{
    const cs_convert_source *source = &c->plan.from[index];
    const size_t bytes = source->matrix.rows * sizeof(float);
    const uint8_t *numbers = c->plan.from[source->codes].numbers;
    clipsearch_status status =
        cs_safetensors_write(writer, numbers + (source->part == CS_CONVERT_SUMS ? bytes : 0), bytes, c->err);
    return status == CLIPSEARCH_OK ? advance(c, bytes) : status;
}

static clipsearch_status write_tensor(struct conversion *c, cs_safetensors_writer *writer, size_t index)
{
    if (c->plan.from[index].part == CS_CONVERT_PAIRS)
        return write_pairs(c, writer, index);
    if (c->plan.from[index].part != CS_CONVERT_FLOATS)
        return c->plan.from[index].part == CS_CONVERT_CODES ? write_codes(c, writer, index)
                                                            : write_beside_codes(c, writer, index);
    const char *name = c->plan.tensors[index].name;
    const cs_matrix *from = &c->plan.from[index].matrix;
    cs_dtype dtype = c->plan.tensors[index].dtype;
    size_t count = from->rows * from->columns;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t first = 0; first < count && status == CLIPSEARCH_OK; first += CHUNK) {
        size_t n = count - first < CHUNK ? count - first : CHUNK;
        if (from->dtype == dtype && !from->transposed && !from->bytes) { /* the same bytes, NaN included */
            size_t size = cs_dtype_size(dtype);
            status = cs_safetensors_write(writer, (const uint8_t *)from->data + first * size, n * size, c->err);
            if (status == CLIPSEARCH_OK)
                status = advance(c, n * size);
        } else {
            gather(c, from, first, n);
            status = write_floats(c, writer, name, dtype, n);
        }
    }
    c->report->parameters += count;
    return status;
}

/* ---------------------------------------------------------------- the whole */

static const char *const type_names[] = {[CS_F32] = "float32", [CS_F16] = "float16", [CS_BF16] = "bfloat16"};

/* Write the new weight file; it gets its name when it is finished. */
static clipsearch_status write_weights(struct conversion *c, const char *path, cs_safetensors_writer *writer)
{
    static const char *const towers[] = {"", "image", "text", "image and text"};
    static const char *const codings[] = {[CS_CLIP_CODED] = "int8", [CS_CLIP_PAIRED] = "bf16 pairs"};
    const cs_clip_code coding = c->plan.coding;
    char what[128], by[64], fingerprint[65] = "";
    snprintf(by, sizeof by, "clipsearch %d.%d.%d", CLIPSEARCH_VERSION_MAJOR, CLIPSEARCH_VERSION_MINOR,
             CLIPSEARCH_VERSION_PATCH);
    snprintf(what, sizeof what, "%s tower, %s", towers[c->towers],
             coding ? codings[coding] : type_names[c->plan.dtype]);
    const cs_metadata metadata[MOST_METADATA] = {
        {"format", "pt"}, /* transformers requires it; it does not mean PyTorch's own file format */
        {"source", cs_path_base(c->dir.weights)},
        {"source_sha256", c->report->source_sha256},
        {"conversion", what},
        {"converter", by},
        {CS_SOURCE_FINGERPRINT, fingerprint}, /* the last: only weights that are coded have it */
    };
    clipsearch_status status = coding ? cs_weights_fingerprint(c->weights, fingerprint, c->err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK)
        status = cs_safetensors_create(path, c->plan.tensors, c->plan.count, metadata, MOST_METADATA - !coding, writer,
                                       c->err);
    for (size_t i = 0; i < c->plan.count && status == CLIPSEARCH_OK; i++)
        status = write_tensor(c, writer, i);
    c->report->tensors = c->plan.count;
    return status;
}

/* Choose the towers to write; one that was asked for must be there. */
static clipsearch_status choose_towers(struct conversion *c)
{
    unsigned there = CLIPSEARCH_IMAGE_TOWER;
    if (!c->dir.image_only) {
        clipsearch_status status = cs_clip_naming_detect(c->weights, &c->naming, c->err);
        if (status != CLIPSEARCH_OK)
            return status;
        there = cs_clip_towers(c->weights, c->naming);
    }
    c->towers = c->options->towers ? c->options->towers : there;
    if (c->towers & ~there)
        return cs_fail(c->err, CLIPSEARCH_E_ARGUMENT, "%s: there is no %s tower in this model", c->dir.weights,
                       c->towers & ~there & CLIPSEARCH_IMAGE_TOWER ? "image" : "text");
    if (c->towers & CLIPSEARCH_TEXT_TOWER && !c->dir.merges)
        return cs_fail(
            c->err, CLIPSEARCH_E_MODEL,
            "%s: no tokenizer: none of merges.txt, tokenizer.json and bpe_simple_vocab_16e6.txt.gz is there; "
            "without one only the image tower can be converted",
            c->dir.path);
    return CLIPSEARCH_OK;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat of_a, of_b;
    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

/* Find a file of another model in `to` that readers would take for the new model's; *name is NULL when there is
 * none. */
static clipsearch_status find_conflict(const struct conversion *c, const char *to, const char **name)
{
    static const char *const of_images[] = {"config.json", "open_clip_config.json", NULL},
                             *const of_resnets[] = {"config.json", "open_clip_model.safetensors", NULL},
                             *const of_vits[] = {NULL};
    const char *const *names = c->dir.image_only ? of_images : c->dir.config.resnet ? of_resnets : of_vits;
    clipsearch_status status = CLIPSEARCH_OK;
    for (*name = NULL; *names && !*name && status == CLIPSEARCH_OK; names++) {
        char *path = cs_path_join(to, *names);
        status = path ? CLIPSEARCH_OK : cs_fail_memory(c->err, to);
        if (path && cs_file_stat(path, &(cs_file_info){0}, NULL) == CLIPSEARCH_OK)
            *name = *names;
        cs_free(path);
    }
    return status;
}

/* Make the directory, or check that the model can go into the existing one: a conversion of `from`, which may be that
 * directory or a file in it, must not replace what it reads. */
static clipsearch_status make_directory(struct conversion *c, const char *from, const char *to, const char *weights)
{
    const char *other = NULL;
    if (mkdir(to, 0777) != 0 && errno != EEXIST)
        return cs_fail_errno(c->err, CLIPSEARCH_E_IO, errno, "%s: cannot make the directory", to);
    if (is_same_file(from, to) || is_same_file(c->dir.weights, weights))
        return cs_fail(c->err, CLIPSEARCH_E_ARGUMENT, "%s: this is the model itself; name another directory", to);
    clipsearch_status status = find_conflict(c, to, &other);
    return other ? cs_fail(c->err, CLIPSEARCH_E_ARGUMENT,
                           "%s: the %s there is another model's and would be taken for the new one's; name another "
                           "directory",
                           to, other)
                 : status;
}

/* ---------------------------------------------------------------- kinds of models */

/* Whether a tensor of a CLIP-ResNet is part of a tower that is written. Tensors without dimensions are no part of any,
 * but for the logit scale: OpenAI's archives hold the model's sizes as such. */
static bool is_of_tower(void *context, const cs_tensor *tensor)
{
    const struct conversion *c = context;
    return (tensor->rank > 0 || tensor == cs_clip_find_logit_scale(c->weights)) &&
           c->towers & cs_clip_towers_of(tensor->name);
}

/* The same of a CLIP model on an EfficientNet-Lite, whose image tower's names have no prefix. */
static bool is_of_lite_tower(void *context, const cs_tensor *tensor)
{
    const struct conversion *c = context;
    if (tensor == cs_clip_find_logit_scale(c->weights))
        return true;
    const bool text =
        strncmp(tensor->name, "text_model.", 11) == 0 || strncmp(tensor->name, "text_projection.", 16) == 0;
    return c->towers & (text ? (unsigned)CLIPSEARCH_TEXT_TOWER : (unsigned)CLIPSEARCH_IMAGE_TOWER);
}

/* Whether a tensor of an image network is written: all but the layers after the features, which are often most of the
 * file. */
static bool is_of_network(void *context, const cs_tensor *tensor)
{
    static const char *const after[] = {"fc.", "classifier.", "head.", "pre_logits."};
    const struct conversion *c = context;
    for (size_t i = 0; i < sizeof after / sizeof *after; i++)
        if (strncmp(tensor->name, after[i], strlen(after[i])) == 0)
            return false;
    return c->dir.image.naming != CS_IMAGE_KERAS || strstr(tensor->name, "block");
}

/* Biases and the tensors of BatchNorm: they take little space, and a variance that f16 rounds to zero would be a
 * division by almost zero. */
static bool stays_f32(const cs_tensor *tensor)
{
    return tensor->rank <= 1;
}

static clipsearch_status make_plan(struct conversion *c)
{
    const cs_clip_code coding = cs_clip_coding(c->weights);
    if (c->plan.coding == CS_CLIP_CODED && (c->dir.image_only || c->dir.config.resnet || c->dir.config.lite))
        return cs_fail(c->err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: only CLIP with a vision transformer can be converted to int8, and this is %s, whose "
                       "convolutions are quantized whenever it is opened with the precision int8",
                       c->dir.weights, cs_model_architecture(&c->dir));
    if (c->plan.coding && (c->dir.image_only || c->dir.config.resnet || c->dir.config.lite))
        return cs_fail(c->err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: only CLIP with a vision transformer can be converted to bf16 pairs, and this is %s",
                       c->dir.weights, cs_model_architecture(&c->dir));
    if (coding)
        return cs_fail(c->err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: its weights are %s and cannot be written in another type; convert the model that they were "
                       "made from",
                       c->dir.weights, coding == CS_CLIP_CODED ? "int8" : "bf16 pairs");
    if (c->dir.image_only)
        return cs_convert_plan_stored(&c->plan, c->weights, is_of_network, stays_f32, c, c->err);
    if (c->dir.config.resnet)
        return cs_convert_plan_stored(&c->plan, c->weights, is_of_tower, stays_f32, c, c->err);
    if (c->dir.config.lite)
        return cs_convert_plan_stored(&c->plan, c->weights, is_of_lite_tower, stays_f32, c, c->err);
    return cs_convert_plan_clip(&c->plan, c->weights, c->naming, &c->dir.config, c->towers, c->err);
}

static clipsearch_status write_config(const struct conversion *c, const char *to)
{
    if (c->dir.image_only)
        return cs_convert_image_config(&c->dir.image, to, c->err);
    if (c->dir.config.resnet)
        return cs_convert_resnet_config(&c->dir.config, to, c->err);
    return cs_convert_config(&c->dir.config, type_names[c->plan.dtype], to, c->err);
}

static clipsearch_status open_buffers(struct conversion *c)
{
    c->floats = cs_alloc_array(CHUNK, sizeof *c->floats);
    c->narrow = cs_alloc_array(CHUNK, 4);
    return c->floats && c->narrow ? CLIPSEARCH_OK : cs_fail_memory(c->err, "a conversion");
}

static uint64_t bytes_of(const cs_tensor_plan *tensor)
{
    uint64_t bytes = cs_tensor_plan_size(tensor);
    for (int i = 0; i < tensor->rank; i++)
        bytes *= tensor->shape[i];
    return bytes;
}

/* Every error in the weights is found before a file in `to` is replaced. */
static clipsearch_status convert(struct conversion *c, const char *from, const char *to)
{
    clipsearch_status status = cs_model_dir_open(from, &c->dir, &c->weights, c->err);
    if (status == CLIPSEARCH_OK)
        status = choose_towers(c);
    if (status == CLIPSEARCH_OK)
        status = make_plan(c);
    if (status == CLIPSEARCH_OK)
        status = open_buffers(c);
    for (size_t i = 0; i < c->plan.count; i++)
        c->total += bytes_of(&c->plan.tensors[i]);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_safetensors_writer writer = {0};
    char *path = cs_path_join(to, "model.safetensors");
    status = path ? make_directory(c, from, to, path) : cs_fail_memory(c->err, to);
    if (status == CLIPSEARCH_OK) {
        cs_replacement_tidy(path);
        status = hash_source(c);
    }
    if (status == CLIPSEARCH_OK)
        status = write_weights(c, path, &writer);
    if (status == CLIPSEARCH_OK)
        status = write_config(c, to);
    if (status == CLIPSEARCH_OK && c->towers & CLIPSEARCH_TEXT_TOWER)
        status = cs_convert_vocabulary(&c->dir, to, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_safetensors_finish(&writer, c->err);
    else
        cs_safetensors_drop(&writer);
    cs_file_info file;
    if (status == CLIPSEARCH_OK && cs_file_stat(path, &file, NULL) == CLIPSEARCH_OK)
        c->report->bytes = file.size;
    cs_free(path);
    return status;
}

clipsearch_status cs_model_convert(const char *from, const char *to, const clipsearch_convert_options *options,
                                   clipsearch_convert_report *report, clipsearch_error *err)
{
    static const cs_dtype dtypes[] = {[CLIPSEARCH_F32] = CS_F32,
                                      [CLIPSEARCH_F16] = CS_F16,
                                      [CLIPSEARCH_BF16] = CS_BF16,
                                      [CLIPSEARCH_INT8] = CS_F16,
                                      [CLIPSEARCH_BF16_PAIRS] = CS_F16};
    struct conversion c = {.options = options,
                           .report = report,
                           .err = err,
                           .plan.dtype = dtypes[options->type],
                           .plan.coding = options->type == CLIPSEARCH_INT8         ? CS_CLIP_CODED
                                          : options->type == CLIPSEARCH_BF16_PAIRS ? CS_CLIP_PAIRED
                                                                                   : CS_CLIP_FLOATS};
    clipsearch_status status = convert(&c, from, to);
    cs_weights_close(&c.weights);
    cs_model_dir_free(&c.dir);
    cs_convert_plan_free(&c.plan);
    cs_free(c.floats);
    cs_free(c.narrow);
    return status;
}
