/* SPDX-License-Identifier: MIT */
#include "session/assets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "session/csp.h"

enum { FILES_MAX = 4096, BYTES_MAX = 64 * 1024 * 1024, DEPTH_MAX = 16 };

/* The types a console page is made of; files of other types are not served. */
static const struct {
	const char *suffix, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".json", "application/json"},
	{".map", "application/json"},
	{".txt", "text/plain; charset=utf-8"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".jpg", "image/jpeg"},
	{".gif", "image/gif"},
	{".webp", "image/webp"},
	{".ico", "image/x-icon"},
	{".woff", "font/woff"},
	{".woff2", "font/woff2"},
	{".ttf", "font/ttf"},
	{".wasm", "application/wasm"},
	{".mp3", "audio/mpeg"},
	{".oga", "audio/ogg"},
	{".ogg", "audio/ogg"},
	{".webmanifest", "application/manifest+json"},
};

/* Not for browsers, whatever the type; mandatory.json is the gateway's own answer. */
static const char *const skipped[] = {
	"mandatory.json", "package.json", "package-lock.json", "node_modules"};

struct assets {
	struct asset *list; /* sorted by path */
	size_t count, cap;
	size_t bytes;
	char root[PATH_MAX]; /* resolved */
	const struct asset *page, *terminal;
	unsigned left_out;
	char first_left_out[LOG_QUOTE_SIZE]; /* in quotes, "" when nothing is */
	const char *why_left_out;            /* that one */
};

static const char *
type_of(const char *name)
{
	size_t i, n = strlen(name), m;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		m = strlen(types[i].suffix);
		if (n > m && strcmp(name + n - m, types[i].suffix) == 0)
			return types[i].type;
	}
	return NULL;
}

static bool
is_skipped(const char *name)
{
	size_t i;

	if (name[0] == '.')
		return true;
	for (i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++)
		if (strcmp(name, skipped[i]) == 0)
			return true;
	return false;
}

static void
leave_out(struct assets *a, const char *path, const char *why)
{
	if (a->left_out++ > 0)
		return;
	log_quote(a->first_left_out, path);
	a->why_left_out = why;
}

static void
log_left_out(const struct assets *a)
{
	if (a->left_out > 0)
		log_info(LOG_VNC_SERVER, "warning: novnc_path: left out: %s, %s (and %u more)",
			a->first_left_out, a->why_left_out, a->left_out - 1);
}

