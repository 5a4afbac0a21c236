/* SPDX-License-Identifier: MIT
 * sheet_file.c - writing a contact sheet as a PNG or JPEG file. */
#include "output/sheet_file.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static bool is_stdout(const char *path)
{
    return strcmp(path, "-") == 0;
}

clipsearch_status cs_sheet_file_choose(const char *path, cs_sheet_file *file, clipsearch_error *err)
{
    static const struct {
        const char *suffix;
        cs_sheet_format format;
    } formats[] = {{".png", CS_SHEET_PNG}, {".jpg", CS_SHEET_JPEG}, {".jpeg", CS_SHEET_JPEG}};
    cs_file_info info;
    *file = (cs_sheet_file){.path = path, .format = CS_SHEET_PNG};
    if (is_stdout(path))
        return isatty(STDOUT_FILENO) ? cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                                               "a contact sheet is not written to a terminal; redirect standard "
                                               "output, or name a file")
                                     : CLIPSEARCH_OK;
    const char *name = cs_path_base(path), *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof formats / sizeof *formats; i++)
        if (strcasecmp(dot, formats[i].suffix) == 0) {
            file->format = formats[i].format;
            return CLIPSEARCH_OK;
        }
    if (cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK && !info.is_regular && !info.is_directory)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                   "the name of a contact sheet must end in .png, .jpg or .jpeg, not as \"%s\" does", path);
}

clipsearch_status cs_sheet_write(const cs_sheet_file *file, const cs_canvas *canvas, clipsearch_error *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    clipsearch_status status =
        (file->format == CS_SHEET_JPEG ? cs_jpeg_encode : cs_png_encode)(canvas, &bytes, &size, err);
    if (status == CLIPSEARCH_OK && is_stdout(file->path)) {
        if (fflush(stdout) != 0 || !cs_write_all(STDOUT_FILENO, bytes, size))
            status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "cannot write the contact sheet to standard output");
    } else if (status == CLIPSEARCH_OK) {
        status = cs_replace_file(file->path, bytes, size, err);
    }
    cs_free(bytes);
    return status;
}
