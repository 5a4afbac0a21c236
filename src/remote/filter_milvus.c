/* SPDX-License-Identifier: MIT
 * filter_milvus.c - prints a filter in Milvus's language. Every condition is true or false for every item, as in SQL
 * (store/filter_sql.c): what an item does not have is equal to nothing and in no order. */
#include "remote/filter_milvus.h"

#include "base/decimal.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Far above what the limits of filter.h let through. */
enum { MAX_EXPRESSION = 16 << 20 };

/* Every id is above this one: ids are positive. */
#define ALL_IDS "%s > -9223372036854775807"
#define NO_IDS "%s < -9223372036854775807"

typedef struct writer {
    const cs_filter_tree *tree;
    const milvus_database *db;
    const cs_milvus_schema *schema;
    cs_buf *out;
    clipsearch_status status;
    clipsearch_error *err;
} writer;

static const cs_filter_node *node(const writer *w, uint32_t number)
{
    return &w->tree->nodes[number];
}

static void put(writer *w, const char *text)
{
    cs_buf_puts(w->out, text);
}

static void refuse(writer *w, const char *what)
{
    if (w->status == CLIPSEARCH_OK)
        w->status = cs_fail(w->err, CLIPSEARCH_E_UNSUPPORTED, "the filter: %s not possible on a Milvus database %u.%u",
                            what, w->db->version[0], w->db->version[1]);
}

static void put_constant(writer *w, bool all)
{
    cs_buf_printf(w->out, all ? ALL_IDS : NO_IDS, w->schema->key);
}

/* ---- values */

void cs_milvus_put_literal(cs_buf *out, const char *text, size_t size)
{
    cs_buf_putc(out, '"');
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            cs_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            cs_buf_printf(out, "\\x%02x", c);
        else
            cs_buf_putc(out, (char)c);
    }
    cs_buf_putc(out, '"');
}

static void put_string(writer *w, const cs_filter_node *n)
{
    cs_milvus_put_literal(w->out, w->tree->texts.data + n->text, n->text_size);
}

/* A real number must not look like a whole one. */
static void put_real(writer *w, double real)
{
    const size_t before = w->out->len;
    cs_put_double(w->out, real);
    if (!w->out->failed && !strpbrk(w->out->data + before, ".en"))
        put(w, ".0");
}

/* The number of a constant, also of one that is computed. False: it is none. */
static bool fold(const writer *w, uint32_t number, bool *whole, int64_t *integer, double *real)
{
    const cs_filter_node *n = node(w, number);
    bool left_whole, right_whole;
    int64_t a, b;
    double x, y;
    if (n->kind == CS_NODE_INTEGER || n->kind == CS_NODE_REAL) {
        *whole = n->kind == CS_NODE_INTEGER;
        *integer = n->integer;
        *real = *whole ? (double)n->integer : n->real;
        return true;
    }
    if (n->kind == CS_NODE_NEGATIVE) {
        if (!fold(w, n->left, &left_whole, &a, &x))
            return false;
        *whole = left_whole && !__builtin_sub_overflow((int64_t)0, a, integer);
        *real = -x;
        return true;
    }
    if (n->kind < CS_NODE_ADD || n->kind > CS_NODE_REMAINDER || !fold(w, n->left, &left_whole, &a, &x) ||
        !fold(w, n->right, &right_whole, &b, &y))
        return false;
    *whole = left_whole && right_whole;
    switch (n->kind) {
    case CS_NODE_ADD:
        *whole = *whole && !__builtin_add_overflow(a, b, integer);
        *real = x + y;
        return true;
    case CS_NODE_SUBTRACT:
        *whole = *whole && !__builtin_sub_overflow(a, b, integer);
        *real = x - y;
        return true;
    case CS_NODE_MULTIPLY:
        *whole = *whole && !__builtin_mul_overflow(a, b, integer);
        *real = x * y;
        return true;
    case CS_NODE_DIVIDE:
        *whole = false;
        *real = y == 0 ? NAN : x / y; /* of a division by zero there is no value */
        return true;
    default:
        *whole = *whole && b != 0;
        *integer = *whole && b != -1 ? a % b : 0;
        *real = fmod(x, y);
        return true;
    }
}

