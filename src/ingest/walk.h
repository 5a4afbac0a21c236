/* SPDX-License-Identifier: MIT
 * walk.h - the files of a directory tree that match patterns, in one fixed order. */
#ifndef CS_INGEST_WALK_H
#define CS_INGEST_WALK_H

#include "base/file.h"
#include "ingest/file_kind.h"
#include "base/glob.h"
#include "ingest/retry.h"

/* What a walk leaves out although no `exclude` asks for it. */
typedef struct cs_left_out {
    uint64_t kinds[CS_FILE_KINDS]; /* files that cs_file_kind_is_taken does not take */
    uint64_t hidden;               /* files and directories, what is below them not counted */
} cs_left_out;

typedef struct cs_walk_spec {
    const char *root;        /* a directory, as realpath gives it, or one file */
    const char *base;        /* paths below this directory are given relative to it; NULL, or elsewhere: to the root */
    cs_glob *const *include; /* [include_count]; a file must match one; none: see cs_file_kind_is_taken */
    size_t include_count;
    cs_glob *const *exclude; /* [exclude_count]; no file and no directory above it may match any */
    size_t exclude_count;
    bool hidden; /* take what cs_is_hidden_name says is hidden; the root is always taken */
    bool recurse;
    bool follow_symlinks;  /* enter directories through links, each real directory once */
    cs_retries *retries;   /* what a machine's error may still cost */
    cs_left_out *left_out; /* is added to; may be NULL */
} cs_walk_spec;

/* Paths live for the call only. A status other than CLIPSEARCH_OK ends the walk, which returns it; it must have filled
 * `err` then. */
typedef struct cs_walk_calls {
    /* A directory is about to be read. May be NULL. */
    clipsearch_status (*enter)(void *context, const char *path, clipsearch_error *err);
    /* A regular file that matches; `relative` is its path below the root, links to files being followed. `sidecar`:
     * there is a file of XMP beside it, and info->ctime_ns is the time of cs_sidecar_time. */
    clipsearch_status (*file)(void *context, const char *path, const char *relative, const cs_file_info *info,
                              bool sidecar, clipsearch_error *err);
    /* An entry that matches and is no readable file (a dangling link, a socket), a directory that cannot be read, or an
     * entry whose kind the machine cannot tell. why->system_error: see cs_is_machine_error. */
    clipsearch_status (*bad)(void *context, const char *path, bool is_directory, const clipsearch_error *why,
                             clipsearch_error *err);
} cs_walk_calls;

/* Whether a walk with `spec` takes the entry `path`, whose path below the root or base is `relative`. Its parents are
 * not looked at. Adds to spec->left_out. */
bool cs_walk_takes(const cs_walk_spec *spec, const char *path, const char *relative, bool is_directory);

/* Where in `path` the part below the directory `base` begins; SIZE_MAX when it is not below it, or base is NULL. */
size_t cs_walk_part_below(const char *base, const char *path);

/* Walk the tree: the entries of each directory by name (bytewise), a directory entered at its place among them. A root
 * that is a file is reported whatever the patterns. No recursion: the longest path of the system limits the depth.
 * Errors: CLIPSEARCH_E_IO and _NOT_FOUND when the root itself cannot be read, _MEMORY, and what the calls return. */
clipsearch_status cs_walk(const cs_walk_spec *spec, const cs_walk_calls *calls, void *context, clipsearch_error *err);

#endif
