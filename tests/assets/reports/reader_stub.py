"""Stands in for extraction in the pool's tests: what a document's text says decides how the stub behaves."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from assets.reports.candidates import Candidate, Extraction
from assets.reports.document import Block, Document


def extract(document: Document, layouts: Any) -> Extraction:
    """One candidate that quotes the first block; or trouble, where the text asks for it."""
    text = " ".join(part.text for part in document.parts if isinstance(part, Block))
    if "please sleep" in text:
        time.sleep(600)
    if "please spin" in text:
        while True:
            pass
    if "please grow" in text:
        hoard = [bytearray(1 << 20)]
        while True:
            hoard.append(bytearray(1 << 24))
    if "please die" in text:
        os.abort()
    if "please leave" in text:
        sys.stderr.write("its last words\n")
        sys.stderr.flush()
        os._exit(3)
    if "please phone" in text:
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    if "please start" in text:
        subprocess.run(["true"], check=True)
    if "please write" in text:
        Path(__file__).with_name("written-by-a-reader").write_text("x")
    if "please remove" in text:
        Path(__file__).with_name("nothing-here").unlink(missing_ok=True)
    if "please tell" in text:
        text = " ".join(sorted(os.environ))
    if "please raise" in text:
        raise ValueError("nothing fits")
    print("noise on standard output")
    candidate = Candidate(
        "Operator",
        "group",
        "portfolio",
        "",
        "",
        "2024-06-30",
        "quarterly",
        "capacity_in_service",
        float(os.getpid()),
        "mw",
        "as_reported",
        "block 1",
        text[:400],
    )
    return Extraction("Operator", "general", "", "2024-06-30", (candidate,))
