/* The plainest sender of the same bytes: for each update one send() to each connection.
 *
 *   sender CONNECTIONS FRAME_BYTES
 *
 * Prints the port it listens on. "go UPDATES PAUSE_US" on the standard input accepts the
 * connections, sends, and prints one line of JSON as the other servers do. A WebSocket upgrade is
 * not spoken: the receiver connects plainly. */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double cpu(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static long long now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    int connections = atoi(argv[1]), bytes = atoi(argv[2]), one = 1;
    int *fds = calloc(connections, sizeof *fds);
    char *frame = calloc(bytes, 1), line[100];
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t length = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&at, length) || listen(listener, 1024)) return 1;
    getsockname(listener, (struct sockaddr *)&at, &length);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        long updates, pause_us;
        if (sscanf(line, "go %ld %ld", &updates, &pause_us) != 2) return 2;
        for (int i = 0; i < connections; i++) {
            fds[i] = accept(listener, 0, 0);
            setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        }
        struct timespec pause = {pause_us / 1000000, pause_us % 1000000 * 1000};
        double before = cpu();
        long long began = now();
        for (long update = 0; update < updates; update++) {
            for (int i = 0; i < connections; i++)
                if (send(fds[i], frame, bytes, 0) != bytes) return 1;
            if (pause_us) nanosleep(&pause, 0);
        }
        printf("{\"bytes\": %lld, \"pushes\": %ld, \"began_ns\": %lld, \"cpu_s\": %.6f}\n",
               (long long)updates * connections * bytes, updates * connections, began,
               cpu() - before);
        fflush(stdout);
        if (!fgets(line, sizeof line, stdin)) return 0; /* "end": the receiver has everything */
        for (int i = 0; i < connections; i++) close(fds[i]);
    }
    return 0;
}
