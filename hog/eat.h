/* SPDX-License-Identifier: MIT */
/*
 * The eater: the process that is killed. What it has done so far it tells through memory that it
 * shares with its supervisor, so that the supervisor knows after a SIGKILL.
 */
#ifndef HOG_EAT_H
#define HOG_EAT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#include "groupies/error.h"
#include "hog_chain.h"
#include "hog_order.h"
#include "hog_progress.h"

/* What ended by a signal before it was told to. */
struct loss {
	uint64_t count;
	uint64_t busy_us; /* of cpu, used by the last of them */
	int signal;       /* that the last of them got */
};

struct told {
	_Atomic uint64_t eaten_bytes;
	_Atomic uint64_t tasks;   /* started */
	_Atomic uint64_t burners; /* started */
	struct loss tasks_lost;
	struct loss burners_lost;
	int tasks_refused; /* errno of the fork that failed */
	uint64_t write_ns;
	uint64_t read_ns;
	uint64_t busy_us; /* of cpu, used by the burners */
	uint64_t burn_us; /* of time that passed meanwhile */
	bool bar_is_open;
	bool is_full; /* FULL is a sample of when everything was eaten, or a burner refused */
	struct sample full;
	struct error err; /* why it gave up; code 0: it did not */
	pid_t pids[];     /* of the tasks, then of the burners */
};

/* Eats what was ordered. Returns 0, or -1 with the reason in TOLD. Called in the eater only. */
int eat(const struct order *order, const struct chains *chains, struct progress *progress,
	struct told *told);

/* Memory: writes and reads SIZE. It stays until the process ends. */
int eat_memory(const struct order *order, struct progress *progress, struct told *told,
	       struct error *err);

/* Tasks: starts them; they stay until tasks_end. A refusal is told. */
void eat_tasks(const struct order *order, struct told *told);
void tasks_end(struct told *told);

/* Cpu: keeps them busy as long as was ordered. A refusal is told, and FULL is of its moment. */
void eat_cpu(const struct order *order, const struct chains *chains, struct told *told);

/* Writes how much of the CPUS was used: "0.50 of 2 cpus". Returns TEXT. */
const char *cpu_print(const struct told *told, uint64_t cpus, char *text, size_t size);

/* Sleeps MS milliseconds, whatever interrupts it. */
void sleep_ms(uint64_t ms);

/*
 * Makes this process end when its parent PARENT does, also when that has happened already.
 * Everything that hog starts calls it first.
 */
void die_with(int parent);

#endif
