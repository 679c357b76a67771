#include "app/progress.h"
#include "base/clock.h"

#include <string.h>

void progress_duration(double seconds, char *text, size_t capacity)
{
    if (!(seconds >= 0 && seconds < 1e9)) {
        snprintf(text, capacity, "?");
        return;
    }
    long s = (long)(seconds + 0.5);
    if (s < 60)
        snprintf(text, capacity, "%ld s", s);
    else if (s < 3600)
        snprintf(text, capacity, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(text, capacity, "%ld h %02ld min", s / 3600, s % 3600 / 60);
}

/* Bytes of the first `columns` characters. */
static size_t cut(const char *text, size_t columns)
{
    size_t i = 0;
    while (text[i]) {
        bool starts = ((unsigned char)text[i] & 0xC0) != 0x80;
        if (starts && columns-- == 0) break;
        i++;
    }
    return i;
}

static void bar(const progress *p, double share, int cells, char *text, size_t capacity)
{
    const char *full = p->terminal->utf8 ? "\xE2\x96\x88" : "#";
    const char *empty = p->terminal->utf8 ? "\xE2\x96\x91" : "-";
    int filled = (int)(share * cells);
    size_t n = 0;
    for (int i = 0; i < cells && n < capacity; i++)
        n += (size_t)snprintf(text + n, capacity - n, "%s", i < filled ? full : empty);
}

enum { NARROW = 90 }; /* with fewer columns the bar is half as long, so that the note has room */

size_t progress_line(const progress *p, double seconds, const char *note, int width, char *line, size_t capacity)
{
    char cells[96] = "", share_text[160] = "", rate[64] = "", left[64] = "", text[768];
    /* A rate of the first moment is nobody's: what is done may have been done before the clock began. */
    const bool timed = seconds >= 0.2;
    double share = p->total ? ((double)p->done + p->part) / (double)p->total : 0;
    if (share > 1) share = 1;
    if (p->total) {
        bar(p, share, width < NARROW ? 10 : 20, cells, sizeof cells);
        snprintf(share_text, sizeof share_text, "%s %3.0f %%  ", p->terminal->moves ? cells : "", 100 * share);
    }
    if (p->done && timed) snprintf(rate, sizeof rate, "  %.3g %s/s", (double)p->done / seconds, p->unit);
    if (share > 0 && timed && p->done < p->total) {
        char time[32];
        progress_duration(seconds * (1 / share - 1), time, sizeof time);
        snprintf(left, sizeof left, "  %s left", time);
    }
    char count[64];
    if (p->total)
        snprintf(count, sizeof count, "%llu/%llu %s", (unsigned long long)p->done, (unsigned long long)p->total,
                 p->unit);
    else
        snprintf(count, sizeof count, "%llu %s", (unsigned long long)p->done, p->unit);
    snprintf(text, sizeof text, "%s %s%s%s%s%s%s", p->label, share_text, count, rate, left, note ? "  " : "",
             note ? note : "");
    size_t n = cut(text, width > 0 ? (size_t)width : 0);
    if (n >= capacity) n = capacity ? capacity - 1 : 0;
    memcpy(line, text, n);
    if (capacity) line[n] = '\0';
    return n;
}

void progress_start(progress *p, FILE *to, const terminal *t, const char *label, uint64_t total, const char *unit)
{
    *p = (progress){
        .to = to, .terminal = t, .label = label, .unit = unit, .total = total, .started = clock_seconds(), .tenth = -1
    };
    if (t->moves) progress_at(p, 0, NULL);
}

/* At a new tenth, but within a second only the last: quick work leaves two lines. */
static void write_log_line(progress *p, double time, double seconds, const char *note)
{
    int tenth = p->total ? (int)((double)p->done * 10 / (double)p->total) : 0;
    if (tenth <= p->tenth || (tenth < 10 && p->drawn > 0 && time - p->drawn < 1)) return;
    p->drawn = time;
    p->tenth = tenth;
    char line[512];
    progress_line(p, seconds, note, 200, line, sizeof line);
    fprintf(p->to, "%s\n", line);
    fflush(p->to);
}

void progress_at(progress *p, uint64_t done, const char *note)
{
    double time = clock_seconds(), seconds = time - p->started;
    p->done = done;
    if (!p->terminal->moves) {
        write_log_line(p, time, seconds, note);
        return;
    }
    if (p->visible && time - p->drawn < 0.1) return;
    char line[1024];
    /* The last column stays free: writing there would wrap on some terminals. */
    progress_line(p, seconds, note, terminal_width(p->terminal) - 1, line, sizeof line);
    fprintf(p->to, "\r%s\033[K", line);
    fflush(p->to);
    p->drawn = time;
    p->visible = true;
}

void progress_hide(progress *p)
{
    if (!p->visible) return;
    fputs("\r\033[K", p->to);
    fflush(p->to);
    p->visible = false;
}

void progress_end(progress *p)
{
    progress_hide(p);
}
