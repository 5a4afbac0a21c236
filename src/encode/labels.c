/* SPDX-License-Identifier: MIT
 * labels.c - zero-shot classification. */
#include "encode/labels.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "kernels/vec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char default_template[] = "a photo of a {}.", place[] = "{}";

/* ---------------------------------------------------------------- checking what is asked for */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* That no label is there twice: both would get half of its probability. */
static clipsearch_status check_unique(const char *const *labels, size_t count, clipsearch_error *err)
{
    const char **sorted = cs_alloc_array(count, sizeof *sorted);
    clipsearch_status status = CLIPSEARCH_OK;
    if (!sorted)
        return cs_fail_memory(err, "labels");
    memcpy(sorted, labels, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_texts);
    for (size_t i = 1; i < count && status == CLIPSEARCH_OK; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the label \"%.200s\" is given twice", sorted[i]);
    cs_free(sorted);
    return status;
}

static clipsearch_status check_labels(const char *const *labels, size_t count, clipsearch_error *err)
{
    if (count < 2)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%s: an image is given the label that fits it best, so there must be two or more",
                       count ? "there is only one label" : "there is no label");
    if (count > CS_LABELS_MAX)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "there are %zu labels; the limit is %d", count, CS_LABELS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (!labels[i])
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "label %zu is NULL", i + 1);
        if (cs_is_blank_text(labels[i]))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "label %zu is empty", i + 1);
        if (strlen(labels[i]) > CS_LABEL_BYTES_MAX)
            return cs_fail(err, CLIPSEARCH_E_LIMIT, "label %zu has more than %d bytes", i + 1, CS_LABEL_BYTES_MAX);
    }
    return check_unique(labels, count, err);
}

static clipsearch_status check_templates(const clipsearch_labels_options *options, clipsearch_error *err)
{
    if (options->template_count > CS_LABEL_TEMPLATES_MAX)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "there are %zu templates; the limit is %d", options->template_count,
                       CS_LABEL_TEMPLATES_MAX);
    for (size_t i = 0; i < options->template_count; i++) {
        const char *template = options->templates[i], *at = template ? strstr(template, place) : NULL;
        if (!at || strstr(at + 2, place))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                           "the template \"%.200s\" must have {} once, where the label belongs",
                           template ? template : "");
        if (strlen(template) > CS_LABEL_BYTES_MAX)
            return cs_fail(err, CLIPSEARCH_E_LIMIT, "a template has more than %d bytes", CS_LABEL_BYTES_MAX);
    }
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- the vectors of labels */

/* The label in the template. */
static void put_prompt(cs_buf *prompt, const char *template, const char *label)
{
    const char *at = strstr(template, place);
    cs_buf_clear(prompt);
    cs_buf_append(prompt, template, (size_t)(at - template));
    cs_buf_puts(prompt, label);
    cs_buf_puts(prompt, at + 2);
}

/* That the model reads all of the prompt: the end that it does not read could be what tells two labels apart. `ids` has
 * room for `context` tokens. */
static clipsearch_status check_length(const clipsearch_encoder *encoder, const char *prompt, const char *label,
                                      int32_t *ids, size_t context, clipsearch_error *err)
{
    size_t length;
    clipsearch_status status = cs_encoder_tokenize(encoder, prompt, CLIPSEARCH_REFUSE, ids, context, &length, err);
    if (status == CLIPSEARCH_E_LIMIT)
        status = cs_fail(err, CLIPSEARCH_E_LIMIT,
                         "the label \"%.200s\" is too long: with its template it has more than the %zu tokens that the "
                         "model reads",
                         label, context);
    return status;
}

/* What encoding labels needs: a batch of prompts and their vectors. */
typedef struct prompts {
    cs_buf *texts; /* [batch] */
    const char **pointers;
    float *vectors; /* [batch, dim] */
    int32_t *ids;   /* [context] */
    size_t batch, dim, context;
} prompts;

static void free_prompts(prompts *p)
{
    for (size_t i = 0; p->texts && i < p->batch; i++)
        cs_buf_free(&p->texts[i]);
    cs_free(p->texts);
    cs_free(p->pointers);
    cs_free(p->vectors);
    cs_free(p->ids);
}

