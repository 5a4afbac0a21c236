/* SPDX-License-Identifier: MIT
 * terminal_chafa.c - images on a terminal through libchafa, the one file that includes it. It is loaded when it is
 * first asked for. */
#include "base/mem.h"
#include "base/symbol.h"
#include "base/utf8.h"
#include "output/glib_guard.h"
#include "output/terminal.h"
#include "output/text_clean.h"
#include "output/tmux.h"

#include <chafa.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

extern char **environ;

/* What is used of libchafa and of GLib, which it brings with it. */
#define FUNCTIONS(F)                                                                                                   \
    F(chafa_canvas_config_new)                                                                                         \
    F(chafa_canvas_config_set_canvas_mode)                                                                             \
    F(chafa_canvas_config_set_cell_geometry)                                                                           \
    F(chafa_canvas_config_set_geometry)                                                                                \
    F(chafa_canvas_config_set_pixel_mode)                                                                              \
    F(chafa_canvas_config_set_symbol_map)                                                                              \
    F(chafa_canvas_config_unref)                                                                                       \
    F(chafa_canvas_draw_all_pixels)                                                                                    \
    F(chafa_canvas_new)                                                                                                \
    F(chafa_canvas_print)                                                                                              \
    F(chafa_canvas_unref)                                                                                              \
    F(chafa_set_n_threads)                                                                                             \
    F(chafa_symbol_map_add_by_tags)                                                                                    \
    F(chafa_symbol_map_new)                                                                                            \
    F(chafa_symbol_map_unref)                                                                                          \
    F(chafa_term_db_detect)                                                                                            \
    F(chafa_term_db_get_default)                                                                                       \
    F(chafa_term_info_have_seq)                                                                                        \
    F(chafa_term_info_unref)                                                                                           \
    F(g_string_free)                                                                                                   \
    F(g_unichar_iswide)                                                                                                \
    F(g_unichar_iszerowidth)

static struct {
    FUNCTIONS(CS_SYMBOL_FIELD)
} lib;
static const cs_symbol symbols[] = {FUNCTIONS(CS_SYMBOL_ENTRY)};

/* Fill in `lib`; false when something is missing. The library stays loaded: GLib cannot be unloaded. */
static bool load(void)
{
    static const char *const names[] = {"libchafa.so.0", NULL};
    void *library = cs_symbols_load(names, symbols, sizeof symbols / sizeof *symbols);
    if (!library)
        return false;
    lib.chafa_set_n_threads(1); /* the guard is for one thread */
    return cs_glib_guard_install(library);
}

static bool is_loaded(void)
{
    static enum { UNKNOWN, LOADED, ABSENT } state = UNKNOWN;
    if (state == UNKNOWN)
        state = load() ? LOADED : ABSENT;
    return state == LOADED;
}

/* ---------------------------------------------------------------- the terminal */

struct cs_chafa {
    ChafaTermInfo *info;
    ChafaPixelMode pixels;
    ChafaCanvasMode colors;
    bool through_tmux; /* pixels are for the terminal outside of tmux */
};

static ChafaPixelMode pixel_mode_of(const ChafaTermInfo *info)
{
    return lib.chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_BEGIN_KITTY_IMMEDIATE_IMAGE_V1) ? CHAFA_PIXEL_MODE_KITTY
           : lib.chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_BEGIN_ITERM2_IMAGE)           ? CHAFA_PIXEL_MODE_ITERM2
           : lib.chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_BEGIN_SIXELS)                 ? CHAFA_PIXEL_MODE_SIXELS
                                                                                             : CHAFA_PIXEL_MODE_SYMBOLS;
}

static ChafaCanvasMode color_mode_of(const ChafaTermInfo *info)
{
    return lib.chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_SET_COLOR_FGBG_DIRECT) ? CHAFA_CANVAS_MODE_TRUECOLOR
           : lib.chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_SET_COLOR_FGBG_256)  ? CHAFA_CANVAS_MODE_INDEXED_240
           : lib.chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_SET_COLOR_FGBG_16)   ? CHAFA_CANVAS_MODE_INDEXED_16
           : lib.chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_INVERT_COLORS)       ? CHAFA_CANVAS_MODE_FGBG_BGFG
                                                                                    : CHAFA_CANVAS_MODE_FGBG;
}

