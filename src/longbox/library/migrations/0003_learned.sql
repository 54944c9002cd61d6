-- Format 3. Vectors that trained models made, apart from those of encoders.
-- The model whose store holds these vectors; NULL where an encoder made them.
ALTER TABLE book_spaces ADD COLUMN model TEXT;

-- Every model that made vectors of a book; one of them answers searches (vectors/answering.json).
CREATE TABLE models (
  model TEXT PRIMARY KEY,             -- its folder under vectors/
  fused TEXT NOT NULL,                -- fingerprints of its two spaces
  contextual TEXT NOT NULL,
  dimension INTEGER NOT NULL,
  is_answering INTEGER NOT NULL
) WITHOUT ROWID;

-- The learned stores that were looked at.
CREATE TABLE book_models (
  book_row INTEGER NOT NULL REFERENCES books (book_row) ON DELETE CASCADE,
  model TEXT NOT NULL,
  learned_sha256 TEXT NOT NULL,
  learned_stamp TEXT NOT NULL,        -- its size and time of change
  description_sha256 TEXT,            -- of the descriptions it was made from
  is_fitting INTEGER NOT NULL,        -- made from the merged store of the book
  PRIMARY KEY (book_row, model)
) WITHOUT ROWID;
CREATE INDEX book_models_by_model ON book_models (model, book_row);
