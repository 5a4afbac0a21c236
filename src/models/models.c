/* SPDX-License-Identifier: MIT
 * models.c - model names to directories. */
#include "models/models.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/weight_name.h"
#include "models/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_directory(const char *path)
{
    cs_file_info info;
    return cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK && info.is_directory;
}

/* A directory, or a file called as weight files are. */
static bool is_model(const char *path)
{
    cs_file_info info;
    return is_directory(path) || (*cs_weight_name_ending(path) && cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK);
}

char *cs_source_tree_path(const char *name)
{
    char program[4096];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0)
        return NULL;
    program[n] = '\0';
    for (int up = 0; up < 2; up++) { /* the program's directory, and the one above it */
        char *slash = strrchr(program, '/');
        if (!slash)
            return NULL;
        *slash = '\0';
    }
    cs_buf path = cs_buf_make(1 << 16);
    cs_buf_printf(&path, "%s/weights/%s", program, name);
    return cs_buf_take(&path);
}

static char *installed_path(const char *name)
{
    cs_buf path = cs_buf_make(1 << 16);
    cs_buf_printf(&path, "%s/models/%s", CLIPSEARCH_DATADIR, name);
    return cs_buf_take(&path);
}

char *cs_users_model_path(const char *name)
{
    cs_buf rest = cs_buf_make(1 << 16);
    cs_buf_printf(&rest, "models/%s", name);
    char *path = rest.failed ? NULL : cs_xdg_path("XDG_DATA_HOME", ".local/share", rest.data);
    cs_buf_free(&rest);
    return path;
}

/* Whether the two are one directory, links followed. */
static bool same_place(const char *a, const char *b)
{
    char *x = realpath(a, NULL), *y = b ? realpath(b, NULL) : NULL;
    bool same = x && y && strcmp(x, y) == 0;
    free(x);
    free(y);
    return same;
}

bool cs_model_is_built_in(const char *directory)
{
    char *installed = installed_path(CS_DEFAULT_MODEL), *tree = cs_source_tree_path(CS_DEFAULT_MODEL);
    bool same = same_place(directory, installed) || same_place(directory, tree);
    cs_free(installed);
    cs_free(tree);
    return same;
}

void cs_model_place_free(cs_model_place *place)
{
    cs_free(place->directory);
    cs_free(place->name);
    *place = (cs_model_place){0};
}

/* What to do about a model that is not here, when it is a known one; else "". */
static const char *fetch_advice(const char *name, char room[160])
{
    cs_catalogue catalogue;
    const cs_known_model *known;
    room[0] = '\0';
    if (cs_catalogue_load(NULL, &catalogue, NULL) == CLIPSEARCH_OK &&
        cs_catalogue_find(&catalogue, name, &known, NULL) == CLIPSEARCH_OK)
        snprintf(room, 160, "\nIt is a known model; to get it, run: clipsearch model fetch %s", name);
    cs_catalogue_close(&catalogue);
    return room;
}

/* Look for the name; the places are added to `looked` (may be NULL). */
static clipsearch_status look_for(const char *name, cs_model_place *place, cs_buf *looked)
{
    char *(*const places[])(const char *) = {cs_users_model_path, installed_path, cs_source_tree_path};
    *place = (cs_model_place){0};
    for (size_t i = 0; i < 3 && name[0] && name[0] != '.' && !strchr(name, '/'); i++) {
        char *path = places[i](name);
        if (path && is_directory(path)) {
            place->directory = path;
            place->name = cs_strdup(name);
            return place->name ? CLIPSEARCH_OK : CLIPSEARCH_E_MEMORY;
        }
        if (path && looked)
            cs_buf_printf(looked, "\n  %s", path);
        cs_free(path);
    }
    return CLIPSEARCH_E_NOT_FOUND;
}

clipsearch_status cs_model_find_name(const char *name, cs_model_place *place)
{
    return look_for(name, place, NULL);
}

/* Look for the name only. */
static clipsearch_status find_name(const char *name, cs_model_place *place, clipsearch_error *err)
{
    char advice[160];
    cs_buf looked = cs_buf_make(4096);
    clipsearch_status status = look_for(name, place, &looked);
    if (status == CLIPSEARCH_E_MEMORY)
        cs_fail_memory(err, name);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        cs_fail(err, status,
                "there is no model \"%s\"; --model takes a model directory, a weight file, or a name. Looked for it "
                "at:%s%s",
                name, looked.data ? looked.data : " (nowhere: HOME is not set)", fetch_advice(name, advice));
    cs_buf_free(&looked);
    return status;
}

clipsearch_status cs_model_find(const char *word, cs_model_place *place, clipsearch_error *err)
{
    *place = (cs_model_place){0};
    if (!strchr(word, '/') && !is_model(word))
        return find_name(word, place, err);
    place->directory = cs_strdup(word);
    return place->directory ? CLIPSEARCH_OK : cs_fail_memory(err, word);
}

/* Whether the model at hand goes by `name` in collections: by the name it was found by, or its directory's or file's
 * own. */
static bool goes_by(const cs_model_place *place, const char *name)
{
    if (place->name)
        return strcmp(place->name, name) == 0;
    char *real = realpath(place->directory, NULL);
    const char *base = real ? cs_path_base(real) : "";
    size_t n = (size_t)(cs_weight_name_ending(base) - base);
    bool same = real && strlen(name) == n && strncmp(base, name, n) == 0;
    free(real);
    return same;
}

clipsearch_status cs_model_choose(const cs_settings *settings, const char *encoder, cs_model_place *place,
                                  clipsearch_error *err)
{
    *place = (cs_model_place){0};
    if (!encoder)
        return settings->model ? cs_model_find(settings->model, place, err) : find_name(CS_DEFAULT_MODEL, place, err);
    if (settings->model) {
        clipsearch_status status = cs_model_find(settings->model, place, err);
        if (settings->model_from <= CS_FROM_INGEST_FILE || status == CLIPSEARCH_E_MEMORY)
            return status;
        if (status == CLIPSEARCH_OK && goes_by(place, encoder))
            return status;
        cs_model_place_free(place);
    }
    char advice[160];
    clipsearch_error why;
    clipsearch_status status = find_name(encoder, place, &why);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        return cs_fail(err, status,
                       "the collection was made with the model \"%s\", which is not among the models here; "
                       "say where it is with --model, a directory or a weight file%s",
                       encoder, fetch_advice(encoder, advice));
    if (status != CLIPSEARCH_OK)
        return cs_fail(err, status, "%s", why.message);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_model_open(const cs_settings *settings, const char *encoder, unsigned towers, bool pack_weights,
                                clipsearch_encoder **opened, clipsearch_error *err)
{
    *opened = NULL;
    cs_model_place place;
    clipsearch_status status = cs_model_choose(settings, encoder, &place, err);
    if (status == CLIPSEARCH_OK) {
        clipsearch_encoder_options options;
        clipsearch_encoder_options_init(&options);
        options.towers = towers;
        options.pack_weights = pack_weights;
        options.name = place.name;
        status = clipsearch_encoder_open(place.directory, &options, opened, err);
    }
    cs_model_place_free(&place);
    return status;
}
