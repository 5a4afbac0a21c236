/* SPDX-License-Identifier: MIT
 * xml_absent.c - a build without expat: XMP is not read. */
#include "metadata/xml.h"

bool cs_xml_available(void)
{
    return false;
}

const char *cs_xml_library(void)
{
    return NULL;
}

bool cs_xml_read(const char *xml, size_t size, const cs_xml_handler *handler)
{
    (void)xml;
    (void)size;
    (void)handler;
    return true;
}
