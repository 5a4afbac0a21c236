/* SPDX-License-Identifier: MIT
 * model_verify.c - clipsearch model verify: compares files and vectors with what was published. */
#include "cli/command.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/commands/model_actions.h"
#include "cli/commands/open.h"
#include "cli/output/message.h"
#include "cli/output/write_out.h"
#include "cli/signals.h"
#include "models/file_digest.h"

#include <math.h>
#include <string.h>

typedef enum verdict { OK, WRONG, UNCHECKED } verdict;

typedef struct verification {
    const cs_args *args;
    const cs_known_model *model;
    const char *directory;
    size_t threads;
    clipsearch_precision precision;
    size_t counts[3]; /* by verdict */
    cs_buf out;
    bool stopped;
} verification;

/* Append a line, or an element of the JSON list. */
static void add_check(verification *v, verdict is, const char *what, const char *result)
{
    static const char *const json_words[] = {"ok", "wrong", "unchecked"}, *const text_words[] = {"ok     ", "WRONG  ",
                                                                                                 "skipped"};
    size_t before = v->counts[OK] + v->counts[WRONG] + v->counts[UNCHECKED];
    if (v->args->json) {
        cs_buf_printf(&v->out, "%s{\"verdict\":\"%s\",\"what\":", before ? ",\n  " : "\n  ", json_words[is]);
        cs_json_put_string(&v->out, what, strlen(what));
        cs_buf_puts(&v->out, ",\"words\":");
        cs_json_put_string(&v->out, result, strlen(result));
        cs_buf_putc(&v->out, '}');
    } else {
        cs_buf_printf(&v->out, "%s  ", text_words[is]);
        cs_put_printable(&v->out, what);
        cs_buf_puts(&v->out, ": ");
        cs_put_printable(&v->out, result);
        cs_buf_putc(&v->out, '\n');
    }
    v->counts[is]++;
}

static bool on_hash(void *context, uint64_t done, uint64_t total)
{
    (void)context, (void)done, (void)total;
    return cs_caught_signal() == 0;
}

/* ---------------------------------------------------------------- files */

/* A file that this program wrote itself is compared with its text in the catalogue. */
static void verify_content(verification *v, const cs_known_file *file, const char *path)
{
    cs_buf text = cs_buf_make(1 << 20);
    size_t n = strlen(file->content);
    bool same = cs_file_read(path, &text, NULL, NULL) == CLIPSEARCH_OK && text.len == n + 1 &&
                memcmp(text.data, file->content, n) == 0;
    add_check(v, same ? OK : UNCHECKED, file->name,
              same ? "as this program writes it" : "written by this program, and edited since");
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
        add_check(v, WRONG, file->name, err.code == CLIPSEARCH_E_NOT_FOUND ? "missing" : err.message);
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
        add_check(v, WRONG, file->name, err.message);
    else if (file->digest_kind == CS_DIGEST_NONE)
        add_check(v, UNCHECKED, file->name, "present, but no digest was published");
    else
        add_check(v, OK, file->name, words[file->digest_kind]);
}

/* ---------------------------------------------------------------- acceptance values */

/* The image of `acceptance`: one that was given with that name, or the only one given; else one in the model's
 * directory or in the working directory. NULL: none; cs_free it. */
