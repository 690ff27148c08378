-- SPDX-License-Identifier: AGPL-3.0-or-later
-- A library of schema version 2, by that version's own statements: one finished document of two
-- pages with a heading, an image and a table, and one whose job has come to its first page of three.
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
ALTER TABLE pages ADD COLUMN confidence REAL NOT NULL DEFAULT 0;
ALTER TABLE pages ADD COLUMN ocr_languages TEXT;
ALTER TABLE pages ADD COLUMN ocr_dpi INTEGER NOT NULL DEFAULT 0;
CREATE TABLE images( document INTEGER NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, format TEXT NOT NULL, color_space TEXT NOT NULL, width_px INTEGER NOT NULL, height_px INTEGER NOT NULL, bits INTEGER NOT NULL, masked INTEGER NOT NULL, file_bytes INTEGER NOT NULL, sharpness REAL NOT NULL, contrast REAL NOT NULL, brightness REAL NOT NULL, noise REAL NOT NULL, quality REAL NOT NULL, perceptual_hash INTEGER NOT NULL, role TEXT NOT NULL, repeated INTEGER NOT NULL DEFAULT 0, pages INTEGER NOT NULL DEFAULT 0, caption TEXT, PRIMARY KEY(document, key)) STRICT, WITHOUT ROWID;
CREATE TABLE image_placements( document INTEGER NOT NULL, page INTEGER NOT NULL, ordinal INTEGER NOT NULL, key TEXT NOT NULL, role TEXT NOT NULL, x0 REAL NOT NULL, y0 REAL NOT NULL, x1 REAL NOT NULL, y1 REAL NOT NULL, dpi REAL NOT NULL, angle_deg INTEGER NOT NULL, caption TEXT, PRIMARY KEY(document, page, ordinal)) STRICT, WITHOUT ROWID;
CREATE INDEX image_placements_key ON image_placements(document, key, page, ordinal);
CREATE TABLE tables( document INTEGER NOT NULL, ordinal INTEGER NOT NULL, id TEXT NOT NULL, first_page INTEGER NOT NULL, last_page INTEGER NOT NULL, rows INTEGER NOT NULL, columns INTEGER NOT NULL, header_rows INTEGER NOT NULL, ruled INTEGER NOT NULL, spans INTEGER NOT NULL, caption TEXT, PRIMARY KEY(document, ordinal)) STRICT, WITHOUT ROWID;
CREATE TABLE table_parts( document INTEGER NOT NULL, page INTEGER NOT NULL, block INTEGER NOT NULL, rows INTEGER NOT NULL, columns INTEGER NOT NULL, header_rows INTEGER NOT NULL, ruled INTEGER NOT NULL, spans INTEGER NOT NULL, at_top INTEGER NOT NULL, at_bottom INTEGER NOT NULL, x0 REAL NOT NULL, y0 REAL NOT NULL, x1 REAL NOT NULL, y1 REAL NOT NULL, head_key INTEGER NOT NULL, first_row_key INTEGER NOT NULL, caption TEXT, ordinal INTEGER NOT NULL DEFAULT 0, first_row INTEGER NOT NULL DEFAULT 0, skipped_rows INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(document, page, block)) STRICT, WITHOUT ROWID;

INSERT INTO documents VALUES
 (1, '10b2abd0-58d0-5000-adf5-9a7ce868d00b', '67abdd721024f0ff4e0b3f4c2fc13bc5bad42d0b7851d456d88d203d15aaa450', 'PDF 1.7', 12345, 2, 0, 0, NULL, 'complete', 0, 115, 22, 1700000000000),
 (2, '06cbba33-6bef-52cf-aaae-3b72a677bddb', '26b25d457597a7b0463f9620f666dd10aa2c4373a505967c7c8d70922a2d6ece', 'PDF 1.7', 12345, 3, 0, 0, NULL, 'incomplete', 0, 0, 0, 1700000000001);
INSERT INTO document_metadata VALUES
 (1, 'author', 'An Author'),
 (1, 'title', 'A Title'),
 (2, 'author', 'An Author'),
 (2, 'title', 'A Title');
INSERT INTO outline VALUES
 (1, 0, 0, 1, 'First'),
 (1, 1, 1, 2, 'Last'),
 (1, 2, 0, 0, 'Nowhere'),
 (2, 0, 0, 1, 'First'),
 (2, 1, 1, 3, 'Last'),
 (2, 2, 0, 0, 'Nowhere');
INSERT INTO job_documents VALUES
 ('01890000-0000-7000-8000-000000000001', 1, 'file-1.pdf'),
 ('01890000-0000-7000-8000-000000000002', 2, 'file-2.pdf');
