-- Format 5. No table changes: stores may keep vectors in 8 bits a number (format 2 of the stores),
-- and large segments hold codes and read their vectors from the stores. An older Longbox would take
-- such a segment for a damaged one, so the number says that it must not open the library.

-- Every merge asks whether an encoder gave vectors of another length before, and every change what
-- spaces there are: both are answered by this index alone, without the rows of 40,000 books.
CREATE INDEX IF NOT EXISTS book_spaces_by_space
  ON book_spaces (space, fingerprint, dimension, model, n_vectors);
