/* SPDX-License-Identifier: MIT */
/* mailbox - see mailbox.h */
#include "base/mailbox.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/lock.h"

/* [i] immutable, [a] atomic, [m] under the mailbox's lock */
struct mailbox {
	atomic_uint refs;   /* [a] */
	struct lock lock;   /* LOCK_MAILBOX */
	struct mail *first; /* [m] oldest */
	struct mail *last;  /* [m] youngest; means nothing while first is NULL */
	int fd;             /* [i] */
	bool closed;        /* [m] */
};

int
mailbox_new(struct mailbox **out, struct err *err)
{
	struct mailbox *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a mailbox");
	m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->fd < 0) {
		free(m);
		return err_errno(err, "eventfd for a mailbox");
	}
	lock_init(&m->lock, LOCK_MAILBOX);
	atomic_init(&m->refs, 1);
	*out = m;
	return 0;
}

struct mailbox *
mailbox_ref(struct mailbox *m)
{
	unsigned before = atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);

	assert(before > 0);
	return m;
}

void
mailbox_unref(struct mailbox *m)
{
	unsigned before;

	if (m == NULL)
		return;
	before = atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel);
	assert(before > 0);
	if (before > 1)
		return;
	mailbox_close(m);
	close(m->fd);
	lock_done(&m->lock);
	free(m);
}

int
mailbox_fd(const struct mailbox *m)
{
	return m->fd;
}

static void
wake(const struct mailbox *m)
{
	uint64_t one = 1;
	ssize_t n = write(m->fd, &one, sizeof(one));

	/* It fails only when the counter is full, and then the descriptor is readable anyway. */
	(void)n;
}

int
mailbox_post(struct mailbox *m, struct mail **mail)
{
	int r = ERR_GONE;

	lock_take(&m->lock);
	if (!m->closed) {
		(*mail)->next = NULL;
		if (m->first == NULL)
			m->first = *mail;
		else
			m->last->next = *mail;
		m->last = *mail;
		*mail = NULL;
		r = 0;
	}
	lock_release(&m->lock);
	/* Not before, or who wakes would wait for the lock. */
	if (r == 0)
		wake(m);
	return r;
}

struct mail *
mailbox_take(struct mailbox *m)
{
	struct mail *all;
	uint64_t count;
	/* Nothing to read: nobody has posted, or the event loop has read it. */
	ssize_t n = read(m->fd, &count, sizeof(count));

	(void)n;
	lock_take(&m->lock);
	all = m->first;
	m->first = NULL;
	lock_release(&m->lock);
	return all;
}

static void
discard_all(struct mail *mail)
{
	while (mail != NULL) {
		struct mail *next = mail->next;

		if (mail->discard != NULL)
			mail->discard(mail);
		mail = next;
	}
}

void
mailbox_close(struct mailbox *m)
{
	struct mail *unread;

	lock_take(&m->lock);
	m->closed = true;
	unread = m->first;
	m->first = NULL;
	lock_release(&m->lock);
	/* Outside the lock: discard() is someone else's code. */
	discard_all(unread);
}