/* In tmux, ask for the terminal outside; it is used when it has pixels and tmux passes them. */
static void look_outside_tmux(struct cs_chafa *chafa)
{
    char **outer = cs_tmux_outer_environment();
    ChafaTermInfo *info = outer ? lib.chafa_term_db_detect(lib.chafa_term_db_get_default(), outer) : NULL;
    cs_free(outer);
    if (info && pixel_mode_of(info) != CHAFA_PIXEL_MODE_SYMBOLS && cs_tmux_passes()) {
        lib.chafa_term_info_unref(chafa->info);
        chafa->info = info;
        chafa->pixels = pixel_mode_of(info);
        chafa->through_tmux = true;
    } else if (info) {
        lib.chafa_term_info_unref(info);
    }
}

static void measure_window(int fd, cs_terminal *terminal)
{
    struct winsize window = {0};
    const char *columns = getenv("COLUMNS");
    (void)ioctl(fd, TIOCGWINSZ, &window);
    terminal->columns = window.ws_col ? window.ws_col : columns ? (unsigned)strtoul(columns, NULL, 10) : 80;
    if (terminal->columns < 1 || terminal->columns > 10000)
        terminal->columns = 80;
    terminal->cell_width = 8;
    terminal->cell_height = 16;
    if (window.ws_col && window.ws_row && window.ws_xpixel && window.ws_ypixel) {
        const unsigned width = window.ws_xpixel / window.ws_col, height = window.ws_ypixel / window.ws_row;
        if (width >= 4 && width <= 64 && height >= 4 && height <= 128) {
            terminal->cell_width = width;
            terminal->cell_height = height;
        }
    }
}

clipsearch_status cs_terminal_detect(int fd, cs_terminal *terminal, clipsearch_error *err)
{
    if (!is_loaded())
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "drawing on a terminal needs the library libchafa, which is not installed (Debian: libchafa0)");
    struct cs_chafa *chafa = cs_zalloc_array(1, sizeof *chafa);
    if (!chafa)
        return cs_fail_memory(err, "a terminal");
    terminal->chafa = chafa;
    measure_window(fd, terminal);
    if (setjmp(*cs_glib_guard_begin()))
        return cs_fail_memory(err, "a terminal");
    chafa->info = lib.chafa_term_db_detect(lib.chafa_term_db_get_default(), environ);
    chafa->pixels = pixel_mode_of(chafa->info);
    if (cs_in_tmux() && chafa->pixels == CHAFA_PIXEL_MODE_SYMBOLS)
        look_outside_tmux(chafa);
    chafa->colors = color_mode_of(chafa->info);
    cs_glib_guard_end();
    return CLIPSEARCH_OK;
}

void cs_terminal_close(cs_terminal *terminal)
{
    if (terminal->chafa && terminal->chafa->info && !cs_glib_is_lost())
        lib.chafa_term_info_unref(terminal->chafa->info);
    cs_free(terminal->chafa);
    *terminal = (cs_terminal){0};
}

/* ---------------------------------------------------------------- images */

/* What draws the pixels in the given mode, as chafa writes it. */
static GString *print_image(const cs_terminal *terminal, ChafaPixelMode mode, const uint8_t *rgba, uint32_t width,
                            uint32_t height, unsigned columns, unsigned rows)
{
    ChafaCanvasConfig *config = lib.chafa_canvas_config_new();
    ChafaSymbolMap *symbols_used = lib.chafa_symbol_map_new();
    /* halves and quarters of a cell: in every font that terminals use */
    lib.chafa_symbol_map_add_by_tags(symbols_used, CHAFA_SYMBOL_TAG_SPACE | CHAFA_SYMBOL_TAG_SOLID |
                                                       CHAFA_SYMBOL_TAG_HALF | CHAFA_SYMBOL_TAG_QUAD);
    lib.chafa_canvas_config_set_symbol_map(config, symbols_used);
    lib.chafa_canvas_config_set_geometry(config, (gint)columns, (gint)rows);
    lib.chafa_canvas_config_set_cell_geometry(config, (gint)terminal->cell_width, (gint)terminal->cell_height);
    lib.chafa_canvas_config_set_canvas_mode(config, terminal->chafa->colors);
    lib.chafa_canvas_config_set_pixel_mode(config, mode);
    ChafaCanvas *canvas = lib.chafa_canvas_new(config);
    lib.chafa_canvas_draw_all_pixels(canvas, CHAFA_PIXEL_RGBA8_UNASSOCIATED, rgba, (gint)width, (gint)height,
                                     (gint)width * 4);
    GString *text = lib.chafa_canvas_print(canvas, terminal->chafa->info);
    lib.chafa_canvas_unref(canvas);
    lib.chafa_symbol_map_unref(symbols_used);
    lib.chafa_canvas_config_unref(config);
    return text;
}

