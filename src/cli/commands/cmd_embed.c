/* SPDX-License-Identifier: MIT
 * cmd_embed.c - clipsearch embed: texts and images to vectors. */
#include "cli/command.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/commands/open.h"
#include "cli/image_input.h"
#include "cli/output/output_file.h"
#include "cli/output/write_out.h"
#include "cli/image_flags.h"
#include "cli/input_list.h"
#include "exchange/npy.h"
#include "config/names.h"

#include <math.h>
#include <string.h>

enum {
    DEFAULT_BATCH = 32,
    MIN_PACKED = 64 /* images from which packing the weights pays off */
};

typedef struct embed {
    const cs_args *args;
    cs_settings settings;
    cs_input_list inputs;
    clipsearch_encoder *encoder;
    clipsearch_session *session;
    size_t batch, dim;
    cs_output_file out;
    bool npy;
    size_t written; /* inputs that have a vector in the output */
    int code;       /* CS_EXIT_FOUND, or the exit status that the first bad image calls for */
    /* for one batch */
    float *vectors;           /* [batch, dim], of the good inputs */
    char **reasons;           /* [batch] why an image is bad, owned; NULL: the input is good */
    const char **texts;       /* [batch] */
    clipsearch_image *images; /* [batch] */
} embed;

static int open_encoder(embed *e)
{
    clipsearch_error err;
    unsigned towers = 0;
    size_t images = 0;
    for (size_t i = 0; i < e->inputs.count; i++) {
        towers |= e->inputs.items[i].is_image ? CLIPSEARCH_IMAGE_TOWER : CLIPSEARCH_TEXT_TOWER;
        images += e->inputs.items[i].is_image;
    }
    int code = cs_open_model(&e->settings, NULL, towers, images >= MIN_PACKED, &e->encoder);
    if (code != CS_EXIT_FOUND)
        return code;
    clipsearch_session_options options;
    clipsearch_session_options_init(&options);
    options.threads = (unsigned)e->settings.threads;
    e->batch = e->args->batch.given ? e->args->batch.value : DEFAULT_BATCH;
    e->batch = e->batch > e->inputs.count ? e->inputs.count : e->batch;
    options.max_batch = e->batch;
    if (e->args->overflow)
        options.overflow = (clipsearch_overflow)cs_name_index(e->args->overflow, cs_overflow_names);
    clipsearch_status status = clipsearch_session_open(e->encoder, &options, &e->session, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_MODEL);
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(e->encoder, &info, NULL);
    e->dim = info.dim;
    e->vectors = cs_alloc_array(e->batch, e->dim * sizeof *e->vectors);
    e->texts = cs_zalloc_array(e->batch, sizeof *e->texts);
    e->images = cs_zalloc_array(e->batch, sizeof *e->images);
    e->reasons = cs_zalloc_array(e->batch, sizeof *e->reasons);
    if (!e->reasons || !e->vectors || !e->texts || !e->images)
        return cs_report_memory();
    status = cs_output_file_open(e->args->output, &e->out, &err);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_error(&err, CS_STAGE_INPUT);
}

/* Load the images of a batch; those that cannot be loaded are reported and get a reason. *loaded receives how many
 * lie in e->images. */
static clipsearch_status load_images(embed *e, const cs_operand *items, size_t count, size_t *loaded,
                                     clipsearch_error *err)
{
    clipsearch_image_options load;
    clipsearch_image_options_init(&load);
    cs_apply_image_flags(e->args, &load);
    for (size_t i = 0; i < count; i++) {
        clipsearch_status status = cs_load_image(items[i].text, &load, &e->images[*loaded], err);
        if (status == CLIPSEARCH_OK) {
            ++*loaded;
            continue;
        }
        if (cs_is_machine_error(err) || cs_exit_code(status, CS_STAGE_INPUT) != CS_EXIT_FILE)
            return status; /* the image may be good */
        if (!(e->reasons[i] = cs_strdup(err->message)))
            return cs_fail_memory(err, items[i].text);
        int code = cs_report_error(err, CS_STAGE_INPUT);
        e->code = e->code == CS_EXIT_FOUND ? code : e->code;
    }
    return CLIPSEARCH_OK;
}

/* Refuse vectors that are no numbers: `items` are the inputs of the batch, of which the good ones have vectors. */
static clipsearch_status check_vectors(const embed *e, const cs_operand *items, size_t count, clipsearch_error *err)
{
    const float *at = e->vectors;
    for (size_t i = 0; i < count; i++) {
        if (e->reasons[i])
            continue;
        for (size_t d = 0; d < e->dim; d++, at++)
            if (!isfinite(*at)) {
                clipsearch_encoder_info info;
                clipsearch_encoder_info_init(&info);
                clipsearch_encoder_describe(e->encoder, &info, NULL);
                return cs_fail(err, CLIPSEARCH_E_MODEL,
                               "%s: the model %s makes a vector of it that is not finite (element %zu); the model's "
                               "weights may be damaged",
                               items[i].text, info.path, d);
            }
    }
    return CLIPSEARCH_OK;
}

/* Encode the `count` inputs at `items`, all texts or all images. */
static clipsearch_status encode(embed *e, const cs_operand *items, size_t count, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (items[0].is_image) {
        size_t loaded = 0;
        status = load_images(e, items, count, &loaded, err);
        if (status == CLIPSEARCH_OK && loaded)
            status = clipsearch_encode_images(e->session, e->images, loaded, e->vectors, err);
        while (loaded)
            clipsearch_image_free(&e->images[--loaded]);
    } else {
        for (size_t i = 0; i < count; i++)
            e->texts[i] = items[i].text;
        status = clipsearch_encode_texts(e->session, e->texts, count, e->vectors, err);
    }
    return status == CLIPSEARCH_OK ? check_vectors(e, items, count, err) : status;
}

