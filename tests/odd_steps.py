"""Text steps that fail, die, hang or are slow where the text says so: in a module that a worker can import."""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain import Edit


@dataclass(frozen=True, slots=True)
class Odd:
    """Do what the text says."""

    name: ClassVar[str] = "odd"

    def judge(self, text: str) -> Edit | None:
        if text == "raise":
            raise ZeroDivisionError("by nothing")
        if text == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if text == "half":
            return Edit("\ud800", "half")
        if text == "print":
            print("v" * 100, flush=True)
            return None
        if text == "hang":  # and let no other thread of the process work
            re.match(r"(a+)+$", "a" * 60 + "b")
        if text.startswith("slow"):
            time.sleep(0.002)
            return Edit(text.removeprefix("slow "), "made quick")
        return None


@dataclass(frozen=True, slots=True)
class Dull:
    """Say nothing."""

    name: ClassVar[str] = "dull"

    def judge(self, text: str) -> Edit | None:
        return None
