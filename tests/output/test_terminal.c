/* SPDX-License-Identifier: MIT
 * test_terminal.c - images on terminals of several kinds, which a pseudo-terminal plays; the way through tmux. */
#include "backend/hits.h"
#include "output/preview.h"
#include "output/tmux.h"
#include "support/folder.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_layout(void)
{
    static const unsigned cases[][4] = {/* columns, hits, in a row, columns of a tile */
                                        {80, 10, 4, 18},  {80, 1, 1, 40},    {80, 2, 2, 38}, {120, 10, 6, 18},
                                        {20, 10, 1, 19},  {10, 10, 1, 9},    {1, 10, 1, 1},  {0, 10, 1, 1},
                                        {200, 0, 10, 18}, {1000, 99, 12, 40}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_preview_grid grid = cs_preview_layout(cases[i][0], cases[i][1]);
        TAP_OK(grid.in_row == cases[i][2] && grid.columns == cases[i][3], "%u columns, %u hits: %u of %u", cases[i][0],
               cases[i][1], grid.in_row, grid.columns);
        TAP_OK(cases[i][0] < 2 || grid.in_row * (grid.columns + CS_PREVIEW_GAP) - CS_PREVIEW_GAP < cases[i][0],
               "they fit");
    }
}

static void test_wrap(void)
{
    cs_buf out = cs_buf_make(1 << 22);
    static const char kitty[] = "\033_Ga=T;AAAA\033\\\033_Gm=0;BB\033\\";
    TAP_OK(cs_tmux_wrap(kitty, sizeof kitty - 1, &out) &&
               strcmp(out.data,
                      "\033Ptmux;\033\033_Ga=T;AAAA\033\033\\\033\\\033Ptmux;\033\033_Gm=0;BB\033\033\\\033\\") == 0,
           "each sequence by itself, its ESC twice");
    cs_buf_clear(&out);
    static const char iterm[] = "\033]1337;File=inline=1:AAAA\a";
    TAP_OK(cs_tmux_wrap(iterm, sizeof iterm - 1, &out) &&
               strcmp(out.data, "\033Ptmux;\033\033]1337;File=inline=1:AAAA\a\033\\") == 0,
           "one that ends with BEL");
    cs_buf_clear(&out);
    static char huge[1000100];
    memset(huge, 'A', sizeof huge);
    memcpy(huge, "\033_G", 3);
    TAP_OK(!cs_tmux_wrap(huge, sizeof huge, &out) && out.len == 0, "one that is too long for tmux is refused");
    cs_buf_free(&out);
}

/* A pseudo-terminal with 80 columns and, unless `cell` is 0, cells of cell x 2 cell pixels. */
static int make_terminal(int *slave, unsigned short cell)
{
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        (*slave = open(ptsname(master), O_RDWR | O_NOCTTY)) < 0)
        return -1;
    const struct winsize size = {.ws_col = 80,
                                 .ws_row = 24,
                                 .ws_xpixel = (unsigned short)(80 * cell),
                                 .ws_ypixel = (unsigned short)(24 * 2 * cell)};
    return ioctl(master, TIOCSWINSZ, &size) == 0 ? master : -1;
}

static const char *const variables[] = {"TERM",
                                        "COLORTERM",
                                        "TERM_PROGRAM",
                                        "LC_TERMINAL",
                                        "TMUX",
                                        "KITTY_WINDOW_ID",
                                        "KITTY_PID",
                                        "ITERM_SESSION_ID",
                                        "WEZTERM_PANE",
                                        "GHOSTTY_RESOURCES_DIR",
                                        "VTE_VERSION",
                                        "CTX_BACKEND",
                                        "TERM_PROGRAM_VERSION",
                                        "WT_SESSION",
                                        "MLTERM",
                                        "NVIM"};

/* Draw a red and a blue half on a terminal with this environment ("NAME=value", ended by NULL). */
static char *draw(const char *const *environment, unsigned short cell, cs_terminal *terminal)
{
    clipsearch_error err = {0};
    int slave = -1, master = make_terminal(&slave, cell);
    uint8_t rgba[64 * 32 * 4];
    for (size_t i = 0; i < 64 * 32; i++)
        memcpy(rgba + i * 4, i / 64 < 16 ? "\xFF\0\0\xFF" : "\0\0\xFF\xFF", 4);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    for (; *environment; environment++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*environment, "="), *environment);
        setenv(name, strchr(*environment, '=') + 1, 1);
    }
    cs_buf out = cs_buf_make(1 << 22);
    if (master < 0 || cs_terminal_open(slave, terminal, &err) != CLIPSEARCH_OK ||
        cs_terminal_put_image(terminal, rgba, 64, 32, 8, 2, &out, &err) != CLIPSEARCH_OK)
        tap_note("%s", err.message);
    close(slave);
    close(master);
    char *text = cs_buf_detach(&out);
    if (!text)
        abort();
    return text;
}

