/* SPDX-License-Identifier: MIT
 * model_info.c - clipsearch model info: a model or a weight file, what is in it and what it takes. */
#include "cli/command.h"

#include "base/decimal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "models/file_digest.h"
#include "cli/commands/model_actions.h"
#include "models/models.h"
#include "cli/output/say.h"
#include "config/settings.h"
#include "config/words.h"

#include <inttypes.h>
#include <string.h>

enum { DEFAULT_BATCH = 32, MOST_TYPES = 24 };

/* What is being told. */
typedef struct model_info {
    const cs_args *args;
    clipsearch_encoder *encoder; /* NULL: no encoder that this build knows */
    clipsearch_encoder_info of;
    clipsearch_memory memory;
    clipsearch_error why; /* there is no encoder */
    const char *file;     /* the weights */
    clipsearch_weights_info weights;
    cs_file_digest digest;
    struct {
        char name[16];
        uint64_t count;
    } types[MOST_TYPES];
    size_t type_count;
    cs_buf tensors; /* as they will be printed */
} model_info;

static void count_type(model_info *in, const char *type)
{
    size_t i = 0;
    while (i < in->type_count && strcmp(in->types[i].name, type) != 0)
        i++;
    if (i == MOST_TYPES)
        return;
    if (i == in->type_count)
        snprintf(in->types[in->type_count++].name, sizeof in->types->name, "%s", type);
    in->types[i].count++;
}

static bool on_tensor(void *context, const clipsearch_tensor *tensor)
{
    model_info *in = context;
    cs_buf *buf = &in->tensors;
    bool json = in->args->json;
    count_type(in, tensor->type);
    if (json) {
        cs_buf_puts(buf, buf->len ? ",\n   {\"name\":" : "\n   {\"name\":");
        cs_json_put_string(buf, tensor->name, strlen(tensor->name));
        cs_buf_printf(buf, ",\"type\":\"%s\",\"shape\":[", tensor->type);
    } else {
        cs_buf_puts(buf, "  ");
        cs_put_printable(buf, tensor->name);
        cs_buf_printf(buf, "  %s [", tensor->type);
    }
    for (size_t i = 0; i < tensor->rank; i++)
        cs_buf_printf(buf, i ? "%s%zu" : "%.0s%zu", json ? "," : ", ", tensor->shape[i]);
    cs_buf_puts(buf, "]");
    if (json)
        cs_buf_printf(buf, ",\"bytes\":%" PRIu64 "}", tensor->bytes);
    else
        cs_buf_putc(buf, '\n');
    return !buf->failed;
}

/* Open `path` with as many towers as it has. */
static void open_encoder(model_info *in, const char *path, const char *name)
{
    static const unsigned towers[] = {CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER, CLIPSEARCH_IMAGE_TOWER,
                                      CLIPSEARCH_TEXT_TOWER};
    clipsearch_encoder_options options;
    clipsearch_session_options session;
    clipsearch_error err;
    clipsearch_encoder_options_init(&options);
    options.name = name;
    for (size_t i = 0; i < 3 && !in->encoder; i++) {
        options.towers = towers[i];
        clipsearch_status status = clipsearch_encoder_open(path, &options, &in->encoder, i ? &err : &in->why);
        /* that a file cannot be read does not mean that the model has no such tower */
        if (status == CLIPSEARCH_E_MEMORY || status == CLIPSEARCH_E_IO)
            return;
    }
    if (!in->encoder)
        return;
    clipsearch_encoder_describe(in->encoder, &in->of);
    clipsearch_session_options_init(&session);
    session.max_batch = in->args->batch.given ? in->args->batch.value : DEFAULT_BATCH;
    session.threads = in->args->threads.given ? (unsigned)in->args->threads.value : 0;
    if (clipsearch_encoder_memory(in->encoder, &session, &in->memory, &err) != CLIPSEARCH_OK)
        cs_say("%s", err.message);
    in->file = in->of.weights;
}

static const char *tower_text(unsigned towers)
{
    return towers == CLIPSEARCH_IMAGE_TOWER  ? "image tower"
           : towers == CLIPSEARCH_TEXT_TOWER ? "text tower"
                                             : "image and text tower";
}

static void put_encoder_text(const model_info *in, cs_buf *buf)
{
    char mapped[32], packed[32], session[32], vocabulary[27];
    const clipsearch_encoder_info *of = &in->of;
    cs_buf_puts(buf, "model        ");
    cs_put_printable(buf, of->name);
    cs_buf_printf(buf, "\n  encoder    %s, %s, vectors of %zu numbers%s, compared by %s\n", of->architecture,
                  tower_text(of->towers), of->dim, of->normalized ? " of length 1" : "", cs_metric_words[of->metric]);
    cs_buf_printf(buf, "  pictures   %s\n", of->preprocessing);
    if (of->towers & CLIPSEARCH_TEXT_TOWER)
        cs_buf_printf(buf, "  texts      up to %zu tokens of %s\n", of->context_length,
                      cs_grouped(of->vocabulary, vocabulary));
    if (of->logit_scale > 0)
        cs_buf_printf(buf, "  logits     %g times the cosine\n", (double)of->logit_scale);
    cs_buf_printf(buf, "  identity   %s\n", of->fingerprint);
    cs_buf_printf(buf, "  memory     %s mapped, %s for packed weights, %s for batches of %zu\n",
                  cs_byte_words(in->memory.mapped, mapped), cs_byte_words(in->memory.packed, packed),
                  cs_byte_words(in->memory.session, session),
                  in->args->batch.given ? in->args->batch.value : (size_t)DEFAULT_BATCH);
}

