-- Format 1. Everything here but `files` and `corrections` is derived from books/.
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
-- generation: raised by every change; next_row: the next free panel row, never given twice.
INSERT INTO meta VALUES ('generation', 0), ('next_row', 0);

CREATE TABLE books (
  book_row INTEGER PRIMARY KEY AUTOINCREMENT,
  book_id TEXT NOT NULL UNIQUE,
  recipe TEXT NOT NULL,
  store_sha256 TEXT NOT NULL,
  title TEXT NOT NULL,
  title_folded TEXT NOT NULL,
  series TEXT,
  series_folded TEXT NOT NULL,
  year INTEGER,
  language TEXT,
  direction TEXT NOT NULL,
  book_json TEXT NOT NULL,            -- Book without pages and problems
  n_pages INTEGER NOT NULL,
  first_row INTEGER NOT NULL,         -- panel rows of a book are one block
  n_panels INTEGER NOT NULL,
  n_texts INTEGER NOT NULL,           -- panels that have lettering
  text_characters BLOB NOT NULL,      -- uint16 little endian, one a panel
  is_missing INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE files (
  path NOT NULL PRIMARY KEY,          -- TEXT; BLOB where the name is not UTF-8
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  n_files INTEGER NOT NULL,
  book_id TEXT REFERENCES books (book_id) DEFERRABLE INITIALLY DEFERRED,
  recipe TEXT,
  is_failed INTEGER NOT NULL DEFAULT 0,
  is_missing INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX files_of_book ON files (book_id);

CREATE TABLE problems (
  problem_id INTEGER PRIMARY KEY,
  book_id TEXT REFERENCES books (book_id) ON DELETE CASCADE,
  file REFERENCES files (path) ON DELETE CASCADE ON UPDATE CASCADE,
  page INTEGER,
  stage TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX problems_of_book ON problems (book_id);
CREATE INDEX problems_of_file ON problems (file);

CREATE TABLE pages (
  page_row INTEGER PRIMARY KEY,
  book_row INTEGER NOT NULL REFERENCES books (book_row) ON DELETE CASCADE,
  page_index INTEGER NOT NULL,
  digest TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  page_type TEXT NOT NULL,
  label_confidence REAL NOT NULL,
  label_source TEXT NOT NULL,
  picture_hash TEXT,
  is_spread INTEGER NOT NULL,
  first_row INTEGER NOT NULL,
  n_panels INTEGER NOT NULL,
  UNIQUE (book_row, page_index)
);
CREATE INDEX pages_by_type ON pages (page_type, first_row, n_panels);

-- No foreign key: a book's panels are deleted as one range of rows.
CREATE TABLE panels (
  row INTEGER PRIMARY KEY,
  page_row INTEGER NOT NULL,
  panel_order INTEGER NOT NULL,
  x0 REAL NOT NULL, y0 REAL NOT NULL, x1 REAL NOT NULL, y1 REAL NOT NULL,
  confidence REAL NOT NULL,
  source TEXT NOT NULL
);

CREATE TABLE panel_text (
  row INTEGER PRIMARY KEY,
  text TEXT NOT NULL,                 -- the panel's own lettering, one region a line
  folded TEXT NOT NULL                -- what is searched; see docs/library-format.md
);
CREATE VIRTUAL TABLE words USING fts5 (
  folded, content = 'panel_text', content_rowid = 'row', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE word_counts USING fts5vocab ('words', 'row');
CREATE VIRTUAL TABLE substrings USING fts5 (
  folded, content = 'panel_text', content_rowid = 'row', tokenize = 'trigram', detail = none
);
CREATE VIRTUAL TABLE trigram_counts USING fts5vocab ('substrings', 'row');

CREATE TABLE book_spaces (
  book_row INTEGER NOT NULL REFERENCES books (book_row) ON DELETE CASCADE,
  space TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  dimension INTEGER NOT NULL,
  n_vectors INTEGER NOT NULL,
  PRIMARY KEY (book_row, space, fingerprint)
) WITHOUT ROWID;

CREATE TABLE segments (
  segment_id INTEGER PRIMARY KEY AUTOINCREMENT,
  space TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  dimension INTEGER NOT NULL,
  folder TEXT NOT NULL UNIQUE,
  n_vectors INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL
);
CREATE TABLE segment_books (
  segment_id INTEGER NOT NULL REFERENCES segments (segment_id) ON DELETE CASCADE,
  book_row INTEGER NOT NULL,
  PRIMARY KEY (segment_id, book_row)
) WITHOUT ROWID;
CREATE INDEX segment_books_by_book ON segment_books (book_row);

CREATE TABLE corrections (
  correction_id INTEGER PRIMARY KEY,
  book_id TEXT NOT NULL,
  page_index INTEGER,
  panel_order INTEGER,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  made_at TEXT NOT NULL
);
CREATE INDEX corrections_of_book ON corrections (book_id);
