/* SPDX-License-Identifier: MIT
 * yaml_tree.c - from libyaml's events to a tree. The one file that includes libyaml. */
#include "config/yaml_tree.h"

#include "base/file.h"
#include "base/mem.h"
#include "config/yaml_advice.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* All memory of a tree is a list of such blocks, freed together. */
typedef struct block {
    struct block *next;
    max_align_t bytes[];
} block;

struct cs_yaml {
    block *blocks;
    char *name;
    cs_yaml_node *root;
};

/* The state of the parser. */
typedef struct builder {
    cs_yaml *yaml;
    cs_yaml_node *open; /* innermost list or map not yet ended */
    const char *key;    /* read in the map `open`; its value comes next */
    size_t key_line, key_column;
    size_t depth, nodes, documents;
} builder;

void *cs_yaml_alloc(cs_yaml *yaml, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - sizeof(block))
        return NULL;
    block *made = cs_zalloc_array(1, sizeof(block) + bytes);
    if (!made)
        return NULL;
    made->next = yaml->blocks;
    yaml->blocks = made;
    return made->bytes;
}

const char *cs_yaml_name(const cs_yaml *yaml)
{
    return yaml->name;
}

const cs_yaml_node *cs_yaml_root(const cs_yaml *yaml)
{
    return yaml->root;
}

void cs_yaml_close(cs_yaml **yaml)
{
    if (!yaml || !*yaml)
        return;
    while ((*yaml)->blocks) {
        block *next = (*yaml)->blocks->next;
        cs_free((*yaml)->blocks);
        (*yaml)->blocks = next;
    }
    cs_free((*yaml)->name);
    cs_free(*yaml);
    *yaml = NULL;
}

clipsearch_status cs_yaml_fail(const cs_yaml *yaml, const cs_yaml_node *node, bool at_key, clipsearch_error *err,
                               const char *format, ...)
{
    char message[900];
    va_list args;
    va_start(args, format);
    cs_vformat(message, sizeof message, format, args);
    va_end(args);
    const size_t line = !node ? 1 : at_key ? node->key_line : node->line;
    const size_t column = !node ? 1 : at_key ? node->key_column : node->column;
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s:%zu:%zu: %s", yaml->name, line, column, message);
}

static clipsearch_status fail_at(const builder *b, yaml_mark_t mark, clipsearch_status code, clipsearch_error *err,
                                 const char *message)
{
    return cs_fail(err, code, "%s:%zu:%zu: %s", b->yaml->name, mark.line + 1, mark.column + 1, message);
}

/* Add a node at the place of `event` to the open list or map, or make it the root. *added is set on success only. */
static clipsearch_status add_node(builder *b, const yaml_event_t *event, cs_yaml_kind kind, cs_yaml_node **added,
                                  clipsearch_error *err)
{
    if (++b->nodes > CS_YAML_MAX_NODES)
        return fail_at(b, event->start_mark, CLIPSEARCH_E_LIMIT, err, "more values than the limit of 20000");
    cs_yaml_node *node = cs_yaml_alloc(b->yaml, 1, sizeof *node);
    if (!node)
        return cs_fail_memory(err, b->yaml->name);
    node->kind = kind;
    node->line = event->start_mark.line + 1;
    node->column = event->start_mark.column + 1;
    node->parent = b->open;
    if (!b->open) {
        b->yaml->root = node;
    } else {
        if (b->open->kind == CS_YAML_MAP) {
            node->key = b->key;
            node->key_line = b->key_line;
            node->key_column = b->key_column;
            b->key = NULL;
        }
        if (b->open->last)
            b->open->last->next = node;
        else
            b->open->first = node;
        b->open->last = node;
        b->open->count++;
    }
    *added = node;
    return CLIPSEARCH_OK;
}

