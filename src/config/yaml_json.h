/* SPDX-License-Identifier: MIT
 * yaml_json.h - a part of a YAML tree as JSON, scalars by YAML 1.2's core schema. */
#ifndef CS_CONFIG_YAML_JSON_H
#define CS_CONFIG_YAML_JSON_H

#include "base/buf.h"
#include "config/yaml_tree.h"

/* Append `node` to `json`. Plain null, true, false and numbers become those of JSON; everything else, also "yes" and
 * quoted numbers, becomes a string. No recursion. Errors: CLIPSEARCH_E_FORMAT (.inf and .nan, which JSON lacks),
 * _MEMORY. */
clipsearch_status cs_yaml_to_json(const cs_yaml *yaml, const cs_yaml_node *node, cs_buf *json, clipsearch_error *err);

#endif
