/*
 * transport.c - what main.cf says of each transport: how many, how fast
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/qmgr/qmgr.h"
#include "daemon/qmgr/sched.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"

static struct feedback
feedback_of(const char *service, const char *suffix)
{
	const char *text = params_service_text(service, suffix);
	struct feedback f;

	if (!feedback_parse(text, &f)) {
		log_warning("%s_%s: ignoring malformed or unreasonable "
		    "feedback: %s", service, suffix, text);
		f = (struct feedback){ 1, FEEDBACK_FIXED };
	}
	return f;
}

static void
read_limits(const char *name, struct transport_limits *l)
{
	*l = (struct transport_limits){
		.concurrency = params_service_int(name,
		    "destination_concurrency_limit"),
		.initial_concurrency = params_service_int(name,
		    "initial_destination_concurrency"),
		.failed_cohorts = params_service_int(name,
		    "destination_concurrency_failed_cohort_limit"),
		.positive = feedback_of(name,
		    "destination_concurrency_positive_feedback"),
		.negative = feedback_of(name,
		    "destination_concurrency_negative_feedback"),
		.recipients = params_service_int(name,
		    "destination_recipient_limit"),
		.rate_delay_s = params_service_time(name,
		    "destination_rate_delay"),
		.transport_delay_s = params_service_time(name,
		    "transport_rate_delay"),
		.slot_cost = params_service_int(name, "delivery_slot_cost"),
		.slot_loan = params_service_int(name, "delivery_slot_loan"),
		.slot_discount = params_service_int(name,
		    "delivery_slot_discount"),
		.min_slots = params_service_int(name,
		    "minimum_delivery_slots"),
		.refill = params_service_int(name, "recipient_refill_limit"),
		.refill_delay_s = params_service_time(name,
		    "recipient_refill_delay"),
		.memory = params_service_int(name, "recipient_limit"),
		.extra_memory = params_service_int(name,
		    "extra_recipient_limit"),
	};
}

struct transport *
transport_get(struct qmgr *qm, const char *name)
{
	struct transport *t = sched_transport(&qm->sched, name, NULL);
	struct transport_limits limits;

	if (t != NULL)
		return t;
	read_limits(name, &limits);
	return sched_transport(&qm->sched, name, &limits);
}
