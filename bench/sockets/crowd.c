/* Many WebSocket subscribers in one thread, and when each of their pushes arrived.
 *
 *   crowd PORT CONNECTIONS SLOW BLOBS RECORDS
 *
 * BLOBS holds for each connection the frames of its sign-in and of its subscription, each behind
 * four bytes of length. At most WINDOW connections are signing in at a time. SLOW of the
 * connections, the first ones, have a small receive buffer. Lines on the standard input:
 *
 *   subscribe   sends all subscriptions; "subscribed" when the last is answered
 *   stop, go    the slow ones stop reading, and read again
 *   record MS   for so many milliseconds appends each push to RECORDS; "recorded COUNT"
 *
 * A record: when it was read (CLOCK_MONOTONIC, ns), its sequence, a hash of its symbol, its
 * command, its connection. It begins by printing "signed" when everybody has signed in. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW 64
#define ROOM (1 << 18)

static const char WS[] = "GET /?version=1&codec=1&platform=9 HTTP/1.1\r\nHost: x\r\n"
                         "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: 9026ilx3BaH5mAuRnaFjhA==\r\n\r\n";

struct record {
    int64_t at_ns, sequence;
    uint32_t symbol;
    uint16_t command, connection;
};

struct connection {
    int fd, upgraded, answers;
    size_t length;
    uint32_t bytes[2];
    char *blob[2];
    unsigned char *data;
};

static struct connection *all;
static struct sockaddr_in server = {.sin_family = AF_INET};
static int poller, connections, slow, opened, signed_in, subscribed;
static long recorded;
static int64_t record_until;
static FILE *records;

static int64_t now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void send_all(int fd, const void *data, size_t length) {
    if (send(fd, data, length, 0) != (ssize_t)length) fail("send");
}

static void watch(int place, int how) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = place};
    epoll_ctl(poller, how, all[place].fd, &event);
}

static void open_next(void) {
    struct connection *one = &all[opened];
    int yes = 1, small = 4096;
    one->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (opened < slow) setsockopt(one->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (connect(one->fd, (struct sockaddr *)&server, sizeof server)) fail("connect");
    setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    one->data = malloc(ROOM);
    send_all(one->fd, WS, sizeof WS - 1);
    send_all(one->fd, one->blob[0], one->bytes[0]);
    fcntl(one->fd, F_SETFL, O_NONBLOCK);
    watch(opened++, EPOLL_CTL_ADD);
}

static void push(int place, const unsigned char *packet, int64_t at_ns) {
    /* Behind five bytes of header: field 1, the symbol, and field 2, the sequence. */
    struct record found = {at_ns, 0, 2166136261u, packet[1], place};
    int length = packet[6], shift = 0;
    for (int i = 0; i < length; i++) found.symbol = (found.symbol ^ packet[7 + i]) * 16777619u;
    const unsigned char *number = packet + 8 + length;
    do {
        found.sequence |= (int64_t)(*number & 0x7f) << shift;
        shift += 7;
    } while (*number++ & 0x80);
    fwrite(&found, sizeof found, 1, records);
    recorded++;
}

static void answer(struct connection *one, const unsigned char *packet) {
    if (packet[6]) {
        fprintf(stderr, "refused with status %d\n", packet[6]);
        exit(1);
    }
    one->answers++;
    signed_in += one->answers == 1;
    subscribed += one->answers == 2;
}

/* Takes whole frames out of what has arrived. */
static void take(int place, int64_t at_ns) {
    struct connection *one = &all[place];
    size_t from = 0;
    if (!one->upgraded) {
        unsigned char *end = memmem(one->data, one->length, "\r\n\r\n", 4);
        if (!end) return;
        from = end + 4 - one->data;
        one->upgraded = 1;
    }
    while (one->length - from >= 2) {
        unsigned char *frame = one->data + from;
        size_t head = 2, size = frame[1];
        if (size == 126) {
            if (one->length - from < 4) break;
            head = 4, size = frame[2] << 8 | frame[3];
        } else if (size == 127) {
            if (one->length - from < 10) break;
            head = 10, size = (size_t)frame[7] << 16 | frame[8] << 8 | frame[9];
        }
        if (one->length - from < head + size) break;
        from += head + size;
        if (frame[0] == 0x89) send_all(one->fd, "\x8a\x80\0\0\0\0", 6);
        if (frame[0] != 0x82) continue;
        if ((frame[head] & 0x0f) == 2) answer(one, frame + head);
        if ((frame[head] & 0x0f) == 3 && at_ns < record_until) push(place, frame + head, at_ns);
    }
    memmove(one->data, one->data + from, one->length -= from);
}

static void arrived(int place) {
    struct connection *one = &all[place];
    ssize_t got = read(one->fd, one->data + one->length, ROOM - one->length);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        fprintf(stderr, "connection %d has ended\n", place);
        if (place >= slow) exit(1);
        epoll_ctl(poller, EPOLL_CTL_DEL, one->fd, 0);
        return;
    }
    one->length += got;
    take(place, now());
}

static void say(const char *what) {
    puts(what);
    fflush(stdout);
}

static void obey(void) {
    char line[200] = "";
    if (read(0, line, sizeof line - 1) <= 0) exit(0);
    if (!strncmp(line, "subscribe", 9))
        for (int i = 0; i < connections; i++) send_all(all[i].fd, all[i].blob[1], all[i].bytes[1]);
    for (int i = 0; i < slow; i++) {
        if (!strncmp(line, "stop", 4)) epoll_ctl(poller, EPOLL_CTL_DEL, all[i].fd, 0);
        if (!strncmp(line, "go", 2)) watch(i, EPOLL_CTL_ADD);
    }
    if (!strncmp(line, "record", 6)) {
        recorded = 0;
        record_until = now() + atol(line + 7) * 1000000LL;
    }
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    FILE *blobs = fopen(argv[4], "rb");
    records = fopen(argv[5], "wb");
    connections = atoi(argv[2]), slow = atoi(argv[3]), poller = epoll_create1(0);
    server.sin_port = htons(atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    all = calloc(connections, sizeof *all);
    for (int i = 0; i < connections; i++)
        for (int part = 0; part < 2; part++) {
            if (fread(&all[i].bytes[part], 4, 1, blobs) != 1) fail("blobs");
            all[i].blob[part] = malloc(all[i].bytes[part]);
            if (fread(all[i].blob[part], all[i].bytes[part], 1, blobs) != 1) fail("blobs");
        }
    struct epoll_event command = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &command);
    int told_signed = 0, told_subscribed = 0;
    for (;;) {
        while (opened < connections && opened - signed_in < WINDOW) open_next();
        struct epoll_event events[256];
        int count = epoll_wait(poller, events, 256, 10);
        for (int i = 0; i < count; i++)
            if (events[i].data.u32 == UINT32_MAX) obey();
            else arrived(events[i].data.u32);
        if (signed_in == connections && !told_signed++) say("signed");
        if (subscribed == connections && !told_subscribed++) say("subscribed");
        if (record_until && now() > record_until) {
            record_until = 0;
            fflush(records);
            printf("recorded %ld\n", recorded);
            fflush(stdout);
        }
    }
}
