/* SPDX-License-Identifier: MIT
 * vips.c - loads libvips and finds the functions that are used.
 *
 * Why dlopen: with the libraries that it needs libvips takes tens of milliseconds to load, longer than a whole query,
 * and most collections have no file that needs it. */
#include "vision/vips.h"

#include "base/symbol.h"
#include "vision/libraries.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

static cs_vips vips;
static bool loaded;
static char absence[256];

struct symbol {
    const char *name;
    size_t offset; /* in cs_vips */
};

#define MEMBER(name) offsetof(cs_vips, name)

static const struct symbol symbols[] = {
    {"vips_image_get_width", MEMBER(width)},
    {"vips_image_get_height", MEMBER(height)},
    {"vips_image_get_bands", MEMBER(bands)},
    {"vips_image_get_format", MEMBER(format)},
    {"vips_image_get_interpretation", MEMBER(interpretation)},
    {"vips_image_get_typeof", MEMBER(find)},
    {"vips_image_get_blob", MEMBER(get_blob)},
    {"vips_region_new", MEMBER(new_region)},
    {"vips_region_fetch", MEMBER(fetch)},
    {"vips_error_buffer_copy", MEMBER(take_errors)},
    {"vips_thread_shutdown", MEMBER(end_thread)},
    {"vips_version_string", MEMBER(version)},
    {"g_object_unref", MEMBER(unref)},
    {"g_free", MEMBER(release)},
};

/* Loaders that libvips itself trusts with hostile files; those of JPEG XL, JPEG 2000 and SVG it does not. */
static const struct symbol loaders[] = {
    {"vips_webpload_buffer", MEMBER(load[CS_FORMAT_WEBP])},
    {"vips_tiffload_buffer", MEMBER(load[CS_FORMAT_TIFF])},
    {"vips_heifload_buffer", MEMBER(load[CS_FORMAT_HEIC])},
    {"vips_heifload_buffer", MEMBER(load[CS_FORMAT_AVIF])},
};

typedef void log_fn(const char *domain, int level, const char *message, void *data); /* GLogFunc */

/* Functions that are called once. */
struct set_up {
    int (*init)(const char *program);
    void (*block_untrusted)(int state);
    void (*set_concurrency)(int threads);
    void (*set_cache)(int operations);
    unsigned (*set_log_handler)(const char *domain, int levels, log_fn *handler, void *data);
    log_fn *log_default_handler;
};

static const struct symbol set_up_symbols[] = {
    {"vips_init", offsetof(struct set_up, init)},
    {"vips_block_untrusted_set", offsetof(struct set_up, block_untrusted)},
    {"vips_concurrency_set", offsetof(struct set_up, set_concurrency)},
    {"vips_cache_set_max", offsetof(struct set_up, set_cache)},
    {"g_log_set_handler", offsetof(struct set_up, set_log_handler)},
    {"g_log_default_handler", offsetof(struct set_up, log_default_handler)},
};

/* Put the addresses of the symbols at their places in `table`. The name of the first one that is missing, or NULL. */
static const char *find_symbols(void *library, const struct symbol *list, size_t count, void *table)
{
    const char *missing = NULL;
    for (size_t i = 0; i < count; i++)
        if (!cs_symbol_find(library, list[i].name, (char *)table + list[i].offset) && !missing)
            missing = list[i].name;
    return missing;
}

static _Thread_local bool hushed;
static log_fn *default_handler;

static void handle_message(const char *domain, int level, const char *message, void *data)
{
    if (!hushed)
        default_handler(domain, level, message, data);
}

static void drop_message(const char *domain, int level, const char *message, void *data)
{
    (void)domain;
    (void)level;
    (void)message;
    (void)data;
}

void cs_vips_hush(bool hush)
{
    hushed = hush;
}

/* Set `loaded`, or `absence`. The library stays loaded. */
static void load(void)
{
    enum { LOG_LEVELS = 0xfc }; /* all of GLib's, but not fatal ones and recursion */
    struct set_up set_up;
    void *library = dlopen("libvips.so.42", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *why = dlerror();
        snprintf(absence, sizeof absence, "%s", why ? why : "libvips.so.42 cannot be loaded");
        return;
    }
    const char *missing =
        find_symbols(library, set_up_symbols, sizeof set_up_symbols / sizeof *set_up_symbols, &set_up);
    if (!missing)
        missing = find_symbols(library, symbols, sizeof symbols / sizeof *symbols, &vips);
    if (missing) {
        snprintf(absence, sizeof absence, "this libvips has no %s; 8.13 or newer is needed", missing);
        return;
    }
    find_symbols(library, loaders, sizeof loaders / sizeof *loaders, &vips);
    default_handler = set_up.log_default_handler;
    set_up.set_log_handler("VIPS", LOG_LEVELS, drop_message, NULL);
    set_up.set_log_handler("GLib-GObject", LOG_LEVELS, handle_message, NULL);
    if (set_up.init("clipsearch") != 0) {
        snprintf(absence, sizeof absence, "libvips cannot be initialised");
        return;
    }
    set_up.block_untrusted(1);
    set_up.set_concurrency(1);
    set_up.set_cache(0); /* it would look buffers up by their address */
    loaded = true;
}

const cs_vips *cs_vips_get(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded ? &vips : NULL;
}

const char *cs_vips_absence(void)
{
    return absence;
}

const char *cs_vips_library(void)
{
    return cs_vips_get() ? vips.version() : absence;
}
