/*
 * flush_client.h - ask the flush service to deliver mail for a site (ETRN)
 */
#ifndef DAEMON_SMTPD_FLUSH_CLIENT_H
#define DAEMON_SMTPD_FLUSH_CLIENT_H

enum flush_answer { FLUSH_DONE, FLUSH_DENIED, FLUSH_FAILED };

/* flush_client_site - RFC 1985; spec/services.md 3.2 */
enum flush_answer	flush_client_site(const char *domain);

#endif