static void put_text(const model_info *in, cs_buf *buf)
{
    char bytes[32], parameters[27], count[27];
    if (in->encoder)
        put_encoder_text(in, buf);
    else
        cs_buf_puts(buf, "no encoder that is known here\n");
    cs_buf_puts(buf, "weights      ");
    cs_put_printable(buf, in->file);
    cs_buf_printf(buf, "\n  file       %s, %s\n  SHA-256    %s\n  numbers    %s\n", in->weights.container,
                  cs_byte_words(in->weights.bytes, bytes), in->digest.sha256,
                  cs_grouped(in->weights.parameters, parameters));
    cs_buf_printf(buf, "tensors      %s:", cs_grouped(in->weights.tensors, count));
    for (size_t i = 0; i < in->type_count; i++)
        cs_buf_printf(buf, "%s %" PRIu64 " %s", i ? "," : "", in->types[i].count, in->types[i].name);
    cs_buf_putc(buf, '\n');
    cs_buf_append(buf, in->tensors.data ? in->tensors.data : "", in->tensors.len);
}

static void put_member(cs_buf *buf, const char *before, const char *key, const char *text)
{
    cs_buf_printf(buf, "%s\"%s\":", before, key);
    cs_json_put_string(buf, text, strlen(text));
}

static void put_encoder_json(const model_info *in, cs_buf *buf)
{
    const clipsearch_encoder_info *of = &in->of;
    put_member(buf, "{", "name", of->name);
    put_member(buf, ",", "path", of->path);
    put_member(buf, ",", "architecture", of->architecture);
    put_member(buf, ",", "metric", cs_metric_words[of->metric]);
    cs_buf_printf(buf, ",\"normalized\":%s", of->normalized ? "true" : "false");
    cs_buf_printf(buf, ",\"towers\":[%s%s%s]", of->towers & CLIPSEARCH_IMAGE_TOWER ? "\"image\"" : "",
                  of->towers == (CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER) ? "," : "",
                  of->towers & CLIPSEARCH_TEXT_TOWER ? "\"text\"" : "");
    put_member(buf, ",", "fingerprint", of->fingerprint);
    put_member(buf, ",", "preprocessing", of->preprocessing);
    cs_buf_printf(buf,
                  ",\"dim\":%zu,\"image_size\":%zu,\"context_length\":%zu,\"vocabulary\":%zu,\"logit_scale\":", of->dim,
                  of->image_size, of->context_length, of->vocabulary);
    cs_put_double(buf, (double)of->logit_scale);
    cs_buf_printf(buf, ",\n  \"memory\":{\"mapped\":%" PRIu64 ",\"packed\":%" PRIu64 ",\"session\":%" PRIu64 "}}",
                  in->memory.mapped, in->memory.packed, in->memory.session);
}

static void put_json(const model_info *in, cs_buf *buf)
{
    cs_buf_puts(buf, "{\"encoder\":");
    if (in->encoder)
        put_encoder_json(in, buf);
    else
        cs_buf_puts(buf, "null");
    put_member(buf, ",\n \"weights\":{", "path", in->file);
    put_member(buf, ",", "container", in->weights.container);
    put_member(buf, ",", "sha256", in->digest.sha256);
    cs_buf_printf(buf, ",\"bytes\":%" PRIu64 ",\"parameters\":%" PRIu64 ",\n  \"tensors\":[", in->weights.bytes,
                  in->weights.parameters);
    cs_buf_append(buf, in->tensors.data ? in->tensors.data : "", in->tensors.len);
    cs_buf_puts(buf, "]}}\n");
}

static int tell(model_info *in)
{
    clipsearch_error err;
    clipsearch_status status = clipsearch_weights_walk(in->file, on_tensor, in, &in->weights, &err);
    if (status == CLIPSEARCH_OK)
        status = cs_file_digest_read(in->file, CS_DIGEST_SHA256, NULL, NULL, &in->digest, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_MODEL);
    cs_buf buf = cs_buf_make(256 << 20);
    if (in->args->json)
        put_json(in, &buf);
    else
        put_text(in, &buf);
    int code = buf.failed || in->tensors.failed ? cs_report_memory() : CS_EXIT_FOUND;
    if (code == CS_EXIT_FOUND)
        fwrite(buf.data, 1, buf.len, stdout);
    cs_buf_free(&buf);
    return code;
}

/* Whether `word` is a file that exists. */
static bool is_file(const char *word)
{
    cs_file_info info;
    return cs_file_stat(word, &info, NULL) == CLIPSEARCH_OK && !info.is_directory;
}

int cs_command_model_info(const cs_args *args, const char *const *words, size_t count)
{
    (void)count;
    clipsearch_error err;
    cs_settings settings;
    cs_model_place place = {0};
    model_info in = {.args = args, .tensors = cs_buf_make(256 << 20)};
    int code = CS_EXIT_FOUND;
    if (cs_settings_load(args, NULL, &settings, &err) != CLIPSEARCH_OK)
        code = cs_report_settings(&err);
    bool file = code == CS_EXIT_FOUND && is_file(words[0]);
    if (code == CS_EXIT_FOUND && !file && cs_model_find(words[0], &place, &err) != CLIPSEARCH_OK)
        code = cs_report(&err, CS_STAGE_MODEL);
    if (code == CS_EXIT_FOUND) {
        open_encoder(&in, file ? words[0] : place.directory, file ? NULL : place.name);
        in.file = in.file ? in.file : file ? words[0] : NULL;
        code = in.file ? tell(&in) : cs_report(&in.why, CS_STAGE_MODEL);
    }
    clipsearch_encoder_close(&in.encoder);
    cs_buf_free(&in.tensors);
    cs_model_place_free(&place);
    cs_settings_free(&settings);
    return code;
}