static clipsearch_status make_prompts(const clipsearch_session *session, prompts *p, clipsearch_error *err)
{
    clipsearch_encoder_info info;
    cs_encoder_describe(session->encoder, &info);
    *p = (prompts){.batch = session->max_batch, .dim = info.dim, .context = info.context_length};
    p->texts = cs_zalloc_array(p->batch, sizeof *p->texts);
    p->pointers = cs_alloc_array(p->batch, sizeof *p->pointers);
    p->vectors = cs_alloc_array(p->batch, p->dim * sizeof *p->vectors);
    p->ids = cs_alloc_array(p->context, sizeof *p->ids);
    for (size_t i = 0; p->texts && i < p->batch; i++)
        p->texts[i] = cs_buf_make(2 * CS_LABEL_BYTES_MAX);
    return p->texts && p->pointers && p->vectors && p->ids ? CLIPSEARCH_OK : cs_fail_memory(err, "labels");
}

/* Add the vectors of labels [first, first + count) in one template to theirs. */
static clipsearch_status add_batch(clipsearch_session *session, prompts *p, const char *const *labels, size_t first,
                                   size_t count, const char *template, clipsearch_labels *all, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        put_prompt(&p->texts[i], template, labels[first + i]);
        p->pointers[i] = p->texts[i].data;
        status = p->texts[i].failed
                     ? cs_fail_memory(err, "labels")
                     : check_length(session->encoder, p->pointers[i], labels[first + i], p->ids, p->context, err);
    }
    if (status == CLIPSEARCH_OK)
        status = cs_session_encode_texts(session, p->pointers, count, p->vectors, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        float *vector = p->vectors + i * p->dim, *sum = all->vectors + (first + i) * p->dim;
        const float norm = cs_vec_normalise(vector, p->dim);
        if (!isfinite(norm) || norm == 0)
            return cs_fail(err, CLIPSEARCH_E_MODEL,
                           "the model makes a vector of the label \"%.200s\" that is zero or not finite",
                           labels[first + i]);
        for (size_t d = 0; d < p->dim; d++)
            sum[d] += vector[d];
    }
    return status;
}

static clipsearch_status encode_labels(clipsearch_session *session, const char *const *labels,
                                       const clipsearch_labels_options *options, clipsearch_labels *all,
                                       clipsearch_error *err)
{
    prompts p;
    const char *const single = default_template;
    const size_t templates = options->template_count ? options->template_count : 1;
    clipsearch_status status = make_prompts(session, &p, err);
    for (size_t t = 0; t < templates && status == CLIPSEARCH_OK; t++)
        for (size_t first = 0; first < all->count && status == CLIPSEARCH_OK; first += p.batch) {
            const size_t count = all->count - first < p.batch ? all->count - first : p.batch;
            status = add_batch(session, &p, labels, first, count,
                               options->template_count ? options->templates[t] : single, all, err);
        }
    for (size_t i = 0; i < all->count && status == CLIPSEARCH_OK; i++)
        if (cs_vec_normalise(all->vectors + i * all->dim, all->dim) == 0)
            status =
                cs_fail(err, CLIPSEARCH_E_MODEL, "the vectors of the label \"%.200s\" cancel each other", labels[i]);
    free_prompts(&p);
    return status;
}

clipsearch_status cs_labels_open(clipsearch_session *session, const char *const *labels, size_t count,
                                 const clipsearch_labels_options *options, clipsearch_labels **opened,
                                 clipsearch_error *err)
{
    clipsearch_encoder_info info;
    clipsearch_status status = check_labels(labels, count, err);
    if (status == CLIPSEARCH_OK)
        status = check_templates(options, err);
    if (status == CLIPSEARCH_OK && !session->encoder->text)
        status = cs_encoder_refuse_texts(session->encoder, err);
    if (status == CLIPSEARCH_OK && (!isfinite(options->logit_scale) || options->logit_scale < 0))
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the logit scale must be a positive number, or 0 for the model's");
    if (status != CLIPSEARCH_OK)
        return status;
    cs_encoder_describe(session->encoder, &info);
    clipsearch_labels *all = cs_zalloc_array(1, sizeof *all);
    if (!all)
        return cs_fail_memory(err, "labels");
    *all = (clipsearch_labels){.count = count, .dim = info.dim, .scale = options->logit_scale};
    if (!all->scale)
        all->scale = info.logit_scale > 0 ? info.logit_scale : 100;
    all->vectors = cs_zalloc_array(count, info.dim * sizeof *all->vectors);
    status = all->vectors ? encode_labels(session, labels, options, all, err) : cs_fail_memory(err, "labels");
    if (status == CLIPSEARCH_OK)
        *opened = all;
    else
        cs_labels_close(&all);
    return status;
}

