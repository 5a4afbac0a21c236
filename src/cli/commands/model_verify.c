/* SPDX-License-Identifier: MIT
 * model_verify.c - clipsearch model verify: are the files the published ones, and does the model give the published
 * values? */
#include "cli/command.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "models/file_digest.h"
#include "cli/commands/model_actions.h"
#include "models/models.h"
#include "cli/output/say.h"
#include "config/settings.h"
#include "cli/signals.h"

#include <math.h>
#include <string.h>

typedef enum verdict { OK, WRONG, UNCHECKED } verdict;

/* A verification under way. */
typedef struct verification {
    const cs_args *args;
    const cs_known_model *model;
    const char *directory;
    size_t threads;
    size_t counts[3]; /* by verdict */
    cs_buf out;
    bool stopped;
} verification;

/* A line, or an element of the JSON list. */
static void tell(verification *v, verdict is, const char *what, const char *words)
{
    static const char *const json_words[] = {"ok", "wrong", "unchecked"}, *const text_words[] = {"ok     ", "WRONG  ",
                                                                                                 "skipped"};
    size_t told = v->counts[OK] + v->counts[WRONG] + v->counts[UNCHECKED];
    if (v->args->json) {
        cs_buf_printf(&v->out, "%s{\"verdict\":\"%s\",\"what\":", told ? ",\n  " : "\n  ", json_words[is]);
        cs_json_put_string(&v->out, what, strlen(what));
        cs_buf_puts(&v->out, ",\"words\":");
        cs_json_put_string(&v->out, words, strlen(words));
        cs_buf_putc(&v->out, '}');
    } else {
        cs_buf_printf(&v->out, "%s  ", text_words[is]);
        cs_put_printable(&v->out, what);
        cs_buf_puts(&v->out, ": ");
        cs_put_printable(&v->out, words);
        cs_buf_putc(&v->out, '\n');
    }
    v->counts[is]++;
}

static bool on_hash(void *context, uint64_t done, uint64_t total)
{
    (void)context, (void)done, (void)total;
    return cs_signals_caught() == 0;
}

/* ---------------------------------------------------------------- files */

/* A file that this program wrote itself, by what it holds. */
static void verify_content(verification *v, const cs_known_file *file, const char *path)
{
    cs_buf text = cs_buf_make(1 << 20);
    size_t n = strlen(file->content);
    bool same = cs_file_read(path, &text, NULL, NULL) == CLIPSEARCH_OK && text.len == n + 1 &&
                memcmp(text.data, file->content, n) == 0;
    tell(v, same ? OK : UNCHECKED, file->name,
         same ? "as it is made here" : "made here, and changed since; it is yours to change");
    cs_buf_free(&text);
}

static void verify_file(verification *v, const cs_known_file *file, const char *path)
{
    static const char *const words[] = {[CS_DIGEST_SHA256] = "SHA-256 as published",
                                        [CS_DIGEST_SHA256_BEGIN] = "SHA-256 begins as published",
                                        [CS_DIGEST_MD5] = "MD5 as published"};
    cs_file_digest digest;
    cs_file_info info;
    clipsearch_error err;
    if (cs_file_stat(path, &info, &err) != CLIPSEARCH_OK) {
        tell(v, WRONG, file->name, err.code == CLIPSEARCH_E_NOT_FOUND ? "not there" : err.message);
        return;
    }
    if (file->content) {
        verify_content(v, file, path);
        return;
    }
    clipsearch_status status = cs_file_digest_read(path, file->digest_kind, on_hash, NULL, &digest, &err);
    v->stopped = status == CLIPSEARCH_E_CANCELLED;
    if (status == CLIPSEARCH_OK)
        status = cs_file_digest_check(&digest, file, path, &err);
    if (v->stopped)
        return;
    if (status != CLIPSEARCH_OK)
        tell(v, WRONG, file->name, err.message);
    else if (file->digest_kind == CS_DIGEST_NONE)
        tell(v, UNCHECKED, file->name, "there, but its publisher gives no digest to check it by");
    else
        tell(v, OK, file->name, words[file->digest_kind]);
}

/* ---------------------------------------------------------------- acceptance values */

/* The picture of `acceptance`: one given by that name, or the only one given; else in the model's directory or the
 * working directory. NULL: nowhere. cs_free it. */
