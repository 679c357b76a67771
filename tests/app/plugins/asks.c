/* Uses every service of its host in create, and fails with a sentence where one does not keep its promise. */
#include "tests/codecs/bad/bad.h"

static void mark(void *arg, size_t i)
{
    ((uint8_t *)arg)[i]++;
}

static int try_memory(const kvant_host *host)
{
    for (size_t bytes = 0; bytes < 200; bytes += 33) {
        uint8_t *memory = host->alloc(host, bytes);
        if (!memory) return host->fail(host, KVANT_E_MEMORY, "no memory for %zu bytes", bytes);
        if ((uintptr_t)memory % 64 != 0) return host->fail(host, KVANT_E_STATE, "memory is not aligned to 64 bytes");
        for (size_t i = 0; i < bytes; i++)
            if (memory[i] != 0) return host->fail(host, KVANT_E_STATE, "memory is not zeroed");
        memset(memory, 0xff, bytes);
        host->release(host, memory);
    }
    host->release(host, NULL);
    if (host->alloc(host, SIZE_MAX - 10)) return host->fail(host, KVANT_E_STATE, "memory without end");
    return KVANT_OK;
}

static int ask(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    if (host->size < sizeof *host || host->abi != KVANT_ABI || shape->size < sizeof *shape || shape->abi != KVANT_ABI)
        return host->fail(host, KVANT_E_STATE, "size or abi is wrong");
    if (host->cancelled(host)) return host->fail(host, KVANT_E_CANCELLED, "cancelled");
    const int rc = try_memory(host);
    if (rc != KVANT_OK) return rc;
    if (host->random(host, 1, 2) != host->random(host, 1, 2) || host->random(host, 1, 2) == host->random(host, 2, 1))
        return host->fail(host, KVANT_E_STATE, "random bits do not follow key and counter");
    uint8_t done[3] = { 0 };
    host->parallel(host, 3, mark, done);
    if (done[0] != 1 || done[1] != 1 || done[2] != 1) return host->fail(host, KVANT_E_STATE, "tasks are lost");
    kvant_instance inner;
    if (host->open_inner(host, NULL, shape, &inner) >= 0) return host->fail(host, KVANT_E_STATE, "opened nothing");
    host->log(host, "%d tasks,\none line", 3);
    return bad_create(host, shape, values, state);
}

BAD_CODEC("asks", "asks its host", ask, bad_bound, bad_encode, bad_decode, NULL, KVANT_ABI);
