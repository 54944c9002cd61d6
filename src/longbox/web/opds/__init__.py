"""An OPDS catalogue: the library and its saved searches, as readers of comics open them.

OPDS 1.2 (Atom) with page streaming (OPDS-PSE 1.1) and OpenSearch; OPDS 2.0 (JSON) says the same.
A feed is made once (`feeds`) and written in either form.
"""