static char *find_image(const verification *v, const cs_acceptance *acceptance)
{
    const cs_strings *given = &v->args->images;
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

/* Whether the image is the published one; if not, adds a check that says why. */
static bool is_published_image(verification *v, const cs_acceptance *acceptance, const char *path)
{
    cs_file_digest digest;
    clipsearch_error err;
    cs_buf words = cs_buf_make(4096);
    bool same = true;
    if (acceptance->image_sha256) {
        same = cs_file_digest_read(path, CS_DIGEST_SHA256, NULL, NULL, &digest, &err) == CLIPSEARCH_OK;
        if (!same) {
            add_check(v, UNCHECKED, acceptance->name, err.message);
        } else if (strcmp(digest.sha256, acceptance->image_sha256) != 0) {
            same = false;
            cs_buf_printf(&words, "%s is another image: its SHA-256 is %.16s..., expected %.16s...", path,
                          digest.sha256, acceptance->image_sha256);
            add_check(v, UNCHECKED, acceptance->name, words.data ? words.data : "another image");
        }
    }
    cs_buf_free(&words);
    return same;
}

/* What a tower may lose of the cosine to its vectors in f32: docs/precision.md has what it does lose. */
static double lost_cosine(clipsearch_precision precision)
{
    return precision == CLIPSEARCH_PRECISION_INT8 ? 1e-3 : precision == CLIPSEARCH_PRECISION_BF16 ? 5e-5 : 0;
}

/* By how much a logit may differ then. A vector at cosine c is off by sqrt(2 (1 - c)); the part of that along a vector
 * of the other tower, which it does not depend on, is a normal variable with 1 / sqrt(dim) of it as its deviation. Four
 * deviations are allowed. */
static double allowed_of_logits(const clipsearch_encoder_info *info)
{
    const double lost = lost_cosine(info->image_precision) + lost_cosine(info->text_precision);
    return 4 * (double)info->logit_scale * sqrt(2 * lost / (double)info->dim);
}

/* The logits that the model gives for the image and the texts, or their softmax, into `values` [count]; *allowed: what
 * the logits may be off because they were not computed in f32. */
static clipsearch_status compute(const verification *v, const cs_acceptance *acceptance, const char *image,
                                 double *values, double *allowed, clipsearch_error *err)
{
    clipsearch_encoder_options how;
    clipsearch_encoder_options_init(&how);
    how.precision = v->precision;
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_session_options options;
    clipsearch_session_options_init(&options);
    options.threads = (unsigned)v->threads;
    clipsearch_status status = clipsearch_encoder_open(v->directory, &how, &encoder, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_session_open(encoder, &options, &session, err);
    float *vectors = NULL;
    if (status == CLIPSEARCH_OK) {
        clipsearch_encoder_describe(encoder, &info, NULL);
        *allowed = allowed_of_logits(&info);
        vectors = cs_alloc_array((acceptance->count + 1) * info.dim, sizeof *vectors);
        status = vectors ? clipsearch_encode_file(session, image, vectors, err) : cs_fail_memory(err, "vectors");
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
    const bool shares = acceptance->probabilities && status == CLIPSEARCH_OK;
    for (size_t i = 0; i < acceptance->count && shares; i++)
        sum += values[i] = exp(values[i] - most);
    for (size_t i = 0; i < acceptance->count && shares; i++)
        values[i] /= sum;
    cs_free(vectors);
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    return status;
}

/* How far a value may be from the published one. Of a probability p against the rest: that whose logit is `of_logits`
 * more, and the rest's as much less, or the other way round. */
static double allowed_of(const cs_acceptance *acceptance, size_t i, double of_logits)
{
    const double p = acceptance->expected[i], odds = exp(2 * of_logits);
    if (!acceptance->probabilities)
        return acceptance->tolerance + of_logits;
    const double most = p * odds / (p * odds + 1 - p), least = p / (p + (1 - p) * odds);
    return acceptance->tolerance + fmax(most - p, p - least);
}

/* "probabilities 0.9928 0.0042 0.0030, published 0.9928 0.0042 0.0030, largest difference 2e-05, allowed 0.0001": of
 * the value that uses most of what it is allowed. */
static void judge_values(verification *v, const cs_acceptance *acceptance, const double *values, double of_logits)
{
    cs_buf words = cs_buf_make(1 << 16);
    double largest = 0, allowed = allowed_of(acceptance, 0, of_logits);
    cs_buf_puts(&words, acceptance->probabilities ? "probabilities" : "logits");
    for (size_t i = 0; i < acceptance->count; i++) {
        cs_buf_printf(&words, " %.4f", values[i]);
        const double difference = fabs(values[i] - acceptance->expected[i]);
        const double may = allowed_of(acceptance, i, of_logits);
        if (!(difference * allowed <= largest * may)) { /* NaN counts */
            largest = difference;
            allowed = may;
        }
    }
    cs_buf_puts(&words, ", published");
    for (size_t i = 0; i < acceptance->count; i++)
        cs_buf_printf(&words, " %.4f", acceptance->expected[i]);
    bool ok = largest <= allowed;
    cs_buf_printf(&words, ", largest difference %.2g, allowed %.3g%s", largest, allowed,
                  of_logits > 0 ? " in this precision" : "");
    add_check(v, ok ? OK : WRONG, acceptance->name, words.data ? words.data : "");
    cs_buf_free(&words);
}

static void verify_acceptance(verification *v, const cs_acceptance *acceptance)
{
    double values[CS_ACCEPTANCE_TEXTS];
    clipsearch_error err;
    char *image = find_image(v, acceptance);
    if (!image) {
        cs_buf words = cs_buf_make(4096);
        cs_buf_printf(&words, "%s was not found; give it with --image FILE%s%s%s", acceptance->image,
                      acceptance->image_source ? " (published at " : "",
                      acceptance->image_source ? acceptance->image_source : "", acceptance->image_source ? ")" : "");
        add_check(v, UNCHECKED, acceptance->name, words.data ? words.data : "no image");
        cs_buf_free(&words);
    } else if (is_published_image(v, acceptance, image)) {
        double of_logits = 0;
        if (compute(v, acceptance, image, values, &of_logits, &err) == CLIPSEARCH_OK)
            judge_values(v, acceptance, values, of_logits);
        else
            add_check(v, WRONG, acceptance->name, err.message);
    }
    cs_free(image);
}

/* ---------------------------------------------------------------- the whole */

/* What the checks come to, in a sentence. `values`: the counts of the published values alone, by verdict. */
static void put_summary(verification *v, bool files_wrong, const size_t values[3])
{
    cs_buf words = cs_buf_make(4096);
    const char *name = v->model->name;
    if (files_wrong)
        cs_buf_printf(&words, "The files of %s are not the published ones, so its numbers were not compared.", name);
    else if (values[WRONG])
        cs_buf_printf(&words,
                      "On this machine this build does not give the published numbers of %s: do not rely on it.", name);
    else if (values[OK])
        cs_buf_printf(&words, "On this machine this build gives the published numbers of %s%s.", name,
                      values[UNCHECKED] ? ", as far as they were compared" : "");
    else if (v->model->acceptance_count)
        cs_buf_printf(&words, "The published numbers of %s were not compared: give their images with --image.", name);
    else
        cs_buf_printf(&words, "There are no published numbers of %s to compare with.", name);
    if (v->args->json) {
        cs_buf_puts(&v->out, "],\n \"summary\":");
        cs_json_put_string(&v->out, words.data ? words.data : "", words.len);
        cs_buf_puts(&v->out, "}\n");
    } else {
        cs_put_printable(&v->out, words.data ? words.data : "");
        cs_buf_putc(&v->out, '\n');
    }
    v->out.failed = v->out.failed || words.failed;
    cs_buf_free(&words);
}

static int verify_model(verification *v)
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
    size_t values[3] = {0};
    memcpy(values, v->counts, sizeof values);
    for (size_t i = 0; i < v->model->acceptance_count && !v->stopped; i++) {
        if (files_wrong)
            add_check(v, UNCHECKED, v->model->acceptance[i].name, "the files are not the published ones");
        else
            verify_acceptance(v, &v->model->acceptance[i]);
        v->stopped = cs_caught_signal() != 0;
    }
    for (size_t i = 0; i < 3; i++)
        values[i] = v->counts[i] - values[i];
    if (!v->model->acceptance_count && !v->stopped)
        add_check(v, UNCHECKED, "values", "no published values to compare with");
    put_summary(v, files_wrong, values);
    if (v->stopped)
        return CS_EXIT_SIGNAL + cs_caught_signal();
    if (v->out.failed)
        return cs_report_memory();
    cs_write_out(v->out.data, v->out.len, stdout);
    return v->counts[WRONG] ? CS_EXIT_MODEL : v->counts[OK] ? CS_EXIT_FOUND : CS_EXIT_NOTHING;
}

int cs_command_model_verify(const cs_args *args, const char *const *operands, size_t count)
{
    clipsearch_error err;
    cs_catalogue catalogue;
    cs_settings settings = {0};
    cs_model_location location = {0};
    verification v = {.args = args, .out = cs_buf_make(16 << 20)};
    int code = cs_model_catalogue(args, &catalogue);
    if (code == CS_EXIT_FOUND)
        code = cs_load_settings_without_token(args, &settings);
    if (code == CS_EXIT_FOUND && cs_catalogue_find(&catalogue, operands[0], &v.model, &err) != CLIPSEARCH_OK)
        code = cs_report_with_advice(&err, CS_STAGE_MODEL, CS_ADVICE_KNOWN_MODELS, NULL, NULL);
    if (code == CS_EXIT_FOUND && count < 2)
        code = cs_find_model(operands[0], &location);
    if (code == CS_EXIT_FOUND) {
        v.directory = count < 2 ? location.directory : operands[1];
        v.threads = settings.threads;
        v.precision = settings.precision;
        cs_catch_signals();
        code = verify_model(&v);
    }
    cs_model_location_free(&location);
    cs_settings_free(&settings);
    cs_catalogue_close(&catalogue);
    cs_buf_free(&v.out);
    return code;
}
