/* SPDX-License-Identifier: MIT
 * model_add.c - clipsearch model add: weights that were downloaded by hand are checked and copied to where models are
 * found by their names. They are copied, not linked: a model must not go when a downloads folder is tidied. */
#include "cli/command.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"
#include "base/weight_name.h"
#include "cli/commands/model_actions.h"
#include "cli/commands/model_install.h"
#include "cli/output/message.h"
#include "cli/output/progress.h"
#include "cli/signals.h"
#include "models/copy_file.h"
#include "models/file_digest.h"
#include "models/location.h"

#include <dirent.h>
#include <string.h>

enum {
    MOST_FILES = 256,              /* of a directory that are looked at */
    MOST_NAME = 128,               /* bytes of a model's name, as collections can store it */
    MOST_BESIDE = 64 * 1024 * 1024 /* bytes of a file beside the weights that may belong to them */
};

/* A model being added. */
typedef struct adding {
    const cs_args *args;
    cs_progress_view view;
    double began;
    const char *name_now;    /* of the file being read, for the progress */
    bool is_file;            /* a weight file was given; else a directory */
    char *folder;            /* the directory, or that of the file */
    char *names[MOST_FILES]; /* files in it; of a file that was given, its own name comes first */
    uint64_t sizes[MOST_FILES];
    size_t count;
    const cs_known_model *known; /* what it is; NULL: no model that the catalogue has */
    size_t weights;              /* which of `names` its weights are */
    char *name, *to;             /* of the new model, and its directory */
    cs_install install;
} adding;

/* ---------------------------------------------------------------- what there is */

static bool on_tick(void *context, uint64_t done, uint64_t total)
{
    adding *a = context;
    if (!a->args->quiet)
        cs_progress_show_bytes(&a->view, &(cs_bytes_progress){.name = a->name_now,
                                                              .done = done,
                                                              .total = total,
                                                              .seconds = (cs_clock_ms() - a->began) / 1e3});
    return cs_caught_signal() == 0;
}

static void begin_file(adding *a, const char *name)
{
    a->name_now = name;
    a->began = cs_clock_ms();
}

static clipsearch_status add_name(adding *a, const char *name, clipsearch_error *err)
{
    cs_file_info info;
    char *path = cs_path_join(a->folder, name);
    const bool file = path && cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK && info.is_regular;
    if (path && file && a->count < MOST_FILES) {
        a->sizes[a->count] = info.size;
        a->names[a->count] = cs_strdup(name);
        a->count += a->names[a->count] != NULL;
    }
    const bool memory = !path || (file && a->count < MOST_FILES && !a->names[a->count ? a->count - 1 : 0]);
    cs_free(path);
    return memory ? cs_fail_memory(err, name) : CLIPSEARCH_OK;
}

