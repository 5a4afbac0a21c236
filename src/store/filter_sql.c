/* SPDX-License-Identifier: MIT
 * filter_sql.c - prints a filter as SQL. Every condition printed here is 0 or 1, never NULL, so that NOT is plain. */
#include "store/filter_sql.h"

#include "base/mem.h"

#include <string.h>

/* Far above what the limits of filter.h let through (1,000 fields of 16 keys, three times each). */
enum { MAX_SQL = 64 << 20 };

/* By field. A path is a BLOB in the table, so that any name can be stored; as TEXT its bytes are the same. mtime is
 * cs_file_seconds of base/file_time.h, to the bit. */
static const char *const field_sql[CS_FIELDS] = {
    [CS_FIELD_ID] = "items.id",
    [CS_FIELD_PATH] = "CAST(items.path AS TEXT)",
    [CS_FIELD_NAME] = "clipsearch_name(items.path)",
    [CS_FIELD_SIZE] = "items.size",
    [CS_FIELD_MTIME] = "(items.mtime_ns / 1000000000 + (items.mtime_ns % 1000000000) / 1e9)",
    [CS_FIELD_WIDTH] = "items.width",
    [CS_FIELD_HEIGHT] = "items.height",
};

/* As what an attribute's value is wanted; as anything else there is none. */
typedef enum view { VIEW_NUMBER, VIEW_TEXT, VIEW_BOOLEAN, VIEW_TYPE } view;

typedef struct writer {
    const cs_filter_tree *tree;
    cs_filter_sql *filter;
    uint32_t *parameters; /* [tree->count]: of a node, 0 when it has none yet */
    uint32_t *operands;   /* stack of the and and or being written */
    size_t operand_count, operand_capacity;
    bool failed;
} writer;

static void put(writer *w, const char *sql)
{
    cs_buf_puts(&w->filter->sql, sql);
}

static const cs_filter_node *node(const writer *w, uint32_t number)
{
    return &w->tree->nodes[number];
}

/* ---- values */

/* A pattern of like as GLOB knows it, which tells letters of different case apart: % is *, _ is ?. */
static void put_pattern(cs_buf *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '\\' && i + 1 < size && (text[i + 1] == '%' || text[i + 1] == '_' || text[i + 1] == '\\'))
            cs_buf_putc(out, text[++i]);
        else if (c == '%')
            cs_buf_putc(out, '*');
        else if (c == '_')
            cs_buf_putc(out, '?');
        else if (c == '*' || c == '?' || c == '[')
            cs_buf_printf(out, "[%c]", c);
        else
            cs_buf_putc(out, c);
    }
}

static cs_filter_value *new_value(writer *w)
{
    cs_filter_sql *filter = w->filter;
    cs_filter_value *values = cs_grow(filter->values, &filter->capacity, filter->count + 1, sizeof *values);
    if (!values)
        return NULL;
    filter->values = values;
    return &filter->values[filter->count++];
}

/* The parameter of a literal: one, however often the literal is written. */
static void put_parameter(writer *w, uint32_t number, bool pattern)
{
    const cs_filter_node *n = node(w, number);
    cs_buf *texts = &w->filter->texts;
    if (!w->parameters[number]) {
        cs_filter_value *value = new_value(w);
        if (!value) {
            w->failed = true;
            return;
        }
        *value = (cs_filter_value){.integer = n->integer, .real = n->real};
        value->kind = n->kind == CS_NODE_STRING ? CS_VALUE_TEXT
                      : n->kind == CS_NODE_REAL ? CS_VALUE_REAL
                                                : CS_VALUE_INTEGER;
        if (value->kind == CS_VALUE_TEXT) {
            const char *text = w->tree->texts.data + n->text;
            value->text = texts->len;
            if (pattern)
                put_pattern(texts, text, n->text_size);
            else
                cs_buf_append(texts, text, n->text_size);
            value->text_size = texts->len - value->text;
        }
        w->parameters[number] = (uint32_t)(CS_FILTER_FIRST_PARAMETER + w->filter->count - 1);
    }
    cs_buf_printf(&w->filter->sql, "?%u", w->parameters[number]);
}

