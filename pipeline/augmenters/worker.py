"""The process in which augmenters work: requests as lines of JSON on stdin, answers as lines of JSON on stdout.

    {"augmenter": name, "knobs": {...}, "texts": [...], "seeds": [...]}
    {"outcomes": [{"text": ...} or {"reason": ...}, ...]}  or  {"error": a sentence}

It ends when stdin closes, which also happens when the process that started it dies. What the libraries print goes to
stderr. It holds no state between requests but what the augmenters keep loaded. (See process.py for the other end.)
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import signal
import sys
from typing import Any

from pipeline.augmenters.base import Refused, augmenters, produce
from pipeline.domain import WorkbenchError
from pipeline.knobs import build

log = logging.getLogger(__name__)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do one request. A WorkbenchError becomes its sentence."""
    try:
        augmenter = build(augmenters.get(request["augmenter"]), request["knobs"])
        outcomes = produce(augmenter, request["texts"], request["seeds"])
    except WorkbenchError as error:
        return {"error": str(error)}
    return {"outcomes": [{"reason": o.reason} if isinstance(o, Refused) else {"text": o} for o in outcomes]}


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # an exit that still removes temporary folders
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else is printed must not fall among the answers
    for line in sys.stdin:
        request = json.loads(line)
        try:
            said = answer(request)
        except Exception as error:  # the worker's outermost frame: the log tells where, the asker gets a sentence
            log.exception("%s failed", request.get("augmenter"))
            said = {"error": f"The augmenter {request.get('augmenter')} failed: {type(error).__name__}: {error}"}
        answers.write(json.dumps(said) + "\n")
        answers.flush()


def run() -> int:
    """The whole life of the process, its exit status as the result; the temporary folders are gone after it."""
    try:
        main()
    except (SystemExit, KeyboardInterrupt):
        return 0
    except BaseException:  # the outermost frame: what is not logged here is seen by nobody
        log.exception("the worker failed")
        return 1
    finally:
        atexit._run_exitfuncs()  # noqa: SLF001 - see below
    return 0


if __name__ == "__main__":
    os._exit(run())  # freeing the word lists piece by piece at the end takes seconds
