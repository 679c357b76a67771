/* suite_session_alert.h - when a session has degraded, by the published rule.
 *
 * A turn is compared with the mean of the five before it: a drop of more than 0.15 is an alert. As published it is
 * asked of a config's own qualities; but then every change of subject, from code to prose, is an alert. The lab asks it
 * of the differences to the reference's qualities at the same turns, and a config that says what the reference says has
 * none. For that difference d:
 *
 *     drop = mean(d of the window) - d of the turn = expected - quality,  expected = reference + mean(d of the window)
 */
#ifndef KVANT_APP_SUITE_SESSION_ALERT_H
#define KVANT_APP_SUITE_SESSION_ALERT_H

#include <stdbool.h>

enum { ALERT_WINDOW = 5 };
#define ALERT_DROP 0.15

typedef struct session_drop {
    double current, average, drop; /* the drop is average - current; NaN while there is no whole window before */
    bool alert;                    /* strictly more than ALERT_DROP */
} session_drop;

/* Turn i (from 0) of qualities q. reference: the rule as the lab asks it, current and average being the quality and
 * what was expected; NULL: as published. */
session_drop session_drop_at(const double *q, const double *reference, int i);

/* As alerts are told: three decimals. */
double session_rounded(double x);

#endif
