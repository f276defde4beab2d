/* SPDX-License-Identifier: MIT */
#include "base/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/lock.h"
#include "tests/unit/torture.h"

struct note {
	struct mail mail; /* first, so that the mail is the note */
	int sender;
	int number;
};

static atomic_int discarded;

static void
discard(struct mail *mail)
{
	struct lock probe;

	/* Whoever discards may take locks of its own: that none is held shows itself here. */
	lock_init(&probe, LOCK_REGISTRY);
	lock_take(&probe);
	lock_release(&probe);
	lock_done(&probe);
	free(mail);
	atomic_fetch_add(&discarded, 1);
}

static struct mail *
note_new(int sender, int number)
{
	struct note *note = calloc(1, sizeof(*note));

	if (note == NULL)
		return NULL;
	*note =
		(struct note){.mail = {.kind = 7, .discard = discard}, .sender = sender, .number = number};
	return &note->mail;
}

static const struct note *
note_of(const struct mail *mail)
{
	return (const struct note *)(const void *)mail;
}

static void
post_number(struct mailbox *m, int number)
{
	struct mail *mail = note_new(0, number);

	assert_non_null(mail);
	assert_int_equal(mailbox_post(m, &mail), 0);
	assert_null(mail);
}

static bool
is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Frees a list and returns how many it held. */
static int
free_all(struct mail *mail)
{
	int n = 0;

	while (mail != NULL) {
		struct mail *next = mail->next;

		free(mail);
		mail = next;
		n++;
	}
	return n;
}

static struct mailbox *
mailbox_for_test(void)
{
	struct mailbox *m = NULL;

	assert_int_equal(mailbox_new(&m, NULL), 0);
	atomic_store(&discarded, 0);
	return m;
}

static void
a_new_mailbox_is_empty(void **state)
{
	struct mailbox *m = mailbox_for_test();

	(void)state;
	assert_false(is_readable(mailbox_fd(m)));
	assert_null(mailbox_take(m));
	mailbox_unref(m);
}

