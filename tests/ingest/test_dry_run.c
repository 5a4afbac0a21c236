/* SPDX-License-Identifier: MIT
 * test_dry_run.c - a dry run counts what the run then counts: folders that change at random, with every kind of file.
 */
#include "support/gallery.h"
#include "tap.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES = 24, CONTENTS = 30, ROUNDS = 8, GALLERIES = TAP_SLOW ? 5 : 12, MOST_CHANGES = 12 };

static uint32_t state;

static unsigned below(unsigned limit)
{
    state = state * 1664525U + 1013904223U;
    return (unsigned)(((uint64_t)state * limit) >> 32);
}

/* A name that files have, have had or will have; some below a directory. */
static const char *any_name(void)
{
    static char names[4][32];
    static unsigned next;
    char *name = names[next++ % 4];
    const unsigned i = below(NAMES);
    snprintf(name, sizeof names[0], "%s%02u.png", i % 3 ? "" : i % 2 ? "sub/" : "sub/deep/", i);
    return name;
}

static void write_sidecar(const gallery *g, const char *name)
{
    char text[512], sidecar[64];
    snprintf(sidecar, sizeof sidecar, "%s.xmp", name);
    snprintf(text, sizeof text,
             "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
             "<rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='%u'/>"
             "</rdf:RDF></x:xmpmeta>",
             1 + below(5));
    folder_write_text(&g->images, sidecar, text);
}

static void remove_sidecar(const gallery *g, const char *name)
{
    char sidecar[64];
    snprintf(sidecar, sizeof sidecar, "%s.xmp", name);
    unlink(folder_path(&g->images, sidecar));
}

/* The kinds of change. FRESH: content that no other file has had; KNOWN: of a few, so that others have it or had it. */
typedef enum change {
    FRESH,
    KNOWN,
    TOUCH,
    CHMOD,
    MOVE,
    REMOVE,
    BAD,
    HIDDEN,
    OTHER,
    SIDECAR,
    NO_SIDECAR,
    CHANGES
} change;

static void change_one(const gallery *g, change kind)
{
    static const char *const hidden[] = {".h.png", ".thumbnails/t.png", "@eaDir/e.png"}, *const others[] = {
                                                                                             "notes.txt", "clip.mp4",
                                                                                             "sub/page.pdf"};
    static unsigned fresh = 1000;
    const char *name = any_name(), *path = folder_path(&g->images, name);
    const struct timespec times[2] = {{1000 + below(1000), 0}, {1000 + below(1000), 0}};
    switch (kind) {
    case FRESH:
        gallery_image(g, name, fresh++);
        break;
    case KNOWN:
        gallery_image(g, name, 1 + below(CONTENTS));
        break;
    case TOUCH:
        utimensat(AT_FDCWD, path, times, 0);
        break;
    case CHMOD:
        chmod(path, below(2) ? 0600 : 0644);
        break;
    case MOVE: {
        const char *to = any_name();
        rename(path, folder_path(&g->images, to));
        break;
    }
    case REMOVE:
        unlink(path);
        break;
    case BAD:
        folder_write_text(&g->images, name, "bad");
        break;
    case HIDDEN:
        gallery_image(g, hidden[below(3)], fresh++);
        break;
    case OTHER:
        folder_write_text(&g->images, others[below(3)], "no image");
        break;
    case SIDECAR:
        write_sidecar(g, name);
        break;
    case NO_SIDECAR:
    case CHANGES:
        remove_sidecar(g, name);
        break;
    }
}

