#include "app/size_list.h"

#include <stdio.h>
#include <string.h>

bool size_list_read(const command_option *like, const char *who, const char *list, int *to, size_t room, size_t *n,
                    fault *f)
{
    const char *at = list;
    *n = 0;
    do {
        char word[32];
        option_value value;
        const size_t length = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", length < sizeof word ? (int)length : (int)sizeof word - 1, at);
        at += length + (at[length] == ',');
        if (length >= sizeof word)
            return fault_set(f, FAULT_USAGE, "%s: option --%s: \"%s...\" is no size", who, like->name, word);
        if (*n == room)
            return fault_set(f, FAULT_USAGE, "%s: option --%s has more than %zu sizes", who, like->name, room);
        if (!option_read(like, who, word, &value, f)) return false;
        to[(*n)++] = (int)value.i;
    } while (*at || (at > list && at[-1] == ','));
    return true;
}
