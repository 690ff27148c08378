/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SQL of the library (statement.h): its own care.
 */
#ifndef EBB_WORKERS_LIBRARY_SQL_CARE_H
#define EBB_WORKERS_LIBRARY_SQL_CARE_H

/* X(SYMBOL, "sql") */
#define SQL_CARE(X)                                                                                \
    X(UPKEEP_GET, "SELECT value FROM upkeep WHERE name=?1")                                        \
    X(UPKEEP_PUT, "INSERT OR REPLACE INTO upkeep VALUES(?1, ?2)")                                  \
    X(SET_NEXT, "SELECT id FROM vector_sets WHERE id>?1 ORDER BY id LIMIT 1")                      \
    X(SET_SWITCH, "UPDATE vector_sets SET generation=?2, slots=?3, live=?4 WHERE id=?1")           \
    X(SET_ROWS,                                                                                    \
      "SELECT row, target, vector FROM vectors WHERE row BETWEEN ?1 AND ?2 ORDER BY row")          \
    X(SET_SLOTS, "SELECT row FROM vectors INDEXED BY vectors_target WHERE row >> 40=?1")           \
    X(VECTOR_MOVE, "UPDATE vectors SET row=?2 WHERE row=?1")

#endif