/* Where an item of ours has a built-in field. Others have none but the id and what looks like a path. */
static const char *field_name(writer *w, uint32_t index)
{
    if (w->schema->own)
        return cs_filter_fields[index].name;
    if (index == CS_FIELD_ID)
        return w->schema->key;
    if (index == CS_FIELD_PATH && w->schema->path[0])
        return w->schema->path;
    for (size_t i = 0; i < w->schema->count; i++) /* one of theirs may be called so */
        if (strcmp(w->schema->fields[i].name, cs_filter_fields[index].name) == 0)
            return w->schema->fields[i].name;
    if (w->status == CLIPSEARCH_OK)
        w->status = cs_fail(w->err, CLIPSEARCH_E_UNSUPPORTED, "the filter: the items of the collection %s have no %s",
                            w->schema->name, cs_filter_fields[index].name);
    return w->schema->key;
}

/* Of the collections of others, an attribute may be a field. */
static const cs_milvus_field *field_of(const writer *w, const cs_filter_node *n)
{
    const cs_filter_node *first = node(w, n->first);
    if (w->schema->own || first->kind != CS_NODE_STRING)
        return NULL;
    for (size_t i = 0; i < w->schema->count; i++)
        if (strcmp(w->schema->fields[i].name, w->tree->texts.data + first->text) == 0)
            return &w->schema->fields[i];
    return NULL;
}

static void put_attribute(writer *w, const cs_filter_node *n)
{
    const cs_milvus_field *field = field_of(w, n);
    put(w, field ? field->name : "$meta");
    for (uint32_t i = n->first + (field != NULL); i < n->first + n->count; i++) {
        put(w, "[");
        if (node(w, i)->kind == CS_NODE_STRING && node(w, i)->text_size == 0)
            refuse(w, "an attribute without a name is");
        if (node(w, i)->kind == CS_NODE_INTEGER)
            cs_buf_printf(w->out, "%lld", (long long)node(w, i)->integer);
        else
            put_string(w, node(w, i));
        put(w, "]");
    }
}

/* A field or attribute. */
static void put_variable(writer *w, uint32_t number)
{
    const cs_filter_node *n = node(w, number);
    if (n->kind == CS_NODE_FIELD)
        put(w, field_name(w, n->index));
    else
        put_attribute(w, n);
}

static bool is_variable(const writer *w, uint32_t number)
{
    return node(w, number)->kind == CS_NODE_FIELD || node(w, number)->kind == CS_NODE_ATTRIBUTE;
}

/* An attribute that an item may lack. */
static bool may_lack(const writer *w, uint32_t number)
{
    const cs_filter_node *n = node(w, number);
    const cs_milvus_field *field = n->kind == CS_NODE_ATTRIBUTE ? field_of(w, n) : NULL;
    return n->kind == CS_NODE_ATTRIBUTE && (!field || field->type == CS_MILVUS_JSON);
}

static bool is_whole_field(const writer *w, uint32_t number)
{
    const cs_filter_node *n = node(w, number);
    if (n->kind == CS_NODE_FIELD)
        return cs_filter_fields[n->index].type == CS_TYPE_NUMBER && n->index != CS_FIELD_MTIME;
    const cs_milvus_field *field = field_of(w, n);
    return field && field->type >= CS_MILVUS_INT8 && field->type <= CS_MILVUS_INT64;
}

/* ---- comparisons */

static const char *const operators[] = {" == ", " != ", " < ", " <= ", " > ", " >= "};

static void put_test(writer *w, uint32_t variable, cs_filter_kind kind)
{
    put_variable(w, variable);
    put(w, operators[kind - CS_NODE_EQ]);
}

