"""Write every document of tests/corpus: `python tests/corpus_tools/make_corpus.py [FOLDER]`.

The folder's files are committed; run this only after changing a document, and read the list that
`check_corpus.py FOLDER` prints afterwards.
"""

from __future__ import annotations

import sys
from pathlib import Path

import corpus_bad
import corpus_chinese
import corpus_releases
import corpus_tables
import corpus_templates
from corpus_writing import Corpus

MODULES = (corpus_releases, corpus_tables, corpus_templates, corpus_chinese, corpus_bad)


def main(folder: Path) -> None:
    """Write all documents, their expected files and the manifest into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus = Corpus(folder)
    for module in MODULES:
        for name in ("first", "second", "third"):
            if hasattr(module, name):
                getattr(module, name)(corpus)
    corpus.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "corpus")
