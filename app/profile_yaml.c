/* JSON as YAML 1.2, in block style. */
#include "app/profile_view.h"

#include <ctype.h>
#include <strings.h>

/* A text or number as JSON writes it, which YAML reads as the same. */
static void put_scalar(FILE *to, const cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    fputs(text ? text : "null", to);
    cJSON_free(text);
}

/* A plain word stands without quotes, unless YAML would take it for something else. */
static bool is_plain(const char *key)
{
    static const char *const taken[] = { "true", "false", "null", "yes", "no", "on", "off", "y", "n" };
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strcasecmp(taken[i], key) == 0) return false;
    if (!isalpha((unsigned char)*key)) return false;
    while (isalnum((unsigned char)*key) || *key == '_')
        key++;
    return !*key;
}

static void put_key(FILE *to, const char *key)
{
    if (is_plain(key)) {
        fputs(key, to);
        return;
    }
    cJSON *text = cJSON_CreateString(key);
    put_scalar(to, text);
    cJSON_Delete(text);
}

static bool is_block(const cJSON *json)
{
    return (cJSON_IsArray(json) || cJSON_IsObject(json)) && json->child;
}

/* The members of a mapping or sequence, each on lines of its own; `first` stands already where it belongs. */
static void put_members(FILE *to, const cJSON *json, int indent, bool first)
{
    for (const cJSON *member = json->child; member; member = member->next, first = false) {
        if (!first) fprintf(to, "%*s", indent, "");
        if (cJSON_IsArray(json)) {
            fputs("- ", to);
        } else {
            put_key(to, member->string);
            putc(':', to);
        }
        if (!is_block(member)) {
            if (cJSON_IsObject(json)) putc(' ', to);
            put_scalar(to, member);
            putc('\n', to);
        } else if (cJSON_IsArray(json)) {
            put_members(to, member, indent + 2, true);
        } else {
            putc('\n', to);
            put_members(to, member, indent + 2, false);
        }
    }
}

void profile_write_yaml(FILE *to, const cJSON *json)
{
    put_members(to, json, 0, false);
}
