/* SPDX-License-Identifier: MIT
 * cmd_label.c - clipsearch label: which of a list of labels images show. */
#include "cli/command.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/commands/folder_filter.h"
#include "cli/commands/open.h"
#include "cli/image_flags.h"
#include "cli/image_input.h"
#include "cli/label_list.h"
#include "cli/output/message.h"
#include "cli/output/print.h"
#include "cli/output/print_labels.h"
#include "cli/output/units.h"
#include "cli/output/write_out.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 1024 /* items whose vectors are read, and whose attributes are written, together */ };

/* Everything that labelling holds. */
typedef struct label_run {
    const cs_args *args;
    char *filter;     /* of --filter, --in and --here; NULL: none */
    cs_opened opened; /* the collection; with images only the settings */
    cs_label_list list;
    const char **templates; /* [template_count], owned; the strings are not */
    size_t template_count;
    clipsearch_encoder *encoder;
    clipsearch_session *session;
    clipsearch_labels *labels;
    clipsearch_encoder_info info;
    size_t k;
    float *vectors;               /* [BATCH, dim] */
    clipsearch_label_score *best; /* [BATCH, k] */
    uint64_t *counts;             /* [list.count] images that have the label as their best */
    char here[PATH_MAX];
    cs_buf out;
    bool any;     /* an image was printed */
    int bad_code; /* CS_EXIT_FOUND, or the exit status that the first bad image calls for */
} label_run;

/* ---------------------------------------------------------------- arguments */

/* The fields of items, which an attribute of the same name could never be told from. */
static const char *const field_names[] = {"id", "path", "name", "size", "mtime", "width", "height"};

static int check_attribute(const char *name)
{
    char filter[128];
    for (size_t i = 0; i < sizeof field_names / sizeof *field_names; i++)
        if (strcmp(name, field_names[i]) == 0)
            return cs_report_usage(CS_LABEL, "--write %s: every image has a field of this name; give another one",
                                   name);
    const size_t length = strlen(name);
    const int used = snprintf(filter, sizeof filter, "%s is null", name);
    if (length > 64 || used >= (int)sizeof filter || name[strcspn(name, " .[]\"'()")] ||
        clipsearch_filter_check(filter, NULL, NULL) != CLIPSEARCH_OK)
        return cs_report_usage(CS_LABEL,
                               "--write \"%s\": the name of an attribute has letters, digits and _, begins with a "
                               "letter, and is no word of filters",
                               name);
    return CS_EXIT_FOUND;
}

static int check_arguments(const cs_args *args)
{
    if (!args->labels)
        return cs_report_usage(CS_LABEL, "no labels were given; give --labels dog,cat,car or a file with one label on "
                                         "each line");
    if (args->operands.count && (args->filter || cs_has_folders(args)))
        return cs_report_usage(CS_LABEL,
                               "--filter and --in choose images of the collection and exclude image files; give "
                               "one of them");
    if (args->operands.count && args->write)
        return cs_report_usage(CS_LABEL, "--write stores labels in the collection, so it excludes image files; choose "
                                         "images of the collection with --filter, or leave that out for all");
    for (size_t i = 0; i < args->operands.count; i++) {
        const char *path = args->operands.items[i].text;
        if (strcmp(path, "-") == 0 && strcmp(args->labels, "-") == 0)
            return cs_report_usage(CS_LABEL, "standard input cannot be both the labels and an image");
        if (strstr(path, "://") && access(path, F_OK) != 0)
            return cs_report_usage(CS_LABEL, "%s: only image files can be labelled, no URLs; download the image", path);
    }
    if (args->write && check_attribute(args->write) != CS_EXIT_FOUND)
        return CS_EXIT_USAGE;
    return CS_EXIT_FOUND;
}

