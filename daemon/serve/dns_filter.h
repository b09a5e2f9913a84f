/*
 * dns_filter.h - smtp_dns_reply_filter and its siblings: tables that drop DNS records
 */
#ifndef DAEMON_SERVE_DNS_FILTER_H
#define DAEMON_SERVE_DNS_FILTER_H

/* dns_filter_init - from now on each record is looked up; "": none is. Opens tables */
void	dns_filter_init(const char *title, const char *tables);

#endif
