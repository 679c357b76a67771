#include "app/suite_session_alert.h"

#include <math.h>
#include <stddef.h>

session_drop session_drop_at(const double *q, const double *reference, int i)
{
    session_drop d = { .current = q[i], .average = NAN, .drop = NAN };
    if (i < ALERT_WINDOW) return d;
    double sum = 0;
    for (int j = i - ALERT_WINDOW; j < i; j++)
        sum += q[j] - (reference ? reference[j] : 0);
    const double mean = sum / ALERT_WINDOW;
    d.average = mean + (reference ? reference[i] : 0);
    d.drop = mean - (q[i] - (reference ? reference[i] : 0));
    d.alert = d.drop > ALERT_DROP;
    return d;
}

double session_rounded(double x)
{
    return round(x * 1000) / 1000;
}