/* Pixels through tmux, which does not know how high the image is: make room for it, go back up and draw, and go below
 * it again. False when tmux would not take it. */
static bool put_through_tmux(const GString *text, unsigned rows, cs_buf *out)
{
    cs_buf wrapped = cs_buf_make(SIZE_MAX / 2);
    const bool fits = cs_tmux_wrap(text->str, text->len, &wrapped) && !wrapped.failed;
    if (fits) {
        for (unsigned i = 0; i < rows; i++)
            cs_buf_putc(out, '\n');
        cs_buf_printf(out, "\033[%uA", rows);
        cs_buf_append(out, wrapped.data, wrapped.len);
        cs_buf_printf(out, "\033[%uB\r", rows);
    }
    cs_buf_free(&wrapped);
    return fits;
}

clipsearch_status cs_terminal_put_image(cs_terminal *terminal, const uint8_t *rgba, uint32_t width, uint32_t height,
                                        unsigned columns, unsigned rows, cs_buf *out, clipsearch_error *err)
{
    if (setjmp(*cs_glib_guard_begin()))
        return cs_fail_memory(err, "an image on the terminal");
    GString *text = print_image(terminal, terminal->chafa->pixels, rgba, width, height, columns, rows);
    bool done = terminal->chafa->through_tmux && put_through_tmux(text, rows, out);
    if (!done && terminal->chafa->through_tmux) {
        lib.g_string_free(text, TRUE);
        text = print_image(terminal, CHAFA_PIXEL_MODE_SYMBOLS, rgba, width, height, columns, rows);
    }
    if (!done) {
        cs_buf_append(out, text->str, text->len);
        cs_buf_putc(out, '\n');
    }
    lib.g_string_free(text, TRUE);
    cs_glib_guard_end();
    return out->failed ? cs_fail_memory(err, "an image on the terminal") : CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- text */

/* Columns that the character at `s` takes; *n receives its bytes. */
static unsigned character_width(const char *s, size_t left, size_t *n)
{
    gunichar character = 0;
    *n = cs_utf8_length(s, left);
    character = *n == 1 ? (unsigned char)s[0] : (unsigned char)s[0] & (0xFF >> (*n + 1));
    for (size_t i = 1; i < *n; i++)
        character = character << 6 | ((unsigned char)s[i] & 0x3F);
    return lib.g_unichar_iszerowidth(character) ? 0 : lib.g_unichar_iswide(character) ? 2 : 1;
}

static unsigned text_width(const char *text, size_t size)
{
    unsigned sum = 0;
    for (size_t at = 0, n; at < size; at += n)
        sum += character_width(text + at, size - at, &n);
    return sum;
}

unsigned cs_terminal_put_text(const cs_terminal *terminal, const char *text, unsigned columns, cs_buf *out)
{
    (void)terminal; /* proof that the library is loaded */
    cs_buf clean = cs_buf_make(1 << 16);
    cs_put_clean(&clean, text, 4096);
    if (clean.failed || !clean.data) {
        out->failed = out->failed || clean.failed;
        cs_buf_free(&clean);
        return 0;
    }
    const unsigned all = text_width(clean.data, clean.len);
    unsigned used = 0;
    if (all <= columns) {
        cs_buf_append(out, clean.data, clean.len);
        used = all;
    } else if (columns) {
        const unsigned head = columns / 2, tail = columns - 1 - head;
        unsigned passed = 0;
        size_t at = 0, n;
        for (unsigned w; at < clean.len && used + (w = character_width(clean.data + at, clean.len - at, &n)) <= head;
             at += n, used += w)
            ;
        cs_buf_append(out, clean.data, at);
        cs_buf_puts(out, "\xE2\x80\xA6");
        for (passed = used; at < clean.len && all - passed > tail; at += n)
            passed += character_width(clean.data + at, clean.len - at, &n);
        while (at < clean.len && character_width(clean.data + at, clean.len - at, &n) == 0) /* marks of what is gone */
            at += n;
        cs_buf_append(out, clean.data + at, clean.len - at);
        used += 1 + all - passed;
    }
    cs_buf_free(&clean);
    return used;
}

const char *cs_terminal_library(void)
{
    return is_loaded() ? "installed" : "";
}