void cs_labels_close(clipsearch_labels **labels)
{
    if (*labels)
        cs_free((*labels)->vectors);
    cs_free(*labels);
    *labels = NULL;
}

/* ---------------------------------------------------------------- ranking */

/* Higher scores first, and of equal ones the label that was given first. */
static int compare_scores(const void *a, const void *b)
{
    const clipsearch_label_score *left = a, *right = b;
    if (left->score != right->score)
        return left->score > right->score ? -1 : 1;
    return (left->label > right->label) - (left->label < right->label);
}

/* Copy the `k` best of `all` [count] to `best`, best first. For few of many by insertion, else by sorting all. */
static void choose_best(clipsearch_label_score *all, size_t count, size_t k, clipsearch_label_score *best)
{
    enum { FEW = 32 };
    if (k > FEW) {
        qsort(all, count, sizeof *all, compare_scores);
        memcpy(best, all, k * sizeof *all);
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == k && compare_scores(&all[i], &best[k - 1]) > 0)
            continue;
        size_t at = kept < k ? kept++ : k - 1;
        for (; at && compare_scores(&all[i], &best[at - 1]) < 0; at--)
            best[at] = best[at - 1];
        best[at] = all[i];
    }
}

/* Write `vector` with length 1 to `unit`, in double precision: the squares of its numbers may be too large or too small
 * for floats. False: it is zero or not finite. */
static bool normalise_far(const float *vector, size_t dim, float *unit)
{
    double squared = 0;
    for (size_t i = 0; i < dim; i++)
        squared += (double)vector[i] * vector[i];
    const double length = sqrt(squared);
    for (size_t i = 0; i < dim; i++)
        unit[i] = (float)(vector[i] / length);
    return isfinite(length) && length > 0;
}

/* Score one vector: its cosines with the labels, and their softmax. `cosines` and `all` are scratch [count], `unit` is
 * scratch [dim]. */
static clipsearch_status rank_one(const clipsearch_labels *labels, const float *vector, size_t which, float *cosines,
                                  clipsearch_label_score *all, float *unit, size_t k, clipsearch_label_score *best,
                                  clipsearch_error *err)
{
    const double least = 1e-10; /* the squares of shorter vectors lose digits as floats */
    double norm = sqrt((double)cs_vec()->dot(vector, vector, labels->dim)), sum = 0;
    float highest = -INFINITY;
    if (!isfinite(norm) || norm < least) {
        norm = normalise_far(vector, labels->dim, unit) ? 1 : 0;
        vector = unit;
    }
    if (norm == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "vector %zu is zero or not finite", which);
    cs_vec()->dot_many(vector, labels->vectors, labels->dim, labels->count, labels->dim, cosines);
    for (size_t i = 0; i < labels->count; i++) {
        cosines[i] = (float)(cosines[i] / norm);
        highest = cosines[i] > highest ? cosines[i] : highest;
    }
    for (size_t i = 0; i < labels->count; i++)
        sum += exp((double)labels->scale * ((double)cosines[i] - (double)highest));
    for (size_t i = 0; i < labels->count; i++) {
        const double part = exp((double)labels->scale * ((double)cosines[i] - (double)highest));
        all[i] = (clipsearch_label_score){.label = i, .score = cosines[i], .probability = (float)(part / sum)};
    }
    choose_best(all, labels->count, k, best);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_labels_rank(const clipsearch_labels *labels, const float *vectors, size_t count, size_t k,
                                 clipsearch_label_score *best, clipsearch_error *err)
{
    if (!k || k > labels->count)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%zu labels of each image were asked for; there are %zu", k,
                       labels->count);
    float *cosines = cs_alloc_array(labels->count, sizeof *cosines);
    clipsearch_label_score *all = cs_alloc_array(labels->count, sizeof *all);
    float *unit = cs_alloc_array(labels->dim, sizeof *unit);
    clipsearch_status status = cosines && all && unit ? CLIPSEARCH_OK : cs_fail_memory(err, "labels");
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        status = rank_one(labels, vectors + i * labels->dim, i, cosines, all, unit, k, best + i * k, err);
    cs_free(unit);
    cs_free(cosines);
    cs_free(all);
    return status;
}
