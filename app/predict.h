/* predict.h - what a config will cost, known while it is typed.
 *
 * How many bytes a codec takes only the codec knows, and the front runs no codec code: a child (`kvant predict`,
 * hidden) answers. It opens the config's codecs for the model's layers, puts as many rows of noise through them as a
 * passage has, counts, and says bits per value and ratio as a run would store them; codecs whose bytes do not depend on
 * the rows come out exact, for others (KVANT_VARIABLE) the answer says "about". A child that crashes or takes too long
 * (5 s) is replaced; the answer then says so.
 *
 *     predictor *p = predictor_open(app, &f);
 *     predictor_ask(p, "k=q8_0 v=tur");         any text, at every key; the newest question is the one answered
 *     poll(predictor_fd(p)) ... if (predictor_take(p)) use predictor_answer(p)
 *
 * Used by the screen's command line and by `kvant config`. [one thread at a time]
 */
#ifndef KVANT_APP_PREDICT_H
#define KVANT_APP_PREDICT_H

#include "app/app.h"

typedef enum prediction_state {
    PREDICTION_NONE,    /* nothing asked, or no answer yet */
    PREDICTION_KNOWN,   /* a config: bits_per_value ... hold */
    PREDICTION_PARTIAL, /* what is typed can still become a config: text says what is missing */
    PREDICTION_WRONG,   /* text says what is wrong, column where (1 ...; 0: nowhere in particular) */
} prediction_state;

typedef struct prediction {
    prediction_state state;
    bool about;      /* bytes depend on the rows */
    bool calibrates; /* wants `kvant calibrate` before it can be run; side data are then what noise gives */
    double bits_per_value, k_bits, v_bits, ratio;
    double configs;            /* 1, or how many a sweep's line stands for; the rest then holds for one of them */
    double counted, most_bits; /* of many: so many were looked at, bits_per_value is the least and this the most */
    double ratio_ctx, ratio_128k, side_bytes; /* as a run's, with side data (app/job.h) */
    double values, bytes, peak_bytes;         /* of one sequence: values kept, what they weigh, the most on the way */
    int column;
    char asked[2048];  /* the text that was asked about */
    char config[2048]; /* its canonical form */
    char text[768];
} prediction;

typedef struct predictor predictor;

predictor *predictor_open(app_context *app, fault *f);

/* With the model, ctx and plugins of a line, where it says something of them. line must outlive the predictor. */
predictor *predictor_open_line(app_context *app, const command_line *line, fault *f);
void predictor_close(predictor *p);

/* The model, ctx and protocol are the session's settings at this moment. Empty or NULL: nothing is asked. */
void predictor_ask(predictor *p, const char *config);

/* A line that is being typed. What is NULL or 0 is the session's. */
typedef struct prediction_wish {
    const char *config; /* with many: each argument of a sweep on a line of its own, "--k LIST" and "--v LIST", too */
    bool many;
    const char *model; /* a file, or a description (app/memory_shape.h) */
    const char *database;
    int ctx;
} prediction_wish;
void predictor_ask_line(predictor *p, const prediction_wish *wish);

int predictor_fd(const predictor *p); /* -1: no child runs */
bool predictor_take(predictor *p);    /* true: there is a new answer */
const prediction *predictor_answer(const predictor *p);

/* One question, waiting for its answer, at most 20 s. line as above; NULL: all is the session's. */
bool predict_line(app_context *app, const command_line *line, const char *config, prediction *out, fault *f);

#endif
