/*
 * header.h - message header fields: recognise, name, classify
 */
#ifndef LIB_MAIL_HEADER_H
#define LIB_MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/*
 * header_name_len - length of the field name when line is "name:..." or
 * "name  :...", else 0 (RFC 5322 2.2: printable ASCII but colon)
 */
size_t	header_name_len(const char *line, size_t len);

/*
 * header_cut - cut a header's text (lines joined by '\n') to limit bytes
 *
 * At the end of a line when that loses no more than a tenth of the limit.
 * Returns true when something was cut.
 */
bool	header_cut(struct buf *text, size_t limit);

enum header_id {
	HEADER_OTHER = 0, HEADER_APPARENTLY_TO, HEADER_BCC, HEADER_CC,
	HEADER_CONTENT_DISPOSITION, HEADER_CONTENT_ID,
	HEADER_CONTENT_DESCRIPTION, HEADER_CONTENT_LENGTH,
	HEADER_CONTENT_TRANSFER_ENCODING, HEADER_CONTENT_TYPE,
	HEADER_DATE, HEADER_DELIVERED_TO, HEADER_DISPOSITION_NOTIFICATION_TO,
	HEADER_ERRORS_TO, HEADER_FROM, HEADER_MAIL_FOLLOWUP_TO,
	HEADER_MESSAGE_ID, HEADER_MIME_VERSION, HEADER_RECEIVED,
	HEADER_REPLY_TO, HEADER_RESENT_BCC, HEADER_RESENT_CC,
	HEADER_RESENT_DATE, HEADER_RESENT_FROM, HEADER_RESENT_MESSAGE_ID,
	HEADER_RESENT_REPLY_TO, HEADER_RESENT_SENDER, HEADER_RESENT_TO,
	HEADER_RETURN_PATH, HEADER_RETURN_RECEIPT_TO, HEADER_SENDER,
	HEADER_SUBJECT, HEADER_TO
};

enum header_flags {
	HEADER_IS_SENDER	= 1,	/* holds a sender address */
	HEADER_IS_RECIPIENT	= 2,	/* holds recipient addresses */
	HEADER_IS_RESENT	= 4,
	HEADER_IS_EXTRACT	= 8,	/* sendmail -t takes recipients from it */
	HEADER_IS_MIME		= 16	/* MIME-Version, Content-* */
};

/* header_lookup - which field is it? name is not NUL-terminated */
enum header_id	header_lookup(struct span name);
unsigned	header_flags_of(enum header_id id);

#endif
