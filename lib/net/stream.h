/*
 * stream.h - buffered byte stream over a descriptor, with time limits
 *
 * One object for sockets and pipes. Reads and writes fail with a sticky
 * status, so a conversation is written straight and checked where it matters.
 * Writing never flushes by itself except when the buffer is full; reading
 * flushes what is pending first, which makes request/reply and SMTP
 * pipelining come out right.
 */
#ifndef LIB_NET_STREAM_H
#define LIB_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct stream;

enum stream_status {
	STREAM_OK = 0,
	STREAM_EOF,		/* the peer closed */
	STREAM_TIMEOUT,
	STREAM_ERROR		/* errno at the time: stream_errno */
};

/* stream_new - takes fd (closed by stream_free); timeout_s 0: none */
struct stream	*stream_new(int fd, int timeout_s);
/* stream_is_socket - fd is a blocking socket, as accept and connect give it: saves finding out */
void		 stream_is_socket(struct stream *s);
void		 stream_free(struct stream *s);	/* flushes nothing */
int		 stream_fd(const struct stream *s);

/*
 * stream_set_timeout - limit for each read or write that must wait
 * stream_set_deadline - limit for everything from now on, 0 removes it
 */
void		 stream_set_timeout(struct stream *s, int timeout_s);
void		 stream_set_deadline(struct stream *s, int64_t mono_ms);

enum stream_status stream_status(const struct stream *s);
int		 stream_errno(const struct stream *s);
/* stream_clear - forget a status (after a timeout, to say goodbye) */
void		 stream_clear(struct stream *s);

/* Writing: 0, or -1 once the stream has failed. */
int		 stream_write(struct stream *s, const void *data, size_t len);
int		 stream_puts(struct stream *s, const char *text);
int		 stream_printf(struct stream *s, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));
int		 stream_flush(struct stream *s);

/* stream_getc - next byte, or -1 */
int		 stream_getc(struct stream *s);
/* stream_read - exactly len bytes; 0 or -1 */
int		 stream_read(struct stream *s, void *data, size_t len);
/* stream_read_some - at least one byte, at most len; 0 at EOF, -1 on failure */
long		 stream_read_some(struct stream *s, void *data, size_t len);
/*
 * stream_getline - append one line with its terminator, at most max bytes
 *
 * Returns 1 when the line is complete (ends in LF), 0 when max bytes came
 * without LF (the rest follows with the next call), -1 at EOF or failure
 * (bytes before EOF are in out).
 */
int		 stream_getline(struct stream *s, struct buf *out, size_t max);
/* stream_peek - bytes already buffered; does not wait */
size_t		 stream_peek(struct stream *s, const char **data);
/* stream_fill - wait until something is buffered; false at EOF or failure */
bool		 stream_fill(struct stream *s);
/* stream_skip - take n of the bytes that stream_peek shows */
void		 stream_skip(struct stream *s, size_t n);
/* stream_wait_readable - true when a byte (or EOF) can be read within ms */
bool		 stream_wait_readable(struct stream *s, int ms);

/*
 * stream_set_io - replace the raw read and write, for TLS
 *
 * Each returns bytes, 0 at EOF, or -1 with errno; deadline_ms is monotonic, 0 none, and
 * ETIMEDOUT reports that it passed. pending says whether there is input that
 * the descriptor will not announce; NULL: never.
 */
struct stream_io {
	long	(*read)(void *ctx, void *data, size_t len, int64_t deadline_ms);
	long	(*write)(void *ctx, const void *data, size_t len,
		    int64_t deadline_ms);
	void	(*close)(void *ctx);
	void	*ctx;
	bool	(*pending)(void *ctx);
};
void		 stream_set_io(struct stream *s, const struct stream_io *io);
/*
 * stream_raw_read, stream_raw_write - one read or write on the descriptor,
 * within the limits of the stream, for a layer above it
 *
 * Bytes, 0 at EOF, or -1 with errno (ETIMEDOUT when the time is up).
 */
long		 stream_raw_read(struct stream *s, void *data, size_t len);
long		 stream_raw_write(struct stream *s, const void *data,
		    size_t len);

#endif
