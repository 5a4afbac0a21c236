/* SPDX-License-Identifier: MIT
 * text_pango.c - text through Pango and Cairo, the one file that includes them. They are loaded when text is first
 * drawn: with their own libraries they would add 8 ms to the start of every query. */
#include "base/mem.h"
#include "base/symbol.h"
#include "output/glib_guard.h"
#include "output/text.h"

#include <pango/pangocairo.h>

/* What is used of the libraries. */
#define FUNCTIONS(F)                                                                                                   \
    F(cairo_create)                                                                                                    \
    F(cairo_destroy)                                                                                                   \
    F(cairo_image_surface_create)                                                                                      \
    F(cairo_image_surface_get_data)                                                                                    \
    F(cairo_image_surface_get_stride)                                                                                  \
    F(cairo_move_to)                                                                                                   \
    F(cairo_set_source_rgb)                                                                                            \
    F(cairo_surface_destroy)                                                                                           \
    F(cairo_surface_flush)                                                                                             \
    F(cairo_surface_status)                                                                                            \
    F(g_object_unref)                                                                                                  \
    F(pango_cairo_font_map_get_default)                                                                                \
    F(pango_cairo_show_layout)                                                                                         \
    F(pango_font_description_free)                                                                                     \
    F(pango_font_description_new)                                                                                      \
    F(pango_font_description_set_absolute_size)                                                                        \
    F(pango_font_description_set_family)                                                                               \
    F(pango_font_description_set_weight)                                                                               \
    F(pango_font_map_create_context)                                                                                   \
    F(pango_font_map_load_font)                                                                                        \
    F(pango_layout_get_baseline)                                                                                       \
    F(pango_layout_get_pixel_size)                                                                                     \
    F(pango_layout_new)                                                                                                \
    F(pango_layout_set_alignment)                                                                                      \
    F(pango_layout_set_ellipsize)                                                                                      \
    F(pango_layout_set_font_description)                                                                               \
    F(pango_layout_set_height)                                                                                         \
    F(pango_layout_set_single_paragraph_mode)                                                                          \
    F(pango_layout_set_text)                                                                                           \
    F(pango_layout_set_width)                                                                                          \
    F(pango_layout_set_wrap)                                                                                           \
    F(pango_version_string)

static struct {
    FUNCTIONS(CS_SYMBOL_FIELD)
} lib;
static const cs_symbol symbols[] = {FUNCTIONS(CS_SYMBOL_ENTRY)};

/* ---------------------------------------------------------------- loading */

/* Whether there is a font. Without one Pango warns of every letter, and some versions end the process. */
static bool has_font(void)
{
    if (setjmp(*cs_glib_guard_begin()))
        return false;
    PangoFontMap *map = lib.pango_cairo_font_map_get_default();
    PangoContext *context = lib.pango_font_map_create_context(map);
    PangoFontDescription *description = lib.pango_font_description_new();
    lib.pango_font_description_set_family(description, "Sans");
    lib.pango_font_description_set_absolute_size(description, 14 * PANGO_SCALE);
    PangoFont *font = lib.pango_font_map_load_font(map, context, description);
    const bool found = font != NULL;
    if (font)
        lib.g_object_unref(font);
    lib.pango_font_description_free(description);
    lib.g_object_unref(context);
    cs_glib_guard_end();
    return found;
}

/* Fill in `lib`; false when something is missing. The libraries stay loaded: GLib cannot be unloaded. */
static bool load(void)
{
    /* fontconfig, which Pango asks for fonts, does not end when it gets no memory any more (2.14.1) */
    if (cs_mem_is_limited())
        return false;
    static const char *const names[] = {"libpangocairo-1.0.so.0", NULL}; /* brings Pango, Cairo and GLib with it */
    void *library = cs_symbols_load(names, symbols, sizeof symbols / sizeof *symbols);
    return library && cs_glib_guard_install(library) && has_font();
}

/* ---------------------------------------------------------------- drawing */