static clipsearch_status add_key(builder *b, const yaml_event_t *event, const char *text, clipsearch_error *err)
{
    if (b->open->count >= CS_YAML_MAX_MEMBERS)
        return fail_at(b, event->start_mark, CLIPSEARCH_E_LIMIT, err, "more keys in one map than the limit of 1000");
    for (const cs_yaml_node *other = b->open->first; other; other = other->next)
        if (strcmp(other->key, text) == 0)
            return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s:%zu:%zu: the key \"%s\" is repeated; it is first in line %zu",
                           b->yaml->name, event->start_mark.line + 1, event->start_mark.column + 1, text,
                           other->key_line);
    b->key = text;
    b->key_line = event->start_mark.line + 1;
    b->key_column = event->start_mark.column + 1;
    return CLIPSEARCH_OK;
}

static clipsearch_status add_scalar(builder *b, const yaml_event_t *event, clipsearch_error *err)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(value, '\0', length))
        return fail_at(b, event->start_mark, CLIPSEARCH_E_FORMAT, err, "a NUL byte in a text");
    char *text = cs_yaml_alloc(b->yaml, length + 1, 1);
    if (!text)
        return cs_fail_memory(err, b->yaml->name);
    memcpy(text, value, length);
    if (b->open && b->open->kind == CS_YAML_MAP && !b->key)
        return add_key(b, event, text, err);
    cs_yaml_node *node = NULL;
    clipsearch_status status = add_node(b, event, CS_YAML_SCALAR, &node, err);
    if (node) {
        node->text = text;
        node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    }
    return status;
}

static clipsearch_status begin_container(builder *b, const yaml_event_t *event, cs_yaml_kind kind,
                                         clipsearch_error *err)
{
    if (b->open && b->open->kind == CS_YAML_MAP && !b->key)
        return fail_at(b, event->start_mark, CLIPSEARCH_E_FORMAT, err, "a key must be a plain text");
    if (++b->depth > CS_YAML_MAX_DEPTH)
        return fail_at(b, event->start_mark, CLIPSEARCH_E_LIMIT, err, "nested deeper than the limit of 32");
    cs_yaml_node *node = NULL;
    clipsearch_status status = add_node(b, event, kind, &node, err);
    if (node)
        b->open = node;
    return status;
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT           ? event->data.scalar.anchor
           : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
           : event->type == YAML_MAPPING_START_EVENT  ? event->data.mapping_start.anchor
                                                      : NULL;
}

static const yaml_char_t *tag_of(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT           ? event->data.scalar.tag
           : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.tag
           : event->type == YAML_MAPPING_START_EVENT  ? event->data.mapping_start.tag
                                                      : NULL;
}

static clipsearch_status handle_event(builder *b, const yaml_event_t *event, clipsearch_error *err)
{
    if (event->type == YAML_ALIAS_EVENT || anchor_of(event))
        return fail_at(b, event->start_mark, CLIPSEARCH_E_FORMAT, err,
                       "anchors (&name) and aliases (*name) are not supported; write the value out, or quote a text "
                       "that begins with * or &");
    if (tag_of(event))
        return fail_at(b, event->start_mark, CLIPSEARCH_E_FORMAT, err,
                       "tags (!name) are not supported; quote a text that begins with !");
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return add_scalar(b, event, err);
    case YAML_SEQUENCE_START_EVENT:
        return begin_container(b, event, CS_YAML_LIST, err);
    case YAML_MAPPING_START_EVENT:
        return begin_container(b, event, CS_YAML_MAP, err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->open = b->open->parent;
        b->depth--;
        break;
    case YAML_DOCUMENT_START_EVENT:
        if (++b->documents > 1)
            return fail_at(b, event->start_mark, CLIPSEARCH_E_FORMAT, err,
                           "a second document begins here (---); a file must have only one");
        break;
    default:
        break;
    }
    return CLIPSEARCH_OK;
}

