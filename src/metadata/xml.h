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

/* Whether documents can be read: this is part of the build, and expat is installed. */
bool cs_xml_available(void);

/* "expat_2.5.0", or why it is not used; NULL when it is not part of the build. */
const char *cs_xml_library(void);

/* Read the document `xml` [size] until it ends or something is wrong with it. It is also ended where a document type
 * declaration begins, so that there are no entities but XML's own five, and at elements nested more than 64 deep.
 * False: out of memory. */
bool cs_xml_read(const char *xml, size_t size, const cs_xml_handler *handler);

#endif
