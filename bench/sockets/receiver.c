/* Receives what a server sends to many connections, as cheaply as one thread can: so that in a
 * comparison of servers it is never the receiver that is compared.
 *
 *   receiver PORT CONNECTIONS ws|raw|nats
 *
 * Opens the connections, greets as the protocol wants it, prints "ready". "expect N" on the
 * standard input names the bytes of all connections together; when they are there it prints
 * "done NS", the instant on CLOCK_MONOTONIC at which the last of them arrived. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char WS[] = "GET /?version=1&codec=1&platform=9 HTTP/1.1\r\nHost: x\r\n"
                         "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: 9026ilx3BaH5mAuRnaFjhA==\r\n\r\n";
static const char NATS[] = "CONNECT {\"verbose\":false}\r\nSUB s 1\r\nPING\r\n";
static char buffer[1 << 18];

static long long now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* Sends the greeting and reads, byte by byte, up to the end of the answer. */
static void greet(int fd, const char *said, const char *end) {
    size_t length = strlen(said), matched = 0, wanted = strlen(end);
    if (write(fd, said, length) != (ssize_t)length) fail("greeting");
    while (matched < wanted) {
        char one;
        if (read(fd, &one, 1) != 1) fail("answer to the greeting");
        matched = one == end[matched] ? matched + 1 : one == end[0];
    }
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    int connections = atoi(argv[2]), poll = epoll_create1(0), one = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < connections; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&to, sizeof to)) fail("connect");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (!strcmp(argv[3], "ws")) greet(fd, WS, "\r\n\r\n");
        if (!strcmp(argv[3], "nats")) greet(fd, NATS, "PONG\r\n");
        fcntl(fd, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    }
    struct epoll_event command = {.events = EPOLLIN, .data.fd = 0};
    epoll_ctl(poll, EPOLL_CTL_ADD, 0, &command);
    puts("ready");
    fflush(stdout);
    long long received = 0, expected = -1, last = 0;
    while (received != expected) {
        struct epoll_event events[256];
        int count = epoll_wait(poll, events, 256, 60000);
        if (count <= 0) fail("nothing for a minute");
        for (int i = 0; i < count; i++) {
            ssize_t got = read(events[i].data.fd, buffer, sizeof buffer);
            if (got < 0 && errno == EAGAIN) continue;
            if (got <= 0) fail("the other side has closed");
            if (events[i].data.fd) {
                received += got;
            } else if (sscanf(buffer, "expect %lld", &expected) != 1) {
                return 2;
            } else {
                epoll_ctl(poll, EPOLL_CTL_DEL, 0, 0);
            }
        }
        last = now();
    }
    printf("done %lld\n", last);
    return 0;
}
