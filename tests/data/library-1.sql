-- SPDX-License-Identifier: AGPL-3.0-or-later
-- A library of schema version 1, by that version's own statements: one finished document of two
-- pages, with records in the form of then, and one whose job had not come to its pages.
PRAGMA page_size=4096;
PRAGMA auto_vacuum=INCREMENTAL;
BEGIN;
CREATE TABLE documents( row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, format TEXT NOT NULL, size_bytes INTEGER NOT NULL, page_count INTEGER NOT NULL, encrypted INTEGER NOT NULL, repaired INTEGER NOT NULL, warnings TEXT, status TEXT NOT NULL DEFAULT 'incomplete', pages_failed INTEGER NOT NULL DEFAULT 0, chars INTEGER NOT NULL DEFAULT 0, words INTEGER NOT NULL DEFAULT 0, updated_ms INTEGER NOT NULL) STRICT;
CREATE TABLE document_metadata( document INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(document, key)) STRICT, WITHOUT ROWID;
CREATE TABLE outline( document INTEGER NOT NULL, ordinal INTEGER NOT NULL, depth INTEGER NOT NULL, page INTEGER NOT NULL, title TEXT NOT NULL, PRIMARY KEY(document, ordinal)) STRICT, WITHOUT ROWID;
CREATE TABLE job_documents( job TEXT NOT NULL PRIMARY KEY, document INTEGER NOT NULL, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX job_documents_document ON job_documents(document, job);
CREATE TABLE pages( row INTEGER PRIMARY KEY, document INTEGER NOT NULL GENERATED ALWAYS AS (row >> 32) VIRTUAL, number INTEGER NOT NULL GENERATED ALWAYS AS (row & 4294967295) VIRTUAL, id TEXT NOT NULL, label TEXT, width_pt REAL, height_pt REAL, rotation_deg INTEGER, source TEXT, ocr_reason TEXT, glyphs INTEGER NOT NULL DEFAULT 0, garbled INTEGER NOT NULL DEFAULT 0, hidden INTEGER NOT NULL DEFAULT 0, images INTEGER NOT NULL DEFAULT 0, image_cover REAL NOT NULL DEFAULT 0, chars INTEGER NOT NULL DEFAULT 0, words INTEGER NOT NULL DEFAULT 0, failure_code TEXT, failure_text TEXT, warnings TEXT, text TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE page_records(row INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT;
CREATE TABLE page_marks( document INTEGER NOT NULL, page INTEGER NOT NULL, kind INTEGER NOT NULL, class INTEGER NOT NULL, key INTEGER NOT NULL, weight INTEGER NOT NULL, PRIMARY KEY(document, page, kind, class, key)) STRICT, WITHOUT ROWID;
CREATE TABLE text_styles( document INTEGER NOT NULL, size_pt REAL NOT NULL, bold INTEGER NOT NULL, level INTEGER NOT NULL, PRIMARY KEY(document, size_pt, bold)) STRICT, WITHOUT ROWID;
CREATE TABLE furniture( document INTEGER NOT NULL, margin INTEGER NOT NULL, key INTEGER NOT NULL, pages INTEGER NOT NULL, PRIMARY KEY(document, margin, key)) STRICT, WITHOUT ROWID;
CREATE VIEW indexed_texts AS SELECT row, text FROM pages WHERE text<>'';
CREATE VIRTUAL TABLE pages_fts USING fts5( text, content='indexed_texts', content_rowid='row', tokenize='unicode61 remove_diacritics 2');
INSERT INTO pages_fts(pages_fts, rank) VALUES('automerge', 8);

INSERT INTO documents VALUES(1, '10b2abd0-58d0-5000-adf5-9a7ce868d00b', '67abdd721024f0ff4e0b3f4c2fc13bc5bad42d0b7851d456d88d203d15aaa450',
 'PDF 1.7', 12345, 2, 0, 0, NULL, 'complete', 0, 34, 6, 1700000000000);
INSERT INTO documents VALUES(2, '6b1e2f0a-0000-5000-8000-000000000002',
 '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752',
 'PDF 1.4', 99, 3, 0, 0, NULL, 'incomplete', 0, 0, 0, 1700000000001);
INSERT INTO job_documents VALUES('01890000-0000-7000-8000-000000000001', 1, 'old.pdf');
INSERT INTO job_documents VALUES('01890000-0000-7000-8000-000000000002', 2, 'new.pdf');
INSERT INTO pages(row, id, width_pt, height_pt, rotation_deg, source, chars, words, text) VALUES
 (4294967297, '6b1e2f0a-0000-5000-8000-000000000011', 595, 842, 0, 'native', 17, 3, 'Walnut
veneer

oiled

'),
 (4294967298, '6b1e2f0a-0000-5000-8000-000000000012', 595, 842, 0, 'native', 17, 3, 'Solid oak, waxed

');
INSERT INTO page_records VALUES(4294967297, x'dc001501'), (4294967298, x'dc001501');
INSERT INTO pages_fts(rowid, text) SELECT row, text FROM pages;
INSERT INTO page_marks VALUES(1, 1, 0, 40, 0, 17), (1, 2, 0, 40, 0, 17);
INSERT INTO text_styles VALUES(1, 10.0, 0, 0);
PRAGMA application_id=1700946481;
PRAGMA user_version=1;
COMMIT;