static char *find_picture(const verification *v, const cs_acceptance *acceptance)
{
    const cs_texts *given = &v->args->pictures;
    for (size_t i = 0; i < given->count; i++)
        if (strcmp(cs_path_base(given->items[i]), acceptance->image) == 0)
            return cs_strdup(given->items[i]);
    if (given->count == 1 && v->model->acceptance_count == 1)
        return cs_strdup(given->items[0]);
    cs_file_info info;
    char *path = cs_path_join(v->directory, acceptance->image);
    if (path && cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK)
        return path;
    cs_free(path);
    return cs_file_stat(acceptance->image, &info, NULL) == CLIPSEARCH_OK ? cs_strdup(acceptance->image) : NULL;
}

/* Whether the picture is the published one; has told why not. */
static bool is_the_picture(verification *v, const cs_acceptance *acceptance, const char *path)
{
    cs_file_digest digest;
    clipsearch_error err;
    cs_buf words = cs_buf_make(4096);
    bool same = true;
    if (acceptance->image_sha256) {
        same = cs_file_digest_read(path, CS_DIGEST_SHA256, NULL, NULL, &digest, &err) == CLIPSEARCH_OK;
        if (!same) {
            tell(v, UNCHECKED, acceptance->name, err.message);
        } else if (strcmp(digest.sha256, acceptance->image_sha256) != 0) {
            same = false;
            cs_buf_printf(&words, "%s is another picture: its SHA-256 is %.16s..., expected %.16s...", path,
                          digest.sha256, acceptance->image_sha256);
            tell(v, UNCHECKED, acceptance->name, words.data ? words.data : "another picture");
        }
    }
    cs_buf_free(&words);
    return same;
}

