"""Which library speaks to a store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from signdata.stores import obstore_store
from signdata.stores.access import Access
from signdata.stores.address import Address
from signdata.stores.fsspec_store import FsspecStore
from signdata.stores.retrying import Retrying
from signdata.stores.store import Store


@contextlib.contextmanager
def opened(address: Address, access: Access, *, writing: bool = False) -> Iterator[Retrying]:
    """Open the store that an address is in, for a while.

    Raises
    ------
    DependencyError
        If the package for it is not installed.
    """
    settings = obstore_store.settings_for(address, access.options)
    store: Store
    if settings is None:
        store = FsspecStore(address, access.options)
    else:
        store = obstore_store.ObstoreStore(address, access.options, settings)
    try:
        yield Retrying(store, address, writing=writing)
    finally:
        store.close()
