/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * SQL of the library (statement.h): vectors and their sets. A vector's row is its set's shifted
 * left by 40, plus its slot.
 */
#ifndef EBB_WORKERS_LIBRARY_SQL_VECTORS_H
#define EBB_WORKERS_LIBRARY_SQL_VECTORS_H

/* X(SYMBOL, "sql") */
#define SQL_VECTORS(X)                                                                             \
    X(SET_FIND, "SELECT id, generation, slots, live FROM vector_sets"                              \
                " WHERE kind=?1 AND model=?2 AND dimensions=?3")                                   \
    X(SET_PUT, "INSERT INTO vector_sets(kind, model, dimensions) VALUES(?1, ?2, ?3)"               \
               " RETURNING id, generation, slots, live")                                           \
    X(SET_GET, "SELECT kind, dimensions, generation, slots, live FROM vector_sets WHERE id=?1")    \
    X(SET_COUNTS, "UPDATE vector_sets SET slots=?2, live=?3 WHERE id=?1")                          \
    X(VECTOR_PUT, "INSERT INTO vectors VALUES(?1, ?2, ?3)")                                        \
    X(VECTOR_GET, "SELECT row, vector FROM vectors WHERE target=?1 AND row >> 40=?2")              \
    X(VECTOR_DELETE, "DELETE FROM vectors WHERE row=?1")                                           \
    X(VECTORS_OF_TARGETS, "SELECT v.row FROM vectors v JOIN vector_sets s ON s.id=v.row >> 40"     \
                          " WHERE v.target BETWEEN ?1 AND ?2 AND s.kind=?3")                       \
    X(VECTORS_COUNT, "SELECT count(DISTINCT v.target) FROM vectors v"                              \
                     " JOIN vector_sets s ON s.id=v.row >> 40"                                     \
                     " WHERE v.target BETWEEN ?1 << 32 AND (?1 << 32) + 4294967295"                \
                     " AND s.kind=?2")                                                             \
    X(VECTORS_DIGEST, "SELECT v.target & 4294967295 AS target, s.kind, s.model, s.dimensions,"     \
                      " v.vector FROM vectors v JOIN vector_sets s ON s.id=v.row >> 40"            \
                      " WHERE v.target BETWEEN ?1 << 32 AND (?1 << 32) + 4294967295"               \
                      " ORDER BY target, s.kind, s.model, s.dimensions")

#endif
