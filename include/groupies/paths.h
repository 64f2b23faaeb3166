/* SPDX-License-Identifier: MIT */
/* Where things are: the one place that knows. All of it belongs to root. */
#ifndef GROUPIES_PATHS_H
#define GROUPIES_PATHS_H

/* What the administrator writes: one NAME.conf for each playground. */
#define GROUPIES_CONFIG_DIR "/etc/groupies"

/* What `groupies-setup apply` derives from it: the only things that a login reads. */
#define GROUPIES_STATE_DIR        "/var/lib/groupies"
#define GROUPIES_REGISTRY_UID_DIR GROUPIES_STATE_DIR "/registry/uid"
#define GROUPIES_REGISTRY_GID_DIR GROUPIES_STATE_DIR "/registry/gid"
/* What logins have learned, and where an entry is found by a user's name (known.h). */
#define GROUPIES_KNOWN_DIR      GROUPIES_STATE_DIR "/registry/known"
#define GROUPIES_KNOWN_NAME_DIR GROUPIES_STATE_DIR "/registry/name"
#define GROUPIES_APPLIED_DIR    GROUPIES_STATE_DIR "/applied"
#define GROUPIES_JOURNAL_DIR    GROUPIES_STATE_DIR "/journal"

/* What holds until the next boot: stamps and the lock under which they are made. */
#define GROUPIES_RUN_DIR "/run/groupies"

/* The helper that the PAM module starts for anything heavier than a write. */
#ifndef GROUPIES_LIBEXEC_DIR
#define GROUPIES_LIBEXEC_DIR "/usr/libexec/groupies"
#endif
#define GROUPIES_PLACE GROUPIES_LIBEXEC_DIR "/groupies-place"

/* What the experiments of `prove` are made with. */
#ifndef GROUPIES_BIN_DIR
#define GROUPIES_BIN_DIR "/usr/bin"
#endif
#define GROUPIES_HOG GROUPIES_BIN_DIR "/hog"

#endif
