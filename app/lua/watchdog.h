/* watchdog.h - ends the process when the program it runs can be stopped in no other way.
 *
 * A thread looks twenty times a second whether there was a beat since. Time during which the whole process stood still
 * (Ctrl-Z) does not count.
 */
#ifndef KVANT_APP_LUA_WATCHDOG_H
#define KVANT_APP_LUA_WATCHDOG_H

#include <stdbool.h>

#include "base/fault.h"

typedef struct watchdog watchdog;

/* patience: seconds without a beat while awake. cancelled: asked by the thread; once it says true, a second is enough.
 */
watchdog *watchdog_start(double patience, bool (*cancelled)(void *self), void *self, fault *f);
void watchdog_end(watchdog *w); /* NULL is fine */

/* From the watched thread. */
void watchdog_beat(watchdog *w);
void watchdog_wake(watchdog *w, bool awake); /* asleep at first: nothing is watched */

#endif
