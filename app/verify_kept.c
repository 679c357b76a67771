#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/verify.h"

#define KIND "verify"

/* Raised when the battery changes: what an older one said counts no more. */
enum { BATTERY = 2, LONGEST = 1024 };

static void key_of(const catalog_codec *codec, char key[HASH_HEX])
{
    char battery[16];
    hash h;
    snprintf(battery, sizeof battery, "%d", BATTERY);
    hash_start(&h);
    hash_string(&h, KVANT_VERSION);
    hash_string(&h, battery);
    hash_string(&h, codec->sha256);
    hash_string(&h, codec->name);
    hash_finish(&h, key);
}

void verify_kept_get(const shelf *s, const catalog_codec *codec, verify_kept *kept)
{
    char key[HASH_HEX];
    shelf_entry e = { 0 };
    *kept = (verify_kept){ 0 };
    key_of(codec, key);
    if (!shelf_get(s, KIND, key, &e)) return;
    cJSON *o = e.n < LONGEST ? cJSON_ParseWithLength(e.bytes, e.n) : NULL;
    const cJSON *passed = cJSON_GetObjectItemCaseSensitive(o, "passed");
    if (cJSON_IsBool(passed)) {
        const char *first = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "first"));
        kept->standing = cJSON_IsTrue(passed) ? VERIFY_PASSED : VERIFY_FAILED;
        kept->when = (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(o, "when"));
        snprintf(kept->first, sizeof kept->first, "%s", first ? first : "");
    }
    cJSON_Delete(o);
    shelf_release(&e);
}

bool verify_kept_put(const shelf *s, const catalog_codec *codec, const verify_kept *kept, fault *f)
{
    char key[HASH_HEX];
    key_of(codec, key);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddBoolToObject(o, "passed", kept->standing == VERIFY_PASSED);
    cJSON_AddNumberToObject(o, "when", (double)kept->when);
    cJSON_AddStringToObject(o, "first", kept->first);
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    if (!text) return fault_memory(f, "the result of verify");
    const shelf_part part = { text, strlen(text) };
    const bool ok = shelf_put(s, KIND, key, &part, 1, f);
    cJSON_free(text);
    return ok;
}
