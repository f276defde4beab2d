/* SPDX-License-Identifier: MIT */
/* pve_json - see pve_json.h */
#include "proxmox_api/pve_json.h"

#include <string.h>

#include "base/abandon.h"
#include "base/buf.h"

/* Answers are three levels deep. jansson would go down 2048, on a worker's small stack. */
enum { DEPTH_MAX = 32 };

/* How many brackets are open; those in strings do not count. */
struct nesting {
	int depth;
	bool in_string, escaped;
};

static void
step(struct nesting *at, char c)
{
	if (at->escaped)
		at->escaped = false;
	else if (at->in_string && c == '\\')
		at->escaped = true;
	else if (c == '"')
		at->in_string = !at->in_string;
	else if (!at->in_string && (c == '{' || c == '['))
		at->depth++;
	else if (!at->in_string && (c == '}' || c == ']'))
		at->depth--;
}

static bool
too_deep(const char *json, size_t len)
{
	struct nesting at = {.depth = 0};

	for (size_t i = 0; i < len; i++) {
		step(&at, json[i]);
		if (at.depth > DEPTH_MAX)
			return true;
	}
	return false;
}

struct loading {
	const char *json;
	size_t len;
	json_t *root; /* NULL: e tells why */
	json_error_t e;
};

static void
load(void *arg)
{
	struct loading *l = arg;

	l->root = json_loadb(l->json, l->len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &l->e);
}

/*
 * The whole text as JSON. jansson's own words are left out of err: they quote
 * the text. Numbers become reals because a counter beyond 2^63, which Perl
 * writes without shame, must not spoil an answer that we read for something else.
 */
int
pve_json_whole(const char *json, size_t len, const char *what, json_t **out, struct err *err)
{
	struct loading l = {.json = json, .len = len};

	if (len == 0)
		return err_set(err, ERR_PROTOCOL, "%s: the answer is empty", what);
	if (too_deep(json, len))
		return err_set(err, ERR_PROTOCOL, "%s: the answer is nested too deeply", what);
	/* Without memory jansson loses characters, and may write behind its buffers. */
	if (abandon_run(load, &l) < 0)
		return err_set(err, ERR_MEMORY, "%s: no memory for the answer", what);
	if (l.root == NULL)
		return err_set(
			err, ERR_PROTOCOL, "%s: the answer is not valid JSON (byte %d)", what, l.e.position);
	*out = l.root;
	return 0;
}

int
pve_json_data(const char *json, size_t len, const char *what, json_t **root, const json_t **data,
	struct err *err)
{
	int r = pve_json_whole(json, len, what, root, err);

	if (r < 0)
		return r;
	*data = json_object_get(*root, "data");
	if (!json_is_object(*data))
		return err_set(err, ERR_PROTOCOL, "%s: the answer has no data", what);
	return 0;
}

/* ---- lists ---- */

enum {
	ROW_DEPTH = 3, /* {"data":[{ */
	ROW_MAX = 32 * 1024,
	FRAME_MAX = 256 * 1024,
};

static int
read_row(const char *json, size_t len, const char *what, pve_json_row_fn *row, void *arg,
	struct err *err)
{
	json_t *root = NULL;
	int r;

	if (len > ROW_MAX)
		return err_set(err, ERR_PROTOCOL, "%s: a row of the answer is too long", what);
	r = pve_json_whole(json, len, what, &root, err);
	if (r == 0)
		r = row(arg, root, err);
	json_decref(root);
	return r;
}

/* What is left when each row is replaced by a number: {"data":[0,0,0]} and nothing that nests. */
static int
check_frame(const struct buf *frame, const char *what, struct err *err)
{
	const char *name;
	json_t *root = NULL, *value;
	int r = pve_json_whole(buf_text(frame), frame->len, what, &root, err);

	if (r < 0)
		return r;
	if (!json_is_array(json_object_get(root, "data")))
		r = err_set(err, ERR_PROTOCOL, "%s: the answer has no list", what);
	json_object_foreach(root, name, value)
	{
		if (r == 0 && strcmp(name, "data") != 0 && (json_is_array(value) || json_is_object(value)))
			r = err_set(err, ERR_PROTOCOL, "%s: the answer has more than a list", what);
	}
	json_decref(root);
	return r;
}

static int
read_rows(const char *json, size_t len, const char *what, pve_json_row_fn *row, void *arg,
	struct buf *frame, struct err *err)
{
	struct nesting at = {.depth = 0};
	const char *begin = NULL; /* of the row that we are in */
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++) {
		int depth = at.depth;

		step(&at, json[i]);
		if (begin == NULL && depth < ROW_DEPTH && at.depth == ROW_DEPTH && json[i] == '{') {
			begin = json + i;
		} else if (begin == NULL) {
			r = buf_add(frame, json + i, 1);
		} else if (at.depth < ROW_DEPTH) {
			r = read_row(begin, (size_t)(json + i + 1 - begin), what, row, arg, err);
			begin = NULL;
			if (r < 0)
				return r;
			r = buf_add(frame, "0", 1);
		}
	}
	if (r == ERR_LIMIT)
		return err_set(err, ERR_PROTOCOL, "%s: the answer's list is too long", what);
	return r < 0 ? err_set(err, r, "%s: no memory for the answer", what) : 0;
}

int
pve_json_rows(const char *json, size_t len, const char *what, pve_json_row_fn *row, void *arg,
	struct err *err)
{
	struct buf frame = {.max = FRAME_MAX};
	int r;

	r = read_rows(json, len, what, row, arg, &frame, err);
	if (r == 0)
		r = check_frame(&frame, what, err);
	buf_done(&frame);
	return r;
}

/* ---- values ---- */

bool
pve_json_truth(const json_t *value)
{
	if (json_is_string(value))
		return json_string_length(value) > 0 && strcmp(json_string_value(value), "0") != 0;
	return json_is_true(value) || (json_is_number(value) && json_number_value(value) != 0);
}

const char *
pve_json_text(const json_t *value, size_t max)
{
	size_t len = json_is_string(value) ? json_string_length(value) : 0;

	return len >= 1 && len <= max ? json_string_value(value) : NULL;
}

int
pve_json_secret(struct secret *out, const char *text, const char *what, struct err *err)
{
	if (secret_set(out, text, strlen(text)) < 0)
		return err_set(err, ERR_MEMORY, "%s: no memory for the answer", what);
	return 0;
}