/* The files of the folder, without what lies in folders of it, hidden files and parts of downloads. */
static clipsearch_status list_files(adding *a, const char *given, clipsearch_error *err)
{
    cs_file_info info;
    clipsearch_status status = cs_file_stat(given, &info, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const char *base = cs_path_base(given);
    a->is_file = !info.is_directory;
    a->folder = !a->is_file    ? cs_strdup(given)
                : base > given ? cs_strndup(given, (size_t)(base - given))
                               : cs_strdup(".");
    if (!a->folder)
        return cs_fail_memory(err, given);
    for (size_t n = strlen(a->folder); n > 1 && a->folder[n - 1] == '/'; n--)
        a->folder[n - 1] = '\0';
    if (a->is_file)
        status = add_name(a, base, err);
    DIR *directory = opendir(a->folder);
    if (!directory)
        return a->is_file ? status : cs_fail(err, CLIPSEARCH_E_IO, "%s: the directory cannot be read", a->folder);
    for (struct dirent *entry; status == CLIPSEARCH_OK && (entry = readdir(directory));)
        if (entry->d_name[0] != '.' && !(a->is_file && strcmp(entry->d_name, base) == 0))
            status = add_name(a, entry->d_name, err);
    closedir(directory);
    return status;
}

static size_t find_file(const adding *a, const char *name)
{
    size_t i = 0;
    while (i < a->count && strcmp(a->names[i], name) != 0)
        i++;
    return i;
}

/* ---------------------------------------------------------------- which model it is */

/* Whether file number `i` is worth reading to compare it with `file`. */
static bool may_be(const adding *a, size_t i, const cs_known_file *file)
{
    if (!file->digest)
        return false;
    return file->exact ? a->sizes[i] == file->bytes : strcmp(a->names[i], file->name) == 0;
}

static clipsearch_status compare(adding *a, size_t i, const cs_known_file *file, bool *same, clipsearch_error *err)
{
    cs_file_digest digest;
    char *path = cs_path_join(a->folder, a->names[i]);
    if (!path)
        return cs_fail_memory(err, a->names[i]);
    begin_file(a, a->names[i]);
    clipsearch_status status = cs_file_digest_read(path, file->digest_kind, on_tick, a, &digest, err);
    *same = status == CLIPSEARCH_OK && cs_file_digest_check(&digest, file, path, NULL) == CLIPSEARCH_OK;
    cs_free(path);
    return status;
}

/* The weights decide, whatever their file is called: browsers and people rename files. */
static clipsearch_status recognise(adding *a, const cs_catalogue *catalogue, clipsearch_error *err)
{
    for (size_t m = 0; m < catalogue->count; m++) {
        const cs_known_model *model = &catalogue->models[m];
        const cs_known_file *weights = &model->files[model->file_count - 1];
        for (size_t i = 0; i < (a->is_file ? 1 : a->count); i++) {
            bool same = false;
            clipsearch_status status = may_be(a, i, weights) ? compare(a, i, weights, &same, err) : CLIPSEARCH_OK;
            if (status != CLIPSEARCH_OK)
                return status;
            if (!same)
                continue;
            a->known = model;
            a->weights = i;
            return CLIPSEARCH_OK;
        }
    }
    return CLIPSEARCH_OK;
}

/* Names that many models use for their weights. */
static bool is_common_name(const char *name)
{
    static const char *const names[] = {"model.safetensors", "open_clip_model.safetensors", "pytorch_model.bin",
                                        "open_clip_pytorch_model.bin"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* A file that has the name of published weights, but not their bytes, was cut short or is another one. */
static clipsearch_status refuse_namesake(const adding *a, const cs_catalogue *catalogue, clipsearch_error *err)
{
    for (size_t m = 0; m < catalogue->count && !a->args->name; m++) {
        const cs_known_model *model = &catalogue->models[m];
        const cs_known_file *weights = &model->files[model->file_count - 1];
        const size_t i = find_file(a, weights->name);
        if (i < (a->is_file ? 1 : a->count) && !is_common_name(weights->name) && weights->digest)
            return cs_fail(err, CLIPSEARCH_E_MODEL,
                           "%s/%s has the name of the weights of %s, but is not the published file (%llu bytes%s); if "
                           "it is a model of your own, give it a name with --name",
                           a->folder, a->names[i], model->name, (unsigned long long)a->sizes[i],
                           weights->exact && a->sizes[i] < weights->bytes ? ": it is cut short" : "");
    }
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- copying */

/* `known` NULL: whatever its bytes are. */
static clipsearch_status copy_one(adding *a, size_t i, const char *as, const cs_known_file *known,
                                  clipsearch_error *err)
{
    char *from = cs_path_join(a->folder, a->names[i]), *to = cs_path_join(a->to, as);
    begin_file(a, as);
    clipsearch_status status =
        from && to ? cs_copy_file(from, to, known, on_tick, a, err) : cs_fail_memory(err, a->names[i]);
    cs_free(from);
    cs_free(to);
    return status;
}

static clipsearch_status write_content(const adding *a, const cs_known_file *file, clipsearch_error *err)
{
    cs_file_info info;
    cs_buf text = cs_buf_make(1 << 20);
    char *to = cs_path_join(a->to, file->name);
    cs_buf_printf(&text, "%s\n", file->content);
    clipsearch_status status = CLIPSEARCH_OK;
    if (!to || text.failed)
        status = cs_fail_memory(err, file->name);
    else if (cs_file_stat(to, &info, NULL) != CLIPSEARCH_OK) /* else it may have been edited: it counts as it is */
        status = cs_replace_file(to, text.data, text.len, err);
    cs_buf_free(&text);
    cs_free(to);
    return status;
}

/* The weights, and what of the other files lies beside them. *missing counts those that are nowhere. */
static clipsearch_status copy_known(adding *a, size_t *missing, clipsearch_error *err)
{
    const cs_known_model *model = a->known;
    clipsearch_status status = cs_install_begin(&a->install, a->to, cs_known_bytes(model, NULL), err);
    for (size_t f = 0; f < model->file_count && status == CLIPSEARCH_OK; f++) {
        const cs_known_file *file = &model->files[f];
        const bool weights = f + 1 == model->file_count;
        const size_t i = weights ? a->weights : find_file(a, file->name);
        if (i < a->count)
            status = copy_one(a, i, file->name, file, err);
        else if (file->content)
            status = write_content(a, file, err);
        else
            *missing += !cs_known_file_is_there(file, a->to);
    }
    return status;
}

/* Of a file, the vocabulary is looked for beside it, as when it is opened there. */
static bool is_vocabulary(const char *name)
{
    static const char *const names[] = {"merges.txt",
                                        "vocab.json",
                                        "vocab.compiled",
                                        "tokenizer.json",
                                        "bpe_simple_vocab_16e6.txt.gz",
                                        "bpe_simple_vocab_16e6.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Whether file number `i` of a model of the user's own goes with its weights: weights in another form stay behind. */
static bool belongs(const adding *a, size_t i)
{
    static const char *const others[] = {".bin", ".msgpack", ".onnx", ".ckpt", ".ot", ".part", ".part-from"};
    const char *name = a->names[i], *dot = strrchr(name, '.');
    if (i == a->weights)
        return true;
    if (a->is_file)
        return is_vocabulary(name);
    for (size_t k = 0; dot && k < sizeof others / sizeof *others; k++)
        if (strcmp(dot, others[k]) == 0)
            return false;
    return a->sizes[i] <= MOST_BESIDE && !*cs_weight_name_ending(name);
}

static clipsearch_status copy_own(adding *a, clipsearch_error *err)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < a->count; i++)
        bytes += belongs(a, i) ? a->sizes[i] : 0;
    clipsearch_status status = cs_install_begin(&a->install, a->to, bytes, err);
    for (size_t i = 0; i < a->count && status == CLIPSEARCH_OK; i++)
        if (belongs(a, i) && i != a->weights)
            status = copy_one(a, i, a->names[i], NULL, err);
    if (status == CLIPSEARCH_OK) /* last: with them the model is complete */
        status = copy_one(a, a->weights, a->names[a->weights], NULL, err);
    return status;
}

/* ---------------------------------------------------------------- the whole */

/* A model of the user's own must be one that this build reads. Its name and its weights come from the encoder. */
static clipsearch_status open_own(adding *a, const char *given, char **name, clipsearch_error *err)
{
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_options options;
    clipsearch_encoder_info info;
    clipsearch_error text_error;
    clipsearch_encoder_options_init(&options);
    clipsearch_encoder_info_init(&info);
    clipsearch_status status = clipsearch_encoder_open(given, &options, &encoder, err);
    if (status != CLIPSEARCH_OK && status != CLIPSEARCH_E_MEMORY) {
        options.towers = CLIPSEARCH_IMAGE_TOWER;
        if (clipsearch_encoder_open(given, &options, &encoder, &text_error) == CLIPSEARCH_OK)
            status = CLIPSEARCH_OK;
    }
    if (status != CLIPSEARCH_OK)
        return status;
    clipsearch_encoder_describe(encoder, &info, NULL);
    a->weights = find_file(a, cs_path_base(info.weights));
    *name = cs_strdup(info.name);
    clipsearch_encoder_close(&encoder);
    if (a->weights == a->count)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: too many files for a model's directory", given);
    return *name ? CLIPSEARCH_OK : cs_fail_memory(err, given);
}

/* Whether a model can have this name. */
static int check_name(const char *name)
{
    if (!name[0] || name[0] == '.' || strchr(name, '/') || strlen(name) > MOST_NAME)
        return cs_report_usage(CS_MODEL, "\"%s\" cannot be a model's name: 1 to %d bytes, no '/', no '.' in front",
                               name, MOST_NAME);
    if (strcmp(name, CS_DEFAULT_MODEL) == 0)
        return cs_report_usage(CS_MODEL, "%s is the built-in model's name; choose another with --name", name);
    return CS_EXIT_FOUND;
}

/* A directory without them is what is left of an addition that was killed. */
static bool has_weights(const char *directory)
{
    clipsearch_error err;
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_options options;
    clipsearch_encoder_options_init(&options);
    options.towers = CLIPSEARCH_IMAGE_TOWER;
    const clipsearch_status status = clipsearch_encoder_open(directory, &options, &encoder, &err);
    clipsearch_encoder_close(&encoder);
    return status != CLIPSEARCH_E_NOT_FOUND;
}

/* Whether the known model may be put there: under its own name, or where it is already. */
static bool is_its_place(const adding *a, const char *directory)
{
    const cs_known_model *known = a->known;
    return known && (strcmp(a->name, known->name) == 0 ||
                     cs_known_file_is_there(&known->files[known->file_count - 1], directory));
}

/* A model does not take the place of another that the user has added. */
static int check_place(const adding *a)
{
    char *there = cs_model_directory(a->name);
    const bool taken = there && !is_its_place(a, there) && has_weights(there);
    if (taken)
        cs_print_message("there is a model %s already: %s\nRemove it, or choose another name with --name", a->name,
                         there);
    cs_free(there);
    return taken ? CS_EXIT_USAGE : CS_EXIT_FOUND;
}

static int report_failure(const adding *a, const clipsearch_error *err)
{
    cs_install_tidy(&a->install);
    if (err->code == CLIPSEARCH_E_CANCELLED) {
        cs_print_message("interrupted; run the same command again to continue");
        return CS_EXIT_SIGNAL + cs_caught_signal();
    }
    return cs_report_error(err, err->code == CLIPSEARCH_E_IO || err->code == CLIPSEARCH_E_NOT_FOUND ? CS_STAGE_INPUT
                                                                                                    : CS_STAGE_MODEL);
}

/* Copy what belongs to the model, and make it usable. */
static int install(adding *a)
{
    clipsearch_error err;
    size_t missing = 0;
    int code = check_name(a->name);
    if (code == CS_EXIT_FOUND)
        code = check_place(a);
    if (code != CS_EXIT_FOUND)
        return code;
    a->to = cs_user_model_path(a->name);
    if (!a->to) {
        cs_print_message("neither XDG_DATA_HOME nor HOME is set, so there is no place for models");
        return CS_EXIT_USAGE;
    }
    clipsearch_status status = a->known ? copy_known(a, &missing, &err) : copy_own(a, &err);
    cs_progress_clear(&a->view);
    if (status != CLIPSEARCH_OK)
        return report_failure(a, &err);
    if (missing) {
        cs_print_message("%zu file%s of %s %s still missing; what was given is in %s", missing, missing == 1 ? "" : "s",
                         a->known->name, missing == 1 ? "is" : "are", a->to);
        cs_print_by_hand(a->args, a->known, a->to, false);
        return CS_EXIT_FILE;
    }
    if (!a->args->quiet) {
        printf("Added %s: ", a->name);
        cs_print_name(a->to, stdout);
        printf("\n");
    }
    cs_install_compile(a->args, a->to);
    return cs_install_use(a->args, a->to, a->name, true);
}

static int add_model(adding *a, const cs_catalogue *catalogue, const char *given)
{
    clipsearch_error err;
    clipsearch_status status = list_files(a, given, &err);
    if (status == CLIPSEARCH_OK)
        status = recognise(a, catalogue, &err);
    cs_progress_clear(&a->view);
    if (status == CLIPSEARCH_OK && !a->known)
        status = refuse_namesake(a, catalogue, &err);
    if (status == CLIPSEARCH_OK && !a->known)
        status = open_own(a, given, &a->name, &err);
    if (status != CLIPSEARCH_OK)
        return report_failure(a, &err);
    const char *name = a->args->name ? a->args->name : a->known ? a->known->name : NULL;
    if (name) {
        cs_free(a->name);
        a->name = cs_strdup(name);
        if (!a->name)
            return cs_report_memory();
    }
    return install(a);
}

int cs_command_model_add(const cs_args *args, const char *const *operands, size_t count)
{
    (void)count;
    cs_catalogue catalogue;
    adding a = {.args = args, .view = cs_progress_open()};
    int code = cs_model_catalogue(args, &catalogue);
    if (code == CS_EXIT_FOUND) {
        cs_catch_signals();
        code = add_model(&a, &catalogue, operands[0]);
    }
    for (size_t i = 0; i < a.count; i++)
        cs_free(a.names[i]);
    cs_free(a.folder);
    cs_free(a.name);
    cs_free(a.to);
    cs_catalogue_close(&catalogue);
    return code;
}
