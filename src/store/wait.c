/* SPDX-License-Identifier: MIT
 * wait.c - how long a call waits for locks, in all. */
#include "store/store_internal.h"

#include "base/stop.h"

#include <pthread.h>

/* SQLite waits in two ways. While another connection holds a lock it calls the busy handler. And a reader that cannot
 * get its place in the write-ahead log tries 100 times with longer and longer sleeps, 10 s altogether, and cannot be
 * told to do otherwise (wal.c, walTryBeginRead); that happens where the file system refuses locks. So both sleep by the
 * functions here, which share one account. */
static _Thread_local uint64_t waited_us;

static void pause_us(uint64_t us)
{
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    system->xSleep(system, (int)us);
    waited_us += us;
}

void cs_store_begin_wait(void)
{
    waited_us = 0;
}

bool cs_store_wait(int limit_ms, uint64_t us)
{
    const uint64_t limit = (uint64_t)limit_ms * 1000;
    if (waited_us >= limit || cs_stop_asked())
        return false;
    pause_us(us < limit - waited_us ? us : limit - waited_us);
    return true;
}

/* The first sleeps are short: most transactions are. */
int cs_store_on_busy(void *context, int count)
{
    static const unsigned char milliseconds[] = {1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100};
    const cs_store *store = context;
    const int last = (int)sizeof milliseconds - 1;
    return cs_store_wait(store->timeout_ms, 1000u * milliseconds[count < last ? count : last]);
}

/* Between the attempts of a reader; when the time is used up the rest of them follow at once. */
static int sleep_between_attempts(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    cs_store_wait(CS_STORE_TIMEOUT_MS, (uint64_t)us);
    return us;
}

/* SQLite's own access to files, but for sleeping. */
static sqlite3_vfs vfs;

static void make_vfs(void)
{
    const sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    if (!system)
        return;
    vfs = *system;
    vfs.zName = "clipsearch";
    vfs.pNext = NULL;
    vfs.xSleep = sleep_between_attempts;
    sqlite3_vfs_register(&vfs, 0);
}

const char *cs_store_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_vfs);
    return vfs.zName; /* NULL, SQLite's own, when that has not started for want of memory */
}