/* A field of whole numbers with a real one: Milvus would refuse it or cut the fraction off. */
static void put_whole_with_real(writer *w, uint32_t variable, cs_filter_kind kind, double real)
{
    const bool is_integer = floor(real) == real, up = kind == CS_NODE_LT || kind == CS_NODE_GE;
    const double limit = up ? ceil(real) : floor(real);
    if (kind == CS_NODE_EQ && !is_integer)
        put_constant(w, false);
    else if (limit >= 0x1p63 || limit < -0x1p63)
        put_constant(w, kind != CS_NODE_EQ && (limit > 0) == (kind == CS_NODE_LT || kind == CS_NODE_LE));
    else {
        put_test(w, variable, kind);
        cs_buf_printf(w->out, "%lld", (long long)limit);
    }
}

static void put_number_test(writer *w, uint32_t variable, cs_filter_kind kind, bool whole, int64_t integer, double real)
{
    if (isnan(real)) {
        put_constant(w, false);
    } else if (!whole && is_whole_field(w, variable)) {
        put_whole_with_real(w, variable, kind, real);
    } else if (isinf(real)) { /* above or below all that JSON can hold */
        if (kind == CS_NODE_EQ || (real > 0) == (kind == CS_NODE_GT || kind == CS_NODE_GE)) {
            put_constant(w, false);
        } else {
            put_test(w, variable, real > 0 ? CS_NODE_LE : CS_NODE_GE);
            put_real(w, real > 0 ? 1.7976931348623157e308 : -1.7976931348623157e308);
        }
    } else {
        put_test(w, variable, kind);
        if (whole)
            cs_buf_printf(w->out, "%lld", (long long)integer);
        else
            put_real(w, real);
    }
}

static cs_filter_kind mirrored(cs_filter_kind kind)
{
    switch (kind) {
    case CS_NODE_LT:
        return CS_NODE_GT;
    case CS_NODE_LE:
        return CS_NODE_GE;
    case CS_NODE_GT:
        return CS_NODE_LT;
    case CS_NODE_GE:
        return CS_NODE_LE;
    default:
        return kind;
    }
}

/* Both sides are constants. */
static void put_known(writer *w, cs_filter_kind kind, int order)
{
    put_constant(w, kind == CS_NODE_EQ   ? order == 0
                    : kind == CS_NODE_LT ? order < 0
                    : kind == CS_NODE_LE ? order <= 0
                    : kind == CS_NODE_GT ? order > 0
                                         : order >= 0);
}

static int compare_texts(const writer *w, const cs_filter_node *a, const cs_filter_node *b)
{
    const size_t n = a->text_size < b->text_size ? a->text_size : b->text_size;
    const int order = memcmp(w->tree->texts.data + a->text, w->tree->texts.data + b->text, n);
    return order ? order : (a->text_size > b->text_size) - (a->text_size < b->text_size);
}

static void put_known_comparison(writer *w, cs_filter_kind kind, uint32_t left, uint32_t right)
{
    bool whole[2];
    int64_t integer[2] = {0, 0};
    double real[2];
    const cs_filter_node *a = node(w, left), *b = node(w, right);
    const bool numbers =
        fold(w, left, &whole[0], &integer[0], &real[0]) && fold(w, right, &whole[1], &integer[1], &real[1]);
    if (a->kind == CS_NODE_STRING && b->kind == CS_NODE_STRING)
        put_known(w, kind, compare_texts(w, a, b));
    else if (a->kind == CS_NODE_BOOLEAN && b->kind == CS_NODE_BOOLEAN)
        put_known(w, kind, (int)a->integer - (int)b->integer);
    else if (numbers && whole[0] && whole[1])
        put_known(w, kind, (integer[0] > integer[1]) - (integer[0] < integer[1]));
    else if (numbers && !isnan(real[0]) && !isnan(real[1]))
        put_known(w, kind, (real[0] > real[1]) - (real[0] < real[1]));
    else if (numbers || (a->kind == CS_NODE_STRING) != (b->kind == CS_NODE_STRING) || a->kind == CS_NODE_BOOLEAN ||
             b->kind == CS_NODE_BOOLEAN)
        put_constant(w, false);
    else
        refuse(w, "arithmetic with fields or attributes is");
}

