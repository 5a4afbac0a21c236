/* SPDX-License-Identifier: MIT
 * test_duplicates.c - groups of duplicates: each kind of change, near misses, flat images, missing files, what to
 * keep. All items have nearly the same vector, so every pair is a candidate and the comparison of images decides. */
#include "support/gallery.h"
#include "tap.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST = 64, DIM = 4096 };

static gallery g;
static clipsearch_error err;
static uint64_t put_count;

/* Put a file under a name of its own; `digest` makes its content digest; 0: of its number. */
static void put(const char *name, uint32_t width, uint32_t height, uint64_t size, unsigned digest,
                const char *attributes)
{
    static float vector[DIM];
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    clipsearch_collection_describe(g.collection, &info, NULL);
    const float small = 0.05F * (float)(put_count % 5);
    for (size_t i = 0; i < info.dim; i++)
        vector[i] = 0;
    vector[1 + put_count % 5] = small;
    vector[0] = sqrtf(1 - small * small);
    put_count++;
    clipsearch_item item = {.path = folder_path(&g.images, name),
                            .size = size,
                            .mtime_ns = 1,
                            .width = width,
                            .height = height,
                            .attributes = attributes};
    const unsigned content = digest ? digest : 1000 + (unsigned)put_count;
    memcpy(item.hash, &content, sizeof content);
    if (clipsearch_collection_put(g.collection, &item, vector, 1, NULL, &err) != CLIPSEARCH_OK)
        printf("Bail out! %s\n", err.message), exit(1);
}

/* Write an image as PPM and put it. */
static void put_image(const char *name, const clipsearch_image *image)
{
    static uint8_t file[1 << 22];
    const int head = snprintf((char *)file, 64, "P6\n%u %u\n255\n", image->width, image->height);
    const size_t bytes = (size_t)image->width * image->height * 3;
    memcpy(file + head, image->rgb, bytes);
    folder_write(&g.images, name, file, (size_t)head + bytes);
    put(name, image->width, image->height, (size_t)head + bytes, 0, NULL);
}

/* The window [x, x + width) x [y, y + height), mirrored or turned by 90 degrees. */
static clipsearch_image copy_of(const clipsearch_image *in, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
                                bool mirror, bool turn)
{
    clipsearch_image out = {.width = turn ? height : width, .height = turn ? width : height};
    out.rgb = malloc((size_t)width * height * 3);
    for (uint32_t j = 0; j < out.height; j++)
        for (uint32_t i = 0; i < out.width; i++) {
            const uint32_t u = turn ? width - 1 - j : mirror ? width - 1 - i : i, v = turn ? i : j;
            memcpy(out.rgb + ((size_t)j * out.width + i) * 3, in->rgb + ((size_t)(y + v) * in->width + x + u) * 3, 3);
        }
    return out;
}

static void put_copy(const char *name, const clipsearch_image *in, uint32_t margin, bool mirror, bool turn)
{
    clipsearch_image copy = copy_of(in, margin, margin, in->width - 2 * margin, in->height - 2 * margin, mirror, turn);
    put_image(name, &copy);
    free(copy.rgb);
}

static void put_flat(const char *name, uint8_t red, uint8_t green, uint8_t blue)
{
    static uint8_t rgb[64 * 48 * 3];
    for (size_t i = 0; i < sizeof rgb; i += 3) {
        rgb[i] = red;
        rgb[i + 1] = green;
        rgb[i + 2] = blue;
    }
    put_image(name, &(clipsearch_image){.rgb = rgb, .width = 64, .height = 48});
}

static clipsearch_duplicates *found;
static clipsearch_duplicates_report report;
static unsigned bad_count;

static void count_bad(void *context, const char *path, const clipsearch_error *bad)
{
    (void)context;
    (void)path;
    bad_count += bad->message[0] != 0;
}

/* Progress as it was told; `stop`: the phase in which the search is to end. */
typedef struct told {
    clipsearch_duplicates_phase phase, stop;
    unsigned phases, calls;
    bool right;
} told;

static bool note_progress(void *context, const clipsearch_duplicates_progress *p)
{
    told *t = context;
    t->right = t->right && p->phase >= t->phase && p->done <= p->total && p->seconds >= 0;
    t->phases += p->phase != t->phase;
    t->phase = p->phase;
    t->calls++;
    return p->phase != t->stop;
}

static clipsearch_status find(clipsearch_duplicate_level level, const char *filter)
{
    clipsearch_duplicates_options options;
    clipsearch_duplicates_options_init(&options);
    clipsearch_duplicates_report_init(&report);
    options.level = level;
    options.filter = filter;
    options.bad = count_bad;
    options.threads = 2;
    bad_count = 0;
    clipsearch_duplicates_free(&found);
    return clipsearch_duplicates_find(g.collection, &options, &found, &report, &err);
}