/* What the model says of the picture and the texts: logits, or their softmax. `values` [count]. */
static clipsearch_status compute(const verification *v, const cs_acceptance *acceptance, const char *picture,
                                 double *values, clipsearch_error *err)
{
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_session_options options;
    clipsearch_session_options_init(&options);
    options.threads = (unsigned)v->threads;
    clipsearch_status status = clipsearch_encoder_open(v->directory, NULL, &encoder, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_session_open(encoder, &options, &session, err);
    float *vectors = NULL;
    if (status == CLIPSEARCH_OK) {
        clipsearch_encoder_describe(encoder, &info, NULL);
        vectors = cs_alloc_array((acceptance->count + 1) * info.dim, sizeof *vectors);
        status = vectors ? clipsearch_encode_file(session, picture, vectors, err) : cs_fail_memory(err, "vectors");
    }
    if (status == CLIPSEARCH_OK)
        status = clipsearch_encode_texts(session, acceptance->texts, acceptance->count, vectors + info.dim, err);
    double most = -INFINITY, sum = 0;
    for (size_t i = 0; i < acceptance->count && status == CLIPSEARCH_OK; i++) {
        double cosine = 0;
        for (size_t d = 0; d < info.dim; d++)
            cosine += (double)vectors[d] * vectors[(i + 1) * info.dim + d];
        values[i] = (double)info.logit_scale * cosine;
        most = fmax(most, values[i]);
    }
    for (size_t i = 0; i < acceptance->count && acceptance->probabilities; i++)
        sum += values[i] = exp(values[i] - most);
    for (size_t i = 0; i < acceptance->count && acceptance->probabilities; i++)
        values[i] /= sum;
    cs_free(vectors);
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    return status;
}

/* "probabilities 0.9928 0.0042 0.0030, published 0.9928 0.0042 0.0030, at most 0.00002 apart" */
static void judge_values(verification *v, const cs_acceptance *acceptance, const double *values)
{
    cs_buf words = cs_buf_make(1 << 16);
    double apart = 0;
    cs_buf_puts(&words, acceptance->probabilities ? "probabilities" : "logits");
    for (size_t i = 0; i < acceptance->count; i++) {
        cs_buf_printf(&words, " %.4f", values[i]);
        double difference = fabs(values[i] - acceptance->expected[i]);
        apart = difference <= apart ? apart : difference; /* NaN counts */
    }
    cs_buf_puts(&words, ", published");
    for (size_t i = 0; i < acceptance->count; i++)
        cs_buf_printf(&words, " %.4f", acceptance->expected[i]);
    bool ok = apart <= acceptance->tolerance;
    cs_buf_printf(&words, ", at most %.2g apart; %g is allowed", apart, acceptance->tolerance);
    tell(v, ok ? OK : WRONG, acceptance->name, words.data ? words.data : "");
    cs_buf_free(&words);
}

static void verify_acceptance(verification *v, const cs_acceptance *acceptance)
{
    double values[CS_ACCEPTANCE_TEXTS];
    clipsearch_error err;
    char *picture = find_picture(v, acceptance);
    if (!picture) {
        cs_buf words = cs_buf_make(4096);
        cs_buf_printf(&words, "%s is not here; give it with --image FILE%s%s%s", acceptance->image,
                      acceptance->image_source ? " (it is at " : "",
                      acceptance->image_source ? acceptance->image_source : "", acceptance->image_source ? ")" : "");
        tell(v, UNCHECKED, acceptance->name, words.data ? words.data : "no picture");
        cs_buf_free(&words);
    } else if (is_the_picture(v, acceptance, picture)) {
        if (compute(v, acceptance, picture, values, &err) == CLIPSEARCH_OK)
            judge_values(v, acceptance, values);
        else
            tell(v, WRONG, acceptance->name, err.message);
    }
    cs_free(picture);
}

/* ---------------------------------------------------------------- the whole */

static int verify(verification *v)
{
    cs_buf_puts(&v->out, v->args->json ? "{\"model\":" : "");
    if (v->args->json) {
        cs_json_put_string(&v->out, v->model->name, strlen(v->model->name));
        cs_buf_puts(&v->out, ",\"path\":");
        cs_json_put_string(&v->out, v->directory, strlen(v->directory));
        cs_buf_puts(&v->out, ",\"checks\":[");
    }
    for (size_t i = 0; i < v->model->file_count && !v->stopped; i++) {
        char *path = cs_path_join(v->directory, v->model->files[i].name);
        if (path)
            verify_file(v, &v->model->files[i], path);
        else
            v->out.failed = true;
        cs_free(path);
    }
    bool files_wrong = v->counts[WRONG] > 0;
    for (size_t i = 0; i < v->model->acceptance_count && !v->stopped; i++) {
        if (files_wrong)
            tell(v, UNCHECKED, v->model->acceptance[i].name, "these are not the published files");
        else
            verify_acceptance(v, &v->model->acceptance[i]);
        v->stopped = cs_signals_caught() != 0;
    }
    if (!v->model->acceptance_count && !v->stopped)
        tell(v, UNCHECKED, "values", "none were published that could be checked");
    cs_buf_puts(&v->out, v->args->json ? "]}\n" : "");
    if (v->stopped)
        return CS_EXIT_SIGNAL + cs_signals_caught();
    if (v->out.failed)
        return cs_report_memory();
    fwrite(v->out.data, 1, v->out.len, stdout);
    return v->counts[WRONG] ? CS_EXIT_MODEL : v->counts[OK] ? CS_EXIT_FOUND : CS_EXIT_NOTHING;
}

int cs_command_model_verify(const cs_args *args, const char *const *words, size_t count)
{
    clipsearch_error err;
    cs_catalogue catalogue;
    cs_settings settings = {0};
    cs_model_place place = {0};
    verification v = {.args = args, .out = cs_buf_make(16 << 20)};
    int code = cs_model_catalogue(args, &catalogue);
    if (code == CS_EXIT_FOUND && cs_settings_load(args, NULL, &settings, &err) != CLIPSEARCH_OK)
        code = cs_report_settings(&err);
    if (code == CS_EXIT_FOUND && cs_catalogue_find(&catalogue, words[0], &v.model, &err) != CLIPSEARCH_OK)
        code = cs_report(&err, CS_STAGE_MODEL);
    if (code == CS_EXIT_FOUND && count < 2 && cs_model_find(words[0], &place, &err) != CLIPSEARCH_OK)
        code = cs_report(&err, CS_STAGE_MODEL);
    if (code == CS_EXIT_FOUND) {
        v.directory = count < 2 ? place.directory : words[1];
        v.threads = settings.threads;
        cs_signals_hold();
        code = verify(&v);
    }
    cs_model_place_free(&place);
    cs_settings_free(&settings);
    cs_catalogue_close(&catalogue);
    cs_buf_free(&v.out);
    return code;
}
