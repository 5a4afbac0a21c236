/* SPDX-License-Identifier: MIT
 * xml.c - expat, opened with dlopen: a query needs no XML, and would wait for the library to be loaded. */
#include "metadata/xml.h"

#include "base/mem.h"

#include <dlfcn.h>
#include <expat.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

/* The functions of the library; all are there, or none. */
static struct {
    __typeof__(&XML_ParserCreate_MM) create;
    __typeof__(&XML_ParserFree) destroy;
    __typeof__(&XML_SetUserData) set_user_data;
    __typeof__(&XML_SetElementHandler) set_element_handler;
    __typeof__(&XML_SetCharacterDataHandler) set_text_handler;
    __typeof__(&XML_SetStartDoctypeDeclHandler) set_doctype_handler;
    __typeof__(&XML_StopParser) stop;
    __typeof__(&XML_Parse) parse;
} expat;
static bool loaded;

/* Set *function (of any type) to the library's function `name`. */
static bool find_function(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol); /* ISO C has no cast from an object to a function */
    return symbol != NULL;
}

static void load(void)
{
    void *library = dlopen("libexpat.so.1", RTLD_NOW | RTLD_LOCAL);
    loaded = library && find_function(library, "XML_ParserCreate_MM", &expat.create) &&
             find_function(library, "XML_ParserFree", &expat.destroy) &&
             find_function(library, "XML_SetUserData", &expat.set_user_data) &&
             find_function(library, "XML_SetElementHandler", &expat.set_element_handler) &&
             find_function(library, "XML_SetCharacterDataHandler", &expat.set_text_handler) &&
             find_function(library, "XML_SetStartDoctypeDeclHandler", &expat.set_doctype_handler) &&
             find_function(library, "XML_StopParser", &expat.stop) && find_function(library, "XML_Parse", &expat.parse);
}

bool cs_xml_available(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded;
}

typedef struct document {
    const cs_xml_handler *handler;
    XML_Parser parser;
    unsigned depth;
} document;

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    document *d = context;
    if (++d->depth > MAX_DEPTH)
        expat.stop(d->parser, XML_FALSE);
    else
        d->handler->start(d->handler->context, name, attributes);
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
    document *d = context;
    if (d->depth-- <= MAX_DEPTH)
        d->handler->end(d->handler->context, name);
}

static void XMLCALL on_text(void *context, const XML_Char *text, int size)
{
    document *d = context;
    d->handler->text(d->handler->context, text, (size_t)size);
}

static void XMLCALL on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int has_subset)
{
    document *d = context;
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_subset;
    expat.stop(d->parser, XML_FALSE);
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
    static const XML_Memory_Handling_Suite memory = {allocate, reallocate, cs_free};
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
