/* Memory at its highest, as the system counts it. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/speed.h"

/* Linux forgets a process's highest mark when it is told 5; a system that has no such file keeps it. */
void speed_peak_reset(void)
{
    const int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    const ssize_t told = write(fd, "5", 1);
    (void)told;
    close(fd);
}

uint64_t speed_peak(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[128];
    uint64_t kib = 0;
    while (file && !kib && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %" SCNu64, &kib) != 1) kib = 0;
    if (file) fclose(file);
    struct rusage usage;
    if (!kib && getrusage(RUSAGE_SELF, &usage) == 0) kib = (uint64_t)usage.ru_maxrss;
    return kib * 1024;
}
