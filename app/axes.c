#include "app/axes.h"

#include <stdio.h>

void axes_title(const store_metric *m, char *text, size_t capacity)
{
    snprintf(text, capacity, "%s%s%s (%s is better)", m->label, *m->unit ? ", " : "", m->unit,
             m->direction > 0 ? "more" : "less");
}
