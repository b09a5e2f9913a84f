/*
 * stamps.h - which tests a client has passed, and until when that holds
 *
 * In postscreen_cache_map: "GREET;DNSBL;PIPELINING;NON_SMTP;BARE_LF", each
 * the second since the epoch at which it ends; 0: not passed yet, 1: the test
 * was off when the client passed the others. No I/O and no clock here.
 */
#ifndef DAEMON_POSTSCREEN_STAMPS_H
#define DAEMON_POSTSCREEN_STAMPS_H

#include <stdbool.h>
#include <time.h>

struct buf;

enum test { TEST_GREET, TEST_DNSBL, TEST_PIPELINING, TEST_NON_SMTP,
	TEST_BARE_LF, TEST_COUNT };

#define TEST_BIT(test)	(1u << (test))
/* Before the real greeting, and behind it. */
#define TESTS_EARLY	(TEST_BIT(TEST_GREET) | TEST_BIT(TEST_DNSBL))
#define TESTS_DEEP	(TEST_BIT(TEST_PIPELINING) | \
			 TEST_BIT(TEST_NON_SMTP) | TEST_BIT(TEST_BARE_LF))

#define STAMP_NEVER	0
#define STAMP_OFF	1

struct stamps {
	time_t		 until[TEST_COUNT];
};

/* stamps_parse - take a table's value apart; what is missing or nonsense is STAMP_OFF */
void	stamps_parse(struct stamps *s, const char *value);
/* stamps_format - append the value */
void	stamps_format(const struct stamps *s, struct buf *out);
/* stamps_init - of a client that nobody knows; enabled: the tests that are on */
void	stamps_init(struct stamps *s, unsigned enabled);

/* stamps_due - which of the enabled tests must be passed now */
unsigned stamps_due(const struct stamps *s, unsigned enabled, time_t now);
/* stamps_is_new - has it never passed some of the enabled tests? */
bool	stamps_is_new(const struct stamps *s, unsigned enabled);
/* stamps_is_kept - is no enabled test over for longer than that? A cleanup drops the others */
bool	stamps_is_kept(const struct stamps *s, unsigned enabled,
	    int retention_s, time_t now);

#endif
