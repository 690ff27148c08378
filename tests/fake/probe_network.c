/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sockets.
 */
#include "tests/fake/probe.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"

static int try_socket(const struct attempt_context *context)
{
    static const struct {
        const char *name;
        int family, type;
    } kinds[] = {
        {"inet", AF_INET, SOCK_STREAM},    {"inet-datagram", AF_INET, SOCK_DGRAM},
        {"inet6", AF_INET6, SOCK_STREAM},  {"inet6-datagram", AF_INET6, SOCK_DGRAM},
        {"unix", AF_UNIX, SOCK_STREAM},    {"unix-datagram", AF_UNIX, SOCK_DGRAM},
        {"netlink", AF_NETLINK, SOCK_RAW}, {"packet", AF_PACKET, SOCK_RAW},
        {"inet-raw", AF_INET, SOCK_RAW},
    };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, context->arg) == 0) {
            return opened(socket(kinds[i].family, kinds[i].type | SOCK_CLOEXEC, 0));
        }
    }
    return EINVAL;
}

static int try_socketpair(const struct attempt_context *context)
{
    int pair[2];

    (void)context;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return errno;
    }
    close(pair[0]);
    return opened(pair[1]);
}

static int with_address(const char *port, int (*call)(int, const struct sockaddr *, socklen_t))
{
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)number_of(port)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};

    if (fd < 0) {
        return errno;
    }
    return errno_of(call(fd, (const struct sockaddr *)&address, sizeof(address)));
}

static int try_connect(const struct attempt_context *context)
{
    return with_address(context->arg, connect);
}

static int try_bind(const struct attempt_context *context)
{
    return with_address(context->arg, bind);
}

static int try_resolve(const struct attempt_context *context)
{
    struct addrinfo *found;
    int status = getaddrinfo(context->arg, "80", NULL, &found);

    if (status == 0) {
        freeaddrinfo(found);
    }
    return status == 0 ? 0 : EHOSTUNREACH;
}

const struct attempt probe_network[] = {
    {"socket", try_socket}, {"socketpair", try_socketpair}, {"connect", try_connect},
    {"bind", try_bind},     {"resolve", try_resolve},       {NULL, NULL},
};
