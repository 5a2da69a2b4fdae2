"""``adacolvit colorize --ray``: what is left to do, done by a cluster, noted as it comes."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from adacolvit import __version__
from adacolvit.batch import Order
from adacolvit.errors import MissingExtra
from adacolvit.files import exists_already
from adacolvit.model.budget import check_budget
from adacolvit.weights import load_weights


def color_archive(
    inputs: list[str],
    output: str | None,
    order: Order,
    *,
    model: str,
    threads: int,
    address: str,
    workers: int | None,
    force: bool,
    total: Callable[[int], None],
) -> Iterator[dict]:
    """Color photos and folders of them by a Ray cluster; a dict for each photo, as :func:`adacolvit.batch.attempt`'s.

    inputs, output: paths or fsspec URLs. model: a name or file that every machine of the cluster has. force: whether
    pictures of other settings are replaced. total: told the number of photos. What an earlier run with the same
    settings has written is not colored again, and its dict says "kept". Raises AdaColViTError where nothing can begin.
    """
    try:
        from .journal import Journal
        from .plan import plan
        from .pool import Task, cluster, color
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "ray", "ray") from error

    weights = load_weights(model)
    check_budget(weights.config, order.budget)
    items, failures = plan(inputs, output, order)
    total(len(items) + len(failures))
    for photo, error in failures:
        yield {"photo": photo, "error": str(error)}
    settings = repr((__version__, weights.sha256, order))
    journals = {storage: Journal(storage, settings) for storage in dict.fromkeys(item.target for item in items)}
    waiting = []
    for item in items:
        journal, photo, picture = journals[item.target], item.source.name(item.photo), item.target.name(item.picture)
        there, unknown = journal.holds(item.picture), journal.unknown(item.picture)
        if unknown:
            yield {"photo": photo, "error": f"the folder of {picture}: {unknown}"}
        elif there and item.key in journal.done:
            yield {"photo": photo, "output": picture, "kept": True}
        elif there and not force and not journal.wrote(item.picture):
            if item.picture in journal.claimed:
                waiting.append(replace(item, doubtful=True))
            else:
                yield {"photo": photo, "error": str(exists_already(picture))}
        else:
            waiting.append(item)
    if not waiting:
        return
    for storage, journal in journals.items():
        free = [item.picture for item in waiting if item.target == storage and not journal.holds(item.picture)]
        journal.claim([picture for picture in free if picture not in journal.claimed])
    storages = tuple(dict.fromkeys(storage for item in waiting for storage in (item.source, item.target)))
    task = Task(order, storages, model, weights.sha256, threads)
    try:
        with cluster(address):
            for item, line in color(waiting, task, workers):
                if "error" not in line:
                    journals[item.target].note(item.key)
                yield line
    finally:
        for journal in journals.values():
            journal.flush()
