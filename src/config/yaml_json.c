/* SPDX-License-Identifier: MIT
 * yaml_json.c - YAML scalars, lists and maps to JSON. */
#include "config/yaml_json.h"

#include "base/decimal.h"
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

/* [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+, in int64_t (YAML 1.2, 10.3.2) */
static bool read_integer(const char *text, int64_t *value)
{
    int base = 10;
    const char *digits = text + (*text == '-' || *text == '+');
    if (text[0] == '0' && (text[1] == 'o' || text[1] == 'x')) {
        base = text[1] == 'o' ? 8 : 16;
        digits = text + 2;
    }
    static const char digit_words[] = "0123456789abcdefABCDEF";
    size_t allowed = base == 8 ? 8 : base == 10 ? 10 : 22;
    for (const char *c = digits; *c || c == digits; c++)
        if (!*c || !memchr(digit_words, *c, allowed))
            return false;
    errno = 0;
    *value = strtoll(base == 10 ? text : digits, NULL, base);
    return errno == 0;
}

static clipsearch_status put_scalar(const cs_yaml *yaml, const cs_yaml_node *node, cs_buf *json, clipsearch_error *err)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const trues[] = {"true", "True", "TRUE"};
    static const char *const falses[] = {"false", "False", "FALSE"};
    static const char *const not_finite[] = {".inf",  ".Inf",  ".INF",  "-.inf", "-.Inf", "-.INF",
                                             "+.inf", "+.Inf", "+.INF", ".nan",  ".NaN",  ".NAN"};
    int64_t integer;
    double real;
    const char *text = node->text;
    if (!node->plain)
        cs_json_put_string(json, text, strlen(text));
    else if (is_one_of(text, nulls, sizeof nulls / sizeof *nulls))
        cs_buf_puts(json, "null");
    else if (is_one_of(text, trues, sizeof trues / sizeof *trues))
        cs_buf_puts(json, "true");
    else if (is_one_of(text, falses, sizeof falses / sizeof *falses))
        cs_buf_puts(json, "false");
    else if (is_one_of(text, not_finite, sizeof not_finite / sizeof *not_finite) ||
             (cs_read_double(text, &real) && !isfinite(real))) /* 1e999 */
        return cs_yaml_fail(yaml, node, false, err, "%s cannot be stored as a number; quote it to store it as a text",
                            text);
    else if (read_integer(text, &integer))
        cs_buf_printf(json, "%" PRId64, integer);
    else if (cs_read_double(text, &real))
        cs_put_double(json, real);
    else
        cs_json_put_string(json, text, strlen(text));
    return CLIPSEARCH_OK;
}

clipsearch_status cs_yaml_to_json(const cs_yaml *yaml, const cs_yaml_node *node, cs_buf *json, clipsearch_error *err)
{
    const cs_yaml_node *top = node;
    for (;;) {
        if (node != top && node->key) {
            cs_json_put_string(json, node->key, strlen(node->key));
            cs_buf_putc(json, ':');
        }
        if (node->kind == CS_YAML_SCALAR) {
            clipsearch_status status = put_scalar(yaml, node, json, err);
            if (status != CLIPSEARCH_OK)
                return status;
        } else {
            cs_buf_putc(json, node->kind == CS_YAML_MAP ? '{' : '[');
            if (node->first) {
                node = node->first;
                continue;
            }
            cs_buf_putc(json, node->kind == CS_YAML_MAP ? '}' : ']');
        }
        while (node != top && !node->next) { /* the last child: its parent ends too */
            node = node->parent;
            cs_buf_putc(json, node->kind == CS_YAML_MAP ? '}' : ']');
        }
        if (node == top)
            return json->failed ? cs_fail_memory(err, cs_yaml_name(yaml)) : CLIPSEARCH_OK;
        node = node->next;
        cs_buf_putc(json, ',');
    }
}
