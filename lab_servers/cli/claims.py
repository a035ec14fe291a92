"""``claims``: puts the claims of the course to the test one after the other, and prints what decided each.

The trials are in ``proofs/``. Each is printed as soon as it is done, so that a person sees how far it is; programs get
one text at the end.
"""

from __future__ import annotations

import json
import shutil

from lab_servers.cli.claims_arguments import Claims
from lab_servers.proofs import Verdict, prove
from lab_servers.proofs.telling import WIDTH, as_data, as_text, summary

# Narrower than this, a line of bytes would show hardly a byte.
NARROWEST = 60


def claims(command: Claims) -> int:
    """Do it, and return the exit status: 1 if a claim fails.

    Raises:
        BadParameter: there is no such claim.
    """
    done, columns = [], shutil.get_terminal_size((WIDTH, 24)).columns
    for proof in prove(*command.ids):
        done.append(proof)
        if not command.as_json:
            print(f"{as_text(proof, max(min(columns, WIDTH), NARROWEST))}\n", flush=True)
    if command.as_json:
        print(json.dumps({"claims": [as_data(proof) for proof in done]}, ensure_ascii=False))
    else:
        print(summary(done))
    return int(any(proof.verdict is Verdict.FAILS for proof in done))