/* A walk down the keys: json_each gives the members of an object or the elements of an array with their keys as values,
 * so that a key is compared as a parameter and needs no quoting, whatever is in it. Of nothing there is no row, and a
 * value is NULL. `elements`: one step more, to all elements of a list. */
static void put_walk(writer *w, const cs_filter_node *n, bool elements)
{
    cs_buf *sql = &w->filter->sql;
    put(w, "json_each(items.attributes) AS j0");
    for (unsigned i = 1; i < n->count + elements; i++)
        cs_buf_printf(sql, ", json_each(CASE WHEN j%u.type IN (%s) THEN j%u.value ELSE '[]' END) AS j%u", i - 1,
                      i == n->count ? "'array'" : "'object', 'array'", i - 1, i);
    for (unsigned i = 0; i < n->count; i++) {
        cs_buf_printf(sql, "%s j%u.key = ", i ? " AND" : " WHERE", i);
        put_parameter(w, n->first + i, false);
    }
}

static const char *const types[] = {"'integer', 'real'", "'text'", "'true', 'false'"}; /* by view */

static void put_attribute(writer *w, const cs_filter_node *n, view as)
{
    cs_buf *sql = &w->filter->sql;
    unsigned last = n->count - 1;
    cs_buf_printf(sql, "(SELECT j%u.%s FROM ", last, as == VIEW_TYPE ? "type" : "value");
    put_walk(w, n, false);
    if (as != VIEW_TYPE)
        cs_buf_printf(sql, " AND j%u.type IN (%s)", last, types[as]);
    put(w, ")");
}

/* Recursion here is as deep as CS_FILTER_MAX_ARITHMETIC. Integers that overflow become doubles; of a division by zero
 * there is no value. */
static void put_value(writer *w, uint32_t number, view as)
{
    static const struct {
        const char *before, *between;
    } operators[] = {{"(", " + "}, {"(", " - "}, {"(", " * "}, {"(", " * 1.0 / "}, {"clipsearch_remainder(", ", "}};
    const cs_filter_node *n = node(w, number);
    switch (n->kind) {
    case CS_NODE_FIELD:
        put(w, field_sql[n->index]);
        break;
    case CS_NODE_ATTRIBUTE:
        put_attribute(w, n, as);
        break;
    case CS_NODE_NEGATIVE:
        put(w, "(- ");
        put_value(w, n->left, VIEW_NUMBER);
        put(w, ")");
        break;
    case CS_NODE_ADD:
    case CS_NODE_SUBTRACT:
    case CS_NODE_MULTIPLY:
    case CS_NODE_DIVIDE:
    case CS_NODE_REMAINDER:
        put(w, operators[n->kind - CS_NODE_ADD].before);
        put_value(w, n->left, VIEW_NUMBER);
        put(w, operators[n->kind - CS_NODE_ADD].between);
        put_value(w, n->right, VIEW_NUMBER);
        put(w, ")");
        break;
    default:
        put_parameter(w, number, false);
        break;
    }
}

/* ---- conditions */

static view view_of(cs_filter_type type)
{
    return type == CS_TYPE_NUMBER ? VIEW_NUMBER : type == CS_TYPE_TEXT ? VIEW_TEXT : VIEW_BOOLEAN;
}

/* Values of different types are not equal and not in any order. When one side's type is known the other is looked at as
 * that; of two attributes each type in turn: at most one of the terms is not NULL. */
static void put_comparison(writer *w, const cs_filter_node *n, const char *operator)
{
    cs_filter_type left = node(w, n->left)->type, right = node(w, n->right)->type;
    view first = VIEW_NUMBER, last = n->kind == CS_NODE_EQ || n->kind == CS_NODE_NE ? VIEW_BOOLEAN : VIEW_TEXT;
    if (left != CS_TYPE_ANY || right != CS_TYPE_ANY)
        first = last = view_of(left != CS_TYPE_ANY ? left : right);
    put(w, "coalesce(");
    for (view as = first; as <= last; as++) {
        put_value(w, n->left, as);
        put(w, operator);
        put_value(w, n->right, as);
        put(w, ", ");
    }
    put(w, "0)");
}

