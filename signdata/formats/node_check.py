"""What is asked of every node of a cluster before it gets work.

It must make the same bytes as this machine, see what is read, and write where all write.
"""

from __future__ import annotations

import os
import pickle
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from signdata.errors import NodeError
from signdata.filesystem import unique_name
from signdata.media import canary
from signdata.workers import pool
from signdata.workers.bundles import Node
from signdata.workers.cluster import Cluster, Shared
from signdata.workers.engines import Lost
from signdata.workers.messages import Answer, Bundle

_SAME_VERSIONS = (
    "Install the same versions there, or allow it with --allow-skew: "
    "the same bytes are then not promised."
)
_MOST_PATHS = 100
"""Files and folders that a node is asked for."""

_SAME_PATHS = "All nodes must have the same folders under the same names."


@dataclass(frozen=True)
class NodeFacts:
    """What a node says of itself."""

    host: str
    cores: int


@dataclass(frozen=True)
class NodeCheck:
    """The questions; called on the node.

    Attributes
    ----------
    versions, checksums : dict or None
        What this machine has; None accepts anything.
    reads : tuple of (str, int)
        What is read, each with its size in bytes; -1 for a folder.
    run_file : str
        The run file in the folder that is written, or ''.
    """

    versions: dict[str, str] | None
    checksums: dict[str, str] | None
    reads: tuple[tuple[str, int], ...]
    run_file: str

    def __call__(self) -> NodeFacts:
        """Check this node.

        Raises
        ------
        NodeError
            If it is not fit for the work.
        """
        host = socket.gethostname()
        if self.versions is not None:
            _compare_versions(host, self.versions)
        if self.checksums is not None:
            _compare_checksums(host, self.checksums)
        for path, size in self.reads:
            _see(host, path, size)
        if self.run_file:
            _write(host, self.run_file)
        return NodeFacts(host, pool.n_workers(None))


def _compare_versions(host: str, expected: dict[str, str]) -> None:
    for name, version in canary.versions().items():
        if version != expected.get(name):
            raise NodeError(
                f"{name} {version}; expected {expected.get(name)}, as here",
                path=host,
                remedy=_SAME_VERSIONS,
            )


def _compare_checksums(host: str, expected: dict[str, str]) -> None:
    for name, checksum in canary.checksums().items():
        if checksum != expected.get(name):
            raise NodeError(
                f"{name} gives other bytes than here, with the same versions",
                path=host,
                remedy="Use nodes with the same kind of processor, or --allow-skew: "
                "the same bytes are then not promised.",
            )


def _see(host: str, path: str, size: int) -> None:
    try:
        found = _size_of(path)
    except OSError as err:
        raise NodeError(
            f"cannot read {path} ({err.strerror})", path=host, remedy=_SAME_PATHS
        ) from err
    if found != size:
        raise NodeError(
            f"has another {path} than this machine: {found:,} bytes; expected {size:,}",
            path=host,
            remedy=_SAME_PATHS,
        )


def _size_of(path: str) -> int:
    return -1 if os.path.isdir(path) else os.stat(path).st_size


def _write(host: str, run_file: str) -> None:
    """Write a file next to the run file, which has a name that no other folder's has."""
    folder = os.path.dirname(run_file)
    try:
        os.stat(run_file)
        place = os.path.join(folder, unique_name())
        with open(place, "xb"):
            pass
        os.unlink(place)
    except OSError as err:
        raise NodeError(
            f"cannot write to {folder} ({err.strerror})", path=host, remedy=_SAME_PATHS
        ) from err


def checked(cluster: Cluster, shared: Shared, workers: int | None) -> Node:
    """Ask all nodes that are there; what those that come later have to be asked, too.

    Raises
    ------
    NodeError
        If a node is not fit for the work.
    ClusterError
        If the cluster cannot be reached, or has no node.
    """
    check = NodeCheck(
        None if cluster.allow_skew else canary.versions(),
        None if cluster.allow_skew else canary.checksums(),
        tuple((str(path), _size_of(str(path))) for path in _some(shared.reads)),
        os.path.abspath(shared.run_file) if shared.run_file else "",
    )
    node = Node(pickle.dumps(check), check.run_file, workers)
    if node.prepare not in cluster.checked:
        cluster.wait_for_nodes()
        _ask(cluster, node)
        cluster.checked.add(node.prepare)
    return node


def _some(paths: Sequence[Path]) -> Iterable[Path]:
    """All of a few paths; of many, some from everywhere among them."""
    return paths[:: -(-len(paths) // _MOST_PATHS)] if paths else ()


def _ask(cluster: Cluster, node: Node) -> None:
    bundle = Bundle(os.getcwd(), node.run_file, node.prepare)
    facts = list(_facts(cluster.engine.everywhere(pickle.dumps(bundle))))
    cluster.shares = dict(Counter(one.host for one in facts))
    cores = max((one.cores // cluster.shares[one.host] for one in facts), default=1)
    cluster.cores = max(1, node.workers or cores)


def _facts(answers: dict[str, bytes]) -> Iterable[NodeFacts]:
    for answer in answers.values():
        found: Answer = pickle.loads(answer)
        if isinstance(found.error, Lost):
            continue  # whoever comes in its place is asked, too
        if found.error is not None:
            raise found.error
        facts: NodeFacts = found.prepared
        yield facts
