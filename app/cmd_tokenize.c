/* kvant tokenize: a text as the model's token ids. */
#include "app/commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "engine/gguf.h"
#include "engine/tokenizer.h"

/* A token's bytes with anything that is not printable ASCII as \xNN, or the whole as UTF-8 where the terminal has it.
 */
static void put_piece(const app_context *app, const tokenizer *t, int32_t id)
{
    char bytes[512];
    size_t n = tokenizer_piece(t, id, bytes, sizeof bytes);
    if (n > sizeof bytes) n = sizeof bytes;
    putchar('"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '\n')
            fputs("\\n", stdout);
        else if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < ' ' || c == 127 || (c >= 128 && !app->out.utf8))
            printf("\\x%02x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_ids(const app_context *app, const command_line *line, const tokenizer *t, const int32_t *ids,
                      size_t n)
{
    bool json = line_has(line, "json"), pieces = line_has(line, "pieces");
    if (json) putchar('[');
    for (size_t i = 0; i < n; i++) {
        printf(json && i ? ",%d" : "%d", (int)ids[i]);
        if (json) continue;
        if (pieces) {
            putchar('\t');
            put_piece(app, t, ids[i]);
        }
        putchar('\n');
    }
    if (json) puts("]");
}

int cmd_tokenize(app_context *app, const command_line *line)
{
    fault f = { 0 };
    char *text = NULL;
    int32_t *ids = NULL;
    size_t n = 0, n_ids = 0;
    tokenizer *t = NULL;
    gguf *g = gguf_open(line_arg(line, 0), &f);
    bool good = g && (t = tokenizer_open(g, &f)) && file_read(line_arg(line, 1), &text, &n, &f) &&
                tokenizer_encode(t, text, n, !line_has(line, "no-special"), &ids, &n_ids, &f);
    if (good) print_ids(app, line, t, ids, n_ids);
    free(ids);
    free(text);
    if (t) tokenizer_close(t);
    if (g) gguf_close(g);
    return good ? FAULT_NONE : app_report(app, &f);
}
