/* SPDX-License-Identifier: MIT
 * item_limits.h - what an item of a collection, and a collection, may hold; larger is refused when written and when
 * read. */
#ifndef CS_BASE_ITEM_LIMITS_H
#define CS_BASE_ITEM_LIMITS_H

enum {
    CS_ITEM_DIM_MAX = 4096,           /* numbers of a vector */
    CS_ITEM_PATH_MAX = 65535,         /* bytes */
    CS_ITEM_ATTRIBUTES_MAX = 1 << 20, /* bytes of JSON */
    CS_MODEL_PATH_MAX = 4095,         /* bytes of a model's path */
    CS_COLLECTION_NAME_MAX = 255      /* bytes, on a Milvus server; in a file a name has at most 64 */
};

/* The squared length of a vector that is stored or searched for as it is, not brought to length 1. Products and squared
 * distances of such vectors are finite floats, also of what codes make of them; an infinite score, or one that is no
 * number, would have no place among the others. */
#define CS_ITEM_SQUARED_MAX 0x1p120

#endif
