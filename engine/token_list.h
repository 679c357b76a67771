/* token_list.h - a list of numbers that grows: token ids, ends of pieces.
 */
#ifndef KVANT_ENGINE_TOKEN_LIST_H
#define KVANT_ENGINE_TOKEN_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

typedef struct token_list {
    int32_t *at; /* n numbers; the owner frees it */
    size_t n, room;
} token_list;

bool token_list_push(token_list *list, int32_t number, fault *f);
bool token_list_append(token_list *list, const int32_t *numbers, size_t n, fault *f);

#endif
