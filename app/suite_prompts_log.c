/* A text of no interest: a lighthouse keeper's log, in which nothing happens that anybody asks about. */
#include <stdio.h>

#include "app/suite_prompts.h"

static const char *const winds[] = { "north", "north-east", "east", "south", "south-west", "west", "north-west" };
static const char *const seas[] = { "calm", "grey", "rough", "long and slow", "choppy near the rocks" };
static const char *const sights[] = {
    "Two herring boats passed before noon",
    "A coal barge lay off the point until the turn of the tide",
    "No sail was seen all day",
    "The mail boat went by without stopping",
    "A brig under topsails stood out to sea",
    "Gulls sat on the gallery rail in rows",
    "A seal slept on the landing stone",
    "Fog hid the mainland until evening",
};
static const char *const works[] = {
    "the lamp was trimmed at dusk",
    "the brass was polished and the stairs were swept",
    "the oil was measured and found sufficient",
    "the spare wicks were dried by the stove",
    "the storm panes were washed with fresh water",
    "the bell rope was spliced",
    "the weather glass was set and read twice",
    "the boat was hauled up and painted below the line",
    "the chickens were counted and fed",
    "the chimney of the kitchen was cleaned",
    "the west window was puttied",
};

#define PICK(list, i) (list)[(unsigned)(i) % (sizeof(list) / sizeof *(list))]

int prompt_log_entry(int i, char *text, size_t size)
{
    return snprintf(text, size, "Wind from the %s, the sea %s. %s; in the afternoon %s.\n", PICK(winds, i),
                    PICK(seas, i), PICK(sights, i), PICK(works, i));
}