/* The groups as "a b=same; c d=edited" in names. */
static const char *groups(void)
{
    static char text[4096];
    text[0] = 0;
    for (size_t group = 0; group < clipsearch_duplicates_groups(found); group++)
        for (size_t rank = 0; rank < clipsearch_duplicates_count(found, group); rank++) {
            clipsearch_duplicate_level level;
            const clipsearch_hit *hit = clipsearch_duplicates_get(found, group, rank, &level);
            const char *name = strrchr(hit->path, '/') + 1;
            const size_t used = strlen(text);
            snprintf(text + used, sizeof text - used, "%s%s", rank ? " " : group ? "; " : "", name);
            if (rank)
                snprintf(text + strlen(text), sizeof text - strlen(text), "=%s",
                         clipsearch_duplicate_level_name(level));
        }
    return text;
}

static void check(clipsearch_duplicate_level level, const char *filter, const char *want, const char *what)
{
    const clipsearch_status status = find(level, filter);
    if (!TAP_OK(status == CLIPSEARCH_OK && strcmp(groups(), want) == 0, "%s", what))
        printf("# %s\n# want %s\n", status == CLIPSEARCH_OK ? groups() : err.message, want);
}

static void remove_all(void)
{
    clipsearch_collection_remove_where(g.collection, "true", NULL, NULL);
}

static void test_changes(void)
{
    clipsearch_image image, half;
    clipsearch_image_load(gallery_example("dog-and-cat.jpg"), NULL, &image, &err);
    clipsearch_image_resize(&image, image.width / 2, image.height / 2, &half, &err);
    put_image("whole", &image);
    put_image("half", &half);
    put_copy("mirror", &image, 0, true, false);
    put_copy("turn", &image, 0, false, true);
    put_copy("crop", &image, image.width / 40, false, false);
    check(CLIPSEARCH_DUPLICATES_EXACT, NULL, "", "nothing has the same bytes");
    TAP_OK(report.images == 5 && report.decoded == 0, "and nothing is read for that");
    check((clipsearch_duplicate_level)0, NULL, "whole half=same",
          "a resized image is the same; the larger one is kept");
    TAP_OK(report.groups == 1 && report.surplus == 1 && report.candidates == 10 && report.decoded == 5,
           "and the report says what was done");
    check(CLIPSEARCH_DUPLICATES_EDITED, NULL, "mirror turn=edited whole=edited crop=edited half=edited",
          "turned, mirrored and cropped ones are edited");
    check(CLIPSEARCH_DUPLICATES_EDITED, "name in [\"half\", \"turn\"]", "turn half=edited", "a filter");
    clipsearch_image_free(&image);
    clipsearch_image_free(&half);
    remove_all();
}

static void test_near_misses(void)
{
    static const char *const names[] = {"white-dog-blue.png",  "white-dog-green.jpg", "white-dog-grass.jpg",
                                        "white-dog-road.jpg",  "white-dog-room.jpg",  "white-dog-yellow.jpg",
                                        "red-dog-white.jpg",   "two-red-cars.jpg",    "two-red-cars-grass.jpg",
                                        "white-cat-green.jpg", "two-white-dogs.jpg"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        clipsearch_image image;
        clipsearch_image_load(gallery_example(names[i]), NULL, &image, &err);
        put_image(names[i], &image);
        clipsearch_image_free(&image);
    }
    check(CLIPSEARCH_DUPLICATES_EDITED, NULL, "", "like scenes are no duplicates");
    TAP_OK(report.decoded == sizeof names / sizeof *names, "though all were compared");
    remove_all();
    put_flat("red", 200, 10, 10);
    put_flat("blue", 10, 10, 200);
    put_flat("red2", 201, 10, 10);
    put_flat("dark", 120, 5, 5);
    check(CLIPSEARCH_DUPLICATES_BURST, NULL, "red red2=same", "flat images are the same only when their colour is");
    remove_all();
}

/* A file of `size` < 1,000 bytes that is no image, of the time that put() gives. */
static void write_file(const char *name, size_t size)
{
    static const struct timespec times[] = {{0, 1}, {0, 1}};
    char text[1000];
    memset(text, 'x', size);
    text[size] = 0;
    folder_write_text(&g.images, name, text);
    utimensat(AT_FDCWD, folder_path(&g.images, name), times, 0);
}

static void test_keep(void)
{
    write_file("small", 900);
    write_file("large", 500);
    write_file("heavy", 501);
    write_file("alone", 501);
    put("small", 10, 10, 900, 7, NULL);
    put("large", 20, 10, 500, 7, NULL);
    put("heavy", 20, 10, 501, 7, NULL);
    put("alone", 20, 10, 501, 8, NULL);
    check(CLIPSEARCH_DUPLICATES_EXACT, NULL, "heavy large=exact small=exact",
          "the most pixels, then the largest file, first");
    TAP_OK(report.surplus == 2 && report.surplus_bytes == 1400, "the report counts the others");
    check(CLIPSEARCH_DUPLICATES_SAME, "name != \"alone\"", "heavy large=exact small=exact",
          "files that cannot be read are grouped by their digests");
    check(CLIPSEARCH_DUPLICATES_SAME, NULL, "heavy large=exact small=exact", "and not by their vectors alone");
    TAP_OK(report.unreadable == 4 && bad_count == 4, "each that had to be compared is reported");
    write_file("large", 499);
    check(CLIPSEARCH_DUPLICATES_EXACT, NULL, "heavy small=exact", "a file of another size is not what was stored");
    remove_all();
}