/* A comparison of two fields: both must be numbers of one kind, or texts. */
static void put_two_variables(writer *w, cs_filter_kind kind, uint32_t left, uint32_t right)
{
    if (node(w, left)->kind != CS_NODE_FIELD || node(w, right)->kind != CS_NODE_FIELD) {
        refuse(w, "comparing attributes with one another is");
        return;
    }
    put_test(w, left, kind);
    put_variable(w, right);
}

static void put_comparison(writer *w, const cs_filter_node *n)
{
    cs_filter_kind kind = n->kind == CS_NODE_NE ? CS_NODE_EQ : n->kind; /* the caller turns it round */
    uint32_t left = n->left, right = n->right;
    bool whole = false;
    int64_t integer = 0;
    double real = 0;
    if (is_variable(w, left) && is_variable(w, right)) {
        put_two_variables(w, kind, left, right);
        return;
    }
    if (is_variable(w, right)) {
        left = n->right;
        right = n->left;
        kind = mirrored(kind);
    }
    if (!is_variable(w, left)) {
        put_known_comparison(w, kind, left, right);
        return;
    }
    const cs_filter_node *value = node(w, right);
    if (value->kind == CS_NODE_STRING) {
        put_test(w, left, kind);
        put_string(w, value);
    } else if (value->kind == CS_NODE_BOOLEAN) {
        put_test(w, left, kind);
        put(w, value->integer ? "true" : "false");
    } else if (fold(w, right, &whole, &integer, &real)) {
        put_number_test(w, left, kind, whole, integer, real);
    } else {
        refuse(w, "arithmetic with fields or attributes is");
    }
}

/* ---- lists and patterns */

/* Values of one kind are one list of Milvus. Whole numbers are written as real ones for attributes: a list of whole
 * numbers would not find 1.0. Above 2^53 they are compared one by one. */
static bool is_listed(const writer *w, const cs_filter_node *list, const cs_filter_node *value, bool text)
{
    if (text)
        return value->kind == CS_NODE_STRING;
    if (value->kind == CS_NODE_INTEGER)
        return is_whole_field(w, list->left) || llabs(value->integer) <= 1LL << 53;
    return value->kind == CS_NODE_REAL && !is_whole_field(w, list->left) && isfinite(value->real);
}

static bool put_list(writer *w, const cs_filter_node *n, bool text, bool any)
{
    bool begun = false;
    for (uint32_t i = n->first; i < n->first + n->count; i++) {
        const cs_filter_node *value = node(w, i);
        if (!is_listed(w, n, value, text))
            continue;
        if (!begun) {
            put(w, any ? " or " : "");
            put_variable(w, n->left);
        }
        put(w, begun ? ", " : " in [");
        if (text)
            put_string(w, value);
        else if (is_whole_field(w, n->left))
            cs_buf_printf(w->out, "%lld", (long long)value->integer);
        else
            put_real(w, value->kind == CS_NODE_INTEGER ? (double)value->integer : value->real);
        begun = true;
    }
    put(w, begun ? "]" : "");
    return any || begun;
}

static void put_in(writer *w, const cs_filter_node *n)
{
    if (!is_variable(w, n->left)) {
        refuse(w, "a list that a computed value is in is");
        return;
    }
    put(w, "(");
    bool any = put_list(w, n, true, false);
    any = put_list(w, n, false, any);
    for (uint32_t i = n->first; i < n->first + n->count; i++) {
        const cs_filter_node *value = node(w, i);
        if (is_listed(w, n, value, true) || is_listed(w, n, value, false))
            continue;
        put(w, any ? " or " : "");
        if (value->kind == CS_NODE_BOOLEAN) {
            put_test(w, n->left, CS_NODE_EQ);
            put(w, value->integer ? "true" : "false");
        } else {
            put_number_test(w, n->left, CS_NODE_EQ, value->kind == CS_NODE_INTEGER, value->integer,
                            value->kind == CS_NODE_INTEGER ? (double)value->integer : value->real);
        }
        any = true;
    }
    if (!any)
        put_constant(w, false);
    put(w, ")");
}