static void
its_descriptor_neither_blocks_nor_reaches_other_programs(void **state)
{
	struct mailbox *m = mailbox_for_test();

	(void)state;
	assert_true(fcntl(mailbox_fd(m), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(mailbox_fd(m), F_GETFL) & O_NONBLOCK);
	mailbox_unref(m);
}

static void
posting_moves_the_message_and_makes_the_descriptor_readable(void **state)
{
	struct mailbox *m = mailbox_for_test();
	struct mail *mail = note_new(0, 1);
	const struct mail *posted = mail;
	struct mail *taken;

	(void)state;
	assert_non_null(mail);
	assert_int_equal(mailbox_post(m, &mail), 0);
	assert_null(mail);
	assert_true(is_readable(mailbox_fd(m)));
	taken = mailbox_take(m);
	assert_ptr_equal(taken, posted);
	assert_null(taken->next);
	assert_int_equal(taken->kind, 7);
	free(taken);
	mailbox_unref(m);
}

static void
all_messages_are_taken_in_the_order_of_posting(void **state)
{
	struct mailbox *m = mailbox_for_test();
	struct mail *all;
	int expected = 0;

	(void)state;
	for (int i = 0; i < 5; i++)
		post_number(m, i);
	all = mailbox_take(m);
	for (const struct mail *mail = all; mail != NULL; mail = mail->next)
		assert_int_equal(note_of(mail)->number, expected++);
	assert_int_equal(expected, 5);
	free_all(all);
	post_number(m, 5);
	all = mailbox_take(m);
	assert_int_equal(note_of(all)->number, 5);
	assert_int_equal(free_all(all), 1);
	mailbox_unref(m);
}

static void
taking_makes_the_descriptor_unreadable(void **state)
{
	struct mailbox *m = mailbox_for_test();

	(void)state;
	post_number(m, 1);
	post_number(m, 2);
	assert_int_equal(free_all(mailbox_take(m)), 2);
	assert_false(is_readable(mailbox_fd(m)));
	assert_null(mailbox_take(m));
	mailbox_unref(m);
}

static void
an_event_loop_may_have_read_the_descriptor_itself(void **state)
{
	struct mailbox *m = mailbox_for_test();
	uint64_t count = 0;

	(void)state;
	post_number(m, 1);
	assert_int_equal(read(mailbox_fd(m), &count, sizeof(count)), sizeof(count));
	post_number(m, 2);
	assert_true(is_readable(mailbox_fd(m)));
	assert_int_equal(free_all(mailbox_take(m)), 2);
	mailbox_unref(m);
}

static void
posting_to_a_closed_one_says_gone_and_keeps_the_message(void **state)
{
	struct mailbox *m = mailbox_for_test();
	struct mail *mail = note_new(0, 1);
	const struct mail *before = mail;

	(void)state;
	assert_non_null(mail);
	mailbox_close(m);
	assert_int_equal(mailbox_post(m, &mail), ERR_GONE);
	assert_ptr_equal(mail, before);
	assert_null(mailbox_take(m));
	free(mail);
	mailbox_unref(m);
}

static void
closing_discards_what_was_not_taken(void **state)
{
	struct mailbox *m = mailbox_for_test();

	(void)state;
	for (int i = 0; i < 3; i++)
		post_number(m, i);
	mailbox_close(m);
	assert_int_equal(atomic_load(&discarded), 3);
	mailbox_close(m);
	assert_int_equal(atomic_load(&discarded), 3);
	mailbox_unref(m);
}

static void
a_message_without_discard_is_left_alone(void **state)
{
	struct mailbox *m = mailbox_for_test();
	struct mail fixed = {.kind = 1};
	struct mail *mail = &fixed;

	(void)state;
	assert_int_equal(mailbox_post(m, &mail), 0);
	mailbox_close(m);
	mailbox_unref(m);
}

/* Who posts wakes the owner when it has left the lock, and the number must not be another's by then. */
static void
closing_leaves_the_descriptor_to_the_last_reference(void **state)
{
	struct mailbox *m = mailbox_for_test(), *mine = mailbox_ref(m);
	int fd = mailbox_fd(m);

	(void)state;
	mailbox_close(m);
	mailbox_unref(m);
	assert_true(is_open(fd));
	assert_int_equal(mailbox_fd(mine), fd);
	mailbox_unref(mine);
	assert_false(is_open(fd));
}

static void
the_last_reference_discards_and_closes(void **state)
{
	struct mailbox *m = mailbox_for_test();
	int fd = mailbox_fd(m);

	(void)state;
	assert_ptr_equal(mailbox_ref(m), m);
	post_number(m, 1);
	mailbox_unref(m);
	assert_true(is_open(fd));
	assert_int_equal(atomic_load(&discarded), 0);
	mailbox_unref(m);
	assert_false(is_open(fd));
	assert_int_equal(atomic_load(&discarded), 1);
	mailbox_unref(NULL);
}

/* Several threads post to one that takes and, at last, closes while they still post. */
enum { SENDERS = 4, LETTERS = 5000 };

struct sender {
	struct mailbox *mailbox;
	int id;
	int accepted;
};

static void *
send_letters(void *arg)
{
	struct sender *s = arg;

	for (int i = 0; i < LETTERS; i++) {
		struct mail *mail = note_new(s->id, i);

		if (mail == NULL || mailbox_post(s->mailbox, &mail) < 0) {
			free(mail);
			break;
		}
		s->accepted++;
	}
	mailbox_unref(s->mailbox);
	return NULL;
}

/* Counts a list into next[sender], which is the number expected from each, and frees it. */
static int
check_order(struct mail *mail, int next[SENDERS])
{
	for (const struct mail *at = mail; at != NULL; at = at->next) {
		assert_int_equal(note_of(at)->number, next[note_of(at)->sender]);
		next[note_of(at)->sender]++;
	}
	return free_all(mail);
}

static int
receive(struct mailbox *m, int enough)
{
	int next[SENDERS] = {0};
	int got = 0;

	while (got < enough) {
		struct pollfd p = {.fd = mailbox_fd(m), .events = POLLIN};

		assert_int_equal(poll(&p, 1, 60000), 1);
		got += check_order(mailbox_take(m), next);
	}
	return got;
}

static void
exchange(int enough)
{
	struct mailbox *m = mailbox_for_test();
	struct sender senders[SENDERS];
	pthread_t threads[SENDERS];
	int accepted = 0;
	int got;

	for (int i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){.mailbox = mailbox_ref(m), .id = i};
		assert_int_equal(pthread_create(&threads[i], NULL, send_letters, &senders[i]), 0);
	}
	got = receive(m, enough);
	mailbox_close(m);
	mailbox_unref(m);
	for (int i = 0; i < SENDERS; i++) {
		pthread_join(threads[i], NULL);
		accepted += senders[i].accepted;
	}
	assert_int_equal(got + atomic_load(&discarded), accepted);
}