/* All counts of a report, in a text. */
static void put_counts(const gallery *g, char *text, size_t size)
{
    const clipsearch_ingest_report *r = &g->report;
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {{"found", r->found},
                  {"inserted", r->inserted},
                  {"replaced", r->replaced},
                  {"unchanged", r->unchanged},
                  {"moved", r->moved},
                  {"copied", r->copied},
                  {"updated", r->updated},
                  {"skipped", r->skipped},
                  {"unreadable", r->unreadable},
                  {"pruned", r->pruned},
                  {"without_row", r->without_row},
                  {"rows_unused", r->rows_unused},
                  {"left_out", r->left_out},
                  {"hidden", r->hidden},
                  {"gone", r->gone},
                  {"newly_gone", r->newly_gone},
                  {"kept", r->kept},
                  {"returned", r->returned}};
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].count)
            n += (size_t)snprintf(text + n, size - n, "%s %" PRIu64 " ", counts[i].name, counts[i].count);
    for (size_t i = 0; i < r->kind_count; i++)
        n += (size_t)snprintf(text + n, size - n, "%s %" PRIu64 " ", r->kinds[i].kinds, r->kinds[i].files);
    snprintf(text + n, size - n, "| %s", g->bad_names);
}

static uint64_t seen[8]; /* how many of a kind all runs together had: none may be missing from the test */

static void note_seen(const clipsearch_ingest_report *r)
{
    const uint64_t counts[] = {r->inserted, r->replaced, r->moved,  r->copied,
                               r->updated,  r->skipped,  r->pruned, r->returned};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        seen[i] += counts[i];
}

/* A dry run and the run. Returns whether they count alike. */
static bool compare(gallery *g, clipsearch_ingest_options *options, unsigned gallery_number, unsigned round)
{
    char dry[2048], real[2048];
    options->dry_run = true;
    const clipsearch_status tried = gallery_ingest(g, options);
    put_counts(g, dry, sizeof dry);
    options->dry_run = false;
    const clipsearch_status done = gallery_ingest(g, options);
    put_counts(g, real, sizeof real);
    note_seen(&g->report);
    if (tried == CLIPSEARCH_OK && done == CLIPSEARCH_OK && strcmp(dry, real) == 0)
        return true;
    printf("# gallery %u, round %u, prune %d, rescan %d: %d %d %s\n#   dry run: %s\n#   run:     %s\n", gallery_number,
           round, options->prune, options->rescan, tried, done, done ? g->err.message : "", dry, real);
    return false;
}

static bool test_gallery(unsigned number)
{
    static const char *const attributes[] = {NULL, "{\"kind\":\"a\"}", "{\"kind\":\"b\",\"n\":1}"};
    static const char *const excluded[] = {"1?.png"};
    gallery g;
    bool alike = true;
    clipsearch_source source;
    state = number;
    gallery_open(&g, false);
    folder_write_text(&g.elsewhere, "rows.csv", "path,caption\n01.png,one\n02.png,two\nno.png,none\n");
    char csv[128];
    snprintf(csv, sizeof csv, "%s", folder_path(&g.elsewhere, "rows.csv"));
    clipsearch_ingest_options options = gallery_options(&g, &source);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const unsigned changes = round ? 1 + below(MOST_CHANGES) : 2 * MOST_CHANGES;
        for (unsigned i = 0; i < changes; i++)
            change_one(&g, round ? (change)below(CHANGES) : i % 2 ? FRESH : KNOWN);
        source.attributes = attributes[below(4) ? 0 : below(3)];
        source.exclude = excluded;
        source.exclude_count = below(4) == 0;
        source.attributes_csv = below(5) ? NULL : csv;
        source.csv_by_name = true;
        options.metadata = below(5) ? NULL : "";
        options.prune = below(3) == 0;
        options.force_prune = options.prune && below(2);
        options.rescan = below(4) == 0;
        alike = compare(&g, &options, number, round) && alike;
    }
    gallery_close(&g);
    return alike;
}

int main(void)
{
    for (unsigned i = 0; i < GALLERIES; i++)
        TAP_OK(test_gallery(i + 1), "a folder that changes %d times, number %u", ROUNDS, i + 1);
    bool all = true;
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++)
        all = all && seen[i] > 0;
    TAP_OK(all,
           "inserted %" PRIu64 ", replaced %" PRIu64 ", moved %" PRIu64 ", copied %" PRIu64 ", updated %" PRIu64
           ", skipped %" PRIu64 ", pruned %" PRIu64 ", back %" PRIu64,
           seen[0], seen[1], seen[2], seen[3], seen[4], seen[5], seen[6], seen[7]);
    return tap_done();
}
