/* SPDX-License-Identifier: MIT
 * test_links.c - folders of links: names, running again, and folders and files of others. */
#include "backend/hits.h"
#include "output/link_folder.h"
#include "support/folder.h"
#include "tap.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static folder images, place;

static clipsearch_hits *make_hits(const char *const *names, size_t count)
{
    clipsearch_hits *hits = cs_hits_make(1);
    for (size_t i = 0; i < count; i++) {
        const clipsearch_item item = {.path = folder_path(&images, names[i]), .attributes = "{}"};
        if (cs_hits_add(hits, &item, 1, NULL) != CLIPSEARCH_OK)
            abort();
    }
    cs_hits_next_query(hits);
    return hits;
}

/* Make links to the hits of one query. */
static clipsearch_status link_to(const char *directory, const char *const *names, size_t count, cs_link_report *report,
                                 clipsearch_error *err)
{
    cs_result item = {.query = "x", .hits = make_hits(names, count)};
    const cs_results results = {.items = &item, .count = 1};
    clipsearch_status status = cs_link_folder_write(directory, &results, report, err);
    clipsearch_hits_free(&item.hits);
    return status;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The entries of a directory in order, hidden ones too, each with '|' after it; a link as "name>base of its target". */
static const char *listing(const char *directory)
{
    static char text[8192];
    char *names[64] = {0};
    size_t count = 0;
    DIR *stream = opendir(directory);
    text[0] = '\0';
    if (!stream)
        return "none";
    for (struct dirent *entry; (entry = readdir(stream)) && count < 64;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            strcmp(entry->d_name, ".clipsearch-links") != 0)
            names[count++] = strdup(entry->d_name);
    closedir(stream);
    qsort(names, count, sizeof *names, compare);
    for (size_t i = 0; i < count; i++) {
        char path[PATH_MAX], target[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        const ssize_t n = readlink(path, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s%s|", names[i], n > 0 ? ">" : "",
                 n > 0 ? strrchr(target, '/') + 1 : "");
        free(names[i]);
    }
    return text;
}

static void test_first_and_again(void)
{
    clipsearch_error err = {0};
    cs_link_report report;
    const char *const first[] = {"b.jpg", "sub/a.jpg", "c\xE9.jpg"}, *const second[] = {"a b.jpg"};
    char directory[200]; /* folder_path's own buffers do not last that long */
    snprintf(directory, sizeof directory, "%s", folder_path(&place, "links"));
    TAP_OK(cs_link_folder_check(directory, &err) == CLIPSEARCH_OK, "a directory that does not exist may be made");
    TAP_OK(link_to(directory, first, 3, &report, &err) == CLIPSEARCH_OK && report.made == 3 && report.missing == 0,
           "three links %s", err.message);
    TAP_OK(strcmp(listing(directory), "001-b.jpg>b.jpg|002-a.jpg>a.jpg|003-c\xE9.jpg>c\xE9.jpg|") == 0,
           "named by rank: %s", listing(directory));
    struct stat info;
    TAP_OK(stat(folder_path(&place, "links/002-a.jpg"), &info) == 0 && info.st_size == 5, "they lead to the files");
    folder_write_text(&place, "links/notes.txt", "mine");
    TAP_OK(symlink("/etc", folder_path(&place, "links/009-own.jpg")) == 0 &&
               cs_link_folder_check(directory, &err) == CLIPSEARCH_OK &&
               link_to(directory, second, 1, &report, &err) == CLIPSEARCH_OK && report.made == 1,
           "again %s", err.message);
    TAP_OK(strcmp(listing(directory), "001-a b.jpg>a b.jpg|009-own.jpg>etc|notes.txt|") == 0,
           "the links are replaced, and nothing else: %s", listing(directory));
    /* a link of ours that was replaced by a file is not ours any more */
    unlink(folder_path(&place, "links/001-a b.jpg"));
    folder_write_text(&place, "links/001-a b.jpg", "mine too");
    TAP_OK(link_to(directory, first, 1, &report, &err) == CLIPSEARCH_OK &&
               strcmp(listing(directory), "001-a b.jpg|001-b.jpg>b.jpg|009-own.jpg>etc|notes.txt|") == 0,
           "a file in the place of a link stays: %s", listing(directory));
    TAP_OK(link_to(directory, second, 1, &report, &err) == CLIPSEARCH_E_ARGUMENT &&
               strcmp(listing(directory), "001-a b.jpg|001-b.jpg>b.jpg|009-own.jpg>etc|notes.txt|") == 0,
           "and is not replaced, and nothing is changed: %s", err.message);
    TAP_OK(link_to(directory, NULL, 0, &report, &err) == CLIPSEARCH_OK &&
               strcmp(listing(directory), "001-a b.jpg|009-own.jpg>etc|notes.txt|") == 0,
           "no hits: no links");
}

static void test_refused(void)
{
    clipsearch_error err;
    cs_link_report report;
    const char *const names[] = {"b.jpg"};
    folder_write_text(&place, "full/file", "x");
    folder_write_text(&place, "plain", "x");
    mkdir(folder_path(&place, "empty"), 0777);
    TAP_OK(cs_link_folder_check(folder_path(&place, "full"), &err) == CLIPSEARCH_E_ARGUMENT &&
               link_to(folder_path(&place, "full"), names, 1, &report, &err) == CLIPSEARCH_E_ARGUMENT &&
               strcmp(listing(folder_path(&place, "full")), "file|") == 0,
           "a directory with files: %s", err.message);
    TAP_OK(cs_link_folder_check(folder_path(&place, "plain"), &err) == CLIPSEARCH_E_ARGUMENT, "a file: %s",
           err.message);
    TAP_OK(link_to(folder_path(&place, "none/below"), names, 1, &report, &err) == CLIPSEARCH_E_IO,
           "below a directory that does not exist: %s", err.message);
    TAP_OK(link_to(folder_path(&place, "empty"), names, 1, &report, &err) == CLIPSEARCH_OK && report.made == 1,
           "an empty directory is used");
    static const char *const damaged[] = {"", "some text", "links made by clipsearch\nname without its end",
                                          "links made by clipsearch\n../name"};
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "damaged%zu/.clipsearch-links", i);
        folder_write(&place, name, damaged[i], strlen(damaged[i]) + (i == 3));
        *strchr(name, '/') = '\0';
        TAP_OK(cs_link_folder_check(folder_path(&place, name), &err) == CLIPSEARCH_E_FORMAT, "a damaged list: %s",
               err.message);
    }
}