static void put_contains(writer *w, const cs_filter_node *n)
{
    bool whole;
    int64_t integer = 0;
    double real = 0;
    const cs_filter_node *value = node(w, n->left);
    put(w, "json_contains(");
    put_variable(w, n->right);
    put(w, ", ");
    if (value->kind == CS_NODE_STRING)
        put_string(w, value);
    else if (value->kind == CS_NODE_BOOLEAN)
        put(w, value->integer ? "true" : "false");
    else if (!fold(w, n->left, &whole, &integer, &real) || !isfinite(real))
        refuse(w, "looking for anything but a constant in a list is");
    else if (whole)
        cs_buf_printf(w->out, "%lld", (long long)integer);
    else
        put_real(w, real);
    put(w, ")");
}

void cs_milvus_put_under(cs_buf *out, const char *field, const char *folder, size_t size)
{
    cs_buf_printf(out, "(%s == ", field);
    cs_milvus_put_literal(out, folder, size);
    for (int i = 0; i < 2; i++) { /* behind the path and '/', and before the path and '0', the byte after '/' */
        cs_buf_printf(out, i ? " and %s < " : " or (%s > ", field);
        cs_milvus_put_literal(out, folder, size);
        if (!out->failed)
            out->len--; /* the quote */
        cs_buf_puts(out, i ? "0\"" : "/\"");
    }
    cs_buf_puts(out, "))");
}

/* How much of a pattern is plain text, which `plain` receives, and whether all that follows it is one %. */
static bool is_beginning(const char *text, size_t size, cs_buf *plain, bool *whole)
{
    size_t i = 0;
    for (; i < size && text[i] != '%' && text[i] != '_'; i++) {
        if (text[i] == '\\' && i + 1 < size && strchr("%_\\", text[i + 1]))
            i++;
        cs_buf_putc(plain, text[i]);
    }
    *whole = i == size;
    while (i < size && text[i] == '%')
        i++;
    return i == size;
}

/* Up to 2.3 only the beginning of a text can be given. It is asked for by its order, which knows no special characters:
 * behind it no text comes that begins with it and the last of all characters. */
static void put_like(writer *w, const cs_filter_node *n)
{
    static const char last[] = "\xf4\x8f\xbf\xbf";
    const cs_filter_node *pattern = node(w, n->right);
    const char *text = w->tree->texts.data + pattern->text;
    cs_buf plain = cs_buf_make(CS_FILTER_MAX_BYTES);
    bool whole;
    if (!is_variable(w, n->left)) {
        refuse(w, "like behind anything but a field or attribute is");
    } else if (is_beginning(text, pattern->text_size, &plain, &whole)) {
        put(w, "(");
        put_test(w, n->left, whole ? CS_NODE_EQ : CS_NODE_GE);
        cs_milvus_put_literal(w->out, plain.data ? plain.data : "", plain.len);
        if (!whole) {
            put(w, " and ");
            put_test(w, n->left, CS_NODE_LT);
            cs_buf_puts(&plain, last);
            cs_milvus_put_literal(w->out, plain.data ? plain.data : "", plain.len);
        }
        put(w, ")");
    } else if (!cs_milvus_is_since(w->db, 2, 4)) {
        refuse(w, "like with anything but one % at the end is");
    } else {
        put_variable(w, n->left);
        put(w, " like ");
        put_string(w, pattern);
    }
    if (plain.failed)
        w->out->failed = true;
    cs_buf_free(&plain);
}

/* ---- conditions */

