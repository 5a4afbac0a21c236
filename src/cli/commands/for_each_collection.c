/* SPDX-License-Identifier: MIT
 * for_each_collection.c - the names are listed first, since the collections must not change while they are walked. */
#include "cli/commands/for_each_collection.h"

#include "base/mem.h"
#include "cli/command.h"

typedef struct name_list {
    char **names;
    size_t count, capacity;
    bool failed;
} name_list;

static bool add_name(name_list *list, const char *name)
{
    char **names = cs_grow(list->names, &list->capacity, list->count + 1, sizeof *names);
    if (!names)
        return false;
    list->names = names;
    list->names[list->count] = cs_strdup(name);
    return list->names[list->count] && ++list->count;
}

static bool on_collection(void *context, const clipsearch_collection_info *info)
{
    name_list *list = context;
    list->failed = !add_name(list, info->name);
    return !list->failed;
}

static int open_and_work(const cs_opened *opened, const char *name,
                         int (*work)(void *context, const cs_settings *settings, clipsearch_collection *collection),
                         void *context)
{
    clipsearch_error err;
    clipsearch_collection *collection = NULL;
    if (clipsearch_collection_open(opened->db, name, NULL, &collection, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    int code = work(context, &opened->settings, collection);
    clipsearch_collection_close(&collection);
    return code;
}

int cs_for_each_collection(const cs_opened *opened, const cs_operands *names,
                           int (*work)(void *context, const cs_settings *settings, clipsearch_collection *collection),
                           void *context)
{
    clipsearch_error err;
    name_list list = {0};
    int worst = CS_EXIT_FOUND;
    for (size_t i = 0; i < names->count && !list.failed; i++)
        list.failed = !add_name(&list, names->items[i].text);
    if (!names->count && clipsearch_database_collections(opened->db, on_collection, &list, &err) != CLIPSEARCH_OK)
        worst = cs_report_error(&err, CS_STAGE_DATABASE);
    if (list.failed)
        worst = cs_report_memory();
    for (size_t i = 0; i < list.count && (worst == CS_EXIT_FOUND || worst == CS_EXIT_DATABASE); i++) {
        const int code = open_and_work(opened, list.names[i], work, context);
        worst = code == CS_EXIT_FOUND ? worst : code;
    }
    for (size_t i = 0; i < list.count; i++)
        cs_free(list.names[i]);
    cs_free(list.names);
    return worst;
}