static void put_in(writer *w, const cs_filter_node *n)
{
    put(w, "coalesce(");
    for (view as = VIEW_NUMBER; as <= VIEW_BOOLEAN; as++) {
        bool any = false;
        for (uint32_t i = n->first; i < n->first + n->count; i++) {
            if (view_of(node(w, i)->type) != as)
                continue;
            if (!any)
                put_value(w, n->left, as);
            put(w, any ? ", " : " IN (");
            put_parameter(w, i, false);
            any = true;
        }
        if (any)
            put(w, "), ");
    }
    put(w, "0, 0)");
}

/* Each type in turn, as in a comparison. */
static void put_contains(writer *w, const cs_filter_node *n)
{
    const cs_filter_node *list = node(w, n->right);
    const cs_filter_type type = node(w, n->left)->type;
    const view first = type == CS_TYPE_ANY ? VIEW_NUMBER : view_of(type);
    const view last = type == CS_TYPE_ANY ? VIEW_BOOLEAN : first;
    put(w, "EXISTS (SELECT 1 FROM ");
    put_walk(w, list, true);
    for (view as = first; as <= last; as++) {
        cs_buf_printf(&w->filter->sql, "%s j%u.type IN (%s) AND j%u.value = ", as == first ? " AND (" : " OR",
                      list->count, types[as], list->count);
        put_value(w, n->left, as);
    }
    put(w, "))");
}

/* The paths of what lies in a folder begin with its path and '/', so they are behind that and before its path and '0',
 * the byte after '/': a range of the index by path. The path itself is that of an image that was named alone. */
static void put_under(writer *w, uint32_t folder)
{
    put(w, "(items.path = CAST(");
    put_parameter(w, folder, false);
    put(w, " AS BLOB) OR (items.path > CAST(");
    put_parameter(w, folder, false);
    put(w, " || '/' AS BLOB) AND items.path < CAST(");
    put_parameter(w, folder, false);
    put(w, " || '0' AS BLOB)))");
}

static void put_leaf(writer *w, const cs_filter_node *n)
{
    static const char *const operators[] = {" = ", " = ", " < ", " <= ", " > ", " >= "};
    switch (n->kind) {
    case CS_NODE_BOOLEAN:
        put(w, n->integer ? "1" : "0");
        break;
    case CS_NODE_TRUTH:
        put(w, "coalesce(");
        put_value(w, n->left, VIEW_BOOLEAN);
        put(w, ", 0)");
        break;
    case CS_NODE_IN:
        put_in(w, n);
        break;
    case CS_NODE_CONTAINS:
        put_contains(w, n);
        break;
    case CS_NODE_LIKE:
        put(w, "coalesce(");
        put_value(w, n->left, VIEW_TEXT);
        put(w, " GLOB ");
        put_parameter(w, n->right, true);
        put(w, ", 0)");
        break;
    case CS_NODE_UNDER:
        put_under(w, n->right);
        break;
    case CS_NODE_IS_NULL:
        if (node(w, n->left)->kind == CS_NODE_FIELD) {
            put(w, "0"); /* columns are NOT NULL */
            break;
        }
        put(w, "coalesce(");
        put_value(w, n->left, VIEW_TYPE);
        put(w, ", 'null') = 'null'");
        break;
    default: /* a comparison */
        put_comparison(w, n, operators[n->kind - CS_NODE_EQ]);
        break;
    }
}

static bool push_operand(writer *w, uint32_t number)
{
    uint32_t *operands = cs_grow(w->operands, &w->operand_capacity, w->operand_count + 1, sizeof *operands);
    if (!operands)
        return false;
    w->operands = operands;
    w->operands[w->operand_count++] = number;
    return true;
}

static void put_condition(writer *w, uint32_t number, bool negated);

