/* SPDX-License-Identifier: MIT
 * label_list.c - reads the labels of clipsearch label. */
#include "cli/label_list.h"

#include "base/file.h"
#include "base/mem.h"

#include <string.h>

static const char spaces[] = " \t\r\n";

/* `text` without spaces at its end, which are overwritten, and at its beginning. */
static char *trim(char *text)
{
    size_t length = strlen(text);
    while (length && strchr(spaces, text[length - 1]))
        text[--length] = '\0';
    return text + strspn(text, spaces);
}

static clipsearch_status read_lines(const char *path, cs_label_list *list, clipsearch_error *err)
{
    const cs_args lines = {.list = path};
    const char *const name = cs_input_name(path);
    clipsearch_status status = cs_read_inputs(&lines, &list->lines, err);
    if (status != CLIPSEARCH_OK)
        return status;
    list->labels = cs_alloc_array(list->lines.count, sizeof *list->labels);
    if (!list->labels)
        return cs_fail_memory(err, "labels");
    for (size_t i = 0; i < list->lines.count; i++) {
        char *line = list->lines.list.data + (list->lines.items[i].text - list->lines.list.data);
        list->labels[list->count++] = trim(line);
        if (!*list->labels[i])
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: line %zu is empty; it must be a label", name, i + 1);
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status split(const char *labels, cs_label_list *list, clipsearch_error *err)
{
    size_t count = 1;
    for (const char *c = labels; *c; c++)
        count += *c == ',';
    list->text = cs_buf_make(SIZE_MAX / 2);
    list->labels = cs_alloc_array(count, sizeof *list->labels);
    if (!list->labels || !cs_buf_puts(&list->text, labels))
        return cs_fail_memory(err, "labels");
    for (char *at = list->text.data, *next; at; at = next) {
        if ((next = strchr(at, ',')))
            *next++ = '\0';
        list->labels[list->count++] = trim(at);
        if (!*list->labels[list->count - 1])
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "label %zu of \"%.200s\" is empty", list->count, labels);
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_read_labels(const char *labels, cs_label_list *list, clipsearch_error *err)
{
    cs_file_info info;
    *list = (cs_label_list){0};
    if (strcmp(labels, "-") == 0 || cs_file_stat(labels, &info, NULL) == CLIPSEARCH_OK)
        return read_lines(labels, list, err);
    if (strchr(labels, ','))
        return split(labels, list, err);
    return cs_fail(err, CLIPSEARCH_E_NOT_FOUND,
                   "%s: there is no such file, and a list of labels has commas, as in dog,cat", labels);
}

void cs_free_labels(cs_label_list *list)
{
    cs_free(list->labels);
    cs_buf_free(&list->text);
    cs_free_inputs(&list->lines);
    *list = (cs_label_list){0};
}
