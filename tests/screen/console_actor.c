/* A program the console can start instead of kvant, which behaves as badly as programs do. The last line it is given,
 * "run WHAT N", says how. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void wait_for_ever(void)
{
    for (;;)
        pause();
}

static void ignore_requests(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
}

/* N MiB of short lines. */
static int flood(int n)
{
    static char block[1 << 20];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = i % 8 == 7 ? '\n' : 'y';
    while (n-- > 0)
        fwrite(block, 1, sizeof block, stdout);
    puts("the last line");
    return 0;
}

/* N MiB without a newline. */
static int stream(int n)
{
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    while (n-- > 0)
        fwrite(block, 1, sizeof block, stdout);
    return 0;
}

static int deaf(int n)
{
    (void)n;
    ignore_requests();
    printf("ready\n%d\n", (int)getpid());
    fflush(stdout);
    wait_for_ever();
    return 0;
}

static int crash(int n)
{
    (void)n;
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    fputs("some words first\nand half a line", stdout);
    fflush(stdout);
    signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would make an exit of it */
    raise(SIGSEGV);
    return 0;
}

static int leave(int n)
{
    fprintf(stderr, "kvant: nothing good\nsome progress\n");
    return n;
}

static int raw(int n)
{
    (void)n;
    fputs("\033[31mred\033[0m\n\033]0;title\007\nbell\007\ntab\there\r\nbad \xff\xc3(\nGr\xc3\xb6\xc3\x9f"
          "e\n\nlast",
          stdout);
    return 0;
}

/* It is gone at once; a child of it is not, and holds its standard output. */
static int orphan(int n)
{
    (void)n;
    const pid_t pid = fork();
    if (pid == 0) {
        ignore_requests();
        wait_for_ever();
    }
    printf("%d\n", (int)pid);
    return 0;
}

static int tell(const char *events)
{
    FILE *out = fdopen(atoi(events), "w");
    if (!out) return 4;
    fputs(
        "{\"event\":\"whole\",\"what\":\"sweep\",\"done\":3,\"total\":20,\"failed\":1}\n"
        "not an event\n"
        "{\"event\":\"worker\",\"slot\":5,\"pid\":1,\"label\":\"five\",\"what\":\"w\",\"done\":2,\"total\":2,\"unit\":\"u\","
        "\"kld\":null,\"tokens_per_s\":null,\"left_s\":null,\"state\":\"running\"}\n"
        "{\"event\":\"worker\",\"slot\":2,\"pid\":1,\"label\":\"two\",\"what\":\"w\",\"done\":1,\"total\":2,\"unit\":\"u\","
        "\"kld\":0.5,\"tokens_per_s\":10,\"left_s\":1,\"state\":\"stopped\"}\n"
        "{\"event\":\"worker\",\"slot\":9,\"pid\":1,\"label\":\"nine\",\"what\":\"w\",\"done\":1,\"total\":2,\"unit\":\"u\","
        "\"state\":\"running\"}\n"
        "{\"event\":\"worker\",\"slot\":9,\"pid\":1,\"label\":\"nine\",\"what\":\"w\",\"done\":2,\"total\":2,\"unit\":\"u\","
        "\"state\":\"ended\"}\n"
        "{\"event\":\"worker\",\"slot\":4711,\"pid\":1,\"done\":2,\"total\":2,\"state\":\"running\"}\n"
        "{\"event\":\"run\",\"id\":12,\"done\":true}\n",
        out);
    fflush(out);
    fputs("sweep  40 %  4/10 runs  12 s left\nand 50 %  of nothing\n", stderr);
    wait_for_ever();
    return 0;
}

static int words(int argc, char **argv)
{
    char byte;
    for (int i = 1; i < argc; i++)
        printf("[%s]", argv[i]);
    printf("\nCOLUMNS %s NO_COLOR %s TERM %s\n", getenv("COLUMNS"), getenv("NO_COLOR"), getenv("TERM"));
    printf("group %s, input %s\n", getpgrp() == getpid() ? "own" : "shared", read(0, &byte, 1) == 0 ? "none" : "some");
    int open_files = 0;
    for (int fd = 4; fd < 256; fd++)
        open_files += fcntl(fd, F_GETFD) >= 0;
    printf("%d more files\n", open_files);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*act)(int n);
    } acts[] = { { "flood", flood }, { "stream", stream }, { "deaf", deaf },    { "crash", crash },
                 { "leave", leave }, { "raw", raw },       { "orphan", orphan } };
    char name[32] = "";
    int n = 0;
    if (argc < 2 || sscanf(argv[argc - 1], "run %31s %d", name, &n) < 1) return 2;
    if (strcmp(name, "words") == 0) return words(argc, argv);
    if (strcmp(name, "tell") == 0) return tell(getenv("KVANT_EVENTS"));
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(acts[i].name, name) == 0) return acts[i].act(n);
    return 2;
}