/* Append one input as a line of JSON: its vector, or with `vector` NULL the reason why it has none. */
static void put_line(cs_buf *line, const cs_operand *item, const float *vector, size_t dim, const char *reason)
{
    cs_buf_puts(line, item->is_image ? "{\"image\":" : "{\"text\":");
    cs_json_put_string(line, item->text, strlen(item->text));
    if (!vector) {
        cs_buf_puts(line, ",\"error\":");
        cs_json_put_string(line, reason, strlen(reason));
        cs_buf_puts(line, "}\n");
        return;
    }
    for (size_t d = 0; d < dim; d++) {
        cs_buf_puts(line, d ? "," : ",\"vector\":[");
        cs_put_float(line, vector[d]);
    }
    cs_buf_puts(line, "]}\n");
}

/* Append one input as a row of a NumPy file; without a vector all its elements are NaN. */
static void put_row(cs_buf *row, const float *vector, size_t dim)
{
    const float none = NAN;
    if (vector)
        cs_buf_append(row, vector, dim * sizeof *vector);
    for (size_t d = 0; !vector && d < dim; d++)
        cs_buf_append(row, &none, sizeof none);
}

/* Every input has its line or row, so that line and row n belong to input n. */
static clipsearch_status write_vectors(embed *e, const cs_operand *items, size_t count, clipsearch_error *err)
{
    cs_buf out = cs_buf_make(SIZE_MAX / 2);
    const float *next = e->vectors;
    for (size_t i = 0; i < count; i++) {
        const float *vector = e->reasons[i] ? NULL : next;
        if (e->npy)
            put_row(&out, vector, e->dim);
        else
            put_line(&out, &items[i], vector, e->dim, e->reasons[i]);
        next += vector ? e->dim : 0;
        e->written += vector != NULL;
        cs_free(e->reasons[i]);
        e->reasons[i] = NULL;
    }
    bool failed = out.failed;
    if (!failed)
        cs_write_out(out.data, out.len, e->out.stream);
    cs_buf_free(&out);
    return failed ? cs_fail_memory(err, "the output") : CLIPSEARCH_OK;
}

static clipsearch_status write_header(embed *e, clipsearch_error *err)
{
    cs_buf header = cs_buf_make(1024);
    cs_npy_put_header(&header, e->inputs.count, e->dim, false);
    bool failed = header.failed;
    if (!failed)
        cs_write_out(header.data, header.len, e->out.stream);
    cs_buf_free(&header);
    return failed ? cs_fail_memory(err, "the output") : CLIPSEARCH_OK;
}

static int encode_all(embed *e)
{
    clipsearch_error err;
    cs_advice advice = CS_ADVICE_NONE;
    clipsearch_status status = e->npy ? write_header(e, &err) : CLIPSEARCH_OK;
    for (size_t at = 0, count; at < e->inputs.count && status == CLIPSEARCH_OK; at += count) {
        const cs_operand *items = e->inputs.items + at;
        count = 1;
        while (count < e->batch && at + count < e->inputs.count && items[count].is_image == items[0].is_image)
            count++;
        status = encode(e, items, count, &err);
        if (status == CLIPSEARCH_E_LIMIT && !items[0].is_image)
            advice = CS_ADVICE_TRUNCATE;
        if (status == CLIPSEARCH_OK)
            status = write_vectors(e, items, count, &err);
        if (ferror(e->out.stream))
            break; /* closing the file reports why */
    }
    if (status == CLIPSEARCH_OK && e->written) /* an older file is not replaced by one without any vector */
        status = cs_output_file_commit(&e->out, &err);
    return status == CLIPSEARCH_OK ? e->code : cs_report_with_advice(&err, CS_STAGE_INPUT, advice, &e->settings, NULL);
}

int cs_command_embed(const cs_args *args)
{
    clipsearch_error err;
    embed e = {.args = args, .npy = args->format && strcmp(args->format, "npy") == 0};
    int code = cs_load_settings_without_token(args, &e.settings);
    if (code == CS_EXIT_FOUND && cs_read_inputs(args, &e.inputs, &err) != CLIPSEARCH_OK)
        code = cs_report_error(&err, CS_STAGE_INPUT);
    else if (code == CS_EXIT_FOUND && !e.inputs.count)
        code =
            args->list || args->images_from
                ? CS_EXIT_NOTHING
                : cs_report_usage(CS_EMBED, "nothing to embed was given; give texts in quotes, --image FILE, --list or "
                                            "--images-from");
    if (code == CS_EXIT_FOUND)
        code = open_encoder(&e);
    if (code == CS_EXIT_FOUND)
        code = encode_all(&e);
    cs_output_file_discard(&e.out);
    cs_free(e.vectors);
    cs_free(e.texts);
    cs_free(e.images);
    for (size_t i = 0; e.reasons && i < e.batch; i++)
        cs_free(e.reasons[i]);
    cs_free(e.reasons);
    clipsearch_session_close(&e.session);
    clipsearch_encoder_close(&e.encoder);
    cs_free_inputs(&e.inputs);
    cs_settings_free(&e.settings);
    return code;
}
