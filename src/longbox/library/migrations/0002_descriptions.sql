-- Format 2. Descriptions apart from lettering, page flags, how sure the lettering was read.
-- One byte a panel: 254 times its lettering's confidence, 255 where there is none to speak of.
-- NULL: merged by format 1, not known until the book is merged again.
ALTER TABLE books ADD COLUMN text_confidence BLOB;
ALTER TABLE books ADD COLUMN n_described INTEGER NOT NULL DEFAULT 0;  -- panels with a description
ALTER TABLE books ADD COLUMN description_sha256 TEXT;                 -- of the merged store
ALTER TABLE books ADD COLUMN description_stamp TEXT;                  -- its size and time of change

CREATE TABLE page_flags (
  page_row INTEGER NOT NULL REFERENCES pages (page_row) ON DELETE CASCADE,
  flag TEXT NOT NULL,
  PRIMARY KEY (page_row, flag)
) WITHOUT ROWID;
CREATE INDEX page_flags_by_flag ON page_flags (flag, page_row);

-- Every page of the merged description store.
CREATE TABLE page_descriptions (
  book_row INTEGER NOT NULL REFERENCES books (book_row) ON DELETE CASCADE,
  page_index INTEGER NOT NULL,
  state TEXT NOT NULL,
  is_done INTEGER NOT NULL,           -- clean or repaired
  is_fitting INTEGER NOT NULL,        -- the page has the panels that were described
  store_row INTEGER NOT NULL,         -- of its first panel in the description store
  model TEXT NOT NULL,
  made_at TEXT NOT NULL,
  summary TEXT NOT NULL,
  PRIMARY KEY (book_row, page_index)
) WITHOUT ROWID;

-- Descriptions that are done and fitting, as `panel_text` and its indexes are for lettering.
CREATE TABLE panel_descriptions (
  row INTEGER PRIMARY KEY,
  text TEXT NOT NULL,
  folded TEXT NOT NULL
);
CREATE VIRTUAL TABLE description_words USING fts5 (
  folded, content = 'panel_descriptions', content_rowid = 'row',
  tokenize = 'unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE description_word_counts USING fts5vocab ('description_words', 'row');
CREATE VIRTUAL TABLE description_substrings USING fts5 (
  folded, content = 'panel_descriptions', content_rowid = 'row', tokenize = 'trigram',
  detail = none
);
CREATE VIRTUAL TABLE description_trigram_counts USING fts5vocab ('description_substrings', 'row');
