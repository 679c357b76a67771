/* size_list.h - an option that is several sizes: "0,8k,32k". */
#ifndef KVANT_APP_SIZE_LIST_H
#define KVANT_APP_SIZE_LIST_H

#include "app/command.h"

/* Reads each as `like` says (its name, min and max; app/command.h, OPTION_SIZE) into to[0 ... *n-1], at most `room`;
 * max must fit an int. who: as for option_read. */
bool size_list_read(const command_option *like, const char *who, const char *list, int *to, size_t room, size_t *n,
                    fault *f);

#endif