static PangoLayout *make_layout(const char *text, const cs_text_style *style, uint32_t width)
{
    PangoContext *context = lib.pango_font_map_create_context(lib.pango_cairo_font_map_get_default());
    PangoLayout *layout = lib.pango_layout_new(context);
    PangoFontDescription *font = lib.pango_font_description_new();
    lib.pango_font_description_set_family(font, "Sans");
    lib.pango_font_description_set_absolute_size(font, (double)style->size * PANGO_SCALE);
    lib.pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    lib.pango_layout_set_font_description(layout, font);
    lib.pango_layout_set_single_paragraph_mode(layout, TRUE);
    lib.pango_layout_set_width(layout, (int)width * PANGO_SCALE);
    lib.pango_layout_set_height(layout, -(int)style->lines); /* negative: lines */
    lib.pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    lib.pango_layout_set_ellipsize(layout, style->lines == 1 ? PANGO_ELLIPSIZE_MIDDLE : PANGO_ELLIPSIZE_END);
    lib.pango_layout_set_alignment(layout, style->centred ? PANGO_ALIGN_CENTER : PANGO_ALIGN_LEFT);
    lib.pango_layout_set_text(layout, text, -1);
    lib.pango_font_description_free(font);
    lib.g_object_unref(context);
    return layout;
}

static clipsearch_status measure(const char *text, const cs_text_style *style, uint32_t width, uint32_t *height,
                                 clipsearch_error *err)
{
    int high = 0;
    if (setjmp(*cs_glib_guard_begin()))
        return cs_fail_memory(err, "text of a contact sheet");
    PangoLayout *layout = make_layout(text, style, width);
    lib.pango_layout_get_pixel_size(layout, NULL, &high);
    lib.g_object_unref(layout);
    cs_glib_guard_end();
    *height = (uint32_t)high;
    return CLIPSEARCH_OK;
}

/* Draw `layout` in `color` on a transparent surface of `width` x `height` pixels, `border` rows below its top. */
static cairo_surface_t *draw_layout(PangoLayout *layout, cs_color color, int width, int height, int border)
{
    cairo_surface_t *surface = lib.cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    cairo_t *context = lib.cairo_create(surface);
    lib.cairo_set_source_rgb(context, (color >> 16 & 0xFF) / 255.0, (color >> 8 & 0xFF) / 255.0,
                             (color & 0xFF) / 255.0);
    lib.cairo_move_to(context, 0, border);
    lib.pango_cairo_show_layout(context, layout);
    lib.cairo_destroy(context);
    lib.cairo_surface_flush(surface);
    return surface;
}

static clipsearch_status draw(cs_canvas *canvas, uint32_t x, uint32_t y, uint32_t width, const char *text,
                              const cs_text_style *style, clipsearch_error *err)
{
    if (setjmp(*cs_glib_guard_begin()))
        return cs_fail_memory(err, "text of a contact sheet");
    PangoLayout *layout = make_layout(text, style, width);
    const int border = (int)style->size; /* for marks above the first line and below the last */
    int height = 0;
    lib.pango_layout_get_pixel_size(layout, NULL, &height);
    /* a line of Latin letters is about 1.2 times their size high, with its baseline at 0.95 */
    const int64_t baseline = (int64_t)style->size * 19 / 20;
    const int64_t top = (int64_t)y + baseline - lib.pango_layout_get_baseline(layout) / PANGO_SCALE - border;
    cairo_surface_t *surface = draw_layout(layout, style->color, (int)width, height + 2 * border, border);
    clipsearch_status status = CLIPSEARCH_OK;
    if (lib.cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS)
        cs_canvas_blend(canvas, x, top, lib.cairo_image_surface_get_data(surface),
                        (size_t)lib.cairo_image_surface_get_stride(surface), width, (uint32_t)(height + 2 * border));
    else
        status = cs_fail_memory(err, "text of a contact sheet");
    lib.cairo_surface_destroy(surface);
    lib.g_object_unref(layout);
    cs_glib_guard_end();
    return status;
}

const cs_text_drawer *cs_text_pango(void)
{
    static const cs_text_drawer pango = {.name = "pango", .measure = measure, .draw = draw};
    static enum { UNKNOWN, LOADED, ABSENT } state = UNKNOWN;
    if (state == UNKNOWN)
        state = load() ? LOADED : ABSENT;
    return state == LOADED && !cs_glib_is_lost() ? &pango : NULL;
}

const char *cs_text_library(void)
{
    return cs_text_pango() ? lib.pango_version_string() : "";
}