/* A file that has been looked at: a regular one, unless somebody was quicker. -1 with errno. */
static int
open_regular(const char *file)
{
	/* Not blocking, in case it has become a pipe; that is not read. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = EACCES;
	return -1;
}

/* Takes the descriptor. */
static int
read_file(int fd, const char *file, struct asset *asset, size_t size, struct err *err)
{
	ssize_t n;

	asset->data = malloc(size + 1);
	while (asset->data && asset->len < size) {
		n = read(fd, asset->data + asset->len, size - asset->len);
		if (n <= 0)
			break;
		asset->len += (size_t)n;
	}
	close(fd);
	if (!asset->data)
		return err_set(err, ERR_MEMORY, "no memory for the console page");
	if (asset->len != size)
		return err_set(err, ERR_SYSTEM, "novnc_path: %s changed while it was read", file);
	asset->data[size] = '\0';
	return 0;
}

static int
describe(struct asset *asset, struct err *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct buf csp = {.max = CSP_HTML_MAX};
	unsigned n = 0, i;
	int r = 0;

	if (EVP_Digest(asset->data, asset->len, digest, &n, EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_SYSTEM, "SHA-256 is not available");
	asset->etag[0] = '"';
	for (i = 0; i < 16; i++)
		snprintf(asset->etag + 1 + 2 * i, 3, "%02x", digest[i]);
	asset->etag[33] = '"';
	asset->etag[34] = '\0';
	if (strncmp(asset->type, "text/html", 9) == 0) {
		r = csp_for_html(&csp, (const char *)asset->data, asset->len);
		asset->csp = r == 0 ? strdup(buf_text(&csp)) : NULL;
		if (r == 0 && !asset->csp)
			r = ERR_MEMORY;
		buf_done(&csp);
	}
	if (r == ERR_LIMIT)
		return err_set(err, ERR_INVALID, "novnc_path: %s has too many inline scripts", asset->path);
	return r == 0 ? 0 : err_set(err, r, "novnc_path: %s: no policy for it", asset->path);
}

/* Room for one more, zeroed; NULL when out of memory. */
static struct asset *
add_asset(struct assets *a)
{
	struct asset *list;
	size_t cap;

	if (a->count == a->cap) {
		cap = a->cap ? 2 * a->cap : 128;
		list = realloc(a->list, cap * sizeof(*list));
		if (!list)
			return NULL;
		a->list = list;
		a->cap = cap;
	}
	memset(&a->list[a->count], 0, sizeof(a->list[a->count]));
	return &a->list[a->count++];
}

static int
add_file(struct assets *a, const char *file, const char *path, size_t size, struct err *err)
{
	struct asset *asset;
	int fd, r;

	if (a->count >= FILES_MAX || a->bytes + size > BYTES_MAX)
		return err_set(err, ERR_INVALID, "novnc_path: more than %d files or %d MiB", FILES_MAX,
			BYTES_MAX >> 20);
	fd = open_regular(file);
	if (fd < 0 && errno == EACCES) {
		leave_out(a, path, "it may not be read");
		return 0;
	}
	if (fd < 0)
		return err_errno(err, "novnc_path: %s", file);
	asset = add_asset(a);
	if (!asset || !(asset->path = strdup(path))) {
		close(fd);
		return err_set(err, ERR_MEMORY, "no memory for the console page");
	}
	asset->type = type_of(path);
	a->bytes += size;
	r = read_file(fd, file, asset, size, err);
	return r < 0 ? r : describe(asset, err);
}

/* Is the file, links resolved, still inside the page's folder? */
static bool
is_inside(const struct assets *a, const char *file)
{
	char real[PATH_MAX];
	size_t n = strlen(a->root);

	return realpath(file, real) && strncmp(real, a->root, n) == 0 && real[n] == '/';
}

static int add_folder(
	struct assets *a, const char *folder, const char *prefix, int depth, struct err *err);

static int
add_entry(struct assets *a, const char *folder, const char *prefix, const char *name, int depth,
	struct err *err)
{
	char file[PATH_MAX], path[PATH_MAX];
	struct stat st;

	if ((size_t)snprintf(file, sizeof(file), "%s/%s", folder, name) >= sizeof(file) ||
		(size_t)snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "/" : "", name) >=
			sizeof(path))
		return 0;
	if (stat(file, &st) < 0)
		leave_out(a, path, "it leads nowhere");
	else if (!is_inside(a, file))
		leave_out(a, path, "it leads out of the folder");
	else if (S_ISDIR(st.st_mode))
		return depth < DEPTH_MAX ? add_folder(a, file, path, depth + 1, err) : 0;
	else if (!S_ISREG(st.st_mode))
		leave_out(a, path, "it is no regular file");
	else if (type_of(name))
		return add_file(a, file, path, (size_t)st.st_size, err);
	return 0;
}

static int
add_folder(struct assets *a, const char *folder, const char *prefix, int depth, struct err *err)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int r = 0;

	if (!dir && errno == EACCES && depth > 0) {
		leave_out(a, prefix, "it may not be read");
		return 0;
	}
	if (!dir)
		return err_set(err, ERR_INVALID, "novnc_path: %s: %s", folder, strerror(errno));
	while (r == 0 && (entry = readdir(dir)))
		if (!is_skipped(entry->d_name))
			r = add_entry(a, folder, prefix, entry->d_name, depth, err);
	closedir(dir);
	return r;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct asset *)a)->path, ((const struct asset *)b)->path);
}

int
assets_load(const char *dir, struct assets **out, struct err *err)
{
	struct assets *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return err_set(err, ERR_MEMORY, "no memory for the console page");
	if (!realpath(dir, a->root))
		r = err_set(err, ERR_INVALID, "novnc_path: %s: %s", dir, strerror(errno));
	else
		r = add_folder(a, a->root, "", 0, err);
	if (r < 0) {
		assets_free(a);
		return r;
	}
	if (a->count > 0)
		qsort(a->list, a->count, sizeof(*a->list), by_path);
	a->page = assets_find(a, "vnc.html", strlen("vnc.html"));
	if (!a->page) {
		assets_free(a);
		return err_set(err, ERR_INVALID, "novnc_path: %s has no vnc.html", dir);
	}
	a->terminal = assets_find(a, "term.html", strlen("term.html"));
	log_left_out(a);
	*out = a;
	return 0;
}

void
assets_free(struct assets *a)
{
	size_t i;

	if (!a)
		return;
	for (i = 0; i < a->count; i++) {
		free(a->list[i].path);
		free(a->list[i].data);
		free(a->list[i].csp);
	}
	free(a->list);
	free(a);
}

const struct asset *
assets_page(const struct assets *a, bool terminal)
{
	return terminal ? a->terminal : a->page;
}

const struct asset *
assets_find(const struct assets *a, const char *path, size_t len)
{
	char key[PATH_MAX];
	struct asset wanted = {.path = key};

	if (len >= sizeof(key) || memchr(path, '\0', len))
		return NULL;
	memcpy(key, path, len);
	key[len] = '\0';
	return a->count ? bsearch(&wanted, a->list, a->count, sizeof(*a->list), by_path) : NULL;
}
