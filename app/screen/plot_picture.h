/* plot_picture.h - the points of the board as a picture, kept from one drawing to the next.
 *
 *     plot_picture p = { 0 };
 *     plot_picture_draw(&p, v, &of);          p.plot has the cells, with the choice as it is now
 *     plot_picture_forget(&p);
 *
 * Where 10,000 points stand and how they cover each other is found out again only when the board or the subject has
 * changed, not when another run is chosen. [main thread]
 */
#ifndef KVANT_APP_SCREEN_PLOT_PICTURE_H
#define KVANT_APP_SCREEN_PLOT_PICTURE_H

#include "app/plot.h"
#include "app/screen/pane.h"

/* What a picture shows, but for the choice. */
typedef struct plot_subject {
    uint64_t changes; /* of the board, as it counts them */
    int width, height;
    plot_view seen;
    plot_marks marks;
    bool color;
    double limit; /* NaN: none */
} plot_subject;

typedef struct plot_picture {
    plot *plot; /* NULL: nothing was drawn, or there was no memory */
    plot_subject of;
    int64_t *ids;  /* the run of each of its points */
    size_t *alike; /* room for the points like the chosen one */
    size_t n;
} plot_picture;

void plot_picture_draw(plot_picture *p, const view *v, const plot_subject *of);
void plot_picture_forget(plot_picture *p);

/* The point of the chosen run; p->n: there is none. */
size_t plot_picture_chosen(const plot_picture *p, const view *v);

#endif
