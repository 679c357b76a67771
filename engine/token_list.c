#include "engine/token_list.h"

#include <stdlib.h>
#include <string.h>

static bool make_room(token_list *list, size_t more, fault *f)
{
    if (more <= list->room - list->n) return true;
    const size_t most = SIZE_MAX / (4 * sizeof *list->at);
    const size_t room = more < most && list->n < most ? 2 * list->n + more + 64 : 0;
    int32_t *at = room ? realloc(list->at, room * sizeof *at) : NULL;
    if (!at) return fault_memory(f, "the tokens of a text");
    list->at = at;
    list->room = room;
    return true;
}

bool token_list_push(token_list *list, int32_t number, fault *f)
{
    return token_list_append(list, &number, 1, f);
}

bool token_list_append(token_list *list, const int32_t *numbers, size_t n, fault *f)
{
    if (n == 0) return true;
    if (!make_room(list, n, f)) return false;
    memcpy(list->at + list->n, numbers, n * sizeof *numbers);
    list->n += n;
    return true;
}
