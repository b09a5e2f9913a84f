/*
 * redact.h - words that tell who somebody is
 *
 * The same one is replaced by the same word as long as the program runs: two
 * files of a --diff share them.
 */
#ifndef CMD_POSTCAT_REDACT_H
#define CMD_POSTCAT_REDACT_H

#include <stddef.h>

struct buf;

/* redact_number - 1, 2, ...: the number of this text, in whatever case */
unsigned	redact_number(const char *text, size_t len);
/* redact_put_local - "userN" for a local part; nothing for an empty one */
void	redact_put_local(struct buf *out, const char *local, size_t len);
/* redact_put_address - "userN@domain" for an address in internal form */
void	redact_put_address(struct buf *out, const char *address);
/*
 * redact_put_text - text that may be shown, but for local parts: in front of
 * '@', behind "user:" and the like, and where one known by then stands alone
 */
void	redact_put_text(struct buf *out, const char *text, size_t len);
/* redact_put_hidden - text of whose words only the domains behind '@' may be shown */
void	redact_put_hidden(struct buf *out, const char *text, size_t len);

#endif
