/* SPDX-License-Identifier: MIT
 * embed.c - clipsearch embed: texts and pictures to vectors. */
#include "cli/command.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/mem.h"
#include "output/atomic_out.h"
#include "cli/inputs.h"
#include "models/models.h"
#include "output/npy.h"
#include "config/settings.h"
#include "config/words.h"

#include <string.h>

enum {
    DEFAULT_BATCH = 32,
    WORTH_PACKING = 64 /* pictures from which packing the weights pays for itself */
};

typedef struct embed {
    const cs_args *args;
    cs_settings settings;
    cs_inputs inputs;
    clipsearch_encoder *encoder;
    clipsearch_session *session;
    size_t batch, dim;
    cs_out out;
    bool npy, ignore_exif;
    /* of one batch */
    float *vectors;           /* [batch, dim] */
    const char **texts;       /* [batch] */
    clipsearch_image *images; /* [batch] */
} embed;

static int open_all(embed *e)
{
    clipsearch_error err;
    unsigned towers = 0;
    size_t pictures = 0;
    for (size_t i = 0; i < e->inputs.count; i++) {
        towers |= e->inputs.items[i].is_image ? CLIPSEARCH_IMAGE_TOWER : CLIPSEARCH_TEXT_TOWER;
        pictures += e->inputs.items[i].is_image;
    }
    clipsearch_status status = cs_model_open(&e->settings, NULL, towers, pictures >= WORTH_PACKING, &e->encoder, &err);
    clipsearch_session_options options;
    clipsearch_session_options_init(&options);
    options.threads = (unsigned)e->settings.threads;
    e->batch = e->args->batch.given ? e->args->batch.value : DEFAULT_BATCH;
    e->batch = e->batch > e->inputs.count ? e->inputs.count : e->batch;
    options.max_batch = e->batch;
    e->ignore_exif = e->args->exif && cs_word_index(e->args->exif, cs_exif_words) == 1;
    if (e->args->overflow)
        options.overflow = (clipsearch_overflow)cs_word_index(e->args->overflow, cs_overflow_words);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_session_open(e->encoder, &options, &e->session, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_MODEL);
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(e->encoder, &info, NULL);
    e->dim = info.dim;
    e->vectors = cs_alloc_array(e->batch, e->dim * sizeof *e->vectors);
    e->texts = cs_zalloc_array(e->batch, sizeof *e->texts);
    e->images = cs_zalloc_array(e->batch, sizeof *e->images);
    if (!e->vectors || !e->texts || !e->images)
        return cs_report_memory();
    status = cs_out_open(e->args->output, &e->out, &err);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report(&err, CS_STAGE_INPUT);
}

/* Encode the `count` inputs at `items`, all texts or all pictures. */
static clipsearch_status encode(embed *e, const cs_word *items, size_t count, clipsearch_error *err)
{
    if (!items[0].is_image) {
        for (size_t i = 0; i < count; i++)
            e->texts[i] = items[i].text;
        return clipsearch_encode_texts(e->session, e->texts, count, e->vectors, err);
    }
    clipsearch_image_options how;
    clipsearch_image_options_init(&how);
    how.ignore_exif = e->ignore_exif;
    clipsearch_status status = CLIPSEARCH_OK;
    size_t loaded = 0;
    while (loaded < count && status == CLIPSEARCH_OK) {
        status = clipsearch_image_load(items[loaded].text, &how, &e->images[loaded], err);
        loaded += status == CLIPSEARCH_OK;
    }
    if (status == CLIPSEARCH_OK)
        status = clipsearch_encode_images(e->session, e->images, count, e->vectors, err);
    while (loaded)
        clipsearch_image_free(&e->images[--loaded]);
    return status;
}

static clipsearch_status write_vectors(embed *e, const cs_word *items, size_t count, clipsearch_error *err)
{
    if (e->npy) {
        fwrite(e->vectors, sizeof *e->vectors, count * e->dim, e->out.stream);
        return CLIPSEARCH_OK;
    }
    cs_buf line = cs_buf_make(SIZE_MAX / 2);
    for (size_t i = 0; i < count; i++) {
        cs_buf_puts(&line, items[i].is_image ? "{\"image\":" : "{\"text\":");
        cs_json_put_string(&line, items[i].text, strlen(items[i].text));
        for (size_t d = 0; d < e->dim; d++) {
            cs_buf_puts(&line, d ? "," : ",\"vector\":[");
            cs_put_float(&line, e->vectors[i * e->dim + d]);
        }
        cs_buf_puts(&line, "]}\n");
    }
    bool failed = line.failed;
    if (!failed)
        fwrite(line.data, 1, line.len, e->out.stream);
    cs_buf_free(&line);
    return failed ? cs_fail_memory(err, "the output") : CLIPSEARCH_OK;
}

static clipsearch_status write_header(embed *e, clipsearch_error *err)
{
    cs_buf header = cs_buf_make(1024);
    cs_npy_put_header(&header, e->inputs.count, e->dim);
    bool failed = header.failed;
    if (!failed)
        fwrite(header.data, 1, header.len, e->out.stream);
    cs_buf_free(&header);
    return failed ? cs_fail_memory(err, "the output") : CLIPSEARCH_OK;
}

static int run(embed *e)
{
    clipsearch_error err;
    clipsearch_status status = e->npy ? write_header(e, &err) : CLIPSEARCH_OK;
    for (size_t at = 0, count; at < e->inputs.count && status == CLIPSEARCH_OK; at += count) {
        const cs_word *items = e->inputs.items + at;
        count = 1;
        while (count < e->batch && at + count < e->inputs.count && items[count].is_image == items[0].is_image)
            count++;
        status = encode(e, items, count, &err);
        if (status == CLIPSEARCH_OK)
            status = write_vectors(e, items, count, &err);
        if (ferror(e->out.stream))
            break; /* the end says why; going on would be for nothing */
    }
    if (status == CLIPSEARCH_OK)
        status = cs_out_finish(&e->out, &err);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report(&err, CS_STAGE_INPUT);
}

int cs_command_embed(const cs_args *args)
{
    clipsearch_error err;
    embed e = {.args = args, .npy = args->format && strcmp(args->format, "npy") == 0};
    int code = CS_EXIT_FOUND;
    if (cs_settings_load(args, NULL, &e.settings, &err) != CLIPSEARCH_OK)
        code = cs_report_settings(&err);
    else if (cs_inputs_read(args, &e.inputs, &err) != CLIPSEARCH_OK)
        code = cs_report(&err, CS_STAGE_INPUT);
    else if (!e.inputs.count)
        code = args->list || args->images_from
                   ? CS_EXIT_NOTHING
                   : cs_usage(CS_EMBED, "embed what? Give texts in quotes, --image FILE, --list or --images-from");
    if (code == CS_EXIT_FOUND)
        code = open_all(&e);
    if (code == CS_EXIT_FOUND)
        code = run(&e);
    cs_out_drop(&e.out);
    cs_free(e.vectors);
    cs_free(e.texts);
    cs_free(e.images);
    clipsearch_session_close(&e.session);
    clipsearch_encoder_close(&e.encoder);
    cs_inputs_free(&e.inputs);
    cs_settings_free(&e.settings);
    return code;
}
