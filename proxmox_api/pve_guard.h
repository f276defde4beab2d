/* SPDX-License-Identifier: MIT */
/*
 * pve_guard - whom the gateway may call (allowed_hosts), pure.
 *
 * Whoever can make links chooses the host, so that without a guard they could make
 * the gateway knock at any door it can see: a cloud's metadata service, say. A name
 * says nothing about where it leads; what counts is each address that it resolves
 * to, at the moment of the connection.
 *
 * Without entries everything may be called but what the table in pve_guard.c
 * forbids: link-local, multicast, unspecified, broadcast and metadata addresses,
 * also where one is embedded in an IPv6 address. With entries a target must fit one
 * of them, by its name or by the address; and what the table forbids stays forbidden
 * unless an entry names that very address, or a network no wider than the table's row.
 *
 * Threads: a guard never changes; any.
 */
#ifndef PROXMOX_API_PVE_GUARD_H
#define PROXMOX_API_PVE_GUARD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"

struct pve_guard; /* opaque, see pve_guard.c */

/*
 * Entries: "pve.example", "*.example" (any number of labels in front, not example
 * itself), "192.0.2.5", "10.0.0.0/8", "2001:db8::/32", each with ":8006" for that port
 * alone, then IPv6 in brackets: "[2001:db8::/32]:8006". Returns 0, ERR_INVALID with
 * what is wrong about the first bad one, or ERR_MEMORY.
 */
int pve_guard_new(const char *const *entries, size_t count, struct pve_guard **out, struct err *err)
	__attribute__((warn_unused_result));
void pve_guard_free(struct pve_guard *guard);

/*
 * What can be said before anything is resolved; host is as pve_parse_host() leaves it.
 * Returns 0, or ERR_FORBIDDEN: an address that is not allowed, or a name that no entry fits
 * while none is about addresses.
 */
int pve_guard_host(const struct pve_guard *guard, const char *host, uint16_t port, struct err *err)
	__attribute__((warn_unused_result));

/* May this address of host be connected to? 0 or ERR_FORBIDDEN, with address and rule. */
int pve_guard_ip(const struct pve_guard *guard, const char *host, uint16_t port,
	const struct ip *ip, struct err *err) __attribute__((warn_unused_result));

#endif
