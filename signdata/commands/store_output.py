"""An output in a store: made in the folder of local copies, then published whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from signdata import safe_names, sidecars
from signdata.errors import OutputError, UsageError, one_line
from signdata.filesystem import in_folder, remove
from signdata.formats.registry import FORMATS, writer_class
from signdata.formats.writer import Writer
from signdata.options import PathLike, RunOptions, StoreOptions
from signdata.output import existing
from signdata.output.existing import COMPLETE, RETRY, ExistingOutput, OutputRequest
from signdata.results import Result
from signdata.sidecars import Row
from signdata.stores import publishing, shards
from signdata.stores.access import Access
from signdata.stores.address import Address
from signdata.stores.opening import opened
from signdata.stores.retrying import Retrying


@dataclass
class Place:
    """Where an output goes.

    Attributes
    ----------
    url : str
        The address as it was typed. It may hold what is secret.
    access : Access
        How the store is reached.
    staging : Path
        Where the output waits until it has been sent.
    replaces : bool
        Whether another dataset there is replaced, or this one where some samples were missing.
    """

    url: str
    access: Access
    staging: Path
    replaces: bool = False

    @classmethod
    def at(cls, url: PathLike, how: StoreOptions) -> Place:
        """The place at an address.

        Raises
        ------
        UsageError
            If it is in no store that datasets are published in.
        """
        address = publishing.checked(str(url))
        access = Access.of(how.storage_options, how.scratch)
        name = safe_names.component(address.name, what="output", path=address.public)
        return cls(str(url), access, access.folder("outputs", address, address.key) / name)

    @property
    def public(self) -> str:
        """The address as it may be shown."""
        return publishing.checked(self.url).public

    def check(self, writer: Writer) -> None:
        """Raise `UsageError` unless a writer's format is one of shards."""
        if not writer.sharded:
            known = [
                name for name, one in FORMATS.items() if one.writer and writer_class(name).sharded
            ]
            raise UsageError(
                f"a store takes formats of shards; expected {' or '.join(known)}, found "
                f"{writer.name}",
                path=self.public,
                remedy="Name one of them as the format.",
            )

    def existing(self, request: OutputRequest) -> ExistingOutput:
        """What is published there already.

        Raises
        ------
        OutputError
            If it is another dataset, and may not be replaced.
        """
        address = publishing.checked(self.url)
        prefix = f"{address.key}/" if address.key else ""
        with opened(address, self.access, writing=True) as store:
            data = store.read_if_there(prefix + sidecars.DOCUMENT)
            if data is None:
                return ExistingOutput()
            document = sidecars.parse_document(data, Path(sidecars.DOCUMENT))

            def rows() -> Iterator[Row]:
                with in_folder(self.staging.parent):
                    copy = self.staging.parent / sidecars.MANIFEST
                    remove(copy)
                    store.get(prefix + sidecars.MANIFEST, copy)
                    yield from sidecars.read_rows(copy)
                    remove(copy)

            fault = existing.fault(request, document, rows) or _removed(store, prefix, address)
        if fault is None:
            counts = document.get("counts", {})
            self.replaces = bool(counts.get("skipped") or counts.get("failed"))
            return ExistingOutput(RETRY if self.replaces else COMPLETE, document)
        if not request.overwrite or not existing.is_ours(document):
            fault.path = self.public
            raise fault
        self.replaces = True
        return ExistingOutput(replaces=True)

    def publish(self, result: Result, how: RunOptions) -> Result:
        """Send the finished output, and remove the copy that waited; `result` tells of it."""
        shown = one_line(self.public)
        result.output = self.public
        complete = result.details.pop("already_done", False)
        if how.dry_run or not self.staging.exists():
            if complete:
                result.details["already_done"] = True
                result.summary = f"{shown} is complete already: nothing to do"
            return result
        try:
            sent = publishing.publish(
                self.staging,
                self.url,
                self.access,
                replace=self.replaces or how.overwrite,
                progress=how.progress,
            )
        except OutputError as err:
            if not err.path.startswith(str(self.staging)):
                raise
            remove(self.staging)  # damaged while it waited: the same command makes it again
            raise
        remove(self.staging.parent)
        result.details["published"] = {
            "objects": sent.objects,
            "sent": sent.sent,
            "bytes": sent.size,
            "conditional": sent.conditional,
        }
        if not sent.conditional:
            result.note(
                self.public,
                "this store ignores If-None-Match: publish to one address from one machine at a "
                "time",
            )
        if complete and not sent.sent:
            result.details["already_done"] = True
            result.summary = f"{shown} is complete already: nothing to do"
            return result
        result.summary = (
            f"{shown}: {sent.sent:,} of {sent.objects:,} objects sent ({sent.size / 1e6:.1f} MB)"
        )
        return result


def _removed(store: Retrying, prefix: str, address: Address) -> OutputError | None:
    """The error for objects of a published dataset that are gone or have another size."""
    sizes = {one.key: one.size for one in store.list(prefix)}
    listed = shards.parse(store.read_if_there(prefix + sidecars.SHARDS) or b"")
    wrong = [one.path for one in listed if sizes.get(prefix + one.path) != one.size]
    beside = (sidecars.SHARDS, sidecars.MANIFEST, sidecars.CLASSES)
    wrong += [name for name in beside if prefix + name not in sizes]
    if not wrong:
        return None
    more = f" and {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
    return OutputError(
        f"{wrong[0]}{more} of it has been removed or changed",
        path=address.public,
        remedy="Restore it, or make the output again with --overwrite.",
    )
