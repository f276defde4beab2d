/* SPDX-License-Identifier: MIT */
/* create_verdict - see create_verdict.h */
#include "router/create_verdict.h"

enum blame {
	BLAME_NOTHING,
	BLAME_CREDENTIAL,
	BLAME_OTP,
	BLAME_NODE,
	BLAME_GUEST,
	BLAME_SERIAL,
	BLAME_HOSTNAME,
};

static const struct row {
	enum end end;
	int status;
	enum blame blame;
} rows[] = {
#define X(id, status, blame) {id, status, BLAME_##blame},
	CREATE_VERDICT_TBL(X)
#undef X
};

static const struct row *
find(enum end end)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].end == end)
			return &rows[i];
	return find(END_INTERNAL);
}

struct create_verdict
create_verdict_of(enum end end, const struct pve_target *target, const char *credential)
{
	const struct row *row = find(end);
	const char *const fields[] = {
		[BLAME_NOTHING] = NULL,
		[BLAME_CREDENTIAL] = credential,
		[BLAME_OTP] = "otp",
		[BLAME_NODE] = "node",
		[BLAME_GUEST] = target->type == PVE_GUEST_NODE ? "node" : "vmid",
		[BLAME_SERIAL] = target->serial != PVE_SERIAL_ANY ? "serial" : "console",
		[BLAME_HOSTNAME] = "hostname",
	};

	return (struct create_verdict){row->status, fields[row->blame]};
}
