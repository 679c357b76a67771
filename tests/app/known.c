#include "tests/app/known.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/plugin_files.h"
#include "app/scan.h"

#define INNER(rest)                                                                                                    \
    "{\"name\":\"inner\",\"type\":\"codec\",\"log\":false,\"default\":0,\"min\":0,\"max\":0,\"step\":0," rest          \
    "\"help\":\"the codec inside\"}"
#define NUMBER(name, type, log, def, min, max, step)                                                                   \
    "{\"name\":\"" name "\",\"type\":\"" type "\",\"log\":" log ",\"default\":" def ",\"min\":" min ",\"max\":" max    \
    ",\"step\":" step ",\"help\":\"a number\"}"

static const struct {
    const char *name;
    int flags, dim_min, dim_max, dim_step;
    const char *params;
} codecs[] = {
    { "identity", 0, 1, 65536, 1, "" },
    { "f16", 0, 1, 65536, 1, "" },
    { "q8_0", 0, 32, 1024, 32, "" },
    { "q4_0", 0, 32, 1024, 32, "" },
    { "turbo2", 0, 64, 128, 1, "" },
    { "turbo3", 0, 64, 128, 1, "" },
    { "turbo4", 0, 64, 128, 1, "" },
    { "polar", 0, 16, 256, 1,
      NUMBER(
          "bits", "int", "false", "4", "1", "8",
          "0") ","
               "{\"name\":\"scale\",\"type\":\"enum\",\"log\":false,\"default\":0,\"min\":0,\"max\":0,\"step\":0,"
               "\"words\":[\"norm\",\"mse\",\"unbiased\"],\"help\":\"what the norm keeps\"}," NUMBER(
                   "seed", "int", "false", "0", "0", "9007199254740992",
                   "0") "," NUMBER("gain", "real", "false", "1", "0.25", "4",
                                   "0.25") ","
                                           "{\"name\":\"fast\",\"type\":\"bool\",\"log\":false,\"default\":0,\"min\":0,\"max\":0,\"step\":0,\"help\":\"a switch\"}" },
    { "kakeya", 0, 1, 256, 1,
      NUMBER("bits", "int", "false", "3", "1", "4", "0") "," NUMBER(
          "rank", "real", "false", "0.5", "0", "1", "0") "," NUMBER("block", "int", "true", "512", "64", "4096", "2") },
    { "rotate", 0, 16, 256, 16, INNER("") },
    { "sink", 0, 1, 65536, 1, INNER("") "," NUMBER("n", "int", "false", "4", "0", "4096", "0") },
    { "comfy", 0, 1, 65536, 1, INNER("\"inner\":\"turbo3\",") "," NUMBER("n", "int", "false", "1", "0", "9", "0") },
    { "qonly", KVANT_K_ONLY, 1, 65536, 1, "" },
    { "vonly", KVANT_V_ONLY, 1, 65536, 1, "" },
};

cJSON *known_json(const char *name, int flags, int dim_min, int dim_max, int dim_step, const char *params)
{
    static const char format[] =
        "{\"name\":\"%s\",\"version\":\"1\",\"family\":\"test\",\"summary\":\"a codec\",\"reference\":\"none\","
        "\"flags\":%d,\"dim_min\":%d,\"dim_max\":%d,\"dim_step\":%d,\"scores\":false,\"mix\":false,"
        "\"path\":\"/plugins/test.so\",\"abi\":65536,\"sha256\":"
        "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"params\":[%s]}";
    char text[4096];
    int n = snprintf(text, sizeof text, format, name, flags, dim_min, dim_max, dim_step, params);
    assert_in_range(n, 1, sizeof text - 1);
    cJSON *o = cJSON_Parse(text);
    assert_non_null(o);
    return o;
}

catalog *known_codecs(void)
{
    fault f = { 0 };
    catalog *c = catalog_create(&f);
    assert_non_null(c);
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        cJSON *o = known_json(codecs[i].name, codecs[i].flags, codecs[i].dim_min, codecs[i].dim_max, codecs[i].dim_step,
                              codecs[i].params);
        catalog_codec *codec = catalog_codec_from_json(o, &f);
        cJSON_Delete(o);
        if (!codec || !catalog_add(c, codec, &f)) fail_msg("%s: %s", codecs[i].name, f.text);
    }
    return c;
}

catalog *scanned_codecs(const char *plugins, const char *describer)
{
    const char *dirs[] = { plugins };
    const char *const words[] = { describer, NULL };
    const plugin_search where = { NULL, 0, NULL, dirs, 1 };
    plugin_files found = { 0 };
    catalog *known = NULL;
    fault f = { 0 };
    if (plugin_files_find(&found, &where, &f)) known = catalog_scan(words, &found, NULL, &f);
    plugin_files_free(&found);
    if (!known) print_error("%s\n", f.text);
    return known;
}
