/* SPDX-License-Identifier: MIT
 * location.c - from a model's name to its directory. */
#include "models/location.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/model_places.h"
#include "base/weight_name.h"
#include "base/xdg_path.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_directory(const char *path)
{
    cs_file_info info;
    return cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK && info.is_directory;
}

/* A directory, or a file with the name of a weight file. */
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
    for (int up = 0; up < 2; up++) { /* the program's directory, then its parent */
        char *slash = strrchr(program, '/');
        if (!slash)
            return NULL;
        *slash = '\0';
    }
    cs_buf path = cs_buf_make(1 << 16);
    cs_buf_printf(&path, "%s/weights/%s", program, name);
    return cs_buf_detach(&path);
}

char *cs_user_model_path(const char *name)
{
    cs_buf rest = cs_buf_make(1 << 16);
    cs_buf_printf(&rest, "models/%s", name);
    char *path = rest.failed ? NULL : cs_xdg_path("XDG_DATA_HOME", ".local/share", rest.data);
    cs_buf_free(&rest);
    return path;
}

bool cs_model_is_built_in(const char *directory)
{
    return cs_is_installed_model(directory, CS_DEFAULT_MODEL);
}

void cs_model_location_free(cs_model_location *location)
{
    cs_free(location->directory);
    cs_free(location->name);
    *location = (cs_model_location){0};
}

/* Search for the name; the paths searched are added to `searched` (may be NULL). */
static clipsearch_status search_name(const char *name, cs_model_location *location, cs_buf *searched)
{
    clipsearch_status status = cs_find_model_directory(name, &location->directory, searched);
    if (status != CLIPSEARCH_OK)
        return status;
    location->name = cs_strdup(name);
    return location->name ? CLIPSEARCH_OK : CLIPSEARCH_E_MEMORY;
}

clipsearch_status cs_model_find_name(const char *name, cs_model_location *location)
{
    *location = (cs_model_location){0};
    return search_name(name, location, NULL);
}

/* Find the model by its name only. */
static clipsearch_status find_name(const char *name, cs_model_location *location, clipsearch_error *err)
{
    cs_buf searched = cs_buf_make(4096);
    clipsearch_status status = search_name(name, location, &searched);
    if (status == CLIPSEARCH_E_MEMORY)
        cs_fail_memory(err, name);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        cs_fail(err, status, "there is no model \"%s\". Searched:%s", name, searched.data ? searched.data : " nowhere");
    cs_buf_free(&searched);
    return status;
}

clipsearch_status cs_model_find(const char *model, cs_model_location *location, clipsearch_error *err)
{
    *location = (cs_model_location){0};
    if (!strchr(model, '/') && !is_model(model))
        return find_name(model, location, err);
    location->directory = cs_strdup(model);
    return location->directory ? CLIPSEARCH_OK : cs_fail_memory(err, model);
}

/* Whether collections know the model by `name`: the name it was found by, or the name of its directory or file. */
static bool has_name(const cs_model_location *location, const char *name)
{
    if (location->name)
        return strcmp(location->name, name) == 0;
    char *real = realpath(location->directory, NULL);
    const char *base = real ? cs_path_base(real) : "";
    size_t n = (size_t)(cs_weight_name_ending(base) - base);
    bool same = real && strlen(name) == n && strncmp(base, name, n) == 0;
    free(real);
    return same;
}

/* The model that the vectors of a collection were made with, wherever it is now. */
static clipsearch_status find_made(const cs_collection_model *made, cs_model_location *location, clipsearch_error *err)
{
    cs_file_info info;
    if (made->path && cs_file_stat(made->path, &info, NULL) == CLIPSEARCH_OK) {
        location->directory = cs_strdup(made->path);
        return location->directory ? CLIPSEARCH_OK : cs_fail_memory(err, made->path);
    }
    clipsearch_status status = find_name(made->encoder, location, err);
    if (status != CLIPSEARCH_E_NOT_FOUND)
        return status;
    return made->path ? cs_fail(err, status,
                                "the collection was made with the model \"%s\" at %s, which is not there any more",
                                made->encoder, made->path)
                      : cs_fail(err, status, "the collection was made with the model \"%s\", which is not installed",
                                made->encoder);
}

clipsearch_status cs_model_choose(const cs_settings *settings, const cs_collection_model *made,
                                  cs_model_location *location, clipsearch_error *err)
{
    *location = (cs_model_location){0};
    if (!made)
        return settings->model ? cs_model_find(settings->model, location, err)
                               : find_name(CS_DEFAULT_MODEL, location, err);
    if (settings->model) {
        clipsearch_status status = cs_model_find(settings->model, location, err);
        if (settings->model_from <= CS_FROM_INGEST_FILE || status == CLIPSEARCH_E_MEMORY)
            return status;
        if (status == CLIPSEARCH_OK && has_name(location, made->encoder))
            return status;
        cs_model_location_free(location);
        location->other_set = true;
    }
    return find_made(made, location, err);
}

clipsearch_status cs_model_open(const cs_model_location *location, unsigned towers, bool pack_weights,
                                clipsearch_precision precision, clipsearch_encoder **opened, clipsearch_error *err)
{
    clipsearch_encoder_options options;
    clipsearch_encoder_options_init(&options);
    options.towers = towers;
    options.pack_weights = pack_weights;
    options.precision = precision;
    options.name = location->name;
    return clipsearch_encoder_open(location->directory, &options, opened, err);
}
