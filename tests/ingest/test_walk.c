/* SPDX-License-Identifier: MIT
 * test_walk.c - the walk: order, patterns, links, what cannot be read, depth, failing memory. */
#include "base/mem.h"
#include "ingest/sidecar.h"
#include "ingest/walk.h"
#include "support/folder.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static clipsearch_error err;

typedef struct seen {
    char text[8192]; /* "name;name+;!bad;": + where a file of XMP is beside it */
    int files, bad;
    int stop_after;
} seen;

static clipsearch_status on_file(void *context, const char *path, const char *relative, const cs_file_info *info,
                                 bool sidecar, clipsearch_error *e)
{
    seen *s = context;
    (void)path;
    (void)info;
    if (strlen(s->text) + strlen(relative) + 3 < sizeof s->text)
        strcat(strcat(s->text, relative), sidecar ? "+;" : ";");
    if (++s->files == s->stop_after)
        return cs_fail(e, CLIPSEARCH_E_CANCELLED, "enough");
    return CLIPSEARCH_OK;
}

static clipsearch_status on_bad(void *context, const char *path, bool is_directory, const clipsearch_error *why,
                                clipsearch_error *e)
{
    seen *s = context;
    (void)why;
    (void)e;
    s->bad++;
    strcat(strcat(strcat(s->text, is_directory ? "!!" : "!"), cs_path_base(path)), ";");
    return CLIPSEARCH_OK;
}

static const cs_walk_calls calls = {.file = on_file, .bad = on_bad};

typedef struct options {
    const char *include, *exclude;
    bool flat, follow, hidden;
    int stop_after;
} options;

static clipsearch_status walk(const char *root, options o, seen *s)
{
    cs_glob *include = NULL, *exclude = NULL;
    cs_retries retries = {CS_RETRIES_OF_A_RUN};
    cs_walk_spec spec = {
        .root = root, .recurse = !o.flat, .follow_symlinks = o.follow, .hidden = o.hidden, .retries = &retries};
    clipsearch_status status = cs_glob_open(o.include ? o.include : "*.jpg", false, &include, &err);
    if (status == CLIPSEARCH_OK && o.exclude)
        status = cs_glob_open(o.exclude, false, &exclude, &err);
    spec.include = &include;
    spec.include_count = 1;
    spec.exclude = &exclude;
    spec.exclude_count = o.exclude ? 1 : 0;
    *s = (seen){.stop_after = o.stop_after};
    if (status == CLIPSEARCH_OK)
        status = cs_walk(&spec, &calls, s, &err);
    cs_glob_close(&include);
    cs_glob_close(&exclude);
    return status;
}

static void expect(const folder *f, const char *what, options o, const char *expected)
{
    seen s;
    clipsearch_status status = walk(f->path, o, &s);
    TAP_OK(status == CLIPSEARCH_OK && strcmp(s.text, expected) == 0, "%s: %s", what, s.text);
}

