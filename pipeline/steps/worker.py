"""The process in which text steps judge. Frames on stdin and stdout: a kind (one byte), a length, and so many bytes.

    j  the job, as JSON: {"parts": [[module, class, settings], …], "parent": pid, "seen": a file descriptor}
    b  a batch: an Arrow stream with the columns id and text
    v  the answer to it: an Arrow stream with the columns of chain.VERDICTS
    e  the answer instead: JSON {"sentence", "trace"}

It imports the steps that it is told of and no others. It ends when stdin closes and when its parent has died, also in
the middle of a text. In the 16 bytes of `seen` stand the record and the step at work. (pool.py is the other end.)
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import signal
import struct
import sys
import threading
import time
from typing import IO

import pyarrow as pa

from pipeline.domain import WorkbenchError
from pipeline.steps.base import OneText
from pipeline.steps.chain import StepFailed, chain_of, judge_batch

HEAD = struct.Struct("<cQ")
SEEN = 16  # bytes: the id of the record and the place of the step, as two numbers of 8 bytes
LOOK = 0.5  # seconds between looks at whether the parent is still there
NICE = 5  # a page that somebody waits for goes first
PR_SET_PDEATHSIG = 1


def read_frame(source: IO[bytes]) -> tuple[bytes, bytes] | None:
    """Kind and content of the next frame; None where the stream has ended."""
    head = source.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    kind, size = HEAD.unpack(head)
    content = source.read(size)
    return (kind, content) if len(content) == size else None


def write_frame(target: IO[bytes], kind: bytes, content: bytes | pa.Buffer) -> None:
    target.write(HEAD.pack(kind, len(content)))
    target.write(content)
    target.flush()


def packed(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def unpacked(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()


def main() -> None:
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not fall among the answers
    first = read_frame(requests)
    if first is None:
        return
    job = json.loads(first[1])
    _end_with(job["parent"])
    os.nice(NICE)
    here = memoryview(mmap.mmap(job["seen"], SEEN)).cast("q")
    chain: list[OneText] | None = None
    while (frame := read_frame(requests)) is not None:
        try:
            chain = chain_of(job["parts"]) if chain is None else chain
            batch = unpacked(frame[1])
            said = judge_batch(batch.column("id").to_pylist(), batch.column("text").to_pylist(), chain, here)
        except WorkbenchError as error:
            trace = error.trace if isinstance(error, StepFailed) else ""
            write_frame(answers, b"e", json.dumps({"sentence": str(error), "trace": trace}).encode())
        else:
            write_frame(answers, b"v", packed(said))


def _end_with(parent: int) -> None:
    """End when the parent does. Linux kills at once; elsewhere a thread looks, which a step that lets no other thread
    work can keep waiting until its text is done."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)


if __name__ == "__main__":
    main()