/* The templates by name, or as they were given. */
static int choose_templates(label_run *r)
{
    static const char *const photo[] = {"a photo of a {}."}, *const plain[] = {"{}"},
                             *const several[] = {"a photo of a {}.",       "a photo of the {}.",
                                                 "a photo of many {}.",    "a close photo of a {}.",
                                                 "a small photo of a {}.", "a drawing of a {}.",
                                                 "this is a {}."};
    static const struct {
        const char *name;
        const char *const *templates;
        size_t count;
    } sets[] = {{"photo", photo, 1}, {"plain", plain, 1}, {"several", several, sizeof several / sizeof *several}};
    enum { LARGEST = sizeof several / sizeof *several };
    const cs_strings none = {.items = (const char *[]){"photo"}, .count = 1};
    const cs_strings *given = r->args->templates.count ? &r->args->templates : &none;
    r->templates = cs_alloc_array(given->count, LARGEST * sizeof *r->templates);
    if (!r->templates)
        return cs_report_memory();
    for (size_t i = 0; i < given->count; i++) {
        const size_t before = r->template_count;
        for (size_t s = 0; s < sizeof sets / sizeof *sets; s++)
            for (size_t t = 0; strcmp(sets[s].name, given->items[i]) == 0 && t < sets[s].count; t++)
                r->templates[r->template_count++] = sets[s].templates[t];
        if (r->template_count == before && !strstr(given->items[i], "{}"))
            return cs_report_usage(CS_LABEL,
                                   "--template must be photo, plain, several, or a text with {} where the label "
                                   "belongs, not \"%s\"",
                                   given->items[i]);
        if (r->template_count == before)
            r->templates[r->template_count++] = given->items[i];
    }
    return CS_EXIT_FOUND;
}

/* ---------------------------------------------------------------- opening */

static int open_labels(label_run *r)
{
    clipsearch_error err;
    clipsearch_labels_options options;
    clipsearch_labels_options_init(&options);
    options.templates = r->templates;
    options.template_count = r->template_count;
    clipsearch_status status =
        clipsearch_labels_open(r->session, r->list.labels, r->list.count, &options, &r->labels, &err);
    if (status == CLIPSEARCH_E_ARGUMENT || status == CLIPSEARCH_E_LIMIT)
        return cs_report_usage(CS_LABEL, "%s", err.message);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_MODEL);
    r->k = r->args->k.given ? r->args->k.value : 1;
    if (r->k > r->list.count)
        r->k = r->list.count;
    r->vectors = cs_alloc_array(BATCH, r->info.dim * sizeof *r->vectors);
    r->best = cs_alloc_array(BATCH, r->k * sizeof *r->best);
    r->counts = cs_zalloc_array(r->list.count, sizeof *r->counts);
    return r->vectors && r->best && r->counts ? CS_EXIT_FOUND : cs_report_memory();
}

