/* SPDX-License-Identifier: MIT
 * xml.h - reading XML with expat, which is loaded when the first document is met. */
#ifndef CS_METADATA_XML_H
#define CS_METADATA_XML_H

#include <stdbool.h>
#include <stddef.h>

/* What a document is reported to. Names are "namespace local", or "local" without a namespace. `attributes` are name
 * and value in turn, and a NULL. Texts are UTF-8; one text may come in several pieces. */
typedef struct cs_xml_handler {
    void *context;
    void (*start)(void *context, const char *name, const char *const *attributes);
    void (*text)(void *context, const char *text, size_t size);
    void (*end)(void *context, const char *name);
} cs_xml_handler;

/* Whether documents can be read: expat was there when this was built, and is there now. */
bool cs_xml_available(void);

/* Read the document `xml` [size] until it ends or something is wrong with it. It is also ended where a document type
 * declaration begins, so that there are no entities but XML's own five, and at elements nested more than 64 deep.
 * False: out of memory. */
bool cs_xml_read(const char *xml, size_t size, const cs_xml_handler *handler);

#endif
