/* SPDX-License-Identifier: MIT
 * thrift.h - the compact protocol of Apache Thrift, in which Parquet files describe themselves, read from untrusted
 * bytes. */
#ifndef CS_EXCHANGE_THRIFT_H
#define CS_EXCHANGE_THRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Types in a struct or list. */
enum {
    CS_THRIFT_STOP = 0,
    CS_THRIFT_TRUE = 1,
    CS_THRIFT_FALSE = 2,
    CS_THRIFT_BYTE = 3,
    CS_THRIFT_I16 = 4,
    CS_THRIFT_I32 = 5,
    CS_THRIFT_I64 = 6,
    CS_THRIFT_DOUBLE = 7,
    CS_THRIFT_BINARY = 8,
    CS_THRIFT_LIST = 9,
    CS_THRIFT_SET = 10,
    CS_THRIFT_MAP = 11,
    CS_THRIFT_STRUCT = 12
};

/* Where reading is. After a fault `bad` is set, and every function returns 0 and reads nothing more. */
typedef struct cs_thrift {
    const uint8_t *at, *end;
    bool bad;
} cs_thrift;

/* The next field of a struct: sets *id, which is 0 before the first, and returns its type; CS_THRIFT_STOP at the
 * end. */
int cs_thrift_field(cs_thrift *thrift, int *id);

/* The value of a field of the types I16, I32 and I64. */
int64_t cs_thrift_integer(cs_thrift *thrift);

/* The bytes of a field of the type BINARY; they lie in what is read. */
const char *cs_thrift_binary(cs_thrift *thrift, size_t *size);

/* The number of elements of a LIST or SET, and *type their type. There are as many bytes left at least. */
size_t cs_thrift_list(cs_thrift *thrift, int *type);

/* Pass over a value of the type `type`, of any depth up to 32. */
void cs_thrift_skip(cs_thrift *thrift, int type);

#endif