/* A byte that cannot be: libyaml gives only its number. */
static clipsearch_status fail_reader(const builder *b, const yaml_parser_t *parser, const char *text, size_t size,
                                     clipsearch_error *err)
{
    const size_t end = parser->problem_offset < size ? parser->problem_offset : size;
    size_t line = 1, column = 1;
    for (size_t i = 0; i < end; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte == '\n') {
            line++;
            column = 1;
        } else if ((byte & 0xc0) != 0x80) { /* the other bytes of a letter count nothing */
            column++;
        }
    }
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s:%zu:%zu: %s; the file must be UTF-8", b->yaml->name, line, column,
                   parser->problem ? parser->problem : "cannot be read");
}

/* The parser's own words, and what probably is wrong. */
static clipsearch_status fail_parser(const builder *b, const yaml_parser_t *parser, const char *text, size_t size,
                                     clipsearch_error *err)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return cs_fail_memory(err, b->yaml->name);
    const cs_yaml_problem problem = {.problem = parser->problem ? parser->problem : "cannot be read",
                                     .context = parser->context,
                                     .line = parser->problem_mark.line,
                                     .column = parser->problem_mark.column,
                                     .context_line = parser->context_mark.line,
                                     .context_column = parser->context_mark.column};
    if (parser->error == YAML_READER_ERROR)
        return fail_reader(b, parser, text, size, err);
    cs_buf advice = cs_buf_make(512);
    size_t line, column;
    cs_yaml_put_advice(text, size, &problem, &advice, &line, &column);
    clipsearch_status status;
    if (advice.len && !advice.failed)
        status = cs_fail(err, CLIPSEARCH_E_FORMAT, "%s:%zu:%zu: %s", b->yaml->name, line + 1, column + 1, advice.data);
    else
        status = cs_fail(err, CLIPSEARCH_E_FORMAT, "%s:%zu:%zu: %s%s%s", b->yaml->name, line + 1, column + 1,
                         problem.problem, problem.context ? " " : "", problem.context ? problem.context : "");
    cs_buf_free(&advice);
    return status;
}

static clipsearch_status fail_size(const char *name, uint64_t size, clipsearch_error *err)
{
    return cs_fail(
        err, CLIPSEARCH_E_LIMIT,
        "%s:1:1: %llu bytes, more than the limit of %d for a YAML file; shorten it, or divide it into several", name,
        (unsigned long long)size, CS_YAML_MAX_BYTES);
}

clipsearch_status cs_yaml_parse(const char *text, size_t size, const char *name, cs_yaml **yaml, clipsearch_error *err)
{
    *yaml = NULL;
    if (size > CS_YAML_MAX_BYTES)
        return fail_size(name, size, err);
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return cs_fail_memory(err, name);
    clipsearch_status status = CLIPSEARCH_OK;
    builder b = {.yaml = cs_zalloc_array(1, sizeof *b.yaml)};
    if (!b.yaml || !(b.yaml->name = cs_strdup(name))) {
        status = cs_fail_memory(err, name);
        goto done;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    for (bool more = true; more && status == CLIPSEARCH_OK;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = fail_parser(&b, &parser, text, size, err);
            break;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        status = handle_event(&b, &event, err);
        yaml_event_delete(&event);
    }
done:
    yaml_parser_delete(&parser);
    if (status != CLIPSEARCH_OK)
        cs_yaml_close(&b.yaml);
    *yaml = b.yaml;
    return status;
}

clipsearch_status cs_yaml_load(const char *path, cs_yaml **yaml, clipsearch_error *err)
{
    *yaml = NULL;
    cs_buf text = cs_buf_make(CS_YAML_MAX_BYTES);
    cs_file_info info;
    clipsearch_status status = cs_file_read(path, &text, &info, err);
    if (status == CLIPSEARCH_E_LIMIT)
        status = fail_size(path, info.size, err);
    if (status == CLIPSEARCH_OK)
        status = cs_yaml_parse(text.data ? text.data : "", text.len, path, yaml, err);
    cs_buf_free(&text);
    return status;
}

const char *cs_yaml_library(void)
{
    return yaml_get_version_string();
}
