/* SPDX-License-Identifier: MIT
 * import_files.c - the files of clip-retrieval, as its README describes its output. */
#include "cli/commands/import_files.h"

#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

clipsearch_status cs_import_files_add(cs_import_files *files, const char *vectors, const char *meta,
                                      clipsearch_error *err)
{
    cs_import_file *grown = cs_grow(files->items, &files->capacity, files->count + 1, sizeof *grown);
    if (!grown)
        return cs_fail_memory(err, "the list of files");
    files->items = grown;
    cs_import_file *file = &files->items[files->count++];
    *file = (cs_import_file){.vectors = cs_strdup(vectors), .meta = meta ? cs_strdup(meta) : NULL};
    return file->vectors && (!meta || file->meta) ? CLIPSEARCH_OK : cs_fail_memory(err, "the list of files");
}

void cs_import_files_free(cs_import_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        cs_npy_close(&files->items[i].npy);
        cs_free(files->items[i].vectors);
        cs_free(files->items[i].meta);
    }
    cs_free(files->items);
    *files = (cs_import_files){0};
}

/* The digits of "img_emb_007.npy", NULL when the name is another. */
static const char *number_of(const char *name, const char *prefix)
{
    const size_t n = strlen(prefix);
    const char *digits = name + n;
    if (strncmp(name, prefix, n) != 0 || *digits < '0' || *digits > '9')
        return NULL;
    return strcmp(digits + strspn(digits, "0123456789"), ".npy") == 0 ? digits : NULL;
}

static int compare_files(const void *a, const void *b)
{
    /* the numbers have as many digits each, or are counted without zeros before them */
    const char *x = ((const cs_import_file *)a)->vectors, *y = ((const cs_import_file *)b)->vectors;
    const size_t n = strlen(x), m = strlen(y);
    return n < m ? -1 : n > m ? 1 : strcmp(x, y);
}

/* Add DIRECTORY/FOLDER/`name` and DIRECTORY/metadata/metadata_N.parquet; *folder is DIRECTORY/FOLDER. */
static clipsearch_status add_pair(cs_import_files *files, const char *directory, const char *folder, const char *name,
                                  const char *digits, clipsearch_error *err)
{
    cs_buf vectors = cs_buf_make(1 << 16), meta = cs_buf_make(1 << 16);
    cs_file_info info;
    cs_buf_printf(&vectors, "%s/%s", folder, name);
    cs_buf_printf(&meta, "%s/metadata/metadata_%.*s.parquet", directory, (int)strspn(digits, "0123456789"), digits);
    clipsearch_status status =
        vectors.failed || meta.failed ? cs_fail_memory(err, directory) : cs_file_stat(meta.data, &info, err);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        status = cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: there is no %s, which says what its vectors are of",
                         vectors.data, meta.data);
    if (status == CLIPSEARCH_OK)
        status = cs_import_files_add(files, vectors.data, meta.data, err);
    cs_buf_free(&vectors);
    cs_buf_free(&meta);
    return status;
}

clipsearch_status cs_import_files_scan(cs_import_files *files, const char *directory, bool texts, clipsearch_error *err)
{
    const char *prefix = texts ? "text_emb_" : "img_emb_";
    char *folder = cs_path_join(directory, texts ? "text_emb" : "img_emb");
    clipsearch_status status = CLIPSEARCH_OK;
    if (!folder)
        return cs_fail_memory(err, directory);
    DIR *open = opendir(folder);
    if (!open && errno == ENOENT)
        status =
            cs_fail(err, CLIPSEARCH_E_NOT_FOUND,
                    "%s: there is no directory %s in it, which clip-retrieval writes. To import other files, name them "
                    "with --vectors and --meta",
                    directory, texts ? "text_emb" : "img_emb");
    else if (!open)
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", folder);
    const struct dirent *entry;
    while (open && status == CLIPSEARCH_OK && (entry = readdir(open))) {
        const char *digits = number_of(entry->d_name, prefix);
        if (digits)
            status = add_pair(files, directory, folder, entry->d_name, digits, err);
    }
    if (open)
        closedir(open);
    if (status == CLIPSEARCH_OK && !files->count)
        status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: there is no %s0.npy in it", folder, prefix);
    if (files->count)
        qsort(files->items, files->count, sizeof *files->items, compare_files);
    cs_free(folder);
    return status;
}
