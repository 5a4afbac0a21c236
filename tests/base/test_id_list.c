/* SPDX-License-Identifier: MIT
 * test_id_list.c - the list of ids: growing, asking, ordering, running out of memory. */
#include "base/id_list.h"
#include "base/mem.h"
#include "tap.h"

#include <string.h>

static bool holds(const cs_id_list *list, const int64_t *ids, size_t count)
{
    return list->count == count && (count == 0 || memcmp(list->ids, ids, count * sizeof *ids) == 0);
}

static bool add_all(cs_id_list *list, const int64_t *ids, size_t count)
{
    bool added = true;
    for (size_t i = 0; i < count; i++)
        added = added && cs_id_list_add(list, ids[i], NULL) == CLIPSEARCH_OK;
    return added;
}

static void test_empty(void)
{
    cs_id_list list = {0};
    cs_id_list_sort_unique(&list);
    TAP_OK(list.count == 0 && !cs_id_list_has(&list, 0), "an empty list has no id");
    cs_id_list_clear(&list);
    cs_id_list_free(&list);
    cs_id_list_free(&list);
    TAP_OK(!list.ids && list.count == 0, "an empty list is freed, twice");
}

static void test_unordered(void)
{
    static const int64_t ids[] = {5, INT64_MAX, 5, -1, INT64_MIN, 0, -1}, sorted[] = {INT64_MIN, -1, 0, 5, INT64_MAX};
    cs_id_list list = {0};
    TAP_OK(add_all(&list, ids, 7) && holds(&list, ids, 7), "ids stay in the order in which they were added");
    bool has = true;
    for (size_t i = 0; i < 7; i++)
        has = has && cs_id_list_has(&list, ids[i]);
    TAP_OK(has && !cs_id_list_has(&list, 1) && !cs_id_list_has(&list, 6), "an unordered list knows its ids");
    cs_id_list_sort_unique(&list);
    TAP_OK(holds(&list, sorted, 5), "sorted, each once");
    has = true;
    for (size_t i = 0; i < 5; i++)
        has = has && cs_id_list_has(&list, sorted[i]);
    TAP_OK(has && !cs_id_list_has(&list, 1) && !cs_id_list_has(&list, 6), "a sorted list knows its ids");
    cs_id_list_add(&list, 1, NULL);
    TAP_OK(cs_id_list_has(&list, 1) && cs_id_list_has(&list, INT64_MAX), "and one added out of order afterwards");
    cs_id_list_clear(&list);
    TAP_OK(list.count == 0 && !cs_id_list_has(&list, 5), "cleared, it has none");
    TAP_OK(add_all(&list, sorted, 5) && cs_id_list_has(&list, INT64_MIN), "and takes ids again");
    cs_id_list_free(&list);
}

static void test_many(void)
{
    enum { MANY = 5000 };
    cs_id_list list = {0};
    bool added = true, has = true, lacks = true;
    for (int64_t i = 0; i < MANY; i++)
        added = added && cs_id_list_add(&list, 2 * i - MANY, NULL) == CLIPSEARCH_OK;
    for (int64_t i = 0; i < MANY; i++) {
        has = has && cs_id_list_has(&list, 2 * i - MANY);
        lacks = lacks && !cs_id_list_has(&list, 2 * i - MANY + 1);
    }
    TAP_OK(added && list.count == MANY && has && lacks, "%d ascending ids are found, those between them are not", MANY);
    cs_id_list_sort_unique(&list);
    TAP_OK(list.count == MANY && list.ids[0] == -MANY && list.ids[MANY - 1] == MANY - 2, "sorting changes nothing");
    cs_id_list_free(&list);
    for (int64_t i = 0; i < MANY; i++)
        cs_id_list_add(&list, i * 7919 % 1000, NULL);
    cs_id_list_sort_unique(&list);
    bool each = list.count == 1000;
    for (int64_t i = 0; each && i < 1000; i++)
        each = list.ids[i] == i;
    TAP_OK(each, "%d ids, 1,000 of them different, become 1,000", MANY);
    cs_id_list_free(&list);
}

static void test_memory(void)
{
    cs_id_list list = {0};
    clipsearch_error err;
    int64_t added = 0;
    for (; added == 0 || list.count < list.capacity; added++)
        cs_id_list_add(&list, added, NULL);
    cs_mem_fail_at(1);
    clipsearch_status status = cs_id_list_add(&list, added, &err);
    cs_mem_fail_at(0);
    TAP_OK(status == CLIPSEARCH_E_MEMORY && list.count == (size_t)added && cs_id_list_has(&list, 0), "%s", err.message);
    TAP_OK(cs_id_list_add(&list, added, &err) == CLIPSEARCH_OK && cs_id_list_has(&list, added), "then it goes on");
    cs_id_list_free(&list);
}

int main(void)
{
    test_empty();
    test_unordered();
    test_many();
    test_memory();
    return tap_done();
}
