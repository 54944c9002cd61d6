-- Format 4. What statistics ask of every page, one array a book.
-- NULL: merged by an older format, or made by a Longbox that did not measure it.
ALTER TABLE books ADD COLUMN text_kinds BLOB;   -- uint16 little endian (panels, kinds of text)
ALTER TABLE books ADD COLUMN page_looks BLOB;   -- float16 little endian (pages, 14); NaN: not seen