static void
no_message_is_lost_between_threads(void **state)
{
	(void)state;
	exchange(SENDERS * LETTERS);
	assert_int_equal(atomic_load(&discarded), 0);
}

static void
every_accepted_message_is_read_or_discarded_when_closing_meets_posting(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		exchange(1 + i * 50);
}

static void
live_and_die(void *arg)
{
	struct mailbox *m = NULL;
	struct err err = {0};
	int r = mailbox_new(&m, &err);

	(void)arg;
	assert_int_equal(r, err.code);
	assert_int_equal(r < 0, m == NULL);
	assert_true(r == 0 || torture_struck());
	for (int i = 0; m != NULL && i < 3; i++) {
		struct mail *mail = note_new(0, i);

		if (mail != NULL)
			assert_int_equal(mailbox_post(m, &mail), 0);
		if (i == 0)
			free_all(mailbox_take(m));
	}
	mailbox_unref(m);
}

static void
without_memory_or_descriptors_it_fails_cleanly(void **state)
{
	(void)state;
	assert_true(torture(live_and_die, NULL) >= 10);
}

static void
the_failure_says_what_was_refused(void **state)
{
	struct mailbox *m = NULL;
	struct err err = {0};

	(void)state;
	torture_refuse("calloc", 1);
	assert_int_equal(mailbox_new(&m, &err), ERR_MEMORY);
	torture_refuse("eventfd", 1);
	assert_int_equal(mailbox_new(&m, &err), ERR_SYSTEM);
	assert_string_equal(err.text, "eventfd for a mailbox: Too many open files");
	assert_null(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_mailbox_is_empty),
		cmocka_unit_test(its_descriptor_neither_blocks_nor_reaches_other_programs),
		cmocka_unit_test(posting_moves_the_message_and_makes_the_descriptor_readable),
		cmocka_unit_test(all_messages_are_taken_in_the_order_of_posting),
		cmocka_unit_test(taking_makes_the_descriptor_unreadable),
		cmocka_unit_test(an_event_loop_may_have_read_the_descriptor_itself),
		cmocka_unit_test(posting_to_a_closed_one_says_gone_and_keeps_the_message),
		cmocka_unit_test(closing_discards_what_was_not_taken),
		cmocka_unit_test(a_message_without_discard_is_left_alone),
		cmocka_unit_test(closing_leaves_the_descriptor_to_the_last_reference),
		cmocka_unit_test(the_last_reference_discards_and_closes),
		cmocka_unit_test(no_message_is_lost_between_threads),
		cmocka_unit_test(every_accepted_message_is_read_or_discarded_when_closing_meets_posting),
		cmocka_unit_test(without_memory_or_descriptors_it_fails_cleanly),
		cmocka_unit_test(the_failure_says_what_was_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
