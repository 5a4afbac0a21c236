/* SPDX-License-Identifier: MIT
 * folder.c - temporary folders. */
#include "support/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

static void need(int ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

void folder_make(folder *f)
{
    char name[] = "/tmp/clipsearch-test-XXXXXX";
    need(mkdtemp(name) != NULL, name);
    char *real = realpath(name, NULL);
    need(real != NULL, name);
    snprintf(f->path, sizeof f->path, "%s", real);
    free(real);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void folder_remove(folder *f)
{
    need(nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, f->path);
}

const char *folder_path(const folder *f, const char *name)
{
    static _Thread_local char paths[8][PATH_ROOM];
    static _Thread_local unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, PATH_ROOM, "%s/%s", f->path, name);
    return path;
}

void folder_write(const folder *f, const char *name, const void *data, size_t size)
{
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    for (char *slash = path + strlen(f->path) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0777);
    }
    FILE *file = fopen(path, "wb");
    need(file && fwrite(data, 1, size, file) == size && fclose(file) == 0, path);
}

void folder_write_text(const folder *f, const char *name, const char *text)
{
    folder_write(f, name, text, strlen(text));
}

void folder_copy(const folder *f, const char *name, const char *from)
{
    FILE *file = fopen(from, "rb");
    need(file != NULL, from);
    need(fseek(file, 0, SEEK_END) == 0, from);
    long size = ftell(file);
    need(size >= 0 && fseek(file, 0, SEEK_SET) == 0, from);
    char *data = malloc((size_t)size + 1);
    need(data && fread(data, 1, (size_t)size, file) == (size_t)size, from);
    fclose(file);
    folder_write(f, name, data, (size_t)size);
    free(data);
}
