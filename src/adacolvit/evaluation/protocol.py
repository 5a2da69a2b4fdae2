"""The protocol: every method colors every photo from the same hints, and every picture is measured.

The paper's number is taken on the photo stretched to 224 x 224. A method may be shown that square or the "native"
frame, which keeps the photo's aspect (hints keep their fraction of the frame, and their color is read there). Whatever
it saw, its color is resized and scored on both, so that the two ways can be compared on either.
"""

import math
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
from PIL import Image

from adacolvit.color.lab import lab_to_srgb, srgb_to_lab
from adacolvit.errors import DataError

from . import checks, metrics
from .hintset import HintSet
from .methods import Method, make_methods
from .photos import Source, Truth, lay, load
from .rows import Row
from .threads import one_thread_in_children, one_torch_thread


def resize_ab(ab, height: int, width: int) -> np.ndarray:
    """Resize color bilinearly. (h, w, 2) float32 -> (height, width, 2) float32."""
    if ab.shape[:2] == (height, width):
        return ab
    planes = [Image.fromarray(np.ascontiguousarray(ab[..., i])) for i in (0, 1)]
    return np.stack([np.asarray(p.resize((width, height), Image.Resampling.BILINEAR)) for p in planes], axis=-1)


def join(truth: Truth, ab) -> np.ndarray:
    """The photo's own lightness with predicted color (h, w, 2), resized to it where needed -> Lab (H, W, 3)."""
    ab = resize_ab(ab, truth.frame.height, truth.frame.width)
    return np.concatenate([truth.lab[..., :1], ab.astype(np.float32, copy=False)], axis=-1)


def evaluate_photo(
    source: Source, jobs: Iterable[tuple[Method, Sequence[int]]], hint_set: HintSet, frame: str, lpips=None
) -> list[Row]:
    """Measure methods on one photo, a row per method and count.

    jobs: the methods, each with its hint counts. lpips: :class:`adacolvit.evaluation.lpips.Lpips`, or None.
    """
    hint_set.check(source.key, source.checksum)
    image = load(source)
    square, native = lay(image, "square"), lay(image, "native")
    seen = {"square": square, "native": native}[frame]
    lightness, true_ab = np.ascontiguousarray(seen.lab[..., 0]), seen.lab[..., 1:]
    gray = metrics.psnr(lab_to_srgb(join(square, np.zeros_like(square.lab[..., 1:]))), square.rgb)
    true_chroma, true_seam = checks.chroma(true_ab), checks.seam(true_ab)
    rows = []
    for method, counts in jobs:
        for count in counts:
            hints = hint_set.hints(source.key, count, seen.frame, true_ab)
            ab, macs = method.predict(lightness, *hints)
            rgb = lab_to_srgb(join(square, ab))
            psnr = metrics.psnr(rgb, square.rgb)
            perceived = {}
            if lpips:
                scaled, unscaled = lpips(rgb, square.rgb), lpips.unscaled(rgb, square.rgb)
                perceived = {"lpips": scaled, "lpips_unscaled": unscaled, "lpips_net": lpips.net}
            rows.append(
                Row(
                    hint_set=hint_set.digest,
                    frame=frame,
                    key=source.key,
                    method=method.name,
                    hints=count,
                    psnr=psnr,
                    gain=psnr - gray,
                    psnr_native=metrics.psnr(lab_to_srgb(join(native, ab)), native.rgb),
                    ciede2000=metrics.mean_difference(srgb_to_lab(rgb), square.lab),
                    ssim=metrics.ssim(rgb, square.rgb),
                    macs=math.nan if macs is None else float(macs),
                    chroma=checks.chroma(ab),
                    true_chroma=true_chroma,
                    seam=checks.seam(ab),
                    true_seam=true_seam,
                    hint_error=checks.hint_error(join(seen, ab), *hints),
                    weights=method.digest,
                    **perceived,
                )
            )
    return rows


class _Worker:
    """What stays in a process between photos: the methods and the hint set."""

    def __init__(self, models, baselines, hint_set: HintSet, frame: str, lpips: tuple | None) -> None:
        self._methods = {method.name: method for method in make_methods(models, baselines)}
        self._hint_set, self._frame, self._lpips = hint_set, frame, None
        if lpips:
            from .lpips import Lpips  # brings torch, which is needed for nothing else here

            self._lpips = Lpips(*lpips)

    def __call__(self, source: Source, todo: dict[str, list[int]]) -> list[Row]:
        jobs = [(self._methods[name], counts) for name, counts in todo.items()]
        return evaluate_photo(source, jobs, self._hint_set, self._frame, self._lpips)


_worker: _Worker | None = None  # of this process


def _start(*arguments) -> None:
    global _worker
    _worker = _Worker(*arguments)


def _work(source: Source, todo: dict[str, list[int]]) -> list[Row]:
    with one_torch_thread():
        return _worker(source, todo)


def evaluate(
    sources: Iterable[Source],
    hint_set: HintSet,
    *,
    models: Sequence[str] = (),
    baselines: Sequence[str] = (),
    frame: str = "square",
    todo: Callable[[str], dict[str, list[int]]],
    workers: int = 1,
    lpips: tuple[str, str | None] | None = None,
) -> Iterator[list[Row]]:
    """Measure a set of photos, one list of rows per photo, in order.

    models, baselines: as :func:`adacolvit.evaluation.methods.make_methods` takes them.
    todo: key of a photo -> {name of a method: hint counts}.
    workers: processes; 1 works in this one. lpips: backbone and folder of its files, or None to leave LPIPS out.
    Raises DataError where a photo cannot be used or a process is ended.
    """
    arguments = (models, baselines, hint_set, frame, lpips)
    if workers == 1:
        worker = _Worker(*arguments)
        for source in sources:
            with one_torch_thread():  # as in the processes of several workers, so that results are the same to the bit
                rows = worker(source, todo(source.key))
            yield rows
        return
    # "spawn": ONNX Runtime's threads do not survive a fork
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=arguments) as pool:
        with one_thread_in_children():
            for _ in range(workers):  # each starts a process, as none is ready yet
                pool.submit(int)
        running = deque()
        try:
            for source in sources:
                running.append(pool.submit(_work, source, todo(source.key)))
                if len(running) > 2 * workers:  # so that the set is never in memory at once
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        except BrokenProcessPool as error:
            raise DataError(
                "a process was ended from outside, most often for want of memory: use fewer workers"
            ) from error
        finally:
            for future in running:
                future.cancel()
