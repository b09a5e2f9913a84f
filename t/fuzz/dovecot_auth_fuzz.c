/*
 * dovecot_auth_fuzz.c - fuzz lines of Dovecot's authentication protocol
 *
 * SPDX-License-Identifier: ISC
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/net/dovecot_auth.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a string is, a request has one line, and as many words as it should. */
static void
check_request(const char *text)
{
	const struct dovecot_request r = { .service = text, .own_addr = text,
	    .addr = text, .is_encrypted = true, .response = text };
	struct buf out = BUF_INIT;
	size_t i, tabs = 0;

	dovecot_put_auth(&out, 1, text, &r);
	for (i = 0; i < out.len; i++)
		tabs += out.ptr[i] == '\t';
	if (tabs != 8 || strchr(out.ptr, '\n') != out.ptr + out.len - 1)
		abort();
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT;
	struct dovecot_line line;
	const char *end;

	buf_set(&text, data, size);
	text.len = strlen(text.ptr);
	check_request(text.ptr);
	end = text.ptr + text.len;
	if (dovecot_line_parse(&line, text.ptr, NULL) == 0) {
		if (line.user != NULL && line.user + strlen(line.user) > end)
			abort();
		if (line.reason != NULL && line.reason + strlen(line.reason) > end)
			abort();
		if (line.word == DOVECOT_MECH && *line.mechanism == '\0')
			abort();
	}
	buf_done(&text);
	return 0;
}