static void test_order(void)
{
    folder f;
    folder_make(&f);
    static const char *const files[] = {"b.jpg",    "a/z.jpg", "a/b/c.jpg", "a.jpg",
                                        "c/.x.jpg", "c/t.txt", "B.jpg",     "d/e/f/g.jpg"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        folder_write_text(&f, files[i], "x");
    expect(&f, "by name, directories where they stand", (options){0},
           "B.jpg;a/b/c.jpg;a/z.jpg;a.jpg;b.jpg;d/e/f/g.jpg;");
    expect(&f, "hidden ones", (options){.hidden = true}, "B.jpg;a/b/c.jpg;a/z.jpg;a.jpg;b.jpg;c/.x.jpg;d/e/f/g.jpg;");
    expect(&f, "no recursion", (options){.flat = true}, "B.jpg;a.jpg;b.jpg;");
    expect(&f, "an excluded directory is not entered", (options){.exclude = "a"}, "B.jpg;a.jpg;b.jpg;d/e/f/g.jpg;");
    expect(&f, "'/' at the end excludes directories only", (options){.exclude = "*/"}, "B.jpg;a.jpg;b.jpg;");
    expect(&f, "exclude by path", (options){.exclude = "d/**"}, "B.jpg;a/b/c.jpg;a/z.jpg;a.jpg;b.jpg;");
    expect(&f, "include by path", (options){.include = "a/**/c.jpg"}, "a/b/c.jpg;");
    expect(&f, "exclude hidden", (options){.exclude = ".*", .hidden = true},
           "B.jpg;a/b/c.jpg;a/z.jpg;a.jpg;b.jpg;d/e/f/g.jpg;");
    seen s;
    TAP_OK(walk(folder_path(&f, "c/t.txt"), (options){0}, &s) == CLIPSEARCH_OK && strcmp(s.text, "t.txt;") == 0,
           "a root that is a file is taken whatever the patterns");
    TAP_OK(walk(folder_path(&f, "none"), (options){0}, &s) == CLIPSEARCH_E_NOT_FOUND, "a root that is not there: %s",
           err.message);
    TAP_OK(walk(f.path, (options){.stop_after = 2}, &s) == CLIPSEARCH_E_CANCELLED && s.files == 2,
           "a call can stop it");
    folder_remove(&f);
}

/* What a walk without patterns takes, and how it counts the rest. */
static void test_left_out(void)
{
    folder f;
    folder_make(&f);
    static const char *const files[] = {
        "a.jpg",       "B.JPG",     "c.psd",           "d.mov",          "e.txt",          "f.unknown", "README",
        ".hidden.jpg", "._a.jpg",   ".Trash-1000/x",   "@eaDir/a.jpg/t", "$RECYCLE.BIN/x", "Thumbs.db", "sub/g.jfif",
        "sub/.git/x",  "sub/h.mp4", "sub/DESKTOP.INI", "#recycle/x.jpg", "sub/no-suffix",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        folder_write_text(&f, files[i], strstr(files[i], "no-suffix") ? "\xff\xd8\xff\xe0 a photograph" : "text");
    folder_write_text(&f, "wrong.psd", "\xff\xd8\xff\xe0 a JPEG under a wrong name");
    seen s = {0};
    cs_left_out left_out = {{0}, 0};
    cs_retries retries = {CS_RETRIES_OF_A_RUN};
    cs_walk_spec spec = {.root = f.path, .recurse = true, .retries = &retries, .left_out = &left_out};
    TAP_OK(cs_walk(&spec, &calls, &s, &err) == CLIPSEARCH_OK &&
               strcmp(s.text, "B.JPG;a.jpg;sub/g.jfif;sub/no-suffix;wrong.psd;") == 0,
           "images by suffix, or else by content: %s", s.text);
    TAP_OK(left_out.hidden == 9, "%llu hidden", (unsigned long long)left_out.hidden);
    TAP_OK(left_out.kinds[CS_KIND_PHOTOSHOP] == 1 && left_out.kinds[CS_KIND_VIDEO] == 2 &&
               left_out.kinds[CS_KIND_TEXT] == 2 && left_out.kinds[CS_KIND_OTHER] == 1,
           "the rest by kind");
    spec.root = folder_path(&f, "#recycle");
    s = (seen){0};
    TAP_OK(cs_walk(&spec, &calls, &s, &err) == CLIPSEARCH_OK && strcmp(s.text, "x.jpg;") == 0,
           "a root that is hidden itself is taken: %s", s.text);
    folder_remove(&f);
}

/* Paths relative to a directory above the root. */
static void test_base(void)
{
    folder f;
    folder_make(&f);
    folder_write_text(&f, "a/b/c.jpg", "x");
    folder_write_text(&f, "ab/d.jpg", "x");
    char base[4096];
    snprintf(base, sizeof base, "%s", folder_path(&f, "a"));
    static const struct {
        const char *root, *expected;
    } cases[] = {
        {"a/b", "b/c.jpg;"}, {"a/b/c.jpg", "b/c.jpg;"}, {"a", "b/c.jpg;"}, {"ab", "d.jpg;"}, {"ab/d.jpg", "d.jpg;"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seen s = {0};
        cs_retries retries = {CS_RETRIES_OF_A_RUN};
        cs_walk_spec spec = {
            .base = base, .root = folder_path(&f, cases[i].root), .recurse = true, .retries = &retries};
        TAP_OK(cs_walk(&spec, &calls, &s, &err) == CLIPSEARCH_OK && strcmp(s.text, cases[i].expected) == 0,
               "%s from above: %s", cases[i].root, s.text);
    }
    TAP_OK(cs_walk_part_below("/", "/a") == 1 && cs_walk_part_below("/a", "/a/b") == 3 &&
               cs_walk_part_below("/a", "/ab") == SIZE_MAX && cs_walk_part_below(NULL, "/a") == SIZE_MAX,
           "parts of paths");
    folder_remove(&f);
}

static void test_links(void)
{
    folder f;
    folder_make(&f);
    folder_write_text(&f, "in/a.jpg", "x");
    folder_write_text(&f, "out/b.jpg", "x");
    bool made =
        symlink("../out", folder_path(&f, "in/link")) == 0 && symlink("..", folder_path(&f, "in/up")) == 0 &&
        symlink("a.jpg", folder_path(&f, "in/z.jpg")) == 0 && symlink("no", folder_path(&f, "in/gone.jpg")) == 0 &&
        symlink("self.jpg", folder_path(&f, "in/self.jpg")) == 0 && mkfifo(folder_path(&f, "in/p.jpg"), 0600) == 0;
    TAP_OK(made, "links and a pipe");
    expect(&f, "links to directories are not entered, links to files are read", (options){0},
           "in/a.jpg;!gone.jpg;!p.jpg;!self.jpg;in/z.jpg;out/b.jpg;");
    expect(&f, "followed, every directory once", (options){.follow = true},
           "in/a.jpg;!gone.jpg;in/link/b.jpg;!p.jpg;!self.jpg;in/z.jpg;");
    folder_remove(&f);
}

static void test_unreadable(void)
{
    folder f;
    folder_make(&f);
    folder_write_text(&f, "a/x.jpg", "x");
    folder_write_text(&f, "b/y.jpg", "x");
    chmod(folder_path(&f, "a"), 0);
    if (access(folder_path(&f, "a"), R_OK) == 0)
        tap_skip("a directory without permission", "this user may read everything");
    else
        expect(&f, "a directory without permission", (options){0}, "!!a;b/y.jpg;");
    chmod(folder_path(&f, "a"), 0700);
    folder_remove(&f);
}

/* Directories nested until the path is longer than the system takes, made by going into each. */
static void test_deep(void)
{
    folder f;
    folder_make(&f);
    char name[201], before[4096];
    memset(name, 'd', 200);
    name[200] = '\0';
    int levels = 0;
    if (!getcwd(before, sizeof before) || chdir(f.path) != 0)
        return;
    while (levels < 25 && mkdir(name, 0700) == 0 && chdir(name) == 0)
        levels++;
    seen s;
    clipsearch_status status = walk(f.path, (options){0}, &s);
    TAP_OK(status == CLIPSEARCH_OK && s.bad == 1 && strncmp(s.text, "!!d", 3) == 0,
           "%d levels: too deep is bad, not fatal", levels);
    while (levels-- > 0)
        if (chdir("..") != 0 || rmdir(name) != 0)
            break;
    TAP_OK(chdir(before) == 0, "back");
    folder_remove(&f);
    folder_make(&f);
    char path[2048] = "";
    for (int i = 0; i < 900; i++)
        strcat(path, "d/");
    strcat(path, "x.jpg");
    folder_write_text(&f, path, "x");
    status = walk(f.path, (options){0}, &s);
    TAP_OK(status == CLIPSEARCH_OK && s.files == 1, "900 levels of short names");
    folder_remove(&f);
}

static void test_sidecars(void)
{
    folder f;
    folder_make(&f);
    static const char *const files[] = {"a.jpg", "a.xmp",  "b.jpg",     "b.jpg.XMP", "c.jpg",   "c.png.xmp", "d.jpg",
                                        "e.jpg", "ee.xmp", "sub/d.xmp", "sub/f.jpg", "xmp.jpg", ".xmp"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        folder_write_text(&f, files[i], "x");
    mkdir(folder_path(&f, "d.jpg.xmp"), 0700);
    expect(&f, "files of XMP beside files", (options){0}, "a.jpg+;b.jpg+;c.jpg;d.jpg;e.jpg;sub/f.jpg;xmp.jpg;");
    seen s;
    TAP_OK(walk(folder_path(&f, "b.jpg"), (options){0}, &s) == CLIPSEARCH_OK && strcmp(s.text, "b.jpg+;") == 0,
           "beside a file that is named: %s", s.text);
    TAP_OK(walk(folder_path(&f, "c.jpg"), (options){0}, &s) == CLIPSEARCH_OK && strcmp(s.text, "c.jpg;") == 0,
           "none: %s", s.text);
    folder_remove(&f);
    char path[PATH_MAX];
    static const char *const names[] = {"/p.q/IMG.jpg.xmp", "/p.q/IMG.jpg.XMP", "/p.q/IMG.xmp", "/p.q/IMG.XMP"};
    for (unsigned i = 0; i < CS_SIDECAR_NAMES; i++)
        TAP_OK(cs_sidecar_path("/p.q/IMG.jpg", i, path) && strcmp(path, names[i]) == 0, "name %u: %s", i, path);
    TAP_OK(cs_sidecar_path("/p.q/IMG", 0, path) && !cs_sidecar_path("/p.q/IMG", 2, path) &&
               !cs_sidecar_path("/p.q/.IMG", 3, path),
           "of files without a suffix");
    TAP_OK(cs_sidecar_image("/p/a.jpg.xmp", path) && strcmp(path, "/p/a.jpg") == 0 &&
               !cs_sidecar_image("/p.q/a.xmp", path) && !cs_sidecar_image("/p/a.jpg", path),
           "the image by the name of its file");
    TAP_OK(cs_sidecar_time(5, 7) == 12 && cs_sidecar_time(INT64_MAX, INT64_MAX) >= 0 && cs_sidecar_time(-1, 0) >= 0,
           "times that cannot be are added up too");
}

static void test_memory(void)
{
    folder f;
    folder_make(&f);
    char name[32];
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%d/%d/x.jpg", i % 3, i);
        folder_write_text(&f, name, "x");
    }
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    bool all = true;
    int n = 0;
    while (status != CLIPSEARCH_OK && ++n < 1000) {
        seen s;
        cs_mem_fail_at((uint64_t)n);
        status = walk(f.path, (options){.follow = true}, &s);
        all = all && (status == CLIPSEARCH_E_MEMORY || (status == CLIPSEARCH_OK && s.files == 40 && s.bad == 0));
    }
    cs_mem_fail_at(0);
    TAP_OK(all && n > 10 && n < 1000, "each of %d allocations may fail", n - 1);
    folder_remove(&f);
}

int main(void)
{
    test_order();
    test_left_out();
    test_base();
    test_links();
    test_unreadable();
    test_deep();
    test_sidecars();
    test_memory();
    return tap_done();
}