INSERT INTO pages(row, id, label, width_pt, height_pt, rotation_deg, source, ocr_reason, glyphs, garbled, hidden, images, image_cover, chars, words, failure_code, failure_text, warnings, text, confidence, ocr_languages, ocr_dpi) VALUES
 (4294967297, '1efbe6b4-8d9c-549d-82cd-c2f1e5bcd859', NULL, 595.32, 841.92, 0, 'native', NULL, 94, 0, 0, 1, 0.0, 94, 18, NULL, NULL, NULL, 'Walnut veneer

It is oiled and "matt", of all woods the one that most people ask for.

plate

', 0.0, NULL, 0),
 (4294967298, '3df5d103-2b15-52ec-9296-773474ba3988', NULL, 595.32, 841.92, 0, 'native', NULL, 21, 0, 0, 0, 0.0, 21, 4, NULL, NULL, NULL, 'Solid oak, waxed

t

', 0.0, NULL, 0),
 (8589934593, 'f7634d39-68fc-5e10-86ae-99ac79b53473', NULL, 595.32, 841.92, 0, 'native', NULL, 18, 0, 0, 0, 0.0, 18, 4, NULL, NULL, NULL, 'Ash, as it grows

', 0.0, NULL, 0);
INSERT INTO page_records VALUES
 (4294967297, x'dc00180201c0cde88cce000148e000a66e6174697665c0c0c05e000001ca0000000000c0000090d95e57616c6e75742076656e6565720a0a4974206973206f696c656420616e6420226d617474222c206f6620616c6c20776f6f647320746865206f6e652074686174206d6f73742070656f706c652061736b20666f722e0a0a706c6174650a0a9192a553657269660091dc001600d9206161616161616161616161616161616161616161616161616161616161616161a3706e67a3726762cd0280cd01e008c2cd10e100000000cd1d4ccffedcba9876543210cd1c20cd3b60cd25e4cd3f48cd3a9800a74120706c617465939b010000cd1c20cd1c20cd49d4cd23280000c09197cd1c20cd1c20cd49d4cd23280000919acd1c20cd1c20cd49d4cd23280001cd07080000ad57616c6e75742076656e6565729b000000cd1c20cd2bc0cda4d8cd2fa80000c09197cd1c20cd2bc0cda4d8cd2fa80000919acd1c20cd2bc0cda4d8cd2fa80000cd03e80000d9464974206973206f696c656420616e6420226d617474222c206f6620616c6c20776f6f647320746865206f6e652074686174206d6f73742070656f706c652061736b20666f722e9b050000cd1c20cd3b60cd25e4cd3f4800000090'),
 (4294967298, x'dc00180202c0cde88cce000148e000a66e6174697665c0c0c015000000ca0000000000c0000090b5536f6c6964206f616b2c2077617865640a0a740a0a9192a553657269660090929b000000cd1c20cd1c20cd3b60cd20080000c09197cd1c20cd1c20cd3b60cd20080000919acd1c20cd1c20cd3b60cd20080000cd03e80000b0536f6c6964206f616b2c2077617865649b040000cd1c20cd2bc0cd1e14cd2fa80000940202c3949a00000101c3cd1c20cd2bc0cd2fa8cd2fa8a4576f6f649a00010101c3cd2fa8cd2bc0cd4330cd2fa8a550726963659a01000101c2cd1c20cd2bc0cd2fa8cd2fa8a34f616b9a01010101c2cd2fa8cd2bc0cd4330cd2fa8a231329197cd1c20cd2bc0cd1e14cd2fa80000919acd1c20cd2bc0cd1e14cd2fa80000cd03e80000a174'),
 (8589934593, x'dc00180201c0cde88cce000148e000a66e6174697665c0c0c012000000ca0000000000c0000090b24173682c2061732069742067726f77730a0a9192a553657269660090919b000000cd1c20cd1c20cd3b60cd20080000c09197cd1c20cd1c20cd3b60cd20080000919acd1c20cd1c20cd3b60cd20080000cd03e80000b04173682c2061732069742067726f7773');
INSERT INTO page_marks VALUES
 (1, 1, 0, 40, 0, 70),
 (1, 1, 0, 73, 0, 13),
 (1, 1, 1, 73, 0, 13),
 (1, 1, 3, 40, 0, 70),
 (1, 2, 0, 40, 0, 17),
 (1, 2, 3, 40, 0, 16),
 (2, 1, 0, 40, 0, 16),
 (2, 1, 3, 40, 0, 16);
INSERT INTO text_styles VALUES
 (1, 10.0, 0, 0),
 (1, 18.0, 1, 1);
INSERT INTO images VALUES
 (1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '757d0a28-e4c6-51e5-80f7-af6d2d7a5e2e', 'png', 'rgb', 640, 480, 8, 0, 4321, 0.0, 0.0, 0.0, 0.0, 0.75, -81985529216486896, 'content', 0, 1, 'A plate');
INSERT INTO image_placements VALUES
 (1, 1, 0, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'content', 72.0, 152.0, 97.0, 162.0, 150.0, 0, 'A plate');
INSERT INTO tables VALUES
 (1, 1, '6ed42a8e-ea4b-56eb-9ede-9d68b3d5013b', 2, 2, 2, 2, 1, 1, 0, NULL);
INSERT INTO table_parts VALUES
 (1, 2, 1, 2, 2, 1, 1, 0, 0, 1, 72.0, 112.0, 77.0, 122.0, 623078702864625375, 623078702864625375, NULL, 1, 0, 0);
INSERT INTO pages_fts(rowid, text) SELECT row, text FROM pages;
PRAGMA application_id=1700946481;
PRAGMA user_version=2;
COMMIT;
