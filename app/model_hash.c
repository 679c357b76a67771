#include "app/model_hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool model_hash(const char *path, const shelf *kept, char id[HASH_HEX], fault *f)
{
    struct stat st;
    char words[128], key[HASH_HEX];
    if (stat(path, &st)) return hash_file(path, id, f);
    snprintf(words, sizeof words, "%jd %jd.%09ld %ju", (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
             st.st_mtim.tv_nsec, (uintmax_t)st.st_ino);
    hash h;
    hash_start(&h);
    hash_string(&h, path);
    hash_string(&h, words);
    hash_finish(&h, key);
    shelf_entry e;
    const bool found = shelf_get(kept, "hashes", key, &e) && e.n == HASH_HEX;
    if (found) memcpy(id, e.bytes, HASH_HEX);
    shelf_release(&e);
    return found || (hash_file(path, id, f) && shelf_put(kept, "hashes", key, &(shelf_part){ id, HASH_HEX }, 1, f));
}