static void test_names(void)
{
    clipsearch_error err = {0};
    cs_link_report report;
    char name[256], want[300];
    memset(name, 'n', 250); /* 251 bytes and a suffix do not fit beside a rank */
    strcpy(name + 250, ".jpg");
    folder_write_text(&images, name, "long!");
    const char *const names[] = {name, "gone.jpg", "b.jpg"};
    TAP_OK(link_to(folder_path(&place, "long"), names, 3, &report, &err) == CLIPSEARCH_OK && report.made == 2 &&
               report.missing == 1,
           "two links and a file that is missing %s", err.message);
    snprintf(want, sizeof want, "%.299s", listing(folder_path(&place, "long")));
    TAP_OK(strncmp(want, "001-nnn", 7) == 0 && strcspn(want, ">") == 255 && strstr(want, "n...n") &&
               strncmp(strchr(want, '>') - 4, ".jpg", 4) == 0 &&
               strstr(listing(folder_path(&place, "long")), "003-b.jpg"),
           "a long name is shortened, the ranks stay");
    cs_result items[2] = {{.query = "x", .hits = make_hits(&names[2], 1)},
                          {.query = "y", .hits = make_hits(&names[2], 1)}};
    const cs_results results = {.items = items, .count = 2};
    TAP_OK(cs_link_folder_write(folder_path(&place, "two"), &results, &report, &err) == CLIPSEARCH_OK &&
               strcmp(listing(folder_path(&place, "two")), "1-001-b.jpg>b.jpg|2-001-b.jpg>b.jpg|") == 0,
           "two queries: %s", listing(folder_path(&place, "two")));
    clipsearch_hits_free(&items[0].hits);
    clipsearch_hits_free(&items[1].hits);
}

int main(void)
{
    folder_make(&images);
    folder_make(&place);
    static const char *const files[] = {"b.jpg", "sub/a.jpg", "c\xE9.jpg", "a b.jpg"};
    for (size_t i = 0; i < 4; i++)
        folder_write_text(&images, files[i], "image");
    test_first_and_again();
    test_refused();
    test_names();
    folder_remove(&images);
    folder_remove(&place);
    return tap_done();
}
