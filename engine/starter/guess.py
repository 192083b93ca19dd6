"""What a key of a log is, as far as its name and its values tell: its kind, and which way is better."""

from __future__ import annotations

import re
from collections.abc import Collection

from ..readers.inventory import Key
from ..record import Record

EVALUATION = frozenset({"eval", "evaluation", "val", "valid", "validation", "test", "dev", "holdout", "heldout"})
TRAINING = frozenset({"train", "training", "trainer"})

LOSS, SCORE, ERROR, REWARD, NORM, RATE = "loss", "score", "error", "reward", "gradient norm", "learning rate"
COUNT, TIME, SPEED, MEMORY, TEXT, OTHER = "count", "time", "speed", "memory", "text", "number"

_ERRORS = "perplexity ppl bpb bpc error err mse rmse mae wer cer fid"
_WORDS: tuple[tuple[str, str, frozenset[str]], ...] = (
    # kind, which way is better, words of which one must occur; the first line that fits decides
    (LOSS, "lower", frozenset({"loss", "losses", "nll", "elbo", "criterion"})),
    (ERROR, "lower", frozenset(_ERRORS.split())),
    (SCORE, "higher", frozenset(
        {"accuracy", "acc", "precision", "recall", "auc", "auroc", "iou", "miou", "dice", "bleu", "rouge", "meteor",
         "chrf", "pck", "psnr", "ssim", "mrr", "ndcg", "correct", "score", "win", "em", "mcc", "kappa"})),
    (REWARD, "higher", frozenset({"reward", "rewards", "return", "returns", "margin", "margins"})),
    (SPEED, "higher", frozenset({"throughput", "speed", "tps", "fps", "tflops", "mfu"})),
    (MEMORY, "", frozenset({"memory", "mem", "vram", "gib", "gb", "mib", "mb"})),
    (TIME, "", frozenset({"time", "seconds", "secs", "sec", "runtime", "duration", "elapsed", "eta", "latency", "ms"})),
    (COUNT, "", frozenset(
        {"num", "count", "counts", "tokens", "samples", "examples", "seen", "size", "length", "len", "steps", "step",
         "epoch", "epochs", "iter", "iters", "iteration", "parameters", "params", "objects", "total", "flos"})),
)  # fmt: skip
_SPREAD = frozenset(
    {"std", "stdev", "var", "variance", "min", "max", "p10", "p50", "p90", "p95", "p99", "rejected", "chosen"}
)
_DERIVED = frozenset(
    {"slope", "r2", "trend", "scale", "weight", "coef", "coefficient", "ratio", "clip", "threshold", "patience"}
)
_AP = re.compile(r"(?:m?ap|f|f1|r|ar|map)(?:\d{1,3})?").fullmatch
_TOP = re.compile(r"(?:acc|top|pass|hits|recall|precision|p|r|rouge|bleu)\d{0,3}[lL]?").fullmatch
_PER = re.compile(r"(?:^|[_/ .-])per[_/ -](?:sec|second|s)\b|(?:it|steps?|samples?|tokens?|images?|imgs?)/s(?:ec)?\b")
_SECONDS_PER = re.compile(r"\bs(?:ec)?/(?:it|iter|step|batch)\b|(?:sec|secs|seconds|time)[_ ]per[_ ]")
_LABELS = frozenset({"rank", "local_rank", "expert", "worker", "device", "channel", "split", "host", "process"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Guess(Record):
    """What a key is taken for; `better` is empty where its name does not say which way is up."""

    key: str
    kind: str
    better: str = ""
    is_eval: bool = False
    is_share: bool = False
    is_percent: bool = False
    stem: str = ""  # the name without the words for training and evaluation, which twins have in common
    twin: str = ""  # the key of the same measure in training, of one in evaluation
    is_label: bool = False

    @property
    def told(self) -> str:
        """The guess in words."""
        words = [f"{self.kind} in evaluation" if self.is_eval else self.kind]
        words += [f"{self.better} is better"] if self.better else []
        words += ["in percent"] if self.is_percent else ["a share of 1"] if self.is_share else []
        words += ["perhaps a label"] if self.is_label else []
        return ", ".join(words)


def words_of(name: str) -> list[str]:
    """The words of a key, in lower case: "train/meanIoU@50" is train, mean, io, u, 50 and, together, iou."""
    spaced = _CAMEL.sub(" ", name)
    parts = [word for word in re.split(r"[^A-Za-z0-9]+", spaced.lower()) if word]
    plain = [word for word in re.split(r"[^A-Za-z0-9]+", name.lower()) if word]
    return [*parts, *(word for word in plain if word not in parts)]


def guess(key: Key, *, texts: bool = True) -> Guess:
    """What one key is, by itself."""
    words = words_of(key.name)
    is_eval = any(word in EVALUATION for word in words[:-1]) or words[:1] in ([word] for word in EVALUATION)
    stem = "_".join(
        word
        for word in re.split(r"[^A-Za-z0-9]+", key.name.lower())
        if word and word not in EVALUATION and word not in TRAINING
    )
    is_label = _is_label(key, stem)
    if key.is_text:
        return Guess(key.name, TEXT, "", is_eval, stem=stem, is_label=is_label)
    kind, better = _kind(key, words)
    is_share, is_percent = _share(key, kind)
    return Guess(key.name, kind, better, is_eval, is_share, is_percent, stem, is_label=is_label)


def guess_all(keys: Collection[Key]) -> list[Guess]:
    """What each key is, and which are the same measure in training and in evaluation."""
    found = [guess(key) for key in keys]
    of_training: dict[str, str] = {}
    for each in found:
        if not each.is_eval and each.stem:
            of_training.setdefault(each.stem, each.key)
    return [each._replace(twin=of_training.get(each.stem, "")) if each.is_eval else each for each in found]


def _kind(key: Key, words: list[str]) -> tuple[str, str]:
    name, among = key.name.lower(), set(words)
    if "lr" in among or {"learning", "rate"} <= among or re.match(r"lr[-_]", name):
        return RATE, ""
    if among & {"grad", "gradient", "gradients"} and among & {"norm", "norms"}:
        return NORM, ""
    if among & _DERIVED:
        return OTHER, ""
    is_spread = bool(among & _SPREAD)
    if _SECONDS_PER.search(name):
        return TIME, "" if is_spread else "lower"
    if _PER.search(name):
        return SPEED, "" if is_spread else "higher"
    is_count = key.is_whole and bool(among & {"samples", "count", "num", "n"})
    for kind, better, known in _WORDS:
        if among & known and (kind == COUNT or not is_count):
            if kind == COUNT and not key.is_whole:
                continue
            return kind, "" if is_spread else better
    if any(_AP(word) or _TOP(word) for word in words):
        return SCORE, "" if is_spread else "higher"
    return OTHER, ""


def _share(key: Key, kind: str) -> tuple[bool, bool]:
    """Whether a score is a share of 1, and whether it is logged in percent."""
    if kind != SCORE or not key.numbers or key.low < 0 or key.high > 100:
        return False, False
    return True, key.high > 1.5


def _is_label(key: Key, stem: str) -> bool:
    return stem in _LABELS and (key.is_text or (key.is_whole and key.high - key.low < 64))
