/* SPDX-License-Identifier: MIT
 * model_info.c - clipsearch model info: the contents of a model or weight file, and the memory it needs. */
#include "cli/command.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/commands/model_actions.h"
#include "cli/commands/open.h"
#include "cli/output/message.h"
#include "cli/output/print.h"
#include "cli/output/units.h"
#include "config/names.h"
#include "models/file_digest.h"

#include <inttypes.h>
#include <string.h>

enum { DEFAULT_BATCH = 32, MAX_TYPES = 24 };

typedef struct model_info {
    const cs_args *args;
    clipsearch_encoder *encoder; /* NULL: this build knows no encoder of this kind */
    clipsearch_encoder_info of;
    clipsearch_memory memory;
    clipsearch_error why; /* of `encoder` NULL */
    const char *file;     /* the weights */
    clipsearch_weights_info weights;
    cs_file_digest digest;
    struct {
        char name[16];
        uint64_t count;
    } types[MAX_TYPES];
    size_t type_count;
    cs_buf tensors; /* the text that will be printed */
} model_info;

static void count_type(model_info *in, const char *type)
{
    size_t i = 0;
    while (i < in->type_count && strcmp(in->types[i].name, type) != 0)
        i++;
    if (i == MAX_TYPES)
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

/* Open `path` with all the towers it has. */
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
    clipsearch_encoder_describe(in->encoder, &in->of, NULL);
    clipsearch_session_options_init(&session);
    session.max_batch = in->args->batch.given ? in->args->batch.value : DEFAULT_BATCH;
    session.threads = in->args->threads.given ? (unsigned)in->args->threads.value : 0;
    if (clipsearch_encoder_memory(in->encoder, &session, &in->memory, &err) != CLIPSEARCH_OK)
        cs_print_message("%s", err.message);
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
    cs_buf_printf(buf, "\n  encoder    %s, %s, vectors of %zu numbers%s, metric %s\n", of->architecture,
                  tower_text(of->towers), of->dim, of->normalized ? " of length 1" : "", cs_metric_names[of->metric]);
    cs_buf_printf(buf, "  images     %s\n", of->preprocessing);
    if (of->towers & CLIPSEARCH_TEXT_TOWER)
        cs_buf_printf(buf, "  texts      up to %zu tokens of %s\n", of->context_length,
                      cs_format_count(of->vocabulary, vocabulary));
    if (of->logit_scale > 0)
        cs_buf_printf(buf, "  logits     %g times the cosine\n", (double)of->logit_scale);
    cs_buf_printf(buf, "  identity   %s\n", of->fingerprint);
    cs_buf_printf(buf, "  memory     %s mapped, %s for packed weights, %s for batches of %zu\n",
                  cs_format_bytes(in->memory.mapped, mapped), cs_format_bytes(in->memory.packed, packed),
                  cs_format_bytes(in->memory.session, session),
                  in->args->batch.given ? in->args->batch.value : (size_t)DEFAULT_BATCH);
}

static void put_text(const model_info *in, cs_buf *buf)
{
    char bytes[32], parameters[27], count[27];
    if (in->encoder)
        put_encoder_text(in, buf);
    else
        cs_buf_puts(buf, "not a known kind of encoder\n");
    cs_buf_puts(buf, "weights      ");
    cs_put_printable(buf, in->file);
    cs_buf_printf(buf, "\n  file       %s, %s\n  SHA-256    %s\n  numbers    %s\n", in->weights.container,
                  cs_format_bytes(in->weights.bytes, bytes), in->digest.sha256,
                  cs_format_count(in->weights.parameters, parameters));
    cs_buf_printf(buf, "tensors      %s:", cs_format_count(in->weights.tensors, count));
    for (size_t i = 0; i < in->type_count; i++)
        cs_buf_printf(buf, "%s %" PRIu64 " %s", i ? "," : "", in->types[i].count, in->types[i].name);
    cs_buf_putc(buf, '\n');
    cs_buf_append(buf, in->tensors.data ? in->tensors.data : "", in->tensors.len);
}

static void put_encoder_json(const model_info *in, cs_buf *buf)
{
    const unsigned both = CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER, towers = in->of.towers;
    cs_buf_putc(buf, '{');
    cs_put_encoder_json(buf, &in->of);
    cs_buf_printf(buf, ",\"normalized\":%s,\"towers\":[%s%s%s]", in->of.normalized ? "true" : "false",
                  towers & CLIPSEARCH_IMAGE_TOWER ? "\"image\"" : "", towers == both ? "," : "",
                  towers & CLIPSEARCH_TEXT_TOWER ? "\"text\"" : "");
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
    cs_buf_puts(buf, ",\n \"weights\":{");
    cs_put_member(buf, "path", in->file);
    cs_buf_putc(buf, ',');
    cs_put_member(buf, "container", in->weights.container);
    cs_buf_putc(buf, ',');
    cs_put_member(buf, "sha256", in->digest.sha256);
    cs_buf_printf(buf, ",\"bytes\":%" PRIu64 ",\"parameters\":%" PRIu64 ",\n  \"tensors\":[", in->weights.bytes,
                  in->weights.parameters);
    cs_buf_append(buf, in->tensors.data ? in->tensors.data : "", in->tensors.len);
    cs_buf_puts(buf, "]}}\n");
}

static int print_info(model_info *in)
{
    clipsearch_error err;
    clipsearch_status status = clipsearch_weights_walk(in->file, on_tensor, in, &in->weights, &err);
    if (status == CLIPSEARCH_OK)
        status = cs_file_digest_read(in->file, CS_DIGEST_SHA256, NULL, NULL, &in->digest, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_MODEL);
    cs_buf buf = cs_buf_make(256 << 20);
    (in->args->json ? put_json : put_text)(in, &buf);
    buf.failed = buf.failed || in->tensors.failed;
    return cs_print_buf(&buf, stdout, &err) == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_memory();
}

/* Whether `path` is a file that exists. */
static bool is_file(const char *path)
{
    cs_file_info info;
    return cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK && !info.is_directory;
}

int cs_command_model_info(const cs_args *args, const char *const *operands, size_t count)
{
    (void)count;
    cs_settings settings;
    cs_model_location location = {0};
    model_info in = {.args = args, .tensors = cs_buf_make(256 << 20)};
    clipsearch_encoder_info_init(&in.of);
    clipsearch_memory_init(&in.memory);
    clipsearch_weights_info_init(&in.weights);
    int code = cs_load_settings_without_token(args, &settings);
    const char *model = operands[0];
    const bool file = code == CS_EXIT_FOUND && is_file(model);
    if (code == CS_EXIT_FOUND && !file)
        code = cs_find_model(model, &location);
    if (code == CS_EXIT_FOUND) {
        open_encoder(&in, file ? model : location.directory, file ? NULL : location.name);
        in.file = in.file ? in.file : file ? model : NULL;
        code = in.file ? print_info(&in) : cs_report_error(&in.why, CS_STAGE_MODEL);
    }
    clipsearch_encoder_close(&in.encoder);
    cs_buf_free(&in.tensors);
    cs_model_location_free(&location);
    cs_settings_free(&settings);
    return code;
}
