"""A job run over the batches of a reader, in worker processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import TypeVar

from signdata.formats.batches import Batch, divide
from signdata.limits import Limited
from signdata.workers import cluster as clusters
from signdata.workers import pool
from signdata.workers.cluster import Shared

R = TypeVar("R")

PATIENCE = 1.0
"""Seconds of work for which no worker is started: a start and what is sent cost about a third."""


def run_batches(
    job: Callable[[Batch], R],
    batches: Iterable[Batch],
    workers: int | None,
    *,
    died: Callable[[Batch], R],
    risky: bool = True,
    harmless: bool = False,
    shared: Shared = Shared(),
    ordered: bool = True,
) -> Generator[tuple[Batch, list[R]], None, None]:
    """Yield each batch with what the job made of it, in order; on a cluster, if one is in use.

    To be closed where it may be left early; see `signdata.workers.pool.run`.

    Parameters
    ----------
    job : callable
        Given a batch in a worker; its result comes back by pickle.
    batches : iterable of Batch
        The work.
    workers : int or None
        Processes; None takes all cores.
    died : callable
        Given the batch on which a worker died every time; makes a result in its place. A batch
        of samples that are known by name was cut into single samples before.
    risky : bool
        Whether a job may take its process down, so that it must not be this one.
    harmless : bool
        Whether none can: what is done soon is then done here, unless `workers` says how many.
    shared : Shared
        What the nodes of a cluster must see.
    ordered : bool
        Whether a cluster's results are needed in the order of the batches.

    Returns
    -------
    generator of (Batch, list)
        One result, or one for each sample where the batch had to be cut.
    """
    limited, cluster = Limited.of(job), clusters.current()
    if cluster is None:
        runs = pool.run(
            limited,
            batches,
            workers=pool.n_workers(workers),
            divide=divide,
            inline=not risky,
            patience=PATIENCE if harmless and workers is None else 0.0,
        )
    else:
        from signdata.formats.node_check import checked  # with all codecs
        from signdata.workers import bundles

        node = checked(cluster, shared, workers)
        runs = bundles.run(cluster, node, limited, batches, divide=divide, ordered=ordered)
    with closing(runs) as results:
        for batch, parts in results:
            yield (
                batch,
                [died(part.item) if isinstance(part, pool.WorkerDied) else part for part in parts],
            )