static bool draws(const char *const *environment, const char *what, const char *not_what)
{
    cs_terminal terminal;
    char *text = draw(environment, 0, &terminal);
    const bool right = strstr(text, what) && (!not_what || !strstr(text, not_what));
    if (!right)
        tap_note("%.300s", text);
    cs_terminal_close(&terminal);
    free(text);
    return right;
}

static void test_kinds(void)
{
    cs_terminal terminal;
    static const char *const plain[] = {"TERM=xterm-256color", "COLORTERM=truecolor", NULL};
    char *text = draw(plain, 0, &terminal);
    size_t lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    TAP_OK(terminal.columns == 80 && terminal.cell_width == 8 && terminal.cell_height == 16, "the size of the window");
    /* 2 rows: one red, one blue: spaces or full blocks in these colours */
    TAP_OK(lines == 2, "as many lines as rows: %zu", lines);
    TAP_OK(strstr(text, "255;0;0") && strstr(text, "0;0;255") && !strstr(text, "\033_G"), "colours of the image");
    cs_terminal_close(&terminal);
    free(text);
    static const char *const few[] = {"TERM=screen-256color", NULL}, *const kitty[] = {"TERM=xterm-kitty", NULL},
                             *const iterm[] = {"TERM=xterm-256color", "TERM_PROGRAM=iTerm.app", "LC_TERMINAL=iTerm2",
                                               NULL},
                             *const sixel[] = {"TERM=mlterm", NULL}, *const dumb[] = {"TERM=dumb", NULL};
    TAP_OK(draws(few, "8;5;", "8;2;"), "256 colours");
    TAP_OK(draws(kitty, "\033_G", "8;2;"), "Kitty's protocol");
    TAP_OK(draws(iterm, "\033]1337;File=inline=1", "8;2;"), "iTerm2's protocol");
    TAP_OK(draws(sixel, "\033P", "\033_G"), "sixel");
    TAP_OK(draws(dumb, "\n", "\033_G"), "a terminal that is not known gets no pixels");
    text = draw(plain, 10, &terminal);
    TAP_OK(terminal.cell_width == 10 && terminal.cell_height == 20, "the size of its cells");
    cs_terminal_close(&terminal);
    free(text);
}

/* A program tmux that prints what it is asked to. */
static void make_tmux(const folder *f, const char *answer)
{
    char script[128];
    snprintf(script, sizeof script, "#!/bin/sh\n[ \"$1\" = display-message ] && echo %s\n", answer);
    folder_write_text(f, "tmux", script);
    chmod(folder_path(f, "tmux"), 0755);
}

static void test_tmux(void)
{
    folder f;
    folder_make(&f);
    char *path = strdup(getenv("PATH")), first[4500];
    snprintf(first, sizeof first, "%s:%.4000s", f.path, path);
    setenv("PATH", first, 1);
    static const char *const kitty[] = {"TERM=tmux-256color", "TMUX=/tmp/tmux-0/default,1,0", "TERM_PROGRAM=tmux",
                                        "KITTY_WINDOW_ID=1", NULL},
                             *const other[] = {"TERM=tmux-256color", "TMUX=/tmp/tmux-0/default,1,0",
                                               "TERM_PROGRAM=tmux", NULL};
    make_tmux(&f, "on");
    TAP_OK(draws(kitty, "\033Ptmux;\033\033_G", "38;5;"), "Kitty outside of tmux");
    TAP_OK(draws(kitty, "\n\n\033[2A\033Ptmux;", NULL) && draws(kitty, "\033\\\033[2B\r", NULL),
           "below room that was made for it");
    TAP_OK(draws(other, "8;5;", "tmux;"), "another terminal outside of tmux gets colours");
    make_tmux(&f, "off");
    TAP_OK(draws(kitty, "8;5;", "tmux;"), "tmux passes nothing: colours");
    make_tmux(&f, "''");
    TAP_OK(draws(kitty, "\033Ptmux;", NULL), "a tmux that is too old to have the option passes all");
    setenv("PATH", "/nowhere", 1);
    TAP_OK(draws(kitty, "8;5;", "tmux;"), "no program tmux: colours");
    setenv("PATH", path, 1);
    free(path);
    folder_remove(&f);
}