/* Open the model with the towers that are needed, a session, and the labels. `made`: the collection's, or NULL. */
static int open_model(label_run *r, const cs_collection_model *made, unsigned towers)
{
    clipsearch_error err;
    clipsearch_session_options options;
    clipsearch_image_options image;
    int code = cs_open_model(&r->opened.settings, made, towers, false, &r->encoder);
    if (code != CS_EXIT_FOUND)
        return code;
    if (made && clipsearch_collection_check_encoder(r->opened.collection, r->encoder, &err) != CLIPSEARCH_OK)
        return cs_report_with_advice(&err, CS_STAGE_MODEL, CS_ADVICE_OTHER_MODEL, &r->opened.settings,
                                     r->opened.settings.model ? r->opened.settings.model : made->encoder);
    clipsearch_session_options_init(&options);
    clipsearch_image_options_init(&image);
    options.threads = (unsigned)r->opened.settings.threads;
    options.image = &image;
    cs_apply_image_flags(r->args, &image);
    image.decode = r->opened.settings.decode;
    if (clipsearch_session_open(r->encoder, &options, &r->session, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_MODEL);
    clipsearch_encoder_info_init(&r->info);
    clipsearch_encoder_describe(r->encoder, &r->info, NULL);
    return open_labels(r);
}

/* ---------------------------------------------------------------- output */

/* Print an image with its labels; with --write and no --json only its best label is counted. */
static void put_image(label_run *r, const cs_labelled_image *image, const char *here)
{
    if (image->best)
        r->counts[image->best[0].label]++;
    if (r->args->json)
        cs_put_labelled_json(&r->out, image, r->list.labels, !r->any);
    else if (!r->args->write)
        cs_put_labelled_text(&r->out, image, r->list.labels, here);
    r->any = true;
}

/* Write what has been put so far. */
static int flush_out(label_run *r)
{
    if (r->out.failed)
        return cs_report_memory();
    if (r->out.len)
        cs_write_out(r->out.data, r->out.len, stdout);
    cs_buf_clear(&r->out);
    return CS_EXIT_FOUND;
}

/* After --write: how many images got each label. */
static void put_counts(label_run *r, uint64_t images)
{
    const char *name = r->args->write;
    cs_buf_printf(&r->out, "Wrote %s and %s_probability of %" PRIu64 " image%s of %s\n", name, name, images,
                  cs_plural(images), r->opened.info.name);
    for (size_t i = 0; i < r->list.count; i++)
        if (r->counts[i]) {
            cs_buf_printf(&r->out, "%8" PRIu64 "  ", r->counts[i]);
            cs_put_printable(&r->out, r->list.labels[i]);
            cs_buf_putc(&r->out, '\n');
        }
}

/* ---------------------------------------------------------------- images of the collection */

/* Store the best labels of `count` items in --write: the text, and its probability beside it. */
static clipsearch_status write_labels(label_run *r, const int64_t *ids, size_t count, clipsearch_error *err)
{
    const char *const name = r->args->write;
    const char **objects = cs_alloc_array(count, sizeof *objects);
    size_t *starts = cs_alloc_array(count, sizeof *starts);
    cs_buf all = cs_buf_make(SIZE_MAX / 2);
    for (size_t i = 0; i < count && starts; i++) {
        const clipsearch_label_score *best = &r->best[i * r->k];
        const char *label = r->list.labels[best->label];
        starts[i] = all.len;
        cs_buf_printf(&all, "{\"%s\":", name);
        cs_json_put_string(&all, label, strlen(label));
        cs_buf_printf(&all, ",\"%s_probability\":", name);
        cs_put_float(&all, best->probability);
        cs_buf_append(&all, "}", 2);
    }
    clipsearch_status status = objects && starts && !all.failed ? CLIPSEARCH_OK : cs_fail_memory(err, "labels");
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        objects[i] = all.data + starts[i];
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_merge_attributes(r->opened.collection, ids, objects, count, err);
    cs_free(objects);
    cs_free(starts);
    cs_buf_free(&all);
    return status;
}

/* The items [first, first + count) of the hits. */
static int label_batch(label_run *r, const clipsearch_hits *hits, size_t first, size_t count, const char *here)
{
    clipsearch_error err;
    int64_t ids[BATCH];
    for (size_t i = 0; i < count; i++)
        ids[i] = clipsearch_hits_get(hits, 0, first + i)->id;
    clipsearch_status status = clipsearch_collection_vectors(r->opened.collection, ids, count, r->vectors, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_labels_rank(r->labels, r->vectors, count, r->k, r->best, &err);
    if (status == CLIPSEARCH_OK && r->args->write)
        status = write_labels(r, ids, count, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    for (size_t i = 0; i < count; i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, first + i);
        put_image(r, &(cs_labelled_image){.path = hit->path, .id = hit->id, .best = r->best + i * r->k, .k = r->k},
                  here);
    }
    return flush_out(r);
}

static int label_items(label_run *r, const clipsearch_hits *hits)
{
    const size_t all = clipsearch_hits_count(hits, 0);
    const char *here = getcwd(r->here, sizeof r->here); /* a folder that was removed has no name */
    int code = CS_EXIT_FOUND;
    if (r->args->json)
        cs_put_labels_json_head(&r->out, r->opened.info.name, r->info.name, r->templates, r->template_count);
    for (size_t first = 0, count; first < all && code == CS_EXIT_FOUND; first += count) {
        count = all - first < BATCH ? all - first : BATCH;
        code = label_batch(r, hits, first, count, here);
    }
    if (code == CS_EXIT_FOUND && r->args->json)
        cs_put_labels_json_tail(&r->out);
    else if (code == CS_EXIT_FOUND && r->args->write && !r->args->quiet && all)
        put_counts(r, all);
    return code == CS_EXIT_FOUND ? flush_out(r) : code;
}

static int label_collection(label_run *r)
{
    clipsearch_error err;
    clipsearch_hits *hits = NULL;
    int code = cs_open_collection(r->args, NULL, r->args->write ? 0 : CLIPSEARCH_READ_ONLY, &r->opened);
    const cs_collection_model made = cs_model_of(&r->opened.info);
    if (code == CS_EXIT_FOUND)
        code = r->opened.info.fingerprint[0] || r->opened.info.foreign ? open_model(r, &made, CLIPSEARCH_TEXT_TOWER)
                                                                       : cs_report_no_model(r->opened.info.name);
    if (code == CS_EXIT_FOUND) {
        clipsearch_status status = clipsearch_query(r->opened.collection, r->filter, SIZE_MAX, 0, &hits, &err);
        if (status == CLIPSEARCH_E_LIMIT) /* the filter */
            code = cs_report_usage(CS_LABEL, "%s", err.message);
        else if (status != CLIPSEARCH_OK)
            code = cs_report_error(&err, CS_STAGE_DATABASE);
    }
    if (code == CS_EXIT_FOUND)
        code = label_items(r, hits);
    if (code == CS_EXIT_FOUND && !r->any) {
        if (!r->args->quiet && !cs_say_none_chosen(r->args, r->opened.info.name))
            cs_print_message(r->opened.info.count
                                 ? "all images of the collection %s are gone: their files are not there"
                                 : "the collection %s has no images yet",
                             r->opened.info.name);
        code = CS_EXIT_NOTHING;
    }
    clipsearch_hits_free(&hits);
    return code;
}

/* ---------------------------------------------------------------- image files */

static clipsearch_status encode_file(label_run *r, const char *path, clipsearch_error *err)
{
    if (!cs_is_stream(path))
        return clipsearch_encode_file(r->session, path, r->vectors, err);
    clipsearch_image image = {0};
    clipsearch_image_options options;
    clipsearch_image_options_init(&options);
    cs_apply_image_flags(r->args, &options);
    clipsearch_status status = cs_load_image(path, &options, &image, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_encode_images(r->session, &image, 1, r->vectors, err);
    clipsearch_image_free(&image);
    return status;
}

/* Label one file. A bad one is reported, and the others keep their labels. */
static int label_file(label_run *r, const char *path)
{
    clipsearch_error err;
    clipsearch_status status = encode_file(r, path, &err);
    cs_labelled_image image = {.path = path, .best = r->best, .k = r->k};
    if (status != CLIPSEARCH_OK) {
        const int code = cs_report_error(&err, CS_STAGE_INPUT);
        if (cs_is_machine_error(&err) || code != CS_EXIT_FILE)
            return code;
        r->bad_code = code;
        image.best = NULL;
        image.error = err.message;
    } else if (clipsearch_labels_rank(r->labels, r->vectors, 1, r->k, r->best, &err) != CLIPSEARCH_OK) {
        return cs_report_error(&err, CS_STAGE_MODEL);
    }
    put_image(r, &image, NULL);
    return flush_out(r);
}

static int label_files(label_run *r)
{
    int code = cs_load_settings_without_token(r->args, &r->opened.settings);
    if (code == CS_EXIT_FOUND)
        code = open_model(r, NULL, CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER);
    if (code == CS_EXIT_FOUND && r->args->json)
        cs_put_labels_json_head(&r->out, NULL, r->info.name, r->templates, r->template_count);
    for (size_t i = 0; i < r->args->operands.count && code == CS_EXIT_FOUND; i++)
        code = label_file(r, r->args->operands.items[i].text);
    if (code == CS_EXIT_FOUND && r->args->json) {
        cs_put_labels_json_tail(&r->out);
        code = flush_out(r);
    }
    return code == CS_EXIT_FOUND ? r->bad_code : code;
}

int cs_command_label(const cs_args *args)
{
    clipsearch_error err;
    label_run r = {.args = args, .out = cs_buf_make(SIZE_MAX / 2)};
    int code = check_arguments(args);
    if (code == CS_EXIT_FOUND)
        code = cs_make_filter(CS_LABEL, args, &r.filter);
    if (code == CS_EXIT_FOUND)
        code = choose_templates(&r);
    if (code == CS_EXIT_FOUND && cs_read_labels(args->labels, &r.list, &err) != CLIPSEARCH_OK)
        code = cs_report_error(&err, CS_STAGE_INPUT);
    if (code == CS_EXIT_FOUND)
        code = args->operands.count ? label_files(&r) : label_collection(&r);
    clipsearch_labels_close(&r.labels);
    clipsearch_session_close(&r.session);
    clipsearch_encoder_close(&r.encoder);
    cs_close_opened(&r.opened);
    cs_free_labels(&r.list);
    cs_free(r.filter);
    cs_free(r.templates);
    cs_free(r.vectors);
    cs_free(r.best);
    cs_free(r.counts);
    cs_buf_free(&r.out);
    return code;
}
