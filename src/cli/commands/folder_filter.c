/* SPDX-License-Identifier: MIT
 * folder_filter.c - folders and a period as conditions of a filter. */
#include "cli/commands/folder_filter.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/commands/filter_arg.h"
#include "cli/output/message.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool cs_has_folders(const cs_args *args)
{
    return args->here || args->in.count;
}

/* A string of the filter language, of any bytes. */
static void put_string(cs_buf *buf, const char *text)
{
    cs_buf_putc(buf, '"');
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            cs_buf_printf(buf, "\\u%04x", (unsigned char)*c);
            continue;
        }
        if (*c == '"' || *c == '\\')
            cs_buf_putc(buf, '\\');
        cs_buf_putc(buf, *c);
    }
    cs_buf_putc(buf, '"');
}

/* Append `path`, which is absolute, without ".", ".." and double slashes, as far as its letters show. */
static void put_plain_path(cs_buf *buf, const char *path)
{
    const size_t begin = buf->len;
    while (*path && !buf->failed) {
        while (*path == '/')
            path++;
        const size_t n = strcspn(path, "/");
        if (n == 2 && memcmp(path, "..", 2) == 0) {
            while (buf->len > begin && buf->data[--buf->len] != '/')
                continue;
        } else if (n && !(n == 1 && *path == '.')) {
            cs_buf_putc(buf, '/');
            cs_buf_append(buf, path, n);
        }
        path += n;
    }
    if (buf->len == begin)
        cs_buf_putc(buf, '/');
    if (!buf->failed)
        buf->data[buf->len] = '\0';
}

/* Paths are stored with the links of their source resolved, but not those below it. So a folder has up to two names. */
static void put_folder(cs_buf *buf, const char *folder, const char *here)
{
    char real[PATH_MAX];
    cs_buf plain = cs_buf_make(1 << 16);
    char *absolute = cs_path_join(here, folder);
    if (absolute)
        put_plain_path(&plain, absolute);
    if (!absolute || plain.failed) {
        buf->failed = true;
    } else {
        cs_buf_puts(buf, "path under ");
        put_string(buf, plain.data);
        if (realpath(absolute, real) && strcmp(real, plain.data) != 0) {
            cs_buf_puts(buf, " or path under ");
            put_string(buf, real);
        }
    }
    cs_free(absolute);
    cs_buf_free(&plain);
}

int cs_make_filter(unsigned command, const cs_args *args, char **filter)
{
    clipsearch_error err;
    char here[PATH_MAX], period[CLIPSEARCH_PERIOD_SIZE];
    const bool has_period = args->since || args->until;
    *filter = NULL;
    int code = cs_check_filter(args->filter);
    if (code != CS_EXIT_FOUND || (!args->filter && !cs_has_folders(args) && !has_period))
        return code;
    if (clipsearch_filter_period(args->since, args->until, period, &err) != CLIPSEARCH_OK)
        return cs_report_usage(command, "--%s", err.message);
    if (cs_has_folders(args) && !getcwd(here, sizeof here))
        return cs_report_usage(command, "the current directory has no name: %s", strerror(errno));
    cs_buf buf = cs_buf_make(1 << 24);
    for (size_t i = 0; i < args->in.count + args->here; i++) {
        cs_buf_puts(&buf, i ? " or " : "(");
        put_folder(&buf, i < args->in.count ? args->in.items[i] : ".", here);
    }
    if (cs_has_folders(args))
        cs_buf_puts(&buf, has_period || args->filter ? ") and " : ")");
    if (has_period)
        cs_buf_printf(&buf, "%s%s", period, args->filter ? " and " : "");
    if (args->filter)
        cs_buf_printf(&buf, cs_has_folders(args) || has_period ? "(%s)" : "%s", args->filter);
    *filter = cs_buf_detach(&buf);
    cs_buf_free(&buf);
    return *filter ? CS_EXIT_FOUND : cs_report_memory();
}

bool cs_say_none_chosen(const cs_args *args, const char *collection)
{
    const bool filter = args->filter || args->since || args->until;
    if (filter || cs_has_folders(args))
        cs_print_message(filter ? "no image in the collection %s passes the filter"
                                : "no image in the collection %s is in these directories",
                         collection);
    return filter || cs_has_folders(args);
}