static void put_leaf(writer *w, const cs_filter_node *n)
{
    switch (n->kind) {
    case CS_NODE_BOOLEAN:
        put_constant(w, n->integer != 0);
        break;
    case CS_NODE_TRUTH:
        put_test(w, n->left, CS_NODE_EQ);
        put(w, "true");
        break;
    case CS_NODE_IN:
        put_in(w, n);
        break;
    case CS_NODE_CONTAINS:
        put_contains(w, n);
        break;
    case CS_NODE_LIKE:
        put_like(w, n);
        break;
    case CS_NODE_UNDER:
        cs_milvus_put_under(w->out, field_name(w, CS_FIELD_PATH), w->tree->texts.data + node(w, n->right)->text,
                            node(w, n->right)->text_size);
        break;
    case CS_NODE_IS_NULL:
        if (may_lack(w, n->left)) {
            put(w, "not (exists ");
            put_variable(w, n->left);
            put(w, ")");
        } else {
            put_constant(w, false);
        }
        break;
    default:
        put_comparison(w, n);
        break;
    }
}

/* The attribute of a leaf that an item may lack, or UINT32_MAX. */
static uint32_t lacking(const writer *w, const cs_filter_node *n)
{
    if (n->kind == CS_NODE_IS_NULL || n->kind == CS_NODE_BOOLEAN || n->kind == CS_NODE_UNDER)
        return UINT32_MAX;
    if (n->kind == CS_NODE_CONTAINS)
        return n->right;
    if (may_lack(w, n->left))
        return n->left;
    return n->kind >= CS_NODE_EQ && n->kind <= CS_NODE_GE && may_lack(w, n->right) ? n->right : UINT32_MAX;
}

/* An item without the attribute matches what is negated: said as such, because not every version of Milvus agrees. */
static void put_negated(writer *w, const cs_filter_node *n)
{
    const uint32_t attribute = lacking(w, n);
    if (attribute != UINT32_MAX) {
        put(w, "(not (exists ");
        put_variable(w, attribute);
        put(w, ") or ");
    }
    put(w, "not (");
    put_leaf(w, n);
    put(w, attribute != UINT32_MAX ? "))" : ")");
}

/* Chains of and (or) lean to the left, and are printed without recursion; what nests recurses, as deep as the
 * parentheses. Negation goes down to the leaves. */
static void put_condition(writer *w, uint32_t number, bool negated)
{
    if (w->status != CLIPSEARCH_OK || w->out->failed)
        return;
    for (; node(w, number)->kind == CS_NODE_NOT; number = node(w, number)->left)
        negated = !negated;
    const cs_filter_node *n = node(w, number);
    if (n->kind != CS_NODE_AND && n->kind != CS_NODE_OR) {
        if (negated != (n->kind == CS_NODE_NE))
            put_negated(w, n);
        else
            put_leaf(w, n);
        return;
    }
    const cs_filter_kind kind = n->kind;
    const char *between = (kind == CS_NODE_AND) != negated ? " and " : " or ";
    put(w, "(");
    for (; node(w, number)->kind == kind; number = node(w, number)->left) {
        put_condition(w, node(w, number)->right, negated);
        put(w, between);
    }
    put_condition(w, number, negated);
    put(w, ")");
}

clipsearch_status cs_filter_print_milvus(const cs_filter_tree *tree, const milvus_database *db,
                                         const cs_milvus_schema *schema, cs_buf *out, bool *none, clipsearch_error *err)
{
    const cs_filter_node *root = &tree->nodes[tree->root];
    writer w = {.tree = tree, .db = db, .schema = schema, .out = out, .err = err};
    *none = root->kind == CS_NODE_BOOLEAN && !root->integer;
    if (root->kind == CS_NODE_BOOLEAN)
        return CLIPSEARCH_OK;
    put_condition(&w, tree->root, false);
    if (!out->failed && !cs_is_utf8(out->data, out->len))
        refuse(&w, "text that is not UTF-8 is");
    if (w.status == CLIPSEARCH_OK && (out->failed || out->len > MAX_EXPRESSION))
        return out->failed ? cs_fail_memory(err, "a filter")
                           : cs_fail(err, CLIPSEARCH_E_LIMIT, "the filter is too long");
    return w.status;
}
