/*
 * pass_fd.h - descriptors over a UNIX-domain socket, one NUL byte with each
 * (spec/services.md 1.5)
 */
#ifndef LIB_IPC_PASS_FD_H
#define LIB_IPC_PASS_FD_H

#include <stddef.h>
#include <sys/types.h>

/*
 * pass_fd_send - send one; fd stays the caller's
 *
 * flags	of sendmsg(2), beside MSG_NOSIGNAL
 *
 * Returns 0, or -1 with errno.
 */
int	pass_fd_send(int sock, int fd, int flags);
/*
 * pass_fd_receive - recv(2), and what came along
 *
 * flags	of recvmsg(2), beside MSG_CMSG_CLOEXEC
 * fd		out: the descriptor, -1: none. Of several the kernel keeps one.
 */
ssize_t	pass_fd_receive(int sock, void *data, size_t len, int flags, int *fd);

#endif
