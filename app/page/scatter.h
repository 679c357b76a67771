/* scatter.h - where things of a scatter lie: axes, points and labels, in pixels. */
#ifndef KVANT_APP_PAGE_SCATTER_H
#define KVANT_APP_PAGE_SCATTER_H

#include "app/page/gather.h"
#include "app/scale.h"

typedef struct scatter_label {
    double x, y; /* the left end of its base line */
    bool shown;
} scatter_label;

typedef struct scatter {
    const page_set *set;
    const page_place *places;
    double *px, *py; /* where each run's mark lies; NaN: it has no place */
    const store_metric *x, *y;
    double left, top, width, height; /* of the frame */
    double zero;   /* where what is 0 or too small for a logarithmic y axis lies; NaN: there is nothing */
    bool below;    /* some of that is not 0 */
    double bottom; /* where the lower end of the y axis lies */
    scale sx, sy;
    size_t n_front;
    const size_t *front;
    scatter_label *labels; /* one for each of the front */
    size_t n_unplaced[PAGE_OLDER + 1];
} scatter;

enum { SCATTER_LABEL = 36 };                                   /* characters of a label at most */
extern const double scatter_label_width, scatter_label_height; /* of a character and of a line */

/* Lays out a picture of this size. False with a fault without memory only. */
bool scatter_make(scatter *s, const page_report *r, const page_set *set, size_t x, size_t y, double width,
                  double height, fault *f);
void scatter_free(scatter *s);

double scatter_x(const scatter *s, double value);
double scatter_y(const scatter *s, double value);

#endif
