/* Plugins that do something while they are loaded: MODE_hang, MODE_chat, MODE_exit, MODE_twice. */
#include <unistd.h>

#include "tests/codecs/bad/bad.h"

#if defined MODE_hang
#define NAME "hanging"
#elif defined MODE_chat
#define NAME "chatty"
#elif defined MODE_exit
#define NAME "exiting"
#else
#define NAME "twice"
#endif

__attribute__((constructor)) static void at_load(void)
{
#if defined MODE_hang
    for (;;)
        pause();
#elif defined MODE_chat
    static const char words[] = "{\"event\":\"done\"}\n";
    if (write(STDOUT_FILENO, words, sizeof words - 1) < 0) _exit(1);
#elif defined MODE_exit
    if (write(STDERR_FILENO, "\033[1mgoodbye\n", 12) < 0) _exit(1);
    _exit(0);
#endif
}

static const kvant_param params[] = { { 0 } };

static const kvant_codec codec = {
    .size = sizeof(kvant_codec),
    .abi = KVANT_ABI,
    .name = NAME,
    .version = "1",
    .family = "bad",
    .summary = "does something while it is loaded",
    .reference = "none; for tests",
    .params = params,
    .dim_min = 1,
    .dim_max = 65536,
    .dim_step = 1,
    .create = bad_create,
    .destroy = bad_destroy,
    .bound = bad_bound,
    .encode = bad_encode,
    .decode = bad_decode,
};

#if defined MODE_twice
static const kvant_codec *const codecs[] = { &codec, &codec, NULL };
#else
static const kvant_codec *const codecs[] = { &codec, NULL };
#endif
KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