static bool is_put(const char *text, unsigned columns, const char *want, unsigned width)
{
    const cs_terminal terminal = {0};
    cs_buf out = cs_buf_make(1000);
    const unsigned used = cs_terminal_put_text(&terminal, text, columns, &out);
    const bool same = strcmp(out.data ? out.data : "", want) == 0 && used == width;
    if (!same)
        tap_note("\"%s\", %u wide", out.data ? out.data : "", used);
    cs_buf_free(&out);
    return same;
}

static void test_text(void)
{
    TAP_OK(is_put("dog.jpg", 18, "dog.jpg", 7), "a name that fits");
    TAP_OK(is_put("abcdefghij.jpg", 9, "abcd\xE2\x80\xA6.jpg", 9), "a name shortened in the middle");
    TAP_OK(is_put("\xE7\x99\xBD\xE7\x8B\x97\xE8\x8D\x89.jpg", 10, "\xE7\x99\xBD\xE7\x8B\x97\xE8\x8D\x89.jpg", 10),
           "characters that are two columns wide");
    TAP_OK(is_put("\xE7\x99\xBD\xE7\x8B\x97\xE8\x8D\x89.jpg", 8, "\xE7\x99\xBD\xE7\x8B\x97\xE2\x80\xA6jpg", 8),
           "are not cut in two");
    TAP_OK(is_put("e\xCC\x81.jpg", 18, "e\xCC\x81.jpg", 5), "marks have no width");
    TAP_OK(is_put("a\033[2Jb\nc\xFF", 18, "a\xEF\xBF\xBD[2Jb c\xEF\xBF\xBD", 9), "nothing that a terminal would obey");
    TAP_OK(is_put("", 18, "", 0) && is_put("abc", 0, "", 0) && is_put("abc", 1, "\xE2\x80\xA6", 1), "the smallest");
}

/* Two hits, one of them missing, in a window of 80 columns. */
static void test_preview(void)
{
    char path[4096];
    cs_terminal terminal;
    static const char *const plain[] = {"TERM=xterm-256color", "COLORTERM=truecolor", NULL};
    free(draw(plain, 0, &terminal));
    snprintf(path, sizeof path, "%s/examples/pictures/white-dog-grass.jpg", getenv("CLIPSEARCH_SOURCE_ROOT"));
    clipsearch_hits *hits = cs_hits_make(1);
    (void)cs_hits_add(hits, &(clipsearch_item){.path = path, .attributes = "{}"}, 0.25f, NULL);
    (void)cs_hits_add(hits, &(clipsearch_item){.path = "/none/gone.jpg", .attributes = "{}"}, 0.125f, NULL);
    cs_hits_next_query(hits);
    cs_result items[] = {{.query = "dog", .hits = hits}, {.query = "nothing"}};
    cs_results results = {.items = items, .count = 2};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const clipsearch_status status = cs_preview_draw(&terminal, &results, out, NULL);
    fclose(out);
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    TAP_OK(status == CLIPSEARCH_OK && strncmp(text, "# dog\n", 6) == 0 && strstr(text, "\n# nothing\n"), "headings");
    TAP_OK(strstr(text, "\033[10Gwhite-dog-grass.jpg\033[56Ggone.jpg\n"), "names below their tiles");
    TAP_OK(strstr(text, "1  0.250") && strstr(text, "2  0.125  missing\n"), "ranks, scores, and what is missing");
    TAP_OK(lines == 1 + 19 + 3 + 1 && strstr(text, "\xE2\x96"),
           "19 rows of blocks for a square of 38 columns: %zu lines", lines);
    free(text);
    clipsearch_hits_free(&hits);
    cs_terminal_close(&terminal);
}

int main(void)
{
    test_layout();
    test_wrap();
    clipsearch_error err;
    cs_terminal terminal;
    const int file = open("/dev/null", O_RDWR);
    const clipsearch_status status = cs_terminal_open(file, &terminal, &err);
    cs_terminal_close(&terminal);
    close(file);
    int slave, master = make_terminal(&slave, 0);
    if (master < 0 || cs_terminal_open(slave, &terminal, &err) == CLIPSEARCH_E_UNSUPPORTED) {
        tap_skip("images on a terminal", "no pseudo-terminal, or no libchafa in this build or on this machine");
        return tap_done();
    }
    cs_terminal_close(&terminal);
    close(slave);
    close(master);
    TAP_OK(status == CLIPSEARCH_E_ARGUMENT, "a file is no terminal");
    test_kinds();
    test_tmux();
    test_text();
    test_preview();
    return tap_done();
}
