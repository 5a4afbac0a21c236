/* SPDX-License-Identifier: MIT
 * xml.c - expat, opened with dlopen: a query needs no XML, and would wait for the library to be loaded. */
#include "metadata/xml.h"

#include "base/mem.h"
#include "base/symbol.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>

enum { MAX_DEPTH = 64 };

/* What is used of expat's interface, which has not changed since version 1.95.6 (2003). It is stated here so that a
 * build needs no header. Source: the reference in expat's doc/reference.html. */
typedef struct expat_parser expat_parser;
typedef struct expat_memory {
    void *(*allocate)(size_t size);
    void *(*reallocate)(void *block, size_t size);
    void (*release)(void *block);
} expat_memory;
typedef void on_start_fn(void *context, const char *name, const char **attributes);
typedef void on_end_fn(void *context, const char *name);
typedef void on_text_fn(void *context, const char *text, int size);
typedef void on_doctype_fn(void *context, const char *name, const char *system_id, const char *public_id,
                           int has_subset);

/* The functions of the library; all are there, or none. */
static struct {
    expat_parser *(*create)(const char *encoding, const expat_memory *memory, const char *separator);
    void (*destroy)(expat_parser *parser);
    void (*set_user_data)(expat_parser *parser, void *context);
    void (*set_element_handler)(expat_parser *parser, on_start_fn *start, on_end_fn *end);
    void (*set_text_handler)(expat_parser *parser, on_text_fn *text);
    void (*set_doctype_handler)(expat_parser *parser, on_doctype_fn *doctype);
    int (*stop)(expat_parser *parser, unsigned char resumable);
    int (*parse)(expat_parser *parser, const char *xml, int size, int is_final);
    const char *(*version)(void);
} expat;
static bool loaded;

static void load(void)
{
    void *library = dlopen("libexpat.so.1", RTLD_NOW | RTLD_LOCAL);
    loaded = library && cs_symbol_find(library, "XML_ParserCreate_MM", &expat.create) &&
             cs_symbol_find(library, "XML_ParserFree", &expat.destroy) &&
             cs_symbol_find(library, "XML_SetUserData", &expat.set_user_data) &&
             cs_symbol_find(library, "XML_SetElementHandler", &expat.set_element_handler) &&
             cs_symbol_find(library, "XML_SetCharacterDataHandler", &expat.set_text_handler) &&
             cs_symbol_find(library, "XML_SetStartDoctypeDeclHandler", &expat.set_doctype_handler) &&
             cs_symbol_find(library, "XML_StopParser", &expat.stop) &&
             cs_symbol_find(library, "XML_Parse", &expat.parse) &&
             cs_symbol_find(library, "XML_ExpatVersion", &expat.version);
}

bool cs_xml_available(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded;
}

const char *cs_xml_library(void)
{
    return cs_xml_available() ? expat.version() : "not loaded: it is not installed";
}

typedef struct document {
    const cs_xml_handler *handler;
    expat_parser *parser;
    unsigned depth;
} document;

static void on_start(void *context, const char *name, const char **attributes)
{
    document *d = context;
    if (++d->depth > MAX_DEPTH)
        expat.stop(d->parser, 0);
    else
        d->handler->start(d->handler->context, name, attributes);
}

static void on_end(void *context, const char *name)
{
    document *d = context;
    if (d->depth-- <= MAX_DEPTH)
        d->handler->end(d->handler->context, name);
}

static void on_text(void *context, const char *text, int size)
{
    document *d = context;
    d->handler->text(d->handler->context, text, (size_t)size);
}

static void on_doctype(void *context, const char *name, const char *system_id, const char *public_id, int has_subset)
{
    document *d = context;
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_subset;
    expat.stop(d->parser, 0);
}

/* Expat calls some failed allocations an error of the document, so they are noted here. */
static _Thread_local bool out_of_memory;

static void *noted(void *block)
{
    out_of_memory |= !block;
    return block;
}

static void *allocate(size_t size)
{
    return noted(cs_alloc_array(size, 1));
}

static void *reallocate(void *block, size_t size)
{
    return noted(cs_realloc_array(block, size, 1));
}

bool cs_xml_read(const char *xml, size_t size, const cs_xml_handler *handler)
{
    static const expat_memory memory = {allocate, reallocate, cs_free};
    if (!cs_xml_available() || size > INT_MAX)
        return true;
    out_of_memory = false;
    document d = {.handler = handler, .parser = expat.create(NULL, &memory, " ")};
    if (!d.parser)
        return false;
    expat.set_user_data(d.parser, &d);
    expat.set_element_handler(d.parser, on_start, on_end);
    expat.set_text_handler(d.parser, on_text);
    expat.set_doctype_handler(d.parser, on_doctype);
    expat.parse(d.parser, xml, (int)size, 1);
    expat.destroy(d.parser);
    return !out_of_memory;
}