/* Whether each image of the first group is gone, as "0011". */
static const char *gone(void)
{
    static char text[16];
    size_t rank = 0;
    for (; rank < clipsearch_duplicates_count(found, 0); rank++)
        text[rank] = clipsearch_duplicates_get(found, 0, rank, NULL)->gone ? '1' : '0';
    text[rank] = 0;
    return text;
}

static void test_gone(void)
{
    write_file("here", 100);
    write_file("there", 90);
    put("missing", 40, 40, 999, 7, NULL); /* the best, if it were there */
    put("here", 10, 10, 100, 7, NULL);
    put("there", 10, 10, 90, 7, NULL);
    put("lost", 30, 30, 900, 7, NULL);
    for (int level = CLIPSEARCH_DUPLICATES_EXACT; level <= CLIPSEARCH_DUPLICATES_BURST; level++) {
        check((clipsearch_duplicate_level)level, NULL, "here there=exact missing=exact lost=exact",
              "files that are gone come last");
        TAP_OK(strcmp(gone(), "0011") == 0 && report.surplus == 1 && report.surplus_bytes == 90,
               "they say so, and are no surplus");
    }
    check(CLIPSEARCH_DUPLICATES_EXACT, "name in [\"missing\", \"lost\"]", "missing lost=exact", "all are gone");
    TAP_OK(strcmp(gone(), "11") == 0 && report.groups == 1 && report.surplus == 0 && report.surplus_bytes == 0,
           "nothing is surplus");
    remove_all();
}

static void test_bursts(void)
{
    clipsearch_image image;
    clipsearch_image_load(gallery_example("dog-snow.jpg"), NULL, &image, &err);
    put_image("frame", &image);
    for (uint32_t y = 0; y < image.height / 3; y++) /* something dark comes into a corner of the next frame */
        memset(image.rgb + (size_t)y * image.width * 3, 60, (size_t)(image.width / 3) * 3);
    put_image("next", &image);
    put("next", image.width, image.height, 9, 0, "{\"taken\":\"2024-02-29T23:59:58\"}");
    put("frame", image.width, image.height, 9, 0, "{\"taken\":\"2024-03-01T00:00:03\"}");
    check(CLIPSEARCH_DUPLICATES_EDITED, NULL, "", "frames of a burst are not one image");
    check(CLIPSEARCH_DUPLICATES_BURST, NULL, "frame next=burst", "but a burst: five seconds over the end of a month");
    put("frame", image.width, image.height, 9, 0, "{\"taken\":\"2024-03-01T00:09:03\"}");
    check(CLIPSEARCH_DUPLICATES_BURST, NULL, "", "not after nine minutes");
    clipsearch_image_free(&image);
    remove_all();
}

static void test_progress(void)
{
    clipsearch_image image;
    clipsearch_image_load(gallery_example("dog-snow.jpg"), NULL, &image, &err);
    put_image("one", &image);
    put_copy("two", &image, 0, true, false);
    clipsearch_image_free(&image);
    for (clipsearch_duplicates_phase stop = 0; stop <= CLIPSEARCH_DUPLICATES_COMPARE; stop++) {
        told t = {.stop = stop, .right = true};
        clipsearch_duplicates_options options;
        clipsearch_duplicates_options_init(&options);
        options.level = CLIPSEARCH_DUPLICATES_EDITED;
        options.progress = note_progress;
        options.context = &t;
        clipsearch_duplicates_free(&found);
        const clipsearch_status status = clipsearch_duplicates_find(g.collection, &options, &found, NULL, &err);
        if (stop)
            TAP_OK(status == CLIPSEARCH_E_CANCELLED && !found && t.right && t.phase == stop,
                   "cancelled in phase %d: %s", (int)stop, err.message);
        else
            TAP_OK(status == CLIPSEARCH_OK && t.right && t.phases == 4 && clipsearch_duplicates_groups(found) == 1,
                   "progress in four phases, %u calls", t.calls);
    }
    remove_all();
}

static void test_errors(void)
{
    TAP_OK(find((clipsearch_duplicate_level)5, NULL) == CLIPSEARCH_E_ARGUMENT, "no such level");
    TAP_OK(find(CLIPSEARCH_DUPLICATES_EXACT, "price <") == CLIPSEARCH_E_ARGUMENT, "a wrong filter");
    check(CLIPSEARCH_DUPLICATES_SAME, NULL, "", "an empty collection has none");
    TAP_OK(clipsearch_duplicates_get(found, 0, 0, NULL) == NULL && clipsearch_duplicates_count(NULL, 0) == 0,
           "no group, no image");
}

int main(void)
{
    gallery_open(&g, false);
    test_errors();
    test_changes();
    test_near_misses();
    test_keep();
    test_gone();
    test_bursts();
    test_progress();
    clipsearch_duplicates_free(&found);
    gallery_close(&g);
    return tap_done();
}