/* Operands first .. first + count - 1 of the stack as a balanced tree: SQLite limits how deep an expression is. */
static void put_operands(writer *w, size_t first, size_t count, const char *operator, bool negated)
{
    if (count == 1) {
        put_condition(w, w->operands[first], negated);
        return;
    }
    size_t half = count / 2;
    put(w, "(");
    put_operands(w, first, half, operator, negated);
    put(w, operator);
    put_operands(w, first + half, count - half, operator, negated);
    put(w, ")");
}

/* a and b and c: one list, written with the operand of most nesting in front, because what nests to the left costs
 * SQLite's parser least. */
static void put_junction(writer *w, uint32_t number, bool negated)
{
    cs_filter_kind kind = node(w, number)->kind;
    const char *operator=(kind == CS_NODE_AND) != negated ? " AND " : " OR ";
    size_t first = w->operand_count, deepest = first;
    uint32_t at = number;
    for (; node(w, at)->kind == kind && !w->failed; at = node(w, at)->left)
        w->failed = !push_operand(w, node(w, at)->right);
    if (w->failed || !push_operand(w, at)) {
        w->failed = true;
        return;
    }
    for (size_t i = first; i < w->operand_count; i++)
        if (node(w, w->operands[i])->depth > node(w, w->operands[deepest])->depth)
            deepest = i;
    uint32_t operand = w->operands[deepest];
    w->operands[deepest] = w->operands[first];
    w->operands[first] = operand;
    put(w, "(");
    put_condition(w, operand, negated);
    put(w, operator);
    put_operands(w, first + 1, w->operand_count - first - 1, operator, negated);
    put(w, ")");
    w->operand_count = first;
}

/* Negation goes down to the leaves: not (a and b) is not a or not b. Recursion is as deep as the parentheses. */
static void put_condition(writer *w, uint32_t number, bool negated)
{
    if (w->failed || w->filter->sql.failed)
        return;
    for (; node(w, number)->kind == CS_NODE_NOT; number = node(w, number)->left)
        negated = !negated;
    const cs_filter_node *n = node(w, number);
    if (n->kind == CS_NODE_AND || n->kind == CS_NODE_OR) {
        put_junction(w, number, negated);
        return;
    }
    if (negated != (n->kind == CS_NODE_NE)) {
        put(w, "NOT (");
        put_leaf(w, n);
        put(w, ")");
    } else {
        put_leaf(w, n);
    }
}

/* ---- the whole */

clipsearch_status cs_filter_print_sql(const cs_filter_tree *tree, cs_filter_sql *filter, clipsearch_error *err)
{
    writer w = {.tree = tree, .filter = filter};
    *filter = (cs_filter_sql){.sql = cs_buf_make(MAX_SQL),
                              .texts = cs_buf_make(4 * CS_FILTER_MAX_BYTES)}; /* a pattern can triple its size */
    w.parameters = cs_zalloc_array(tree->count, sizeof *w.parameters);
    if (!w.parameters)
        return cs_fail_memory(err, "a filter");
    put_condition(&w, tree->root, false);
    cs_free(w.parameters);
    cs_free(w.operands);
    if (w.failed || filter->sql.failed || filter->texts.failed)
        return cs_fail_memory(err, "a filter");
    return CLIPSEARCH_OK;
}

void cs_filter_sql_free(cs_filter_sql *filter)
{
    cs_buf_free(&filter->sql);
    cs_buf_free(&filter->texts);
    cs_free(filter->values);
    *filter = (cs_filter_sql){0};
}

int cs_filter_sql_bind(const cs_filter_sql *filter, sqlite3_stmt *statement)
{
    int code = SQLITE_OK;
    for (size_t i = 0; i < filter->count && code == SQLITE_OK; i++) {
        const cs_filter_value *value = &filter->values[i];
        int n = CS_FILTER_FIRST_PARAMETER + (int)i;
        if (value->kind == CS_VALUE_INTEGER)
            code = sqlite3_bind_int64(statement, n, value->integer);
        else if (value->kind == CS_VALUE_REAL)
            code = sqlite3_bind_double(statement, n, value->real);
        else
            code = sqlite3_bind_text64(statement, n, value->text_size ? filter->texts.data + value->text : "",
                                       value->text_size, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    return code;
}
