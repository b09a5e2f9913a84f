/*
 * mime7.h - make 8-bit MIME content fit for a server without 8BITMIME
 *
 * Records go in, records come out. A part that says it is 8bit or binary
 * becomes quoted-printable (RFC 2045 6.7); a multipart or message around it
 * says 7bit. What has no such header is left as it is: nobody said what it
 * means.
 */
#ifndef DAEMON_SMTP_MIME7_H
#define DAEMON_SMTP_MIME7_H

#include <stdbool.h>
#include <stddef.h>

struct mime7;

/* text is a line (is_whole) or a piece of one */
typedef void (*mime7_emit_fn)(void *ctx, bool is_whole, const char *text,
    size_t len);

struct mime7	*mime7_new(mime7_emit_fn emit, void *ctx);
void	mime7_free(struct mime7 *m);
void	mime7_record(struct mime7 *m, bool is_whole, const char *text,
	    size_t len);
/* mime7_end - the message ends here */
void	mime7_end(struct mime7 *m);

#endif
