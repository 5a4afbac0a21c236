/* SPDX-License-Identifier: MIT
 * convert_plan.c - plans in general, and plans of tensors under their own names. */
#include "convert/convert_plan.h"

#include "base/mem.h"
#include "model/byte_rows.h"

#include <stdlib.h>
#include <string.h>

clipsearch_status cs_convert_plan_open(cs_convert_plan *plan, size_t room, clipsearch_error *err)
{
    plan->tensors = cs_zalloc_array(room, sizeof *plan->tensors);
    plan->from = cs_zalloc_array(room, sizeof *plan->from);
    plan->room = room;
    return plan->tensors && plan->from ? CLIPSEARCH_OK : cs_fail_memory(err, "a conversion");
}

void cs_convert_plan_free(cs_convert_plan *plan)
{
    for (size_t i = 0; plan->from && i < plan->count; i++)
        cs_free(plan->from[i].numbers);
    cs_free(plan->tensors);
    cs_free(plan->from);
    *plan = (cs_convert_plan){0};
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* layer1.2 before layer1.10. Equal values of unlike digits ("1" and "01") fall back to the plain order. */
static int compare_natural(const char *a, const char *b)
{
    const char *x = a, *y = b;
    while (*x && *y) {
        if (is_digit(*x) && is_digit(*y)) {
            while (*x == '0' && is_digit(x[1]))
                x++;
            while (*y == '0' && is_digit(y[1]))
                y++;
            size_t n = strspn(x, "0123456789"), m = strspn(y, "0123456789");
            int order = n != m ? (n < m ? -1 : 1) : memcmp(x, y, n);
            if (order)
                return order;
            x += n;
            y += m;
        } else if (*x != *y) {
            return (unsigned char)*x < (unsigned char)*y ? -1 : 1;
        } else {
            x++;
            y++;
        }
    }
    return *x ? 1 : *y ? -1 : strcmp(a, b);
}

/* A stored tensor while the tensors are sorted. */
struct stored {
    const cs_tensor *tensor;
    bool keep;
};

static int compare_stored(const void *a, const void *b)
{
    const struct stored *x = a, *y = b;
    return x->keep != y->keep ? y->keep - x->keep : compare_natural(x->tensor->name, y->tensor->name);
}

static clipsearch_status add(cs_convert_plan *plan, const cs_weights *weights, const struct stored *stored,
                             clipsearch_error *err)
{
    const cs_tensor *tensor = stored->tensor;
    cs_tensor_plan *to = &plan->tensors[plan->count];
    cs_matrix *from = &plan->from[plan->count++].matrix;
    *from = (cs_matrix){.dtype = tensor->dtype, .data = tensor->data, .rows = 1, .columns = tensor->count};
    *to = (cs_tensor_plan){.name = tensor->name, .dtype = stored->keep ? CS_F32 : plan->dtype, .rank = tensor->rank};
    memcpy(to->shape, tensor->shape, sizeof to->shape);
    return cs_is_byte_rows(weights, tensor)
               ? cs_byte_rows_get(weights, tensor->name, tensor->shape[0], tensor->shape[1], from, err)
               : CLIPSEARCH_OK;
}

clipsearch_status cs_convert_plan_stored(cs_convert_plan *plan, const cs_weights *weights,
                                         bool (*wanted)(void *context, const cs_tensor *tensor),
                                         bool (*keep)(const cs_tensor *tensor), void *context, clipsearch_error *err)
{
    size_t total = cs_weights_count(weights), count = 0;
    struct stored *list = cs_zalloc_array(total, sizeof *list);
    if (!list)
        return cs_fail_memory(err, "a conversion");
    for (size_t i = 0; i < total; i++) {
        const cs_tensor *tensor = cs_weights_at(weights, i);
        const bool numbers = cs_is_byte_rows(weights, tensor) ||
                             (tensor->is_float && !cs_is_byte_scales(weights, tensor)); /* the new file has no bytes */
        if (numbers && wanted(context, tensor))
            list[count++] = (struct stored){.tensor = tensor, .keep = keep && keep(tensor)};
    }
    qsort(list, count, sizeof *list, compare_stored);
    clipsearch_status status = cs_convert_plan_open(plan, count, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        status = add(plan, weights, &list[i], err);
    cs_free(list);
    return status;
}
