/* checklist_probe.h - what every bit of an encoded row does, found by turning them over one at a time.
 *
 * For a codec that rotates a row and looks its coordinates up in a table, decode is linear in the table's levels: other
 * bits of one coordinate's code move the decoded row along one fixed direction, which is that coordinate's row of the
 * rotation. So bits that move two different rows along one direction are codes, and the direction is an axis; bits
 * whose direction depends on the row belong to a norm; the others are padding. Nothing is assumed of where what stands.
 *
 *     probe p;
 *     if (probe_open(&p, v, why)) ... p.axes[i], p.direction + i * p.dim, p.parts[k] ...
 *     probe_close(&p);
 *
 * An axis that is not orthogonal to those before it is left out of the parts: `further` counts them. Axes with as
 * many bits as most have come first. Parts are sets of columns which no axis connects: a rotation each. Where no axis
 * connects two columns at all the row is one part, that is not rotated.
 */
#ifndef KVANT_APP_CHECKLIST_PROBE_H
#define KVANT_APP_CHECKLIST_PROBE_H

#include "app/verify_battery.h"

enum {
    PROBE_ROWS = 4,      /* rows whose bits are turned over; the first two tell axes from the rest */
    PROBE_POSITION = 64, /* theirs in the sequence: behind what a wrapper keeps of its beginning */
    PROBE_BITS = 32,     /* of a code */
    PROBE_CODE_BITS = 8, /* of a code that is looked up in a table */
    PROBE_PARTS = 256,
    PROBE_CONSTANTS = 64,
    PROBE_WHY = 200,
};

typedef struct probe_axis {
    size_t bit[PROBE_BITS]; /* places in the row's bytes, ascending */
    int n_bits;
    int constant; /* the f16 that it is multiplied by; -1: none was found */
    int part;     /* -1: none */
} probe_axis;

/* Two bytes, as f16 a factor of decoded rows. */
typedef struct probe_constant {
    size_t at;
    int part;
} probe_constant;

typedef struct probe_part {
    size_t *columns, *axes; /* of the row; into axes. As many axes as columns, or none */
    size_t n_columns, n_axes, n_constants;
    int bits; /* of every code; 0: they differ */
} probe_part;

typedef enum probe_bit { BIT_DEAD, BIT_REFUSED, BIT_AXIS, BIT_MOVES } probe_bit;

typedef struct probe {
    verify *v;
    trial encoder, decoder;
    size_t dim, n_bytes;   /* of a row */
    blob base[PROBE_ROWS]; /* encodings of Gaussian rows */
    float *rows, *scratch; /* what they decode to; 2 rows */
    unsigned char *kind;   /* of each bit */
    probe_axis *axes;
    float *direction; /* n_axes x dim, unit rows; all bits set lies ahead of all bits clear */
    size_t n_axes, further;
    probe_constant constants[PROBE_CONSTANTS];
    size_t n_constants;
    size_t pad_bytes; /* neither codes nor constants: always 0, and without a meaning */
    size_t odd_bytes; /* the rest */
    probe_part parts[PROBE_PARTS];
    size_t n_parts, *list;
    bool plain;  /* no axis connects two columns: nothing is rotated */
    bool skewed; /* not opened: there are axes enough, and they are not orthogonal */
} probe;

/* False with the reason in why (PROBE_WHY bytes). Close it in any case. */
bool probe_open(probe *p, verify *v, char *why);
void probe_close(probe *p);

/* One row at PROBE_POSITION. encode: the codec's answer, KVANT_OK when it wrote n_bytes. decode: false when the bytes
 * were refused, which is no breach. */
int probe_encode(probe *p, const float *row, blob *b);
bool probe_decode(probe *p, const uint8_t *bytes, float *row);

unsigned probe_code(const probe_axis *a, const uint8_t *bytes);
void probe_set_code(const probe_axis *a, unsigned code, uint8_t *bytes);

/* <row, axis>, and the coordinates of a part's columns: n_axes numbers. */
double probe_along(const probe *p, const float *row, size_t axis);
void probe_turn(const probe *p, const probe_part *part, const float *row, double *coordinates);

/* ---- made by probe_open (app/checklist_parts.c) ---- */

/* Looks for f16 among the bytes that hold no codes, and says what the others are. */
void probe_find_constants(probe *p);

/* Sorts axes into parts. False with the reason. */
bool probe_find_parts(probe *p, char *why);

#endif
