/*
 * access.h - access tables: which keys, what a result does (spec/tables.md 17)
 */
#ifndef DAEMON_SMTPD_ACCESS_H
#define DAEMON_SMTPD_ACCESS_H

#include "daemon/smtpd/restrict.h"

struct buf;
struct tls_info;

/*
 * Each looks a thing up and applies what it finds.
 *
 * title	"type:name" as written, for messages
 */
enum restrict_result	access_host(struct session *s, struct maps *maps,
	    const char *title, const char *name, const char *addr,
	    const char *reply_name, enum restrict_class class);
enum restrict_result	access_domain(struct session *s, struct maps *maps,
	    const char *title, const char *domain, const char *reply_name,
	    enum restrict_class class);
enum restrict_result	access_mail(struct session *s, struct maps *maps,
	    const char *title, const char *address, const char *reply_name,
	    enum restrict_class class);

/* access_cert - the fingerprint of a client's certificate, then of its key */
enum restrict_result	access_cert(struct session *s, struct maps *maps,
	    const char *title, const struct tls_info *tls);

/* access_login - the name of who is logged in, as it is */
enum restrict_result	access_login(struct session *s, struct maps *maps,
	    const char *title);

enum access_server { ACCESS_A, ACCESS_MX, ACCESS_NS };

/* access_servers - check the hosts behind a domain (check_*_{a,mx,ns}_access) */
enum restrict_result	access_servers(struct session *s, struct maps *maps,
	    const char *title, enum access_server type, const char *domain,
	    const char *reply_name, enum restrict_class class);

/* access_apply - do what value says */
enum restrict_result	access_apply(struct session *s, const char *table,
	    const char *key, const char *value, const char *reply_name,
	    enum restrict_class class);

#endif
