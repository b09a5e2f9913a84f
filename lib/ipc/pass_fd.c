/*
 * pass_fd.c - descriptors over a UNIX-domain socket, one NUL byte with each
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/ipc/pass_fd.h"

#include <string.h>
#include <sys/socket.h>

union control {
	struct cmsghdr	align;
	char		space[CMSG_SPACE(sizeof(int))];
};

int
pass_fd_send(int sock, int fd, int flags)
{
	union control control = { 0 };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = CMSG_LEN(sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &msg, flags | MSG_NOSIGNAL) == 1 ? 0 : -1;
}

ssize_t
pass_fd_receive(int sock, void *data, size_t len, int flags, int *fd)
{
	union control control;
	struct iovec iov = { .iov_base = data, .iov_len = len };
	/* Not CMSG_SPACE: its padding would have room for a second one. */
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = CMSG_LEN(sizeof(int)) };
	ssize_t n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	*fd = -1;
	if (n == -1 || (c = CMSG_FIRSTHDR(&msg)) == NULL ||
	    c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int)))
		return n;
	memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return n;
}
