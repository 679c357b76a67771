#include "engine/token_list.h"

#include <stdlib.h>

bool token_list_push(token_list *list, int32_t number, fault *f)
{
    if (list->n == list->room) {
        const size_t room = 2 * list->n + 64;
        int32_t *at = room < SIZE_MAX / sizeof *at ? realloc(list->at, room * sizeof *at) : NULL;
        if (!at) return fault_memory(f, "the tokens of a text");
        list->at = at;
        list->room = room;
    }
    list->at[list->n++] = number;
    return true;
}
